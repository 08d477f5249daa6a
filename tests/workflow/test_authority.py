from dataclasses import replace
from math import inf, nan

import pytest
from nouns import NOW, order, seconds

from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.rules import AutoRules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    OrderState,
    Refusal,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.authority import (
    armed,
    auto_off,
    auto_refusals,
    halted,
    lapsed,
    may,
    resumed,
    shadowed,
)

RULES = AutoRules(max_minutes=60, max_orders=40, max_turnover_usd=1e6)
ARMED = AutoSetting(
    mode=AutoMode.ARMED, set_by="ann", until=NOW + seconds(900), max_orders=5, max_turnover_usd=1e6
)


def command(**changes):
    whole = Command(
        key="k",
        at=NOW,
        user="ann",
        role=Role.TRADER,
        kind=CommandKind.AUTO_ARM,
        minutes=15,
        max_orders=10,
        max_turnover_usd=5e5,
    )
    return replace(whole, **changes)


FOR_RISK = {CommandKind.RELEASE, CommandKind.APPROVE_TERMS, CommandKind.REJECT_TERMS}


@pytest.mark.parametrize("kind", CommandKind)
@pytest.mark.parametrize("role", Role)
def test_anyone_may_stop_traders_may_trade_and_only_risk_releases_and_approves_terms(role, kind):
    allowed = (
        kind in {CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF}
        or role is Role.RISK
        or (role is Role.TRADER and kind not in FOR_RISK)
    )
    refusal = may(role, kind)
    assert (refusal is None) is allowed
    assert allowed or kind.value in refusal.reason


def test_a_halt_ends_automatic_mode_and_a_pending_wish_to_resume():
    status = halted(TradingStatus(auto=ARMED, resume_asked_by="ann (risk)"), "drill")
    assert (status.state, status.halted_because) == (TradingState.HALTED, "drill")
    assert status.resume_asked_by == ""
    assert (status.auto.mode, status.auto.until) == (AutoMode.OFF, None)


HALTED = halted(TradingStatus(), "drill")


@pytest.mark.parametrize(
    ("first", "second", "active"),
    [
        (("ann", Role.TRADER), ("bob", Role.RISK), True),
        (("ann", Role.RISK), ("bob", Role.TRADER), True),
        (("ann", Role.RISK), ("bob", Role.RISK), True),
        (("ann", Role.TRADER), ("bob", Role.TRADER), False),
        (("ann", Role.RISK), ("ann", Role.RISK), False),
        (("ann", Role.TRADER), ("ann", Role.RISK), False),
        (("ann", Role.TRADER), (" Ann", Role.RISK), False),
        (("Ann Lee", Role.TRADER), ("Ann Lee", Role.RISK), False),
        (("Ann Lee", Role.TRADER), ("Ann  Lee", Role.RISK), False),
        (("Ann Lee", Role.TRADER), ("ann lee\u200b", Role.RISK), False),
        (("Ann Lee", Role.TRADER), ("Ann Lie", Role.RISK), True),
        (("ann", Role.TRADER), ("\u200b", Role.RISK), False),
        (("ann", Role.TRADER), ("", Role.RISK), False),
    ],
)
def test_two_different_people_resume_and_one_of_them_is_risk(first, second, active):
    asked = resumed(HALTED, *first)
    assert asked.state is TradingState.HALTED
    answer = resumed(asked, *second)
    if active:
        assert (answer.state, answer.resume_asked_by) == (TradingState.ACTIVE, "")
        assert answer.auto.mode is AutoMode.OFF
    else:
        assert isinstance(answer, Refusal)


def test_a_nameless_person_cannot_ask_and_what_runs_is_not_resumed():
    assert isinstance(resumed(HALTED, " ", Role.RISK), Refusal)
    assert isinstance(resumed(TradingStatus(), "ann", Role.RISK), Refusal)


def test_a_new_halt_voids_the_first_half_of_resuming():
    asked = resumed(HALTED, "ann", Role.RISK)
    again = halted(asked, "again")
    assert resumed(again, "bob", Role.RISK).state is TradingState.HALTED


def test_arming_is_for_a_time_inside_caps_by_a_named_person():
    setting = armed(command(), RULES, NOW)
    assert (setting.mode, setting.set_by) == (AutoMode.ARMED, "ann")
    assert setting.until == NOW + seconds(900)
    assert (setting.max_orders, setting.max_turnover_usd) == (10, 5e5)
    assert (setting.orders_used, setting.turnover_used_usd) == (0, 0.0)


@pytest.mark.parametrize(
    ("change", "fine"),
    [
        ({"minutes": 0}, False),
        ({"minutes": -5}, False),
        ({"minutes": 1}, True),
        ({"minutes": 60}, True),
        ({"minutes": 61}, False),
        ({"max_orders": 0}, False),
        ({"max_orders": 40}, True),
        ({"max_orders": 41}, False),
        ({"max_turnover_usd": 0.0}, False),
        ({"max_turnover_usd": 1e6}, True),
        ({"max_turnover_usd": 1e6 + 1}, False),
        ({"max_turnover_usd": nan}, False),
        ({"max_turnover_usd": inf}, False),
        ({"user": "  "}, False),
    ],
)
def test_what_may_be_armed(change, fine):
    answer = armed(command(**change), RULES, NOW)
    assert isinstance(answer, AutoSetting) is fine
    assert fine or answer.control == "C18"


@pytest.mark.parametrize(
    ("change", "after", "mode"),
    [
        ({}, 899.9, AutoMode.ARMED),
        ({}, 900.0, AutoMode.OFF),
        ({"until": None}, 0.0, AutoMode.OFF),
        ({"orders_used": 4}, 0.0, AutoMode.ARMED),
        ({"orders_used": 5}, 0.0, AutoMode.OFF),
        ({"turnover_used_usd": 999_999.0}, 0.0, AutoMode.ARMED),
        ({"turnover_used_usd": 1e6}, 0.0, AutoMode.OFF),
    ],
)
def test_armed_mode_lapses_with_its_time_or_a_cap(change, after, mode):
    found = lapsed(replace(ARMED, **change), NOW + seconds(after))
    assert found.mode is mode
    assert bool(found.ended_because) is (mode is AutoMode.OFF)


def test_shadow_does_not_lapse_and_off_keeps_the_reason_it_ended():
    shadow = shadowed("ann", NOW)
    assert lapsed(shadow, NOW + seconds(1e6)) == shadow
    ended = auto_off(ARMED, "first")
    assert auto_off(ended, "second").ended_because == "first"


def proof(verdict, ours=1.0, venue=9.0, **changes):
    whole = DeltaProof(
        account="main",
        currency="BTC",
        underlying="BTC",
        ours=ours,
        venue=venue,
        tolerance=0.1,
        verdict=verdict,
    )
    return replace(whole, **changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"status": TradingStatus(state=TradingState.REDUCING)}, "reducing"),
        ({"status": HALTED}, "halted"),
        ({"proofs": [proof(ProofVerdict.RED)]}, "red by net transaction: ours +1.000, venue +9.000"),
        ({"proofs": [proof(ProofVerdict.GREEN), proof(ProofVerdict.RED, road=Road.BLACK)]}, "sum of Black"),
        ({"proofs": [proof(ProofVerdict.GREEN), proof(ProofVerdict.RED, road=Road.EQUITY)]}, "equity + net"),
        ({"proofs": [proof(ProofVerdict.UNKNOWN, road=Road.BLACK, why="in part: X")]}, "proved: in part: X"),
        ({"proofs": [proof(ProofVerdict.GREEN, road=Road.EQUITY)]}, "cannot be proved"),
        ({"proofs": [proof(ProofVerdict.GREEN), proof(ProofVerdict.UNKNOWN, account="b")]}, "BTC on b (BTC)"),
        ({"proofs": [proof(ProofVerdict.UNKNOWN, venue=None)]}, "cannot be proved"),
        ({"proofs": []}, "no venue states a delta"),
        ({"orders": [order(state=OrderState.UNKNOWN)]}, "unknown"),
        ({"orders": [order(state=OrderState.QUARANTINED)]}, "quarantined"),
        ({"blocked": ["BTC"]}, "not fully known"),
    ],
)
def test_each_thing_that_is_not_right_refuses_automatic_hedging(changes, word):
    plain = {"status": TradingStatus(), "proofs": [proof(ProofVerdict.GREEN)], "orders": [], "blocked": []}
    assert auto_refusals(**plain) == ()
    (reason,) = auto_refusals(**{**plain, **changes})
    assert word in reason


def test_a_delta_that_is_not_known_is_said_once():
    unknown = [proof(ProofVerdict.UNKNOWN, ours=None)]
    assert len(auto_refusals(TradingStatus(), unknown, [], ["BTC"])) == 1


@pytest.mark.parametrize("proving", [Road.NET, Road.BLACK])
@pytest.mark.parametrize("verdict", [ProofVerdict.GREEN, ProofVerdict.AMBER])
def test_a_road_that_is_not_offered_does_not_block_where_another_one_proves(proving, verdict):
    found = [proof(ProofVerdict.UNKNOWN, road=road) for road in Road if road is not proving]
    assert auto_refusals(TradingStatus(), [*found, proof(verdict, road=proving)], [], []) == ()


def test_an_account_is_refused_once_however_many_roads_are_unknown():
    found = [proof(ProofVerdict.UNKNOWN, road=road, why="nothing is stated") for road in Road]
    (reason,) = auto_refusals(TradingStatus(), found, [], [])
    assert reason == "the delta of BTC on main (BTC) cannot be proved: nothing is stated"
