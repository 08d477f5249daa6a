"""C8 and C18: automatic mode goes off after exactly so many repetitions, and sends nothing afterwards."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nouns import NOW, gate_state, order, rules, seconds

from hedging.model.gates import AutomaticExecution
from hedging.model.rules import AutoRules
from hedging.model.trading import AutoMode, AutoSetting, OrderState, TradingStatus
from hedging.units import Side
from hedging.workflow.authority import tripped
from hedging.workflow.gates import auto_mode, judge, repeats
from hedging.workflow.repeats import beyond, flips, repeated

RULES = AutoRules()
PERPETUAL = "deribit:BTC-PERPETUAL"
AUTO = "auto, armed by ann"
ARMED = AutoSetting(
    mode=AutoMode.ARMED,
    set_by="ann",
    set_at=NOW,
    until=NOW + seconds(7200),
    max_orders=1000,
    max_turnover_usd=1e9,
)


def execution(number, minute, side=Side.SELL, usd=1e5, **changes):
    whole = AutomaticExecution(
        ticket_id=f"T{number}",
        at=NOW + timedelta(minutes=minute),
        instrument=PERPETUAL,
        side=side,
        usd=usd,
        target_usd=1e5,
    )
    return replace(whole, **changes)


def run(needs, setting=ARMED, auto=RULES):
    """Tickets as automatic mode carries them out, each need a minute and a side, until it goes off.

    The gate is asked about every order, as at the wire.
    """
    history = ()
    for number, (minute, side) in enumerate(needs):
        now = NOW + timedelta(minutes=minute)
        state = gate_state(
            now=now, rules=rules(auto=auto), automatic=history, status=TradingStatus(auto=setting)
        )
        assert repeats.check(order(ticket_id=f"T{number}", side=side, approver=AUTO), state) is None
        history = (*history, execution(number, minute, side))
        why = repeated(history, auto, now, setting.repeats_from)
        if why:
            return history, tripped(setting, why.reason)
    return history, setting


@pytest.mark.parametrize(("gap", "executions"), [(0.01, 6), (1.0, 6), (1.99, 6), (2.01, 20), (3.1, 20)])
def test_the_same_side_again_and_again_goes_off_after_exactly_six_or_twenty(gap, executions):
    history, setting = run([(n * gap, Side.SELL) for n in range(100)])
    assert len(history) == executions
    assert (setting.mode, bool(setting.tripped_by_use)) == (AutoMode.OFF, True)


def test_slow_repetition_goes_on():
    history, setting = run([(n * 3.16, Side.SELL) for n in range(60)])
    assert (len(history), setting.mode) == (60, AutoMode.ARMED)


@given(st.lists(st.floats(0.01, 14.0), min_size=8, max_size=30), st.integers(1, 5), st.sampled_from(Side))
@settings(max_examples=150)
def test_an_oscillating_delta_goes_off_after_exactly_the_allowed_changes_of_side(gaps, allowed, first):
    auto = replace(RULES, sign_flips=allowed, repeats_10_minutes=100, repeats_hour=100)
    minute, needs = 0.0, []
    for number, gap in enumerate(gaps[: allowed + 4]):
        needs.append((minute, first if number % 2 == 0 else Side(-first)))
        minute += min(gap, 50 / (allowed + 4))
    history, setting = run(needs, auto=auto)
    assert len(history) == min(len(needs), allowed + 1)
    assert flips(history, history[-1].at, None) == min(len(needs) - 1, allowed)
    assert (setting.mode is AutoMode.OFF) is (len(needs) >= allowed + 1)


@pytest.mark.control("C8")
def test_three_changes_of_side_are_four_executions(record_property):
    history, setting = run([(n, Side.SELL if n % 2 else Side.BUY) for n in range(20)])
    assert len(history) == 4
    assert "changes of side" in setting.tripped_by_use
    record_property("figure", f"oscillating delta: off after {len(history)}, 3 changes of side")


def test_orders_of_one_ticket_are_one_execution():
    clips = tuple(execution(1, n / 10, usd=2e4) for n in range(15))
    assert repeated(clips, RULES, NOW + timedelta(minutes=2), None) is None
    assert "traded more" in repeated((*clips, execution(1, 1.6, usd=1.0)), RULES, NOW, None).reason


@pytest.mark.parametrize(("last", "fine"), [(1e5, True), (1e5 + 1, False)])
def test_a_ticket_trades_at_most_three_times_what_it_set_out_to(last, fine):
    history = (execution(1, 0, usd=2e5), execution(1, 1, usd=last))
    assert (repeated(history, RULES, NOW, None) is None) is fine
    assert (beyond(history, RULES, NOW, None) is None) is fine


@pytest.mark.parametrize(
    "change",
    [
        {"usd": nan},
        {"usd": inf},
        {"usd": -1.0},
        {"target_usd": nan},
        {"target_usd": 0.0},
        {"target_usd": inf},
    ],
)
def test_an_execution_of_unknown_size_ends_automatic_mode(change):
    assert repeated((execution(1, 0, **change),), RULES, NOW, None).control == "C8"


def test_each_instrument_and_side_counts_for_itself():
    sells = [execution(n, n / 10) for n in range(5)]
    elsewhere = [execution(10 + n, n / 10, instrument="deribit:ETH-PERPETUAL") for n in range(5)]
    assert repeated((*sells, *elsewhere), RULES, NOW + seconds(60), None) is None
    assert repeated((*sells, execution(6, 0.6)), RULES, NOW + seconds(60), None).value == "6"


def test_what_lies_before_the_arming_by_another_person_does_not_count():
    history = tuple(execution(n, n / 10) for n in range(6))
    later = NOW + seconds(60)
    assert repeated(history, RULES, later, None) is not None
    assert repeated(history, RULES, later, later) is None
    assert repeated(history, RULES, later, NOW) is not None


def test_times_from_the_future_count_for_our_clock_may_have_been_set_back():
    history = tuple(execution(n, 60 + n) for n in range(6))
    assert repeated(history, RULES, NOW, None) is not None


# the gates


def by_itself(**changes):
    return order(ticket_id="Tnew", approver=AUTO, **changes)


def test_the_gate_lets_six_tickets_finish_and_no_seventh_begin():
    five = tuple(execution(n, n / 10) for n in range(5))
    state = gate_state(now=NOW + seconds(60), automatic=five, status=TradingStatus(auto=ARMED))
    assert repeats.check(by_itself(), state) is None
    begun = replace(state, automatic=(*five, execution("new", 1)))
    assert repeats.check(by_itself(), begun) is None
    full = replace(state, automatic=(*five, execution(6, 1)))
    refusal = repeats.check(by_itself(), full)
    assert (refusal.control, refusal.value, refusal.bound) == ("C8", "7", "6")
    assert repeats.check(order(), full) is None  # a person approved


def test_the_gate_counts_the_order_itself_towards_its_tickets_turnover():
    state = gate_state(automatic=(execution("new", 0, usd=2.5e5),), status=TradingStatus(auto=ARMED))
    assert "traded more" in repeats.check(by_itself(), state).reason


def test_the_gate_refuses_what_it_cannot_value():
    state = gate_state(status=TradingStatus(auto=ARMED))
    assert repeats.check(by_itself(), replace(state, quote=None)).control == "C8"
    for price in (nan, inf, 0.0, -1.0):
        tried = by_itself(limit_price=Decimal(price))
        assert repeats.check(tried, state).control == "C8"


def test_a_price_that_is_missing_is_no_repetition_which_would_ask_for_another_person():
    state = gate_state(status=TradingStatus(auto=ARMED), quote=None)
    assert judge(by_itself(), state).refusal.control == "C10"
    bad = by_itself(limit_price=Decimal(0))
    assert judge(bad, replace(state, quote=gate_state().quote)).refusal.control == "C3"


@pytest.mark.parametrize(
    ("setting", "passes"),
    [
        (ARMED, True),
        (AutoSetting(), False),
        (AutoSetting(mode=AutoMode.SHADOW, set_by="ann"), False),
        (replace(ARMED, until=NOW), False),
        (replace(ARMED, until=None), False),
        (replace(ARMED, orders_used=1000), False),
        (replace(ARMED, turnover_used_usd=1e9), False),
    ],
)
def test_c18_an_automatic_order_needs_automatic_mode_to_be_armed(setting, passes):
    state = gate_state(status=TradingStatus(auto=setting))
    refusal = auto_mode.check(by_itself(state=OrderState.NEW), state)
    assert (refusal is None) is passes
    assert passes or refusal.control == "C18"
    assert auto_mode.check(order(), state) is None  # a person approved
