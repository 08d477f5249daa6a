"""C5: an order that makes the position larger leaves the account its headroom of initial margin."""

from hedging.drill.facts import Sent

ID = "C5"
SENTENCE = "an order that makes the position larger leaves the account its headroom of initial margin"


def sent(now: Sent) -> str:
    """By the balance that the engine was told last."""
    account = now.state.accounts[now.order.account]
    held, balance = account.amount(now.order.instrument), account.balance(now.instrument.settlement_currency)
    if now.thawed or held is None or abs(held + now.order.amount * now.order.side) <= abs(held):
        return ""
    if balance is None:
        return f"{now.order.client_id} left without a known margin"
    used, headroom = (
        balance.initial_margin / balance.equity,
        now.state.rules.execution.initial_margin_headroom,
    )
    return f"{now.order.client_id} left with {used:.0%} of the margin used" if used > 1 - headroom else ""
