"""Orders that are never quite done."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Group
from hedging.paper.orders import ZERO, Order


@dataclass(frozen=True)
class Dust(Fault):
    """All but the last ``lots`` of an order trade; the dust rests, or is cancelled if it may not rest."""

    name: ClassVar[str] = "dust"
    group: ClassVar[Group] = Group.ORDERS
    lots: Annotated[int, Between(1, 100)] = 1

    def may_fill(self, order: Order, lot: Decimal) -> Decimal | None:
        """All but so many lots."""
        return max(ZERO, order.remaining - self.lots * lot)

    @property
    def holds_resting(self) -> bool:
        """The dust stays."""
        return True
