"""A remainder that was cancelled, and was not gone."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault, Share
from hedging.paper.faults.calls import Group
from hedging.paper.faults.partial_fills import whole_lots
from hedging.paper.orders import Order, TimeInForce


@dataclass(frozen=True)
class LateFill(Fault):
    """The rest of an immediate-or-cancel order is told as cancelled, and trades ``delay`` seconds later.

    At once only ``share`` of it trades.
    """

    name: ClassVar[str] = "late_fill"
    group: ClassVar[Group] = Group.ORDERS
    share: Share = 0.5
    delay: Annotated[float, Between(0.0, 60.0)] = 1.0

    def may_fill(self, order: Order, lot: Decimal) -> Decimal | None:
        """Whole lots of the share."""
        if order.request.time_in_force is not TimeInForce.IMMEDIATE_OR_CANCEL:
            return None
        return whole_lots(order.remaining * Decimal(str(self.share)), lot)

    def fills_after_end(self, order: Order) -> float | None:
        """Of an order that nobody cancelled."""
        return self.delay if order.cancel_reason == "unfilled" else None
