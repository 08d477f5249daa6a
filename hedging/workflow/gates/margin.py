"""C5: after the fill the account keeps its headroom of initial margin."""

from math import isfinite, nan

from hedging.model.gates import Reading
from hedging.model.instrument import Settlement
from hedging.model.trading import Order, Refusal
from hedging.policy.sizing import coins_of
from hedging.risk.drift import shrinks
from hedging.workflow.gates.state import GateState

CONTROL = "C5"
SENTENCE = "the initial margin leaves its headroom"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order after whose fill too little initial margin is free, unless it shrinks the position.

    The fill is taken to add the configured share of the order's value in the settlement currency: what the
    venue asks of it alone, since the offset against the rest of the book is the venue's to know.
    """
    balance = state.balance
    if balance is None:
        return Refusal(control=CONTROL, reason="the account's margin is not known")
    if not (isfinite(balance.equity) and balance.equity > 0):
        return Refusal(control=CONTROL, reason="the account has no equity", value=f"{balance.equity:g}")
    if _shrinks(order, state):
        return None
    ceiling = 1 - state.rules.execution.initial_margin_headroom
    used = (balance.initial_margin + _added_margin(order, state)) / balance.equity
    if 0 <= used <= ceiling:
        return None
    return Refusal(
        control=CONTROL,
        reason="too little initial margin would be free after the fill",
        value=f"{used:.1%} used",
        bound=f"{ceiling:.1%}",
    )


def readings(state: GateState) -> tuple[Reading, ...]:
    """Share of the equity that initial margin takes now."""
    ceiling = 1 - state.rules.execution.initial_margin_headroom
    balance = state.balance
    if balance is None or not (isfinite(balance.equity) and balance.equity > 0):
        return (Reading("initial margin", None, ceiling, "share of equity"),)
    used = balance.initial_margin / balance.equity
    return (Reading("initial margin", used if isfinite(used) else None, ceiling, "share of equity"),)


def _shrinks(order: Order, state: GateState) -> bool:
    if state.position is None:
        return False
    return shrinks(float(state.position), float(state.position + order.amount * order.side))


def _added_margin(order: Order, state: GateState) -> float:
    """Initial margin of the order alone, in the settlement currency: coin where inverse, else dollars.

    NaN, which passes no comparison, where the order has no price to value it with (C3 and C4 say so).
    """
    if not (order.limit_price.is_finite() and order.limit_price > 0):
        return nan
    coins = coins_of(state.instrument, order.amount, order.limit_price)
    inverse = state.instrument.settlement is Settlement.INVERSE
    value = coins if inverse else coins * order.limit_price
    return float(value) * state.rules.execution.initial_margin_rate
