"""SSVI against independent vectors, with its conditions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.pricing.ssvi import HestonLike, PowerLaw, conditions, total_variance


def curvature(row):
    if row["phi"] == "power_law":
        return PowerLaw(float(row["p1"]), float(row["p2"]))
    return HestonLike(float(row["p1"]))


def test_every_row_meets_its_vector(vectors):
    rows = vectors("ssvi_points").rows
    assert {row["phi"] for row in rows} == {"power_law", "heston_like"}
    for row in rows:
        phi, rho, theta = curvature(row), float(row["rho"]), float(row["theta"])
        held = conditions(phi, rho, theta)
        for ours, name in (
            (phi.phi(np.array(theta)), "phi_value"),
            (total_variance(phi, rho, theta, float(row["k"])), "w"),
            (held.slope, "theta_phi_(1+|rho|)_lt4"),
            (held.bend, "theta_phi2_(1+|rho|)_le4"),
            (held.growth, "d(theta phi)/dtheta"),
            (held.growth_bound, "calendar_upper"),
        ):
            assert float(ours) == pytest.approx(float(row[name]), rel=1e-12), (name, row)
        assert str(bool(held.no_butterfly)) == row["butterfly_sufficient_ok"], row
        assert str(bool(held.no_calendar)) == row["calendar_ok"], row


@given(st.floats(1e-7, 5.0), st.floats(0.1, 50.0), st.floats(0.05, 0.95), st.booleans())
@settings(derandomize=True, deadline=None, max_examples=100)
def test_growth_is_the_derivative_of_theta_phi(theta, size, gamma, power):
    phi = PowerLaw(size, gamma) if power else HestonLike(size)
    h = 1e-5 * theta
    up, down = ((theta + d) * float(phi.phi(np.array(theta + d))) for d in (h, -h))
    assert float(phi.growth(np.array(theta))) == pytest.approx((up - down) / (2 * h), rel=1e-5)


def test_the_series_joins_the_closed_form():
    theta = np.array([1e-2 * (1 - 1e-12), 1e-2])
    for values in (HestonLike(1.0).phi(theta), HestonLike(1.0).growth(theta)):
        assert values[0] == pytest.approx(values[1], rel=1e-11)


def test_arguments_outside_their_domain_are_refused():
    for wrong in (lambda: PowerLaw(0.0, 0.5), lambda: PowerLaw(1.0, 1.0), lambda: HestonLike(0.0)):
        with pytest.raises(BadInput):
            wrong()
    for rho, theta in ((1.0, 0.1), (0.0, 0.0), (0.0, np.nan)):
        with pytest.raises(BadInput):
            total_variance(HestonLike(1.0), rho, theta, 0.0)
