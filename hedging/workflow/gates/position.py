"""C5 and C7: the worst case of position and every order still alive stays inside the hard limit."""

from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.gates import Reading
from hedging.model.limits import Limit, Measure
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of, references
from hedging.risk.drift import shrinks
from hedging.workflow.gates.state import GateState
from hedging.workflow.order import worst_case

CONTROL = "C5/C7"
SENTENCE = "the position stays inside its hard limit in the worst case"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse when filled + live + unknown + this order could exceed the hard position limit.

    It looks at the account's own position alone; what other accounts hold of the hedge is added by the gate
    on every limit.
    """
    limit = _limit(state)
    if limit is None:
        return Refusal(control=CONTROL, reason=f"no position limit is set for {order.underlying}")
    if state.position is None or state.quote is None:
        return Refusal(control=CONTROL, reason="the present position or its price is not known")
    try:
        price = Decimal(str(references(state.quote, state.rules.execution).price))
    except BadInput as error:
        return Refusal(control=CONTROL, reason=str(error))
    others = [
        worst_case(other)
        for other in state.live
        if other.account == order.account and other.instrument == order.instrument
    ]
    same_way = sum((amount for amount in others if amount * order.side > 0), Decimal(0))
    worst = state.position + same_way + order.amount * order.side
    coins = float(coins_of(state.instrument, worst, price))
    before = float(coins_of(state.instrument, state.position, price))
    if abs(coins) > limit.hard and not shrinks(before, coins):
        return Refusal(
            control=CONTROL,
            reason=f"the position in {order.instrument} could become too large",
            value=f"{coins:+.3f} {order.underlying}",
            bound=f"±{limit.hard:g} {order.underlying}",
        )
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """The position in coin, and the furthest that orders at work may take it either way."""
    limit, name = _limit(state), state.underlying.underlying
    bound = limit.hard if limit else None
    if state.position is None or state.quote is None:
        return (Reading("worst position", None, bound, name),)
    try:
        price = Decimal(str(references(state.quote, state.rules.execution).price))
    except BadInput:
        return (Reading("worst position", None, bound, name),)
    mine = [worst_case(o) for o in state.live if o.instrument_key == state.instrument.key]
    highest = state.position + sum((amount for amount in mine if amount > 0), Decimal(0))
    lowest = state.position + sum((amount for amount in mine if amount < 0), Decimal(0))
    worst = max(highest, lowest, key=abs)
    return (Reading("worst position", float(coins_of(state.instrument, worst, price)), bound, name),)


def _limit(state: GateState) -> Limit | None:
    return next((x for x in state.underlying.limits if x.measure is Measure.HEDGE_POSITION), None)
