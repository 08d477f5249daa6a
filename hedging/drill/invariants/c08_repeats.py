"""C8: automatic mode carries out no more tickets of one side, and changes sides no more, than it may."""

from datetime import datetime
from itertools import pairwise

from hedging.drill.facts import Sent
from hedging.units import Side
from hedging.workflow.authority import by_itself
from hedging.workflow.order import NEVER_THERE

ID = "C8"
SENTENCE = (
    "automatic mode carries out no more tickets of one side, and changes sides no more often, than it may"
)


def sent(now: Sent) -> str:
    """Tickets of ten minutes on one side, without those before another person armed again."""
    if not by_itself(now.order.approver):
        return ""
    since = now.state.status.auto.repeats_from
    own = {
        each.ticket_id
        for each in now.orders
        if by_itself(each.approver)
        and each.side is now.order.side
        and (now.now - each.created_at).total_seconds() < 600
        and (since is None or each.created_at >= since)
    }
    most = now.state.rules.auto.repeats_10_minutes
    tickets = own | {now.order.ticket_id}
    if len(tickets) > most:
        return f"{len(tickets)} automatic tickets of one side, allowed are {most}"
    flips = sum(one is not other for one, other in pairwise(_sides(now, since)))
    allowed = now.state.rules.auto.sign_flips
    return f"automatic tickets changed sides {flips} times, allowed are {allowed}" if flips > allowed else ""


def _sides(now: Sent, since: datetime | None) -> list[Side]:
    """The side of each automatic ticket of which something left, in their order; this one last."""
    sides: dict[str, Side] = {}
    for each in sorted(now.orders, key=lambda each: each.created_at):
        there = each.state not in NEVER_THERE and (since is None or each.created_at >= since)
        if by_itself(each.approver) and there:
            sides.setdefault(each.ticket_id, each.side)
    return list(({**sides, now.order.ticket_id: now.order.side}).values())
