"""C8: automatic mode does not do the same thing again and again."""

from hedging.errors import BadInput
from hedging.model.gates import AutomaticExecution, Reading
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of, references
from hedging.units import Side
from hedging.workflow.authority import by_itself
from hedging.workflow.gates.state import GateState
from hedging.workflow.repeats import beyond, flips, tickets

CONTROL = "C8"
SENTENCE = "automatic mode does not repeat itself"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an automatic order with which its instrument would be traded more often than allowed."""
    if not by_itself(order.approver):
        return None
    try:
        usd = _usd(order, state)
    except BadInput as error:
        return Refusal(control=CONTROL, reason=str(error))
    own = [each for each in state.automatic if each.ticket_id == order.ticket_id]
    this = AutomaticExecution(
        ticket_id=order.ticket_id,
        at=state.now,
        instrument=order.instrument_key,
        side=order.side,
        usd=usd,
        target_usd=own[0].target_usd if own else usd,
    )
    return beyond((*state.automatic, this), state.rules.auto, state.now, state.status.auto.repeats_from)


def readings(state: GateState) -> tuple[Reading, ...]:
    """Automatic tickets of 10 minutes and of the hour by side, and changes of side."""
    rules, since = state.rules.auto, state.status.auto.repeats_from
    history = [each for each in state.automatic if each.instrument == state.instrument.key]
    found = [Reading("changes of side", float(flips(history, state.now, since)), float(rules.sign_flips))]
    for minutes, most in ((10, rules.repeats_10_minutes), (60, rules.repeats_hour)):
        for side in Side:
            one_side = [each for each in history if each.side is side]
            count = len(tickets(one_side, state.now, minutes, since))
            found.append(
                Reading(f"automatic {side.name.lower()}s", float(count), float(most), f"per {minutes} min")
            )
    return tuple(found)


def _usd(order: Order, state: GateState) -> float:
    if state.quote is None:
        raise BadInput(f"there is no price of {order.instrument}")
    references(state.quote, state.rules.execution)
    if not (order.limit_price.is_finite() and order.limit_price > 0 and order.amount.is_finite()):
        raise BadInput(f"the value of {order.client_id} is not known")
    return float(coins_of(state.instrument, order.amount, order.limit_price) * order.limit_price)
