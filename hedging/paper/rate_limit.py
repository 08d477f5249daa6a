"""How many requests a key may make: token buckets, refilled by real time."""

from dataclasses import dataclass, field
from enum import StrEnum

from hedging.paper.refusal import Code, Refused


class RequestClass(StrEnum):
    """Kinds of request that are counted apart, as Deribit does."""

    MATCHING = "matching_engine"
    OTHER = "non_matching_engine"


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket: ``burst`` requests at once, ``per_second`` of them coming back."""

    per_second: float
    burst: float


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The buckets of every key."""

    matching: Rate = field(default_factory=lambda: Rate(30.0, 150.0))
    other: Rate = field(default_factory=lambda: Rate(100.0, 500.0))

    def of(self, kind: RequestClass) -> Rate:
        """Bucket of a kind of request."""
        return self.matching if kind is RequestClass.MATCHING else self.other


class RateLimiter:
    """The state of all buckets."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits
        self._left: dict[tuple[str, RequestClass], tuple[float, int]] = {}

    def spend(self, who: str, kind: RequestClass, now_ns: int) -> None:
        """Count one request of ``who`` at monotonic ``now_ns``. Raises Refused (too_many_requests)."""
        rate = self._limits.of(kind)
        left, since_ns = self._left.get((who, kind), (rate.burst, now_ns))
        left = min(rate.burst, left + (now_ns - since_ns) * rate.per_second / 1e9)
        if left < 1.0:
            self._left[(who, kind)] = (left, now_ns)
            raise Refused(Code.TOO_MANY_REQUESTS, f"more than {rate.per_second:g} requests a second")
        self._left[(who, kind)] = (left - 1.0, now_ns)
