"""The stochastic process: reproducible, independent of how it is asked, with the moments it promises."""

import math
from dataclasses import dataclass, fields

import numpy as np
import pytest

from hedging.errors import BadInput
from hedging.paper.process import (
    CARRY_MEAN,
    DYNAMICS,
    MINUTE_NS,
    SECOND_NS,
    Block,
    MarketProcess,
    _full_truncation,
    funding_rate,
)

START_NS = 1_795_361_400 * SECOND_NS
DAY_NS = 86_400 * SECOND_NS


@dataclass(frozen=True)
class Year:
    """A year of minutes; two of the slots are enough."""

    log_spot: np.ndarray
    variance: np.ndarray
    premium: np.ndarray
    carry: np.ndarray
    slots: np.ndarray
    finite: bool


@pytest.fixture(scope="module")
def year() -> Year:
    process = MarketProcess(11, START_NS, step_ns=MINUTE_NS)
    parts: dict[str, list[np.ndarray]] = {field.name: [] for field in fields(Year) if field.name != "finite"}
    finite = True
    for day in range(1, 366):
        for block in process.advance(START_NS + day * DAY_NS):
            for name, part in parts.items():
                part.append(getattr(block, name)[:, :4].copy())
            finite &= all(np.isfinite(getattr(block, field.name)).all() for field in fields(Block))
    return Year(**{name: np.concatenate(part) for name, part in parts.items()}, finite=finite)


def test_the_path_does_not_depend_on_how_often_it_is_advanced() -> None:
    leap, steps = MarketProcess(5, START_NS), MarketProcess(5, START_NS)
    end = START_NS + 11 * MINUTE_NS
    leap.advance(end)
    for at in range(START_NS, end + 1, 7_300_000_000):
        steps.advance(at)
    steps.advance(end)
    for at in range(START_NS, end + 1, 41 * SECOND_NS):
        one, other = leap.state(at), steps.state(at)
        np.testing.assert_array_equal(one.log_spot, other.log_spot)
        np.testing.assert_array_equal(one.slots, other.slots)
        np.testing.assert_array_equal(one.realised, other.realised)


def test_another_seed_is_another_path() -> None:
    states = [MarketProcess(seed, START_NS).state(START_NS).log_spot for seed in (1, 2)]
    assert np.all(states[0] != states[1])


def test_volatility_is_as_stated(year: Year) -> None:
    returns = np.diff(year.log_spot, axis=0)
    realised = returns.std(axis=0) * math.sqrt(365 * 1440)
    # a year's mean variance has a standard error of about 17 % of itself, the volatility of 9 %
    for column, coin in enumerate(DYNAMICS):
        assert realised[column] == pytest.approx(coin.volatility, rel=0.15)
    variance = year.variance
    path = np.sqrt(variance.mean(axis=0))
    diffusive = np.abs(returns) < 0.01
    for column in range(2):
        quiet = returns[diffusive[:, column], column]
        assert quiet.std() * math.sqrt(365 * 1440) == pytest.approx(path[column], rel=0.01)


def test_correlations_have_the_signs_and_sizes_stated(year: Year) -> None:
    returns = np.diff(year.log_spot, axis=0)
    changes = np.diff(year.variance, axis=0)
    assert 0.78 < np.corrcoef(returns.T)[0, 1] < 0.90
    for column in range(2):
        assert -0.58 < np.corrcoef(returns[:, column], changes[:, column])[0, 1] < -0.40


def test_spot_is_a_martingale_within_its_error() -> None:
    ratios = []
    for seed in range(30):
        process = MarketProcess(seed, START_NS, step_ns=MINUTE_NS)
        first = process.state(START_NS).log_spot
        process.advance(START_NS + 10 * DAY_NS)
        ratios.append(np.exp(process.state(START_NS + 10 * DAY_NS).log_spot - first))
    sample = np.array(ratios)
    error = sample.std(axis=0) / math.sqrt(len(sample))
    assert np.all(np.abs(sample.mean(axis=0) - 1.0) < 3.0 * error)


def test_carry_and_premium_revert_to_their_means(year: Year) -> None:
    carry = year.carry
    assert carry.mean(axis=0) == pytest.approx([CARRY_MEAN] * 2, abs=0.012)
    assert carry.std(axis=0) == pytest.approx([0.02] * 2, rel=0.35)
    premium = year.premium
    assert premium.std(axis=0) == pytest.approx([math.hypot(1.2e-4, 2.5e-4)] * 4, rel=0.1)
    assert not np.allclose(premium[:, 0], premium[:, 2])
    slots = year.slots
    assert slots.std() == pytest.approx(1.0, rel=0.05)


def test_everything_is_finite_and_variance_never_negative(year: Year) -> None:
    assert year.finite
    assert year.variance.min() >= 0.0


def test_full_truncation_is_the_textbook_scheme() -> None:
    coin, years = DYNAMICS[0], 1.0 / 12  # steps so coarse that the variance does go negative
    normals = np.random.Generator(np.random.PCG64(3)).standard_normal(400)
    value, expected = 0.02, [0.02]
    for normal in normals:
        seen = max(value, 0.0)
        value = value + coin.mean_reversion * (coin.long_variance - seen) * years
        value += coin.vol_of_variance * math.sqrt(seen * years) * normal
        expected.append(max(value, 0.0))
    path, last = _full_truncation(coin, 0.02, normals.tolist(), years)
    assert path == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert last == pytest.approx(value, rel=1e-12)
    assert min(path) == 0.0


def test_liveliness_scales_the_returns() -> None:
    spread = []
    for liveliness in (1.0, 4.0):
        process = MarketProcess(9, START_NS, liveliness=liveliness)
        blocks = process.advance(START_NS + 5 * MINUTE_NS)
        spread.append(np.concatenate([np.diff(block.log_spot, axis=0) for block in blocks[1:]]).std(axis=0))
    assert spread[1] / spread[0] == pytest.approx([4.0, 4.0], rel=0.01)


def test_funding_follows_the_premium_outside_its_dead_band() -> None:
    premium = np.array([-0.01, -0.0004, -0.0002, 0.0, 0.0002, 0.0004, 0.01])
    expected = [-0.005, -0.00015, 0.0, 0.0, 0.0, 0.00015, 0.005]
    assert funding_rate(premium) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("step_ns", [0, -1, 300_000_000, 7 * SECOND_NS, 2 * MINUTE_NS, SECOND_NS + 1])
def test_a_step_off_the_grid_is_refused(step_ns: int) -> None:
    with pytest.raises(BadInput):
        MarketProcess(1, START_NS, step_ns=step_ns)


@pytest.mark.parametrize("liveliness", [0.0, -1.0, float("nan"), float("inf")])
def test_a_senseless_liveliness_is_refused(liveliness: float) -> None:
    with pytest.raises(BadInput):
        MarketProcess(1, START_NS, liveliness=liveliness)


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(BadInput):
        MarketProcess(-1, START_NS)
