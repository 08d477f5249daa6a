"""C3: the limit price lies within the collar around a confirmed reference, on the tick."""

from decimal import Decimal
from math import isfinite

from hedging.errors import BadInput
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import references
from hedging.workflow.gates.state import GateState

CONTROL = "C3"
SENTENCE = "the price is inside the collar"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse a price off the tick, not positive, or further from the reference than the collar."""
    if state.quote is None:
        return Refusal(control=CONTROL, reason=f"there is no price of {order.instrument}")
    price = order.limit_price
    if not price.is_finite() or price <= 0:
        return Refusal(control=CONTROL, reason="the limit price is no positive number", value=str(price))
    if price % state.instrument.tick_at(price) != 0:
        return Refusal(
            control=CONTROL,
            reason="the limit price is off the tick",
            value=str(price),
            bound=str(state.instrument.tick_at(price)),
        )
    rules = state.rules.execution
    try:
        reference = references(state.quote, rules)
    except BadInput as error:
        return Refusal(control=CONTROL, reason=str(error))
    width = min(
        rules.collar_cap * reference.price,
        rules.collar_half_spreads * reference.half_spread + rules.collar_extra * reference.price,
    )
    # A price on the passive side of the reference can only trade better; the collar binds the other side.
    beyond = float(price - Decimal(str(reference.price))) * order.side
    if not isfinite(beyond) or beyond > width:
        return Refusal(
            control=CONTROL,
            reason=f"the limit price is {beyond:,.2f} beyond the reference {reference.price:,.2f}",
            value=str(price),
            bound=f"{width:,.2f} beyond",
        )
    return None
