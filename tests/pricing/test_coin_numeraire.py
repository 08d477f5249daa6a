"""Coin-settled options against independent vectors and the identities that define them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import UnpriceableError
from hedging.pricing import black76
from hedging.pricing.coin_numeraire import (
    coin_greeks,
    day_theta,
    notional_flat_in_coin,
    notional_flat_in_usd,
)


@pytest.fixture(scope="module")
def reference(vectors):
    return vectors("inverse_option")


@pytest.fixture(scope="module")
def computed(reference):
    return coin_greeks(reference.sign, *(reference.column(name) for name in ("F", "K", "T", "sigma")))


def test_price_meets_every_vector(reference, computed):
    scale = np.maximum(1.0, reference.column("K") / reference.column("F"))
    error = np.abs(computed.price_coin - reference.column("price_coin"))
    assert not reference.worst(error, 1e-14 * scale)


def test_premium_adjusted_delta_meets_every_vector(reference, computed):
    expected = reference.column("delta_pa")
    error = np.abs(computed.delta_premium_adjusted - expected)
    assert not reference.worst(error, 1e-15 * np.maximum(1.0, np.abs(expected)))


def test_slope_and_curvature_meet_every_vector(reference, computed):
    forward = reference.column("F")
    slope, curvature = reference.column("dprice_coin_dF"), reference.column("d2price_coin_dF2")
    scale = np.maximum(1.0, reference.column("K") / forward)
    assert not reference.worst(np.abs(computed.slope - slope), 1e-15 * scale / forward)
    parts = np.abs(forward * reference.column("gamma_usd")) + 2 * np.abs(reference.column("delta_pa"))
    d1 = np.log(forward / reference.column("K")) / (
        reference.column("sigma") * np.sqrt(reference.column("T"))
    )
    allowed = 1e-13 * (1 + d1**2) * parts + 1e-300
    assert not reference.worst(np.abs(computed.gamma_coin - curvature * forward**2), allowed)
    assert not reference.worst(np.abs(computed.curvature - curvature), allowed / forward**2)


@pytest.mark.parametrize(
    ("ours", "name", "per"), [("vega_coin", "vega_coin", 1), ("theta_coin", "theta_coin_day", 365)]
)
def test_vega_and_theta_meet_every_vector(reference, computed, ours, name, per):
    expected = reference.column(name)
    far = np.log(reference.column("F") / reference.column("K")) / (
        reference.column("sigma") * np.sqrt(reference.column("T"))
    )
    error = np.abs(getattr(computed, ours) / per - expected)
    assert not reference.worst(error, 1e-13 * (1 + far**2) * np.abs(expected) + 1e-317)


def test_daily_theta_stops_at_the_end_of_life(reference):
    years = reference.column("T")
    theta = black76.greeks(
        reference.sign, *(reference.column(name) for name in ("F", "K", "T", "sigma"))
    ).theta
    day, capped = reference.column("theta_usd_day"), reference.column("theta_usd_day_capped")
    assert ((years < 1 / 365) & (np.abs(capped) < np.abs(day))).any()
    assert not reference.worst(np.abs(day_theta(theta, years) - capped), 1e-11 * np.abs(capped) + 1e-317)


def test_hedges_meet_every_vector(reference, computed):
    forward = reference.column("F")
    scale = forward * np.maximum(1.0, reference.column("K") / forward)
    in_coin = notional_flat_in_coin(forward, 1.0, computed.delta_premium_adjusted)
    expected = reference.column("hedge_inverse_usd_notional_coin_pnl")
    assert not reference.worst(np.abs(in_coin - expected), 2e-15 * scale)
    delta = black76.core_greeks(
        reference.sign, *(reference.column(name) for name in ("F", "K", "T", "sigma"))
    ).delta
    in_usd = notional_flat_in_usd(forward, 0.0, 1.0, delta)
    expected = reference.column("hedge_inverse_usd_notional_usd_pnl")
    assert not reference.worst(np.abs(in_usd - expected), 2e-15 * forward)


OPTION = (
    st.sampled_from([1, -1]),
    st.floats(10.0, 2e5),
    st.floats(0.4, 2.5),
    st.floats(1e-3, 3.0),
    st.floats(0.05, 3.0),
)


@given(*OPTION)
@settings(derandomize=True, deadline=None, max_examples=200)
def test_premium_adjustment_takes_the_coin_price_off_delta(sign, forward, ratio, years, vol):
    coin = coin_greeks(sign, forward, forward * ratio, years, vol)
    black = black76.core_greeks(sign, forward, forward * ratio, years, vol)
    adjusted = float(coin.delta_premium_adjusted)
    assert adjusted == pytest.approx(float(black.delta - coin.price_coin), abs=2e-15)
    assert float(coin.gamma_coin) == pytest.approx(
        forward * float(black.gamma) - 2 * adjusted, rel=1e-12, abs=1e-14
    )
    assert float(coin.slope) * forward == pytest.approx(adjusted, rel=1e-15)


@given(*OPTION)
@settings(derandomize=True, deadline=None, max_examples=25)
def test_delta_and_gamma_are_derivatives_of_the_coin_price(twin, sign, forward, ratio, years, vol):
    strike, h = forward * ratio, 1e-10

    def coin_price(move):
        moved = forward * (1 + move)  # rounded to a double; the differences below use what it became
        return moved, twin(sign, moved, strike, years, vol, 0.0) / moved

    (below, low), (here, middle), (above, high) = (coin_price(move) for move in (-h * 1e5, 0.0, h * 1e5))
    coin = coin_greeks(sign, forward, strike, years, vol)
    spread = 1 + 1 / (vol * vol * years)
    slope = (high - low) / (above - below)
    assert float(coin.slope) == pytest.approx(float(slope), rel=1e-6, abs=1e-8 * spread / forward)
    left, right = (middle - low) / (here - below), (high - middle) / (above - here)
    curvature = 2 * (right - left) / (above - below)
    assert float(coin.curvature) * forward**2 == pytest.approx(
        float(curvature) * forward**2, rel=1e-5, abs=1e-7 * spread**1.5
    )


def test_the_two_hedges_differ_by_the_equity():
    sign, forward, strike, years, vol, coins, quantity = 1, 60_000.0, 65_000.0, 0.1, 0.6, 3.0, -5.0
    coin = coin_greeks(sign, forward, strike, years, vol)
    black = black76.core_greeks(sign, forward, strike, years, vol)
    in_coin = notional_flat_in_coin(forward, quantity, coin.delta_premium_adjusted)
    in_usd = notional_flat_in_usd(forward, coins, quantity, black.delta)
    equity = coins + quantity * float(coin.price_coin)
    assert float(in_coin - in_usd) == pytest.approx(forward * equity, rel=1e-12)


def test_the_hedge_leaves_the_account_flat():
    sign, strike, years, vol, coins, quantity, s = -1, 55_000.0, 0.08, 0.7, 2.0, -4.0, 60_000.0

    def coin_equity(spot, notional):
        option = float(coin_greeks(sign, spot, strike, years, vol).price_coin)
        return coins + quantity * option + notional * (1 / s - 1 / spot)

    coin = coin_greeks(sign, s, strike, years, vol)
    flat_coin = float(notional_flat_in_coin(s, quantity, coin.delta_premium_adjusted))
    delta = black76.core_greeks(sign, s, strike, years, vol).delta
    flat_usd = float(notional_flat_in_usd(s, coins, quantity, delta))
    h = 1.0
    in_coin = (coin_equity(s + h, flat_coin) - coin_equity(s - h, flat_coin)) / (2 * h)
    in_usd = ((s + h) * coin_equity(s + h, flat_usd) - (s - h) * coin_equity(s - h, flat_usd)) / (2 * h)
    assert abs(in_coin) * s < 1e-6
    assert abs(in_usd) < 1e-6


@pytest.mark.parametrize("forward", [np.nan, 0.0, -1.0, np.inf])
def test_a_wrong_forward_is_refused(forward):
    with pytest.raises(UnpriceableError, match="forward"):
        coin_greeks(1, forward, 100.0, 0.1, 0.5)


def test_a_curvature_beyond_the_double_range_is_refused():
    with pytest.raises(UnpriceableError, match="outside the range"):
        coin_greeks(1, 1e-155, 1e-155, 1e-6, 0.5)
