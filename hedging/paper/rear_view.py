"""Accounts as they were a while ago: kept only while a fault answers reads from the past."""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from hedging.paper.account import Account

EVERY_NS = 100_000_000
KEPT_NS = 70_000_000_000


class RearView:
    """Copies of all accounts, a few a second of real time."""

    def __init__(self) -> None:
        self._copies: deque[tuple[int, dict[str, Account]]] = deque()

    def take(self, accounts: Iterable[Account], now_ns: int) -> None:
        """Keep a copy of the present state, unless the last one is recent; drop what is too old."""
        if self._copies and now_ns - self._copies[-1][0] < EVERY_NS:
            return
        self._copies.append((now_ns, {account.name: copied(account) for account in accounts}))
        while now_ns - self._copies[0][0] > KEPT_NS:
            self._copies.popleft()

    def forget(self) -> None:
        """Drop all copies."""
        self._copies.clear()

    def account(self, name: str, at_ns: int) -> Account | None:
        """The newest copy made at ``at_ns`` or before, else the oldest; None when there is none."""
        older = [accounts for taken_ns, accounts in self._copies if taken_ns <= at_ns]
        if older:
            return older[-1].get(name)
        return self._copies[0][1].get(name) if self._copies else None


def copied(account: Account) -> Account:
    """An account of its own that no later event changes."""
    orders = {order_id: replace(order) for order_id, order in account.orders.items()}
    return Account(
        account.name,
        {currency: replace(wallet) for currency, wallet in account.wallets.items()},
        {name: replace(position) for name, position in account.positions.items()},
        orders,
        {order_id: orders[order_id] for order_id in account.open_orders},
        list(account.fills),
        list(account.log),
    )
