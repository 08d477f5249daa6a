"""Coin-settled options: the same option with the coin as the money it is counted in.

p = θ(N(θd1) - (K/F)N(θd2)) coin per contract of one coin, which is Black's price with rate 0 over F, exactly.
Coin price and Greeks carry no rate: the premium and the pay-off are coins, and the forward holds the carry.
The delta that a coin account feels is the premium-adjusted one, F·dp/dF = θ(K/F)N(θd2) = Δ - p.
Source: Deribit, "Option Greeks" and "Net transaction delta" in its documentation; OKX, ``delta`` and
``gamma`` of its account positions (that gamma is F²·d²p/dF²); derivation in docs/quant.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import UnpriceableError
from hedging.pricing import black76
from hedging.pricing.arguments import FloatArray, as_floats, require_finite, require_positive

DAY_IN_YEARS = 1 / 365


@dataclass(frozen=True, slots=True)
class CoinGreeks:
    """Greeks in coin per contract of one coin, each of one shape.

    ``price_coin`` coin; ``delta_premium_adjusted`` F·dp/dF, coin; ``gamma_coin`` F²·d²p/dF², coin;
    ``slope`` dp/dF, coin per USD; ``curvature`` d²p/dF², coin per USD²; ``vega_coin`` coin per 1.00 of
    volatility; ``theta_coin`` coin per year.
    """

    price_coin: FloatArray
    delta_premium_adjusted: FloatArray
    gamma_coin: FloatArray
    slope: FloatArray
    curvature: FloatArray
    vega_coin: FloatArray
    theta_coin: FloatArray


def coin_greeks(
    sign: ArrayLike, forward: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike
) -> CoinGreeks:
    """Greeks of a coin-settled option, in coin, in the broadcast shape of the arguments.

    Arguments as ``black76.price``, without a rate.

    >>> float(coin_greeks(1, 100.0, 80.0, 0.0, 0.5).delta_premium_adjusted)
    0.8

    Raises UnpriceableError where ``black76.greeks`` does.
    """
    black = black76.core_greeks(sign, forward, strike, years, vol)
    exercise = black76.exercise_probability(sign, forward, strike, years, vol)
    s, f, k = (np.broadcast_to(array, black.price.shape) for array in as_floats(sign, forward, strike))
    with np.errstate(all="ignore"):
        delta = s * (k / f) * exercise
        gamma = f * black.gamma - 2 * delta
        columns = CoinGreeks(
            price_coin=black.price / f,
            delta_premium_adjusted=delta,
            gamma_coin=gamma,
            slope=delta / f,
            curvature=gamma / f / f,
            vega_coin=black.vega / f,
            theta_coin=black.theta / f,
        )
    if not bool(np.isfinite(columns.curvature + columns.vega_coin + columns.theta_coin).all()):
        raise UnpriceableError("a coin Greek is outside the range of a double; check the units of the row")
    return columns


def day_theta(theta_per_year: ArrayLike, years: ArrayLike) -> FloatArray:
    """What is lost over the next day, or over the rest of the life where that is shorter.

    Unit: the one of ``theta_per_year`` without "per year". Source: Deribit shows theta this way.

    >>> float(day_theta(-365.0, 0.001))
    -0.365

    Raises UnpriceableError when an argument is not finite or ``years`` negative.
    """
    theta, life = as_floats(theta_per_year, years)
    require_finite(theta_per_year=theta, years=life)
    if (life < 0).any():
        raise UnpriceableError(
            f"years {life[life < 0][0]} is negative: the option has expired; remove the row"
        )
    return theta * np.minimum(DAY_IN_YEARS, life)


def notional_flat_in_coin(index: ArrayLike, quantity: ArrayLike, adjusted_delta: ArrayLike) -> FloatArray:
    """USD notional of the inverse perpetual that leaves the number of coins unmoved: N = -S·q·Δ_pa.

    ``index`` S in USD, ``quantity`` q contracts of one coin (signed), ``adjusted_delta`` Δ_pa in coin.

    >>> float(notional_flat_in_coin(50_000.0, -2.0, 0.4))
    40000.0

    Raises UnpriceableError when an argument is not finite or the index not positive.
    """
    s, q, delta = as_floats(index, quantity, adjusted_delta)
    require_positive(index=s)
    require_finite(quantity=q, adjusted_delta=delta)
    return -s * q * delta


def notional_flat_in_usd(
    index: ArrayLike, coins: ArrayLike, quantity: ArrayLike, delta: ArrayLike
) -> FloatArray:
    """USD notional of the inverse perpetual that leaves the account's USD value unmoved: N = -S(C + q·Δ).

    ``index`` S in USD, ``coins`` C held besides the options, ``quantity`` q contracts of one coin (signed),
    ``delta`` Black's Δ. It differs from the notional that is flat in coin by the account's whole equity.

    >>> float(notional_flat_in_usd(50_000.0, 1.0, -2.0, 0.25))
    -25000.0

    Raises UnpriceableError when an argument is not finite or the index not positive.
    """
    s, c, q, black_delta = as_floats(index, coins, quantity, delta)
    require_positive(index=s)
    require_finite(coins=c, quantity=q, delta=black_delta)
    return -s * (c + q * black_delta)
