"""The simulated market: one object that answers every question about prices at its simulated time.

All of it is a function of seed, start, commands and time: not of how often or in which order it is asked.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType

import numpy as np

from hedging.errors import BadInput, HedgingError
from hedging.paper.liquidity import BookMaker, Fair
from hedging.paper.listing import DAY_NS, EXPIRY_HOUR, Listing, ListingKind, listings
from hedging.paper.market_board import Board, SlotBook, board
from hedging.paper.market_frame import SETTLEMENT_NS, Frame, Sight, frame, smiles
from hedging.paper.market_hash import key
from hedging.paper.market_history import HOUR_NS, SERIES, Bars, History, accrued_at, block_bars
from hedging.paper.market_nouns import (
    Candle,
    DeliveryPrice,
    Funding,
    IndexName,
    Level,
    Mark,
    Print,
    SyntheticBook,
    VolatilityPoint,
)
from hedging.paper.market_path import INDICES, SpotPath
from hedging.paper.market_prints import Tape
from hedging.paper.market_shocks import Shocks, coin_number
from hedging.paper.process import (
    COINS,
    DEFAULT_STEP_NS,
    PERPETUALS,
    YEAR_NS,
    FloatArray,
    MarketProcess,
    funding_rate,
)
from hedging.paper.surface import implied_volatility

__all__ = [
    "Candle",
    "DeliveryPrice",
    "Funding",
    "IndexName",
    "Level",
    "Mark",
    "Market",
    "Print",
    "SyntheticBook",
    "VolatilityPoint",
]

START_SPOT = {"BTC": 103_400.0, "ETH": 3_420.0}
FRAMES_KEPT = 24


class Market:
    """BTC and ETH markets at simulated times.

    Args:
        seed: the same seed and commands give the same market.
        start_ns: simulated start, ns UTC.
        liveliness: factor on how much the spot moves, 1 for a real market's pace.
        step_ns: step of the process; a longer one makes great leaps of time cheaper.

    Raises:
        BadInput: when an argument is out of its range.
    """

    def __init__(
        self, seed: int, start_ns: int, liveliness: float = 1.0, step_ns: int = DEFAULT_STEP_NS
    ) -> None:
        self._seed = seed
        self._liveliness = liveliness
        self._step_ns = step_ns
        self._start_ns = start_ns
        self.now_ns = start_ns
        self._process = MarketProcess(seed, start_ns, liveliness, step_ns)
        self._process.advance(start_ns)
        self._shocks = Shocks()
        self._path = SpotPath(self._process, self._shocks, start_ns, START_SPOT)
        self._history = History(seed, self._path, self._process.warm_up)
        self._slots = SlotBook()
        self._makers: dict[str, BookMaker] = {}
        self._expired: dict[str, Listing] = {}
        self._frames: dict[int, Frame] = {}
        self._books: dict[str, SyntheticBook] = {}
        self._average: tuple[int, FloatArray | None] | None = None
        self._listed: dict[str, Listing] = {}
        self._list({row.name: row for row in listings(start_ns, START_SPOT)})

    # --- what is listed, and time -------------------------------------------------------------------

    @property
    def listings(self) -> Mapping[str, Listing]:
        """What is listed now, by name; a new mapping after every expiry."""
        return MappingProxyType(self._listed)

    @property
    def expired(self) -> Mapping[str, Listing]:
        """What was listed and has expired, by name."""
        return MappingProxyType(self._expired)

    def advance(self, to_ns: int) -> None:
        """Move simulated time forward to ``to_ns``, through every expiry on the way.

        Raises:
            BadInput: when ``to_ns`` lies in the past.
        """
        if to_ns < self.now_ns:
            raise BadInput(f"cannot advance from {self.now_ns} back to {to_ns} ns")
        while (expiry_ns := _next_expiry_ns(self.now_ns)) <= to_ns:
            self._move(expiry_ns)
            self._settle(expiry_ns)
        self._move(to_ns)

    def _move(self, to_ns: int) -> None:
        self._history.absorb(self._process.advance(to_ns))
        self.now_ns = to_ns

    def _settle(self, at_ns: int) -> None:
        """Deliver what expires now, and list what the calendar wants new."""
        average = self._path.average(at_ns - SETTLEMENT_NS, at_ns)
        if average is None:
            raise HedgingError(f"no index was sampled in the half hour before {at_ns} ns")
        self._history.deliver(at_ns, average)
        over = {name: row for name, row in self._listed.items() if row.expiration_ns <= at_ns}
        self._expired |= over
        kept = {name: row for name, row in self._listed.items() if name not in over}
        groups = {_group(row) for row in kept.values()}
        spots = dict(zip(COINS, self._sight(at_ns).indices.tolist(), strict=False))
        self._list(kept | {row.name: row for row in listings(at_ns, spots) if _group(row) not in groups})

    def delist(self, names: Collection[str]) -> None:
        """Let instruments expire now; nothing is listed in their place."""
        self._expired |= {name: self._listed[name] for name in names}
        self._list({name: row for name, row in self._listed.items() if name not in names})

    @contextmanager
    def as_of(self, at_ns: int) -> Iterator[None]:
        """Answer every question as of an earlier time, until the block ends."""
        present_ns, self.now_ns = self.now_ns, max(self._start_ns, min(at_ns, self.now_ns))
        try:
            yield
        finally:
            self.now_ns = present_ns

    def _list(self, rows: dict[str, Listing]) -> None:
        self._listed = rows
        self._makers = {name: self._makers.get(name) or self._maker(row) for name, row in rows.items()}
        self._board: Board = board(rows, self._slots)
        makers = list(self._makers.values())
        self._tape = Tape(self._seed, makers)
        self._periods = np.array([maker.period_ns for maker in makers])
        self._phases = np.array([maker.phase_ns for maker in makers])
        self._frames.clear()
        self._books.clear()

    def _maker(self, row: Listing) -> BookMaker:
        return BookMaker(row, key(self._seed, "book", row.name))

    # --- prices -------------------------------------------------------------------------------------

    def index(self, index_name: str) -> float:
        """Index price now, in USD or USDC.

        Raises:
            BadInput: when there is no such index.
        """
        return float(self._now().indices[_column(index_name)])

    def settlement_index(self, index_name: str) -> float:
        """Average of the index since 07:30 UTC while inside the settlement half hour, else the index."""
        start_ns = _next_expiry_ns(self.now_ns) - SETTLEMENT_NS
        if self.now_ns <= start_ns:
            return self.index(index_name)
        if self._average is None or self._average[0] != self.now_ns:
            self._average = (self.now_ns, self._path.average(start_ns, self.now_ns))
        average = self._average[1]
        return self.index(index_name) if average is None else float(average[_column(index_name)])

    def delivery_prices(self, index_name: str) -> list[DeliveryPrice]:
        """Delivery prices so far, newest first; those of the last days before the start are made up too."""
        return self._history.deliveries(_column(index_name))

    def mark(self, name: str) -> Mark:
        """Mark of one listed instrument; Greeks and units as in ``Mark``.

        Raises:
            BadInput: when the name is not listed now.
        """
        return self.marks((name,))[0]

    def marks(self, names: Sequence[str]) -> list[Mark]:
        """Marks of many listed instruments, in the order of ``names``.

        Raises:
            BadInput: when a name is not listed now.
        """
        all_marks = self._frame(self.now_ns).marks()
        rows = self._board.row
        try:
            return [all_marks[rows[name]] for name in names]
        except KeyError as error:
            raise BadInput(f"{error.args[0]!r} is not listed now") from error

    def iv(self, underlying: str, expiration_ns: int, strike: float) -> float:
        """Implied volatility now (fraction) of any strike (USD) at any future expiry of an underlying."""
        coin = np.array([coin_number(underlying)])
        sight = self._now()
        years = np.array([(expiration_ns - sight.at_ns) / YEAR_NS])
        if not (strike > 0 and years[0] > 0):
            raise BadInput(f"no volatility for strike {strike} at {expiration_ns} ns: give a future expiry")
        raw = smiles(coin, years, sight, self._shocks)
        moneyness = np.log(strike / np.array([self.forward(underlying, expiration_ns)]))
        return float(implied_volatility(raw, moneyness, years)[0])

    def forward(self, underlying: str, expiration_ns: int) -> float:
        """Forward of a listed expiry now, in USD.

        Raises:
            BadInput: when nothing listed on the underlying expires then.
        """
        expiries = self._board.expiries
        mine = (expiries.coin == coin_number(underlying)) & (expiries.expiration_ns == expiration_ns)
        if not mine.any():
            raise BadInput(f"nothing on {underlying} expires at {expiration_ns} ns")
        return float(self._frame(self.now_ns).curve.forward_usd[mine][0])

    def stress(self, underlying: str) -> float:
        """Stress of an underlying's market from 0 (calm) to 1: spreads widen and depth thins with it."""
        return float(self._now().stress[coin_number(underlying)])

    def _now(self) -> Sight:
        return self._frame(self.now_ns).sight

    def _sight(self, at_ns: int) -> Sight:
        state = self._process.state(at_ns)
        indices = self._path.indices(at_ns, state)
        return Sight(at_ns, state, indices, self._path.stress(at_ns, state, self._liveliness))

    def _frame(self, at_ns: int) -> Frame:
        """Marks as of the last step of the process, or the last shock when that came later."""
        shocked_ns = max(self._shocks.last_ns(at_ns, coin) for coin in range(len(COINS)))
        at_ns = max(at_ns // self._step_ns * self._step_ns, shocked_ns)
        if at_ns not in self._frames:
            while len(self._frames) >= FRAMES_KEPT:
                del self._frames[next(iter(self._frames))]
            self._frames[at_ns] = frame(self._board, self._sight(at_ns), self._path, self._shocks)
        return self._frames[at_ns]

    # --- shocks -------------------------------------------------------------------------------------

    def price_shock(self, underlying: str, relative: float) -> None:
        """Move index, spot, forwards and perpetuals of one underlying at once, by -0.08 for 8 % down.

        Raises:
            BadInput: when the underlying is unknown or the move is no finite fraction above -1.
        """
        self._shocks.add_price(self.now_ns, underlying, relative)
        self._forget()

    def vol_shock(self, underlying: str, absolute: float, half_life_seconds: float | None = None) -> None:
        """Move the implied volatility of one underlying in parallel, by 0.05 for five points up.

        It stays, or halves every ``half_life_seconds`` of simulated time.

        Raises:
            BadInput: when the underlying is unknown or a number out of range.
        """
        self._shocks.add_vol(self.now_ns, underlying, absolute, half_life_seconds)
        self._forget()

    def _forget(self) -> None:
        self._frames.clear()
        self._books.clear()

    # --- books and prints ---------------------------------------------------------------------------

    def book(self, name: str) -> SyntheticBook:
        """Depth of the simulated crowd in one instrument, as of its last refresh.

        Raises:
            BadInput: when the name is not listed now.
        """
        book = self._book_at(name, self.now_ns)
        self._books[name] = book
        return book

    def _book_at(self, name: str, at_ns: int) -> SyntheticBook:
        maker = self._makers.get(name)
        if maker is None:
            raise BadInput(f"{name!r} is not listed now")
        coin = coin_number(maker.listing.underlying)
        at_ns = max(maker.refreshed_ns(at_ns), self._shocks.last_ns(at_ns, coin), self._start_ns)
        sequence = at_ns // 1000 + self._shocks.count(at_ns)
        known = self._books.get(name)
        if known is not None and known.sequence == sequence:
            return known
        return maker.book(self._fair(name, coin, at_ns), at_ns, sequence)

    def _fair(self, name: str, coin: int, at_ns: int) -> Fair:
        one = self._frame(at_ns)
        row = self._board.row[name]
        vega = 0.0
        if self._board.is_option[row]:
            number = int(np.searchsorted(self._board.option_rows, row))
            vega = float(one.vega[number]) * 100.0
            vega /= float(one.underlying[row]) if self._board.option_inverse[number] else 1.0
        return Fair(float(one.price[row]), vega, float(one.sight.stress[coin]))

    def changed(self, since_ns: int) -> set[str]:
        """Names whose book was refreshed in (since, now], or whose underlying was shocked since."""
        refreshed = (self.now_ns - self._phases) // self._periods * self._periods + self._phases
        fresh = refreshed > since_ns
        for coin in range(len(COINS)):
            if self._shocks.last_ns(self.now_ns, coin) >= max(since_ns, 1):
                fresh |= self._board.index_column % len(COINS) == coin
        return {self._board.names[row] for row in np.flatnonzero(fresh)}

    def prints(self, since_ns: int) -> list[Print]:
        """Public trades in (since, now], oldest first; of the last minute at most."""
        return self._tape.prints(since_ns, self.now_ns, self._book_at)

    # --- funding and the past -----------------------------------------------------------------------

    def funding(self, name: str) -> Funding:
        """Funding of a perpetual now; ``interest_value`` is the premium before the dead band.

        Raises:
            BadInput: when the name is no listed perpetual.
        """
        column = _perpetual(name)
        premium = self._process.state(self.now_ns).premium[column]
        paid = self.funding_rate_value(name, self.now_ns - 8 * HOUR_NS, self.now_ns)
        return Funding(float(funding_rate(premium)), paid, float(premium))

    def funding_rate_value(self, name: str, start_ns: int, end_ns: int) -> float:
        """Funding accrued by a perpetual between two times up to now, as a fraction of notional."""
        column = _perpetual(name)
        finished = self._history.finished()
        now = (self.now_ns, float(self._process.state(self.now_ns).accrued[column]))
        end = accrued_at(finished, column, end_ns, now)
        return end - accrued_at(finished, column, start_ns, now)

    def historical_volatility(self, underlying: str) -> list[VolatilityPoint]:
        """Volatility of the index over the day before each full hour, in percent, oldest first."""
        return self._history.volatility(self._history.finished(), coin_number(underlying))

    def candles(self, name: str, start_ns: int, end_ns: int, resolution_minutes: int) -> list[Candle]:
        """Bars of an index (by its name), perpetual, future or spot that start in [start, end).

        Bars of a dated future are the index's moved by today's carry. Options have none: an empty list.

        Raises:
            BadInput: when the name is unknown or the resolution not positive.
        """
        if resolution_minutes <= 0:
            raise BadInput(f"a resolution of {resolution_minutes} minutes: give a positive number")
        span = (start_ns, min(end_ns, self.now_ns + 1))
        if name in SERIES:
            return self._history.candles(self._bars(), SERIES.index(name), span, resolution_minutes)
        row = self._listed.get(name)
        if row is None:
            raise BadInput(f"{name!r} is not listed now")
        if row.kind is ListingKind.OPTION:
            return []
        found = self._history.candles(self._bars(), _column(row.index_name), span, resolution_minutes)
        return found if row.kind is ListingKind.SPOT else [self._carried(bar, row) for bar in found]

    def _carried(self, bar: Candle, row: Listing) -> Candle:
        mark = self.mark(row.name)
        share = (row.expiration_ns - bar.time_ms * 1_000_000) / (row.expiration_ns - self.now_ns)
        factor = (mark.mark_price / mark.index_price) ** share
        return bar._replace(
            open=bar.open * factor, high=bar.high * factor, low=bar.low * factor, close=bar.close * factor
        )

    def _bars(self) -> Bars:
        growing = self._process.blocks(self.now_ns, self.now_ns + 1)[-1]
        return self._history.bars(block_bars(growing, self._path, self.now_ns + 1))


def _next_expiry_ns(now_ns: int) -> int:
    hour_ns = EXPIRY_HOUR * HOUR_NS
    return ((now_ns - hour_ns) // DAY_NS + 1) * DAY_NS + hour_ns


def _group(row: Listing) -> tuple[str, ListingKind, bool, int]:
    """What is listed as a whole: perpetual, spot, future, or chain of one expiry."""
    return row.underlying, row.kind, row.inverse, row.expiration_ns


def _column(index_name: str) -> int:
    if index_name not in INDICES:
        raise BadInput(f"no index {index_name!r}: there are {', '.join(INDICES)}")
    return INDICES.index(IndexName(index_name))


def _perpetual(name: str) -> int:
    if name not in PERPETUALS:
        raise BadInput(f"{name!r} is no perpetual: there are {', '.join(PERPETUALS)}")
    return PERPETUALS.index(name)
