"""Linear (USDC-settled) options: a position's value and Greeks in desk units.

Black-76 with rate 0, times multiplier, times quantity; no premium adjustment, as the premium is in dollars.
Source: Deribit, "Linear USDC options" contract specification.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import UnpriceableError
from hedging.pricing.arguments import FloatArray, as_floats, require_positive
from hedging.pricing.black76 import CoreGreeks


@dataclass(frozen=True, slots=True)
class LinearOptionPosition:
    """Position measures of one shape.

    ``value_usd``; ``delta_units`` of the underlying; ``delta_usd`` per 100 % move; ``gamma_units_per_usd``;
    ``gamma_usd_per_percent`` change of ``delta_usd`` per 1 % move; ``vega_usd_per_point`` per 0.01 of
    volatility; ``theta_usd_per_day`` per day of 365.
    """

    value_usd: FloatArray
    delta_units: FloatArray
    delta_usd: FloatArray
    gamma_units_per_usd: FloatArray
    gamma_usd_per_percent: FloatArray
    vega_usd_per_point: FloatArray
    theta_usd_per_day: FloatArray


def linear_option_position(
    greeks: CoreGreeks, forward: ArrayLike, multiplier: ArrayLike, quantity: ArrayLike
) -> LinearOptionPosition:
    """Measures of ``quantity`` contracts (signed) of ``multiplier`` units each.

    ``greeks`` per unit of the underlying from ``black76.core_greeks`` with rate 0, at ``forward`` in USD.

    Raises UnpriceableError when multiplier, quantity or a Greek is not finite, or the forward not positive.
    """
    price, f, size, count = as_floats(greeks.price, forward, multiplier, quantity)
    require_positive(forward=f)
    with np.errstate(all="ignore"):
        units = size * count
        if not np.isfinite(units).all():
            raise UnpriceableError("multiplier and quantity must be finite numbers; correct the position")
        delta = greeks.delta * units
        gamma = greeks.gamma * units
        found = LinearOptionPosition(
            value_usd=price * units,
            delta_units=delta,
            delta_usd=delta * f,
            gamma_units_per_usd=gamma,
            gamma_usd_per_percent=gamma * f * f / 100,
            vega_usd_per_point=greeks.vega * units / 100,
            theta_usd_per_day=greeks.theta * units / 365,
        )
    if not all(bool(np.isfinite(getattr(found, field.name)).all()) for field in fields(found)):
        raise UnpriceableError("a measure is no finite number; check Greeks, multiplier and quantity")
    return found
