"""An exchange that settles."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class SettlementLock(Fault):
    """Orders and cancels are refused while settlement is in progress (10041); reads and streams go on."""

    name: ClassVar[str] = "settlement_lock"

    def before(self, call: Call) -> Refused | None:
        """Of orders and cancels."""
        if call.is_order or call.is_cancel:
            return Refused(Code.SETTLEMENT_IN_PROGRESS, "settlement is in progress")
        return None

    def result(self, call: Call, result: object) -> object:
        """The status says so."""
        return {"locked": "partial"} if call.method == "public/status" else result
