"""An answer that says no to what was done."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class ErrorAfterAccept(CallFault):
    """The order is accepted, and the answer is error 10040, retry: its state is unknown."""

    name: ClassVar[str] = "error_after_accept"

    def after(self, call: Call) -> Refused | None:
        """Of the chosen calls."""
        return Refused(Code.RETRY, "the state of the request is unknown") if self.touches(call) else None
