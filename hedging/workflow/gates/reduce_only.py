"""C15: an order that only shrinks the position says so to the venue, and none says so that does not.

Limits count it in full all the same: a venue may ignore the mark.
"""

from dataclasses import replace
from decimal import Decimal

from hedging.model.gates import Reading
from hedging.model.instrument import Kind
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C15"
SENTENCE = "reduce-only is set where the position shrinks"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order whose reduce-only mark is not what it does to the position."""
    if state.position is None:
        return Refusal(control=CONTROL, reason="the present position is not known")
    if not order.amount.is_finite():
        return Refusal(control=CONTROL, reason="the amount is no number", value=str(order.amount))
    if order.reduce_only == _wanted(order, state.position, state.instrument.kind):
        return None
    words = "would not only shrink" if order.reduce_only else "shrinks"
    mark = "is marked" if order.reduce_only else "is not marked"
    return Refusal(
        control=CONTROL,
        reason=f"the order {words} the position and {mark} reduce-only",
        value=f"{order.amount * order.side:+f}",
        bound=f"{state.position:+f} held",
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """The position that an order may shrink, in the venue's unit."""
    held = None if state.position is None else float(state.position)
    return (Reading("position", held, None, state.instrument.amount_label),)


def marked(order: Order, position: Decimal | None, kind: Kind) -> Order:
    """The order with the mark that fits the position; unchanged where that is not known."""
    if position is None:
        return order
    return replace(order, reduce_only=_wanted(order, position, kind))


def _wanted(order: Order, position: Decimal, kind: Kind) -> bool:
    """Whether the order takes from the position and no more than there is; spot knows no such mark."""
    return kind is not Kind.SPOT and position * order.side < 0 and abs(position) >= order.amount
