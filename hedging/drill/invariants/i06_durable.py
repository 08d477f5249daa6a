"""I6: nothing is sent that is not durable, and nothing 100 ms after a kill."""

from hedging.drill.facts import Sent
from hedging.model.trading import OrderState

ID = "I6"
SENTENCE = "nothing is sent that is not durable, and nothing 100 ms after a kill"
GRACE_SECONDS = 0.1


def sent(now: Sent) -> str:
    """The row is there, says that it is being sent, and no latch was set."""
    if now.row is None or (now.row.state is not OrderState.SENT and not now.thawed):
        return (
            f"{now.order.client_id} left, and the ledger has it as {now.row.state if now.row else 'nothing'}"
        )
    if now.killed_for is not None and now.killed_for > GRACE_SECONDS and not now.thawed:
        return f"{now.order.client_id} left {now.killed_for:.3f} s after the kill"
    return ""
