"""Every Greek is the derivative of a slow twin at 60 digits and more; the identities between numeraires.

How each was seen to fail is in docs/quant.md.
"""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.pricing import black76
from hedging.pricing.coin_numeraire import (
    coin_greeks,
    notional_flat_in_coin,
    notional_flat_in_usd,
)
from hedging.pricing.futures import inverse_future, linear_future
from hedging.pricing.implied_vol import coin_implied_vols, implied_vols
from hedging.pricing.linear_option import linear_option_position
from hedging.pricing.spot_form import Carry, spot_greeks

SIGN = st.sampled_from([1, -1])
FORWARD = st.floats(0.5, 2e5)
DEPTH = st.floats(-4.0, 4.0)  # ln(K/F) in standard deviations
YEARS = st.floats(1e-4, 5.0)
VOL = st.floats(0.05, 4.0)
RATE = st.floats(-0.05, 0.15)
POWER_OF_TWO = st.integers(-10, 10).map(lambda power: 2.0**power)  # scales without rounding
SLOW = settings(derandomize=True, deadline=None, max_examples=40)
QUICK = settings(derandomize=True, deadline=None, max_examples=150)


def strike_at(forward, depth, years, vol):
    return float(forward * np.exp(np.clip(depth * vol * np.sqrt(years), -3.0, 3.0)))


def black(sign, forward, strike, years, vol, rate):
    """Black-76 from its textbook line, in as many digits as mpmath is set to."""
    total = vol * mpmath.sqrt(years)
    d1 = mpmath.log(forward / strike) / total + total / 2
    inner = forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - total))
    return mpmath.exp(-rate * years) * sign * inner


def near(ours, exact, scale=0.0):
    """Nine digits of the value, or thirteen of the parts it is the difference of."""
    return float(ours) == pytest.approx(float(exact), rel=1e-9, abs=1e-13 * abs(scale) + 1e-290)


@given(SIGN, FORWARD, DEPTH, YEARS, VOL, RATE, RATE)
@SLOW
def test_every_greek_of_the_spot_form_is_a_derivative_at_a_fixed_spot(s, spot, depth, years, vol, rate, q):
    mpmath.mp.dps = 60
    strike = strike_at(spot * np.exp((rate - q) * years), depth, years, vol)
    ours = spot_greeks(s, spot, strike, years, vol, Carry(rate, q))

    def value(x, v, t, r, y):
        return black(s, x * mpmath.exp((r - y) * t), mpmath.mpf(strike), t, v, r)

    at = tuple(mpmath.mpf(part) for part in (spot, vol, years, rate, q))

    def d(*orders):
        return mpmath.diff(value, at, (*orders, *(0,) * (5 - len(orders))))

    gamma, width = abs(float(ours.gamma)), vol * np.sqrt(years)
    calendar = (1 + abs(rate) + abs(q)) * (1 + 1 / years)  # what d/dt is at most times the rest
    for name, exact, parts in (
        ("price", value(*at), max(spot, strike)),
        ("delta", d(1), 1),
        ("gamma", d(2), gamma),
        ("vega", d(0, 1), float(ours.vega)),
        ("theta", -d(0, 0, 1), max(spot, strike) * calendar),
        ("vanna", d(1, 1), (1 + abs(depth)) / vol),
        ("volga", d(0, 2), float(ours.vega) * (1 + depth**2) / vol),
        ("charm", -d(1, 0, 1), (1 + abs(depth)) * calendar),
        ("speed", d(3), gamma / spot * (1 + abs(depth) / width)),
        ("zomma", d(2, 1), gamma * (1 + depth**2) / vol),
        ("color", -d(2, 0, 1), gamma * (1 + depth**2) * (calendar + abs(rate - q) * abs(depth) / width)),
        ("rho", d(0, 0, 0, 1), years * max(spot, strike)),
        ("rho_q", d(0, 0, 0, 0, 1), years * max(spot, strike)),
    ):
        assert near(getattr(ours, name), exact, parts), name


@given(SIGN, FORWARD, DEPTH, YEARS, VOL)
@SLOW
def test_every_coin_greek_is_a_derivative_of_the_coin_price(sign, forward, depth, years, vol):
    mpmath.mp.dps = 60
    strike = strike_at(forward, depth, years, vol)
    ours = coin_greeks(sign, forward, strike, years, vol)

    def coin(f, v, t):
        return black(sign, f, mpmath.mpf(strike), t, v, 0) / f

    at = tuple(mpmath.mpf(part) for part in (forward, vol, years))
    slope, bend = mpmath.diff(coin, at, (1, 0, 0)), mpmath.diff(coin, at, (2, 0, 0))
    dear = max(1.0, strike / forward)
    parts = dear * (1 + 1 / (vol * np.sqrt(years)))
    for name, exact, scale in (
        ("price_coin", coin(*at), dear),
        ("slope", slope, dear / forward),
        ("delta_premium_adjusted", at[0] * slope, dear),
        ("curvature", bend, parts / forward**2),
        ("gamma_coin", at[0] ** 2 * bend, parts),
        ("vega_coin", mpmath.diff(coin, at, (0, 1, 0)), 0.0),
        ("theta_coin", -mpmath.diff(coin, at, (0, 0, 1)), 0.0),
    ):
        assert near(getattr(ours, name), exact, scale), name


ACCOUNT = (SIGN, FORWARD, DEPTH, YEARS, VOL, st.floats(-20, 20), st.floats(-30, 30), st.floats(0.9, 1.1))


@given(*ACCOUNT)
@QUICK
def test_the_two_hedges_differ_by_the_whole_equity(sign, forward, depth, years, vol, coins, quantity, basis):
    strike, index = strike_at(forward, depth, years, vol), forward / basis
    coin = coin_greeks(sign, forward, strike, years, vol)
    delta = black76.core_greeks(sign, forward, strike, years, vol).delta
    in_coin = float(notional_flat_in_coin(index, quantity, coin.delta_premium_adjusted))
    in_usd = float(notional_flat_in_usd(index, coins, quantity, delta))
    equity = coins + quantity * float(coin.price_coin)
    size = index * (abs(coins) + abs(quantity) * max(1.0, strike / forward))
    assert in_coin - in_usd == pytest.approx(index * equity, abs=1e-14 * size)


@given(*ACCOUNT)
@SLOW
def test_each_hedge_leaves_its_own_numeraire_flat(sign, forward, depth, years, vol, coins, quantity, basis):
    """The account with the perpetual, in coins and in dollars: its slope by the spot, at 60 digits, is 0.

    Forward and spot move by the same relative move.
    """
    mpmath.mp.dps = 60
    strike, index = strike_at(forward, depth, years, vol), forward / basis
    coin = coin_greeks(sign, forward, strike, years, vol)
    delta = black76.core_greeks(sign, forward, strike, years, vol).delta
    f, k, t, v = (mpmath.mpf(part) for part in (forward, strike, years, vol))

    def wealth(notional):
        def in_coins(spot):
            moved = f * spot / mpmath.mpf(index)
            option = black(sign, moved, k, t, v, 0) / moved
            return coins + quantity * option + notional * (1 / mpmath.mpf(index) - 1 / spot)

        return in_coins

    flat_coin = wealth(float(notional_flat_in_coin(index, quantity, coin.delta_premium_adjusted)))
    flat_usd = wealth(float(notional_flat_in_usd(index, coins, quantity, delta)))
    size = abs(coins) + abs(quantity) * max(1.0, strike / forward)
    assert abs(float(mpmath.diff(flat_coin, index) * index)) <= 1e-14 * size
    assert abs(float(mpmath.diff(lambda spot: spot * flat_usd(spot), index))) <= 1e-14 * size
    plain = wealth(0.0)  # and without a hedge it is not flat, unless there is nothing to hedge
    slope = float(mpmath.diff(plain, index) * index)
    assert slope == pytest.approx(quantity * float(coin.delta_premium_adjusted), abs=1e-14 * size)


@given(FORWARD, DEPTH, YEARS, VOL)
@QUICK
def test_parity_of_coin_settled_options(forward, depth, years, vol):
    """A call less a put is 1 − K/F coins: its adjusted delta K/F, its gamma −2K/F, no vega and no theta."""
    strike = strike_at(forward, depth, years, vol)
    both = coin_greeks([1, -1], forward, strike, years, vol)
    ratio = strike / forward
    size = 4e-15 * max(1.0, ratio)
    assert -np.diff(both.price_coin)[0] == pytest.approx(1 - ratio, abs=size)
    assert -np.diff(both.delta_premium_adjusted)[0] == pytest.approx(ratio, abs=size)
    assert -np.diff(both.gamma_coin)[0] == pytest.approx(
        -2 * ratio, abs=size * (1 + float(np.abs(both.gamma_coin).max()))
    )
    assert both.vega_coin[0] == both.vega_coin[1]
    assert both.theta_coin[0] == both.theta_coin[1]


@given(SIGN, FORWARD, DEPTH, YEARS, VOL, POWER_OF_TWO)
@QUICK
def test_a_coin_price_does_not_know_what_a_dollar_is(sign, forward, depth, years, vol, scale):
    """p(λF, λK) = p(F, K), and so its Greeks without a unit; and the volatility that is found from it."""
    strike = strike_at(forward, depth, years, vol)
    one = coin_greeks(sign, forward, strike, years, vol)
    other = coin_greeks(sign, forward * scale, strike * scale, years, vol)
    noise = 1e-14 * max(1.0, strike / forward) * (1 + 1 / (vol * np.sqrt(years)))
    for name in ("price_coin", "delta_premium_adjusted", "vega_coin"):
        assert float(getattr(other, name)) == pytest.approx(float(getattr(one, name)), abs=noise), name
    found = coin_implied_vols(
        sign, [forward, forward * scale], [strike, strike * scale], years, one.price_coin
    )
    if not found.refusal.any():
        slack = 8 * found.vol_per_price_ulp.max() + 1e-12 * vol
        assert found.vol[0] == pytest.approx(found.vol[1], abs=slack)


@given(SIGN, FORWARD, DEPTH, YEARS, VOL, RATE, POWER_OF_TWO)
@QUICK
def test_a_volatility_does_not_depend_on_the_currency(sign, forward, depth, years, vol, rate, scale):
    strike = strike_at(forward, depth, years, vol)
    value = black76.price(sign, forward, strike, years, vol, rate)
    found = implied_vols(
        sign, [forward, forward * scale], [strike, strike * scale], years, [value, value * scale], rate
    )
    if not found.refusal.any():
        slack = 8 * found.vol_per_price_ulp.max() + 1e-12 * vol
        assert found.vol[0] == pytest.approx(found.vol[1], abs=slack)


NOTIONAL = st.floats(-1e7, 1e7)
PRICE = st.floats(10.0, 2e5)


@given(NOTIONAL, NOTIONAL, PRICE, PRICE, st.floats(-50, 50))
@QUICK
def test_futures_add_up(first, second, entry, mark, collateral):
    """Two positions at one entry are one of their sum; an inverse long and short at one entry are nothing."""
    both, whole = (
        inverse_future([first, second], entry, mark, collateral),
        inverse_future(first + second, entry, mark, collateral),
    )
    size = (abs(first) + abs(second)) / min(entry, mark)
    for name in ("pnl_coin", "delta_coin"):
        assert getattr(both, name).sum() == pytest.approx(float(getattr(whole, name)), abs=1e-14 * size)
    flat = inverse_future([first, -first], entry, mark, 0.0)
    assert flat.pnl_coin.sum() == 0.0
    line = linear_future([first, second], entry, mark)
    size = (abs(first) + abs(second)) * max(entry, mark)
    assert line.pnl.sum() == pytest.approx(
        float(linear_future(first + second, entry, mark).pnl), abs=1e-14 * size
    )


@given(NOTIONAL, PRICE, PRICE, st.floats(-50, 50))
@SLOW
def test_the_measures_of_an_inverse_future_are_derivatives_of_its_equity(notional, entry, mark, collateral):
    mpmath.mp.dps = 60
    ours = inverse_future(notional, entry, mark, collateral)

    def equity(spot):
        return collateral + notional * (1 / mpmath.mpf(entry) - 1 / spot)

    slope, bend = mpmath.diff(equity, mark), mpmath.diff(equity, mark, 2)
    assert float(ours.slope) == pytest.approx(float(slope), rel=1e-14)
    assert float(ours.delta_coin) == pytest.approx(float(mark * slope), rel=1e-14)
    assert float(ours.curvature) == pytest.approx(float(bend), rel=1e-14)
    in_dollars = mpmath.diff(lambda spot: spot * equity(spot), mark)
    size = abs(collateral) + abs(notional) / min(entry, mark)
    assert float(ours.usd_delta_coin) == pytest.approx(float(in_dollars), abs=1e-14 * size)


@given(SIGN, FORWARD, DEPTH, YEARS, VOL, st.floats(1e-3, 100.0), st.floats(-500, 500))
@SLOW
def test_the_measures_of_a_linear_position_are_derivatives_of_its_value(s, f, depth, years, vol, size, count):
    mpmath.mp.dps = 60
    strike = strike_at(f, depth, years, vol)
    ours = linear_option_position(black76.core_greeks(s, f, strike, years, vol), f, size, count)
    units = mpmath.mpf(size) * mpmath.mpf(count)

    def worth(forward, v, t):
        return units * black(s, forward, mpmath.mpf(strike), t, v, 0)

    at = tuple(mpmath.mpf(part) for part in (f, vol, years))
    delta, gamma = mpmath.diff(worth, at, (1, 0, 0)), mpmath.diff(worth, at, (2, 0, 0))
    held = float(abs(units))
    for name, exact, scale in (
        ("value_usd", worth(*at), held * max(f, strike)),
        ("delta_units", delta, held),
        ("delta_usd", delta * at[0], held * f),
        ("gamma_units_per_usd", gamma, 0.0),
        ("gamma_usd_per_percent", gamma * at[0] ** 2 / 100, 0.0),
        ("vega_usd_per_point", mpmath.diff(worth, at, (0, 1, 0)) / 100, 0.0),
        ("theta_usd_per_day", -mpmath.diff(worth, at, (0, 0, 1)) / 365, 0.0),
    ):
        assert near(getattr(ours, name), exact, scale), name
