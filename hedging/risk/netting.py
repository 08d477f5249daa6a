"""Nets a book before anything is priced: one row per expiry and strike, whatever the number of positions.

Put–call parity (put = call − (F − K) at rate 0) turns a put into a call and a line, so that calls and puts of
one strike are one row. Rows are apart where settlement, expiry, strike, forward or volatility differ, so
netting never changes a value, however the venue marks a call and its put.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf, isfinite

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import AmountUnit, Kind, OptionKind, Settlement
from hedging.risk.greeks import SETTLEMENT_AVERAGING
from hedging.units import SECONDS_PER_YEAR

FloatArray = NDArray[np.float64]


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
    options: dict[tuple[bool, float, float, float, float], list[float]] = {}
    futures: dict[tuple[bool, bool, float, float], float] = {}
    for position, coins in _by_instrument(underlying, positions):
        instrument = position.instrument
        inverse = instrument.settlement is Settlement.INVERSE
        if instrument.kind is Kind.OPTION:
            given = (position.years, instrument.strike, position.forward, position.iv)
            years, strike, forward, vol = (_present(value, position) for value in given)
            row = options.setdefault((inverse, years, strike, forward, vol), [0.0, 0.0])
            row[0] += coins
            row[1] += coins if instrument.option_kind is OptionKind.PUT else 0.0
        elif instrument.kind is not Kind.SPOT:
            years = inf if instrument.expiry is None else _present(position.years, position)
            fixed = instrument.amount_unit is AmountUnit.USD
            key = (inverse, fixed, years, _present(position.mark, position))
            futures[key] = futures.get(key, 0.0) + coins
    columns = _columns(((*row, *map(float, key)) for key, row in options.items()), 7)
    calls, puts, inverse_options, years_left, strikes, forwards, vols = columns
    coins_held, inverse_futures, fixed_usd, expiring, marks = _columns(
        ((coins, *map(float, key)) for key, coins in futures.items()), 5
    )
    return NettedBook(
        underlying,
        at,
        NettedOptions(calls, puts, inverse_options, forwards, strikes, years_left, vols),
        NettedFutures(coins_held, marks, fixed_usd, inverse_futures, expiring),
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
        raise BadInput(
            f"{position.instrument.name} reached the netting without forward, strike, volatility, mark or "
            "time: it cannot be repriced"
        )
    return value


def _columns(rows: Iterable[tuple[float, ...]], width: int) -> tuple[FloatArray, ...]:
    table = np.array(list(rows), dtype=np.float64).reshape(-1, width)
    return tuple(np.ascontiguousarray(table[:, place]) for place in range(width))
