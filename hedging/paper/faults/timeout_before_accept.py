"""A request lost on its way in."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class TimeoutBeforeAccept(CallFault):
    """No answer comes, and the order was never accepted."""

    name: ClassVar[str] = "timeout_before_accept"

    def before(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.SILENCE if self.touches(call) else None
