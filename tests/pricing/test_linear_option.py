"""Linear option positions against independent vectors."""

import numpy as np
import pytest

from hedging.errors import UnpriceableError
from hedging.pricing.black76 import core_greeks
from hedging.pricing.linear_option import linear_option_position

COLUMNS = {
    "delta_units": "delta_units",
    "delta_usd": "delta_usd",
    "gamma_units_per_usd": "gamma_units_per_usd",
    "gamma_usd_per_percent": "gamma_usd_per_1pct",
    "vega_usd_per_point": "vega_usd_per_1pct",
    "theta_usd_per_day": "theta_usd_day",
}


def test_position_meets_every_vector(vectors):
    rows = vectors("linear_option_position")
    greeks = core_greeks(rows.sign, *(rows.column(name) for name in ("F", "K", "T", "sigma")))
    multiplier, quantity, forward = rows.column("multiplier"), rows.column("qty"), rows.column("F")
    ours = linear_option_position(greeks, forward, multiplier, quantity)
    units = np.abs(multiplier * quantity)
    assert not rows.worst(np.abs(ours.value_usd - rows.column("value_usdc")), 1e-14 * forward * units)
    for name, column in COLUMNS.items():
        expected = rows.column(column)
        assert not rows.worst(np.abs(getattr(ours, name) - expected), 1e-13 * np.abs(expected)), name


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_missing_size_is_refused(bad):
    greeks = core_greeks(1, 100.0, 90.0, 0.1, 0.5)
    with pytest.raises(UnpriceableError, match="multiplier and quantity"):
        linear_option_position(greeks, 100.0, 1.0, bad)
