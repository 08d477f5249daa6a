"""The trading floor: books, matching and the booking of fills; orders here have been accepted already."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_FLOOR, Decimal
from itertools import count

from hedging.paper.account import Account
from hedging.paper.bookkeeping import MILLISECOND, Bookkeeper
from hedging.paper.conduct import Conduct
from hedging.paper.events import Event, OrderChanged
from hedging.paper.listing import Listing
from hedging.paper.margin import MarginParameters
from hedging.paper.market import Market
from hedging.paper.market_nouns import Print as MarketPrint
from hedging.paper.matching import REFILL_NS, Level, Match, OrderBook, Print, Take
from hedging.paper.order_rules import LimitWidths, exact
from hedging.paper.orders import ZERO, Fill, Liquidity, Order, OrderState, OrderType, TimeInForce
from hedging.paper.refusal import Code, Refused
from hedging.units import Side


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be set about the exchange."""

    margin: MarginParameters = field(default_factory=MarginParameters)
    widths: LimitWidths = field(default_factory=LimitWidths)
    refill_ns: int = REFILL_NS


class Floor:
    """The books of all instruments, and what happened on them since it was last asked."""

    def __init__(
        self,
        market: Market,
        accounts: Mapping[str, Account],
        rules: Rules,
        conduct: Conduct,
    ) -> None:
        self.market = market
        self.rules = rules
        self._accounts = accounts
        self.conduct = conduct
        self._books: dict[str, OrderBook] = {}
        self._ids = count(1)
        self._sequence = count(1)
        self._events: list[Event] = []
        self.bookkeeper = Bookkeeper(market, self.next_id, self.emit, conduct)

    # --- numbers, and what is told -----------------------------------------------------------------

    @property
    def now_ms(self) -> int:
        """Simulated time in milliseconds since 1970 UTC."""
        return self.market.now_ns // MILLISECOND

    def next_id(self) -> int:
        """A number no order, fill or log line has yet."""
        return next(self._ids)

    def next_sequence(self) -> int:
        """A place behind every order so far."""
        return next(self._sequence)

    def emit(self, event: Event) -> None:
        """Note an event for the connections."""
        self._events.append(event)

    def drain(self) -> list[Event]:
        """Events since the last call, in order."""
        events, self._events = self._events, []
        return events

    # --- books -------------------------------------------------------------------------------------

    def listing(self, name: str) -> Listing:
        """A listed instrument. Raises Refused: not_found, or book_closed when it has expired."""
        if name in self.market.listings:
            return self.market.listings[name]
        if name in self.market.expired:
            raise Refused(Code.BOOK_CLOSED, f"{name} has expired", "instrument_name")
        raise Refused(Code.NOT_FOUND, f"no instrument {name}", "instrument_name")

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

    def own_resting(self, order: Order) -> list[Order]:
        """Resting orders of the same account on the other side."""
        book = self._book(self.listing(order.instrument))
        return [other for other in book.resting(order.side.opposite) if other.account == order.account]

    def remove(self, order: Order) -> None:
        """Take a resting order out of its book."""
        if order.instrument in self._books:
            self._books[order.instrument].remove(order)

    # --- matching ----------------------------------------------------------------------------------

    def work(self, account: Account, listing: Listing, order: Order) -> list[Fill]:
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
            self.conduct.ended_unfilled(order)
        self.touch(order)
        return [replace(fill, state=order.state) for fill in fills]

    def _match(self, account: Account, listing: Listing, order: Order) -> list[Fill]:
        bids, asks = self._simulated(listing.name)
        opposite = asks if order.side is Side.BUY else bids
        book, now_ns = self._book(listing), self.market.now_ns
        lot = exact(listing.min_trade_amount)
        wanted = self.conduct.may_fill(order, lot) / lot
        take = Take(order.side, wanted.to_integral_value(rounding=ROUND_FLOOR) * lot, order.price)
        all_or_none = order.request.time_in_force is TimeInForce.FILL_OR_KILL
        if all_or_none and book.fillable(take, opposite, now_ns) < order.remaining:
            return []
        fills: list[Fill] = []
        for match in book.take(take, opposite, now_ns):
            amount = match.amount if match.maker is None else self._fill_maker(match.maker, match.amount)
            if amount:
                fills.append(self._fill_taker(account, listing, order, replace(match, amount=amount)))
        return fills

    def _fill_taker(self, account: Account, listing: Listing, order: Order, match: Match) -> Fill:
        fill = self.bookkeeper.book(account, listing, order, (match.price, match.amount, Liquidity.TAKER))
        self.bookkeeper.publish(fill, fill.side)
        self._trim_reduce_only(account, listing)
        return fill

    def _fill_maker(self, order: Order, amount: Decimal, *, on_tape: bool = False) -> Decimal:
        """Fill a resting order; returns the amount it took, less where reduce-only leaves less."""
        account, listing = self._accounts[order.account], self.listing(order.instrument)
        if order.request.reduce_only:
            amount = min(amount, self.reducible(account, listing, order))
        if amount <= 0 or order.state is not OrderState.OPEN:
            return ZERO
        fill = self.bookkeeper.book(account, listing, order, (order.price, amount, Liquidity.MAKER))
        if not order.remaining:
            order.state = OrderState.FILLED
            del account.open_orders[order.order_id]
            self._book(listing).remove(order)
        self.touch(order)
        if on_tape:
            self.bookkeeper.publish(fill, fill.side.opposite)
        self._trim_reduce_only(account, listing)
        return amount

    def meet_resting(self, tape: Sequence[MarketPrint]) -> None:
        """Give resting orders what the moved market and its prints since the last call bring them."""
        waiting = [name for name, book in self._books.items() if book.has_resting]
        if not waiting or self.conduct.holds_resting:
            return
        prints: dict[str, list[Print]] = defaultdict(list)
        for trade in tape:
            prints[trade.name].append(Print(exact(trade.price), exact(trade.amount), trade.side))
        for name in waiting:
            if name not in self.market.listings:
                continue
            bids, asks = self._simulated(name)
            for met in self._books[name].met(bids, asks, prints[name], self.market.now_ns):
                self._fill_maker(met.order, met.amount, on_tape=True)

    def fill_anyway(self, account: Account, order: Order) -> None:
        """Fill what is left of an order at its price, open or cancelled, whatever the market shows."""
        amount, listing = order.remaining, self.listing(order.instrument)
        if amount <= 0:
            return
        fill = self.bookkeeper.book(account, listing, order, (order.price, amount, Liquidity.MAKER))
        order.state, order.cancel_reason = OrderState.FILLED, ""
        account.open_orders.pop(order.order_id, None)
        self.remove(order)
        self.touch(order)
        self.bookkeeper.publish(fill, fill.side.opposite)
        self._trim_reduce_only(account, listing)

    def reducible(self, account: Account, listing: Listing, order: Order) -> Decimal:
        """Amount of the position that ``order`` would close."""
        size = account.position(listing).size
        return abs(size) if size * order.side < 0 else ZERO

    def _trim_reduce_only(self, account: Account, listing: Listing) -> None:
        """Shrink or cancel resting reduce-only orders that have less left to reduce than they would."""
        for order in list(account.open_orders.values()):
            if order.request.reduce_only and order.instrument == listing.name:
                left = self.reducible(account, listing, order)
                if not left:
                    self.close(account, order, "reduce_only")
                elif left < order.remaining:
                    order.amount = order.filled + left
                    self.touch(order)

    # --- small parts -------------------------------------------------------------------------------

    def close(self, account: Account, order: Order, reason: str) -> None:
        """Cancel an open order."""
        order.state, order.cancel_reason = OrderState.CANCELLED, reason
        account.open_orders.pop(order.order_id, None)
        self.remove(order)
        self.touch(order)

    def touch(self, order: Order) -> None:
        """Note that an order changed."""
        order.updated_ms = self.now_ms
        self.emit(OrderChanged(order))

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
