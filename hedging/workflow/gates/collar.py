"""C3: the limit price lies within the collar around a confirmed reference, on the tick."""

from hedging.errors import BadInput
from hedging.model.gates import OF_THE_ORDER, Reading
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import collar, references
from hedging.workflow.gates.state import GateState

CONTROL = "C3"
SENTENCE = "the price is inside the collar"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse a price off the tick, not positive, or on either side further away than the collar."""
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
    edges = collar(reference, rules)
    if edges.lowest <= price <= edges.highest:
        return None
    return Refusal(
        control=CONTROL,
        reason=f"the limit price is too far from the reference {reference.price:,.2f}",
        value=str(price),
        bound=f"{edges.lowest:,f} to {edges.highest:,f}",
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """The reference price, and how far from it a limit price may lie, both in dollars."""
    if state.quote is None:
        return (Reading("reference", None, None, "USD"),)
    try:
        reference = references(state.quote, state.rules.execution)
    except BadInput:
        return (Reading("reference", None, None, "USD"),)
    edges = collar(reference, state.rules.execution)
    width = float(edges.highest) - reference.price
    return (
        Reading("reference", reference.price, None, "USD"),
        Reading("price away from it", OF_THE_ORDER, width, "USD"),
    )
