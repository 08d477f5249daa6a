"""Black's formula without units: an out-of-the-money option over √(FK), as a function of s = σ√T.

With x = -|ln(F/K)| <= 0, h = x/s and t = s/2: b(s) = e^(x/2)·N(h+t) - e^(-x/2)·N(h-t), from 0 up to e^(x/2).
All exponentials are taken out, N(z) = φ(z)·Y(z) with Y(z) = √(π/2)·erfcx(-z/√2), so that
b = E·(Y(h+t) - Y(h-t)) and its complement e^(x/2) - b = E·(Y(-h-t) + Y(h-t)) with E = e^(-(h²+t²)/2)/√(2π)
keep their digits in logarithms, however small they are; and db/ds = E.
Source: P. Jäckel, "Let's be rational", Wilmott (Jan 2015), 40-53, for the normalised form and the splitting
by region; the evaluation and the iteration here are our own.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import erfcx

from hedging.pricing.arguments import FloatArray

ROOT_HALF = float(np.sqrt(0.5))
ROOT_HALF_PI = float(np.sqrt(0.5 * np.pi))
LOG_ROOT_TWO_PI = float(0.5 * np.log(2 * np.pi))

SMALL_TOTAL = 0.06
SMALL_MONEYNESS = 0.5
"""Below both, Y(h+t) - Y(h-t) cancels and its odd Taylor series in t is taken; t^9 is then below 1e-16."""


class LogValue(NamedTuple):
    """``log`` ln of the value; ``ratio`` value / |d value/ds|."""

    log: FloatArray
    ratio: FloatArray


def scaled_normal(z: FloatArray) -> FloatArray:
    """Y(z) = N(z)/φ(z)."""
    return ROOT_HALF_PI * np.asarray(erfcx(-ROOT_HALF * z), dtype=np.float64)


def log_value(x: FloatArray, s: FloatArray) -> LogValue:
    """Ln b and b/b' for x <= 0, s > 0."""
    h, t = x / s, 0.5 * s
    difference = scaled_normal(h + t) - scaled_normal(h - t)
    small = (s < SMALL_TOTAL) & (x > -SMALL_MONEYNESS)
    if small.any():
        difference[small] = _series(h[small], t[small])
    return LogValue(_log_scale(h, t) + np.log(difference), difference)


def log_complement(x: FloatArray, s: FloatArray) -> LogValue:
    """ln(e^(x/2) - b) and its ratio to b' for x <= 0, s > 0."""
    h, t = x / s, 0.5 * s
    total = scaled_normal(-h - t) + scaled_normal(h - t)
    return LogValue(_log_scale(h, t) + np.log(total), total)


def _log_scale(h: FloatArray, t: FloatArray) -> FloatArray:
    return -0.5 * (h * h + t * t) - LOG_ROOT_TWO_PI


def _series(h: FloatArray, t: FloatArray) -> FloatArray:
    """Y(h+t) - Y(h-t) from Y' = 1 + hY and Y^(n+1) = hY^(n) + nY^(n-1), to the seventh power of t."""
    y0 = scaled_normal(h)
    y1 = 1 + h * y0
    y2 = h * y1 + y0
    y3 = h * y2 + 2 * y1
    y4 = h * y3 + 3 * y2
    y5 = h * y4 + 4 * y3
    y6 = h * y5 + 5 * y4
    y7 = h * y6 + 6 * y5
    u = t * t
    return 2 * t * (y1 + u / 6 * (y3 + u / 20 * (y5 + u / 42 * y7)))
