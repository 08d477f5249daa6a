"""C2: HALTED sends nothing; REDUCING sends only what shrinks both |net delta| and |position|."""

from hedging.model.gates import Reading
from hedging.model.trading import Order, Refusal, TradingState
from hedging.workflow.gates.reducing import only_shrinks
from hedging.workflow.gates.state import GateState

CONTROL = "C2"
SENTENCE = "the trading state allows it"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse by the book's trading state."""
    if state.status.state is TradingState.ACTIVE:
        return None
    if state.status.state is TradingState.REDUCING:
        return only_shrinks(order, state, CONTROL)
    return Refusal(control=CONTROL, reason=f"trading is halted: {state.status.halted_because}")


def readings(state: GateState) -> tuple[Reading, ...]:
    """The trading state in words."""
    return (Reading("trading", state.status.state.value, TradingState.ACTIVE.value),)
