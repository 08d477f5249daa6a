"""Hagan's lognormal SABR against independent vectors."""

import mpmath
import numpy as np
import pytest

from hedging.errors import BadInput
from hedging.pricing.sabr import Sabr, implied_vol


def test_every_row_meets_its_vector(vectors):
    rows = vectors("sabr_hagan").rows
    assert sum(row["set"].startswith("quantlib") for row in rows) == 31
    for row in rows:
        model = Sabr(*(float(row[name]) for name in ("alpha", "beta", "nu", "rho")))
        ours = implied_vol(model, float(row["F"]), float(row["K"]), float(row["T"]))
        assert float(ours) == pytest.approx(float(row["vol"]), rel=1e-13), row


@pytest.mark.parametrize("rho", [-0.9, 0.0, 0.7])
def test_the_money_is_approached_smoothly(rho):
    def slow(strike):
        mpmath.mp.dps = 60
        f, k, a, n, r = (mpmath.mpf(part) for part in (100.0, strike, 0.6, 1.5, rho))
        z = n / a * mpmath.log(f / k)
        x = mpmath.log((mpmath.sqrt(1 - 2 * r * z + z * z) + z - r) / (1 - r))
        ratio = z / x if z else mpmath.mpf(1)
        return float(a * ratio * (1 + (r * n * a / 4 + (2 - 3 * r * r) / 24 * n * n) * mpmath.mpf("0.1")))

    for away in (0.0, 1e-12, 1e-8, 1e-7, 4e-7, 1e-6, 1e-4, 0.1, 3.0):
        for strike in (100.0 * np.exp(away), 100.0 * np.exp(-away)):
            ours = float(implied_vol(Sabr(0.6, 1.0, 1.5, rho), 100.0, strike, 0.1))
            assert ours == pytest.approx(slow(strike), rel=1e-13), (away, rho)


def test_without_volatility_of_volatility_a_lognormal_model_is_flat():
    vols = implied_vol(Sabr(0.4, 1.0, 0.0, 0.3), 100.0, [50.0, 100.0, 200.0], 2.0)
    np.testing.assert_allclose(vols, 0.4, rtol=1e-15)


def test_arguments_outside_their_domain_are_refused():
    for wrong in ((0.0, 1, 1, 0), (1, 1.1, 1, 0), (1, 1, -1, 0), (1, 1, 1, 1), (np.nan, 1, 1, 0)):
        with pytest.raises(BadInput):
            Sabr(*wrong)
    for forward, strike, years in ((0.0, 1, 1), (1, np.nan, 1), (1, 1, -1)):
        with pytest.raises(BadInput):
            implied_vol(Sabr(0.5, 1.0, 1.0, 0.0), forward, strike, years)
    with pytest.raises(BadInput, match="no positive"):
        implied_vol(Sabr(0.5, 1.0, 5.0, -0.99), 100.0, 100.0, 50.0)


def test_far_from_the_money_on_either_side_no_digits_are_lost():
    mpmath.mp.dps = 60
    for strike in (100.0 * np.exp(2.0), 100.0 * np.exp(-2.0)):
        z = mpmath.mpf(30) / mpmath.mpf(0.3) * mpmath.log(mpmath.mpf(100) / mpmath.mpf(strike))
        r = mpmath.mpf(-0.4)
        x = mpmath.log((mpmath.sqrt(1 - 2 * r * z + z * z) + z - r) / (1 - r))
        drift = r * 30 * mpmath.mpf(0.3) / 4 + (2 - 3 * r * r) / 24 * 900
        expected = mpmath.mpf(0.3) * z / x * (1 + drift * mpmath.mpf(1e-4))
        ours = float(implied_vol(Sabr(0.3, 1.0, 30.0, -0.4), 100.0, strike, 1e-4))
        assert ours == pytest.approx(float(expected), rel=2e-14), strike
