"""C4: one order's value in USD, its coins, and its lot are within bounds."""

from hedging.model.gates import OF_THE_ORDER, Reading
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of
from hedging.workflow.gates.state import GateState

CONTROL = "C4"
SENTENCE = "the order is not too large"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an amount off the lot, below the minimum, or above the largest order."""
    instrument = state.instrument
    off_lot = not order.amount.is_finite() or order.amount % instrument.lot != 0
    if off_lot or order.amount < instrument.minimum:
        return Refusal(
            control=CONTROL,
            reason="the amount is not a whole number of lots above the minimum",
            value=str(order.amount),
            bound=f"lot {instrument.lot}, minimum {instrument.minimum}",
        )
    if not (order.limit_price.is_finite() and order.limit_price > 0):
        return Refusal(
            control=CONTROL, reason="the order has no price to value it with", value=str(order.limit_price)
        )
    coins = coins_of(instrument, order.amount, order.limit_price)
    usd = float(coins * order.limit_price)
    if usd > state.rules.execution.max_order_usd:
        return Refusal(
            control=CONTROL,
            reason="the order's value is above the largest allowed",
            value=f"{usd:,.0f} USD",
            bound=f"{state.rules.execution.max_order_usd:,.0f} USD",
        )
    if float(coins) > state.underlying.max_order_coin:
        return Refusal(
            control=CONTROL,
            reason="the order's volume is above the largest allowed",
            value=f"{coins:.4f} {order.underlying}",
            bound=f"{state.underlying.max_order_coin:g} {order.underlying}",
        )
    return None


def readings(state: GateState) -> tuple[Reading, ...]:
    """The largest order in USD and in coin."""
    return (
        Reading("order value", OF_THE_ORDER, state.rules.execution.max_order_usd, "USD"),
        Reading("order volume", OF_THE_ORDER, state.underlying.max_order_coin, state.underlying.underlying),
    )
