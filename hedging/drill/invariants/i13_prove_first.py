"""I13: nothing is sent before what an earlier run left behind is proved; then it is ready."""

from hedging.drill.facts import Assessed, Ended, Sent
from hedging.workflow.order import UNPROVED

ID = "I13"
SENTENCE = "nothing is sent before what an earlier run left behind is proved; then it is ready"


def sent(now: Sent) -> str:
    """The engine was ready."""
    if not now.state.ready:
        return f"{now.order.client_id} left before the engine was ready"
    left = [each for each in now.orders if each.created_at < now.started_at and each.state in UNPROVED]
    return f"{now.order.client_id} left, and {left[0].client_id} of before is {left[0].state}" if left else ""


def assessed(now: Assessed) -> str:
    """Ready is who has read trades, margin and clock of every account that trades."""
    if not now.state.ready:
        return ""
    for account in now.state.accounts.values():
        if account.trades and None in (account.fills_read_at, account.balances_at, account.clock_offset):
            return f"the engine calls itself ready and has not read all of {account.name}"
    return ""


def ended(now: Ended) -> str:
    """Long after the last fault the engine is ready."""
    ready = now.state is not None and now.state.ready
    return "" if ready or now.state is None else "the engine never became ready"
