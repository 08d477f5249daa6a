"""Futures and perpetuals: what a position earned, how it moves, and where its collateral ends.

An inverse contract is counted in USD and settled in coin: P&L N(1/e - 1/S) coin for N USD entered at e.
With coins as collateral its value in USD, E·S with E = C + N(1/e - 1/S), is exactly linear in S.
A linear contract is counted in units of the underlying: P&L q(S - e).
Source: Deribit, "Inverse perpetual" and "Inverse futures" contract specifications.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedging.errors import UnpriceableError
from hedging.pricing.arguments import FloatArray, as_floats, require_finite, require_positive


@dataclass(frozen=True, slots=True)
class InverseFuture:
    """Measures of an inverse position and the account that holds only it, each of one shape.

    Coin: ``pnl_coin``, ``equity_coin``, ``delta_coin`` (S·dE/dS = N/S), ``usd_delta_coin`` (equity + delta:
    what moves the USD value). USD: ``pnl_usd`` at the mark, ``equity_usd``, ``flat_notional_usd`` (the
    total position whose USD value does not move), ``flat_change_usd`` (the trade that gets there).
    ``slope`` dE/dS in coin per USD, ``curvature`` d²E/dS² in coin per USD².
    ``bankruptcy_price`` USD, NaN where ``can_go_bankrupt`` is false.
    """

    pnl_coin: FloatArray
    pnl_usd: FloatArray
    delta_coin: FloatArray
    slope: FloatArray
    curvature: FloatArray
    equity_coin: FloatArray
    equity_usd: FloatArray
    usd_delta_coin: FloatArray
    flat_notional_usd: FloatArray
    flat_change_usd: FloatArray
    can_go_bankrupt: NDArray[np.bool_]
    bankruptcy_price: FloatArray


@dataclass(frozen=True, slots=True)
class LinearFuture:
    """``pnl`` in USD, ``delta_units`` in the underlying, ``delta_usd`` their value at the mark."""

    pnl: FloatArray
    delta_units: FloatArray
    delta_usd: FloatArray


def inverse_future(
    notional_usd: ArrayLike, entry: ArrayLike, mark: ArrayLike, collateral_coin: ArrayLike
) -> InverseFuture:
    """Measures of an inverse position of ``notional_usd`` (signed, long > 0).

    ``entry`` and ``mark`` > 0 in USD; ``collateral_coin`` C, the coins before the position's P&L.

    >>> float(inverse_future(10_000.0, 50_000.0, 40_000.0, 1.0).pnl_coin)
    -0.05

    Raises UnpriceableError when a number is not finite, a price not positive, or a measure out of range.
    """
    notional, e, s, collateral = as_floats(notional_usd, entry, mark, collateral_coin)
    require_finite(notional_usd=notional, collateral_coin=collateral)
    require_positive(entry=e, mark=s)
    with np.errstate(all="ignore"):
        pnl = notional * ((s - e) / (e * s))
        delta = notional / s
        equity = collateral + pnl
        flat = -equity * s
        curvature = -2 * delta / s / s
        price, exists = _bankruptcy(notional, e, collateral)
    _require_in_range(pnl, curvature, flat - notional)
    return InverseFuture(
        pnl_coin=pnl,
        pnl_usd=pnl * s,
        delta_coin=delta,
        slope=delta / s,
        curvature=curvature,
        equity_coin=equity,
        equity_usd=equity * s,
        usd_delta_coin=equity + delta,
        flat_notional_usd=flat,
        flat_change_usd=flat - notional,
        can_go_bankrupt=exists,
        bankruptcy_price=price,
    )


def _bankruptcy(
    notional: FloatArray, entry: FloatArray, collateral: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """The price at which C + N(1/e - 1/S) = 0; a well covered short has none."""
    anchored = collateral + notional / entry
    exists = (notional != 0) & (np.sign(anchored) == np.sign(notional))
    price = np.full(notional.shape, np.nan)
    np.divide(notional, anchored, out=price, where=exists)
    return price, exists


def linear_future(quantity: ArrayLike, entry: ArrayLike, mark: ArrayLike) -> LinearFuture:
    """Measures of a linear position of ``quantity`` units of the underlying (signed), prices > 0 in USD.

    >>> float(linear_future(2.0, 100.0, 90.0).pnl)
    -20.0

    Raises UnpriceableError when a number is not finite, a price not positive, or a measure out of range.
    """
    q, e, s = as_floats(quantity, entry, mark)
    require_finite(quantity=q)
    require_positive(entry=e, mark=s)
    with np.errstate(all="ignore"):
        pnl, worth = q * (s - e), q * s
    _require_in_range(pnl, worth)
    return LinearFuture(pnl=pnl, delta_units=q.copy(), delta_usd=worth)


def _require_in_range(*results: FloatArray) -> None:
    if not all(bool(np.isfinite(result).all()) for result in results):
        raise UnpriceableError("a measure is outside the range of a double; check the units of the position")
