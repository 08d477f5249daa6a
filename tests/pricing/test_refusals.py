"""Every public entry of the pricing: an argument that is none is refused, and never comes out as a number."""

from dataclasses import fields

import numpy as np
import pytest

from hedging.errors import BadInput, UnpriceableError
from hedging.pricing import (
    black76,
    coin_numeraire,
    futures,
    implied_vol,
    linear_option,
    sabr,
    smile_deltas,
    spot_form,
    ssvi,
    svi,
    svi_fit,
)

NOT_FINITE = (np.nan, np.inf, -np.inf)
NOT_POSITIVE = (*NOT_FINITE, 0.0, -1.0)
NEGATIVE = (*NOT_FINITE, -1.0)

OPTION = {"sign": 1.0, "forward": 100.0, "strike": 90.0, "years": 0.1, "vol": 0.5}
WRONG_OPTION = {
    "sign": (np.nan, 0.0, 2.0, np.inf),
    "forward": NOT_POSITIVE,
    "strike": NOT_POSITIVE,
    "years": NEGATIVE,
    "vol": NEGATIVE,
}
SLICE = svi.RawSvi(0.04, 0.1, -0.3, 0.0, 0.2)
QUOTES = {"k": np.linspace(-0.4, 0.4, 9), "vol": np.full(9, 0.5), "vega": np.ones(9)}
BLACK = {"delta": 0.5, "vega": 20.0, "forward": 100.0}


def of_spot(rate=0.0, yield_rate=0.0, **option):
    return spot_form.spot_greeks(
        spot=option.pop("forward"), carry=spot_form.Carry(rate, yield_rate), **option
    )


def linear_position(multiplier=1.0, quantity=2.0, forward=100.0):
    return linear_option.linear_option_position(black76.core_greeks(**OPTION), forward, multiplier, quantity)


def smile(vol_slope=0.1, stickiness=0.0, **black):
    return smile_deltas.smile_delta(smile_deltas.BlackPoint(**(BLACK | black)), vol_slope, stickiness)


def minimum_variance(years=0.2, a=0.1, b=0.1, c=0.1, **black):
    point = smile_deltas.BlackPoint(**(BLACK | black))
    return smile_deltas.minimum_variance_delta(point, years, smile_deltas.HullWhite(a, b, c))


def fitted(years=0.2, **changed):
    quotes = {name: np.where(np.arange(9) == 4, changed.get(name, row), row) for name, row in QUOTES.items()}
    return svi_fit.fit_svi(svi_fit.VolQuotes(**quotes), years)


def hagan(alpha=0.5, beta=1.0, nu=1.0, rho=-0.3, **point):
    return sabr.implied_vol(sabr.Sabr(alpha, beta, nu, rho), **point)


ENTRIES = [
    (black76.price, OPTION | {"rate": 0.01}, WRONG_OPTION | {"rate": NOT_FINITE}),
    (black76.core_greeks, OPTION | {"rate": 0.01}, WRONG_OPTION | {"rate": NOT_FINITE}),
    (black76.greeks, OPTION | {"rate": 0.01}, WRONG_OPTION | {"rate": NOT_FINITE}),
    (black76.exercise_probability, OPTION, WRONG_OPTION),
    (coin_numeraire.coin_greeks, OPTION, WRONG_OPTION),
    (of_spot, OPTION, WRONG_OPTION | {"rate": NOT_FINITE, "yield_rate": NOT_FINITE}),
    (
        coin_numeraire.day_theta,
        {"theta_per_year": -5.0, "years": 0.1},
        {"theta_per_year": NOT_FINITE, "years": NEGATIVE},
    ),
    (
        coin_numeraire.notional_flat_in_coin,
        {"index": 5e4, "quantity": 2.0, "adjusted_delta": 0.4},
        {"index": NOT_POSITIVE, "quantity": NOT_FINITE, "adjusted_delta": NOT_FINITE},
    ),
    (
        coin_numeraire.notional_flat_in_usd,
        {"index": 5e4, "coins": 1.0, "quantity": 2.0, "delta": 0.4},
        {"index": NOT_POSITIVE, "coins": NOT_FINITE, "quantity": NOT_FINITE, "delta": NOT_FINITE},
    ),
    (
        futures.inverse_future,
        {"notional_usd": 1e4, "entry": 5e4, "mark": 6e4, "collateral_coin": 1.0},
        {
            "notional_usd": NOT_FINITE,
            "entry": NOT_POSITIVE,
            "mark": (*NOT_POSITIVE, 1e-200),
            "collateral_coin": NOT_FINITE,
        },
    ),
    (
        futures.linear_future,
        {"quantity": 1.0, "entry": 5e4, "mark": 6e4},
        {"quantity": (*NOT_FINITE, 1e305), "entry": NOT_POSITIVE, "mark": NOT_POSITIVE},
    ),
    (linear_position, {}, {"multiplier": NOT_FINITE, "quantity": NOT_FINITE, "forward": NOT_POSITIVE}),
    (
        implied_vol.implied_vol,
        {"sign": 1.0, "forward": 100.0, "strike": 90.0, "years": 0.1, "price": 12.0, "rate": 0.0},
        {
            "sign": (np.nan, 0.0, 2.0),
            "forward": NOT_POSITIVE,
            "strike": NOT_POSITIVE,
            "years": NOT_POSITIVE,
            "price": (*NOT_POSITIVE, 9.0, 100.0, 1e9),
            "rate": NOT_FINITE,
        },
    ),
    (
        smile,
        {},
        {
            "vol_slope": NOT_FINITE,
            "stickiness": NOT_FINITE,
            "delta": NOT_FINITE,
            "vega": NOT_FINITE,
            "forward": NOT_POSITIVE,
        },
    ),
    (
        minimum_variance,
        {},
        dict.fromkeys(("a", "b", "c", "delta", "vega"), NOT_FINITE)
        | {"forward": NOT_POSITIVE, "years": NOT_POSITIVE},
    ),
    (
        smile_deltas.premium_adjusted,
        {"delta": 0.5, "price": 10.0, "forward": 100.0},
        {"delta": NOT_FINITE, "price": NOT_FINITE, "forward": NOT_POSITIVE},
    ),
    (
        smile_deltas.effect_in_contracts,
        {"chosen": 0.6, "sticky_strike": 0.5, "quantity": 1.0, "coins_per_contract": 0.1},
        dict.fromkeys(("chosen", "sticky_strike", "quantity"), NOT_FINITE)
        | {"coins_per_contract": NOT_POSITIVE},
    ),
    (
        svi.RawSvi,
        {"a": 0.04, "b": 0.1, "rho": 0.0, "m": 0.0, "sigma": 0.2},
        {
            "a": NOT_FINITE,
            "b": NEGATIVE,
            "rho": (*NOT_FINITE, 1.0, -1.0),
            "m": NOT_FINITE,
            "sigma": NOT_POSITIVE,
        },
    ),
    *[
        (entry, {"slice_": SLICE, "k": 0.1}, {"k": NOT_FINITE})
        for entry in (svi.total_variance, svi.butterfly, svi.density)
    ],
    *[
        (entry, {"slice_": SLICE, "k": 0.1, "years": 0.2}, {"k": NOT_FINITE, "years": NOT_POSITIVE})
        for entry in (svi.implied_vol, svi.vol_slope)
    ],
    (svi.jump_wings, {"slice_": SLICE, "years": 0.2}, {"years": NOT_POSITIVE}),
    (svi.calendar_violations, {"slices": [SLICE, SLICE], "farthest": 2.0}, {"farthest": NOT_POSITIVE}),
    (fitted, {}, {"k": NOT_FINITE, "vol": NOT_POSITIVE, "vega": NOT_POSITIVE, "years": NOT_POSITIVE}),
    (
        ssvi.total_variance,
        {"curvature": ssvi.HestonLike(1.0), "rho": 0.1, "theta": 0.1, "k": 0.1},
        {"rho": (*NOT_FINITE, 1.0), "theta": NOT_POSITIVE, "k": NOT_FINITE},
    ),
    (
        ssvi.conditions,
        {"curvature": ssvi.HestonLike(1.0), "rho": 0.1, "theta": 0.1},
        {"rho": (*NOT_FINITE, 1.0), "theta": NOT_POSITIVE},
    ),
    (ssvi.PowerLaw, {"eta": 1.0, "gamma": 0.5}, {"eta": NOT_POSITIVE, "gamma": (*NOT_POSITIVE, 1.0)}),
    (ssvi.HestonLike, {"speed": 1.0}, {"speed": NOT_POSITIVE}),
    (
        hagan,
        {"forward": 100.0, "strike": 90.0, "years": 0.1},
        {
            "forward": NOT_POSITIVE,
            "strike": NOT_POSITIVE,
            "years": NEGATIVE,
            "alpha": NOT_POSITIVE,
            "beta": (*NEGATIVE, 1.1),
            "nu": NEGATIVE,
            "rho": (*NOT_FINITE, 1.0),
        },
    ),
]
CASES = [
    pytest.param(
        entry, good, name, bad, id=f"{entry.__module__.rpartition('.')[2]}.{entry.__name__}-{name}-{bad}"
    )
    for entry, good, wrong in ENTRIES
    for name, values in wrong.items()
    for bad in values
]


@pytest.mark.parametrize(("entry", "good", "name", "bad"), CASES)
def test_an_argument_that_is_none_is_refused(entry, good, name, bad):
    with pytest.raises((UnpriceableError, BadInput)):
        entry(**(good | {name: bad}))


@pytest.mark.parametrize(("entry", "good"), [(entry, good) for entry, good, _ in ENTRIES])
def test_and_the_same_without_it_is_not(entry, good):
    found = entry(**good)
    for field in fields(found) if hasattr(found, "__dataclass_fields__") else ():
        value = getattr(found, field.name)
        if isinstance(value, np.ndarray) and field.name != "bankruptcy_price":
            assert np.isfinite(value).all(), field.name


def test_masked_and_missing_values_are_none_too():
    masked = np.ma.masked_array([100.0, 100.0], mask=[False, True])
    with pytest.raises(UnpriceableError, match="row 1 of 2"):
        black76.price(1, masked, 90.0, 0.1, 0.5)
    with pytest.raises(UnpriceableError, match="forward"):
        black76.price(1, [100.0, None], 90.0, 0.1, 0.5)
    with pytest.raises(UnpriceableError, match="no arrays of numbers"):
        black76.price(1, "a lot", 90.0, 0.1, 0.5)
    with pytest.raises(UnpriceableError, match="no arrays of numbers"):
        black76.price(1, [1.0, 2.0], [1.0, 2.0, 3.0], 0.1, 0.5)
