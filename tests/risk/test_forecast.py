"""Tests of the forecast of a breach: against a Monte Carlo of our own, closed forms and limit cases."""

from math import erfc, inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import option, position, quote, snapshot

from hedging.errors import BadInput
from hedging.model.instrument import OptionKind
from hedging.model.limits import Forecast, NoForecast, VolSource
from hedging.risk.forecast import (
    Bounds,
    Vol,
    ewma_vol,
    forecast,
    implied_vol,
    leaves_within,
    refused,
    words,
)
from hedging.risk.greeks import value_positions

HOURLY = 1 / sqrt(365 * 24)
VOL = Vol(0.6, VolSource.REALISED)
PATHS = 40_000


def simulated(value, slope, bounds, hours):
    """Share of simulated paths that leave the bounds, crossings between two steps counted by the bridge."""
    generator = np.random.default_rng(20261122)
    steps = 240
    deviation = abs(slope) * VOL.value * sqrt(hours) * HOURLY / sqrt(steps)
    at = np.full(PATHS, float(value))
    stays = np.ones(PATHS)
    for _ in range(steps):
        after = at + deviation * generator.standard_normal(PATHS)
        for bound in (bounds.lower, bounds.upper):
            if np.isfinite(bound):
                same = (at - bound) * (after - bound)
                stays *= np.where(same > 0, 1 - np.exp(-2 * same / deviation**2), 0.0)
        at = after
    return 1 - stays.mean()


@pytest.mark.parametrize(
    ("value", "slope", "bounds"),
    [
        (0.0, 300.0, Bounds(-5.0, 5.0)),
        (3.5, 250.0, Bounds(-5.0, 5.0)),
        (3.5, -250.0, Bounds(-5.0, 5.0)),
        (-4.0, 900.0, Bounds(-5.0, 12.0)),
        (6e7, 4e7, Bounds(-inf, 6.05e7)),
    ],
)
@pytest.mark.parametrize("hours", [1, 8])
def test_the_series_equals_a_simulation(value, slope, bounds, hours):
    found = forecast(value, slope, bounds, VOL)
    ours = found.within_1h if hours == 1 else found.within_8h
    theirs = simulated(value, slope, bounds, hours)
    assert 0.01 < theirs < 0.9999
    assert ours == pytest.approx(theirs, abs=4 * sqrt(theirs * (1 - theirs) / PATHS))


def test_the_sign_of_gamma_does_not_matter_but_the_side_of_the_delta_does():
    band = Bounds(-5.0, 10.0)
    assert forecast(4.0, 300.0, band, VOL) == forecast(4.0, -300.0, band, VOL)
    assert forecast(4.0, 300.0, band, VOL).within_8h < forecast(-4.0, 300.0, band, VOL).within_8h


def test_half_of_all_cases_have_left_by_the_median_and_not_before():
    found = forecast(2.0, 500.0, Bounds(-5.0, 5.0), VOL)
    yearly = 500.0 * VOL.value
    at = yearly * HOURLY * sqrt(found.median_hours)
    assert leaves_within((7.0, 3.0), at) == pytest.approx(0.5, abs=1e-9)
    assert simulated(2.0, 500.0, Bounds(-5.0, 5.0), found.median_hours) == pytest.approx(0.5, abs=0.01)


def test_one_bound_that_is_far_away_is_as_if_it_were_not_there():
    assert leaves_within((1e9, 2.0), 1.3) == pytest.approx(leaves_within((inf, 2.0), 1.3), rel=1e-14)
    assert leaves_within((inf, 2.0), 1.3) == pytest.approx(erfc(2.0 / (1.3 * sqrt(2))), rel=1e-15)


def test_a_small_chance_keeps_its_digits():
    # Far from both bounds the two sides add up, and nothing is lost against 1.
    assert leaves_within((8.0, 8.0), 1.0) == pytest.approx(2 * erfc(8 / sqrt(2)), rel=1e-12)


def spectral(below, above, deviation):
    """The same probability from the eigenfunctions of the interval: another road to it."""
    width = below + above
    turns = np.arange(1, 4001, 2)
    inside = 4 / (turns * np.pi) * np.sin(turns * np.pi * below / width)
    return 1 - float((inside * np.exp(-((turns * np.pi * deviation / width) ** 2) / 2)).sum())


@given(
    below=st.floats(0.05, 50.0),
    above=st.floats(0.05, 50.0),
    widths=st.floats(0.02, 4.9),
)
def test_the_reflections_equal_the_eigenfunctions(below, above, widths):
    deviation = widths * (below + above)
    found = leaves_within((below, above), deviation)
    assert found == pytest.approx(spectral(below, above, deviation), abs=2e-12)
    assert 0.0 <= found <= 1.0


@given(st.floats(0.1, 40.0), st.floats(0.1, 40.0), st.floats(0.01, 400.0), st.floats(1.0, 3.0))
def test_more_time_never_makes_it_less_likely(below, above, deviation, longer):
    assert (
        leaves_within((below, above), deviation) <= leaves_within((below, above), deviation * longer) + 1e-13
    )


def test_without_gamma_or_movement_it_stays_and_outside_it_is_out():
    band = Bounds(-5.0, 5.0)
    still = forecast(4.9, 0.0, band, VOL)
    assert (still.within_1h, still.within_8h, still.median_hours) == (0.0, 0.0, None)
    assert forecast(4.9, 500.0, band, Vol(0.0, VolSource.IMPLIED)).within_8h == 0.0
    out = forecast(-5.1, 0.0, band, VOL)
    assert (out.within_1h, out.within_8h, out.median_hours) == (1.0, 1.0, 0.0)


def test_on_the_bound_it_leaves_at_once():
    found = forecast(5.0, 500.0, Bounds(-5.0, 5.0), VOL)
    assert found.within_1h == pytest.approx(1.0, abs=1e-12)
    assert found.median_hours == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("slope", [1e-9, 1e9])
def test_extreme_slopes_stay_probabilities(slope):
    found = forecast(1.0, slope, Bounds(-5.0, 5.0), VOL)
    assert found.within_8h == (0.0 if slope < 1 else 1.0)


@pytest.mark.parametrize(
    ("value", "slope", "bounds", "vol"),
    [
        (nan, 1.0, Bounds(-1.0, 1.0), 0.5),
        (0.0, inf, Bounds(-1.0, 1.0), 0.5),
        (0.0, 1.0, Bounds(1.0, -1.0), 0.5),
        (0.0, 1.0, Bounds(nan, 1.0), 0.5),
        (0.0, 1.0, Bounds(-inf, inf), 0.5),
        (0.0, 1.0, Bounds(-1.0, 1.0), -0.1),
        (0.0, 1.0, Bounds(-1.0, 1.0), nan),
    ],
)
def test_what_is_no_number_is_refused(value, slope, bounds, vol):
    with pytest.raises(BadInput):
        forecast(value, slope, bounds, Vol(vol, VolSource.REALISED))


def naive_ewma(returns, interval):
    weights = [0.94**age for age in range(len(returns))]
    squares = [np.log1p(each) ** 2 for each in reversed(returns)]
    variance = sum(w * s for w, s in zip(weights, squares, strict=True)) / sum(weights)
    return sqrt(variance * 365 * 86_400 / interval)


def test_the_realised_volatility_weighs_the_newest_most():
    generator = np.random.default_rng(5)
    returns = [float(each) for each in generator.normal(0, 0.0007, 120)]
    assert ewma_vol(returns, 60.0) == pytest.approx(naive_ewma(returns, 60.0), rel=1e-12)
    quiet_then_wild = [1e-5] * 60 + [1e-3] * 60
    assert ewma_vol(quiet_then_wild, 60.0) > 5 * ewma_vol(quiet_then_wild[::-1], 60.0)


def test_the_realised_volatility_of_a_known_walk_comes_out():
    generator = np.random.default_rng(11)
    per_minute = 0.6 / sqrt(365 * 1440)
    found = [
        ewma_vol([float(each) for each in generator.normal(0, per_minute, 300)], 60.0) for _ in range(200)
    ]
    assert sqrt(np.mean(np.square(found))) == pytest.approx(0.6, rel=0.03)


def test_too_few_returns_are_no_volatility_and_bad_ones_are_refused():
    assert ewma_vol([0.001] * 19, 60.0) is None
    assert ewma_vol([0.001] * 20, 60.0) is not None
    for bad in (nan, inf, -1.0):
        with pytest.raises(BadInput):
            ewma_vol([0.001] * 30 + [bad], 60.0)
    with pytest.raises(BadInput):
        ewma_vol([0.001] * 30, 0.0)


def held(*options):
    quotes = [
        quote(),
        *(quote(listed, mark=0.05 if iv else None, bid=None, ask=None, iv=iv) for listed, iv in options),
    ]
    positions = [position(listed, 1) for listed, _ in options]
    return value_positions(snapshot(positions, quotes), frozenset(), 5.0)


def test_the_implied_volatility_is_of_the_strike_nearest_to_the_forward():
    book = held(
        (option(OptionKind.CALL, 80_000.0), 0.8),
        (option(OptionKind.PUT, 102_000.0), 0.55),
        (option(OptionKind.CALL, 97_000.0), 0.6),
        (option(OptionKind.CALL, 100_000.0), None),
    )
    assert implied_vol(book, "BTC") == 0.55
    assert implied_vol(book, "ETH") is None
    assert implied_vol(held(), "BTC") is None


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            refused(NoForecast.UNKNOWN_VOL),
            "no forecast: neither a realised nor an implied volatility is known",
        ),
        (Forecast(within_1h=1.0, within_8h=1.0, median_hours=0.0), "outside now"),
        (
            Forecast(within_1h=0.0, within_8h=0.004),
            "below 0.1 % within 1 h, 0.4 % within 8 h; less likely than not within a year",
        ),
        (
            Forecast(within_1h=0.7, within_8h=0.99, median_hours=0.4),
            "70 % within 1 h, 99 % within 8 h; as likely as not within 24 min",
        ),
        (
            Forecast(within_1h=0.0, within_8h=0.02, median_hours=300.0),
            "below 0.1 % within 1 h, 2 % within 8 h; as likely as not within 12 days",
        ),
    ],
)
def test_a_forecast_in_words(found, said):
    assert words(found) == said
