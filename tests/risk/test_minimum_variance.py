"""Which options are recorded, which moves the record holds, and a fit that helps on what it has not seen."""

import csv
import json
import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from chains import FORWARD, NOW, chain_of, chain_quote, smile_slice

from hedging.ledger import OptionRecords
from hedging.model.instrument import OptionKind, Settlement
from hedging.model.smile import OptionPoint, SmileLimits
from hedging.pricing import black76
from hedging.risk.minimum_variance import (
    OptionHistory,
    minimum_variance_fits,
    moves,
    price_usd,
    recorded_points,
)

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
CALL, PUT = OptionKind.CALL, OptionKind.PUT
LIMITS = SmileLimits()


def history(**columns):
    size = max(np.size(each) for each in columns.values())
    plain = {
        "option": 1,
        "minute": 0,
        "sign": 1.0,
        "years": 0.1,
        "forward": FORWARD,
        "price": 5_000.0,
        "delta": 0.5,
        "vega": 12_000.0,
    }
    made = {name: np.broadcast_to(columns.get(name, plain[name]), size).copy() for name in plain}
    whole = {
        name: each.astype(np.int64 if name in {"option", "minute"} else float) for name, each in made.items()
    }
    return OptionHistory(**whole)


@pytest.fixture(scope="module")
def synthetic():
    """The reference's moves, each as two records of an option of its own five minutes apart."""
    path = VECTORS / "mv_delta_synthetic.csv"
    if not path.exists():
        pytest.skip("the reference numbers mv_delta_synthetic.csv are not at ../shared/vectors")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))

    def column(name):
        return np.array([float(row[name]) for row in rows])

    minute = 5 * (column("day") * 288 + 28_000_000 // 5).astype(np.int64)
    first = {
        "option": np.arange(len(rows)),
        "minute": minute,
        "sign": np.where(np.array([row["cp"] for row in rows]) == "c", 1.0, -1.0),
        "years": column("T"),
        "forward": column("F0"),
        "price": column("price0"),
        "delta": column("delta_bs"),
        "vega": column("vega_bs"),
    }
    last = {**first, "minute": minute + 5, "forward": column("F1"), "price": column("price1")}
    last["delta"] = np.full(len(rows), 0.5)  # what an option is at its end is no part of its move
    return OptionHistory(**{name: np.concatenate([first[name], last[name]]) for name in first})


def test_the_reference_coefficients_are_recovered_from_records(synthetic, monkeypatch):
    monkeypatch.setattr("hedging.risk.minimum_variance.FARTHEST_DELTA", 1.0)  # the reference uses all rows
    expected = json.loads((VECTORS / "mv_delta_expected.json").read_text())
    calls, puts = minimum_variance_fits("BTC", synthetic, NOW, LIMITS)
    assert calls.refused == ""
    assert [calls.a, calls.b, calls.c] == pytest.approx(expected["calls_full_sample_abc"], rel=1e-9)
    assert calls.gain == pytest.approx(expected["gain_in_sample"], rel=1e-9)
    assert calls.gain_unseen is not None
    assert calls.gain_unseen > LIMITS.least_gain
    assert (calls.kind, puts.kind, calls.underlying, calls.fitted_at) == (CALL, PUT, "BTC", NOW)
    assert calls.since is not None
    assert calls.until is not None
    assert calls.until - calls.since > timedelta(days=100)


def simulated(rule, noise, seed=5, moments=200, options=6):
    """Options whose volatility moves by ``rule`` and ``noise`` with a seeded random forward, as records."""
    rng = np.random.default_rng(seed)
    a, b, c = rule
    forward = FORWARD * np.exp(np.cumsum(rng.normal(0, 0.003, moments + 1)))
    columns = {name: [] for name in ("option", "minute", "forward", "price", "delta", "vega", "years")}
    for option in range(options):
        strike, years, vol = FORWARD * math.exp(0.06 * (option - 2.5)), 0.1, 0.6
        for moment in range(moments + 1):
            if moment:
                move = forward[moment] / forward[moment - 1] - 1
                delta = columns["delta"][-1]
                vol += (a + b * delta + c * delta**2) / math.sqrt(years) * move + noise * rng.normal()
                vol = min(max(vol, 0.2), 1.5)
            greeks = black76.core_greeks(1, forward[moment], strike, years, vol)
            for name, value in (
                ("option", option),
                ("minute", 28_000_000 + 5 * moment),
                ("forward", forward[moment]),
                ("price", float(greeks.price)),
                ("delta", float(greeks.delta)),
                ("vega", float(greeks.vega)),
                ("years", years),
            ):
                columns[name].append(value)
    return history(**{name: np.array(each) for name, each in columns.items()})


def test_a_seeded_stochastic_volatility_gives_back_its_rule():
    calls, _ = minimum_variance_fits("BTC", simulated((-0.25, 0.0, 0.0), 0.001), NOW, LIMITS)
    assert calls.refused == ""
    assert calls.observations == pytest.approx(1200, rel=0.2)
    deltas = np.linspace(0.2, 0.8, 7)
    found = calls.a + calls.b * deltas + calls.c * deltas**2
    np.testing.assert_allclose(found, -0.25, atol=0.03)
    assert calls.gain > 0.5
    assert calls.gain_unseen > 0.5


def test_volatility_that_does_not_follow_the_forward_is_refused_for_its_gain():
    calls, puts = minimum_variance_fits("BTC", simulated((0.0, 0.0, 0.0), 0.004), NOW, LIMITS)
    assert "of the squared hedging error" in calls.refused
    assert calls.a is None
    assert calls.gain is not None
    assert calls.gain < LIMITS.least_gain
    assert "0 moves over 5 minutes at 0 times are recorded, 300 at 60 are needed" in puts.refused
    assert (puts.since, puts.until, puts.observations) == (None, None, 0)


def test_a_rule_that_turned_round_is_refused_by_what_it_has_not_seen():
    before, after = simulated((-0.3, 0, 0), 0.001), simulated((0.3, 0, 0), 0.001, seed=6, moments=90)
    both = history(
        **{
            name: np.concatenate([getattr(before, name), getattr(after, name) + later])
            for name, later in (
                ("option", 0),
                ("minute", 5 * 400),
                ("forward", 0),
                ("price", 0),
                ("delta", 0),
                ("vega", 0),
                ("years", 0),
            )
        }
    )
    calls, _ = minimum_variance_fits("BTC", both, NOW, LIMITS)
    assert calls.gain > LIMITS.least_gain
    assert calls.gain_unseen < 0
    assert "on later moves is -" in calls.refused
    assert (calls.a, calls.b, calls.c) == (None, None, None)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"least_observations": 5000}, "are recorded, 5000 at 60 are needed"),
        ({"least_moments": 300}, "at 200 times are recorded, 300 at 300 are needed"),
        ({"least_gain": 0.99}, "allowed is 99% or more"),
    ],
)
def test_every_threshold_refuses(limits, words):
    found, _ = minimum_variance_fits("BTC", simulated((-0.25, 0, 0), 0.001), NOW, replace(LIMITS, **limits))
    assert words in found.refused
    assert found.a is None


def test_a_record_that_is_not_finite_or_too_alike_is_refused():
    broken = simulated((-0.25, 0, 0), 0.001)
    broken.price[7] = math.nan
    found, _ = minimum_variance_fits("BTC", broken, NOW, LIMITS)
    assert "not finite" in found.refused
    alike = history(
        minute=5 * np.arange(400), price=5_000.0 + np.arange(400), forward=FORWARD + np.arange(400)
    )
    found, _ = minimum_variance_fits("BTC", alike, NOW, LIMITS)
    assert "too alike" in found.refused


def test_moves_join_the_ends_of_one_option_and_never_overlap():
    minutes = np.array([0, 5, 10, 20, 3, 8, 5, 10])
    options = np.array([1, 1, 1, 1, 1, 1, 2, 2])
    made = history(option=options, minute=minutes, price=100.0 + np.arange(8), forward=FORWARD + minutes)
    found = moves(made, CALL, 5)
    assert found.minute.tolist() == [0, 5, 5]
    assert np.asarray(found.hedged.price_move).tolist() == [1.0, 1.0, 1.0]
    assert np.asarray(found.hedged.forward_move).tolist() == [5.0, 5.0, 5.0]
    assert moves(made, PUT, 5).minute.size == 0
    assert moves(history(minute=np.empty(0)), CALL, 5).minute.size == 0


@pytest.mark.parametrize("delta", [0.96, 0.04, -0.96, 0.0])
def test_options_far_from_the_money_tell_nothing(delta):
    made = history(minute=[0, 5], delta=delta, sign=1.0 if delta >= 0 else -1.0)
    assert moves(made, CALL if delta >= 0 else PUT, 5).minute.size == 0


def test_the_recorded_options_are_few_and_spread():
    chains = [smile_slice(years) for years in (0.001, 0.003, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.45, 0.9)]
    points = recorded_points([quote for each in chains for quote in chain_of(each, 61)], NOW)
    expiries = sorted({point.expiry for point in points})
    assert len(expiries) == 6
    assert expiries[0] - NOW == timedelta(days=365 * 0.003)  # the first is within 12 hours
    assert len(points) <= 6 * 5 * 2
    month = [point for point in points if point.expiry == NOW + timedelta(days=36.5)]
    calls = sorted(point.delta for point in month if point.kind is CALL)
    assert len(calls) == 5
    assert calls == pytest.approx([0.1, 0.3, 0.5, 0.7, 0.9], abs=0.03)
    assert {point.strike for point in month if point.kind is PUT} == {
        p.strike for p in month if p.kind is CALL
    }
    assert all(point.delta < 0 < point.vega for point in month if point.kind is PUT)


@pytest.mark.parametrize(
    "changes",
    [
        {"iv": None},
        {"iv": math.nan},
        {"iv": 12.0},
        {"mark": None},
        {"mark": 0.0},
        {"mark": math.nan},
        {"forward": None},
        {"forward": math.inf},
        {"strike": -1.0},
        {"expiry": NOW - timedelta(days=1)},
        {"venue_at": NOW - timedelta(seconds=61)},
        {"venue_at": NOW + timedelta(seconds=61)},
        {"received_at": NOW - timedelta(seconds=61)},
    ],
)
def test_what_cannot_be_a_move_is_not_recorded(changes):
    good = chain_quote(CALL, 0.0, 0.6)
    assert len(recorded_points([good], NOW)) == 1
    assert recorded_points([replace(good, **changes)], NOW) == ()
    assert recorded_points([], NOW) == ()


def test_a_price_in_coin_is_worth_its_forward():
    [point] = recorded_points([chain_quote(CALL, 0.0, 0.6)], NOW)
    black = black76.core_greeks(1, FORWARD, FORWARD, 0.1, 0.6)
    assert price_usd(point) == pytest.approx(float(black.price), rel=1e-6)
    assert price_usd(replace(point, settlement=Settlement.LINEAR, mark=77.0)) == 77.0
    assert (point.delta, point.vega) == pytest.approx((float(black.delta), float(black.vega)), rel=1e-6)
    assert isinstance(point, OptionPoint)


def test_what_is_stored_is_what_is_fitted(tmp_path):
    records = OptionRecords.open(tmp_path)
    start = NOW.replace(minute=0)
    for step in range(3):
        at = start + timedelta(minutes=5 * step)
        fresh = {"forward": FORWARD + 10 * step, "venue_at": at, "received_at": at}
        records.put(recorded_points([replace(q, **fresh) for q in chain_of(smile_slice())], at), start)
    stored = records.history("deribit", "BTC", start, 5)
    found = moves(stored, CALL, 5)
    assert np.unique(found.minute).size == 2
    assert np.asarray(found.hedged.forward_move).tolist() == [10.0] * found.minute.size
    records.close()
