"""C6: the message budget per venue, with a fifth kept for cancels."""

from datetime import timedelta

from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C6"
SENTENCE = "the message budget allows it"
KEPT_FOR_CANCELS = 0.2


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order that would use the burst or the minute's budget beyond what is kept for cancels."""
    rules = state.rules.execution
    last_minute = sum(1 for at in state.messages if state.now - at < timedelta(minutes=1))
    span = timedelta(seconds=rules.messages_burst / rules.messages_per_second)
    last_burst = sum(1 for at in state.messages if state.now - at < span)
    for used, budget, words in (
        (last_burst, rules.messages_burst, f"{span.total_seconds():g} s"),
        (last_minute, rules.messages_per_minute, "minute"),
    ):
        if used >= budget * (1 - KEPT_FOR_CANCELS):
            return Refusal(
                control=CONTROL,
                reason=f"{order.venue} has had its messages of this {words}",
                value=str(used),
                bound=f"{budget * (1 - KEPT_FOR_CANCELS):.0f}",
            )
    return None
