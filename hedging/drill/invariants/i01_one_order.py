"""I1: at most one accepted order per intent, one live intent per account and instrument."""

from hedging.core.effects import InsertAttempt, PutOrder
from hedging.drill.facts import Sent, Stored, Taken
from hedging.model.trading import OrderState

ID = "I1"
SENTENCE = "at most one accepted order per intent, one live intent per account and instrument"
OVER = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.ABSENT})


def sent(now: Sent) -> str:
    """An attempt leaves once, and while nothing else of ours may still trade in its instrument."""
    if now.times > 1:
        return f"{now.order.client_id} left {now.times} times"
    if now.thawed:  # its time fence is what ends it
        return ""
    return f"{now.order.client_id} left while {now.others[0]} may still trade" if now.others else ""


def taken(now: Taken) -> str:
    """The exchange took one order under an id."""
    return f"{now.count} orders accepted as {now.order.client_id}" if now.count > 1 else ""


def stored(now: Stored) -> str:
    """No attempt is inserted beside another one that lives."""
    rows = dict(now.before.orders)
    for change in now.changes:
        if isinstance(change, PutOrder):
            rows[change.order.client_id] = change.order
        elif isinstance(change, InsertAttempt):
            mine = change.order
            for other in rows.values():
                same = (other.account, other.instrument) == (mine.account, mine.instrument)
                if same and other.state not in OVER and other.client_id != mine.client_id:
                    return f"{mine.client_id} beside {other.client_id}, which is {other.state}"
            rows[mine.client_id] = mine
    return ""
