"""C3: our own executed price does not drift: a price far from what we just traded at is refused."""

from datetime import timedelta
from decimal import Decimal

from hedging.model.gates import Executed, Reading
from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C3"
SENTENCE = "the price has not run from our own last ones"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse a limit price further than the cap from any of our own executed prices of the last minutes."""
    rules, price = state.rules.execution, order.limit_price
    if not price.is_finite() or price <= 0:
        return Refusal(control=CONTROL, reason="the limit price is no positive number", value=str(price))
    for each in _recent(state):
        if not each.price.is_finite() or each.price <= 0:
            return Refusal(control=CONTROL, reason="a price of our own is no number", value=str(each.price))
        if abs(price - each.price) > Decimal(str(rules.drift_cap)) * each.price:
            return Refusal(
                control=CONTROL,
                reason=f"we traded {order.instrument} at {each.price:,f} at {each.at:%H:%M:%S}: too far away",
                value=f"{price / each.price - 1:+.2%}",
                bound=f"±{rules.drift_cap:.2%} in {rules.drift_minutes:g} min",
            )
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """Share between our lowest and highest price of the last minutes."""
    prices = [each.price for each in _recent(state)]
    usable = all(price.is_finite() and price > 0 for price in prices)
    spread = 0.0 if not prices else float(max(prices) / min(prices)) - 1 if usable else None
    return (Reading("spread of own prices", spread, state.rules.execution.drift_cap, "share of price"),)


def _recent(state: GateState) -> tuple[Executed, ...]:
    span = timedelta(minutes=state.rules.execution.drift_minutes)
    return tuple(each for each in state.executed if state.now - each.at <= span)
