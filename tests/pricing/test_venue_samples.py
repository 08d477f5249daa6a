"""Greeks that exchanges sent, to their printed digits: which inputs give them, and by which formula.

What an exchange prints beside its Greeks is rounded, or of another instant than they are. So the tests look
for the inputs of the moment they were worked out at, say how far those may be from the printed ones, and ask
every number to be the one that was sent, to half a unit of its last digit.
"""

import numpy as np
import pytest
from scipy.optimize import brentq, least_squares, root

from hedging.pricing.black76 import exercise_probability, greeks
from hedging.pricing.spot_form import Carry, spot_greeks

SECONDS_PER_YEAR = 31_536_000


@pytest.fixture(scope="module")
def samples(vectors):
    """Per venue: the inputs printed beside the Greeks, and the Greeks."""
    found = {}
    for row in vectors("venue_samples").rows:
        given = {name: float(row[name]) for name in ("F", "K", "T", "iv", "ts_ms", "expiry_ms")}
        inputs, sent = found.setdefault(row["venue"], (given, {}))
        assert inputs == given
        sent[row["field"]] = float(row["published"])
    return found


def test_every_row_is_explained_below(samples):
    assert {venue: len(sent) for venue, (_, sent) in samples.items()} == {"deribit": 6, "okx": 8, "bybit": 5}


# --- Deribit: Black-76 on the forward, price over F; four and five decimals --------------------------------
def deribit(forward, strike, years, vol):
    g = greeks(1, forward, strike, years, vol)
    return {
        "mark_coin": (float(g.price) / forward, 4),
        "delta_bs": (float(g.delta), 5),
        "gamma_usd": (float(g.gamma), 5),
        "vega_1pct": (float(g.vega) / 100, 5),
        "theta_day": (float(g.theta) / 365, 5),
        # the spot form K·T·N(d2)/100, not -T·V
        "rho_1pct": (strike * years * float(exercise_probability(1, forward, strike, years, vol)) / 100, 5),
    }


def test_deribits_six_numbers_come_from_one_volatility_inside_the_printed_one(samples):
    inputs, sent = samples["deribit"]

    def misses(moved):
        ours = deribit(
            inputs["F"],
            inputs["K"],
            inputs["T"] + moved[0] / SECONDS_PER_YEAR,
            inputs["iv"] + moved[1] * 1e-5,
        )
        return [(ours[n][0] - sent[n]) * 1e5 for n in ("delta_bs", "vega_1pct", "theta_day", "rho_1pct")]

    seconds, shift = least_squares(misses, [0.0, 0.0], xtol=1e-12, ftol=1e-15).x
    assert abs(shift) < 5  # printed are two decimals of a percent: half of the last is 5e-5
    assert 0 < seconds < 15  # the Greeks are older than the quote they are sent with
    vol, years = inputs["iv"] + shift * 1e-5, inputs["T"] + seconds / SECONDS_PER_YEAR
    for name, (ours, decimals) in deribit(inputs["F"], inputs["K"], years, vol).items():
        assert round(ours, decimals) == sent[name], name


def test_deribits_gamma_is_ours_rounded_to_five_decimals(samples):
    """Rounding leaves one digit of it: 16 % off, though nothing is wrong but the printing."""
    inputs, sent = samples["deribit"]
    gamma = float(greeks(1, *(inputs[name] for name in ("F", "K", "T", "iv"))).gamma)
    assert round(gamma, 5) == sent["gamma_usd"] == 2e-5
    assert gamma == pytest.approx(1.725e-5, abs=1e-8)
    assert sent["gamma_usd"] / gamma - 1 == pytest.approx(0.159, abs=1e-3)


# --- Bybit: Black-76 in dollars; eight decimals, of a forward and a volatility a moment older ---------------
def test_bybits_five_numbers_come_from_one_forward_and_one_volatility(samples):
    inputs, sent = samples["bybit"]

    def at(moved):
        g = greeks(
            1,
            inputs["F"] + moved[0],
            inputs["K"],
            inputs["T"] + moved[1] / SECONDS_PER_YEAR,
            inputs["iv"] + moved[2] * 1e-5,
        )
        return {
            "mark_usd": float(g.price),
            "delta_bs": float(g.delta),
            "gamma_usd": float(g.gamma),
            "vega_1pct": float(g.vega) / 100,
            "theta_day": float(g.theta) / 365,
        }

    names = ("mark_usd", "vega_1pct", "theta_day")
    found = root(
        lambda moved: [at(moved)[name] / sent[name] - 1 for name in names], [0.0, 0.0, 0.0], tol=1e-14
    )
    forward, seconds, shift = found.x
    assert abs(forward) < 2  # USD: 0.4 bp, what a forward moves in a second or two
    assert 0 < seconds < 3
    assert -10 < shift < 0  # its markIv is rounded up to four decimals
    ours = at(found.x)
    for name in names:
        assert round(ours[name], 8) == sent[name], name
    assert abs(ours["delta_bs"] - sent["delta_bs"]) <= 1e-8  # the other two follow to the last printed digit
    assert round(ours["gamma_usd"], 8) == sent["gamma_usd"]


# --- OKX: the spot form, with its own forward; price-adjusted Greeks from it -------------------------------
OKX_YIELD = 0.01


def okx(spot, rate, inputs):
    years = (inputs["expiry_ms"] - 1000 * (inputs["ts_ms"] // 1000)) / 1000 / SECONDS_PER_YEAR
    g = spot_greeks(1, spot, inputs["K"], years, inputs["iv"], Carry(rate, OKX_YIELD))
    adjusted = float(g.delta - g.price / spot)  # Δ_PA = Δ_BS − C/S
    return {
        "delta_bs": float(g.delta),
        "gamma_usd": float(g.gamma),
        "vega_1pct": float(g.vega) / 100,
        "theta_day": float(g.theta) / 365,
        "delta_pa": adjusted,
        "gamma_pa": float(spot * g.gamma) - 2 * adjusted,  # Γ_PA = S·Γ_BS − 2Δ_PA
        "vega_coin_1pct": float(g.vega) / 100 / spot,
        # thetaBS holds the spot, theta the forward: (r − q)·Δ_PA more
        "theta_coin_day": (float(g.theta) / spot + (rate - OKX_YIELD) * adjusted) / 365,
    }


def test_okx_eight_numbers_come_from_the_spot_form_with_one_rate(samples):
    inputs, sent = samples["okx"]
    spot = round(sent["vega_1pct"] / sent["vega_coin_1pct"], 1)
    assert spot == 36838.0
    assert sent["vega_1pct"] / sent["vega_coin_1pct"] == pytest.approx(spot, rel=4e-16)
    rate = brentq(lambda r: okx(spot, r, inputs)["delta_bs"] - sent["delta_bs"], -0.5, 0.5, xtol=1e-17)
    ours = okx(spot, rate, inputs)
    assert set(ours) == set(sent)
    for name, value in sent.items():  # 16 digits are printed; its two thetas agree with ours to 1.0e-8
        assert ours[name] == pytest.approx(value, rel=1.1e-8 if "theta" in name else 4e-15), name


def test_okx_sends_no_forward_that_its_greeks_were_made_with(samples):
    """Its fwdPx is 1.8 bp from the forward inside its Greeks: that is why our delta is 0.4 % off its own."""
    inputs, sent = samples["okx"]
    rate = brentq(lambda r: okx(36838.0, r, inputs)["delta_bs"] - sent["delta_bs"], -0.5, 0.5, xtol=1e-17)
    forward = 36838.0 * np.exp((rate - OKX_YIELD) * inputs["T"])
    assert forward / inputs["F"] - 1 == pytest.approx(1.77e-4, abs=1e-6)
    ours = greeks(1, inputs["F"], inputs["K"], inputs["T"], inputs["iv"])
    undiscounted = greeks(1, forward, inputs["K"], inputs["T"], inputs["iv"])
    assert float(ours.delta) / sent["delta_bs"] - 1 == pytest.approx(3.63e-3, abs=1e-5)
    # of which the yield's discount is 3.85e-3 and the forward the rest
    discount = np.exp(-OKX_YIELD * inputs["T"])
    assert float(undiscounted.delta) * discount == pytest.approx(sent["delta_bs"], rel=1e-8)
    assert 1 / discount - 1 == pytest.approx(3.85e-3, abs=1e-5)
