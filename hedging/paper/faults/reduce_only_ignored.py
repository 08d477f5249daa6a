"""A safeguard that is not there."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group
from hedging.paper.params import Params


@dataclass(frozen=True)
class ReduceOnlyIgnored(Fault):
    """The exchange forgets that an order was reduce-only: it may open and turn a position."""

    name: ClassVar[str] = "reduce_only_ignored"
    group: ClassVar[Group] = Group.ORDERS

    def request(self, call: Call) -> Params:
        """The same without the flag."""
        if call.is_order and call.params.has("reduce_only") and call.params.flag("reduce_only"):
            return call.params.without("reduce_only")
        return call.params
