"""Black-76 for one chunk of rows, in place: every pass over an array costs as much as its arithmetic.

With W Mills' ratio (normal_tail), N(-|d|) = φ(d)·W(|d|), and as F·φ(d1) = K·φ(d2) one exponential serves both
d1 and d2. N(θd) = 1 or 0, less or more that tail, is put together without losing the digits of the tail.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedging.pricing.arguments import NOTHING_LEFT, FloatArray
from hedging.pricing.normal_tail import FARTHEST, mills_ratio

ROOT_TWO_PI = float(np.sqrt(2 * np.pi))
FAR = 1e50  # stands for an infinite d1: its density is 0 and its products stay finite
DEEP = 1300.0  # d1² from which φ(d1) nears the end of the double range
SCRATCH = 14


class Terms(NamedTuple):
    """What all Greeks of a chunk are made of; ``density`` is φ(d1), or φ(d1) over ``tail`` where that is set.

    ``tail`` is e^(-d1²/4): the density is multiplied in by halves, each far from underflow, so that a Greek
    which is itself within the double range comes out of it even where the density alone does not.
    ``dead`` marks rows without time or volatility, whose ``years`` and ``vol`` are then replaced by 1.
    """

    sign: FloatArray
    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    vol: FloatArray
    root: FloatArray
    inverse: FloatArray
    d1: FloatArray
    d2: FloatArray
    density: FloatArray
    tail: FloatArray | None
    dead: NDArray[np.bool_] | None
    spare: Sequence[FloatArray]

    @property
    def ordinary(self) -> bool:
        """Whether no row is a limit case, or made of arguments that are not finite."""
        return self.tail is None and self.dead is None


def log_moneyness(forward: FloatArray, strike: FloatArray) -> FloatArray:
    """ln(F/K), to the last digits also near the money, where log(F/K) would lose them."""
    return _log_moneyness(forward, strike, np.empty(np.broadcast_shapes(forward.shape, strike.shape)))


def _log_moneyness(forward: FloatArray, strike: FloatArray, out: FloatArray) -> FloatArray:
    np.subtract(forward, strike, out=out)
    out /= strike
    low = np.flatnonzero(out < -0.5)  # 1 + (F-K)/K cancels there; ln(F/K) = -ln(K/F) does not
    np.log1p(out, out=out)
    if low.size:
        f, k = (np.broadcast_to(side, out.shape).reshape(-1)[low] for side in (forward, strike))
        out.reshape(-1)[low] = -np.log1p((k - f) / f)
    return out


def terms(columns: Sequence[FloatArray], scratch: FloatArray) -> Terms:
    """d1, d2 and the density of one chunk; ``scratch`` holds ``SCRATCH`` rows of its length."""
    sign, forward, strike, years, vol = columns
    root, total, inverse, d1, d2, density, half, *spare = scratch
    np.sqrt(years, out=root)
    np.multiply(vol, root, out=total)
    _log_moneyness(forward, strike, d1)
    dead = None
    if not np.minimum.reduce(total) >= NOTHING_LEFT:
        dead = total < NOTHING_LEFT
        years, vol = np.where(dead, 1.0, years), np.where(dead, 1.0, vol)
        root[dead] = 1.0
        total[dead] = 1.0
    np.reciprocal(total, out=inverse)
    d1 *= inverse
    total *= 0.5
    np.subtract(d1, total, out=d2)
    d1 += total
    if dead is not None:
        far = FAR * np.sign(forward[dead] - strike[dead])
        d1[dead], d2[dead] = far, far
    exponent = spare[0]
    np.multiply(d1, d1, out=exponent)
    ordinary = bool(np.maximum.reduce(exponent) < DEEP)
    exponent *= -0.5 if ordinary else -0.25
    np.exp(exponent, out=density)
    tail = None
    if not ordinary:
        tail = half
        tail[...] = density
    density *= 1 / ROOT_TWO_PI
    return Terms(
        sign, forward, strike, years, vol, root, inverse, d1, d2, density, tail, dead, (*spare, total)
    )


def fill_price_and_delta(given: Terms, price: FloatArray, delta: FloatArray) -> FloatArray:
    """Undiscounted price and delta of a chunk into their places; gives F times the density of ``given``."""
    size, ratio, scratch, side, whole, scaled = given.spare[:6]
    np.abs(given.d1, out=size)
    np.minimum(size, FARTHEST, out=size)
    mills_ratio(size, ratio, scratch)
    ratio *= given.density
    np.multiply(given.density, given.forward, out=scaled)
    _put_together(given, given.d1, (ratio, side, whole))
    np.subtract(whole, ratio, out=delta)

    np.abs(given.d2, out=size)
    np.minimum(size, FARTHEST, out=size)
    mills_ratio(size, ratio, scratch)
    ratio *= scaled
    _put_together(given, given.d2, (ratio, side, whole))
    whole *= given.strike
    np.multiply(given.forward, delta, out=price)
    ratio -= whole
    price += ratio
    np.maximum(price, 0.0, out=price)
    if given.dead is not None:
        dead = given.dead
        inner = given.sign[dead] * (given.forward[dead] - given.strike[dead])
        price[dead] = np.maximum(inner, 0.0)
    return scaled


def _put_together(given: Terms, d: FloatArray, rows: tuple[FloatArray, FloatArray, FloatArray]) -> None:
    """``whole`` = θ·N(θ·∞·d), exactly 0 or ±1, and the tail that has to be subtracted from it."""
    tail, side, whole = rows
    np.copysign(0.5, d, out=side)
    np.multiply(given.sign, 0.5, out=whole)
    whole += side
    side *= 2.0
    tail *= side
    if given.tail is not None:
        tail *= given.tail


def fill(given: Terms, rows: Sequence[FloatArray]) -> None:
    """Undiscounted Greeks of a chunk, at rate 0, into 5 or 11 ``rows`` in the order of ``Greeks``."""
    price, delta, gamma, vega, theta = rows[:5]
    scaled = fill_price_and_delta(given, price, delta)
    work, slower = given.spare[:2]
    np.multiply(given.density, given.inverse, out=gamma)
    gamma /= given.forward
    np.multiply(scaled, given.root, out=vega)
    np.divide(-0.5, given.years, out=slower)
    np.multiply(vega, given.vol, out=theta)
    theta *= slower
    if len(rows) > 5:
        _fill_higher(given, rows, (work, slower))
    if given.tail is not None:
        for row in rows[2:]:
            np.multiply(row, given.tail, out=row)


def _fill_higher(given: Terms, rows: Sequence[FloatArray], work: tuple[FloatArray, FloatArray]) -> None:
    gamma, vega = rows[2:4]
    vanna, volga, charm, speed, zomma, color = rows[5:]
    per_vol, slower = work
    np.reciprocal(given.vol, out=per_vol)
    d1, product, density = given.d1, given.d2, given.density  # not needed as they are from here on
    density *= product
    np.multiply(density, slower, out=charm)
    np.negative(charm, out=charm)
    np.multiply(density, per_vol, out=vanna)
    np.negative(vanna, out=vanna)
    product *= d1
    np.multiply(vega, product, out=volga)
    volga *= per_vol
    product -= 1.0
    product *= gamma
    np.multiply(product, per_vol, out=zomma)
    np.multiply(product, slower, out=color)
    d1 *= given.inverse
    d1 += 1.0
    d1 *= gamma
    np.divide(d1, given.forward, out=speed)
    np.negative(speed, out=speed)


def discount(columns: tuple[FloatArray, FloatArray], rows: Sequence[FloatArray]) -> None:
    """Greeks at rate 0 turned in place into those at ``columns`` = rate, years."""
    rate, years = columns
    factor = np.exp(-rate * years)
    for row in rows:
        np.multiply(row, factor, out=row)
    for moved, source in ((4, 0), (7, 1), (10, 2)):
        if len(rows) > moved:
            rows[moved][...] += rate * rows[source]
