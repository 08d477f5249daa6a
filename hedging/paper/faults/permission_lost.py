"""A key that may only look."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class PermissionLost(Fault):
    """Orders and cancels are refused: the key has lost its right to trade (13021); reads go on."""

    name: ClassVar[str] = "permission_lost"
    group: ClassVar[Group] = Group.ACCESS

    def before(self, call: Call) -> Refused | None:
        """Of orders and cancels."""
        if call.is_order or call.is_cancel:
            return Refused(Code.FORBIDDEN, "the key has no trade:read_write")
        return None
