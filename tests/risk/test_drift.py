from math import nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from nouns import band, exposure

from hedging.model.exposure import DriftState
from hedging.model.limits import HedgeTarget
from hedging.risk.drift import drift, shrinks, target

numbers = st.floats(-1000, 1000)


@st.composite
def bands(draw):
    centre = draw(numbers)
    return band(
        centre - draw(st.floats(0.1, 100)),
        centre + draw(st.floats(0.1, 100)),
        centre=centre,
        target=draw(st.sampled_from(HedgeTarget)),
        share=draw(st.floats(0, 1)),
    )


@pytest.mark.parametrize(
    ("delta", "state", "beyond"),
    [
        (5.0, DriftState.INSIDE, 0.0),
        (5.0000001, DriftState.ABOVE, 1e-7),
        (-2.0, DriftState.INSIDE, 0.0),
        (-2.5, DriftState.BELOW, -0.5),
        (14.2, DriftState.ABOVE, 9.2),
    ],
)
def test_an_asymmetric_band(delta, state, beyond):
    found = drift(exposure(delta), band(-2.0, 5.0))
    assert (found.state, found.delta) == (state, delta)
    assert found.beyond_band == pytest.approx(beyond)


@pytest.mark.parametrize(
    ("aim", "above", "below"),
    [(HedgeTarget.CENTRE, 1.0, 1.0), (HedgeTarget.EDGE, 4.92, -1.94), (HedgeTarget.PART, 4.0, -1.25)],
)
def test_where_a_hedge_aims(aim, above, below):
    wanted = band(-2.0, 5.0, centre=1.0, target=aim, share=0.25)
    assert target(wanted, DriftState.ABOVE) == pytest.approx(above)
    assert target(wanted, DriftState.BELOW) == pytest.approx(below)
    assert target(wanted, DriftState.INSIDE) == 1.0


@given(wanted=bands(), delta=numbers)
def test_the_target_lies_inside_the_band_on_the_side_of_the_drift(wanted, delta):
    found = drift(exposure(delta), wanted)
    assert wanted.lower <= found.target <= wanted.upper
    if found.state is DriftState.ABOVE:
        assert wanted.centre - 1e-9 <= found.target
    if found.state is DriftState.BELOW:
        assert found.target <= wanted.centre + 1e-9


@given(primary=numbers.filter(lambda x: abs(x) > 1e-3), hedge=numbers, wanted=bands())
def test_the_wanted_ratio_brings_the_delta_to_the_centre(primary, hedge, wanted):
    assume(abs(primary) > 0.1 * (wanted.upper - wanted.lower))
    found = drift(exposure(primary + hedge, delta_primary=primary, delta_hedge=hedge), wanted)
    assert found.ratio_held * primary == pytest.approx(-hedge, abs=1e-9)
    assert primary * (1 - found.ratio_wanted) == pytest.approx(wanted.centre, abs=1e-6)


@pytest.mark.parametrize("primary", [0.0, 1e-6, 1.0, -1.0])  # the band of ±5 is 10 wide
def test_a_primary_position_too_small_to_divide_by_has_no_ratio(primary):
    found = drift(exposure(delta_primary=primary), band())
    assert (found.ratio_held, found.ratio_wanted) == (None, None)


@given(before=numbers, after=numbers)
def test_to_shrink_is_to_come_closer_to_zero_without_crossing_it(before, after):
    assert shrinks(before, after) is (abs(after) < abs(before) and before * after >= 0)


@pytest.mark.parametrize(("before", "after"), [(nan, 1.0), (1.0, nan), (0.0, 0.0), (1.0, 1.0), (1.0, -0.5)])
def test_what_does_not_shrink(before, after):
    assert not shrinks(before, after)
