"""The spot form: Black-76 seen from the spot price S, with F = S·e^((r-q)T).

Greeks are derivatives with S, r and q held fixed, so time moves the forward too. With b = r - q and
g = dF/dS = F/S: Δ_S = gΔ, Γ_S = g²Γ, Θ_S = Θ - bFΔ, charm_S = g(charm - bΔ - bFΓ),
color_S = g²(color - 2bΓ - bF·speed), rho = T(FΔ - V), rho_q = -TFΔ.
Source: F. Black, M. Scholes (1973) and R. Merton (1973) through Black (1976); derivation in docs/quant.md.
"""

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from hedging.errors import UnpriceableError
from hedging.pricing import black76
from hedging.pricing.arguments import FloatArray, as_floats


@dataclass(frozen=True, slots=True)
class Carry:
    """Continuous yearly rates: ``rate`` r of the quote currency, ``yield_rate`` q of the underlying."""

    rate: ArrayLike = 0.0
    yield_rate: ArrayLike = 0.0


@dataclass(frozen=True, slots=True)
class SpotGreeks(black76.Greeks):
    """Greeks by the spot price, raw units; ``rho`` and ``rho_q`` in USD per 1.00 of r and of q."""

    rho: FloatArray
    rho_q: FloatArray


def spot_greeks(  # the sixth argument carries both rates
    sign: ArrayLike, spot: ArrayLike, strike: ArrayLike, years: ArrayLike, vol: ArrayLike, carry: Carry
) -> SpotGreeks:
    """Price and Greeks by ``spot`` > 0 in USD, in the broadcast shape; other arguments as ``black76.price``.

    >>> float(spot_greeks(1, 100.0, 80.0, 0.0, 0.5, Carry(rate=0.05)).delta)
    1.0

    Raises UnpriceableError where ``black76.greeks`` does, with the forward that the spot implies.
    """
    theta_sign, s, k, t, v, r, q = as_floats(sign, spot, strike, years, vol, carry.rate, carry.yield_rate)
    if not np.isfinite(q).all():
        raise UnpriceableError("yield_rate is not a finite number; give 0 where there is none")
    drift = r - q
    with np.errstate(all="ignore"):
        growth = np.exp(drift * t)
        forward = s * growth
    g = black76.greeks(theta_sign, forward, k, t, v, r)
    with np.errstate(all="ignore"):
        # ln of what rounding took off the forward: little, but over minutes it moves d1 in the twelfth digit
        lost = black76.log_moneyness(s, k) + drift * t - black76.log_moneyness(forward, k)
        found = _by_spot(_moved(g, forward * lost), (t, drift, growth), forward)
    if not all(bool(np.isfinite(getattr(found, field.name)).all()) for field in fields(found)):
        raise UnpriceableError(
            "a Greek by the spot is outside the range of a double; check the units of the row"
        )
    return found


def _moved(g: black76.Greeks, by: FloatArray) -> black76.Greeks:
    """The Greeks at a forward ``by`` higher, to first order where a Greek is the slope of another."""
    return replace(
        g,
        delta=g.delta + by * g.gamma,
        gamma=g.gamma + by * g.speed,
        vega=g.vega + by * g.vanna,
        theta=g.theta + by * g.charm,
        vanna=g.vanna + by * g.zomma,
        charm=g.charm + by * g.color,
    )


def _by_spot(g: black76.Greeks, terms: tuple[FloatArray, ...], forward: FloatArray) -> SpotGreeks:
    t, drift, growth = terms
    moved = drift * forward
    return SpotGreeks(
        price=g.price,
        delta=growth * g.delta,
        gamma=growth**2 * g.gamma,
        vega=g.vega,
        theta=g.theta - moved * g.delta,
        vanna=growth * g.vanna,
        volga=g.volga,
        charm=growth * (g.charm - drift * g.delta - moved * g.gamma),
        speed=growth**3 * g.speed,
        zomma=growth**2 * g.zomma,
        color=growth**2 * (g.color - 2 * drift * g.gamma - moved * g.speed),
        rho=t * (forward * g.delta - g.price),
        rho_q=-t * forward * g.delta,
    )
