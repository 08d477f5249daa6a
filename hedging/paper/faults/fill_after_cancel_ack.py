"""A cancel that was confirmed, and was not true."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between, Fault
from hedging.paper.faults.calls import Group
from hedging.paper.orders import Order


@dataclass(frozen=True)
class FillAfterCancelAck(Fault):
    """A cancel is confirmed, and the cancelled rest of the order trades ``delay`` seconds later."""

    name: ClassVar[str] = "fill_after_cancel_ack"
    group: ClassVar[Group] = Group.ORDERS
    delay: Annotated[float, Between(0.0, 60.0)] = 1.0

    def fills_after_end(self, order: Order) -> float | None:
        """Of an order that somebody cancelled."""
        return self.delay if order.cancel_reason != "unfilled" else None
