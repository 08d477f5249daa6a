"""C6: ten times the load for a minute sends exactly the bucket, and cancels still go."""

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import NOW, gate_state, order, rules, seconds

from hedging.model.rules import ExecutionRules
from hedging.workflow.gates import messages
from hedging.workflow.gates.messages import CancelFor, cancel_allowed

RULES = ExecutionRules()
STEP = 0.02  # seconds: ten orders and ten cancels where one of each is asked for


def load(until, *, orders=True, cancels=True):
    """Times at which orders and cancels went out under as much load as there can be, each per venue."""
    sent, sent_orders, sent_cancels = (), [], []
    for step in range(int(until / STEP)):
        now = NOW + seconds(step * STEP)
        if orders and messages.check(order(), gate_state(now=now, messages=sent)) is None:
            sent, sent_orders = (*sent, now), [*sent_orders, now]
        if cancels and cancel_allowed(sent, RULES, now):
            sent, sent_cancels = (*sent, now), [*sent_cancels, now]
    return sent, sent_orders, sent_cancels


def most_within(times, span):
    return max(sum(1 for at in times if timedelta(0) <= at - first < seconds(span)) for first in times)


@pytest.mark.control("C6")
def test_orders_alone_use_four_fifths_of_the_bucket_exactly(record_property):
    sent, _, _ = load(60, cancels=False)
    assert len(sent) == 48
    assert most_within(sent, 60) == 48
    assert most_within(sent, 2) == 8
    assert all(cancel_allowed(sent, RULES, NOW + seconds(at)) for at in (14, 30, 59.9))
    record_property("figure", f"10 times the load of orders for 60 s: {len(sent)} sent of 48")


@pytest.mark.control("C6")
def test_orders_and_cancels_together_are_the_bucket_exactly_and_both_went(record_property):
    sent, orders, cancels = load(60)
    assert len(sent) == 60
    assert most_within(sent, 60) == 60
    assert most_within(sent, 2) == 10
    assert len(orders) + len(cancels) == 60
    assert len(cancels) >= 12
    record_property(
        "figure", f"10 times the load for 60 s: {len(sent)} sent of 60, {len(cancels)} of them cancels"
    )


def test_the_bucket_fills_again():
    sent, _, _ = load(121, cancels=False)
    assert len(sent) == 48 * 2 + 8


@pytest.mark.parametrize(
    ("ages", "passes"),
    [([0.1] * 9, True), ([0.1] * 10, False), ([2.0] * 10, True), ([30.0] * 59, True), ([30.0] * 60, False)],
)
def test_a_cancel_may_use_the_whole_budget_and_no_more(ages, passes):
    assert cancel_allowed([NOW - seconds(age) for age in ages], RULES, NOW) is passes


def test_when_orders_are_stopped_a_cancel_is_not():
    used = tuple(NOW - seconds(0.1) for _ in range(8))
    assert messages.check(order(), gate_state(messages=used)) is not None
    assert cancel_allowed(used, RULES, NOW)


def test_a_kill_cancels_every_order_at_once():
    used = tuple(NOW for _ in range(1000))
    assert not cancel_allowed(used, RULES, NOW)
    assert cancel_allowed(used, RULES, NOW, CancelFor.KILL)


def test_messages_from_the_future_count():
    used = tuple(NOW + seconds(30) for _ in range(8))
    assert messages.check(order(), gate_state(messages=used)).control == "C6"


@pytest.mark.parametrize(
    ("orders", "trades", "passes"),
    [(499, 0, True), (500, 0, False), (519, 1, True), (520, 1, False), (2499, 100, True), (2500, 100, False)],
)
def test_orders_of_a_day_are_bound_by_its_trades(orders, trades, passes):
    refusal = messages.check(order(), gate_state(orders_today=orders, trades_today=trades))
    assert (refusal is None) is passes
    assert passes or (refusal.control, refusal.bound) == ("C6", str(500 + 20 * trades))


def test_the_budget_is_a_rule():
    small = rules(execution=replace(RULES, messages_per_second=1.0, messages_burst=5, messages_per_minute=5))
    used = tuple(NOW - seconds(4.9) for _ in range(4))
    assert messages.check(order(), gate_state(rules=small, messages=used)).bound == "4"
    assert messages.check(order(), gate_state(rules=small, messages=used[1:])) is None
