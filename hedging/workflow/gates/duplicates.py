"""C9: one attempt per intent, one live intent per account and instrument."""

from hedging.model.gates import Reading
from hedging.model.trading import Order, OrderState, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C9"
SENTENCE = "no other order works in the instrument"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse a second live order in the same instrument, or an attempt that was sent before."""
    if order.state is not OrderState.NEW:
        return Refusal(control=CONTROL, reason=f"{order.client_id} was already sent ({order.state.value})")
    for other in state.live:
        if other.account == order.account and other.instrument == order.instrument:
            return Refusal(
                control=CONTROL,
                reason=f"{other.client_id} in {other.instrument} is still {other.state.value}",
            )
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """How many orders work in the instrument."""
    working = [other for other in state.live if other.instrument_key == state.instrument.key]
    return (Reading("orders at work", float(len(working)), 0.0),)
