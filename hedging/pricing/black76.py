"""Black-76: what an option on a forward is worth, and how that changes.

State variable is the forward F of the expiry; K strike, T years of 365 days, σ a fraction, r continuous;
θ = +1 call, -1 put; D = e^(-rT). Raw units: USD, per 1.00 of volatility, per year (d/dt = -d/dT, F fixed).
Source: F. Black, "The pricing of commodity contracts", J. Financial Economics 3 (1976), 167-179; the higher
Greeks are its derivatives (docs/quant.md).

Limit cases: where σ√T is 0 the price is the discounted intrinsic value, delta its limit (θD/2 at F = K) and
the Greeks of curvature and volatility 0; but F = K with nothing left has no gamma: ``greeks`` refuses it.
In the wings results run out of the double range towards 0, as the exact number rounded to a double does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from hedging.pricing import black76_kernel as kernel
from hedging.pricing.arguments import (
    NOTHING_LEFT,
    FloatArray,
    Unpriceable,
    aligned_rows,
    as_floats,
    refuse,
    unpriceable,
)
from hedging.pricing.black76_kernel import ROOT_TWO_PI, log_moneyness

__all__ = [
    "CHUNK",
    "ROOT_TWO_PI",
    "CoreGreeks",
    "Greeks",
    "core_greeks",
    "exercise_probability",
    "greeks",
    "log_moneyness",
    "price",
]

CHUNK = 8192
"""Rows worked on at a time, so that the intermediate arrays stay in the processor's cache."""


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
    out = np.empty(arrays[0].shape)
    flat = out.reshape(-1)
    ordinary = True
    with np.errstate(all="ignore"):
        for rows, columns, terms in _chunks(arrays):
            target = flat[rows]
            kernel.fill_price_and_delta(terms, target, terms.inverse)
            if columns[5].any():
                kernel.discount((columns[5], columns[3]), [target])
            ordinary = ordinary and terms.ordinary and _plain(columns) and _finite([target])
    if not ordinary:
        _check(arrays, needs_gamma=False)
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
        for rows, _, terms in _chunks(arrays):
            flat[rows] = ndtr(terms.sign * terms.d2)
    return out


_G = TypeVar("_G", bound=CoreGreeks)


def _filled(kind: type[_G], arrays: tuple[FloatArray, ...]) -> _G:
    names = [field.name for field in fields(kind)]
    # One block for all columns: its pages are kept between calls, while many small ones are given back
    # to the system and faulted in anew each time, which costs as much as the formulas.
    flat = aligned_rows(len(names), arrays[0].size)
    ordinary = True
    with np.errstate(all="ignore"):
        for rows, columns, terms in _chunks(arrays):
            targets = list(flat[:, rows])
            kernel.fill(terms, targets)
            if columns[5].any():
                kernel.discount((columns[5], columns[3]), targets)
            ordinary = ordinary and terms.ordinary and _plain(columns) and _finite(targets[2:])
    if not ordinary:
        _check(arrays, needs_gamma=True)
        _check_finite(tuple(flat), arrays)
    shape = arrays[0].shape
    return kind(**{name: row.reshape(shape) for name, row in zip(names, flat, strict=True)})


def _chunks(arrays: tuple[FloatArray, ...]) -> Iterator[tuple[slice, list[FloatArray], kernel.Terms]]:
    flat = [array.reshape(-1) for array in arrays]
    size = flat[0].size
    scratch = aligned_rows(kernel.SCRATCH, min(CHUNK, size))
    for start in range(0, size, CHUNK):
        rows = slice(start, min(start + CHUNK, size))
        columns = [array[rows] for array in flat]
        yield rows, columns, kernel.terms(columns[:5], scratch[:, : rows.stop - start])


def _plain(columns: list[FloatArray]) -> bool:
    """Whether kinds are ±1, forwards positive, rates finite; ``Terms.ordinary`` has seen to all else."""
    sign, forward, *_, rate = columns
    kinds = np.count_nonzero(sign == 1.0) + np.count_nonzero(sign == -1.0)
    return kinds == sign.size and bool(np.minimum.reduce(forward) > 0) and _finite([rate])


def _finite(rows: Sequence[FloatArray]) -> bool:
    """Whether the sums of all rows are finite; the caller looks closer where a sum is not."""
    return bool(np.isfinite([np.add.reduce(row) for row in rows]).all())


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
