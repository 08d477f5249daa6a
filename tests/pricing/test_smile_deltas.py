"""Smile deltas against independent vectors; the minimum-variance fit on a synthetic market."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hedging.errors import BadInput
from hedging.pricing import black76
from hedging.pricing.smile_deltas import (
    BlackPoint,
    HedgedMoves,
    HullWhite,
    HullWhiteFit,
    MinimumVarianceRefusal,
    NoMinimumVariance,
    Stickiness,
    effect_in_contracts,
    fit_minimum_variance,
    gain_on,
    minimum_variance_delta,
    premium_adjusted,
    smile_delta,
)
from hedging.pricing.svi import RawSvi, implied_vol, vol_slope

EXPECTED = Path(__file__).parents[2].parent / "shared" / "vectors" / "mv_delta_expected.json"


def test_every_row_meets_its_vector(vectors):
    reference = vectors("smile_deltas")
    for row in reference.rows:
        sign = 1 if row["cp"] == "c" else -1
        f, k, t = (float(row[name]) for name in ("F", "K", "T"))
        slice_ = RawSvi(*(float(row[name]) for name in ("a", "b", "rho", "m", "sigma_svi")))
        moneyness = float(-black76.log_moneyness(np.array(f), np.array(k)))
        vol, slope = float(implied_vol(slice_, moneyness, t)), float(vol_slope(slice_, moneyness, t))
        g = black76.core_greeks(sign, f, k, t, vol)
        black = BlackPoint(g.delta, g.vega, f)
        strike = smile_delta(black, slope, Stickiness.STICKY_STRIKE)
        moneyness_delta = smile_delta(black, slope, Stickiness.STICKY_MONEYNESS)
        rule = HullWhite(*(float(row[name]) for name in ("hw_a", "hw_b", "hw_c")))
        for ours, name in (
            (strike, "delta_sticky_strike"),
            (moneyness_delta, "delta_sticky_moneyness"),
            (smile_delta(black, slope, Stickiness.LOCAL_VOL), "delta_local_vol_like(R=2)"),
            (premium_adjusted(strike, g.price, f), "delta_pa_sticky_strike"),
            (premium_adjusted(moneyness_delta, g.price, f), "delta_pa_sticky_moneyness"),
            (minimum_variance_delta(black, t, rule), "delta_min_variance_hull_white"),
        ):
            # d1 carries the rounding of a vol that itself is a square root of a sum: a few last digits
            assert float(ours) == pytest.approx(float(row[name]), rel=1e-13, abs=2e-14), (name, row)
        assert vol == pytest.approx(float(row["iv"]), rel=1e-14)
        assert float(g.price) == pytest.approx(float(row["price"]), abs=2e-14 * f)
        assert slope == pytest.approx(float(row["div_dk"]), rel=1e-12, abs=1e-13)


@pytest.fixture(scope="module")
def calls(vectors):
    rows = vectors("mv_delta_synthetic")
    kept = rows.words("cp") == "c"
    f0, f1, p0, p1, delta, vega, t = (
        rows.column(name)[kept] for name in ("F0", "F1", "price0", "price1", "delta_bs", "vega_bs", "T")
    )
    return HedgedMoves(delta, vega, t, f0, f1 - f0, p1 - p0)


def test_the_fit_is_that_of_the_reference(calls):
    expected = json.loads(EXPECTED.read_text())
    found = fit_minimum_variance(calls, 0.05)
    assert isinstance(found, HullWhiteFit)
    ours = [found.coefficients.a, found.coefficients.b, found.coefficients.c]
    np.testing.assert_allclose(ours, expected["calls_full_sample_abc"], rtol=1e-9)
    assert found.gain == pytest.approx(expected["gain_in_sample"], rel=1e-9)
    assert gain_on(calls, found.coefficients) == pytest.approx(found.gain, rel=1e-12)
    assert gain_on(calls, HullWhite(0.0, 0.0, 0.0)) == 0.0


def test_a_fit_under_the_threshold_is_refused_with_its_gain(calls):
    found = fit_minimum_variance(calls, 0.2)
    assert isinstance(found, MinimumVarianceRefusal)
    assert found.reason is NoMinimumVariance.GAIN_TOO_SMALL
    assert found.gain == pytest.approx(0.108196, abs=1e-6)


def test_coefficients_that_made_the_moves_are_found():
    rng = np.random.default_rng(5)
    delta, years = rng.uniform(0.05, 0.95, 400), rng.uniform(0.02, 0.5, 400)
    vega, forward, move = rng.uniform(50, 500, 400), np.full(400, 1e4), rng.normal(0, 200, 400)
    black = BlackPoint(delta, vega, forward)
    rule = HullWhite(-0.3, 0.4, -0.2)
    price_move = minimum_variance_delta(black, years, rule) * move
    found = fit_minimum_variance(HedgedMoves(delta, vega, years, forward, move, price_move), 0.9)
    assert isinstance(found, HullWhiteFit)
    assert found.gain == pytest.approx(1.0)
    got = found.coefficients
    np.testing.assert_allclose([got.a, got.b, got.c], [rule.a, rule.b, rule.c], rtol=1e-9)


def test_every_refusal_is_typed(calls):
    def reason(moves, least=0.05):
        found = fit_minimum_variance(moves, least)
        assert isinstance(found, MinimumVarianceRefusal)
        return found.reason

    first = HedgedMoves(*(np.asarray(getattr(calls, name))[:20] for name in HedgedMoves.__slots__))
    assert reason(first) is NoMinimumVariance.TOO_FEW
    broken = np.array(calls.price_move)
    broken[3] = np.nan
    assert reason(replace(calls, price_move=broken)) is NoMinimumVariance.NOT_FINITE
    assert reason(replace(calls, years=0.0)) is NoMinimumVariance.NOT_FINITE
    assert reason(replace(calls, delta=0.5)) is NoMinimumVariance.DEGENERATE
    exact = np.asarray(calls.delta) * np.asarray(calls.forward_move)
    assert reason(replace(calls, price_move=exact)) is NoMinimumVariance.GAIN_TOO_SMALL
    with pytest.raises(BadInput):
        gain_on(replace(calls, price_move=exact), HullWhite(0.0, 0.0, 0.0))
    with pytest.raises(BadInput, match="least_gain"):
        fit_minimum_variance(calls, 0.0)


def test_a_smile_delta_is_the_derivative_of_the_price_under_its_rule():
    slice_, years, forward, strike, h = RawSvi(0.02, 0.1, -0.4, 0.0, 0.2), 0.2, 100.0, 110.0, 1e-3
    slope = vol_slope(slice_, np.log(strike / forward), years)
    vol = implied_vol(slice_, np.log(strike / forward), years)
    g = black76.core_greeks(1, forward, strike, years, vol)
    for stickiness in Stickiness:

        def price(f, stickiness=stickiness):
            # R = 1: the strike keeps its vol; R = 0: the smile moves along; R = 2: it moves against
            at = np.log(strike / forward) + (stickiness - 1) * np.log(f / forward)
            return float(black76.price(1, f, strike, years, implied_vol(slice_, at, years)))

        numeric = (price(forward + h) - price(forward - h)) / (2 * h)
        ours = smile_delta(BlackPoint(g.delta, g.vega, forward), slope, stickiness)
        assert float(ours) == pytest.approx(numeric, abs=1e-7), stickiness


def test_the_effect_in_contracts_and_wrong_arguments():
    assert effect_in_contracts([0.6, 0.5], 0.5, 20.0, 0.01).tolist() == [200.0, 0.0]
    black = BlackPoint(0.5, 20.0, 100.0)
    for wrong in (
        lambda: smile_delta(replace(black, vega=np.nan), 0.1, 0.0),
        lambda: smile_delta(replace(black, forward=0.0), 0.1, 0.0),
        lambda: smile_delta(black, 0.1, np.nan),
        lambda: minimum_variance_delta(black, 0.0, HullWhite(0, 0, 0)),
        lambda: premium_adjusted(0.5, np.inf, 100.0),
        lambda: effect_in_contracts(0.5, 0.5, 1.0, 0.0),
    ):
        with pytest.raises(BadInput):
            wrong()
