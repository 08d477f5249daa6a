"""Raw SVI: the total implied variance of one expiry as a function of log-moneyness, and whether it is sound.

w(k) = a + b(ρ(k - m) + √((k - m)² + σ²)), k = ln(K/F), w = vol²·T. No butterfly can be bought for less than
nothing where g(k) = (1 - kw'/(2w))² - w'²/4·(1/w + 1/4) + w''/2 >= 0; wings above 2|k| have no moments.
Source: J. Gatheral, A. Jacquier, "Arbitrage-free SVI volatility surfaces", Quant. Finance 14 (2014), 59-71,
equations (1), (3) to (6) and lemma 2.2; R. Lee, Math. Finance 14 (2004), 469-480, for the slope of the wings.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from hedging.errors import BadInput
from hedging.pricing.arguments import FloatArray, as_floats

ROOT_TWO_PI = float(np.sqrt(2 * np.pi))
STEEPEST_WING = 2.0
FARTHEST = 10.0  # |k| up to which a slice is searched; e^10 times the forward
NODES = 1201
NEGLIGIBLE = 1e-12  # rounding of g, which is of order 1


@dataclass(frozen=True, slots=True)
class RawSvi:
    """One slice: ``a`` any, ``b`` >= 0, -1 < ``rho`` < 1, ``m`` any, ``sigma`` > 0, all without unit.

    >>> round(float(total_variance(RawSvi(0.04, 0.1, -0.3, 0.0, 0.2), 0.0)), 12)
    0.06

    Raises BadInput for parameters outside their domain; an arbitrage is no error, see ``violations``.
    """

    a: float
    b: float
    rho: float
    m: float
    sigma: float

    def __post_init__(self) -> None:
        finite = bool(np.isfinite([self.a, self.b, self.rho, self.m, self.sigma]).all())
        if not (finite and self.b >= 0 and abs(self.rho) < 1 and self.sigma > 0):
            raise BadInput(f"{self} is no SVI slice: b >= 0, |rho| < 1, sigma > 0, all finite; fit it anew")

    @property
    def lowest(self) -> float:
        """The smallest total variance of the slice."""
        return float(self.a + self.b * self.sigma * np.sqrt(1 - self.rho**2))

    @property
    def steepest(self) -> float:
        """The slope of the steeper wing, b(1 + |ρ|)."""
        return self.b * (1 + abs(self.rho))


@dataclass(frozen=True, slots=True)
class Variance:
    """Total variance w and its derivatives by k, of one shape."""

    w: FloatArray
    slope: FloatArray
    curvature: FloatArray


@dataclass(frozen=True, slots=True)
class JumpWings:
    """What a trader reads off a slice, per year where a time enters.

    ``v`` variance at the money, ``psi`` its skew, ``p`` and ``c`` slopes of the put and call wings,
    ``v_tilde`` lowest variance.
    """

    v: float
    psi: float
    p: float
    c: float
    v_tilde: float


class ViolationKind(Enum):
    """How a surface can be bought for a riskless profit."""

    NEGATIVE_VARIANCE = "total variance is negative"
    WING_TOO_STEEP = "a wing is steeper than 2"
    BUTTERFLY = "a butterfly costs less than nothing (g < 0)"
    CALENDAR = "the later expiry has the smaller total variance"


@dataclass(frozen=True, slots=True)
class Violation:
    """Where a slice can be arbitraged: at log-moneyness ``k``, by ``amount`` < 0 of w, 2 - slope or g."""

    kind: ViolationKind
    k: float
    amount: float


@dataclass(frozen=True, slots=True)
class CalendarViolation:
    """Slices ``near`` and the next of the sequence cross: w falls by ``-amount`` at log-moneyness ``k``."""

    near: int
    k: float
    amount: float


def total_variance(slice_: RawSvi, k: ArrayLike) -> FloatArray:
    """Total variance at log-moneyness ``k`` = ln(K/F), in its shape."""
    return variance(slice_, k).w


def variance(slice_: RawSvi, k: ArrayLike) -> Variance:
    """w, w', w'' at log-moneyness ``k`` = ln(K/F), in its shape.

    Raises UnpriceableError when ``k`` is no array of numbers, BadInput where one is not finite.
    """
    (x,) = as_floats(k)
    if not np.isfinite(x).all():
        raise BadInput("a log-moneyness is no finite number; leave the row out and say so")
    away = x - slice_.m
    root = np.hypot(away, slice_.sigma)
    return Variance(
        w=slice_.a + slice_.b * (slice_.rho * away + root),
        slope=slice_.b * (slice_.rho + away / root),
        curvature=slice_.b * (slice_.sigma / root) ** 2 / root,
    )


def implied_vol(slice_: RawSvi, k: ArrayLike, years: float) -> FloatArray:
    """Volatility as a fraction at ``k``, for ``years`` > 0 to expiry.

    Raises BadInput where the total variance is not positive: there is no volatility there.
    """
    return np.asarray(np.sqrt(_positive(slice_, k, years).w / years))


def vol_slope(slice_: RawSvi, k: ArrayLike, years: float) -> FloatArray:
    """Slope d vol/dk at ``k``: w'/(2√(wT)). Raises as ``implied_vol``."""
    point = _positive(slice_, k, years)
    return np.asarray(point.slope / (2 * np.sqrt(point.w * years)))


def butterfly(slice_: RawSvi, k: ArrayLike) -> FloatArray:
    """Durrleman's g at ``k``; negative where butterflies have negative prices. Without unit.

    >>> bool(butterfly(RawSvi(-0.041, 0.1331, 0.306, 0.3586, 0.4153), 0.88) < 0)
    True
    """
    (x,) = as_floats(k)
    point = variance(slice_, x)
    w, slope = point.w, point.slope
    with np.errstate(all="ignore"):
        bent = (1 - x * slope / (2 * w)) ** 2
        return bent - 0.25 * slope * slope * (1 / w + 0.25) + 0.5 * point.curvature


def density(slice_: RawSvi, k: ArrayLike) -> FloatArray:
    """Risk-neutral density of ln(S_T/F) at ``k``, per unit of log-moneyness: g·e^(-d2²/2)/√(2πw).

    Raises BadInput where the total variance is not positive.
    """
    (x,) = as_floats(k)
    w = _positive(slice_, x, 1.0).w
    d2 = -x / np.sqrt(w) - 0.5 * np.sqrt(w)
    return butterfly(slice_, x) * np.exp(-0.5 * d2 * d2) / (ROOT_TWO_PI * np.sqrt(w))


def jump_wings(slice_: RawSvi, years: float) -> JumpWings:
    """The jump-wings parameters for ``years`` > 0 to expiry. Raises BadInput where w(0) is not positive."""
    point = _positive(slice_, 0.0, years)
    root = float(np.sqrt(point.w))
    return JumpWings(
        v=float(point.w) / years,
        psi=float(point.slope) / (2 * root),
        p=slice_.b * (1 - slice_.rho) / root,
        c=slice_.b * (1 + slice_.rho) / root,
        v_tilde=slice_.lowest / years,
    )


def lowest_butterfly(slice_: RawSvi) -> tuple[float, float]:
    """The smallest g for |k| up to 10, and the k where it is."""
    nodes = _nodes(slice_)
    return _refined(lambda k: float(butterfly(slice_, k)), nodes, butterfly(slice_, nodes))


def violations(slice_: RawSvi) -> tuple[Violation, ...]:
    """Every static arbitrage of one slice; none where it is sound.

    >>> [one.kind.name for one in violations(RawSvi(-0.041, 0.1331, 0.306, 0.3586, 0.4153))]
    ['BUTTERFLY']
    """
    found = []
    if slice_.lowest <= 0:
        k = slice_.m - slice_.rho * slice_.sigma / float(np.sqrt(1 - slice_.rho**2))
        found.append(Violation(ViolationKind.NEGATIVE_VARIANCE, k, slice_.lowest))
    if slice_.steepest > STEEPEST_WING + NEGLIGIBLE:
        k = FARTHEST if slice_.rho >= 0 else -FARTHEST
        found.append(Violation(ViolationKind.WING_TOO_STEEP, k, STEEPEST_WING - slice_.steepest))
    if slice_.lowest > 0:  # g has no meaning where there is no variance
        lowest, k = lowest_butterfly(slice_)
        if lowest < -NEGLIGIBLE:
            found.append(Violation(ViolationKind.BUTTERFLY, k, lowest))
    return tuple(found)


def calendar_violations(slices: Sequence[RawSvi], farthest: float = 3.0) -> tuple[CalendarViolation, ...]:
    """Where a later expiry has less total variance than the one before it, for |k| <= ``farthest``.

    ``slices`` in the order of their expiries. One worst point for each pair that crosses.
    """
    if not 0 < farthest < np.inf:
        raise BadInput(f"farthest is {farthest}: give a positive log-moneyness to search up to")
    found = []
    for near, (early, late) in enumerate(pairwise(slices)):
        nodes = np.sort(np.clip(np.concatenate([_nodes(early), _nodes(late)]), -farthest, farthest))

        def gain(k: ArrayLike, early: RawSvi = early, late: RawSvi = late) -> FloatArray:
            return total_variance(late, k) - total_variance(early, k)

        amount, k = _refined(lambda k: float(gain(k)), nodes, gain(nodes))
        if amount < -NEGLIGIBLE * abs(float(total_variance(early, k))):
            found.append(CalendarViolation(near, k, amount))
    return tuple(found)


def _positive(slice_: RawSvi, k: ArrayLike, years: float) -> Variance:
    if not 0 < years < np.inf:
        raise BadInput(f"years is {years}: give a positive time to expiry in years of 365 days")
    point = variance(slice_, k)
    if not bool((point.w > 0).all()):
        raise BadInput(f"total variance of {slice_} is not positive: no volatility exists there; fit it anew")
    return point


def _nodes(slice_: RawSvi) -> FloatArray:
    """Log-moneyness dense around the slice's bend and around the money, out to ``FARTHEST``."""
    reach = np.arcsinh((FARTHEST + abs(slice_.m)) / slice_.sigma)
    bend = slice_.m + slice_.sigma * np.sinh(np.linspace(-reach, reach, NODES))
    even = np.linspace(-FARTHEST, FARTHEST, NODES)
    return np.unique(np.clip(np.concatenate([bend, even, even / FARTHEST]), -FARTHEST, FARTHEST))


def _refined(value: Callable[[float], float], nodes: FloatArray, values: FloatArray) -> tuple[float, float]:
    """The minimum found by going on from the lowest node to between its neighbours, and its place."""
    lowest = int(np.argmin(values))
    best = (float(values[lowest]), float(nodes[lowest]))
    low, high = nodes[max(lowest - 1, 0)], nodes[min(lowest + 1, nodes.size - 1)]
    if high <= low:
        return best
    inner = minimize_scalar(value, bounds=(float(low), float(high)), method="bounded")
    return min(best, (float(inner.fun), float(inner.x)))
