"""The exchange without its wires: commands in, events out, time moved from outside.

It holds no clock and no socket: the server hands in simulated time through :meth:`Exchange.advance` and real
time (for ``valid_until``) with each command.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from itertools import count

from hedging.errors import BadInput
from hedging.paper.account import Account, Execution, LogEntry, LogType, execute, trading_fee
from hedging.paper.bookkeeping import MILLISECOND, Bookkeeper, Traded
from hedging.paper.events import Event, OrderChanged, WalletChanged
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.margin import MarginParameters
from hedging.paper.market import Market
from hedging.paper.market_nouns import Mark
from hedging.paper.market_nouns import Print as MarketPrint
from hedging.paper.matching import REFILL_NS, Level, Match, OrderBook, Print, Take
from hedging.paper.order_rules import (
    LimitWidths,
    check_amount,
    check_limits,
    check_overlap,
    check_price,
    check_request,
    exact,
    price_limits,
    tick_at,
)
from hedging.paper.orders import (
    ZERO,
    Fill,
    Liquidity,
    Order,
    OrderRequest,
    OrderState,
    OrderType,
    Origin,
    PostOnly,
    PublicTrade,
    TimeInForce,
)
from hedging.paper.refusal import Code, Refused
from hedging.paper.settlement import Stamp, accrue_funding, deliver, next_settlement_ns, settle_session
from hedging.paper.valuation import Summary, open_order_margin, summarise
from hedging.units import Side

CURRENCIES = ("BTC", "ETH", "USDC")


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set about the exchange."""

    margin: MarginParameters = field(default_factory=MarginParameters)
    widths: LimitWidths = field(default_factory=LimitWidths)
    refill_ns: int = REFILL_NS


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
        fill_share: Callable[[], Decimal] = lambda: Decimal(1),
    ) -> None:
        self.market = market
        self.accounts = {account.name: account for account in accounts}
        self.rules = rules or Rules()
        self._fill_share = fill_share
        self._books: dict[str, OrderBook] = {}
        self._ids = count(1)
        self._sequence = count(1)
        self._events: list[Event] = []
        self._bookkeeper = Bookkeeper(market, lambda: next(self._ids), self._emit)

    # --- what there is ---------------------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Simulated time in milliseconds since 1970 UTC."""
        return self.market.now_ns // MILLISECOND

    def listing(self, name: str) -> Listing:
        """A listed instrument. Raises Refused: not_found, or book_closed when it has expired."""
        if name in self.market.listings:
            return self.market.listings[name]
        if name in self.market.expired:
            raise Refused(Code.BOOK_CLOSED, f"{name} has expired", "instrument_name")
        raise Refused(Code.NOT_FOUND, f"no instrument {name}", "instrument_name")

    def mark(self, name: str) -> Mark:
        """Mark of a listed instrument now."""
        return self.market.mark(name)

    def traded(self, name: str) -> Traded | None:
        """What traded in an instrument, or None when nothing did."""
        return self._bookkeeper.traded(name)

    def last_price(self, name: str) -> float | None:
        """Price of the last print, or None when there was none."""
        traded = self.traded(name)
        return traded.last if traded else None

    def tape(self, name: str) -> list[PublicTrade]:
        """The last prints of an instrument, oldest first."""
        return self._bookkeeper.tape(name)

    def depth(self, name: str) -> tuple[list[Level], list[Level]]:
        """Shown bids and asks of an instrument, best first."""
        bids, asks = self._simulated(name)
        book, now_ns = self._book(self.listing(name)), self.market.now_ns
        return book.depth(Side.BUY, bids, now_ns), book.depth(Side.SELL, asks, now_ns)

    def disturbed(self, name: str) -> bool:
        """Whether accounts make the shown depth differ from the simulated market's."""
        return name in self._books and self._books[name].disturbed(self.market.now_ns)

    def disturbed_names(self) -> list[str]:
        """Instruments whose shown depth accounts have changed."""
        return [name for name in self._books if self.disturbed(name)]

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
        events, self._events = self._events, []
        return events

    # --- commands --------------------------------------------------------------------------------

    def submit(self, account: Account, request: OrderRequest, real_now_ms: int) -> Placed:
        """Accept an order and match it. Raises Refused; then nothing has changed."""
        listing = self.listing(request.instrument)
        check_request(listing, request, real_now_ms)
        order = self._new_order(account, listing, request)
        self._check(account, listing, order)
        account.orders[order.order_id] = order
        account.position(listing)
        return Placed(order, tuple(self._work(account, listing, order)))

    def edit(
        self, account: Account, order_id: str, amount: Decimal | None, price: Decimal | None
    ) -> Placed:
        """Change amount or price of an open order; it keeps its place only when it merely shrinks.

        Raises Refused; then nothing has changed.
        """
        order = self._open_order(account, order_id)
        listing = self.listing(order.instrument)
        new_amount = order.amount if amount is None else amount
        new_price = order.price if price is None else price
        check_amount(listing, new_amount)
        check_price(listing, new_price)
        if new_amount <= order.filled:
            raise Refused(Code.INVALID_PARAMS, f"{order.filled} is filled already", "amount")
        if new_price == order.price and new_amount <= order.amount:
            order.amount, order.replaced = new_amount, True
            self._touch(order)
            return Placed(order, ())
        candidate = replace(order, amount=new_amount, price=new_price)
        candidate.price = self._post_only_price(listing, candidate)
        del account.open_orders[order_id]
        try:
            self._check(account, listing, candidate)
        except Refused:
            account.open_orders[order_id] = order
            raise
        self._book(listing).remove(order)
        order.amount, order.price = candidate.amount, candidate.price
        order.sequence, order.replaced = next(self._sequence), True
        return Placed(order, tuple(self._work(account, listing, order)))

    def cancel(self, account: Account, order_id: str, reason: str = "user_request") -> Order:
        """Cancel an open order. Raises Refused: order_not_found, or not_open_order."""
        order = self._open_order(account, order_id)
        self._close(account, order, reason)
        return order

    def cancel_where(self, account: Account, chosen: Callable[[Order], bool], reason: str) -> list[Order]:
        """Cancel every open order that ``chosen`` says yes to."""
        orders = [order for order in account.open_orders.values() if chosen(order)]
        for order in orders:
            self._close(account, order, reason)
        return orders

    def trade_by_hand(self, account: Account, name: str, side: Side, amount: Decimal) -> Placed:
        """Trade at market in the account without any client's label, as if done elsewhere."""
        request = OrderRequest(
            name,
            side,
            amount,
            OrderType.MARKET,
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
            origin=Origin.BY_HAND,
        )
        return self.submit(account, request, 0)

    def transfer(self, account: Account, currency: str, amount: float) -> None:
        """Bring ``amount`` of a currency into the account."""
        wallet = account.wallet(currency)
        wallet.balance += amount
        account.record(
            LogEntry(
                next(self._ids), self.now_ms, LogType.TRANSFER, currency, amount, wallet.balance, amount
            )
        )
        self._emit(WalletChanged(account.name, currency))

    def open_position(self, account: Account, execution: Execution) -> None:
        """Bring a position into the account at an entry price, without an order."""
        execute(account, execution)
        self._emit(WalletChanged(account.name, execution.listing.settlement_currency))

    # --- time ------------------------------------------------------------------------------------

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
            self._bookkeeper.publish_print(tape)
        self._meet_resting(prints)

    def _meet_resting(self, tape: list[MarketPrint]) -> None:
        waiting = [name for name, book in self._books.items() if book.has_resting]
        if not waiting or self._fill_share() < 1:
            return
        prints: dict[str, list[Print]] = defaultdict(list)
        for trade in tape:
            prints[trade.name].append(Print(exact(trade.price), exact(trade.amount), trade.side))
        for name in waiting:
            if name not in self.market.listings:
                continue
            bids, asks = self._simulated(name)
            for met in self._books[name].met(bids, asks, prints[name], self.market.now_ns):
                self._fill_maker(met.order, met.amount)

    def _settle(self, boundary_ns: int) -> None:
        stamp = Stamp(boundary_ns // MILLISECOND, lambda: next(self._ids))
        for account in self.accounts.values():
            self.cancel_where(account, lambda order: order.instrument not in self.market.listings, "expired")
            for position in account.held():
                if position.listing.expiration_ns <= boundary_ns:
                    price = self._delivery_price(position.listing, boundary_ns)
                    deliver(account, position, price, stamp)
            for currency in list(account.wallets):
                settle_session(account, currency, self.market.mark, stamp)
                self._emit(WalletChanged(account.name, currency))

    def _delivery_price(self, listing: Listing, boundary_ns: int) -> float:
        prices = self.market.delivery_prices(listing.index_name)
        if not prices:
            raise BadInput(f"no delivery price of {listing.index_name} at {boundary_ns}")
        return prices[0].price

    # --- matching --------------------------------------------------------------------------------

    def _new_order(self, account: Account, listing: Listing, request: OrderRequest) -> Order:
        limits = price_limits(listing, self.market.mark(listing.name), self.rules.widths)
        price = request.price
        if price is None:
            price = limits.highest if request.side is Side.BUY else limits.lowest
        else:
            check_limits(request.side, price, limits)
        order = Order(
            order_id=f"{listing.settlement_currency}-{next(self._ids)}",
            account=account.name,
            request=request,
            price=price,
            amount=request.amount,
            sequence=next(self._sequence),
            created_ms=self.now_ms,
            updated_ms=self.now_ms,
        )
        if request.reduce_only:
            order.amount = min(order.amount, self._reducible(account, listing, order))
            if not order.amount:
                raise Refused(Code.OTHER_REJECT, "reduce_only: there is no position to reduce", "reduce_only")
        order.price = self._post_only_price(listing, order)
        return order

    def _post_only_price(self, listing: Listing, order: Order) -> Decimal:
        if order.request.post_only is PostOnly.NO:
            return order.price
        bids, asks = self.depth(listing.name)
        opposite = asks if order.side is Side.BUY else bids
        if not opposite or order.side * (order.price - opposite[0].price) < 0:
            return order.price
        if order.request.post_only is PostOnly.REJECT:
            raise Refused(Code.POST_ONLY_REJECT, f"it would trade at {opposite[0].price}", "price")
        best = opposite[0].price
        return best - order.side * tick_at(listing, best - order.side * exact(listing.tick_size))

    def _check(self, account: Account, listing: Listing, order: Order) -> None:
        """Check what needs the account: overlap with own orders, and funds. Raises Refused."""
        bids, asks = self.depth(listing.name)
        own = [
            other
            for other in self._book(listing).resting(order.side.opposite)
            if other.account == account.name
        ]
        check_overlap(order, own, asks if order.side is Side.BUY else bids)
        if order.request.origin is Origin.API:
            self._check_funds(account, listing, order)

    def _check_funds(self, account: Account, listing: Listing, order: Order) -> None:
        if listing.kind is ListingKind.SPOT and order.side is Side.SELL:
            if account.wallet(listing.base_currency).balance < float(order.remaining):
                raise Refused(Code.NOT_ENOUGH_FUNDS)
            return
        currency = listing.settlement_currency
        before = self.summary(account, currency)
        bound = open_order_margin(account, currency, self.market.mark, self.rules.margin)
        needed = open_order_margin(
            account, currency, self.market.mark, self.rules.margin, (listing, order)
        )
        mark = self.market.mark(listing.name)
        fee = trading_fee(listing, order.remaining, mark.mark_price, mark.index_price, maker=False)
        if needed > bound and before.available_funds - (needed - bound) - fee < 0.0:
            raise Refused(
                Code.NOT_ENOUGH_FUNDS,
                f"{needed - bound + fee:.6g} {currency} needed, {before.available_funds:.6g} available",
            )

    def _work(self, account: Account, listing: Listing, order: Order) -> list[Fill]:
        """Match an accepted order, then rest it, finish it or cancel what is left."""
        fills = self._match(account, listing, order)
        if not order.remaining:
            order.state = OrderState.FILLED
        elif order.request.type is OrderType.LIMIT and order.request.time_in_force.rests:
            bids, asks = self._simulated(listing.name)
            self._book(listing).rest(order, bids if order.side is Side.BUY else asks, self.market.now_ns)
            account.open_orders[order.order_id] = order
        else:
            order.state, order.cancel_reason = OrderState.CANCELLED, "unfilled"
        self._touch(order)
        return [replace(fill, state=order.state) for fill in fills]

    def _match(self, account: Account, listing: Listing, order: Order) -> list[Fill]:
        bids, asks = self._simulated(listing.name)
        opposite = asks if order.side is Side.BUY else bids
        book, now_ns = self._book(listing), self.market.now_ns
        lot = exact(listing.min_trade_amount)
        wanted = order.remaining * self._fill_share() / lot
        take = Take(order.side, wanted.to_integral_value(rounding=ROUND_FLOOR) * lot, order.price)
        all_or_none = order.request.time_in_force is TimeInForce.FILL_OR_KILL
        if all_or_none and book.fillable(take, opposite, now_ns) < order.remaining:
            return []
        return [self._fill_taker(account, listing, order, match) for match in book.take(take, opposite, now_ns)]

    def _fill_taker(self, account: Account, listing: Listing, order: Order, match: Match) -> Fill:
        if match.maker is not None:
            self._fill_maker(match.maker, match.amount, on_tape=False)
        fill = self._bookkeeper.book(
            account, listing, order, (match.price, match.amount, Liquidity.TAKER)
        )
        self._bookkeeper.publish(fill, fill.side)
        self._trim_reduce_only(account, listing)
        return fill

    def _fill_maker(self, order: Order, amount: Decimal, *, on_tape: bool = True) -> None:
        account, listing = self.accounts[order.account], self.listing(order.instrument)
        if order.request.reduce_only:
            amount = min(amount, self._reducible(account, listing, order))
        if amount <= 0 or order.state is not OrderState.OPEN:
            return
        fill = self._bookkeeper.book(account, listing, order, (order.price, amount, Liquidity.MAKER))
        if not order.remaining:
            order.state = OrderState.FILLED
            del account.open_orders[order.order_id]
            self._book(listing).remove(order)
        self._touch(order)
        if on_tape:
            self._bookkeeper.publish(fill, fill.side.opposite)
        self._trim_reduce_only(account, listing)

    def _reducible(self, account: Account, listing: Listing, order: Order) -> Decimal:
        """Amount of the position that ``order`` would close."""
        size = account.position(listing).size
        return abs(size) if size * order.side < 0 else ZERO

    def _trim_reduce_only(self, account: Account, listing: Listing) -> None:
        """Shrink or cancel resting reduce-only orders that have less left to reduce than they would."""
        for order in list(account.open_orders.values()):
            if order.request.reduce_only and order.instrument == listing.name:
                left = self._reducible(account, listing, order)
                if not left:
                    self._close(account, order, "reduce_only")
                elif left < order.remaining:
                    order.amount = order.filled + left
                    self._touch(order)

    # --- small parts -----------------------------------------------------------------------------

    def _emit(self, event: Event) -> None:
        self._events.append(event)

    def _open_order(self, account: Account, order_id: str) -> Order:
        order = self.order(account, order_id)
        if order.state is not OrderState.OPEN:
            raise Refused(Code.NOT_OPEN_ORDER, f"the order is {order.state}", "order_id")
        return order

    def _close(self, account: Account, order: Order, reason: str) -> None:
        order.state, order.cancel_reason = OrderState.CANCELLED, reason
        account.open_orders.pop(order.order_id, None)
        if order.instrument in self._books:
            self._books[order.instrument].remove(order)
        self._touch(order)

    def _touch(self, order: Order) -> None:
        order.updated_ms = self.now_ms
        self._emit(OrderChanged(order))

    def _book(self, listing: Listing) -> OrderBook:
        if listing.name not in self._books:
            lot = exact(listing.min_trade_amount)
            self._books[listing.name] = OrderBook(lot, self.rules.refill_ns)
        return self._books[listing.name]

    def _simulated(self, name: str) -> tuple[list[Level], list[Level]]:
        book = self.market.book(name)
        return (
            [Level(exact(level.price), exact(level.amount)) for level in book.bids],
            [Level(exact(level.price), exact(level.amount)) for level in book.asks],
        )
