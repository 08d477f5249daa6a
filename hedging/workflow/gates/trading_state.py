"""C2: HALTED sends nothing; REDUCING sends only what shrinks both |net delta| and |position|."""

from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.trading import Order, Refusal, TradingState
from hedging.policy.sizing import coins_of, references
from hedging.risk.drift import shrinks
from hedging.workflow.gates.state import GateState

CONTROL = "C2"
SENTENCE = "the trading state allows it"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse by the book's trading state."""
    if state.status.state is TradingState.ACTIVE:
        return None
    if state.status.state is TradingState.HALTED:
        return Refusal(control=CONTROL, reason=f"trading is halted: {state.status.halted_because}")
    if state.exposure is None or state.position is None or state.quote is None:
        return Refusal(control=CONTROL, reason="only reducing is allowed, and the exposure is not known")
    try:
        price = Decimal(str(references(state.quote, state.rules.execution).price))
    except BadInput as error:
        return Refusal(control=CONTROL, reason=f"only reducing is allowed, and {error}")
    change = float(coins_of(state.instrument, order.amount, price)) * order.side
    smaller_delta = shrinks(state.exposure.delta, state.exposure.delta + change)
    smaller_position = shrinks(float(state.position), float(state.position + order.amount * order.side))
    if smaller_delta and smaller_position:
        return None
    return Refusal(control=CONTROL, reason="only orders that shrink delta and position are allowed")
