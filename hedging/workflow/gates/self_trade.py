"""C14: an own order that rests on the other side is cancelled first, so that we never meet ourselves."""

from collections.abc import Sequence

from hedging.model.gates import Reading
from hedging.model.trading import Lifetime, Order, Refusal
from hedging.workflow.gates.state import GateState
from hedging.workflow.order import LIVE

CONTROL = "C14"
SENTENCE = "no own order rests on the other side"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse while an own order of any account rests in the instrument on the other side; name it."""
    opposite = to_cancel_first(order, state.live)
    if not opposite:
        return None
    first = opposite[0]
    return Refusal(
        control=CONTROL,
        reason=f"cancel {first.client_id} first: it rests on the other side of {order.instrument}",
        value=first.client_id,
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """How many own orders rest in the instrument."""
    resting = [each for each in state.live if _rests(each) and each.instrument_key == state.instrument.key]
    return (Reading("own resting orders", float(len(resting)), None),)


def to_cancel_first(order: Order, live: Sequence[Order]) -> tuple[Order, ...]:
    """Own orders on the other side of the instrument that rest, or may: to be cancelled before it."""
    return tuple(
        each
        for each in live
        if each.instrument_key == order.instrument_key and each.side is not order.side and _rests(each)
    )


def _rests(order: Order) -> bool:
    return order.lifetime is Lifetime.RESTING and order.state in LIVE
