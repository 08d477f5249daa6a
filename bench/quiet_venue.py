"""Venues in memory, an account of ours at each: what it holds, and what becomes of orders.

About half of all instruments are held. Of Binance's options nothing is: it states no forward for them, and
the engine would count a gap. Every venue states the delta that its own prices give: the proof is green.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from decimal import Decimal
from typing import TypeVar, TypeVarTuple

import numpy as np

from bench.venue_texts import STEPS, Array, Listed, index_at
from hedging.clock import monotonic_ns
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument, Kind
from hedging.model.snapshot import Gap
from hedging.model.trading import Fill, Order, OrderReport, OrderState
from hedging.model.venue_profile import DERIBIT, DeadMan, VenueProfile
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading_session import Funds

VENUES = ("deribit", "okx", "bybit", "binance")
TRADED = "deribit"
HELD_SHARE = 0.6
WANTED_SWING = 16.0  # coins that the book's delta moves by over the whole grid
SLOW = 5  # every so many orders the venue only takes on, and fills it a while later
SLOW_SECONDS = 0.4
WIRE_SECONDS = 0.02

Answered = TypeVar("Answered")
Arguments = TypeVarTuple("Arguments")


class Book:
    """What each account holds; deltas by table, so that a venue states what its prices say."""

    def __init__(self, listed: dict[str, list[Listed]], seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.options: dict[str, list[tuple[Listed, float]]] = {}
        for venue, all_of_it in listed.items():
            options = [each for each in all_of_it if each.instrument.kind is Kind.OPTION]
            held = [] if venue == "binance" else options[: int(HELD_SHARE * len(options))]
            sizes = 0.2 + np.abs(rng.normal(0.0, 1.0, len(held)))
            self.options[venue] = list(zip(held, sizes.tolist(), strict=True))
        self._scale()
        self.futures = {venue: all_of_it[0] for venue, all_of_it in listed.items()}
        self.dated = [each for each in listed["binance"] if each.instrument.kind is Kind.FUTURE]
        deltas = {venue: self._options_delta(venue) for venue in VENUES}
        middle = sum(float(each[STEPS // 2]) for each in deltas.values())
        self.base = dict.fromkeys(VENUES, 0.0)
        self.base["binance"] = -round(middle, 3) + 0.4 - 0.1 * len(self.dated)
        self._deltas = deltas

    def _scale(self) -> None:
        total = np.sum([self._options_delta(venue) for venue in VENUES], axis=0)
        swing = float(total[-1] - total[0])
        factor = WANTED_SWING / swing
        for venue, held in self.options.items():
            self.options[venue] = [(each, max(0.1, round(size * factor, 1))) for each, size in held]

    def _options_delta(self, venue: str) -> Array:
        rows = [each.delta * size for each, size in self.options[venue]]
        return np.sum(rows, axis=0) if rows else np.zeros(STEPS)

    def delta_black(self, venue: str, step: int) -> float:
        """Black's delta of the options of an account."""
        return float(self._deltas[venue][step])

    def positions(self, venue: str, hedge: Decimal, at: datetime) -> tuple[Position, ...]:
        """Every position; ``hedge`` is that of the perpetual, in USD, where we trade."""
        held = [
            (each.instrument, size / float(each.instrument.multiplier)) for each, size in self.options[venue]
        ]
        found = [_position(venue, instrument, Decimal(f"{size:.1f}"), at) for instrument, size in held]
        if venue == "binance":
            found.append(
                _position(venue, self.futures[venue].instrument, Decimal(f"{self.base[venue]:.3f}"), at)
            )
            found += [_position(venue, each.instrument, Decimal("0.1"), at) for each in self.dated]
        if hedge:
            found.append(_position(venue, self.futures[venue].instrument, hedge, at))
        return tuple(found)


def _position(venue: str, instrument: Instrument, amount: Decimal, at: datetime) -> Position:
    return Position(
        account=venue,
        instrument=instrument,
        amount=amount,
        average_price=None,
        floating_pnl=None,
        venue_delta=None,
        received_at=at,
    )


class Exchange:
    """One venue with one account of ours, named after it; ``submits`` and ``cancels``: begun at, in ns.

    ``looks``: of each submit, when its thread had looked at the latches, as ``looked`` tells.
    """

    def __init__(self, venue: str, book: Book, step: Callable[[], int], now: Callable[[], datetime]) -> None:
        self.venue = venue
        self.looked: Callable[[], int] = lambda: 0
        self.looks: list[int] = []
        self.submits: list[int] = []
        self.cancels: list[int] = []
        self.on_pushed: Callable[[Fill | Balance], None] = lambda _: None
        self.hedge = Decimal(0)
        self._book = book
        self._step = step
        self._now = now
        self._lock = threading.Lock()
        self._orders: dict[str, OrderReport] = {}
        self._fills: list[Fill] = []
        self._slow: list[tuple[int, Order]] = []

    def submit(self, order: Order) -> tuple[OrderReport, tuple[Fill, ...]]:
        """Fill it, or take it on and fill it a while later."""
        self.looks.append(self.looked())
        self.submits.append(monotonic_ns())
        time.sleep(WIRE_SECONDS)
        with self._lock:
            if len(self.submits) % SLOW == 0:
                self._slow.append((monotonic_ns() + int(SLOW_SECONDS * 1e9), order))
                self._orders[order.client_id] = self._report(order, OrderState.ACKED, Decimal(0))
                return self._orders[order.client_id], ()
            fill = self._fill(order)
        self.on_pushed(fill)
        return self._orders[order.client_id], (fill,)

    def _fill(self, order: Order) -> Fill:
        self._orders[order.client_id] = self._report(order, OrderState.FILLED, order.amount)
        self.hedge += order.amount * order.side
        fill = Fill(
            venue=self.venue,
            account=order.account,
            trade_id=f"t{len(self._fills)}",
            venue_order_id=f"v-{order.client_id}",
            client_id=order.client_id,
            instrument=order.instrument,
            side=order.side,
            amount=order.amount,
            price=order.limit_price,
            fee=Decimal(0),
            fee_currency="BTC",
            at=self._now(),
        )
        self._fills.append(fill)
        return fill

    def _report(self, order: Order, state: OrderState, filled: Decimal) -> OrderReport:
        return OrderReport(
            venue_id=f"v-{order.client_id}",
            client_id=order.client_id,
            instrument=order.instrument,
            state=state,
            amount=order.amount,
            filled=filled,
            average_price=order.limit_price if filled else None,
            at=self._now(),
        )

    def work(self) -> None:
        """Fill what was taken on long enough ago."""
        with self._lock:
            due = [order for at, order in self._slow if monotonic_ns() >= at]
            self._slow = [(at, order) for at, order in self._slow if monotonic_ns() < at]
            fills = [self._fill(order) for order in due]
        for fill in fills:
            self.on_pushed(fill)

    def cancel(self, order: Order) -> OrderReport | None:
        """Take a working order out."""
        self.cancels.append(monotonic_ns())
        time.sleep(WIRE_SECONDS)
        with self._lock:
            if any(order.client_id == each.client_id for _, each in self._slow):
                self._slow = [(at, each) for at, each in self._slow if each.client_id != order.client_id]
                self._orders[order.client_id] = self._report(order, OrderState.CANCELLED, Decimal(0))
            return self._orders.get(order.client_id)

    def report(self, order: Order) -> OrderReport | None:
        """What is known of an order."""
        with self._lock:
            return self._orders.get(order.client_id)

    def open_orders(self) -> tuple[OrderReport, ...]:
        """What works."""
        with self._lock:
            return tuple(each for each in self._orders.values() if each.state is OrderState.ACKED)

    def fills(self, since: datetime) -> tuple[Fill, ...]:
        """Trades from ``since`` on."""
        with self._lock:
            return tuple(fill for fill in self._fills if fill.at >= since)

    def positions(self) -> tuple[Position, ...]:
        """All of them."""
        with self._lock:
            return self._book.positions(self.venue, self.hedge, self._now())

    def balances(self) -> tuple[Balance, ...]:
        """One for each margin currency in which something is held, with the delta that the venue states."""
        step = self._step()
        delta = {"BTC": self._book.delta_black(self.venue, step)}
        if self.venue == TRADED:
            with self._lock:
                delta["BTC"] += float(self.hedge) / index_at(step)
        if self.venue == "binance":
            delta = {"USDT": self._book.base["binance"] + 0.1 * len(self._book.dated)}
        elif self.venue == "bybit":
            delta = {"USDT": delta["BTC"]}
        return tuple(self._balance(currency, black) for currency, black in delta.items())

    def _balance(self, currency: str, black: float) -> Balance:
        equity = 500.0 if currency == "BTC" else 5e7
        return Balance(
            account=self.venue,
            currency=currency,
            equity=equity,
            available=equity,
            initial_margin=0.0,
            maintenance_margin=0.0,
            delta_total=(),
            received_at=self._now(),
            delta_black=(("BTC", black),),
        )


class QuietSession:
    """A session of an account on one worker thread, as the real ones are."""

    gaps: tuple[Gap, ...] = ()
    settlement_currencies: tuple[str, ...] = ("BTC",)

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"venue-{exchange.venue}")

    @property
    def venue(self) -> str:
        """Whose account it is."""
        return self._exchange.venue

    @property
    def profile(self) -> VenueProfile:
        """How it treats orders."""
        return DERIBIT

    async def run(self, function: Callable[[*Arguments], Answered], *arguments: *Arguments) -> Answered:
        """Await a method on the worker thread."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    def close(self) -> None:
        """End the worker."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def submit(
        self, order: Order, instrument: Instrument, time_in_force: TimeInForce
    ) -> tuple[OrderReport, tuple[Fill, ...]]:
        """Send an order."""
        return self._exchange.submit(order)

    def cancel(self, order: Order) -> OrderReport | None:
        """Cancel an order."""
        return self._exchange.cancel(order)

    def find(self, order: Order) -> OrderReport | None:
        """Look an order up."""
        return self._exchange.report(order)

    def open_orders(self) -> tuple[OrderReport, ...]:
        """What works."""
        return self._exchange.open_orders()

    def fills(self, currency: str, since: datetime) -> tuple[Fill, ...]:
        """Trades from ``since`` on."""
        return self._exchange.fills(since)

    def fills_of(self, venue_order_id: str, instrument: str) -> tuple[Fill, ...]:
        """Trades of one order."""
        early = datetime.min.replace(tzinfo=self._exchange.positions()[0].received_at.tzinfo)
        return tuple(fill for fill in self._exchange.fills(early) if fill.venue_order_id == venue_order_id)

    def positions(self) -> tuple[Position, ...]:
        """What is held."""
        return self._exchange.positions()

    def funds(self) -> Funds:
        """Balances."""
        return Funds(self._exchange.balances())

    def server_time_offset(self) -> float:
        """The clocks agree."""
        return 0.0

    def ticker_groups(self, names: Sequence[str]) -> Sequence[Sequence[str]]:
        """Nothing is asked for: every price is pushed."""
        return ()

    def tickers(self, names: Sequence[str]) -> tuple[()]:
        """Nothing: every price is pushed."""
        return ()

    def keep_alive(self, seconds: int, names: Sequence[str]) -> DeadMan:
        """Nothing stands guard."""
        return DeadMan.NONE
