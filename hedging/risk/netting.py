"""Nets a book before anything is priced: one row per expiry and strike, whatever the number of positions.

Put–call parity (put = call − (F − K) at rate 0) turns a put into a call and a line, so that calls and puts of
one strike are one row. Rows are apart where settlement, expiry, strike, forward or volatility differ, so
netting never changes a value, however the venue marks a call and its put.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import AmountUnit, Kind, OptionKind, Settlement
from hedging.risk.greeks import SETTLEMENT_AVERAGING
from hedging.risk.valued import ValuedBook
from hedging.units import SECONDS_PER_YEAR

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

_CANNOT = "reached the netting without forward, strike, volatility, mark or time: it cannot be repriced"
_MIXER = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio (Knuth, TAOCP 3, 6.4)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True, eq=False)
class NettedOptions:
    """Options as calls and lines; every array has one value per row.

    ``calls``: coins of calls and puts together; ``puts``: coins of the puts among them. Each is split
    into inverse and linear rows by ``inverse`` (1 or 0). Forward and strike in USD, years of 365 days,
    volatility a fraction.
    """

    calls: FloatArray
    puts: FloatArray
    inverse: FloatArray
    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    vol: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class OptionRows:
    """Options that are held, one value per holding in every array: ``coins`` signed, ``put`` 1 or 0.

    The others as in ``NettedOptions``.
    """

    coins: FloatArray
    put: FloatArray
    inverse: FloatArray
    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    vol: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class NettedFutures:
    """Perpetuals and dated futures; ``years`` is infinite where nothing expires.

    ``coins`` held at ``mark`` (USD); ``fixed_usd`` 1 where the contract is a number of dollars, else 0;
    ``inverse`` 1 where it is settled in coin, else 0.
    """

    coins: FloatArray
    mark: FloatArray
    fixed_usd: FloatArray
    inverse: FloatArray
    years: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class NettedBook:
    """The derivatives of one underlying at one time; spot holdings are equity and not in it."""

    underlying: str
    at: datetime
    options: NettedOptions
    futures: NettedFutures


def netted(underlying: str, positions: Sequence[PositionExposure], at: datetime) -> NettedBook:
    """Net the valued positions of ``underlying``; those of other underlyings are ignored.

    Raises BadInput where a position lacks what it must be repriced with, or holds no finite amount.
    """
    options: list[tuple[float | None, ...]] = []
    futures: list[tuple[float | None, ...]] = []
    named: list[str] = []
    for position, coins in _by_instrument(underlying, positions):
        instrument = position.instrument
        inverse = instrument.settlement is Settlement.INVERSE
        if instrument.kind is Kind.OPTION:
            put = instrument.option_kind is OptionKind.PUT
            terms = (position.forward, instrument.strike, position.years, position.iv)
            options.append((coins, put, inverse, *terms))
            named.append(instrument.name)
        elif instrument.kind is not Kind.SPOT:
            years = inf if instrument.expiry is None else _present(position.years, position)
            fixed = instrument.amount_unit is AmountUnit.USD
            futures.append((coins, _present(position.mark, position), fixed, inverse, years))
    rows = OptionRows(*_columns(options, 7))
    for place in np.flatnonzero(~np.isfinite(rows.forward + rows.strike + rows.years + rows.vol)):
        raise BadInput(f"{named[int(place)]} {_CANNOT}")
    return netted_columns(underlying, at, rows, NettedFutures(*_columns(futures, 5)))


def netted_book(underlying: str, book: ValuedBook, at: datetime) -> NettedBook:
    """Net a valued book by the columns it is made of, each instrument once: the way for every cycle.

    Raises BadInput where a position of ``underlying`` has no value: it cannot be repriced either.
    """
    held, marks = book.holdings, book.marks
    rows = book.derivatives(underlying)
    if not book.valued[rows].all():
        name = held.positions[int(rows[~book.valued[rows]][0])].instrument.name
        raise BadInput(f"{name} {_CANNOT}")
    place = held.place[rows]
    coins = _sums(book.columns.quantity[rows], place, held.strike.size)
    own = np.zeros(held.strike.size, dtype=np.bool_)
    own[place] = True
    options, futures = np.flatnonzero(own & held.option), np.flatnonzero(own & ~held.option)
    inverse = held.inverse.astype(np.float64)
    return netted_columns(
        underlying,
        at,
        OptionRows(
            coins=coins[options],
            put=(held.sign[options] < 0).astype(np.float64),
            inverse=inverse[options],
            forward=marks.forward[options],
            strike=held.strike[options],
            years=marks.years[options],
            vol=marks.iv[options],
        ),
        NettedFutures(
            coins=coins[futures],
            mark=marks.mark[futures],
            fixed_usd=held.in_usd[futures].astype(np.float64),
            inverse=inverse[futures],
            years=marks.years[futures],
        ),
    )


def netted_columns(underlying: str, at: datetime, options: OptionRows, futures: NettedFutures) -> NettedBook:
    """Net holdings of ``underlying`` that are columns already; ``futures`` with one row a holding too.

    Raises BadInput where a figure is not finite (an infinite time of a perpetual is none of that).
    """
    for held in (options, futures):
        for field in fields(held):
            column = getattr(held, field.name)
            lasts = isinstance(held, NettedFutures) and field.name == "years"
            if not (np.isfinite(column) | (lasts & (column == inf))).all():
                raise BadInput(
                    f"a holding in {underlying} with a {field.name} that is no finite number {_CANNOT}"
                )
    terms = (options.inverse, options.forward, options.strike, options.years, options.vol)
    first, place = _alike(terms)
    inverse, forward, strike, years, vol = (column[first] for column in terms)
    calls, puts = (_sums(coins, place, first.size) for coins in (options.coins, options.coins * options.put))
    same = (futures.mark, futures.fixed_usd, futures.inverse, futures.years)
    first, place = _alike(same)
    return NettedBook(
        underlying,
        at,
        NettedOptions(calls, puts, inverse, forward, strike, years, vol),
        NettedFutures(_sums(futures.coins, place, first.size), *(column[first] for column in same)),
    )


def unfixed_share(years: FloatArray) -> FloatArray:
    """Share of the delta that is left while a delivery price is averaged: ``settlement_weight``, by rows."""
    averaging_years = SETTLEMENT_AVERAGING.total_seconds() / SECONDS_PER_YEAR
    share: FloatArray = np.clip(years / averaging_years, 0.0, 1.0)
    return share


def _by_instrument(
    underlying: str, positions: Sequence[PositionExposure]
) -> Iterable[tuple[PositionExposure, float]]:
    """One position per instrument object and its marks, with the coins of all of them.

    The identity stands for the instrument here because hashing its fields costs more than the pricing;
    an instrument that is there as two equal objects is netted by its terms afterwards.
    """
    first: dict[int, PositionExposure] = {}
    coins: dict[int, float] = {}
    apart: list[PositionExposure] = []
    for position in positions:
        key = id(position.instrument)
        known = first.get(key)
        if known is None:
            if position.instrument.underlying == underlying:
                first[key] = position
                coins[key] = position.quantity_coin
        elif position.iv == known.iv and position.forward == known.forward and position.mark == known.mark:
            coins[key] += position.quantity_coin
        else:
            apart.append(position)
    held = [(position, coins[key]) for key, position in first.items()]
    held += [(position, position.quantity_coin) for position in apart]
    for position, total in held:
        if not isfinite(total):
            raise BadInput(f"{position.instrument.name} reached the netting with {total} coins")
    return held


def _present(value: float | None, position: PositionExposure) -> float:
    if value is None or not isfinite(value):
        raise BadInput(f"{position.instrument.name} {_CANNOT}")
    return value


def _columns(rows: Sequence[tuple[float | None, ...]], width: int) -> tuple[FloatArray, ...]:
    table = np.array(rows, dtype=np.float64).reshape(-1, width)  # what is missing becomes NaN
    return tuple(np.ascontiguousarray(table[:, place]) for place in range(width))


def _alike(columns: Sequence[FloatArray]) -> tuple[IntArray, IntArray]:
    """The first row of each group of rows with equal values in all columns, and each row's group.

    Rows are sorted by one number mixed from their bits; where two different rows have it in common, which
    is found by comparing them, they are sorted by their values instead.
    """
    mixed = np.zeros(columns[0].size, dtype=np.uint64)
    for column in columns:
        mixed ^= (column + 0.0).view(np.uint64)  # + 0.0: no negative zeros
        mixed *= _MIXER
        mixed ^= mixed >> _HALF
    _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
    if not all(bool((column[first][place] == column).all()) for column in columns):
        table = np.column_stack(columns)
        _, first, place = np.unique(table, axis=0, return_index=True, return_inverse=True)
    order = np.argsort(first)  # by first appearance
    return first[order], np.argsort(order)[place]


def _sums(values: FloatArray, place: IntArray, groups: int) -> FloatArray:
    return np.bincount(place, values, groups).astype(np.float64)  # of no rows at all it counts integers
