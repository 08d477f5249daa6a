"""A cancel that comes too late."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Group
from hedging.paper.orders import Order


@dataclass(frozen=True)
class FillAfterCancelRequest(Fault):
    """An open order trades whole in the instant in which its cancel comes; the cancel finds nothing open."""

    name: ClassVar[str] = "fill_after_cancel_request"
    group: ClassVar[Group] = Group.ORDERS

    def fills_before_cancel(self, order: Order) -> bool:
        """Every one."""
        del order
        return True
