"""Tails against closed forms, against each other, and refused where there is no tail to read."""

from dataclasses import replace
from math import nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    exposure,
    option,
    perpetual,
    position,
    quote,
    snapshot,
    underlying_rules,
)
from scipy import stats

from hedging.errors import BadInput
from hedging.model.instrument import OptionKind
from hedging.model.limits import Numeraire
from hedging.risk.exposure import exposure as exposure_of
from hedging.risk.greeks import value_positions
from hedging.risk.scenario import Shocks, scenario
from hedging.risk.value_at_risk import (
    Horizon,
    Method,
    TooFewObservations,
    cornish_fisher,
    historical,
    monte_carlo,
)

DAY99 = Horizon(confidence=0.99, days=1.0)


def valued(*held, share=0.0):
    quotes = [quote(each.instrument, mark=0.05 if each.instrument.strike else INDEX) for each in held]
    found = value_positions(snapshot(held, quotes), frozenset(), 5.0)
    item = underlying_rules(numeraire=Numeraire(share))
    return exposure_of(item, found, [balance()], INDEX, NOW), found.positions


def quadratic(delta, gamma, **changes):
    return exposure(delta, gamma_black_coin=gamma, **changes)


def exact(slope, curve, deviation, confidence):
    """Value at risk and shortfall of slope·r + ½·curve·r² by quadrature of the normal, sorted by P&L."""
    z = np.linspace(-9, 9, 2_000_001)
    weight = stats.norm.pdf(z)
    weight /= weight.sum()
    r = deviation * z
    losses = -(slope * r + 0.5 * curve * r * r)
    order = np.argsort(-losses)
    heaped = np.cumsum(weight[order])
    cut = int(np.searchsorted(heaped, 1 - confidence))
    tail = order[: cut + 1]
    return losses[order[cut]], float(np.average(losses[tail], weights=weight[tail]))


def test_a_linear_book_has_the_normal_tail():
    whole = quadratic(-3.0, 0.0)
    found = cornish_fisher(whole, 0.6, DAY99)
    deviation = 3 * INDEX * 0.6 / sqrt(365)
    assert found.value_at_risk_usd == pytest.approx(2.3263478740408408 * deviation, rel=1e-12)
    shortfall = stats.norm.pdf(2.3263478740408408) / 0.01
    assert found.expected_shortfall_usd == pytest.approx(shortfall * deviation, rel=1e-12)


@pytest.mark.parametrize("bend", [-40.0, -15.0, 15.0, 25.0])
@pytest.mark.parametrize("confidence", [0.95, 0.99])
def test_cornish_fisher_is_near_the_exact_tail_of_the_quadratic(bend, confidence):
    whole = quadratic(10.0, bend)
    horizon = Horizon(confidence=confidence)
    found = cornish_fisher(whole, 0.6, horizon)
    truth = exact(10 * INDEX, bend * INDEX, 0.6 / sqrt(365), confidence)
    assert found.value_at_risk_usd == pytest.approx(truth[0], rel=0.01)
    assert found.expected_shortfall_usd == pytest.approx(truth[1], rel=0.015)


@pytest.mark.parametrize("bend", [-120.0, -40.0, 15.0])
def test_the_shortfall_is_the_mean_of_the_values_at_risk_beyond(bend):
    whole = quadratic(10.0, bend)
    edges = 0.05 * np.linspace(0, 1, 1501) ** 3
    middles, widths = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 0.05
    beyond = [cornish_fisher(whole, 0.6, Horizon(confidence=1 - tail)).value_at_risk_usd for tail in middles]
    found = cornish_fisher(whole, 0.6, Horizon(confidence=0.95))
    assert found.expected_shortfall_usd == pytest.approx(float(widths @ beyond), rel=1e-5)


@pytest.mark.parametrize(("delta", "bend"), [(10.0, -40.0), (0.0, -60.0), (2.0, 80.0), (-5.0, -200.0)])
def test_monte_carlo_is_the_exact_tail_of_the_quadratic(delta, bend):
    found = monte_carlo(quadratic(delta, bend), 0.6, DAY99, 400_000, np.random.default_rng(5))
    truth = exact(delta * INDEX, bend * INDEX, 0.6 / sqrt(365), 0.99)
    assert found.value_at_risk_usd == pytest.approx(truth[0], rel=0.02)
    assert found.expected_shortfall_usd == pytest.approx(truth[1], rel=0.02)
    assert found.observations == 400_000


def test_the_seed_is_the_callers():
    whole = quadratic(10.0, -40.0)
    one, same, other = (
        monte_carlo(whole, 0.6, DAY99, 1000, np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_a_book_of_curvature_alone_is_no_case_for_cornish_fisher():
    with pytest.raises(BadInput, match="use Monte Carlo"):
        cornish_fisher(quadratic(0.0, 60.0), 0.6, DAY99)
    truth = exact(0.0, -60 * INDEX, 0.6 / sqrt(365), 0.99)
    found = cornish_fisher(quadratic(0.0, -60.0), 0.6, DAY99)  # the other side has a tail, if a rough one
    assert found.value_at_risk_usd == pytest.approx(truth[0], rel=0.06)


def test_an_empty_book_loses_what_time_takes():
    found = cornish_fisher(quadratic(0.0, 0.0, theta_usd=-3650.0), 0.6, DAY99)
    assert found.value_at_risk_usd == pytest.approx(10.0)
    assert found.expected_shortfall_usd == pytest.approx(10.0)


@given(share=st.sampled_from([0.0, 0.4, 1.0]), amount=st.integers(-20, 20).filter(bool))
def test_the_quadratic_is_the_curve_of_the_grid(share, amount):
    """Slope and bend of the delta-gamma P&L against differences of the full revaluation, whatever is kept."""
    whole, held = valued(
        position(option(OptionKind.PUT, 95_000.0), amount), position(perpetual(), 300_000), share=share
    )
    step = 1e-4
    pnl = scenario(whole, held, Shocks(spots=(-step, 0.0, step))).pnl_usd[0, 0]
    size = INDEX * (abs(amount) + 60)
    assert (pnl[2] - pnl[0]) / (2 * step) == pytest.approx(whole.delta * INDEX, abs=1e-5 * size)
    assert (pnl[2] + pnl[0]) / step**2 == pytest.approx(whole.gamma_black_coin * INDEX, abs=1e-4 * size)


def test_historical_reads_the_order_statistics_of_a_full_revaluation():
    whole, held = valued(position(option(OptionKind.CALL, 100_000.0), -5))
    returns = list(np.random.default_rng(3).standard_t(4, 500) * 0.02)
    found = historical(whole, held, returns, DAY99)
    each = [-scenario(whole, held, Shocks(spots=(move,))).pnl_usd[0, 0, 0] for move in returns]
    worst = sorted(each, reverse=True)[:5]
    assert found.value_at_risk_usd == pytest.approx(worst[4], rel=1e-12)
    assert found.expected_shortfall_usd == pytest.approx(sum(worst) / 5, rel=1e-12)
    assert found.method is Method.HISTORICAL
    assert (
        f"BTC, 1 days at 0.99: value at risk {worst[4]:,.0f} USD, "
        f"expected shortfall {sum(worst) / 5:,.0f} USD" in found.sentence
    )
    assert "500 observations; keep my coins" in found.sentence


def test_too_few_observations_are_refused_as_such():
    whole, held = valued(position(perpetual(), 100_000))
    with pytest.raises(TooFewObservations, match="at least 250"):
        historical(whole, held, [0.01] * 249, DAY99)
    assert historical(whole, held, [0.01] * 250, DAY99).value_at_risk_usd == pytest.approx(-1000.0)
    with pytest.raises(TooFewObservations):
        monte_carlo(whole, 0.6, DAY99, 10, np.random.default_rng(1))
    with pytest.raises(TooFewObservations):
        historical(whole, held, [], Horizon(confidence=0.95))
    assert historical(whole, held, [0.0] * 50, Horizon(confidence=0.95)).value_at_risk_usd == 0.0


@pytest.mark.parametrize("bad", [nan, -1.0, float("inf")])
def test_a_return_that_is_none_is_refused(bad):
    whole, held = valued(position(perpetual(), 100_000))
    with pytest.raises(BadInput):
        historical(whole, held, [*[0.01] * 300, bad], DAY99)


@pytest.mark.parametrize("vol", [nan, -0.1, 60.0])
def test_a_volatility_that_is_none_is_refused(vol):
    with pytest.raises(BadInput):
        cornish_fisher(quadratic(1.0, 0.0), vol, DAY99)


def test_an_exposure_that_is_no_number_is_refused():
    for changes in ({"delta": nan}, {"gamma_black_coin": nan}, {"theta_usd": nan}):
        with pytest.raises(BadInput):
            monte_carlo(replace(quadratic(1.0, 0.0), **changes), 0.6, DAY99, 300, np.random.default_rng(1))


@pytest.mark.parametrize("changes", [{"confidence": 0.3}, {"confidence": 1.0}, {"days": 0.0}, {"days": nan}])
def test_a_horizon_that_is_none_is_refused(changes):
    with pytest.raises(BadInput):
        replace(DAY99, **changes)


def test_in_coin_the_tail_is_that_of_the_coins_at_the_moved_spot():
    whole, positions = valued(position(option(OptionKind.CALL, 110_000), -20), position(perpetual(), 500_000))
    returns = np.random.default_rng(5).standard_normal(400) * 0.03
    found = historical(whole, positions, returns.tolist(), DAY99)
    coins = np.sort(scenario(whole, positions, Shocks(spots=tuple(returns.tolist()))).pnl_coin[0, 0])
    assert found.value_at_risk_coin == -coins[3]
    assert found.expected_shortfall_coin == pytest.approx(-coins[:4].mean(), rel=1e-12)
    assert found.value_at_risk_coin != pytest.approx(found.value_at_risk_usd / INDEX, rel=1e-3)


def test_in_coin_a_quadratic_is_its_dollars_at_the_present_index():
    found = cornish_fisher(quadratic(5.0, -3.0), 0.6, DAY99)
    assert found.value_at_risk_coin == found.value_at_risk_usd / INDEX
    assert found.expected_shortfall_coin == found.expected_shortfall_usd / INDEX
