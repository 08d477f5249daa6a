"""Immediate-or-cancel orders that meet too little."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedging.paper.faults.base import Fault, Share
from hedging.paper.faults.calls import Group
from hedging.paper.faults.partial_fills import whole_lots
from hedging.paper.orders import Order, TimeInForce


@dataclass(frozen=True)
class IocRemainder(Fault):
    """An immediate-or-cancel order trades only ``share``, and its rest is cancelled; others are served."""

    name: ClassVar[str] = "ioc_remainder"
    group: ClassVar[Group] = Group.ORDERS
    share: Share = 0.5

    def may_fill(self, order: Order, lot: Decimal) -> Decimal | None:
        """Whole lots of the share."""
        if order.request.time_in_force is not TimeInForce.IMMEDIATE_OR_CANCEL:
            return None
        return whole_lots(order.remaining * Decimal(str(self.share)), lot)
