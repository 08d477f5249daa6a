"""Booking of executions: the fill, its fee and P&L, the transaction log, and the public tape."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from hedging.paper.account import Account, Execution, LogEntry, LogType, average, execute, trading_fee
from hedging.paper.conduct import Conduct
from hedging.paper.events import Event, Filled, Printed, WalletChanged
from hedging.paper.listing import Listing, ListingKind
from hedging.paper.market import Market
from hedging.paper.market_nouns import Print
from hedging.paper.orders import Fill, Liquidity, Order, OrderState, PublicTrade
from hedging.units import Side

MILLISECOND = 1_000_000
TAPE_LENGTH = 200


@dataclass(slots=True)
class Traded:
    """What traded in an instrument since the start; prices as quoted, volumes in coin and USD."""

    first: float
    last: float
    low: float
    high: float
    direction: int = 0
    volume_coin: float = 0.0
    volume_usd: float = 0.0

    def add(self, price: float, direction: int) -> None:
        """Note one more price."""
        self.last, self.direction = price, direction
        self.low, self.high = min(self.low, price), max(self.high, price)


class Bookkeeper:
    """Writes executions into accounts, numbers them, and tells who must know through ``emit``."""

    def __init__(
        self, market: Market, next_id: Callable[[], int], emit: Callable[[Event], None], conduct: Conduct
    ) -> None:
        self._conduct = conduct
        self._market = market
        self._next_id = next_id
        self._emit = emit
        self._trade_seq: dict[str, int] = defaultdict(int)
        self._traded: dict[str, Traded] = {}
        self._tapes: dict[str, deque[PublicTrade]] = {}

    def traded(self, name: str) -> Traded | None:
        """What traded in an instrument, or None when nothing did."""
        return self._traded.get(name)

    def tape(self, name: str) -> list[PublicTrade]:
        """The last prints of an instrument, oldest first."""
        return list(self._tapes.get(name, ()))

    def book(
        self, account: Account, listing: Listing, order: Order, match: tuple[Decimal, Decimal, Liquidity]
    ) -> Fill:
        """Book an execution of ``order``; ``match`` is price, amount and the side of the spread."""
        exact_price, exact_amount, liquidity = match
        price, amount = float(exact_price), float(exact_amount)
        mark = self._market.mark(listing.name)
        maker = liquidity is Liquidity.MAKER
        fee = trading_fee(listing, exact_amount, price, mark.index_price, maker=maker)
        fee_currency = self._conduct.fee_currency(listing)
        foreign = fee_currency != listing.settlement_currency
        realised = execute(
            account, Execution(listing, order.side, exact_amount, price, 0.0 if foreign else fee)
        )
        if foreign:
            fee = self._take_elsewhere(account, (fee, listing.settlement_currency), fee_currency)
        lots = [(amount, price)]
        if order.average_price is not None:
            lots.append((float(order.filled), order.average_price))
        order.average_price = average(listing, lots)
        order.filled += exact_amount
        order.commission += fee
        order.profit_loss += realised
        option = listing.kind is ListingKind.OPTION
        fill = Fill(
            trade_id=f"{listing.settlement_currency}-{self._next_id()}",
            trade_seq=self._next_seq(listing.name),
            account=account.name,
            order_id=order.order_id,
            instrument=listing.name,
            side=order.side,
            price=price,
            amount=amount,
            liquidity=liquidity,
            fee=fee,
            fee_currency=fee_currency,
            profit_loss=realised,
            mark_price=mark.mark_price,
            index_price=mark.index_price,
            timestamp_ms=self._market.now_ns // MILLISECOND,
            order=order,
            state=OrderState.OPEN if order.remaining else OrderState.FILLED,
            tick_direction=self._direction(listing.name, price),
            iv=mark.mark_iv,
            underlying_price=mark.underlying_price if option else None,
        )
        account.fills.append(fill)
        self._log(account, listing, fill)
        self._emit(Filled(fill))
        self._emit(WalletChanged(account.name, listing.settlement_currency))
        return fill

    def _take_elsewhere(self, account: Account, fee: tuple[float, str], currency: str) -> float:
        """Take a fee out of another wallet, at the indices; returns it in that currency."""
        amount = fee[0] * self._usd(fee[1]) / self._usd(currency)
        account.wallet(currency).balance -= amount
        self._emit(WalletChanged(account.name, currency))
        return amount

    def _usd(self, currency: str) -> float:
        return 1.0 if currency == "USDC" else self._market.index(f"{currency.lower()}_usd")

    def publish(self, fill: Fill, taker: Side) -> None:
        """Put a fill of an account on the public tape."""
        trade = PublicTrade(
            trade_id=fill.trade_id,
            trade_seq=fill.trade_seq,
            instrument=fill.instrument,
            side=taker,
            price=fill.price,
            amount=fill.amount,
            mark_price=fill.mark_price,
            index_price=fill.index_price,
            timestamp_ms=fill.timestamp_ms,
            tick_direction=fill.tick_direction,
        )
        self._remember(trade)

    def publish_print(self, tape: Print) -> None:
        """Put a trade inside the simulated market on the public tape."""
        mark = self._market.mark(tape.name)
        direction = self._direction(tape.name, tape.price)
        trade = PublicTrade(
            trade_id=f"{tape.name}-{self._next_id()}",
            trade_seq=self._next_seq(tape.name),
            instrument=tape.name,
            side=tape.side,
            price=tape.price,
            amount=tape.amount,
            mark_price=mark.mark_price,
            index_price=mark.index_price,
            timestamp_ms=tape.time_ns // MILLISECOND,
            tick_direction=direction,
        )
        self._remember(trade)

    def _remember(self, trade: PublicTrade) -> None:
        listing = self._market.listings[trade.instrument]
        price = trade.price
        traded = self._traded.setdefault(trade.instrument, Traded(price, price, price, price))
        traded.add(trade.price, trade.tick_direction)
        in_dollars = listing.inverse and listing.kind is not ListingKind.OPTION
        coins = trade.amount / trade.price if in_dollars else trade.amount
        self._tapes.setdefault(trade.instrument, deque(maxlen=TAPE_LENGTH)).append(trade)
        traded.volume_coin += coins
        traded.volume_usd += coins * trade.index_price
        self._emit(Printed(trade))

    def _direction(self, name: str, price: float) -> int:
        """Deribit's tick direction: 0 plus, 1 zero-plus, 2 minus, 3 zero-minus."""
        if name not in self._traded:
            return 0
        last, direction = self._traded[name].last, self._traded[name].direction
        if price > last:
            return 0
        if price < last:
            return 2
        return 1 if direction < 2 else 3

    def _next_seq(self, name: str) -> int:
        self._trade_seq[name] += 1
        return self._trade_seq[name]

    def _log(self, account: Account, listing: Listing, fill: Fill) -> None:
        wallet = account.wallet(listing.settlement_currency)
        option = listing.kind is ListingKind.OPTION
        cashflow = -fill.side * fill.amount * fill.price if option else 0.0
        fee = fill.fee if fill.fee_currency == wallet.currency else 0.0
        account.record(
            LogEntry(
                self._next_id(),
                fill.timestamp_ms,
                LogType.TRADE,
                wallet.currency,
                cashflow - fee,
                wallet.balance,
                cashflow,
                fee,
                listing.name,
                fill.amount,
                fill.price,
                fill.side,
                float(account.position(listing).size),
                fill.order_id,
                fill.trade_id,
                fill.order.label,
            )
        )
