"""C5: after the fill the account keeps its headroom of initial margin."""

from hedging.model.trading import Order, Refusal
from hedging.workflow.gates.state import GateState

CONTROL = "C5"
SENTENCE = "the initial margin leaves its headroom"


def check(order: Order, state: GateState) -> Refusal | None:
    """Refuse an order that does not shrink the position while initial margin is above its ceiling."""
    balance = state.balance
    if balance is None:
        return Refusal(control=CONTROL, reason="the account's margin is not known")
    if balance.equity <= 0:
        return Refusal(control=CONTROL, reason="the account has no equity", value=f"{balance.equity:g}")
    ceiling = 1 - state.rules.execution.initial_margin_headroom
    used = balance.initial_margin / balance.equity
    if used > ceiling and not order.reduce_only:
        return Refusal(
            control=CONTROL,
            reason="too little initial margin is free",
            value=f"{used:.0%} used",
            bound=f"{ceiling:.0%}",
        )
    return None
