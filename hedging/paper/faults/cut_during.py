"""A connection that dies inside the answer."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class CutDuring(CallFault):
    """The order is accepted, and the connection is cut in the middle of the answer."""

    name: ClassVar[str] = "cut_during"

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.HALF if self.touches(call) else None
