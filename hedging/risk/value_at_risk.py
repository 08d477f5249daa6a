"""Value at risk and expected shortfall of one underlying, from given returns or from delta and gamma.

A figure is a loss in USD, positive where money is lost, of the P&L under the numeraire (``Surface.pnl_usd``).
Volatilities are held; horizon, confidence and method stand in the result. Sources: P. Jorion, Value at Risk
(3rd ed., 2007), ch. 5 and 10; E. A. Cornish and R. A. Fisher, Revue de l'Institut International de
Statistique 5 (1938), 307–320.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, isfinite, pi, sqrt

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.special import ndtri

from hedging.errors import BadInput
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.limits import Numeraire
from hedging.risk.scenario import Shocks, scenario

FloatArray = NDArray[np.float64]
TAIL = 2.5  # observations beyond the confidence, at least: 250 at 99 %, 50 at 95 %
DAYS_PER_YEAR = 365.0
WIDEST_MOVE = 0.5  # horizon standard deviation above which a quadratic in the move says nothing


class TooFewObservations(BadInput):
    """The tail that was asked for holds too few observations for a figure."""


class Method(StrEnum):
    """How the distribution of the P&L was made."""

    HISTORICAL = "historical, revalued in full"
    CORNISH_FISHER = "delta-gamma, Cornish-Fisher"
    MONTE_CARLO = "delta-gamma, Monte Carlo"


@dataclass(frozen=True, slots=True, kw_only=True)
class TailLoss:
    """Losses at a confidence (a fraction) over a horizon in days.

    ``observations``: returns or draws; 0 where the method has none. In coin: where returns are revalued,
    the tail of the P&L in coins at the moved spot; else the dollars at the present index.
    """

    method: Method
    underlying: str
    numeraire: Numeraire
    confidence: float
    horizon_days: float
    observations: int
    value_at_risk_usd: float
    expected_shortfall_usd: float
    value_at_risk_coin: float
    expected_shortfall_coin: float

    @property
    def sentence(self) -> str:
        """The figures with everything they rest on."""
        counted = f", {self.observations:,} observations" if self.observations else ""
        return (
            f"{self.underlying}, {self.horizon_days:g} days at {self.confidence:.4g}: value at risk "
            f"{self.value_at_risk_usd:,.0f} USD, expected shortfall {self.expected_shortfall_usd:,.0f} USD "
            f"({self.method.value}{counted}; {self.numeraire.sentence}; volatilities held)"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How sure and how long: ``confidence`` in (0.5, 1), ``days`` positive."""

    confidence: float = 0.99
    days: float = 1.0

    def __post_init__(self) -> None:
        if not 0.5 < self.confidence < 1:
            raise BadInput(f"a confidence of {self.confidence} is none; give a fraction as 0.99")
        if not 0 < self.days <= DAYS_PER_YEAR:
            raise BadInput(f"a horizon of {self.days} days is none; give one from above 0 to 365")


def historical(
    exposure: Exposure, positions: Sequence[PositionExposure], returns: Sequence[float], horizon: Horizon
) -> TailLoss:
    """Revalue the book in full under each of ``returns`` and read off the tail.

    Args:
        exposure: index, equity and numeraire.
        positions: valued positions of the book.
        returns: relative moves of the spot over ``horizon.days`` each, as fractions above −1.
        horizon: confidence, and the days that every return spans.

    Time does not pass and volatilities stay: each move is taken as instantaneous. The value at risk is the
    ⌈n·(1 − confidence)⌉-th largest loss, the shortfall the mean of the losses up to it.

    Raises TooFewObservations where the tail holds fewer than 2.5 returns, BadInput where one is none.
    """
    _enough(len(returns), horizon)
    surface = scenario(exposure, positions, Shocks(spots=tuple(returns)))
    in_usd, in_coin = (_tail(profits[0, 0], horizon) for profits in (surface.pnl_usd, surface.pnl_coin))
    return _tail_loss(exposure, Method.HISTORICAL, horizon, len(returns), (*in_usd, *in_coin))


def monte_carlo(
    exposure: Exposure, annual_vol: float, horizon: Horizon, draws: int, generator: Generator
) -> TailLoss:
    """Draw normal moves of the spot and take the P&L as S·(δr + ½γr²) + θ·time.

    ``annual_vol`` is the volatility of the spot, a fraction; ``generator`` holds the seed.

    Raises TooFewObservations, or BadInput where a number is none.
    """
    shape = _Quadratic.of(exposure, annual_vol, horizon)
    _enough(draws, horizon)
    moves = generator.standard_normal(draws) * shape.deviation
    profits = shape.drift + shape.slope * moves + 0.5 * shape.curve * moves * moves
    losses = _tail(profits, horizon)
    return _tail_loss(exposure, Method.MONTE_CARLO, horizon, draws, _with_coin(exposure, losses))


def cornish_fisher(exposure: Exposure, annual_vol: float, horizon: Horizon) -> TailLoss:
    """The tail of S·(δr + ½γr²) + θ·time by its first four cumulants; no draws.

    Raises BadInput where a number is none, or where the book is so curved against its delta that the
    expansion is not monotone in the tail: ``monte_carlo`` answers then.
    """
    shape = _Quadratic.of(exposure, annual_vol, horizon)
    mean, deviation, skew, kurtosis = shape.moments()
    if deviation == 0:
        return _tail_loss(exposure, Method.CORNISH_FISHER, horizon, 0, _with_coin(exposure, (-mean, -mean)))
    # A quantile is c0 + c1·z + c2·z² + c3·z³ in the normal quantile z.
    c0, c2 = -skew / 6, skew / 6
    c1 = 1 - kurtosis / 8 + 5 * skew**2 / 36
    c3 = kurtosis / 24 - skew**2 / 18
    tail = 1 - horizon.confidence
    z = float(ndtri(tail))
    reach = np.linspace(-8.0, z, 400)
    if not (c1 + 2 * c2 * reach + 3 * c3 * reach**2 > 0).all():
        raise BadInput(
            f"the P&L is too far from normal (skewness {skew:.2f}, excess kurtosis {kurtosis:.2f}) for a "
            "Cornish-Fisher tail; use Monte Carlo"
        )
    quantile = c0 + c1 * z + c2 * z**2 + c3 * z**3
    hazard = float(np.exp(-z * z / 2)) / sqrt(2 * pi) / tail
    beyond = c0 - c1 * hazard + c2 * (1 - z * hazard) - c3 * (z * z + 2) * hazard
    losses = (-(mean + deviation * quantile), -(mean + deviation * beyond))
    return _tail_loss(exposure, Method.CORNISH_FISHER, horizon, 0, _with_coin(exposure, losses))


@dataclass(frozen=True, slots=True)
class _Quadratic:
    """P&L in USD = drift + slope·r + ½·curve·r², r normal with mean 0 and this deviation."""

    drift: float
    slope: float
    curve: float
    deviation: float

    @classmethod
    def of(cls, exposure: Exposure, annual_vol: float, horizon: Horizon) -> "_Quadratic":
        deviation = annual_vol * sqrt(horizon.days / DAYS_PER_YEAR)
        if not 0 <= deviation <= WIDEST_MOVE:
            raise BadInput(
                f"a volatility of {annual_vol} over {horizon.days:g} days is none for a delta-gamma figure; "
                "give a yearly fraction, or use the historical method"
            )
        # Coins gained and equity are worth the moved spot: in dollars the curvature is Black's alone.
        shape = cls(
            drift=exposure.theta_usd * horizon.days / DAYS_PER_YEAR,
            slope=exposure.delta * exposure.index,
            curve=exposure.gamma_black_coin * exposure.index,
            deviation=deviation,
        )
        if not isfinite(shape.drift + shape.slope + shape.curve):
            raise BadInput(f"the {exposure.underlying} exposure is no finite number")
        return shape

    def moments(self) -> tuple[float, float, float, float]:
        """Mean and standard deviation in USD, skewness and excess kurtosis."""
        linear, bent = self.slope * self.deviation, self.curve * self.deviation**2
        variance = linear**2 + bent**2 / 2
        mean = self.drift + bent / 2
        if variance == 0:
            return mean, 0.0, 0.0, 0.0
        third = 3 * linear**2 * bent + bent**3
        fourth = 12 * linear**2 * bent**2 + 3 * bent**4
        return mean, sqrt(variance), third / variance**1.5, fourth / variance**2


def needed_observations(confidence: float) -> int:
    """How many observations a tail at this confidence asks for.

    >>> needed_observations(0.99), needed_observations(0.95)
    (250, 50)
    """
    return ceil(TAIL / (1 - confidence) - 1e-9)


def _enough(count: int, horizon: Horizon) -> None:
    needed = needed_observations(horizon.confidence)
    if count < needed:
        raise TooFewObservations(
            f"{count} observations are too few for a confidence of {horizon.confidence:.4g}: "
            f"at least {needed} are needed; lower it or bring more"
        )


def _tail(profits: FloatArray, horizon: Horizon) -> tuple[float, float]:
    """Value at risk and expected shortfall of a sample of P&L."""
    losses = np.sort(-profits)[::-1]
    count = ceil(losses.size * (1 - horizon.confidence) - 1e-9)
    return float(losses[count - 1]), float(losses[:count].mean())


def _with_coin(exposure: Exposure, losses: tuple[float, float]) -> tuple[float, float, float, float]:
    """Losses in USD, and the same in coin at the present index."""
    return (*losses, losses[0] / exposure.index, losses[1] / exposure.index)


def _tail_loss(
    exposure: Exposure,
    method: Method,
    horizon: Horizon,
    observations: int,
    losses: tuple[float, float, float, float],
) -> TailLoss:
    if not all(map(isfinite, losses)):
        raise BadInput(f"the {exposure.underlying} losses are no finite numbers")
    return TailLoss(
        method=method,
        underlying=exposure.underlying,
        numeraire=exposure.numeraire,
        confidence=horizon.confidence,
        horizon_days=horizon.days,
        observations=observations,
        value_at_risk_usd=losses[0],
        expected_shortfall_usd=losses[1],
        value_at_risk_coin=losses[2],
        expected_shortfall_coin=losses[3],
    )
