"""An answer that ends too soon."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import CallFault
from hedging.paper.faults.calls import Call, Wire


@dataclass(frozen=True)
class TruncatedJson(CallFault):
    """The order is accepted, and only the first half of the answer is sent, as if it were whole."""

    name: ClassVar[str] = "truncated_json"

    def after(self, call: Call) -> Wire | None:
        """Of the chosen calls."""
        return Wire.TRUNCATED if self.touches(call) else None
