"""Implied volatility against independent vectors, in the wings, and where there is none."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import UnpriceableError
from hedging.pricing import solve_total_vol
from hedging.pricing.black76 import price
from hedging.pricing.implied_vol import NoVol, coin_implied_vols, implied_vol, implied_vols

REASONS = {
    "no_information": NoVol.NO_INFORMATION,
    "reject_below_intrinsic": NoVol.BELOW_INTRINSIC,
    "reject_above_upper": NoVol.ABOVE_BOUND,
    "reject_negative_price": NoVol.NEGATIVE_PRICE,
    "reject_zero_price": NoVol.ZERO_PRICE,
    "reject_nan": NoVol.PRICE_NOT_FINITE,
    "reject_inf": NoVol.PRICE_NOT_FINITE,
    "reject_T_zero": NoVol.EXPIRED,
    "reject_T_negative": NoVol.EXPIRED,
    "reject_F_nonpositive": NoVol.FORWARD,
    "reject_K_nonpositive": NoVol.STRIKE,
}


@pytest.fixture(scope="module")
def reference(vectors):
    return vectors("implied_vol")


@pytest.fixture(scope="module")
def found(reference):
    return implied_vols(reference.sign, *(reference.column(name) for name in ("F", "K", "T", "price", "r")))


@pytest.mark.parametrize("expect", ["ok", "ill_conditioned"])
def test_vol_meets_every_vector(reference, found, expect):
    rows = reference.words("expect") == expect
    assert rows.sum() > 100
    assert (found.refusal[rows] == NoVol.SOLVED).all()
    expected = reference.column("sigma_exact_of_double_price")
    allowed = 4 * reference.column("sigma_per_price_ulp") + 1e-12 * expected
    error = np.where(rows, np.abs(found.vol - expected), 0.0)
    assert not reference.worst(error, np.where(rows, allowed, 0.0))


@pytest.mark.parametrize("expect", sorted(REASONS))
def test_no_vol_has_the_right_reason(reference, found, expect):
    rows = reference.words("expect") == expect
    assert rows.any()
    assert (found.refusal[rows] == REASONS[expect]).all()
    assert np.isnan(found.vol[rows]).all()


def test_every_kind_of_row_is_tested(reference):
    assert set(reference.words("expect")) == {"ok", "ill_conditioned", *REASONS}


def test_conditioning_is_reported(reference, found):
    ok = reference.words("expect") == "ok"
    np.testing.assert_allclose(
        found.vol_per_price_ulp[ok], reference.column("sigma_per_price_ulp")[ok], rtol=1e-4
    )  # five digits printed


@pytest.mark.parametrize(
    ("ticks", "column"),
    [(-0.5, "sigma_at_minus_half_tick"), (0.0, "sigma_at_quote"), (0.5, "sigma_at_plus_half_tick")],
)
def test_coin_ticks_meet_every_vector(vectors, ticks, column):
    rows = vectors("implied_vol_coin_tick")
    quote = rows.column("price_coin_quoted") + ticks * rows.column("tick")
    ours = coin_implied_vols(rows.sign, *(rows.column(name) for name in ("F", "K", "T")), quote)
    expected = rows.column(column)
    blank = np.isnan(expected)
    assert (ours.refusal[blank] != NoVol.SOLVED).all()
    assert (ours.refusal[~blank] == NoVol.SOLVED).all()
    # quote ± half a tick is rounded, and so is quote·F: two more last digits of the price
    allowed = 6 * ours.vol_per_price_ulp + 1e-12 * expected
    assert not rows.worst(np.where(blank, 0.0, np.abs(ours.vol - expected)), np.where(blank, 0.0, allowed))


# --- against the slow twin ----------------------------------------------------------------------------------
@given(
    st.sampled_from([1, -1]),
    st.floats(1.0, 1e5),
    st.floats(-8.0, 8.0),
    st.floats(-13.0, 3.4),
    st.floats(-4.0, 2.1),
    st.sampled_from([0.0, -0.2, -0.05, 0.02, 0.1, 0.4]),
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_the_vol_of_a_twin_price_is_the_vol(twin, sign, forward, depth, log_years, log_vol, rate):
    years, vol = float(np.exp(log_years)), float(np.exp(log_vol))
    strike = float(forward * np.exp(min(max(depth * vol * np.sqrt(years), -20.0), 20.0)))
    quote = float(twin(sign, forward, strike, years, vol, rate))
    ours = implied_vols(sign, forward, strike, years, quote, rate)
    if ours.refusal != NoVol.SOLVED:
        assert ours.refusal in (NoVol.NO_INFORMATION, NoVol.ABOVE_BOUND, NoVol.BELOW_INTRINSIC)
        # only a price whose last digits are all there is of its distance from a bound may be refused
        low = max(sign * (forward - strike), 0.0) * np.exp(-rate * years)
        high = (forward if sign == 1 else strike) * np.exp(-rate * years)
        noise = 4096 + 8 * abs(rate * years) * np.exp(max(rate * years, 0.0))
        assert min(quote - low, high - quote) <= noise * np.spacing(quote)
        return
    slack = 4 * float(ours.vol_per_price_ulp) + 1e-12 * vol
    assert abs(float(ours.vol) - vol) <= slack


def test_in_the_money_no_digit_of_the_difference_of_forward_and_strike_is_lost():
    """The time value of a price, taken out at 60 digits, is an option out of the money of the same vol."""
    mpmath.mp.dps = 60
    rng = np.random.default_rng(4)
    forward = rng.uniform(90.0, 110.0, 400)
    strike, years, vol = (
        forward * rng.uniform(0.3, 0.7, 400),
        rng.uniform(0.05, 0.3, 400),
        rng.uniform(0.3, 0.9, 400),
    )
    quote = price(1, forward, strike, years, vol)
    exact = [
        mpmath.mpf(p) - (mpmath.mpf(f) - mpmath.mpf(k))
        for p, f, k in zip(quote.tolist(), forward.tolist(), strike.tolist(), strict=True)
    ]
    outside = implied_vols(-1, forward, strike, years, [float(max(value, 0)) for value in exact])
    inside = implied_vols(1, forward, strike, years, quote)
    both = (inside.refusal == NoVol.SOLVED) & (outside.refusal == NoVol.SOLVED)
    rounded = np.array(
        [
            mpmath.mpf(f) - mpmath.mpf(k) != f - k
            for f, k in zip(forward.tolist(), strike.tolist(), strict=True)
        ]
    )
    assert (both & rounded).sum() > 30
    np.testing.assert_allclose(inside.vol[both], outside.vol[both], rtol=1e-12)


def test_what_a_large_rate_rounds_off_is_no_volatility():
    """In the money to the last digits, e^(rT) alone leaves a few of them: no volatility is made of those."""
    rows = (  # a put and a call that are worth their discounted intrinsic value, as far as doubles can tell
        (
            -1,
            7.939145122272818,
            18.210912346371167,
            9.74189782963891,
            52.765233965174275,
            -0.16798096934940804,
        ),
        (1, 250.0, 100.0, 29.0, 150.0 * np.exp(-0.28 * 29.0) * (1 + 3e-16), 0.28),
        # the same three and four last digits above it, where the slope alone would still allow a volatility
        (
            -1,
            74.08006781407067,
            607.5569850359071,
            10.014273552013622,
            413.21439986927555,
            0.025508511977159032,
        ),
        (
            -1,
            62.087748595716036,
            625.6539694408177,
            29.336598447520853,
            27971.26767047049,
            -0.13309819374785797,
        ),
    )
    for sign, forward, strike, years, quote, rate in rows:
        found = implied_vols(sign, forward, strike, years, quote, rate)
        assert found.refusal in (NoVol.NO_INFORMATION, NoVol.BELOW_INTRINSIC)
        assert np.isnan(found.vol)
        more = implied_vols(sign, forward, strike, years, quote * 1.001, rate)
        assert more.refusal == NoVol.SOLVED


@pytest.mark.parametrize("exponent", [-300, -200, -100, -50, -20, -10])
@pytest.mark.parametrize(("strike", "years"), [(1.0001, 1e-6), (1.2, 0.01), (3.0, 0.5), (1e6, 2.0)])
def test_prices_down_to_the_end_of_the_double_range(twin, exponent, strike, years):
    quote = 10.0**exponent
    vol = implied_vol(1, 1.0, strike, years, quote)
    again = twin(1, 1.0, strike, years, float(vol), 0.0)
    assert abs(float(mpmath.log(again) - mpmath.log(quote))) < 1e-10  # a last digit of vol moves ln by h²·eps


def test_near_the_upper_bound(twin):
    for sign, strike, total in ((1, 1.0, 12.0), (1, 1.3, 9.0), (-1, 0.6, 10.0), (-1, 1.0, 8.0)):
        quote = float(twin(sign, 1.0, strike, 1.0, total, 0.0))
        found = implied_vols(sign, 1.0, strike, 1.0, quote)
        assert abs(float(found.vol) - total) <= 4 * float(found.vol_per_price_ulp) + 1e-12 * total


def test_at_the_money_to_the_last_digit(twin):
    for total in (1e-8, 1e-4, 0.01, 0.059, 0.061, 0.5, 1.3, 1.4, 4.0):
        quote = float(twin(1, 1.0, 1.0, 1.0, total, 0.0))
        assert float(implied_vol(1, 1.0, 1.0, 1.0, quote)) == pytest.approx(total, rel=2e-14)


def test_a_hundred_thousand_rows_all_converge_and_price_back():
    n, rng = 100_000, np.random.default_rng(7)
    years, vol = rng.uniform(1e-4, 3.0, n), rng.uniform(0.05, 4.0, n)
    forward = rng.uniform(1.0, 1e5, n)
    strike = forward * np.exp(rng.normal(0.0, 2.0, n) * vol * np.sqrt(years))
    sign = np.where(strike > forward, 1.0, -1.0)
    quote = price(sign, forward, strike, years, vol)
    found = implied_vols(sign, forward, strike, years, quote)
    assert not (found.refusal == NoVol.NOT_CONVERGED).any()
    solved = found.refusal == NoVol.SOLVED
    assert solved.mean() > 0.99
    back = price(sign[solved], forward[solved], strike[solved], years[solved], found.vol[solved])
    assert (np.abs(back - quote[solved]) <= 1e-14 * forward[solved]).all()


def test_a_row_that_does_not_converge_is_refused(monkeypatch):
    monkeypatch.setattr(solve_total_vol, "MOST_STEPS", 1)
    found = implied_vols(1, 100.0, [1e5, 101.0], 0.2, [0.05, 1e-60])  # far outside the table
    assert (found.refusal == NoVol.NOT_CONVERGED).any()
    assert np.isnan(found.vol[found.refusal != NoVol.SOLVED]).all()


@pytest.mark.parametrize(
    ("name", "bad", "reason"),
    [
        ("sign", 0.0, NoVol.SIGN),
        ("forward", np.nan, NoVol.FORWARD),
        ("strike", np.inf, NoVol.STRIKE),
        ("years", np.nan, NoVol.YEARS_NOT_FINITE),
        ("years", 0.0, NoVol.EXPIRED),
        ("price", np.nan, NoVol.PRICE_NOT_FINITE),
        ("rate", np.nan, NoVol.RATE),
    ],
)
def test_a_wrong_argument_is_refused_in_its_row(name, bad, reason):
    good = {"sign": 1.0, "forward": 100.0, "strike": 90.0, "years": 0.1, "price": 12.0, "rate": 0.0}
    found = implied_vols(**(good | {name: [good[name], bad]}))
    assert found.refusal.tolist() == [NoVol.SOLVED, reason]
    assert np.isnan(found.vol).tolist() == [False, True]
    with pytest.raises(UnpriceableError, match="row 1 of 2"):
        implied_vol(**(good | {name: [good[name], bad]}))


def test_coin_prices_outside_their_bounds_are_refused():
    found = coin_implied_vols([1, 1, -1, -1], 100.0, 80.0, 0.5, [0.2 - 1e-9, 1.0, 0.8, -0.01])
    assert [NoVol(code) for code in found.refusal] == [
        NoVol.BELOW_INTRINSIC,
        NoVol.ABOVE_BOUND,
        NoVol.ABOVE_BOUND,
        NoVol.NEGATIVE_PRICE,
    ]


def test_every_reason_has_a_text():
    assert all(reason.text for reason in NoVol if reason)
