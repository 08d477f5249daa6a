"""C13: an order may rest only where the venue cancels it by itself once we fall silent."""

from datetime import timedelta

from hedging.model.gates import Reading
from hedging.model.trading import Lifetime, Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C13"
SENTENCE = "what rests ends by itself when we are silent"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse a resting order unless a running dead man's switch ends it soon enough."""
    if order.lifetime is Lifetime.IMMEDIATE:
        return None
    if state.dead_man_until is None:
        return Refusal(
            control=CONTROL,
            reason=f"{order.venue} would leave the order in the book if we stopped: send it to end at once",
        )
    seconds = state.rules.execution.resting_seconds
    left = state.dead_man_until - state.now
    if timedelta(0) < left <= timedelta(seconds=seconds):
        return None
    return Refusal(
        control=CONTROL,
        reason=f"the dead man's switch at {order.venue} does not end what rests in time",
        value=f"{left.total_seconds():.1f} s",
        bound=f"{seconds:g} s",
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """Seconds until the venue cancels what rests."""
    until = state.dead_man_until
    if until is None:
        return (Reading("dead man's switch", "none runs", None),)
    left = (until - state.now).total_seconds()
    return (Reading("dead man's switch", left, state.rules.execution.resting_seconds, "s"),)
