"""Depth that is not there when it is reached for."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from typing import ClassVar

from hedging.paper.faults.base import Fault, Share
from hedging.paper.faults.calls import Group
from hedging.paper.orders import Order


@dataclass(frozen=True)
class PartialFills(Fault):
    """Only ``share`` of an order trades; the rest stays in the book, or is cancelled if it may not rest."""

    name: ClassVar[str] = "partial_fills"
    group: ClassVar[Group] = Group.ORDERS
    share: Share = 0.4

    def may_fill(self, order: Order, lot: Decimal) -> Decimal | None:
        """Whole lots of the share."""
        return whole_lots(order.remaining * Decimal(str(self.share)), lot) if self.share < 1.0 else None

    @property
    def holds_resting(self) -> bool:
        """What rests gets nothing."""
        return self.share < 1.0


def whole_lots(amount: Decimal, lot: Decimal) -> Decimal:
    """The amount, rounded down to whole lots.

    >>> whole_lots(Decimal("47"), Decimal("10"))
    Decimal('40')
    """
    return (amount / lot).to_integral_value(rounding=ROUND_FLOOR) * lot
