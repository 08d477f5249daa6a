"""Fit a raw SVI slice to the volatilities quoted for one expiry.

Least squares of volatility, each quote weighted by its vega. Inside the fit b(1 + |ρ|) <= 2 and a positive
lowest variance hold by the parameters chosen, and g(k) >= 0 is a constraint on a grid of k, with a margin.
The start is the best of a grid of (m, σ), for each of which (a, bρ, b) is a linear problem.
Source: J. Gatheral, A. Jacquier (2014) for the conditions; S. De Marco, C. Martini, "Quasi-explicit
calibration of Gatheral's SVI model", Zeliade white paper (2009), for the start.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares, minimize

from hedging.errors import BadInput
from hedging.pricing.arguments import FloatArray, as_floats
from hedging.pricing.svi import RawSvi, Violation, butterfly, total_variance, violations

LEAST_QUOTES = 5
MOST_RHO = 0.999
MARGINS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)  # of g: the first that brings the slice inside the permitted side
STARTS = 3
FAIR = 1.1  # of the error that a fit of a little earlier had
FINE = 1e-4  # of volatility, 0.01 points: the venue's rounding
GUARDED = np.concatenate([np.linspace(-3.0, -1.2, 10), np.linspace(-1.0, 1.0, 81), np.linspace(1.2, 3.0, 10)])


@dataclass(frozen=True, slots=True)
class VolQuotes:
    """Quotes of one expiry: log-moneyness ``k`` = ln(K/F), ``vol`` as a fraction, ``vega`` > 0 as weight."""

    k: ArrayLike
    vol: ArrayLike
    vega: ArrayLike


class NoFit(Enum):
    """Why no slice was fitted."""

    TOO_FEW_QUOTES = "fewer than five different strikes: quote more of them, or use their own volatilities"
    DID_NOT_CONVERGE = "the least squares did not converge: look at the quotes of this expiry"


@dataclass(frozen=True, slots=True)
class SviFit:
    """A slice, the weighted root mean square error of volatility, and every arbitrage left in it."""

    slice: RawSvi
    rms_vol: float
    violations: tuple[Violation, ...]


def fit_svi(quotes: VolQuotes, years: float, near: SviFit | None = None) -> SviFit | NoFit:
    """The slice nearest to ``quotes`` of an expiry in ``years`` > 0, or why there is none.

    A market that can itself be arbitraged is fitted by the nearest slice that cannot. ``near``: a fit of a
    little earlier, from which alone the search begins; where that ends no nearer to its quotes than it did
    then, or in an arbitrage, the search begins anew.

    Raises BadInput for quotes that are not finite or not positive: leave such rows out first.
    """
    k, vol, vega = (array.ravel() for array in as_floats(quotes.k, quotes.vol, quotes.vega))
    if not (0 < years < np.inf and bool(((vol > 0) & (vega > 0) & np.isfinite(k + vol + vega)).all())):
        raise BadInput("years, every vol and vega must be positive and finite, and every k finite")
    if np.unique(k).size < LEAST_QUOTES:
        return NoFit.TOO_FEW_QUOTES
    problem = _Problem(k, vol, np.sqrt(vega / vega.sum()), years)
    again = None if near is None else problem.again(near)
    if again is not None:
        return again
    best = min((problem.solved(start) for start in problem.starts()), key=lambda found: found.cost)
    if not best.converged:
        return NoFit.DID_NOT_CONVERGE
    return SviFit(best.slice, float(np.sqrt(best.cost)), violations(best.slice))


@dataclass(frozen=True, slots=True)
class _Solved:
    slice: RawSvi
    cost: float
    converged: bool


@dataclass(frozen=True, slots=True)
class _Problem:
    k: FloatArray
    vol: FloatArray
    weight: FloatArray
    years: float

    def residuals(self, slice_: RawSvi) -> FloatArray:
        """Weighted errors of volatility; their squares sum up to the mean square error."""
        w = np.maximum(total_variance(slice_, self.k), 0.0)
        return self.weight * (np.sqrt(w / self.years) - self.vol)

    def again(self, near: SviFit) -> SviFit | None:
        """The fit from a start that is near, None where it is not good enough to do without the others."""
        answer = self._free(_vector(near.slice))
        slice_ = _slice(answer.x)
        error = self.residuals(slice_)
        rms = float(np.sqrt(error @ error))
        enough = max(FAIR * near.rms_vol, FINE)
        if not (answer.status > 0 and rms <= enough and not near.violations) or violations(slice_):
            return None
        return SviFit(slice_, rms, ())

    def starts(self) -> Iterator[FloatArray]:
        """Parameter vectors (lowest w, share of the steepest wing, ρ, m, ln σ) of the best linear fits."""
        width = max(float(np.ptp(self.k)), 0.05)
        centres = np.linspace(float(self.k.min()), float(self.k.max()), 9)
        found = [self._linear(m, s * width) for m, s in product(centres, (0.02, 0.06, 0.2, 0.6, 1.5))]
        found.sort(key=lambda pair: pair[0])
        for _, vector in found[:STARTS]:
            yield vector

    def _linear(self, m: float, sigma: float) -> tuple[float, FloatArray]:
        away = self.k - m
        design = np.column_stack([np.ones_like(away), away, np.hypot(away, sigma)])
        goal = self.vol**2 * self.years
        scale = (self.weight / self.vol)[:, None]
        a, tilt, b = np.linalg.lstsq(design * scale, goal * scale[:, 0], rcond=None)[0]
        b = max(float(b), 1e-6)
        rho = float(np.clip(tilt / b, -0.95, 0.95))
        share = float(np.clip(b * (1 + abs(rho)) / 2, 1e-6, 0.99))
        lowest = max(float(a) + b * sigma * float(np.sqrt(1 - rho**2)), 1e-8)
        vector = np.array([lowest, share, rho, m, np.log(sigma)])
        error = self.residuals(_slice(vector))
        return float(error @ error), vector

    def solved(self, start: FloatArray) -> _Solved:
        """Least squares from ``start``; where that leaves a butterfly, again with g held above a margin."""
        answer = self._free(start)
        vector, converged = answer.x, bool(answer.status > 0)
        for margin in MARGINS:
            if not violations(_slice(vector)):
                break
            vector, converged = self._guarded(vector, self._bounds(), margin)
        error = self.residuals(_slice(vector))
        return _Solved(_slice(vector), float(error @ error), converged)

    def _free(self, start: FloatArray) -> Any:
        """SciPy's answer of the least squares from ``start``, butterflies or not."""
        low, high = self._bounds()
        return least_squares(
            lambda vector: self.residuals(_slice(vector)),
            np.clip(start, low, high),
            bounds=(low, high),
            x_scale=_scales(start),
            max_nfev=400,
        )

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        highest = 4 * float((self.vol**2).max()) * self.years
        reach = 1.0 + float(np.abs(self.k).max())
        low = np.array([1e-10, 0.0, -MOST_RHO, -reach, np.log(1e-4)])
        return low, np.array([highest, 1.0, MOST_RHO, reach, np.log(10.0)])

    def _guarded(
        self, start: FloatArray, bounds: tuple[FloatArray, FloatArray], margin: float
    ) -> tuple[FloatArray, bool]:
        scales = _scales(start)
        size = float(self.vol.mean()) ** 2

        def cost(scaled: FloatArray) -> float:
            error = self.residuals(_slice(scaled * scales))
            return float(error @ error) / size

        def room(scaled: FloatArray) -> FloatArray:
            return butterfly(_slice(scaled * scales), GUARDED) - margin

        answer = minimize(
            cost,
            start / scales,
            method="SLSQP",
            bounds=list(zip(bounds[0] / scales, bounds[1] / scales, strict=True)),
            constraints=[{"type": "ineq", "fun": room}],
            options={"maxiter": 300, "ftol": 1e-12},
        )
        vector = np.clip(answer.x * scales, *bounds)
        return vector, bool(answer.success) or not violations(_slice(vector))


def _scales(vector: FloatArray) -> FloatArray:
    return np.array([max(float(vector[0]), 1e-6), max(float(vector[1]), 1e-4), 0.5, 0.1, 1.0])


def _vector(slice_: RawSvi) -> FloatArray:
    """The parameters that ``_slice`` makes the slice of."""
    return np.array([slice_.lowest, slice_.steepest / 2, slice_.rho, slice_.m, np.log(slice_.sigma)])


def _slice(vector: FloatArray) -> RawSvi:
    lowest, share, rho, m, log_sigma = (float(part) for part in vector)
    b, sigma = 2 * share / (1 + abs(rho)), float(np.exp(log_sigma))
    return RawSvi(lowest - b * sigma * float(np.sqrt(1 - rho**2)), b, rho, m, sigma)
