"""C2: while reducing, only what shrinks is sent; automatic mode does not outlive a start."""

from hedging.drill.facts import Sent
from hedging.model.trading import TradingState
from hedging.policy.sizing import coins_of
from hedging.workflow.authority import by_itself

ID = "C2"
SENTENCE = "while reducing, only what shrinks is sent; automatic mode does not outlive a start"


def sent(now: Sent) -> str:
    """Neither delta nor position grows, and what armed automatic mode happened in this life."""
    if by_itself(now.order.approver):
        since = now.state.status.auto.set_at
        if since is not None and since < now.started_at:
            return f"{now.order.client_id} rests on automatic mode of before the start"
    if now.state.status.state is not TradingState.REDUCING or now.thawed:
        return ""
    found = now.known
    held = now.state.accounts[now.order.account].amount(now.order.instrument)
    if found is None or held is None:
        return f"{now.order.client_id} left while reducing, and the delta is not known"
    change = float(coins_of(now.instrument, now.order.amount, now.order.limit_price)) * now.order.side
    slack = abs(change) * 0.05 + 0.02  # prices and trades of the moment between decision and wire
    if abs(found + change) > abs(found) + slack:
        return f"{now.order.client_id} takes the delta from {found:+.3f} by {change:+.3f}"
    if abs(held + now.order.amount * now.order.side) > abs(held):
        return f"{now.order.client_id} makes the position of {held} larger"
    return ""
