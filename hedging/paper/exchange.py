"""The exchange without its wires: commands in, events out, time moved from outside.

It holds no clock and no socket: the server hands in simulated time through :meth:`Exchange.advance` and real
time (for ``valid_until``) with each command.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from hedging.errors import HedgingError
from hedging.paper.acceptance import check, new_order, post_only_price
from hedging.paper.account import Account, Execution, LogEntry, LogType, execute
from hedging.paper.bookkeeping import MILLISECOND, Traded
from hedging.paper.conduct import Conduct
from hedging.paper.events import Event, WalletChanged
from hedging.paper.floor import Floor, Rules
from hedging.paper.listing import Listing
from hedging.paper.market import Market
from hedging.paper.market_nouns import Mark
from hedging.paper.matching import Level
from hedging.paper.order_rules import check_amount, check_limits, check_price, check_request, price_limits
from hedging.paper.orders import (
    Fill,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Origin,
    PublicTrade,
    TimeInForce,
)
from hedging.paper.refusal import Code, Refused
from hedging.paper.settlement import Stamp, accrue_funding, deliver, next_settlement_ns, settle_session
from hedging.paper.valuation import Summary, summarise
from hedging.units import Side

CURRENCIES = ("BTC", "ETH", "USDC")


@dataclass(frozen=True, slots=True)
class Placed:
    """An accepted order and what it traded at once."""

    order: Order
    fills: tuple[Fill, ...]


class Exchange:
    """Accounts and their orders against one simulated market."""

    def __init__(
        self,
        market: Market,
        accounts: Iterable[Account],
        rules: Rules | None = None,
        conduct: Conduct | None = None,
    ) -> None:
        self.market = market
        self.accounts = {account.name: account for account in accounts}
        self.rules = rules or Rules()
        self.settlement_prices: dict[str, float] = {}
        self._floor = Floor(market, self.accounts, self.rules, conduct or Conduct())

    # --- what there is -----------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Simulated time in milliseconds since 1970 UTC."""
        return self._floor.now_ms

    def listing(self, name: str) -> Listing:
        """A listed instrument. Raises Refused: not_found, or book_closed when it has expired."""
        return self._floor.listing(name)

    def mark(self, name: str) -> Mark:
        """Mark of a listed instrument now."""
        return self.market.mark(name)

    def traded(self, name: str) -> Traded | None:
        """What traded in an instrument, or None when nothing did."""
        return self._floor.bookkeeper.traded(name)

    def last_price(self, name: str) -> float | None:
        """Price of the last print, or None when there was none."""
        traded = self.traded(name)
        return traded.last if traded else None

    def tape(self, name: str) -> list[PublicTrade]:
        """The last prints of an instrument, oldest first."""
        return self._floor.bookkeeper.tape(name)

    def depth(self, name: str) -> tuple[list[Level], list[Level]]:
        """Shown bids and asks of an instrument, best first."""
        return self._floor.depth(name)

    def disturbed(self, name: str) -> bool:
        """Whether accounts make the shown depth differ from the simulated market's."""
        return self._floor.disturbed(name)

    def disturbed_names(self) -> list[str]:
        """Instruments whose shown depth accounts have changed."""
        return self._floor.disturbed_names()

    def summary(self, account: Account, currency: str) -> Summary:
        """Summary of one currency of an account."""
        return summarise(account, currency, self.market.mark, self.rules.margin)

    def order(self, account: Account, order_id: str) -> Order:
        """An order of the account. Raises Refused: order_not_found, or not_owner_of_order."""
        if order_id in account.orders:
            return account.orders[order_id]
        if any(order_id in other.orders for other in self.accounts.values()):
            raise Refused(Code.NOT_OWNER_OF_ORDER, param="order_id")
        raise Refused(Code.ORDER_NOT_FOUND, param="order_id")

    def drain(self) -> list[Event]:
        """Events since the last call, in order."""
        return self._floor.drain()

    # --- commands ----------------------------------------------------------------------------------

    def submit(self, account: Account, request: OrderRequest, real_now_ms: int) -> Placed:
        """Accept an order and match it. Raises Refused; then nothing has changed."""
        listing = self.listing(request.instrument)
        check_request(listing, request, real_now_ms)
        order = new_order(self._floor, account, listing, request)
        check(self._floor, account, listing, order)
        account.orders[order.order_id] = order
        account.position(listing)
        return Placed(order, tuple(self._floor.work(account, listing, order)))

    def edit(self, account: Account, order_id: str, amount: Decimal | None, price: Decimal | None) -> Placed:
        """Change amount or price of an open order; it keeps its place only when it merely shrinks.

        Raises Refused; then nothing has changed.
        """
        order = self._open_order(account, order_id)
        listing = self.listing(order.instrument)
        new_amount = order.amount if amount is None else amount
        new_price = order.price if price is None else price
        check_amount(listing, new_amount)
        check_price(listing, new_price)
        check_limits(order.side, new_price, price_limits(listing, self.mark(listing.name), self.rules.widths))
        if new_amount <= order.filled:
            raise Refused(Code.INVALID_PARAMS, f"{order.filled} is filled already", "amount")
        if new_price == order.price and new_amount <= order.amount:
            order.amount, order.replaced = new_amount, True
            self._floor.touch(order)
            return Placed(order, ())
        candidate = replace(order, amount=new_amount, price=new_price)
        candidate.price = post_only_price(self._floor, listing, candidate)
        del account.open_orders[order_id]
        try:
            check(self._floor, account, listing, candidate)
        except Refused:
            account.open_orders[order_id] = order
            raise
        self._floor.remove(order)
        order.amount, order.price = candidate.amount, candidate.price
        order.sequence, order.replaced = self._floor.next_sequence(), True
        return Placed(order, tuple(self._floor.work(account, listing, order)))

    def cancel(self, account: Account, order_id: str, reason: str = "user_request") -> Order:
        """Cancel an open order. Raises Refused: order_not_found, or not_open_order."""
        order = self._open_order(account, order_id)
        if self._floor.conduct.fills_before_cancel(order):
            self._floor.fill_anyway(account, order)
            order = self._open_order(account, order_id)
        self._close(account, order, reason)
        return order

    def cancel_where(self, account: Account, chosen: Callable[[Order], bool], reason: str) -> list[Order]:
        """Cancel every open order that ``chosen`` says yes to."""
        cancelled: list[Order] = []
        for order in [order for order in account.open_orders.values() if chosen(order)]:
            if self._floor.conduct.fills_before_cancel(order):
                self._floor.fill_anyway(account, order)
            else:
                self._close(account, order, reason)
                cancelled.append(order)
        return cancelled

    def fill_anyway(self, order: Order) -> None:
        """Fill what is left of an order at its price, although it was cancelled; nothing once it expired."""
        if order.instrument in self.market.listings:
            self._floor.fill_anyway(self.accounts[order.account], order)

    def trade_by_hand(
        self, account: Account, name: str, side: Side, amount: Decimal, origin: Origin = Origin.BY_HAND
    ) -> Placed:
        """Trade at market in the account without any client's label, as if done elsewhere."""
        request = OrderRequest(
            name,
            side,
            amount,
            OrderType.MARKET,
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
            origin=origin,
        )
        return self.submit(account, request, 0)

    def transfer(self, account: Account, currency: str, amount: float) -> None:
        """Bring ``amount`` of a currency into the account."""
        wallet = account.wallet(currency)
        wallet.balance += amount
        account.record(
            LogEntry(
                self._floor.next_id(), self.now_ms, LogType.TRANSFER, currency, amount, wallet.balance, amount
            )
        )
        self._floor.emit(WalletChanged(account.name, currency))

    def open_position(self, account: Account, execution: Execution) -> None:
        """Bring a position into the account at an entry price, without an order."""
        execute(account, execution)
        self._floor.emit(WalletChanged(account.name, execution.listing.settlement_currency))

    def charge_funding(self, account: Account, rate: float) -> None:
        """Charge ``rate`` (a fraction of their value, positive when longs pay) to all perpetuals held."""
        for position in account.held():
            if position.is_perpetual:
                accrue_funding(account, position, rate, self.market.mark(position.listing.name).mark_price)
                self._floor.emit(WalletChanged(account.name, position.listing.settlement_currency))

    def expire(self, names: Collection[str]) -> None:
        """Deliver instruments now at their index and delist them; their orders are cancelled."""
        listings = [self.listing(name) for name in names]
        prices = {listing.name: self.market.index(listing.index_name) for listing in listings}
        stamp = Stamp(self.now_ms, self._floor.next_id)
        for account in self.accounts.values():
            self.cancel_where(account, lambda order: order.instrument in prices, "expired")
            for position in account.held():
                if position.listing.name in prices:
                    deliver(account, position, prices[position.listing.name], stamp)
                    self._floor.emit(WalletChanged(account.name, position.listing.settlement_currency))
        self.market.delist(prices)

    # --- time --------------------------------------------------------------------------------------

    def advance(self, to_ns: int) -> None:
        """Move simulated time to ``to_ns``: the market, funding, resting orders, settlements on the way."""
        while (boundary := next_settlement_ns(self.market.now_ns)) <= to_ns:
            self._step(boundary - MILLISECOND)
            self._step(boundary)
            self._settle(boundary)
        self._step(to_ns)

    def _step(self, to_ns: int) -> None:
        since_ns = self.market.now_ns
        if to_ns <= since_ns:
            return
        self.market.advance(to_ns)
        for account in self.accounts.values():
            for position in account.held():
                if position.is_perpetual:
                    name = position.listing.name
                    rate = self.market.funding_rate_value(name, since_ns, to_ns)
                    accrue_funding(account, position, rate, self.market.mark(name).mark_price)
        prints = self.market.prints(since_ns)
        for tape in prints:
            if tape.name not in self.market.listings:
                continue
            self._floor.bookkeeper.publish_print(tape)
        self._floor.meet_resting(prints)

    def _settle(self, boundary_ns: int) -> None:
        names = list(self.market.listings)
        marks = self.market.marks(names)
        self.settlement_prices = {mark.name: mark.mark_price for mark in marks}
        stamp = Stamp(boundary_ns // MILLISECOND, self._floor.next_id)
        for account in self.accounts.values():
            self.cancel_where(account, lambda order: order.instrument not in self.market.listings, "expired")
            for position in account.held():
                if position.listing.expiration_ns <= boundary_ns:
                    price = self._delivery_price(position.listing, boundary_ns)
                    deliver(account, position, price, stamp)
            for currency in list(account.wallets):
                settle_session(account, currency, self.market.mark, stamp)
                self._floor.emit(WalletChanged(account.name, currency))

    def _delivery_price(self, listing: Listing, boundary_ns: int) -> float:
        prices = self.market.delivery_prices(listing.index_name)
        if not prices:
            raise HedgingError(f"no delivery price of {listing.index_name} at {boundary_ns}")
        return prices[0].price

    def _close(self, account: Account, order: Order, reason: str) -> None:
        """Cancel an open order, and let it be known."""
        self._floor.close(account, order, reason)
        self._floor.conduct.ended_unfilled(order)

    def _open_order(self, account: Account, order_id: str) -> Order:
        order = self.order(account, order_id)
        if order.state is not OrderState.OPEN:
            raise Refused(Code.NOT_OPEN_ORDER, f"the order is {order.state}", "order_id")
        return order
