"""C5 and C7: the worst case of position and every order still alive stays inside the hard limit."""

from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.limits import Measure
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
    limit = next((x for x in state.underlying.limits if x.measure is Measure.HEDGE_POSITION), None)
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
