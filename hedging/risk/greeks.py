"""Values every position of a snapshot in common units, and names those it cannot value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from hedging.model.book import Position
from hedging.model.instrument import AmountUnit, Instrument, Kind
from hedging.model.market import Quote
from hedging.model.snapshot import Gap, GapReason, Snapshot
from hedging.pricing import black76
from hedging.pricing.arguments import Unpriceable, unpriceable
from hedging.risk.holdings import NOTHING_HELD, BoolArray, FloatArray, Holdings, IntArray
from hedging.risk.implied import ImpliedVol, vols_of_quotes
from hedging.risk.plausible import implausible, plausible, plausible_iv
from hedging.risk.valued import Columns, Marks, ValuedBook
from hedging.units import SECONDS_PER_YEAR, epoch_microseconds

SETTLEMENT_AVERAGING = timedelta(minutes=30)
MICROSECONDS = 1e6  # in a second
SOME_VOL = 1.0  # in the place of one that is not there, to see whether it is all that is not


def value_positions(
    snapshot: Snapshot, hedges: frozenset[str], max_age_seconds: float, known: Holdings = NOTHING_HELD
) -> ValuedBook:
    """Value each position from its own quote: Black-76 on the forward of the expiry and the mark IV.

    Where the venue states no volatility, that of bid and ask or of the mark price is taken.

    Args:
        snapshot: positions and quotes of one instant.
        hedges: keys of the instruments that are configured as hedges.
        max_age_seconds: oldest mark that still is a value.
        known: columns of an earlier snapshot, used again where the positions are the same tuple.

    Returns:
        Columns for all positions; one Gap per instrument, or odd amount, that could not be valued, and no
        number in the rows it touches.
    """
    holdings = known.still(snapshot.positions)
    quotes = [snapshot.quotes.get(key) for key in holdings.keys]
    marks, suspect = _marks(holdings, quotes, snapshot.at, max_age_seconds)
    implied = _implied(holdings, quotes, suspect, (snapshot.at, max_age_seconds))
    if implied:
        quotes = [_with_vol(quote, implied.get(row)) for row, quote in enumerate(quotes)]
        marks, suspect = _marks(holdings, quotes, snapshot.at, max_age_seconds)
    gaps: list[Gap] = []
    good = np.ones(len(holdings.keys), dtype=np.bool_)
    for row in suspect.tolist():
        gap = _gap(holdings.instruments[row], quotes[row], snapshot.at, max_age_seconds)
        found = implied.get(row)
        gap = found if isinstance(found, Gap) else gap
        if gap is not None:
            good[row] = False
            gaps.append(gap)
    gaps += [_odd_amount(holdings.positions[row]) for row in np.flatnonzero(~np.isfinite(holdings.size))]
    with np.errstate(invalid="ignore", over="ignore"):  # what is no number is named as a gap
        units, refused = _units(holdings, marks, good, snapshot.at)
        book = _book(holdings, marks, units, hedges, (*gaps, *refused))
    sources = {row: found.source for row, found in implied.items() if isinstance(found, ImpliedVol)}
    return replace(book, iv_sources=sources) if sources else book


def _implied(
    holdings: Holdings, quotes: Sequence[Quote | None], suspect: IntArray, now: tuple[datetime, float]
) -> Mapping[int, ImpliedVol | Gap]:
    """By row of the instruments, of options without a volatility: that of their prices, or what they lack."""
    answers: dict[int, ImpliedVol | Gap] = {}
    bare: dict[int, tuple[Instrument, Quote]] = {}
    for row in suspect[holdings.option[suspect]].tolist():
        instrument, quote = holdings.instruments[row], quotes[row]
        if quote is not None and quote.iv is None:
            lacking = _gap(instrument, replace(quote, iv=SOME_VOL), *now)
            if lacking is None:
                bare[row] = (instrument, quote)
            else:
                answers[row] = lacking
    return answers | dict(zip(bare, vols_of_quotes(list(bare.values()), *now), strict=True))


def _with_vol(quote: Quote | None, found: ImpliedVol | Gap | None) -> Quote | None:
    return replace(quote, iv=found.vol) if quote and isinstance(found, ImpliedVol) else quote


def at_other_prices(book: ValuedBook, at: datetime, factor: float) -> ValuedBook:
    """The same positions at the same time and volatilities, with every price of an underlying × ``factor``.

    Deltas and Greeks are those at the other prices; ``value`` keeps the venue's floating profit as it was.
    """
    marks = Marks(
        book.marks.mark * np.where(book.holdings.option & book.holdings.inverse, 1.0, factor),
        book.marks.index * factor,
        book.marks.forward * factor,
        book.marks.iv,
        book.marks.years,
    )
    good = np.zeros(len(book.holdings.keys), dtype=np.bool_)
    good[book.holdings.place[book.valued]] = True
    hedges = frozenset(book.holdings.keys[row] for row in book.holdings.place[book.columns.hedge].tolist())
    with np.errstate(invalid="ignore", over="ignore"):  # rows without a value
        units, _ = _units(book.holdings, marks, good, at)
        return replace(_book(book.holdings, marks, units, hedges, book.gaps), iv_sources=book.iv_sources)


@dataclass(frozen=True, slots=True, eq=False)
class _Units:
    """Per instrument, shape (m,), what one coin of it is; ``coins``: coins in one unit of size. NaN: none."""

    coins: FloatArray
    delta_black: FloatArray
    delta_net: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    value: FloatArray


def _marks(
    holdings: Holdings, quotes: list[Quote | None], at: datetime, max_age: float
) -> tuple[Marks, IntArray]:
    """Figures of the quotes, and the rows in which something is missing, odd, or too old."""
    table = np.array(
        [
            (q.mark, q.index, q.forward, q.iv, epoch_microseconds(q.received_at)) if q else (None,) * 5
            for q in quotes
        ],
        dtype=np.float64,
    ).reshape(-1, 5)
    mark, index, forward, iv, received = np.ascontiguousarray(table.T)
    now = epoch_microseconds(at)
    fresh = np.abs(now - received) <= max_age * MICROSECONDS
    plain = (mark > 0) & (mark < np.inf) & (index > 0) & (index < np.inf)
    priceable = (mark >= 0) & (mark < np.inf) & (index > 0) & (index < np.inf)
    priceable &= (forward > 0) & (forward < np.inf) & plausible_iv(iv)
    fine = fresh & np.where(holdings.option, priceable, plain) & plausible(holdings, mark, index, forward)
    years = (holdings.expiry - now) / (SECONDS_PER_YEAR * MICROSECONDS)
    return Marks(mark, index, forward, iv, years), np.flatnonzero(~fine)


def _units(holdings: Holdings, marks: Marks, good: BoolArray, at: datetime) -> tuple[_Units, tuple[Gap, ...]]:
    """Greeks of one coin of each instrument; those that Black-76 refuses become gaps."""
    plain = good & ~holdings.option
    averaging = SETTLEMENT_AVERAGING.total_seconds() * MICROSECONDS
    weight = np.clip((holdings.expiry - epoch_microseconds(at)) / averaging, 0.0, 1.0)
    nothing = np.full(len(holdings.keys), np.nan)
    dollars_of_coin = np.where(holdings.option, marks.index, marks.mark)
    coins = np.where(good, 1.0, nothing)
    np.divide(1.0, dollars_of_coin, out=coins, where=good & holdings.in_usd)
    units = _Units(
        coins=coins,
        delta_black=np.where(plain, weight, nothing),
        delta_net=np.where(plain, weight, nothing),
        gamma=np.where(plain, 0.0, nothing),
        vega=np.where(plain, 0.0, nothing),
        theta=np.where(plain, 0.0, nothing),
        value=nothing,
    )
    options = np.flatnonzero(good & holdings.option)
    if not options.size:
        return units, ()
    arguments = (holdings.sign, marks.forward, holdings.strike, marks.years, marks.iv)
    codes = unpriceable(*(column[options] for column in arguments))
    rows = options[codes == 0]
    greeks = black76.core_greeks(*(column[rows] for column in arguments))
    # A coin-settled price is a number of coins: its dollars come through the index, not the forward.
    coin_price = greeks.price / marks.forward[rows]
    inverse, decayed = holdings.inverse[rows], weight[rows]
    units.delta_black[rows] = greeks.delta * decayed
    units.delta_net[rows] = (greeks.delta - np.where(inverse, coin_price, 0.0)) * decayed
    units.gamma[rows] = marks.forward[rows] * greeks.gamma * decayed
    units.vega[rows] = greeks.vega * decayed
    units.theta[rows] = greeks.theta
    units.value[rows] = np.where(inverse, coin_price * marks.index[rows], greeks.price)
    refused = np.flatnonzero(codes)
    return units, tuple(
        _unpriceable(holdings.instruments[options[row]], Unpriceable(int(codes[row]))) for row in refused
    )


def _book(
    holdings: Holdings, marks: Marks, units: _Units, hedges: frozenset[str], gaps: tuple[Gap, ...]
) -> ValuedBook:
    place = holdings.place
    quantity = holdings.size * units.coins[place]
    index = marks.index[place]
    hedge = np.array([key in hedges for key in holdings.keys], dtype=np.bool_)
    columns = Columns(
        quantity=quantity,
        delta_black=quantity * units.delta_black[place],
        delta_net=quantity * units.delta_net[place],
        smile_shift=np.zeros(len(place)),
        gamma=quantity * units.gamma[place],
        vega=quantity * units.vega[place],
        theta=quantity * units.theta[place],
        notional=np.abs(quantity) * index,
        expiry=holdings.expiry[place],
        inverse=holdings.inverse[place],
        hedge=hedge[place],
    )
    floating = holdings.floating * np.where(columns.inverse, index, 1.0)
    own_price = np.where(holdings.option, units.value, marks.mark)[place]
    held_outright = (holdings.option | holdings.spot)[place]
    return ValuedBook(
        holdings=holdings,
        columns=columns,
        marks=marks,
        value=np.where(held_outright, quantity * own_price, floating),
        valued=np.isfinite(quantity) & np.isfinite(units.delta_net[place]),
        gaps=gaps,
    )


def settlement_weight(instrument: Instrument, at: datetime) -> float:
    """Share of the delta that is left while the delivery price is being averaged.

    1 until half an hour before the expiry, then linearly to 0 (VENUES §3: Deribit averages the index
    over 07:30-08:00 UTC); perpetuals and spot never decay.
    """
    if instrument.expiry is None:
        return 1.0
    left = (instrument.expiry - at) / SETTLEMENT_AVERAGING
    return min(1.0, max(0.0, left))


def coins(position: Position, price: float) -> float:
    """Signed size of a position in coin; ``price`` in USD turns what is counted in USD into coin."""
    size = float(position.amount) * float(position.instrument.multiplier)
    return size / price if position.instrument.amount_unit is AmountUnit.USD else size


def _missing(instrument: Instrument, what: str) -> Gap:
    return Gap(
        what=instrument.name,
        reason=GapReason.MISSING,
        detail=f"no {what} for {instrument.name} has arrived",
        underlying=instrument.underlying,
    )


def _odd_amount(position: Position) -> Gap:
    return Gap(
        what=position.instrument.name,
        reason=GapReason.NOT_FINITE,
        detail=f"the amount held of {position.instrument.name} is {position.amount}",
        underlying=position.instrument.underlying,
    )


def _gap(instrument: Instrument, quote: Quote | None, at: datetime, max_age: float) -> Gap | None:
    if quote is None:
        return _missing(instrument, "quote")
    age = (at - quote.received_at).total_seconds()
    if abs(age) > max_age:
        return Gap(
            what=instrument.name,
            reason=GapReason.STALE,
            detail=f"the mark of {instrument.name} is {age:.0f} s old, allowed are {max_age:g} s",
            underlying=instrument.underlying,
        )
    needed: list[tuple[str, float | None]] = [("mark price", quote.mark), ("index price", quote.index)]
    if instrument.kind is Kind.OPTION:
        needed += [("forward", quote.forward), ("mark volatility", quote.iv)]
    for name, value in needed:
        if value is None:
            return _missing(instrument, name)
        # A worthless option has a mark of exactly 0; every other input must be positive.
        lowest_is_zero = name == "mark price" and instrument.kind is Kind.OPTION
        if not isfinite(value) or value < 0 or (value == 0 and not lowest_is_zero):
            return Gap(
                what=instrument.name,
                reason=GapReason.NOT_FINITE,
                detail=f"the {name} of {instrument.name} is {value}",
                underlying=instrument.underlying,
            )
    odd = implausible(instrument, quote)
    if not odd:
        return None
    return Gap(
        what=instrument.name,
        reason=GapReason.IMPLAUSIBLE,
        detail=odd,
        underlying=instrument.underlying,
    )


def _unpriceable(instrument: Instrument, why: Unpriceable) -> Gap:
    return Gap(
        what=instrument.name,
        reason=GapReason.UNPRICEABLE,
        detail=f"{instrument.name} cannot be priced: {why.text}",
        underlying=instrument.underlying,
    )
