"""An order that waits at the exchange's door."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Call, Group, Late


class Fence(StrEnum):
    """When the order's ``valid_until`` is compared with the clock."""

    ACCEPTANCE = "acceptance"  # as Deribit documents it
    ARRIVAL = "arrival"  # and never again: the order is accepted however late


@dataclass(frozen=True)
class LateAccept(Fault):
    """No answer comes, and the order is accepted ``delay`` seconds later.

    With ``fence`` at acceptance an order whose time fence has passed by then is refused; nobody hears of it.
    """

    name: ClassVar[str] = "late_accept"
    group: ClassVar[Group] = Group.WIRE
    delay: Annotated[float, Between(0.1, 60.0)] = 5.0
    fence: Fence = Fence.ACCEPTANCE

    def late(self, call: Call) -> Late | None:
        """Of orders."""
        return Late(self.delay, self.fence is Fence.ACCEPTANCE) if call.is_order else None
