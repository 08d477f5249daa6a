"""What REDUCING lets through, for the gates that ask it: an order that shrinks both delta and position."""

from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of, references
from hedging.risk.drift import shrinks
from hedging.workflow.gates.state import GateState
from hedging.workflow.order import worst_case


def only_shrinks(order: Order, state: GateState, control: str) -> Refusal | None:
    """Refuse what does not bring both |net delta| and |position| down.

    Other orders of the underlying on the same side may all fill before this one: what they leave must still
    be shrunk, not passed. An order that shrinks that, shrinks what is held now too.
    """
    if state.exposure is None or state.position is None or state.quote is None:
        return Refusal(control=control, reason="only reducing is allowed, and the exposure is not known")
    try:
        price = Decimal(str(references(state.quote, state.rules.execution).price))
        others = _same_way(order, state)
    except BadInput as error:
        return Refusal(control=control, reason=f"only reducing is allowed, and {error}")
    change = float(coins_of(state.instrument, order.amount, price)) * order.side
    delta = state.exposure.delta + sum(_coins(other, state) for other in others)
    position = state.position + sum(
        (worst_case(each) for each in others if each.instrument_key == order.instrument_key), Decimal(0)
    )
    smaller_delta = shrinks(delta, delta + change)
    smaller_position = shrinks(float(position), float(position + order.amount * order.side))
    if smaller_delta and smaller_position:
        return None
    return Refusal(control=control, reason="only orders that shrink delta and position are allowed")


def _same_way(order: Order, state: GateState) -> tuple[Order, ...]:
    found = tuple(o for o in state.live if o.underlying == order.underlying and o.side is order.side)
    unknown = next((o for o in found if o.instrument_key not in state.instruments), None)
    if unknown is not None:
        raise BadInput(f"the instrument of {unknown.client_id}, which may still fill, is not known")
    return found


def _coins(other: Order, state: GateState) -> float:
    instrument = state.instruments[other.instrument_key]
    return float(coins_of(instrument, worst_case(other), other.limit_price))
