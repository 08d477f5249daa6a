"""Greeks and volatilities that the exchange states wrongly: in tickers, positions and summaries."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group

_ACCOUNT_CALLS = frozenset(
    {
        "private/get_positions",
        "private/get_position",
        "private/get_account_summary",
        "private/get_account_summaries",
    }
)
_MARKET_CALLS = frozenset({"public/ticker", "public/get_order_book"})


class Greek(StrEnum):
    """Which Greeks a fault touches."""

    ALL = "all"
    DELTA = "delta"
    GAMMA = "gamma"
    VEGA = "vega"
    THETA = "theta"

    @property
    def words(self) -> tuple[str, ...]:
        """Names of the Greeks that are meant."""
        return ("delta", "gamma", "vega", "theta") if self is Greek.ALL else (self.value,)


class Where(StrEnum):
    """What the exchange states wrongly."""

    ALL = "all"
    MARKET = "market"  # tickers
    ACCOUNT = "account"  # positions and summaries


@dataclass(frozen=True)
class GreekFault(Fault):
    """A fault of stated Greeks: each is multiplied by ``factor``."""

    group: ClassVar[Group] = Group.PRICES
    greek: Greek = Greek.ALL
    where: Where = Where.ALL

    def multiplier(self) -> float:
        """What each Greek is multiplied by."""
        return 1.0

    def result(self, call: Call, result: object) -> object:
        """Of tickers, positions and summaries, as chosen."""
        if call.method in _MARKET_CALLS and self.where is not Where.ACCOUNT:
            return self._ticker(result)
        if call.method in _ACCOUNT_CALLS and self.where is not Where.MARKET:
            return self._account(result)
        return result

    def message(self, channel: str, data: object) -> object:
        """Of their channels."""
        if channel.startswith("ticker.") and self.where is not Where.ACCOUNT:
            return self._ticker(data)
        if channel.startswith(("user.portfolio.", "user.changes.")) and self.where is not Where.MARKET:
            return self._account(data)
        return data

    def _ticker(self, payload: object) -> object:
        if not isinstance(payload, dict) or not isinstance(payload.get("greeks"), dict):
            return payload
        return payload | {"greeks": self._times(payload["greeks"], self.greek.words)}

    def _account(self, payload: object) -> object:
        """A position, a summary, a list of either, or what holds one."""
        if isinstance(payload, list):
            return [self._account(entry) for entry in payload]
        if not isinstance(payload, dict):
            return payload
        for inner in ("summaries", "positions"):
            if inner in payload:
                return payload | {inner: self._account(payload[inner])}
        if payload.get("kind") == "option":
            return self._times(payload, self.greek.words)
        words = tuple(f"options_{word}" for word in self.greek.words)
        return self._times(payload, (*words, "delta_total") if "delta" in self.greek.words else words)

    def _times(self, row: Mapping[str, object], names: tuple[str, ...]) -> dict[str, object]:
        return {
            key: value * self.multiplier() if key in names and isinstance(value, int | float) else value
            for key, value in row.items()
        }
