"""The implied volatility surface: SSVI slices, free of static arbitrage by construction.

w(k) = θ/2·(1 + ρφk + √((φk + ρ)² + 1 - ρ²)) with φ(θ) = η/√(θ(1 + θ)). Gatheral and Jacquier, "Arbitrage-free
SVI volatility surfaces", Quantitative Finance 14 (2014), theorem 4.2 and equation 4.5, show it to be free of
butterfly and calendar arbitrage while η(1 + |ρ|) ≤ 2 and θ grows with time. θ(T) is the expected variance of
a Heston process over T: it follows the market's instantaneous variance and forgets it at its mean reversion.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SmileParameters:
    """Shape of one underlying's surface.

    ``rho`` skew in (-1, 1); ``eta`` curvature; ``mean_reversion`` per year; ``long_volatility`` the implied
    volatility at the money of far expiries.

    Raises:
        BadInput: when the shape would admit arbitrage, or a rate or volatility is not positive.
    """

    rho: float
    eta: float
    mean_reversion: float
    long_volatility: float

    def __post_init__(self) -> None:
        if not (-1 < self.rho < 1 and 0 < self.eta * (1 + abs(self.rho)) <= 2):
            raise BadInput(
                f"rho {self.rho}, eta {self.eta}: an arbitrage-free smile needs 0 < η(1 + |ρ|) <= 2"
            )
        if not (self.mean_reversion > 0 and self.long_volatility > 0):
            raise BadInput("the mean reversion and the long volatility of a surface are positive")


SMILES = {
    "BTC": SmileParameters(rho=-0.20, eta=1.0, mean_reversion=8.0, long_volatility=0.60),
    "ETH": SmileParameters(rho=-0.12, eta=0.95, mean_reversion=8.0, long_volatility=0.75),
}
SHORTEST_YEARS = 1.0 / (365 * 86_400)  # one second: at expiry itself nothing is priced
LOWEST_VARIANCE = 0.15**2  # instantaneous variance that the smile is drawn for at least


@dataclass(frozen=True, slots=True)
class RawSvi:
    """Total variance w(k) = a + b(ρ(k - m) + √((k - m)² + σ²)) over k = ln(K/F); arrays of one shape."""

    a: FloatArray
    b: FloatArray
    rho: FloatArray
    m: FloatArray
    sigma: FloatArray

    def total_variance(self, k: FloatArray) -> FloatArray:
        """σ²T at log-moneyness ``k``."""
        shifted = k - self.m
        total: FloatArray = self.a + self.b * (self.rho * shifted + np.sqrt(shifted**2 + self.sigma**2))
        return total

    def rows(self, index: NDArray[np.int64]) -> "RawSvi":
        """The slices picked by ``index``, repeated as it repeats them."""
        return RawSvi(self.a[index], self.b[index], self.rho[index], self.m[index], self.sigma[index])

    def density_condition(self, k: FloatArray) -> FloatArray:
        """g(k), which is non-negative where the slice has no butterfly arbitrage (ibid., equation 2.1)."""
        shifted = k - self.m
        root = np.sqrt(shifted**2 + self.sigma**2)
        w = self.total_variance(k)
        first = self.b * (self.rho + shifted / root)
        second = self.b * self.sigma**2 / root**3
        condition: FloatArray = (1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
        return condition


def atm_total_variance(
    parameters: SmileParameters, years: FloatArray, variance: float, shift: float
) -> FloatArray:
    """θ(T) after a parallel ``shift`` of the volatility at the money; grows with T by construction.

    With v the instantaneous variance and v̄ the long-run one, θ = v̄T + (v - v̄)(1 - e^{-κT})/κ, and the shifted
    one is (√(θ/T) + s)²T. A shift down is limited to 0.8 of the smallest v(T)/√(θ/T), below which it would
    create calendar arbitrage.

    Args:
        parameters: of the underlying.
        years: times to expiry, shape (n,).
        variance: instantaneous variance per year.
        shift: in volatility, 0.05 for five points up.
    """
    kappa, long_run = parameters.mean_reversion, parameters.long_volatility**2
    now = max(variance, LOWEST_VARIANCE)
    time = np.maximum(years, SHORTEST_YEARS)
    theta = long_run * time - (now - long_run) * np.expm1(-kappa * time) / kappa
    lowest = -0.8 * min(now, long_run) / math.sqrt(max(now, long_run))
    shifted: FloatArray = (np.sqrt(theta / time) + max(shift, lowest)) ** 2 * time
    return shifted


def slices(parameters: SmileParameters, theta: FloatArray) -> RawSvi:
    """Raw SVI parameters of the SSVI slices with at-the-money total variance ``theta`` (n,)."""
    rho = parameters.rho
    phi = parameters.eta / np.sqrt(theta * (1 + theta))
    return RawSvi(
        a=theta / 2 * (1 - rho**2),
        b=theta * phi / 2,
        rho=np.full_like(theta, rho),
        m=-rho / phi,
        sigma=math.sqrt(1 - rho**2) / phi,
    )


def implied_volatility(raw: RawSvi, k: FloatArray, years: FloatArray) -> FloatArray:
    """Volatility √(w(k)/T), as a fraction."""
    time = np.maximum(years, SHORTEST_YEARS)
    volatility: FloatArray = np.sqrt(raw.total_variance(k) / time)
    return volatility
