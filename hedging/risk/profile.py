"""How delta and P&L of one underlying look at other spots: the curve a trader reads before a hedge."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import AmountUnit, Kind, Settlement
from hedging.model.view import LadderCell, Profile
from hedging.pricing import black76
from hedging.risk.greeks import settlement_weight

FloatArray = NDArray[np.float64]
WIDTH = 0.20  # the grid spans the index ± this share
POINTS = 41


@dataclass(frozen=True, slots=True)
class _Curve:
    """Per shock: net transaction delta in coin, coins gained (inverse), dollars gained (linear)."""

    delta: FloatArray
    coins: FloatArray
    dollars: FloatArray


def profile(exposure: Exposure, positions: Sequence[PositionExposure], hedge_coin: float | None) -> Profile:
    """Delta and P&L on ``POINTS`` spots around the index; forwards move with the spot by the same share.

    Args:
        exposure: the underlying's present exposure, whose numeraire holds on the whole curve.
        positions: valued positions; others' underlyings are ignored.
        hedge_coin: coins that the waiting ticket would add through an inverse perpetual, or None.

    Returns:
        Spots in USD, deltas in coin, P&L in USD; zero P&L at the present spot.
    """
    own = [
        position
        for position in positions
        if position.instrument.underlying == exposure.underlying and position.instrument.kind is not Kind.SPOT
    ]
    shocks = np.linspace(1 - WIDTH, 1 + WIDTH, POINTS)
    now = _curve(own, shocks, exposure.at, at_expiry=False)
    end = _curve(own, shocks, exposure.at, at_expiry=True)
    share = exposure.numeraire.hedged_share
    delta_now = now.delta + share * (exposure.equity + now.coins)
    delta_end = end.delta + share * (exposure.equity + end.coins)
    after = None
    if hedge_coin is not None:
        gained = hedge_coin * (1 - 1 / shocks)
        after = _floats(delta_now + hedge_coin / shocks + share * gained)
    spots = exposure.index * shocks
    wealth = (exposure.equity + now.coins) * spots + now.dollars
    return Profile(
        spots=_floats(spots),
        delta_now=_floats(delta_now),
        delta_at_expiry=_floats(delta_end),
        delta_after_ticket=after,
        pnl_usd=_floats(wealth - exposure.equity * exposure.index),
    )


def ladder(underlying: str, positions: Sequence[PositionExposure]) -> tuple[LadderCell, ...]:
    """Net delta (coin) and gamma (coin per 1 %) summed by expiry and strike, nearest expiry first."""
    cells: dict[tuple[object, object], LadderCell] = {}
    for position in positions:
        instrument = position.instrument
        if instrument.underlying != underlying or instrument.kind is Kind.SPOT:
            continue
        key = (instrument.expiry, instrument.strike)
        old = cells.get(key)
        cells[key] = LadderCell(
            expiry=instrument.expiry,
            strike=instrument.strike,
            delta=position.delta_net + (old.delta if old else 0.0),
            gamma_1pct=position.gamma_coin * 0.01 + (old.gamma_1pct if old else 0.0),
        )
    return tuple(
        sorted(
            cells.values(),
            key=lambda cell: (cell.expiry.timestamp() if cell.expiry else 0.0, cell.strike or 0.0),
        )
    )


def _floats(array: FloatArray) -> tuple[float, ...]:
    return tuple(float(value) for value in array)


def _curve(own: Sequence[PositionExposure], shocks: FloatArray, at: datetime, *, at_expiry: bool) -> _Curve:
    """While a delivery price is averaged, a move of the spot only moves the share that is not yet fixed."""
    delta = np.zeros_like(shocks)
    coins = np.zeros_like(shocks)
    dollars = np.zeros_like(shocks)
    for position in own:
        if position.instrument.kind is Kind.OPTION:
            continue
        if position.instrument.amount_unit is AmountUnit.USD:
            # N dollars of an inverse contract are N/S coins, and gain N(1/S0 - 1/S).
            delta += position.delta_net / shocks
            coins += position.delta_net * (1 - 1 / shocks)
        elif position.mark is None:
            raise BadInput(f"{position.instrument.name} reached the profile without a mark")
        else:
            delta += position.delta_net
            dollars += position.delta_net * position.mark * (shocks - 1)
    options = [position for position in own if position.instrument.kind is Kind.OPTION]
    if options:
        weights = np.array([settlement_weight(position.instrument, at) for position in options])[:, None]
        _add_options(_Curve(delta, coins, dollars), options, weights, shocks, at_expiry=at_expiry)
    return _Curve(delta, coins, dollars)


def _add_options(
    curve: _Curve,
    options: Sequence[PositionExposure],
    weights: FloatArray,
    shocks: FloatArray,
    *,
    at_expiry: bool,
) -> None:
    def column(values: Sequence[float | None]) -> FloatArray:
        if any(value is None for value in values):
            raise BadInput("an option without forward, strike, volatility or time reached the profile")
        return np.array(values, dtype=float)[:, None]

    forward = column([p.forward for p in options])
    strike = column([p.instrument.strike for p in options])
    sign = column([p.instrument.option_kind for p in options])
    quantity = weights * column([p.quantity_coin for p in options])
    years = column([p.years for p in options])
    vol = column([p.iv for p in options])
    inverse = column([float(p.instrument.settlement is Settlement.INVERSE) for p in options])
    moved = forward * shocks
    start = black76.price(sign, forward, strike, years, vol)
    if at_expiry:
        value = np.maximum(sign * (moved - strike), 0.0)
        slope = sign * (np.sign(sign * (moved - strike)) + 1) / 2
    else:
        greeks = black76.core_greeks(sign, moved, strike, years, vol)
        value, slope = greeks.price, greeks.delta
    curve.delta[:] += (quantity * (slope - inverse * value / moved)).sum(axis=0)
    curve.coins[:] += (quantity * inverse * (value / moved - start / forward)).sum(axis=0)
    curve.dollars[:] += (quantity * (1 - inverse) * (value - start)).sum(axis=0)
