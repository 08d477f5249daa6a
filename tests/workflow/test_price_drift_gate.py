"""C3: a limit price stays within 3 % of every price at which we traded in the last five minutes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from nouns import NOW, gate_state, order, quote, rules, seconds

from hedging.model.gates import Executed
from hedging.model.rules import ExecutionRules
from hedging.workflow.gates import judge, price_drift


def executed(*fills):
    return tuple(Executed(NOW - seconds(age), Decimal(price)) for age, price in fills)


@pytest.mark.parametrize(
    ("price", "fills", "passes"),
    [
        ("103000.0", [(1, "100000")], True),
        ("103000.5", [(1, "100000")], False),
        ("97000.0", [(1, "100000")], True),
        ("96999.5", [(1, "100000")], False),
        ("103000.5", [(300, "100000")], False),
        ("103000.5", [(300.001, "100000")], True),
        ("101000.0", [(200, "98000"), (100, "99000"), (1, "100500")], False),
        ("101000.0", [(301, "98000"), (100, "99000"), (1, "100500")], True),
        ("103000.5", [(-5, "100000")], False),
        ("100000.0", [(1, "NaN")], False),
        ("100000.0", [(1, "Infinity")], False),
        ("100000.0", [(1, "0")], False),
        ("100000.0", [(1, "-100000")], False),
        ("100000.0", [], True),
        ("NaN", [], False),
        ("0", [], False),
    ],
)
def test_up_to_three_percent_of_each_own_price_of_five_minutes(price, fills, passes):
    refusal = price_drift.check(order(limit_price=Decimal(price)), gate_state(executed=executed(*fills)))
    assert (refusal is None) is passes
    assert passes or refusal.control == "C3"


@pytest.mark.control("C3")
def test_a_market_that_ran_stops_us_though_its_quotes_agree_with_each_other():
    ran = gate_state(
        quote=quote(bid=103_999.5, ask=104_000.5, mark=104_000.0, index=104_000.0),
        executed=executed((60, "100000")),
    )
    refusal = judge(order(limit_price=Decimal("103900.0")), ran).refusal
    assert (refusal.control, refusal.value, refusal.bound) == ("C3", "+3.90%", "±3.00% in 5 min")
    assert judge(order(limit_price=Decimal("103900.0")), replace(ran, executed=())).refusal is None


def test_cap_and_minutes_are_rules():
    execution = replace(ExecutionRules(), drift_cap=0.001, drift_minutes=1.0)
    state = gate_state(rules=rules(execution=execution), executed=executed((30, "100000")))
    assert price_drift.check(order(limit_price=Decimal("100100.0")), state) is None
    assert price_drift.check(order(limit_price=Decimal("100100.5")), state) is not None
    older = replace(state, executed=executed((61, "100000")))
    assert price_drift.check(order(limit_price=Decimal("100100.5")), older) is None


def test_the_reading_is_the_spread_of_own_prices():
    (shown,) = price_drift.readings(gate_state(executed=executed((1, "100000"), (2, "101000"))))
    assert shown.value == pytest.approx(0.01)
    assert (shown.bound, shown.unit) == (0.03, "share of price")
