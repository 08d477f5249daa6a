"""A connection that dies before the answer."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class CutBefore(CallFault):
    """The order is accepted, and the connection is cut before the first byte of the answer."""

    name: ClassVar[str] = "cut_before"

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.RESET if self.touches(call) else None
