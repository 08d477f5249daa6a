"""The volatility surface admits no static arbitrage in any state the market can be in."""

import math

import numpy as np
import pytest

from hedging.errors import BadInput
from hedging.paper.surface import (
    SMILES,
    RawSvi,
    SmileParameters,
    atm_total_variance,
    implied_volatility,
    slices,
)

YEARS = np.array([1 / 8760, 4 / 8760, 1 / 365, 2 / 365, 7 / 365, 30 / 365, 90 / 365, 0.5, 0.85, 2.0])
MONEYNESS = np.linspace(-4.0, 4.0, 801)
STATES = [
    (variance, shift)
    for variance in (0.0, 0.02, 0.36, 1.0, 4.0)
    for shift in (-5.0, -0.3, -0.05, 0.0, 0.1, 1.0, 5.0)
]


def _grid(parameters: SmileParameters, variance: float, shift: float) -> tuple[RawSvi, np.ndarray]:
    theta = atm_total_variance(parameters, YEARS, variance, shift)
    raw = slices(parameters, theta)
    columns = RawSvi(*(part[:, None] for part in (raw.a, raw.b, raw.rho, raw.m, raw.sigma)))
    return columns, columns.total_variance(MONEYNESS[None, :])


@pytest.mark.parametrize(("variance", "shift"), STATES)
@pytest.mark.parametrize("underlying", ["BTC", "ETH"])
def test_no_butterfly_and_no_calendar_arbitrage(underlying: str, variance: float, shift: float) -> None:
    raw, total = _grid(SMILES[underlying], variance, shift)
    # k in standard deviations too, so that short slices are tested where they bend
    deviations = np.sqrt(total[:, 400:401]) * np.linspace(-8, 8, 321)[None, :]
    for k in (np.broadcast_to(MONEYNESS, (len(YEARS), 801)), deviations):
        assert raw.density_condition(k).min() >= 0.0, (variance, shift)
    assert np.diff(total, axis=0).min() > 0.0, (variance, shift)
    assert np.isfinite(total).all()
    assert total.min() > 0.0


def test_the_condition_sees_a_smile_that_is_too_steep() -> None:
    steep = RawSvi(*(np.array([value]) for value in (0.0, 0.4, -0.9, 0.1, 0.05)))
    assert steep.density_condition(MONEYNESS).min() < 0.0


def test_raw_slices_are_the_ssvi_formula() -> None:
    parameters, theta = SMILES["BTC"], np.array([0.03])
    rho, phi = parameters.rho, parameters.eta / math.sqrt(0.03 * 1.03)
    raw = slices(parameters, theta)
    for k in (-1.0, -0.1, 0.0, 0.2, 1.5):
        expected = 0.015 * (1 + rho * phi * k + math.sqrt((phi * k + rho) ** 2 + 1 - rho**2))
        assert raw.total_variance(np.array([k]))[0] == pytest.approx(expected, rel=1e-13)


def test_density_condition_agrees_with_finite_differences() -> None:
    raw = slices(SMILES["ETH"], np.array([0.08]))
    step = 1e-4
    for k in (-0.8, -0.2, 0.01, 0.5):
        w, up, down = (float(raw.total_variance(np.array([k + move]))[0]) for move in (0.0, step, -step))
        first, second = (up - down) / (2 * step), (up - 2 * w + down) / step**2
        expected = (1 - k * first / (2 * w)) ** 2 - first**2 / 4 * (1 / w + 0.25) + second / 2
        assert raw.density_condition(np.array([k]))[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("shift", [-0.1, 0.05, 0.3])
def test_a_shift_moves_the_money_in_parallel(shift: float) -> None:
    calm, moved = (atm_total_variance(SMILES["BTC"], YEARS, 0.36, s) for s in (0.0, shift))
    assert np.sqrt(moved / YEARS) - np.sqrt(calm / YEARS) == pytest.approx([shift] * len(YEARS), abs=1e-12)


def test_short_expiries_follow_the_variance_and_far_ones_the_long_run() -> None:
    raw = slices(SMILES["BTC"], atm_total_variance(SMILES["BTC"], YEARS, 1.0, 0.0))
    volatility = implied_volatility(raw, np.zeros(len(YEARS)), YEARS)
    assert volatility[0] == pytest.approx(1.0, rel=0.01)
    assert volatility[-1] == pytest.approx(0.60, rel=0.08)
    assert np.all(np.diff(volatility) < 0)


def test_the_smile_leans_to_the_puts() -> None:
    raw = slices(SMILES["BTC"], np.array([0.36 * 30 / 365]))
    down, at, up = raw.total_variance(np.array([-0.25, 0.0, 0.25]))
    assert down > up > at


@pytest.mark.parametrize(("rho", "eta"), [(-0.2, 1.7), (1.0, 0.5), (-0.2, 0.0), (float("nan"), 1.0)])
def test_a_shape_that_could_be_arbitraged_is_refused(rho: float, eta: float) -> None:
    with pytest.raises(BadInput):
        SmileParameters(rho, eta, 8.0, 0.6)
