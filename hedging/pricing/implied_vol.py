"""Implied volatility: the σ at which Black-76 gives a price, or the reason why there is none.

The time value is normalised to b(x, s) (normalised_black). An ordinary row starts from a table, so near that
one step of Householder's method of order three ends it (vol_table). Any other is judged, and solved for
s = σ√T on the function of the price that is nearest to a straight line in its region, in a bracket that
halves where a step would leave it (solve_total_vol). A row is done when its last step was too small to
matter; one that never gets there is refused, not returned.
Source: A. S. Householder, "The Numerical Treatment of a Single Nonlinear Equation" (1970), for the iteration.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedging.errors import UnpriceableError
from hedging.pricing import solve_total_vol
from hedging.pricing.arguments import CodeArray, FloatArray, as_floats
from hedging.pricing.black76 import CHUNK
from hedging.pricing.black76_kernel import ROOT_TWO_PI, log_moneyness
from hedging.pricing.vol_table import ordinary_total_vol

NO_INFORMATION_AT = 0.01
"""A price whose last digit moves the volatility by this share of itself, or more, says nothing about it."""

SMALL_EXPONENT = 0.1
"""Of rT, up to which e^(rT) - 1 is a better factor than e^(rT): its own rounding is smaller."""

ROUNDING_ULPS = 4.0
"""How many last digits of the price intrinsic value and bound may be off by their own rounding."""


class NoVol(IntEnum):
    """Why a price has no implied volatility; zero means that it has one."""

    SOLVED = 0
    SIGN = 1
    FORWARD = 2
    STRIKE = 3
    YEARS_NOT_FINITE = 4
    EXPIRED = 5
    RATE = 6
    PRICE_NOT_FINITE = 7
    NEGATIVE_PRICE = 8
    ZERO_PRICE = 9
    BELOW_INTRINSIC = 10
    ABOVE_BOUND = 11
    NO_INFORMATION = 12
    NOT_CONVERGED = 13

    @property
    def text(self) -> str:
        """What is wrong and what to do, for a screen or a file."""
        return _TEXTS[self]


_TEXTS = {
    NoVol.SOLVED: "",
    NoVol.SIGN: "kind is neither call (+1) nor put (-1); correct it",
    NoVol.FORWARD: "forward is not a positive finite number; give the forward of the expiry",
    NoVol.STRIKE: "strike is not a positive finite number; correct it",
    NoVol.YEARS_NOT_FINITE: "years is not a finite number; give the time to expiry in years of 365 days",
    NoVol.EXPIRED: "years is not positive: the option has expired and has no volatility; remove the row",
    NoVol.RATE: "rate is not a finite number; give a continuous yearly rate, 0 where there is none",
    NoVol.PRICE_NOT_FINITE: "price is not a finite number; give a price or leave the row out",
    NoVol.NEGATIVE_PRICE: "price is negative: no volatility gives it; check the quote",
    NoVol.ZERO_PRICE: "price is zero: no volatility gives it; use a quote above zero",
    NoVol.BELOW_INTRINSIC: "price is below intrinsic value: no volatility gives it; check price and forward",
    NoVol.ABOVE_BOUND: (
        "price is at or above the most an option can cost (forward for a call, strike for a put, discounted; "
        "1 and strike/forward in coin): no volatility gives it; check the price and its unit"
    ),
    NoVol.NO_INFORMATION: (
        "price holds no information on volatility: it is its bound to the last digits; "
        "use the other kind at this strike"
    ),
    NoVol.NOT_CONVERGED: "the solver did not converge; report the row",
}


@dataclass(frozen=True, slots=True)
class ImpliedVols:
    """``vol`` as a fraction, NaN where ``refusal`` (codes of ``NoVol``) is not zero, all of one shape.

    ``vol_per_price_ulp``: by how much ``vol`` moves when the price moves by the spacing of doubles there,
    NaN where unknown; above about 1e-9 of ``vol`` the price is ill-conditioned.
    """

    vol: FloatArray
    refusal: CodeArray
    vol_per_price_ulp: FloatArray


def implied_vols(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    price: ArrayLike,
    rate: ArrayLike = 0.0,
) -> ImpliedVols:
    """Implied volatility of every row, or its refusal, in the broadcast shape of the arguments.

    ``sign`` +1 call, -1 put; ``forward``, ``strike``, ``price`` in USD; ``years`` of 365 days; ``rate``
    continuous per year. For a price in coin: ``coin_implied_vols``.

    >>> found = implied_vols(1, 100.0, [100.0, 80.0], 1.0, [7.965567455405804, 19.0])
    >>> round(float(found.vol[0]), 12), NoVol(found.refusal[1]).name
    (0.2, 'BELOW_INTRINSIC')

    Raises UnpriceableError when an argument is no array of numbers; a wrong row is refused, not raised.
    """
    arrays = as_floats(sign, forward, strike, years, price, rate)
    shape = arrays[0].shape
    found = ImpliedVols(np.full(shape, np.nan), np.zeros(shape, dtype=np.int8), np.full(shape, np.nan))
    outputs = [array.reshape(-1) for array in (found.vol, found.refusal, found.vol_per_price_ulp)]
    flat = [array.reshape(-1) for array in arrays]
    with np.errstate(all="ignore"):
        for start in range(0, flat[0].size, CHUNK):
            rows = slice(start, start + CHUNK)
            vol, refusal, slack = _solve_chunk([array[rows] for array in flat])
            outputs[0][rows], outputs[1][rows], outputs[2][rows] = vol, refusal, slack
    return found


def implied_vol(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    price: ArrayLike,
    rate: ArrayLike = 0.0,
) -> FloatArray:
    """As ``implied_vols``, for callers who cannot go on without every row.

    Raises UnpriceableError that names the first row without a volatility.
    """
    found = implied_vols(sign, forward, strike, years, price, rate)
    wrong = np.flatnonzero(found.refusal)
    if wrong.size:
        row = int(wrong[0])
        reason = NoVol(int(found.refusal.flat[row]))
        raise UnpriceableError(f"{reason.text} (row {row} of {found.refusal.size}, {wrong.size} wrong)")
    return found.vol


def coin_implied_vols(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, price_coin: ArrayLike
) -> ImpliedVols:
    """Implied volatility of coin-settled options from ``price_coin`` per contract of one coin.

    Bounds: call [max(0, 1 - K/F), 1), put [max(0, K/F - 1), K/F). ``vol_per_price_ulp`` is per spacing of
    the price in USD, price_coin·F. Otherwise as ``implied_vols`` with rate 0.

    >>> float(coin_implied_vols(1, 100.0, 80.0, 1.0, 0.19).vol)
    nan
    """
    (f, coin) = as_floats(forward, price_coin)
    with np.errstate(all="ignore"):
        return implied_vols(sign, f, strike, years, coin * f)


def _solve_chunk(columns: list[FloatArray]) -> tuple[FloatArray, CodeArray, FloatArray]:
    """By the table where a row is ordinary; the others are judged and solved one region at a time."""
    vol, slack, found = _ordinary(columns)
    refusal = np.zeros(vol.shape, dtype=np.int8)
    rest = np.flatnonzero(~found)
    if rest.size:
        vol[rest], refusal[rest], slack[rest] = _solve_any([column[rest] for column in columns])
    return vol, refusal, slack


def _ordinary(columns: list[FloatArray]) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Volatility, its move per price spacing, and which rows are found: none that could be refused."""
    sign, forward, strike, years, price, rate = columns
    scale = np.sqrt(forward * strike)
    u = np.abs(log_moneyness(forward, strike))
    total, found = ordinary_total_vol(u, _time_value(columns) / scale)
    root = np.sqrt(years)
    vol = total / root
    u /= total
    u *= u
    total *= total
    total *= 0.25
    u += total
    u *= -0.5
    vega = np.exp(u, out=u)
    vega *= scale
    vega *= root
    slack = np.spacing(price)
    slack /= vega
    slack *= ROOT_TWO_PI
    if rate.any():
        slack *= np.exp(rate * years)
    found &= ~_is_blind(columns, vol, slack)
    found &= (forward > 0) & (vol < np.inf) & (np.abs(sign) == 1)
    return vol, slack, found


def _solve_any(columns: list[FloatArray]) -> tuple[FloatArray, CodeArray, FloatArray]:
    refusal = _refusals(columns)
    vol, slack = np.full(refusal.shape, np.nan), np.full(refusal.shape, np.nan)
    open_rows = np.flatnonzero(refusal == NoVol.SOLVED)
    if open_rows.size == 0:
        return vol, refusal, slack
    open_columns = columns if open_rows.size == refusal.size else [column[open_rows] for column in columns]
    sign, forward, strike, years, price, rate = open_columns
    growth = np.exp(rate * years)
    room = np.where(sign > 0, forward, strike) - price * growth
    target = solve_total_vol.Target.of(forward, strike, _time_value(open_columns), room)
    total, converged = solve_total_vol.total_vol(target)
    vol[open_rows] = total / np.sqrt(years)
    slack[open_rows] = np.spacing(price) * growth / (_vega(target.x, total, forward, strike) * np.sqrt(years))
    blind = _is_blind(open_columns, vol[open_rows], slack[open_rows])
    refusal[open_rows[blind]] = NoVol.NO_INFORMATION
    refusal[open_rows[~converged & ~blind]] = NoVol.NOT_CONVERGED
    vol[refusal != NoVol.SOLVED] = np.nan
    return vol, refusal, slack


def _is_blind(columns: list[FloatArray], vol: FloatArray, slack: FloatArray) -> NDArray[np.bool_]:
    """Whether a price says nothing about volatility any more, by ``slack``, the volatility of its last digit.

    With a large rT, e^(rT) and its product are rounded, which is about a digit of the price more; in the
    money a time value of no more than two such digits is nothing else.
    """
    sign, forward, strike, years, price, rate = columns
    if not rate.any():
        return np.asarray(~(slack < NO_INFORMATION_AT * vol))
    digit = np.where(np.abs(rate * years) < SMALL_EXPONENT, 1.0, 2.0)
    noise = 2 * digit * np.spacing(price) * np.exp(rate * years)
    in_the_money = (sign * (forward - strike) > 0) & (rate != 0)
    blind: NDArray[np.bool_] = in_the_money & (_time_value(columns) <= noise)
    blind |= ~(digit * slack < NO_INFORMATION_AT * vol)
    return blind


def _time_value(columns: list[FloatArray]) -> FloatArray:
    """Undiscounted price less intrinsic value in USD, to the last digit of the price.

    In the money at a small rT, V·e^(rT) - θ(F-K) loses no digit as (V - θ(F-K)) + V·(e^(rT) - 1), with the
    part of F-K that its rounding dropped.
    """
    sign, forward, strike, years, price, rate = columns
    gap = forward - strike
    part = gap - forward
    lost = (forward - (gap - part)) - (strike + part)  # exact: F - K = gap + lost (Knuth's two-sum)
    inner, outer = price - sign * gap - sign * lost, price
    if rate.any():
        exponent = rate * years
        outer = price * (np.exp(exponent) * (1 + _dropped(rate, years, exponent)))
        near = inner + price * np.expm1(exponent)
        inner = np.where(np.abs(exponent) < SMALL_EXPONENT, near, outer - sign * gap - sign * lost)
    return np.where(sign * gap > 0, inner, outer)


def _dropped(one: FloatArray, other: FloatArray, product: FloatArray) -> FloatArray:
    """What rounding took off ``product`` = one · other (T. Dekker, Numer. Math. 18 (1971), 224-242)."""
    pieces = []
    for value in (one, other):
        wide = value * 134217729.0  # 2²⁷ + 1
        high = wide - (wide - value)
        pieces.append((high, value - high))
    (a, b), (c, d) = pieces
    return ((a * c - product) + a * d + b * c) + b * d


def _vega(x: FloatArray, total: FloatArray, forward: FloatArray, strike: FloatArray) -> FloatArray:
    """d(undiscounted price)/d(σ√T) in USD."""
    exponent = (x / total) ** 2 + (0.5 * total) ** 2
    return np.sqrt(forward) * np.sqrt(strike) * np.exp(-0.5 * exponent) / ROOT_TWO_PI


def _refusals(columns: list[FloatArray]) -> CodeArray:
    """The reasons that can be seen before solving; the first argument that is wrong is named."""
    sign, forward, strike, years, price, rate = columns
    discount = np.exp(-rate * years)
    intrinsic = discount * np.maximum(sign * (forward - strike), 0.0)
    upper = discount * np.where(sign > 0, forward, strike)
    slack = ROUNDING_ULPS * np.spacing(np.abs(price))
    rules: tuple[tuple[NDArray[np.bool_], NoVol], ...] = (
        (_time_value(columns) <= 0, NoVol.NO_INFORMATION),
        (price < intrinsic - slack, NoVol.BELOW_INTRINSIC),
        (price >= upper, NoVol.ABOVE_BOUND),
        ((price == 0) & (intrinsic == 0), NoVol.ZERO_PRICE),
        (price < 0, NoVol.NEGATIVE_PRICE),
        (~np.isfinite(price), NoVol.PRICE_NOT_FINITE),
        (~np.isfinite(rate), NoVol.RATE),
        (years <= 0, NoVol.EXPIRED),
        (~np.isfinite(years), NoVol.YEARS_NOT_FINITE),
        (~((strike > 0) & (strike < np.inf)), NoVol.STRIKE),
        (~((forward > 0) & (forward < np.inf)), NoVol.FORWARD),
        (np.abs(sign) != 1, NoVol.SIGN),
    )
    codes = np.zeros(price.shape, dtype=np.int8)
    for wrong, reason in rules:
        codes[wrong] = reason
    return codes
