"""Black-76: what an option on a forward is worth, and how that changes.

State variable is the forward F of the expiry; K strike, T years of 365 days, σ a fraction, r continuous;
θ = +1 call, -1 put; D = e^(-rT). Raw units: USD, per 1.00 of volatility, per year (d/dt = -d/dT, F fixed).
Source: F. Black, "The pricing of commodity contracts", J. Financial Economics 3 (1976), 167-179; the higher
Greeks are its derivatives (docs/quant.md).

Limit cases: where σ√T is 0 the price is the discounted intrinsic value, delta its limit (θD/2 at F = K) and
the Greeks of curvature and volatility 0; but F = K with nothing left has no gamma: ``greeks`` refuses it.
In the wings results run out of the double range towards 0, as the exact number rounded to a double does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from hedging.pricing.arguments import (
    NOTHING_LEFT,
    FloatArray,
    Unpriceable,
    as_floats,
    refuse,
    unpriceable,
)

CHUNK = 8192
"""Rows worked on at a time, so that the intermediate arrays stay in the processor's cache."""

ROOT_TWO_PI = float(np.sqrt(2 * np.pi))
FAR = 1e50  # stands for an infinite d1: its density is 0 and its products stay finite


@dataclass(frozen=True, slots=True)
class CoreGreeks:
    """Price (USD), delta, gamma (per USD), vega (USD per 1.00 vol), theta (USD per year), of one shape."""

    price: FloatArray
    delta: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray


@dataclass(frozen=True, slots=True)
class Greeks(CoreGreeks):
    """All Greeks in raw units: USD, per 1.00 of volatility, per year.

    ``vanna`` d delta/d vol, ``volga`` d vega/d vol, ``charm`` d delta/dt, ``speed`` d gamma/dF,
    ``zomma`` d gamma/d vol, ``color`` d gamma/dt.
    """

    vanna: FloatArray
    volga: FloatArray
    charm: FloatArray
    speed: FloatArray
    zomma: FloatArray
    color: FloatArray


def price(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    rate: ArrayLike = 0.0,
) -> FloatArray:
    """Value in USD today, V = Dθ(F·N(θd1) - K·N(θd2)), in the broadcast shape of the arguments.

    ``sign`` +1 call, -1 put; ``forward`` and ``strike`` > 0 in USD; ``years`` >= 0;
    ``vol`` >= 0 as a fraction; ``rate`` continuous per year.

    >>> float(price(1, 100.0, 90.0, 0.0, 0.5))
    10.0

    Raises UnpriceableError, naming the first wrong row, when a row has no price.
    """
    arrays = as_floats(sign, forward, strike, years, vol, rate)
    _check(arrays, needs_gamma=False)
    out = np.empty(arrays[0].shape)
    flat = out.reshape(-1)
    with np.errstate(all="ignore"):
        for rows, terms in _chunks(arrays):
            value, _ = _price_and_delta(terms)
            flat[rows] = value
    _check_finite((out,), arrays)
    return out


def core_greeks(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    rate: ArrayLike = 0.0,
) -> CoreGreeks:
    """Price, delta, gamma, vega and theta alone: the part that every cycle needs.

    Arguments, units and errors as ``greeks``.
    """
    return _filled(CoreGreeks, as_floats(sign, forward, strike, years, vol, rate))


def greeks(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    rate: ArrayLike = 0.0,
) -> Greeks:
    """All Greeks in raw units (USD, per 1.00 of volatility, per year), in the broadcast shape.

    Arguments as ``price``.

    >>> float(greeks(1, 100.0, 90.0, 0.0, 0.5).delta)
    1.0

    Raises UnpriceableError, naming the first wrong row, when a row has no Greeks; also at F = K with
    nothing left of volatility or time, where gamma is infinite.
    """
    return _filled(Greeks, as_floats(sign, forward, strike, years, vol, rate))


def exercise_probability(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike
) -> FloatArray:
    """N(θd2): the probability, under the forward's pricing measure, that the option ends in the money.

    Arguments and errors as ``price``; the broadcast shape; at F = K with nothing left it is one half.

    >>> float(exercise_probability(-1, 100.0, 120.0, 0.0, 0.5))
    1.0
    """
    arrays = as_floats(sign, forward, strike, years, vol, 0.0)
    _check(arrays, needs_gamma=False)
    out = np.empty(arrays[0].shape)
    flat = out.reshape(-1)
    with np.errstate(all="ignore"):
        for rows, terms in _chunks(arrays):
            flat[rows] = ndtr(terms.sign * terms.d2)
    return out


class _Terms(NamedTuple):
    """The arguments of one chunk of rows and what all its Greeks are made of."""

    sign: FloatArray
    forward: FloatArray
    strike: FloatArray
    years: FloatArray
    vol: FloatArray
    rate: FloatArray
    discount: FloatArray | float
    total: FloatArray
    d1: FloatArray
    d2: FloatArray


_G = TypeVar("_G", bound=CoreGreeks)


def _filled(kind: type[_G], arrays: tuple[FloatArray, ...]) -> _G:
    _check(arrays, needs_gamma=True)
    shape = arrays[0].shape
    names = [field.name for field in fields(kind)]
    # One block for all columns: its pages are kept between calls, while many small ones are given back
    # to the system and faulted in anew each time, which costs as much as the formulas.
    block = np.empty((len(names), *shape))
    out = kind(**{name: block[place, ...] for place, name in enumerate(names)})
    flat = list(block.reshape(len(names), -1))
    with np.errstate(all="ignore"):
        for rows, terms in _chunks(arrays):
            columns = _greek_columns(terms, full=kind is Greeks)
            for target, column in zip(flat, columns, strict=True):
                target[rows] = column
    _check_finite(tuple(flat), arrays)
    return out


def _chunks(arrays: tuple[FloatArray, ...]) -> Iterator[tuple[slice, _Terms]]:
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, flat[0].size, CHUNK):
        rows = slice(start, start + CHUNK)
        yield rows, _terms([array[rows] for array in flat])


def log_moneyness(forward: FloatArray, strike: FloatArray) -> FloatArray:
    """ln(F/K), to the last digits also near the money, where log(F/K) would lose them."""
    gap = forward - strike
    return np.copysign(np.log1p(np.abs(gap) / np.minimum(forward, strike)), gap)


def _terms(columns: list[FloatArray]) -> _Terms:
    sign, forward, strike, years, vol, rate = columns
    discount: FloatArray | float = np.exp(-rate * years) if rate.any() else 1.0
    total = vol * np.sqrt(years)
    log_ratio = log_moneyness(forward, strike)
    dead = None
    if total.min() < NOTHING_LEFT:
        dead = total < NOTHING_LEFT
        years, vol, total = (np.where(dead, 1.0, part) for part in (years, vol, total))
    d1 = log_ratio / total + 0.5 * total
    d2 = d1 - total
    if dead is not None:
        far = FAR * np.sign(forward - strike)
        d1, d2 = np.where(dead, far, d1), np.where(dead, far, d2)
    return _Terms(sign, forward, strike, years, vol, rate, discount, total, d1, d2)


def _price_and_delta(terms: _Terms) -> tuple[FloatArray, FloatArray]:
    delta = terms.sign * ndtr(terms.sign * terms.d1)
    value = terms.forward * delta - terms.strike * (terms.sign * ndtr(terms.sign * terms.d2))
    return terms.discount * np.maximum(value, 0.0), terms.discount * delta


def _greek_columns(terms: _Terms, *, full: bool) -> list[FloatArray]:
    """Columns in the order of the fields; ``full`` adds those of ``Greeks``."""
    _, forward, _, years, vol, rate, discount, total, d1, d2 = terms
    value, delta = _price_and_delta(terms)
    # The density is multiplied in by halves, each far from underflow, so that a Greek which is itself
    # within the double range comes out of it even where the density alone does not.
    half = np.exp(-0.25 * d1 * d1)
    density = half * (discount / ROOT_TWO_PI)
    gamma = density / (forward * total)
    vega = density * forward * np.sqrt(years)
    decay = vega * vol / (2 * years) * half
    columns = [value, delta, gamma * half, vega * half, rate * value - decay]
    if not full:
        return columns
    product = d1 * d2
    return [
        *columns,
        -density * d2 / vol * half,
        vega * product / vol * half,
        rate * delta + density * d2 / (2 * years) * half,
        -gamma / forward * (d1 / total + 1) * half,
        gamma * (product - 1) / vol * half,
        gamma * (rate + (1 - product) / (2 * years)) * half,
    ]


def _check(arrays: tuple[FloatArray, ...], *, needs_gamma: bool) -> None:
    """Refuse wrong rows; a few reductions settle the common case in which all are right."""
    sign, forward, strike, years, vol, rate = arrays
    if sign.size == 0:
        return
    fine = (
        _within(forward, above=0.0)
        and _within(strike, above=0.0)
        and _within(years, above=-5e-324)
        and _within(vol, above=-5e-324)
        and bool(np.isfinite(rate.min() + rate.max()))
        and bool((np.abs(sign) == 1).all())
    )
    if fine and not (needs_gamma and vol.min() * np.sqrt(years.min()) < NOTHING_LEFT):
        return
    codes = unpriceable(*arrays)
    if not needs_gamma:
        codes = np.where(codes == Unpriceable.KINK, np.int8(0), codes)
    refuse(codes, arrays)


def _within(array: FloatArray, above: float) -> bool:
    """Whether all values lie in (above, ∞); NaN fails both comparisons."""
    return bool(array.min() > above) and bool(array.max() < np.inf)


def _check_finite(columns: tuple[FloatArray, ...], arrays: tuple[FloatArray, ...]) -> None:
    if columns[0].size == 0 or all(_within(column, above=-np.inf) for column in columns):
        return
    finite = np.logical_and.reduce([np.isfinite(column.reshape(-1)) for column in columns])
    refuse(np.where(finite, 0, Unpriceable.OUT_OF_RANGE).astype(np.int8), arrays)
