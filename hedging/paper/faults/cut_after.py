"""A connection that dies after the answer."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class CutAfter(CallFault):
    """The answer arrives whole, and the connection is cut right after it."""

    name: ClassVar[str] = "cut_after"

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.LAST if self.touches(call) else None
