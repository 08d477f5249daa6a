"""C1: nothing is sent once any of the three kill latches is set."""

from hedging.model.gates import Reading
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C1"
SENTENCE = "no kill latch is set"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse everything while a latch is set."""
    if state.latches:
        return Refusal(control=CONTROL, reason=f"{order.client_id} stopped: {'; '.join(state.latches)}")
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """How many latches are set."""
    return (Reading("kill latches set", float(len(state.latches)), 0.0),)
