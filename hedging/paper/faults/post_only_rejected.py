"""A book that moves whenever one wants to join it."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group
from hedging.paper.refusal import Code, Refused


@dataclass(frozen=True)
class PostOnlyRejected(Fault):
    """Every post-only order is refused (11054), as if it would have traded at once."""

    name: ClassVar[str] = "post_only_rejected"
    group: ClassVar[Group] = Group.ORDERS

    def before(self, call: Call) -> Refused | None:
        """Of orders that say post-only."""
        if call.is_order and call.params.has("post_only") and call.params.flag("post_only"):
            return Refused(Code.POST_ONLY_REJECT, "it would trade at once", "price")
        return None
