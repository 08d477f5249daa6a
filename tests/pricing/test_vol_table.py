"""The table of total volatilities: what it finds is right, what it cannot find it says."""

import numpy as np
import pytest

from hedging.pricing import normalised_black, solve_total_vol, vol_table
from hedging.pricing.vol_table import ordinary_total_vol


def prices(u, s):
    return np.exp(normalised_black.log_value(-u, s).log)


@pytest.fixture(scope="module")
def book():
    rng = np.random.default_rng(3)
    s = np.exp(rng.uniform(np.log(0.016), np.log(1.8), 40_000))
    return np.abs(rng.normal(0.0, 1.7, s.size)) * s + 1e-9, s


def test_what_is_found_is_right_and_that_is_nearly_all(book):
    u, s = book
    near = u < 3.5
    found_s, found = ordinary_total_vol(u, prices(u, s))
    assert found[near].mean() > 0.98
    # the slower road's own price carries rounding of about 1e-15·(1 + s/b')
    assert np.abs(found_s / s - 1)[found].max() < 2e-13


def test_it_agrees_with_the_bracketed_solver(book):
    u, s = (part[:5000] for part in book)
    b = prices(u, s)
    ours, found = ordinary_total_vol(u, b)
    goal = solve_total_vol.Target(-u, np.log(b), np.log(np.exp(-0.5 * u) - b))
    theirs, converged = solve_total_vol.total_vol(goal)
    assert converged.all()
    np.testing.assert_allclose(ours[found], theirs[found], rtol=2e-13)


def test_nothing_is_found_where_there_is_nothing():
    u = np.array([0.1, 0.1, 0.1, 0.1, np.nan, 0.0, np.inf, 0.1, 50.0, 1e-12])
    b = np.array([np.nan, 0.0, -0.1, np.inf, 0.1, 0.1, 0.1, 0.99, 0.01, 1e-14])
    with np.errstate(all="ignore"):
        _, found = ordinary_total_vol(u, b)
    assert not found.any()


def test_a_start_that_is_too_far_off_is_not_taken(monkeypatch, book):
    u, s = book
    b = prices(u, s)
    start = vol_table._start

    def worse(u, b):
        s, log_b = start(u, b)
        return s * 1.01, log_b

    monkeypatch.setattr(vol_table, "_start", worse)
    with np.errstate(all="ignore"):
        _, found = ordinary_total_vol(u, b)
    assert not found.any()


def test_what_is_too_short_for_two_tails_is_left_to_the_series():
    s = np.array([0.010, 0.014, 0.02])
    u = 0.5 * s
    _, found = ordinary_total_vol(u, prices(u, s))
    assert found.tolist() == [False, False, True]
