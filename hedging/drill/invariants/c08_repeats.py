"""C8: automatic mode does not carry out more tickets of one side than it may."""

from hedging.drill.facts import Sent
from hedging.workflow.authority import by_itself

ID = "C8"
SENTENCE = "automatic mode does not carry out more tickets of one side than it may"


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
    return f"{len(tickets)} automatic tickets of one side, allowed are {most}" if len(tickets) > most else ""
