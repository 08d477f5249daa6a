"""Futures against independent vectors, and where no bankruptcy price exists."""

import numpy as np
import pytest

from hedging.errors import UnpriceableError
from hedging.pricing.futures import inverse_future, linear_future

INVERSE = {
    "pnl_coin": "pnl_coin",
    "pnl_usd": "pnl_usd_at_mark",
    "delta_coin": "delta_coin(=S*dE/dS)",
    "slope": "dpnl_coin_dS",
    "curvature": "d2pnl_coin_dS2",
}
# Sums of parts with opposite signs: their rounding is that of the largest part.
SUMS = {
    "equity_coin": ("equity_coin", False),
    "usd_delta_coin": ("usd_delta_coin(=equity+delta_coin)", False),
    "equity_usd": ("equity_usd", True),
    "flat_notional_usd": ("target_total_usd_notional_for_flat_usd", True),
    "flat_change_usd": ("usd_notional_change_for_flat_usd", True),
}


@pytest.fixture(scope="module")
def reference(vectors):
    return vectors("inverse_future")


@pytest.fixture(scope="module")
def computed(reference):
    return inverse_future(
        *(reference.column(name) for name in ("usd_notional", "entry", "mark", "initial_equity_coin"))
    )


@pytest.mark.parametrize("ours", sorted(INVERSE))
def test_products_meet_every_vector(reference, computed, ours):
    expected = reference.column(INVERSE[ours])
    assert not reference.worst(np.abs(getattr(computed, ours) - expected), 1e-15 * np.abs(expected))


@pytest.mark.parametrize("ours", sorted(SUMS))
def test_sums_meet_every_vector(reference, computed, ours):
    name, in_usd = SUMS[ours]
    parts = np.abs(reference.column("initial_equity_coin")) + np.abs(reference.column("pnl_coin"))
    parts += np.abs(reference.column("delta_coin(=S*dE/dS)"))
    allowed = 1e-15 * parts * (reference.column("mark") if in_usd else 1.0)
    assert not reference.worst(np.abs(getattr(computed, ours) - reference.column(name)), allowed)


def test_bankruptcy_meets_every_vector(reference, computed):
    expected = reference.column("bankruptcy_price(blank=none)")
    exists = ~np.isnan(expected)
    assert exists.any()
    assert (~exists).any()
    np.testing.assert_array_equal(computed.can_go_bankrupt, exists)
    assert np.isnan(computed.bankruptcy_price[~exists]).all()
    np.testing.assert_allclose(computed.bankruptcy_price[exists], expected[exists], rtol=1e-14)


def test_no_equity_is_left_at_the_bankruptcy_price():
    position = inverse_future(100_000.0, 50_000.0, 50_000.0, 1.0)
    there = inverse_future(100_000.0, 50_000.0, position.bankruptcy_price, 1.0)
    assert float(there.equity_coin) == pytest.approx(0.0, abs=1e-14)


def test_a_covered_short_and_no_position_never_go_bankrupt():
    assert inverse_future([-10_000.0, 0.0], 50_000.0, 50_000.0, 1.0).can_go_bankrupt.tolist() == [
        False,
        False,
    ]


def test_coin_collateral_makes_the_dollar_value_linear():
    marks = np.array([30_000.0, 50_000.0, 70_000.0])
    worth = inverse_future(25_000.0, 50_000.0, marks, 1.0).equity_usd
    assert worth[2] - worth[1] == pytest.approx(worth[1] - worth[0], rel=1e-13)


def test_linear_future_meets_every_vector(vectors):
    rows = vectors("linear_future")
    ours = linear_future(*(rows.column(name) for name in ("qty", "entry", "mark")))
    for name, column in (("pnl", "pnl_quote"), ("delta_units", "delta_units"), ("delta_usd", "delta_usd")):
        expected = rows.column(column)
        assert not rows.worst(np.abs(getattr(ours, name) - expected), 1e-15 * np.abs(expected))


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -5.0])
def test_a_wrong_price_is_refused(bad):
    for arguments in ((1.0, bad, 5.0), (1.0, 5.0, bad)):
        with pytest.raises(UnpriceableError, match="not a positive finite number"):
            linear_future(*arguments)
        with pytest.raises(UnpriceableError, match="not a positive finite number"):
            inverse_future(*arguments, 1.0)


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_a_missing_size_or_collateral_is_refused(bad):
    with pytest.raises(UnpriceableError, match="quantity"):
        linear_future(bad, 5.0, 5.0)
    with pytest.raises(UnpriceableError, match="collateral_coin"):
        inverse_future(1.0, 5.0, 5.0, bad)
