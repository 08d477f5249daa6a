"""Mills' ratio against 60 digits."""

import mpmath
import numpy as np

from hedging.pricing.normal_tail import FARTHEST, mills_ratio


def test_mills_ratio_keeps_what_the_rounding_of_its_argument_leaves():
    mpmath.mp.dps = 60
    x = np.concatenate([np.linspace(0.0, 9.0, 500), np.linspace(9.0, FARTHEST, 120)])
    ours = mills_ratio(x, np.empty(x.shape), np.empty(x.shape))
    for argument, value in zip(x, ours, strict=True):
        exact = mpmath.ncdf(-mpmath.mpf(argument)) / mpmath.npdf(mpmath.mpf(argument))
        assert abs(float(value / exact - 1)) <= 8e-16 + 1.5e-16 * argument**2, argument


def test_the_tail_is_right_to_the_last_digits_of_one():
    mpmath.mp.dps = 60
    x = np.linspace(0.0, 8.0, 400)
    tail = mills_ratio(x, np.empty(x.shape), np.empty(x.shape)) * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    exact = np.array([float(mpmath.ncdf(-mpmath.mpf(argument))) for argument in x])
    assert np.abs(tail - exact).max() < 3e-16
