"""The minimum-variance ratio against independent numbers, its definition, and every refusal."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.risk.hedge_ratio import Equal, Exponential, NoProxy, ProxyFit, ProxyRefusal, proxy_ratio

CASES = Path(__file__).parents[2].parent / "shared" / "vectors" / "hedge_cases.json"
SLACK = 1e-9  # any proxy will do


@pytest.fixture(scope="module")
def cases():
    if not CASES.exists():
        pytest.skip(f"the reference numbers {CASES.name} are not on this machine")
    return json.loads(CASES.read_text())["min_variance"]


def fitted(s, f, weighting, least=SLACK):
    found = proxy_ratio(s, f, weighting, least)
    assert isinstance(found, ProxyFit), found
    return found


def refused(s, f, weighting, least=SLACK):
    found = proxy_ratio(s, f, weighting, least)
    assert isinstance(found, ProxyRefusal), found
    return found


def test_least_squares_meets_every_vector(cases):
    assert len(cases) == 3
    for case in cases:
        found = fitted(case["s"], case["f"], Equal())
        assert found.ratio == pytest.approx(case["ols_h"], rel=1e-13)
        assert found.correlation == pytest.approx(case["rho"], rel=1e-13)
        assert found.effectiveness == pytest.approx(case["ols_r2_effectiveness"], rel=1e-13)
        assert found.deviation == pytest.approx(case["sd_s"], rel=1e-13)
        assert found.deviation**2 == pytest.approx(case["var_unhedged"], rel=1e-13)
        assert found.deviation_hedged**2 == pytest.approx(case["var_hedged_ols"], rel=1e-12)
        assert found.ratio * case["sd_f"] / case["sd_s"] == pytest.approx(case["rho"], rel=1e-12)
        assert found.observations == len(case["s"])
        example = case["contracts_example"]
        contracts = found.contracts(example["position_value"], example["futures_value_per_contract"])
        assert contracts == pytest.approx(example["n_star"], rel=1e-13)


def test_exponential_weights_meet_every_vector(cases):
    for case in cases:
        assert case["ewma_seed"] == "first observation, zero mean"
        found = fitted(case["s"], case["f"], Exponential(case["ewma_lambda"]))
        assert found.ratio == pytest.approx(case["ewma_h"], rel=1e-13)
        assert found.correlation == pytest.approx(case["ewma_rho"], rel=1e-13)


def test_the_rolling_window_meets_every_vector(cases):
    for case in cases:
        found = fitted(case["s"], case["f"], Equal(case["rolling_window"]))
        assert found.ratio == pytest.approx(case["rolling_h_last"], rel=1e-12)
        assert found.observations == case["rolling_window"]


def test_no_other_ratio_leaves_less_variance(cases):
    for case in cases:
        s, f = np.array(case["s"]), np.array(case["f"])
        best = fitted(s, f, Equal())
        assert np.var(s - f, ddof=1) == pytest.approx(case["var_naive_1to1"], rel=1e-12)
        for ratio in best.ratio + np.array([-0.5, -1e-3, 1e-3, 0.5]):
            assert np.var(s - ratio * f, ddof=1) > best.deviation_hedged**2


@given(
    seed=st.integers(0, 10**6),
    scale=st.sampled_from([1e-150, 1e-9, 1.0, 1e12, 1e150]),
    weighting=st.sampled_from([Equal(), Equal(40), Exponential(0.94), Exponential(0.5)]),
)
def test_the_ratio_is_in_the_units_of_the_changes(seed, scale, weighting):
    rng = np.random.default_rng(seed)
    f = rng.normal(size=80)
    s = 0.7 * f + rng.normal(size=80)
    one, other = fitted(s, f, weighting), fitted(s * scale, f, weighting)
    assert other.ratio == pytest.approx(one.ratio * scale, rel=1e-9)
    assert other.effectiveness == pytest.approx(one.effectiveness, rel=1e-9)
    assert fitted(-s, f, weighting).ratio == pytest.approx(-one.ratio, rel=1e-12)
    swapped = fitted(f, s, weighting)
    assert swapped.ratio * one.ratio == pytest.approx(one.effectiveness, rel=1e-9)


def test_a_poor_proxy_is_refused_with_what_it_would_do(cases):
    case = cases[0]
    found = refused(case["s"], case["f"], Equal(), 0.5)
    assert found.reason is NoProxy.POOR_FIT
    assert found.fit is not None
    assert found.fit.effectiveness == pytest.approx(case["ols_r2_effectiveness"])
    at_least = fitted(case["s"], case["f"], Equal(), case["ols_r2_effectiveness"] - 1e-9)
    assert at_least.ratio == pytest.approx(case["ols_h"])


def test_every_refusal_is_typed():
    rng = np.random.default_rng(1)
    s, f = rng.normal(size=(2, 60))
    assert refused(s[:29], f[:29], Equal()).reason is NoProxy.TOO_FEW
    assert refused(s[:50], f[:50], Equal(60)).reason is NoProxy.TOO_FEW
    assert refused([], [], Exponential()).reason is NoProxy.TOO_FEW
    for bad in (np.nan, np.inf):
        for where in (0, 1):
            pair = np.stack([s, f])
            pair[where, 7] = bad
            assert refused(*pair, Equal()).reason is NoProxy.NOT_FINITE
    still = np.full(60, 0.25)
    assert refused(s, 0 * f, Exponential()).reason is NoProxy.STILL
    assert refused(s, still, Equal()).reason is NoProxy.STILL
    assert refused(0 * s, f, Equal()).reason is NoProxy.STILL
    assert all(reason.value for reason in NoProxy)


def test_what_is_outside_its_domain_raises():
    s = np.random.default_rng(1).normal(size=60)
    for least in (0.0, 1.0, np.nan):
        with pytest.raises(BadInput, match="least_effectiveness"):
            proxy_ratio(s, s, Equal(), least)
    with pytest.raises(BadInput, match="one row of each"):
        proxy_ratio(s, s[1:], Equal(), 0.5)
    with pytest.raises(BadInput, match="window"):
        Equal(10)
    for decay in (0.0, 1.0, np.nan):
        with pytest.raises(BadInput, match="decay"):
            Exponential(decay)
    found = fitted(s, s, Equal())
    for wrong in ((np.nan, 1.0), (1.0, 0.0), (1.0, np.inf)):
        with pytest.raises(BadInput, match="no contracts"):
            found.contracts(*wrong)
