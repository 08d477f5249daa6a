"""The spot form against independent vectors, and against a move of the spot itself."""

import numpy as np
import pytest

from hedging.errors import UnpriceableError
from hedging.pricing.spot_form import Carry, spot_greeks

# The forward S·e^((r-q)T) is rounded. What that is to volga and the third order is not put right.
RELATIVE = {"gamma": 1e-13, "vega": 1e-13, "vanna": 2e-13, "volga": 1e-10, "theta": 1e-13, "charm": 1e-12} | {
    "rho": 1e-13,
    "rho_q": 1e-13,
    "speed": 1e-9,
    "zomma": 1e-9,
    "color": 1e-9,
}


@pytest.fixture(scope="module")
def reference(vectors):
    return vectors("bsm_spot")


@pytest.fixture(scope="module")
def computed(reference):
    arguments = (reference.column(name) for name in ("S", "K", "T", "sigma"))
    return spot_greeks(reference.sign, *arguments, Carry(reference.column("r"), reference.column("q")))


def test_price_and_delta_meet_every_vector(reference, computed):
    assert not reference.worst(
        np.abs(computed.price - reference.column("price")), 1e-14 * reference.column("S")
    )
    assert not reference.worst(np.abs(computed.delta - reference.column("delta")), 1e-15)


@pytest.mark.parametrize("name", sorted(RELATIVE))
def test_greek_meets_every_vector(reference, computed, name):
    expected = reference.column(name)
    assert not reference.worst(
        np.abs(getattr(computed, name) - expected), RELATIVE[name] * np.abs(expected) + 1e-300
    )


def test_theta_lets_the_forward_move():
    carry, h = Carry(rate=0.2, yield_rate=0.05), 1e-6
    later, sooner = (spot_greeks(1, 100.0, 95.0, 0.5 + step, 0.4, carry).price for step in (-h, h))
    theta = float(spot_greeks(1, 100.0, 95.0, 0.5, 0.4, carry).theta)
    assert float(later - sooner) / (2 * h) == pytest.approx(theta, rel=1e-7)


def test_a_missing_yield_is_refused():
    with pytest.raises(UnpriceableError, match="yield_rate"):
        spot_greeks(1, 100.0, 95.0, 0.5, 0.4, Carry(yield_rate=np.nan))
    with pytest.raises(UnpriceableError, match="rate"):
        spot_greeks(1, 100.0, 95.0, 0.5, 0.4, Carry(rate=np.nan))
