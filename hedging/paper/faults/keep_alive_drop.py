"""A kept connection that turns out to be dead."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class KeepAliveDrop(CallFault):
    """A connection that has carried a call before is cut without a byte when the next one comes over it.

    With ``carried_out`` the call is carried out all the same: a client that sends it again, as libraries do
    of themselves, has sent it twice.
    """

    name: ClassVar[str] = "keep_alive_drop"
    carried_out: bool = True

    def before(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.RESET if call.reused and self.touches(call) and not self.carried_out else None

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.RESET if call.reused and self.touches(call) and self.carried_out else None
