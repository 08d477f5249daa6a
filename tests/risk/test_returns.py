"""Returns from hourly closes: spans that do not overlap and never bridge a missing hour."""

from datetime import timedelta
from math import exp, sqrt

import numpy as np
import pytest
from nouns import NOW

from hedging.errors import BadInput
from hedging.model.what_if import Close
from hedging.risk.returns import period_returns, realised_vol
from hedging.risk.value_at_risk import TooFewObservations


def closes(prices, hours=None):
    places = range(len(prices)) if hours is None else hours
    return [
        Close(instrument="x", at=NOW + timedelta(hours=place), price=price)
        for place, price in zip(places, prices, strict=True)
    ]


def test_hourly_returns_are_one_less_than_closes():
    found = period_returns(closes([100.0, 110.0, 99.0]), 1)
    assert found.values == pytest.approx((0.1, -0.1))
    assert (found.hours, found.missing) == (1, 0)


def test_longer_spans_are_counted_back_from_the_newest_close_and_do_not_overlap():
    prices = [50.0, 100.0, 101.0, 102.0, 200.0, 1.0, 2.0, 400.0]
    assert period_returns(closes(prices), 3).values == pytest.approx((1.0, 1.0))


def test_no_return_spans_a_missing_hour():
    found = period_returns(closes([100.0, 200.0, 50.0, 60.0], hours=[0, 1, 4, 5]), 1)
    assert found.values == pytest.approx((1.0, 0.2))
    assert found.missing == 2
    assert period_returns(closes([1.0, 2.0, 3.0], hours=[0, 2, 4]), 2).values == ()


def test_no_closes_are_no_returns():
    assert period_returns([], 1).values == ()


@pytest.mark.parametrize(
    "broken",
    [
        closes([100.0, 0.0]),
        closes([100.0, float("nan")]),
        closes([100.0, 101.0], hours=[1, 0]),
        closes([100.0, 101.0], hours=[0, 0]),
        closes([100.0, 101.0], hours=[0, 1.5]),
    ],
)
def test_what_is_no_close_is_refused(broken):
    with pytest.raises(BadInput):
        period_returns(broken, 1)


def test_a_span_below_an_hour_is_refused():
    with pytest.raises(BadInput, match="1 or more"):
        period_returns([], 0)


def test_a_known_volatility_is_found_again():
    moves = np.random.default_rng(1).standard_normal(20_000) * 0.6 / sqrt(365 * 24)
    found = realised_vol(period_returns(closes((100.0 * np.exp(np.cumsum(moves))).tolist()), 1))
    assert found == pytest.approx(0.6, rel=0.02)


def test_a_constant_move_is_its_own_volatility():
    hourly = period_returns(closes([100.0 * exp(0.01 * (hour % 2)) for hour in range(49)]), 1)
    assert realised_vol(hourly) == pytest.approx(0.01 * sqrt(365 * 24), rel=1e-9)


def test_too_few_are_refused_with_their_number():
    with pytest.raises(TooFewObservations, match=r"47 hourly returns are too few.*48 are needed"):
        realised_vol(period_returns(closes([100.0] * 48), 1))
    with pytest.raises(BadInput, match="hourly returns"):
        realised_vol(period_returns(closes([100.0] * 100), 8))
