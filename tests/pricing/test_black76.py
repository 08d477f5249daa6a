"""Black-76 against independent vectors, a slow twin, and in its limits."""

from dataclasses import fields

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import UnpriceableError
from hedging.pricing import black76
from hedging.pricing.arguments import Unpriceable, unpriceable
from hedging.pricing.black76 import Greeks, core_greeks, greeks, price
from hedging.pricing.implied_vol import implied_vol

# Relative, where |d1| < 6; further out it grows with 1 + d1² (README of the vectors).
RELATIVE = {"gamma": 1e-13, "vega": 1e-13, "vanna": 1e-13, "volga": 1e-12} | dict.fromkeys(
    ("charm", "speed", "zomma", "color"), 1e-9
)
SMALLEST_NORMAL = 2.3e-308
ALL = [field.name for field in fields(Greeks)]


@pytest.fixture(scope="module")
def reference(vectors):
    return vectors("black76")


@pytest.fixture(scope="module")
def computed(reference):
    return greeks(*arguments(reference))


def arguments(rows):
    return (rows.sign, *(rows.column(name) for name in ("F", "K", "T", "sigma", "r")))


def test_price_meets_every_vector(reference, computed):
    error = np.abs(computed.price - reference.column("price"))
    assert not reference.worst(error, 1e-14 * reference.column("F"))
    np.testing.assert_array_equal(computed.price, price(*arguments(reference)))


def test_delta_meets_every_vector(reference, computed):
    error = np.abs(computed.delta - reference.column("delta"))
    assert not reference.worst(error, 1e-15)


@pytest.mark.parametrize("name", sorted(RELATIVE))
def test_greek_meets_every_vector(reference, computed, name):
    expected, d1 = reference.column(name), reference.column("d1")
    scale = np.where(np.abs(d1) < 6, 1.0, 1 + d1**2)
    rate_part = np.abs(reference.column("r")) * 1e-15 if name == "charm" else 0.0  # rΔ beside a tiny rest
    allowed = RELATIVE[name] * scale * np.abs(expected) + rate_part + SMALLEST_NORMAL * 1e-10
    assert not reference.worst(np.abs(getattr(computed, name) - expected), allowed)


def test_theta_meets_every_vector(reference, computed):
    # Θ = rV - decay: each part has its own rounding, so the tolerance is that of the parts.
    expected, d1 = reference.column("theta"), reference.column("d1")
    scale = np.where(np.abs(d1) < 6, 1.0, 1 + d1**2)
    value = np.abs(reference.column("r")) * 1e-14 * reference.column("F")
    assert not reference.worst(np.abs(computed.theta - expected), 1e-13 * scale * np.abs(expected) + value)


@pytest.mark.parametrize("name", ["gamma", "vega", "vanna", "volga", "speed", "zomma", "color"])
def test_wings_vanish_exactly_where_the_reference_does(reference, computed, name):
    expected = reference.column(name)
    assert (expected == 0).sum() > 100
    np.testing.assert_array_equal(getattr(computed, name) == 0, expected == 0)


def test_core_greeks_are_the_first_five(reference, computed):
    core = core_greeks(*arguments(reference))
    for field in fields(core):
        np.testing.assert_array_equal(getattr(core, field.name), getattr(computed, field.name))


# --- properties ---------------------------------------------------------------------------------------------
FORWARD = st.floats(1.0, 2e5)
RATIO = st.floats(0.5, 2.0)
YEARS = st.floats(1e-3, 5.0)
VOL = st.floats(0.05, 4.0)
RATE = st.floats(-0.05, 0.15)
REPEATABLE = settings(derandomize=True, deadline=None, max_examples=150)


@given(FORWARD, RATIO, YEARS, VOL, RATE)
@REPEATABLE
def test_call_less_put_is_the_forward_contract(forward, ratio, years, vol, rate):
    strike = forward * ratio
    call, put = greeks([1, -1], forward, strike, years, vol, rate).price
    assert call - put == pytest.approx(np.exp(-rate * years) * (forward - strike), abs=4e-16 * forward * 8)


@given(FORWARD, RATIO, YEARS, VOL, RATE, st.sampled_from([1, -1]), st.floats(0.1, 10.0))
@REPEATABLE
def test_price_scales_with_its_currency(forward, ratio, years, vol, rate, sign, scale):
    one = greeks(sign, forward, forward * ratio, years, vol, rate)
    other = greeks(sign, forward * scale, forward * ratio * scale, years, vol, rate)
    assert float(other.price) == pytest.approx(
        scale * float(one.price), rel=1e-10, abs=1e-13 * forward * scale
    )
    assert float(other.delta) == pytest.approx(float(one.delta), abs=1e-12)
    assert float(other.gamma) == pytest.approx(float(one.gamma) / scale, rel=1e-10, abs=1e-300)


@given(FORWARD, RATIO, YEARS, VOL, RATE, st.sampled_from([1, -1]))
@REPEATABLE
def test_price_lies_between_its_bounds(forward, ratio, years, vol, rate, sign):
    strike = forward * ratio
    value = float(price(sign, forward, strike, years, vol, rate))
    discount = np.exp(-rate * years)
    slack = 1e-14 * forward
    assert discount * max(sign * (forward - strike), 0.0) - slack <= value
    assert value <= discount * (forward if sign == 1 else strike) + slack
    assert value <= float(price(sign, forward, strike, years, vol * 1.1, rate)) + slack


STEP = mpmath.mpf("1e-20")


@given(FORWARD, st.floats(-4.0, 4.0), YEARS, VOL, RATE, st.sampled_from([1, -1]))
@settings(derandomize=True, deadline=None, max_examples=30)
def test_every_greek_is_the_derivative_of_the_twin(twin, forward, depth, years, vol, rate, sign):
    ratio = float(np.exp(depth * vol * np.sqrt(years)))  # depth: ln(K/F) in standard deviations
    strike = forward * ratio
    mpmath.mp.dps = 90

    def value(df=0, dv=0, dt=0):
        """Twin's price with forward, volatility moved and dt of calendar time gone."""
        moved = (mpmath.mpf(forward) * (1 + df), strike, mpmath.mpf(years) - dt, mpmath.mpf(vol) + dv)
        return twin(sign, *moved, rate)

    h, f = STEP, forward
    wide = mpmath.mpf("1e-10")

    def by_forward(at, order):
        if order == 1:
            return (at(wide) - at(-wide)) / (2 * wide * f)
        if order == 2:
            return (at(wide) - 2 * at(0) + at(-wide)) / (wide * f) ** 2
        return (at(2 * wide) - 2 * at(wide) + 2 * at(-wide) - at(-2 * wide)) / (2 * (wide * f) ** 3)

    def slope(at):
        return (at(h) - at(-h)) / (2 * h)

    expected = {
        "price": value(),
        "delta": by_forward(lambda x: value(df=x), 1),
        "gamma": by_forward(lambda x: value(df=x), 2),
        "vega": slope(lambda x: value(dv=x)),
        "theta": slope(lambda x: value(dt=x)),
        "vanna": slope(lambda y: by_forward(lambda x: value(df=x, dv=y), 1)),
        "volga": (value(dv=wide) - 2 * value() + value(dv=-wide)) / wide**2,
        "charm": slope(lambda y: by_forward(lambda x: value(df=x, dt=y), 1)),
        "speed": by_forward(lambda x: value(df=x), 3),
        "zomma": slope(lambda y: by_forward(lambda x: value(df=x, dv=y), 2)),
        "color": slope(lambda y: by_forward(lambda x: value(df=x, dt=y), 2)),
    }
    ours = greeks(sign, forward, strike, years, vol, rate)
    d1 = abs(depth) + vol * np.sqrt(years)
    for name in ALL:
        relative = 1e-9 * (1 + d1**2)
        rounding = 1e-13 * forward if name in ("price", "theta") else 1e-14
        if name not in ("price", "theta", "delta", "charm"):
            rounding = 1e-13 * abs(float(ours.gamma)) / (years if name == "color" else vol)
        assert float(getattr(ours, name)) == pytest.approx(
            float(expected[name]), rel=relative, abs=rounding
        ), name


# --- limit cases --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("years", "vol"), [(0.0, 0.5), (0.25, 0.0), (0.0, 0.0)])
@pytest.mark.parametrize(("sign", "strike"), [(1, 90.0), (1, 110.0), (-1, 90.0), (-1, 110.0)])
def test_nothing_left_is_intrinsic_value(years, vol, sign, strike):
    g = greeks(sign, 100.0, strike, years, vol, 0.05)
    discount = np.exp(-0.05 * years)
    in_the_money = sign * (100.0 - strike) > 0
    assert float(g.price) == pytest.approx(discount * max(sign * (100.0 - strike), 0.0), rel=1e-15, abs=0)
    assert float(g.delta) == pytest.approx(discount * sign * in_the_money, rel=1e-15, abs=0)
    assert float(g.theta) == pytest.approx(0.05 * float(g.price), rel=1e-15, abs=0)
    assert float(g.charm) == pytest.approx(0.05 * float(g.delta), rel=1e-15, abs=0)
    for name in ("gamma", "vega", "vanna", "volga", "speed", "zomma", "color"):
        assert float(getattr(g, name)) == 0.0, name


def test_the_limit_is_reached_smoothly():
    near = greeks([1, -1], 100.0, [99.0, 99.0], 1e-9, 0.5)
    there = greeks([1, -1], 100.0, [99.0, 99.0], 0.0, 0.5)
    np.testing.assert_allclose(near.price, there.price, rtol=1e-13)
    np.testing.assert_allclose(near.delta, there.delta, rtol=1e-13)


def test_at_the_money_with_nothing_left_has_a_price_and_no_greeks():
    assert float(price(1, 100.0, 100.0, 0.0, 0.5)) == 0.0
    with pytest.raises(UnpriceableError, match="gamma does not exist"):
        greeks(1, 100.0, 100.0, 0.0, 0.5)


def test_eight_hundred_percent_of_volatility(twin):
    value = float(price(1, 100.0, 130.0, 5.0, 8.0, 0.03))
    assert value == pytest.approx(float(twin(1, 100.0, 130.0, 5.0, 8.0, 0.03)), rel=1e-14)
    assert float(greeks(1, 100.0, 130.0, 5.0, 8.0, 0.03).delta) == pytest.approx(np.exp(-0.15), rel=1e-14)


def test_a_greek_survives_where_the_density_alone_runs_out():
    # φ(d1) is below the double range here, Γ = φ(d1)/(F·v) is not: hand value from 60 digits.
    forward, strike, years, vol = 1e-6, 1.38773e-6, 1e-6, 8.68
    mpmath.mp.dps = 90
    v = mpmath.mpf(vol) * mpmath.sqrt(mpmath.mpf(years))
    d1 = mpmath.log(mpmath.mpf(forward) / strike) / v + v / 2
    expected = mpmath.npdf(d1) / (forward * v)
    assert mpmath.npdf(d1) < 1e-307
    assert float(greeks(1, forward, strike, years, vol).gamma) == pytest.approx(float(expected), rel=1e-10)


GOOD = {"sign": 1.0, "forward": 100.0, "strike": 90.0, "years": 0.1, "vol": 0.5, "rate": 0.02}
WRONG = [
    ("sign", 0.0, Unpriceable.SIGN),
    ("sign", np.nan, Unpriceable.SIGN),
    *[("forward", bad, Unpriceable.FORWARD) for bad in (np.nan, np.inf, 0.0, -1.0)],
    *[("strike", bad, Unpriceable.STRIKE) for bad in (np.nan, np.inf, 0.0, -1.0)],
    *[("years", bad, Unpriceable.YEARS_NOT_FINITE) for bad in (np.nan, np.inf)],
    ("years", -1e-9, Unpriceable.EXPIRED),
    *[("vol", bad, Unpriceable.VOL) for bad in (np.nan, np.inf, -0.1)],
    *[("rate", bad, Unpriceable.RATE) for bad in (np.nan, np.inf, -np.inf)],
]


@pytest.mark.parametrize(("name", "bad", "reason"), WRONG)
def test_a_wrong_argument_is_refused_in_its_row(name, bad, reason):
    wrong = GOOD | {name: [GOOD[name], bad]}
    assert unpriceable(**wrong).tolist() == [Unpriceable.PRICEABLE, reason]
    for function in (price, greeks, core_greeks):
        with pytest.raises(UnpriceableError, match="row 1 of 2"):
            function(**wrong)


def test_two_negative_signs_do_not_make_a_price():
    # forward over strike is positive here, and so is all that is computed from it
    for function in (price, greeks, core_greeks):
        with pytest.raises(UnpriceableError, match="forward"):
            function(1, -100.0, -90.0, 0.1, 0.5)
    with pytest.raises(UnpriceableError, match="forward"):
        implied_vol(1, -100.0, -90.0, 0.1, 5.0)


def test_a_masked_entry_is_missing_and_never_its_filler():
    forward = np.ma.masked_array([100.0, 100.0], mask=[False, True])
    assert unpriceable(**(GOOD | {"forward": forward})).tolist() == [0, Unpriceable.FORWARD]


def test_none_and_words_are_refused():
    assert unpriceable(**(GOOD | {"vol": None})).tolist() == Unpriceable.VOL
    with pytest.raises(UnpriceableError, match="no arrays of numbers"):
        price(**(GOOD | {"vol": "much"}))


def test_a_result_beyond_the_double_range_is_refused():
    with pytest.raises(UnpriceableError, match="outside the range"):
        greeks(1, 1e-300, 1e-300, 1e-4, 0.5)


def test_every_reason_has_a_text():
    assert all(reason.text for reason in Unpriceable if reason)


def test_shapes_broadcast_and_chunks_join():
    strikes = np.linspace(50.0, 150.0, black76.CHUNK * 2 + 3)
    whole = greeks([[1], [-1]], 100.0, strikes, 0.3, 0.6)
    assert whole.color.shape == (2, strikes.size)
    last = greeks(-1, 100.0, strikes[-1], 0.3, 0.6)
    assert float(whole.color[1, -1]) == float(last.color)
    assert greeks([], [], [], [], []).price.shape == (0,)
