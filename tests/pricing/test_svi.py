"""Raw SVI against independent vectors (Vogt's slice included), its arbitrages, and its fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from hedging.errors import BadInput
from hedging.pricing import svi_fit
from hedging.pricing.svi import (
    RawSvi,
    ViolationKind,
    butterfly,
    calendar_violations,
    density,
    implied_vol,
    jump_wings,
    lowest_butterfly,
    total_variance,
    variance,
    violations,
    vol_slope,
)
from hedging.pricing.svi_fit import NoFit, SviFit, VolQuotes, fit_svi

VOGT = RawSvi(-0.041, 0.1331, 0.306, 0.3586, 0.4153)


def slices(rows):
    return {
        row["slice"]: (
            RawSvi(*(float(row[name]) for name in ("a", "b", "rho", "m", "sigma"))),
            float(row["T"]),
        )
        for row in rows
    }


@pytest.fixture(scope="module")
def known(vectors):
    return slices(vectors("svi_slices").rows)


@pytest.fixture(scope="module")
def points(vectors):
    return vectors("svi_points")


def close(ours, text, scale=0.0, relative=1e-13):
    return abs(float(ours) - float(text)) <= relative * abs(float(text)) + scale


def test_every_point_meets_its_vector(known, points):
    assert len(points.rows) > 400
    for row in points.rows:
        slice_, years = known[row["slice"]]
        k = float(row["k"])
        point = variance(slice_, k)
        parts = abs(slice_.a) + slice_.b * (abs(k) + abs(slice_.m) + slice_.sigma)  # what w is the sum of
        noise = 4e-16 * parts / float(point.w)  # the rounding of w, which the others inherit
        assert close(point.w, row["w"], 4e-16 * parts), row
        assert close(point.slope, row["dw_dk"], 1e-15 * slice_.b), row
        assert close(point.curvature, row["d2w_dk2"]), row
        assert close(implied_vol(slice_, k, years), row["iv"], relative=1e-14 + noise), row
        assert close(vol_slope(slice_, k, years), row["div_dk"], 1e-15 / years, 1e-13 + noise), row
        assert close(butterfly(slice_, k), row["g"], 1e-14 * (1 + k**2 / float(point.w)), 1e-13), row
        d2 = abs(k) / np.sqrt(float(point.w))
        ours = density(slice_, k)
        assert close(ours, row["risk_neutral_density_in_k"], 1e-14 * abs(float(ours)), 1e-12 * (1 + d2**2)), (
            row
        )


def test_every_slice_has_its_jump_wings_and_its_verdict(vectors, known):
    rows = vectors("svi_slices").rows
    assert {row["verdict"] for row in rows} == {"arb", "free_on_scan"}
    for row in rows:
        slice_, years = known[row["slice"]]
        wings = jump_wings(slice_, years)
        for ours, name in (
            (wings.v, "jw_v"),
            (wings.psi, "jw_psi"),
            (wings.p, "jw_p"),
            (wings.c, "jw_c"),
            (wings.v_tilde, "jw_vtilde"),
        ):
            assert close(ours, row[name], relative=1e-13), (name, row)
        assert close(slice_.steepest, row["wing_slope_b(1+|rho|)"]), row
        lowest, k = lowest_butterfly(slice_)
        scanned = float(row["min_g_on_scan"])
        assert lowest <= scanned + 1e-12, row  # a scan by points cannot find less
        if abs(float(row["argmin_k"])) < 2.9:
            assert lowest > scanned - 3e-4, row  # its steps are 0.01 wide
            assert k == pytest.approx(float(row["argmin_k"]), abs=0.05), row
            assert float(butterfly(slice_, float(row["argmin_k"]))) == pytest.approx(scanned, abs=1e-5), row
        found = {one.kind for one in violations(slice_)}
        assert found == ({ViolationKind.BUTTERFLY} if row["verdict"] == "arb" else set()), row


def test_vogts_slice_is_called_arbitrable_with_the_place():
    (found,) = violations(VOGT)
    assert found.kind is ViolationKind.BUTTERFLY
    assert found.amount == pytest.approx(-0.0328634, abs=2e-5)
    assert found.k == pytest.approx(0.88, abs=0.02)


def test_every_kind_of_violation_is_named():
    def kinds(slice_):
        return [one.kind for one in violations(slice_)]

    assert kinds(RawSvi(-0.2, 0.1, 0.0, 0.0, 0.5)) == [ViolationKind.NEGATIVE_VARIANCE]
    assert ViolationKind.WING_TOO_STEEP in kinds(RawSvi(0.5, 1.2, 0.8, 0.0, 0.5))
    assert kinds(RawSvi(0.04, 0.1, -0.3, 0.0, 0.2)) == []


@pytest.mark.parametrize(
    "wrong", [(0.1, -1, 0, 0, 1), (0.1, 1, 1, 0, 1), (0.1, 1, 0, 0, 0), (np.nan, 1, 0, 0, 1)]
)
def test_parameters_outside_their_domain_are_refused(wrong):
    with pytest.raises(BadInput, match="no SVI slice"):
        RawSvi(*wrong)


def test_no_volatility_is_made_of_a_negative_variance():
    with pytest.raises(BadInput, match="not positive"):
        implied_vol(RawSvi(-0.2, 0.1, 0.0, 0.0, 0.5), 0.0, 1.0)
    with pytest.raises(BadInput, match="years"):
        implied_vol(VOGT, 0.0, 0.0)


def test_a_sound_slice_has_a_density_of_one():
    slice_ = RawSvi(0.04, 0.1, -0.3, 0.02, 0.2)
    whole, _ = quad(lambda k: float(density(slice_, k)), -6, 6, limit=200, points=[0.0])
    mean, _ = quad(lambda k: float(np.exp(k) * density(slice_, k)), -6, 6, limit=200, points=[0.0])
    assert whole == pytest.approx(1.0, abs=1e-6)
    assert mean == pytest.approx(1.0, abs=1e-6)  # the forward is a martingale


# --- properties ---------------------------------------------------------------------------------------------
SOUND = st.builds(
    RawSvi,
    a=st.floats(0.001, 0.3),
    b=st.floats(0.001, 0.9),
    rho=st.floats(-0.95, 0.95),
    m=st.floats(-0.3, 0.3),
    sigma=st.floats(0.02, 1.0),
)
REPEATABLE = settings(derandomize=True, deadline=None, max_examples=60)


@given(SOUND, st.floats(-2.0, 2.0))
@REPEATABLE
def test_derivatives_are_those_of_w(slice_, k):
    h = 1e-5
    point = variance(slice_, k)
    up, down = total_variance(slice_, k + h), total_variance(slice_, k - h)
    assert float(point.slope) == pytest.approx(float(up - down) / (2 * h), abs=1e-7)
    bend = float(variance(slice_, k + h).slope - variance(slice_, k - h).slope) / (2 * h)
    assert float(point.curvature) == pytest.approx(bend, rel=1e-4, abs=1e-6)
    assert float(total_variance(slice_, k)) >= slice_.lowest * (1 - 1e-12)


@given(SOUND)
@REPEATABLE
def test_the_lowest_butterfly_is_below_every_other(slice_):
    lowest, _ = lowest_butterfly(slice_)
    assert lowest <= butterfly(slice_, np.linspace(-4, 4, 3001)).min() + 1e-6


@given(SOUND, st.floats(1.01, 2.0))
@REPEATABLE
def test_a_scaled_slice_is_later_and_never_earlier(slice_, factor):
    later = RawSvi(slice_.a * factor, slice_.b * factor, slice_.rho, slice_.m, slice_.sigma)
    assert calendar_violations([slice_, later]) == ()
    (found,) = calendar_violations([later, slice_])
    assert found.near == 0
    expected = total_variance(slice_, found.k) - total_variance(later, found.k)
    assert found.amount == pytest.approx(float(expected))


def test_slices_that_cross_in_one_wing_are_found_there():
    near, late = RawSvi(0.02, 0.10, -0.7, 0.0, 0.1), RawSvi(0.03, 0.08, 0.0, 0.0, 0.1)
    (found,) = calendar_violations([near, late])
    assert found.k == pytest.approx(-3.0)


# --- fit ----------------------------------------------------------------------------------------------------
def quoted(slice_, years, k):
    vol = implied_vol(slice_, k, years)
    w = total_variance(slice_, k)
    return VolQuotes(k, vol, np.exp(-0.5 * (-k / np.sqrt(w) + np.sqrt(w) / 2) ** 2) * np.sqrt(years))


def test_a_fit_finds_the_slice_that_quoted(known):
    sound = {name: pair for name, pair in known.items() if not violations(pair[0])}
    for name, (slice_, years) in list(sound.items())[::3]:
        spread = 2.5 * float(np.sqrt(total_variance(slice_, 0.0)))
        quotes = quoted(slice_, years, np.linspace(-spread, spread, 25))
        found = fit_svi(quotes, years)
        assert isinstance(found, SviFit), name
        assert found.rms_vol < 1e-5, (name, found)
        assert found.violations == (), name


def test_a_fit_of_an_arbitrable_market_cannot_be_arbitraged(known):
    wrong = [pair for pair in known.values() if violations(pair[0])]
    assert len(wrong) == 3
    for slice_, years in wrong:
        found = fit_svi(quoted(slice_, years, np.linspace(-1.0, 1.4, 30)), years)
        assert isinstance(found, SviFit)
        assert found.violations == ()
        assert lowest_butterfly(found.slice)[0] >= -1e-12
        assert 1e-6 < found.rms_vol < 0.02


def test_heavy_quotes_pull_the_fit():
    k = np.linspace(-0.5, 0.5, 21)
    vol = 0.6 + 0.1 * k**2 + np.where(np.arange(21) % 2, 0.03, 0.0)
    light = np.where(np.arange(21) % 2, 1e-6, 1.0)
    found = fit_svi(VolQuotes(k, vol, light), 0.1)
    assert isinstance(found, SviFit)
    even = implied_vol(found.slice, k[::2], 0.1)
    assert np.abs(even - vol[::2]).max() < 2e-3


def test_too_few_strikes_are_refused_and_wrong_quotes_raise():
    assert fit_svi(VolQuotes([0.0, 0.1, 0.2, 0.3], 0.5, 1.0), 0.1) is NoFit.TOO_FEW_QUOTES
    with pytest.raises(BadInput):
        fit_svi(VolQuotes(np.linspace(0, 1, 9), [np.nan] + [0.5] * 8, 1.0), 0.1)


@pytest.mark.parametrize(("error_then", "searched"), [(1e-9, True), (1e-3, False)])
def test_a_fit_near_the_last_is_only_kept_where_it_is_as_good_as_that_was(monkeypatch, error_then, searched):
    k = np.linspace(-0.5, 0.5, 21)
    slice_ = RawSvi(0.04, 0.1, -0.3, 0.0, 0.2)
    vol = implied_vol(slice_, k, 0.5) + 5e-4 * np.sin(37 * k * 21)
    quotes = VolQuotes(k, vol, np.exp(-4 * k * k))
    whole = fit_svi(quotes, 0.5)
    begun = []
    starts = svi_fit._Problem.starts
    monkeypatch.setattr(svi_fit._Problem, "starts", lambda problem: (begun.append(1), starts(problem))[1])
    again = fit_svi(quotes, 0.5, SviFit(slice_, error_then, ()))
    assert bool(begun) is searched
    assert again.rms_vol == pytest.approx(whole.rms_vol, rel=1e-4)


def test_a_last_fit_that_can_be_arbitraged_is_no_start():
    k = np.linspace(-1.5, 1.5, 31)
    quotes = VolQuotes(k, implied_vol(VOGT, k, 1.0), np.exp(-k * k))
    found = fit_svi(quotes, 1.0, SviFit(VOGT, 0.0, ()))
    assert found.violations == ()
    assert found.rms_vol > 1e-4
