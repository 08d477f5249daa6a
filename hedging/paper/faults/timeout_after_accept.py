"""An answer lost on its way out."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class TimeoutAfterAccept(CallFault):
    """The order is accepted, and no answer comes."""

    name: ClassVar[str] = "timeout_after_accept"

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.SILENCE if self.touches(call) else None
