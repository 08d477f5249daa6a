"""Tails on screen: what the recorded closes support, and the refusal where they do not."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from nouns import NOW
from valued_views import PERPETUAL, valued_view

from components.scenario_answer import answer
from components.scenario_choice import Question
from components.scenario_tail import Way, tail_table, tails
from hedging.model.what_if import Close
from hedging.risk.returns import period_returns, realised_vol
from hedging.risk.value_at_risk import Horizon, Method, cornish_fisher, historical

FOUND = answer(valued_view(), Question(underlying="BTC"))


def closes(hours, skip=()):
    moves = np.random.default_rng(3).standard_normal(hours) * 0.006
    prices = 100_000.0 * np.exp(np.cumsum(moves))
    start = NOW - timedelta(hours=hours)
    return [
        Close(instrument=PERPETUAL.key, at=start + timedelta(hours=hour), price=float(price))
        for hour, price in enumerate(prices)
        if hour not in skip
    ]


def row(found, way, book="as it is"):
    return next(each for each in found.rows if (each.way, each.book) == (way, book))


def test_both_ways_for_both_books():
    found = tails(FOUND, closes(168), 1, 0.95)
    assert [(each.way, each.book) for each in found.rows] == [
        (way, book) for way in Way for book in ("as it is", "after the hedge")
    ]
    assert all(each.loss is not None for each in found.rows)


def test_the_figures_are_those_of_the_risk_code():
    recorded = closes(168)
    horizon = Horizon(confidence=0.95, days=1 / 24)
    moves = period_returns(recorded, 1)
    found = tails(FOUND, recorded, 1, 0.95)
    assert row(found, Way.HISTORICAL).loss == historical(
        FOUND.live, FOUND.book.positions, moves.values, horizon
    )
    assert row(found, Way.DELTA_GAMMA).loss == cornish_fisher(FOUND.live, realised_vol(moves), horizon)


@pytest.mark.parametrize(
    ("hours", "confidence", "said"),
    [
        (1, 0.99, "167 returns of 1 h are recorded, 250 are needed"),
        (24, 0.95, "6 returns of 1 d are recorded, 50 are needed (50 days)"),
    ],
)
def test_too_few_returns_are_refused_with_the_number_that_is_needed(hours, confidence, said):
    found = tails(FOUND, closes(168), hours, confidence)
    assert row(found, Way.HISTORICAL).loss is None
    assert said in row(found, Way.HISTORICAL).refused
    assert row(found, Way.DELTA_GAMMA).loss is not None
    html = tail_table(found, "BTC")
    assert "tail-refused-historical" in html
    assert "tail-delta-gamma-before-var-usd" in html
    assert "tail-historical-before" not in html


def test_no_closes_are_no_figure():
    found = tails(FOUND, [], 1, 0.95)
    assert all(each.loss is None for each in found.rows)
    assert "no hourly close is recorded yet" in tail_table(found, "BTC")


def test_what_is_missing_is_counted():
    found = tails(FOUND, closes(168, skip={50, 51}), 1, 0.95)
    assert "2 hours missing, no return spans them" in found.basis
    assert row(found, Way.HISTORICAL).loss.observations == 164


def test_a_broken_record_gives_no_figure():
    recorded = closes(168)
    found = tails(FOUND, [*recorded, replace(recorded[0], price=0.0)], 1, 0.95)
    assert found.rows == ()
    assert "tail-refused" in tail_table(found, "BTC")


def test_draws_take_over_where_the_expansion_does_not_hold():
    flat = replace(
        FOUND.live, delta=0.0, delta_net=0.0, gamma_black_coin=60.0, gamma_coin=60.0, theta_usd=0.0
    )
    made = replace(FOUND, book=replace(FOUND.book, exposure=flat), hedged=None)
    loss = row(tails(made, closes(168), 24, 0.99), Way.DELTA_GAMMA).loss
    assert loss.method is Method.MONTE_CARLO
    assert loss.observations == 100_000
    assert loss == row(tails(made, closes(168), 24, 0.99), Way.DELTA_GAMMA).loss


def test_losses_carry_no_colour_and_have_their_raw_numbers():
    found = tails(FOUND, closes(168), 1, 0.95)
    loss = row(found, Way.HISTORICAL).loss
    html = tail_table(found, "BTC")
    assert f'data-testid="tail-historical-before-var-usd" data-value="{loss.value_at_risk_usd!r}"' in html
    assert f'data-value="{loss.expected_shortfall_coin!r}"' in html
    assert "desk-long" not in html
