"""An exchange that has heard enough."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Calls, Fate, Page
from hedging.paper.refusal import Code, Refused


class Limit(StrEnum):
    """How the exchange says it."""

    CODE = "code"  # Deribit's error 10028
    STATUS = "status"  # HTTP 429 from whatever stands in front of it


@dataclass(frozen=True)
class RateLimited(CallFault):
    """Calls are refused as too many: error 10028 (``how`` code) or HTTP 429 (``how`` status)."""

    name: ClassVar[str] = "rate_limited"
    calls: Calls = Calls.ALL
    how: Limit = Limit.CODE

    def before(self, call: Call) -> Fate | None:
        """Of the chosen calls."""
        if not self.touches(call):
            return None
        if self.how is Limit.STATUS:
            return Page(429, b"too many requests", "text/plain")
        return Refused(Code.TOO_MANY_REQUESTS, "the fault rate_limited is on")
