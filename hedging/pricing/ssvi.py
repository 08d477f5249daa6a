"""SSVI: one formula for a whole surface, total variance from the at-the-money variance θ of each expiry.

w(k, θ) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 - ρ²)), φ = φ(θ).
Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quant. Finance 14 (2014), 59-71:
the surface (4.1), calendar theorem 4.1, butterfly theorem 4.2 (sufficient), Heston-like φ example 4.1,
power law example 4.2 in the form that stays bounded for long expiries.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import BadInput
from hedging.pricing.arguments import FloatArray, as_floats

SMALL = 1e-2  # of λθ, below which the closed forms cancel and the series is taken


class Curvature(Protocol):
    """φ(θ), by which the smile of an expiry bends, and how θφ grows with θ."""

    def phi(self, theta: FloatArray) -> FloatArray:
        """φ at ``theta`` > 0."""
        ...

    def growth(self, theta: FloatArray) -> FloatArray:
        """d(θφ)/dθ at ``theta`` > 0."""
        ...


@dataclass(frozen=True, slots=True)
class PowerLaw:
    """φ = η/(θ^γ·(1 + θ)^(1 - γ)) with ``eta`` > 0, 0 < ``gamma`` < 1."""

    eta: float
    gamma: float

    def __post_init__(self) -> None:
        if not (0 < self.eta < np.inf and 0 < self.gamma < 1):
            raise BadInput(f"{self}: eta must be positive, gamma between 0 and 1; fit it anew")

    def phi(self, theta: FloatArray) -> FloatArray:
        """φ at ``theta`` > 0."""
        return self.eta * theta**-self.gamma * (1 + theta) ** (self.gamma - 1)

    def growth(self, theta: FloatArray) -> FloatArray:
        """d(θφ)/dθ = φ(1 - γ)/(1 + θ)."""
        return self.phi(theta) * (1 - self.gamma) / (1 + theta)


@dataclass(frozen=True, slots=True)
class HestonLike:
    """φ = (1 - (1 - e^(-λθ))/(λθ))/(λθ) with ``speed`` λ > 0."""

    speed: float

    def __post_init__(self) -> None:
        if not 0 < self.speed < np.inf:
            raise BadInput(f"{self}: speed must be positive; fit it anew")

    def phi(self, theta: FloatArray) -> FloatArray:
        """φ at ``theta`` > 0."""
        x = self.speed * theta
        with np.errstate(all="ignore"):
            closed = (x + np.expm1(-x)) / (x * x)
        series = 0.5 - x / 6 + x**2 / 24 - x**3 / 120 + x**4 / 720 - x**5 / 5040 + x**6 / 40320
        return np.where(x < SMALL, series, closed)

    def growth(self, theta: FloatArray) -> FloatArray:
        """d(θφ)/dθ = (1 - e^(-x)(1 + x))/x², x = λθ."""
        x = self.speed * theta
        with np.errstate(all="ignore"):
            closed = (-np.expm1(-x) - x * np.exp(-x)) / (x * x)
        series = 0.5 - x / 3 + x**2 / 8 - x**3 / 30 + x**4 / 144 - x**5 / 840 + x**6 / 5760
        return np.where(x < SMALL, series, closed)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Whether a surface is sound at each θ, with the figures the judgement rests on, of one shape.

    ``slope`` θφ(1 + |ρ|), below 4; ``bend`` θφ²(1 + |ρ|), at most 4: both are sufficient against butterflies.
    ``growth`` d(θφ)/dθ between 0 and ``growth_bound`` = φ(1 + √(1 - ρ²))/ρ²: necessary against calendars.
    """

    slope: FloatArray
    bend: FloatArray
    growth: FloatArray
    growth_bound: FloatArray

    @property
    def no_butterfly(self) -> np.typing.NDArray[np.bool_]:
        """Whether the sufficient condition holds; False does not prove an arbitrage."""
        return (self.slope < 4) & (self.bend <= 4)

    @property
    def no_calendar(self) -> np.typing.NDArray[np.bool_]:
        """Whether total variance grows with θ at every strike."""
        return (self.growth >= 0) & (self.growth <= self.growth_bound)


def total_variance(curvature: Curvature, rho: float, theta: ArrayLike, k: ArrayLike) -> FloatArray:
    """Total variance at log-moneyness ``k`` and at-the-money variance ``theta`` > 0, broadcast.

    >>> float(total_variance(PowerLaw(1.0, 0.5), -0.5, 0.04, 0.0))
    0.04

    Raises BadInput unless -1 < ``rho`` < 1, ``theta`` is positive and finite and ``k`` finite.
    """
    variance, x = as_floats(theta, k)
    _check(rho, variance)
    if not np.isfinite(x).all():
        raise BadInput("a log-moneyness is no finite number; leave the row out and say so")
    bent = curvature.phi(variance) * x
    return 0.5 * variance * (1 + rho * bent + np.sqrt((bent + rho) ** 2 + (1 - rho) * (1 + rho)))


def conditions(curvature: Curvature, rho: float, theta: ArrayLike) -> Conditions:
    """The no-arbitrage conditions at every ``theta``, in its shape. Raises as ``total_variance``."""
    (variance,) = as_floats(theta)
    _check(rho, variance)
    phi = curvature.phi(variance)
    with np.errstate(divide="ignore"):
        bound = phi * (1 + np.sqrt(1 - rho * rho)) / np.float64(rho * rho)
    skew = 1 + abs(rho)
    return Conditions(variance * phi * skew, variance * phi * phi * skew, curvature.growth(variance), bound)


def _check(rho: float, theta: FloatArray) -> None:
    if not (abs(rho) < 1 and bool(((theta > 0) & (theta < np.inf)).all())):
        raise BadInput(f"rho {rho} must lie between -1 and 1 and every theta be positive and finite")
