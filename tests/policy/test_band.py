import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import band, exposure

from hedging.errors import BadInput
from hedging.model.limits import HedgeTarget
from hedging.policy.band import FixedBand
from hedging.risk.drift import drift


@st.composite
def bands(draw):
    centre = draw(st.floats(-100, 100))
    return band(
        centre - draw(st.floats(0.1, 100)),
        centre + draw(st.floats(0.1, 100)),
        centre=centre,
        target=draw(st.sampled_from(HedgeTarget)),
        share=draw(st.floats(0, 1)),
    )


@pytest.mark.parametrize(
    ("aim", "delta", "change"),
    [
        (HedgeTarget.CENTRE, 8.0, -7.0),
        (HedgeTarget.EDGE, 8.0, -3.08),
        (HedgeTarget.PART, 8.0, -4.0),
        (HedgeTarget.CENTRE, -4.0, 5.0),
        (HedgeTarget.EDGE, -4.0, 2.06),
        (HedgeTarget.PART, -4.0, 2.75),
        (HedgeTarget.CENTRE, 5.0, 0.0),
        (HedgeTarget.CENTRE, -2.0, 0.0),
    ],
)
def test_how_much_an_asymmetric_band_wants(aim, delta, change):
    wanted = band(-2.0, 5.0, centre=1.0, target=aim, share=0.25)
    assert FixedBand(wanted).change_wanted(drift(exposure(delta), wanted)) == pytest.approx(change)


@given(wanted=bands(), delta=st.floats(-500, 500))
def test_the_change_ends_inside_and_never_past_the_centre(wanted, delta):
    change = FixedBand(wanted).change_wanted(drift(exposure(delta), wanted))
    if wanted.lower <= delta <= wanted.upper:
        assert change == 0.0
        return
    after = delta + change
    assert wanted.lower - 1e-9 <= after <= wanted.upper + 1e-9
    assert (delta - wanted.centre) * (after - wanted.centre) >= -1e-9
    assert abs(after - wanted.centre) < abs(delta - wanted.centre)


@pytest.mark.parametrize("narrow", [(-0.59, 5.0), (-5.0, 0.59)])
def test_a_band_that_a_lot_jumps_across_is_refused_on_either_side(narrow):
    with pytest.raises(BadInput, match="widen it"):
        FixedBand(band(*narrow)).check_lot(1.0)


def test_a_band_of_six_tenths_of_a_lot_is_enough():
    FixedBand(band(-0.6, 0.6)).check_lot(1.0)
