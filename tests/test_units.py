from datetime import UTC, datetime
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.units import Rounding, Side, round_to_step, utc_from_milliseconds, years_between

STEPS = st.sampled_from([Decimal(text) for text in ("0.0001", "0.05", "0.5", "1", "10", "1E+1", "2500")])
VALUES = st.decimals(min_value=-(10**9), max_value=10**9, allow_nan=False, places=6)


@given(value=VALUES, step=STEPS)
def test_each_direction_lands_on_the_grid_on_its_own_side(value, step):
    down = round_to_step(value, step, Rounding.DOWN)
    up = round_to_step(value, step, Rounding.UP)
    inward = round_to_step(value, step, Rounding.TOWARDS_ZERO)
    for rounded in (down, up, inward):
        assert rounded % step == 0
        assert abs(rounded - value) < step
    assert down <= value <= up
    assert abs(inward) <= abs(value)
    assert inward in {down, up}


@given(count=st.integers(-(10**6), 10**6), step=STEPS, rounding=st.sampled_from(Rounding))
def test_a_value_on_the_grid_stays(count, step, rounding):
    assert round_to_step(count * step, step, rounding) == count * step


@pytest.mark.parametrize("step", ["0", "-1", "NaN", "Infinity"])
def test_a_step_that_is_no_grid_is_refused(step):
    with pytest.raises(BadInput, match="step"):
        round_to_step(Decimal(1), Decimal(step), Rounding.DOWN)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "sNaN"])
def test_a_value_that_is_no_number_is_refused(value):
    with pytest.raises(BadInput, match="finite"):
        round_to_step(Decimal(value), Decimal(1), Rounding.DOWN)


def test_a_side_is_its_sign():
    assert (Side.BUY, Side.SELL) == (1, -1)
    assert Side.BUY.opposite is Side.SELL
    assert Side.SELL.opposite is Side.BUY


def test_a_year_has_365_days_and_time_runs_forward():
    start = datetime(2027, 3, 1, tzinfo=UTC)
    assert years_between(start, datetime(2028, 2, 29, tzinfo=UTC)) == 1.0
    assert years_between(datetime(2028, 2, 29, tzinfo=UTC), start) == -1.0


def test_a_time_without_zone_is_refused():
    with pytest.raises(BadInput, match="zone"):
        years_between(datetime(2027, 1, 1), datetime(2027, 1, 1, tzinfo=UTC))  # noqa: DTZ001


@pytest.mark.parametrize("milliseconds", [nan, inf, -inf, 1e30])
def test_milliseconds_that_are_no_time_are_refused(milliseconds):
    with pytest.raises(BadInput, match="not a time"):
        utc_from_milliseconds(milliseconds)


def test_milliseconds_become_aware_utc():
    assert utc_from_milliseconds(1_764_000_000_123) == datetime(2025, 11, 24, 16, 0, 0, 123_000, tzinfo=UTC)
