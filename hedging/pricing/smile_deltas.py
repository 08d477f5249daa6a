"""The delta of an option when its volatility moves with the forward, and what such a rule is worth.

σ(k) is the smile by k = ln(K/F). At a fixed strike dσ/dF = (R - 1)·σ'(k)/F: R = 1 leaves each strike its
volatility, R = 0 each moneyness, R = 2 is close to local volatility.
Source: C. Alexander, A. Imeraj, "Delta hedging bitcoin options with a smile", Quant. Finance 23 (2023);
J. Hull, A. White, "Optimal delta hedging for options", J. Banking & Finance 82 (2017), 180-190, equations
(4) to (6), for minimum variance.
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import BadInput
from hedging.pricing.arguments import FloatArray, as_floats

LEAST_OBSERVATIONS = 30


class Stickiness(float, Enum):
    """R in dσ/dF = (R − 1)·σ'(k)/F at a fixed strike."""

    STICKY_STRIKE = 1.0
    STICKY_MONEYNESS = 0.0
    LOCAL_VOL = 2.0


@dataclass(frozen=True, slots=True)
class BlackPoint:
    """Black's ``delta`` (a number) and ``vega`` (USD per 1.00 vol) at ``forward`` in USD, with rate 0."""

    delta: ArrayLike
    vega: ArrayLike
    forward: ArrayLike


@dataclass(frozen=True, slots=True)
class HullWhite:
    """Coefficients of the expected move of volatility, dσ = (a + bΔ + cΔ²)/√T · dF/F.

    Raises BadInput where one is not finite.
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not np.isfinite([self.a, self.b, self.c]).all():
            raise BadInput(f"{self}: coefficients that are no finite numbers; fit them anew")


@dataclass(frozen=True, slots=True)
class HedgedMoves:
    """Price changes of options over one period each, as recorded; all of one length.

    ``delta`` and ``vega`` (USD per 1.00 vol) of Black at its start, ``years`` to expiry, ``forward`` at its
    start, ``forward_move`` and ``price_move`` over it, in USD.
    """

    delta: ArrayLike
    vega: ArrayLike
    years: ArrayLike
    forward: ArrayLike
    forward_move: ArrayLike
    price_move: ArrayLike


@dataclass(frozen=True, slots=True)
class HullWhiteFit:
    """``gain``: share by which the sum of squared hedging errors falls against Black's delta."""

    coefficients: HullWhite
    gain: float
    observations: int


class NoMinimumVariance(Enum):
    """Why no minimum-variance delta may be used."""

    TOO_FEW = "fewer than 30 recorded moves: record for longer, or choose another smile rule"
    NOT_FINITE = "a recorded move is not finite, or its forward or time not positive: repair the record"
    DEGENERATE = "the recorded options are too alike to tell the coefficients apart: record more strikes"
    GAIN_TOO_SMALL = "the fit takes away too little of the hedging error: choose another smile rule"


@dataclass(frozen=True, slots=True)
class MinimumVarianceRefusal:
    """Why there is no fit; ``gain`` where one was computed, else None."""

    reason: NoMinimumVariance
    observations: int
    gain: float | None = None


def smile_delta(black: BlackPoint, vol_slope: ArrayLike, stickiness: float) -> FloatArray:
    """Δ + (R - 1)·(vega/F)·σ'(k), in the broadcast shape.

    ``vol_slope`` σ'(k) per unit of log-moneyness; ``stickiness`` R, for a rule from ``Stickiness``.

    >>> float(smile_delta(BlackPoint(0.5, 20.0, 100.0), -0.5, Stickiness.STICKY_MONEYNESS))
    0.6

    Raises BadInput when an argument is not finite or a forward not positive.
    """
    delta, vega, f, slope = _finite(black.delta, black.vega, black.forward, vol_slope)
    if not np.isfinite(stickiness):
        raise BadInput(f"stickiness is {stickiness}: give a finite number, 1 for sticky strike")
    _positive(f, "forward")
    return delta + (stickiness - 1) * vega / f * slope


def minimum_variance_delta(black: BlackPoint, years: ArrayLike, rule: HullWhite) -> FloatArray:
    """Δ + vega/(F√T)·(a + bΔ + cΔ²), in the broadcast shape; ``years`` > 0 to expiry.

    >>> float(minimum_variance_delta(BlackPoint(0.5, 20.0, 100.0), 0.25, HullWhite(-0.25, 0.0, 0.0)))
    0.4

    Raises BadInput when an argument is not finite, or a forward or ``years`` not positive.
    """
    delta, vega, f, t = _finite(black.delta, black.vega, black.forward, years)
    _positive(f, "forward")
    _positive(t, "years")
    return delta + vega / (f * np.sqrt(t)) * (rule.a + delta * (rule.b + rule.c * delta))


def premium_adjusted(delta: ArrayLike, price: ArrayLike, forward: ArrayLike) -> FloatArray:
    """A delta in USD terms turned into the one a coin account feels: less the price in coin, V/F.

    >>> float(premium_adjusted(0.5, 10.0, 100.0))
    0.4

    Raises BadInput when an argument is not finite or a forward not positive.
    """
    usd_delta, value, f = _finite(delta, price, forward)
    _positive(f, "forward")
    return usd_delta - value / f


def effect_in_contracts(
    chosen: ArrayLike, sticky_strike: ArrayLike, quantity: ArrayLike, coins_per_contract: float
) -> FloatArray:
    """How many hedge contracts more a rule asks to sell than sticky strike does, (Δ_chosen - Δ)·q/size.

    ``quantity`` signed, in coins of the underlying; ``coins_per_contract`` > 0 of the hedge.

    >>> float(effect_in_contracts(0.6, 0.5, -10.0, 0.1))
    -10.0

    Raises BadInput when an argument is not finite or the contract's size not positive.
    """
    new, old, q = _finite(chosen, sticky_strike, quantity)
    if not 0 < coins_per_contract < np.inf:
        raise BadInput(f"coins_per_contract is {coins_per_contract}: give the positive size of a contract")
    return np.round((new - old) * q / coins_per_contract, 12)


def fit_minimum_variance(moves: HedgedMoves, least_gain: float) -> HullWhiteFit | MinimumVarianceRefusal:
    """Ordinary least squares of dV - Δ·dF on vega/√T·dF/F·(1, Δ, Δ²), or why it may not be used.

    ``least_gain`` is the share of the squared hedging error that the fit has to take away. Calls and puts
    are fitted apart by handing in one kind at a time.

    Raises BadInput when ``least_gain`` is not in (0, 1), or the columns do not fit each other.
    """
    if not 0 < least_gain < 1:
        raise BadInput(f"least_gain is {least_gain}: give a share between 0 and 1")
    columns = tuple(array.ravel() for array in as_floats(*_columns(moves)))
    count = columns[0].size
    if count < LEAST_OBSERVATIONS:
        return MinimumVarianceRefusal(NoMinimumVariance.TOO_FEW, count)
    usable = np.isfinite(np.stack(columns)).all() and (columns[2] > 0).all() and (columns[3] > 0).all()
    if not usable:
        return MinimumVarianceRefusal(NoMinimumVariance.NOT_FINITE, count)
    design, left = _regression(columns)
    found, _, rank, _ = np.linalg.lstsq(design, left, rcond=None)
    if rank < design.shape[1]:
        return MinimumVarianceRefusal(NoMinimumVariance.DEGENERATE, count)
    gain = _gain(left, left - design @ found)
    if not gain >= least_gain:
        return MinimumVarianceRefusal(NoMinimumVariance.GAIN_TOO_SMALL, count, gain)
    return HullWhiteFit(HullWhite(*(float(part) for part in found)), gain, count)


def gain_on(moves: HedgedMoves, rule: HullWhite) -> float:
    """The gain of coefficients on other moves than they were fitted to: below 0 where they do harm.

    Raises BadInput when a column is not finite or Black's delta leaves no error to take away.
    """
    columns = tuple(array.ravel() for array in _finite(*_columns(moves)))
    design, left = _regression(columns)
    gain = _gain(left, left - design @ np.array([rule.a, rule.b, rule.c]))
    if not np.isfinite(gain):
        raise BadInput("Black's delta leaves no error on these moves: there is nothing to gain")
    return gain


def _columns(moves: HedgedMoves) -> tuple[ArrayLike, ...]:
    return moves.delta, moves.vega, moves.years, moves.forward, moves.forward_move, moves.price_move


def _regression(columns: tuple[FloatArray, ...]) -> tuple[FloatArray, FloatArray]:
    delta, vega, years, forward, forward_move, price_move = columns
    scale = vega / np.sqrt(years) * forward_move / forward
    return np.column_stack([scale, scale * delta, scale * delta**2]), price_move - delta * forward_move


def _gain(before: FloatArray, after: FloatArray) -> float:
    with np.errstate(all="ignore"):
        return float(1 - np.float64(after @ after) / np.float64(before @ before))


def _finite(*values: ArrayLike) -> tuple[FloatArray, ...]:
    arrays = as_floats(*values)
    if not all(bool(np.isfinite(array).all()) for array in arrays):
        raise BadInput("an argument is not a finite number; leave the row out and say so")
    return arrays


def _positive(array: FloatArray, name: str) -> None:
    if not bool((array > 0).all()):
        raise BadInput(f"{name} is not positive; correct it")
