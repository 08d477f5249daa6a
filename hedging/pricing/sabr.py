"""SABR: the lognormal volatility of Hagan's expansion.

Source: P. Hagan, D. Kumar, A. Lesniewski, D. Woodward, "Managing smile risk", Wilmott (Sep 2002), 84-108,
equation (2.17a).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import BadInput
from hedging.pricing.arguments import FloatArray, as_floats
from hedging.pricing.black76 import log_moneyness

SMALL = 1e-6  # of |z|, below which z/x(z) is taken from its series


@dataclass(frozen=True, slots=True)
class Sabr:
    """``alpha`` > 0 level, 0 <= ``beta`` <= 1, ``nu`` >= 0 volatility of volatility, -1 < ``rho`` < 1.

    Raises BadInput for parameters outside their domain.
    """

    alpha: float
    beta: float
    nu: float
    rho: float

    def __post_init__(self) -> None:
        finite = bool(np.isfinite([self.alpha, self.beta, self.nu, self.rho]).all())
        if not (finite and self.alpha > 0 and 0 <= self.beta <= 1 and self.nu >= 0 and abs(self.rho) < 1):
            raise BadInput(f"{self}: alpha > 0, beta in [0, 1], nu >= 0, |rho| < 1; fit it anew")


def implied_vol(model: Sabr, forward: ArrayLike, strike: ArrayLike, years: ArrayLike) -> FloatArray:
    """Lognormal volatility (fraction), in the broadcast shape; ``forward``, ``strike`` > 0, ``years`` >= 0.

    >>> float(implied_vol(Sabr(0.2, 1.0, 0.0, 0.0), 100.0, 120.0, 1.0))
    0.2

    Raises BadInput for arguments outside their domain, and where the expansion leaves the positive numbers
    (very long expiries, very large ``nu``): it has no volatility there.
    """
    f, k, t = as_floats(forward, strike, years)
    if not bool(((f > 0) & (k > 0) & (t >= 0) & np.isfinite(f + k + t)).all()):
        raise BadInput("forward and strike must be positive, years at least 0, all finite; correct the row")
    rest = 1 - model.beta
    log = log_moneyness(f, k)
    level = model.alpha * (f * k) ** (-0.5 * rest)  # α/(FK)^((1-β)/2)
    bent = (rest * log) ** 2
    series = 1 + bent / 24 + bent * bent / 1920
    drift = (rest * level) ** 2 / 24 + 0.25 * model.rho * model.beta * model.nu * level
    drift = drift + (2 - 3 * model.rho**2) / 24 * model.nu**2
    vol = level / series * _stretch(model.nu / level * log, model.rho) * (1 + drift * t)
    if not bool(((vol > 0) & (vol < np.inf)).all()):
        raise BadInput(f"{model}: the expansion has no positive volatility here; shorten the expiry")
    return vol


def _stretch(z: FloatArray, rho: float) -> FloatArray:
    """z/x(z), x = ln((√(1 - 2ρz + z²) + z - ρ)/(1 - ρ)), without the cancellation near z = 0."""
    root = np.sqrt(1 + z * (z - 2 * rho))
    with np.errstate(all="ignore"):
        # √… - 1 = z(z - 2ρ)/(√… + 1), so that the logarithm's argument less 1 keeps its digits
        x = np.log1p((z * (z - 2 * rho) / (root + 1) + z) / (1 - rho))
        # for z far below 0 the argument of the logarithm goes to 0: its reciprocal has the same form in -z
        mirrored = -np.log1p((z * (z - 2 * rho) / (root + 1) - z) / (1 + rho))
        closed = z / np.where(z < 0, mirrored, x)
    series = 1 - 0.5 * rho * z + (2 - 3 * rho * rho) / 12 * z * z
    return np.where(np.abs(z) < SMALL, series, closed)
