"""Arming automatic mode: each thing it takes is taken away once (C18), and who may once it tripped (C8)."""

from dataclasses import replace
from math import inf, nan

import pytest
from nouns import NOW, rules, seconds, underlying_rules

from hedging.ledger.codec import decode, encode
from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.limits import Measure
from hedging.model.rules import AutoRules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    Refusal,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.authority import (
    Grounds,
    armed,
    auto_off,
    halted,
    resumed,
    shadow_counted,
    shadowed,
    tripped,
)

RULES = AutoRules(max_minutes=60, max_orders=40, max_turnover_usd=1e6, shadow_minutes=60)
NOTHING_SEEN = AutoSetting()
SEEN = AutoSetting(shadow_seconds_seen=3600.0)


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


def proof(verdict=ProofVerdict.GREEN, **changes):
    whole = DeltaProof(
        account="main",
        currency="BTC",
        underlying="BTC",
        ours=1.0,
        venue=1.0,
        tolerance=0.1,
        verdict=verdict,
    )
    return replace(whole, **changes)


def grounds(before=SEEN, proofs=None, auto=RULES, **changes):
    whole = Grounds(
        rules=rules(auto=auto),
        status=TradingStatus(auto=before),
        proofs=(proof(),) if proofs is None else tuple(proofs),
    )
    return replace(whole, **changes)


def test_arming_is_for_a_time_inside_caps_by_a_named_person():
    setting = armed(command(), grounds(), NOW)
    assert (setting.mode, setting.set_by) == (AutoMode.ARMED, "ann")
    assert setting.until == NOW + seconds(900)
    assert (setting.max_orders, setting.max_turnover_usd) == (10, 5e5)
    assert (setting.orders_used, setting.turnover_used_usd) == (0, 0.0)
    assert setting.shadow_seconds_seen == 3600.0


@pytest.mark.control("C18")
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
        ({"user": "\u200b"}, False),
    ],
)
def test_c18_what_may_be_armed_and_by_whom(change, fine):
    answer = armed(command(**change), grounds(), NOW)
    assert isinstance(answer, AutoSetting) is fine
    assert fine or answer.control == "C18"


@pytest.mark.control("C18")
@pytest.mark.parametrize(("seen", "fine"), [(3600.0, True), (3599.9, False), (0.0, False), (nan, False)])
def test_c18_shadow_must_have_been_seen(seen, fine):
    answer = armed(command(), grounds(replace(SEEN, shadow_seconds_seen=seen)), NOW)
    assert isinstance(answer, AutoSetting) is fine
    assert fine or "in shadow long enough" in answer.reason


def test_c18_no_shadow_is_asked_for_where_the_rules_say_none():
    assert isinstance(
        armed(command(), grounds(AutoSetting(), auto=AutoRules(shadow_minutes=0)), NOW), AutoSetting
    )


@pytest.mark.control("C18")
@pytest.mark.parametrize(
    ("proofs", "words"),
    [
        ([], "no venue states a delta of BTC"),
        ([proof(ProofVerdict.AMBER)], "is not green"),
        ([proof(ProofVerdict.UNKNOWN)], "is not green"),
        ([proof(ProofVerdict.RED)], "is red"),
        ([proof(), proof(ProofVerdict.RED, road=Road.EQUITY)], "is red by"),
        ([proof(road=Road.EQUITY)], "is not green"),
        ([proof(), proof(ProofVerdict.AMBER, account="second")], "BTC on second"),
        ([proof(underlying="ETH")], "no venue states a delta of BTC"),
    ],
)
def test_c18_the_proof_must_be_green(proofs, words):
    answer = armed(command(), grounds(proofs=proofs), NOW)
    assert answer.control == "C18"
    assert words in answer.reason


def test_c18_one_green_road_proves_beside_an_amber_one():
    found = [proof(ProofVerdict.AMBER, road=Road.BLACK), proof(road=Road.NET)]
    assert isinstance(armed(command(), grounds(proofs=found), NOW), AutoSetting)


@pytest.mark.control("C18")
@pytest.mark.parametrize("missing", [Measure.DELTA, Measure.HEDGE_POSITION])
def test_c18_limits_must_be_set(missing):
    item = underlying_rules()
    item = replace(item, limits=tuple(limit for limit in item.limits if limit.measure is not missing))
    answer = armed(command(), grounds(rules=rules(item, auto=RULES)), NOW)
    assert (answer.control, str(missing) in answer.reason) == ("C18", True)


def test_c18_a_limit_that_is_no_number_is_none():
    item = underlying_rules()
    item = replace(item, limits=tuple(replace(limit, hard=nan) for limit in item.limits))
    assert isinstance(armed(command(), grounds(rules=rules(item, auto=RULES)), NOW), Refusal)


@pytest.mark.control("C18")
@pytest.mark.parametrize("state", [TradingState.REDUCING, TradingState.HALTED])
def test_c18_only_while_trading_is_active(state):
    answer = armed(command(), grounds(status=TradingStatus(state=state, auto=SEEN)), NOW)
    assert state.value in answer.reason


# the time in shadow


def in_shadow(steps, before=NOTHING_SEEN):
    """Shadow counted at each of the steps, in seconds from NOW."""
    setting = shadowed("ann", NOW, before)
    for step in steps:
        setting = shadow_counted(setting, NOW + seconds(step))
    return setting


def test_shadow_time_adds_up_over_counts_and_stretches():
    first = in_shadow(range(60, 1801, 60))
    assert first.shadow_seconds_seen == 1800.0
    off = auto_off(first, "switched off")
    assert shadow_counted(off, NOW + seconds(9999)) == off
    assert in_shadow(range(120, 1801, 120), off).shadow_seconds_seen == 3600.0


@pytest.mark.parametrize(
    ("step", "counted"), [(120, 120.0), (120.1, 0.0), (86_400, 0.0), (-60, 0.0), (0, 0.0)]
)
def test_time_in_which_nobody_counted_was_not_seen(step, counted):
    assert in_shadow([step]).shadow_seconds_seen == counted


def test_time_that_an_engine_was_down_for_does_not_count_when_it_comes_back_in_shadow():
    assert in_shadow([60, 3660, 3720]).shadow_seconds_seen == 120.0


def test_the_stretch_that_runs_counts_when_it_is_armed():
    setting = in_shadow([60], SEEN_ALMOST)
    assert isinstance(armed(command(), grounds(setting), NOW + seconds(119)), Refusal)
    assert isinstance(armed(command(), grounds(setting), NOW + seconds(120)), AutoSetting)


SEEN_ALMOST = AutoSetting(shadow_seconds_seen=3480.0)


# armed again after it repeated itself


def by(user, before, now=NOW):
    return armed(command(user=user), grounds(before), now)


def trip():
    return tripped(by("Ann Lee", SEEN), "7 sells in 10 min")


def test_c8_a_trip_ends_automatic_mode_and_keeps_why_and_who_armed():
    off = trip()
    assert (off.mode, off.tripped_armed_by) == (AutoMode.OFF, "Ann Lee")
    assert off.tripped_by_use == "7 sells in 10 min"
    assert "7 sells in 10 min" in off.ended_because
    assert tripped(off, "again") == off


@pytest.mark.parametrize("user", ["Ann Lee", "ann lee", " ANN  LEE ", "Ann\u00a0Lee", "Ann Lee\u200b"])
def test_c8_who_armed_it_does_not_arm_it_again_in_any_spelling(user):
    answer = by(user, trip())
    assert (answer.control, "another person" in answer.reason) == ("C8", True)


def test_c8_another_person_does_and_repetition_counts_from_then():
    later = NOW + seconds(60)
    again = by("Bob", trip(), later)
    assert (again.mode, again.tripped_by_use, again.tripped_armed_by) == (AutoMode.ARMED, "", "")
    assert again.repeats_from == later
    assert by("Ann Lee", tripped(again, "once more")).mode is AutoMode.ARMED


@pytest.mark.control("C8")
@pytest.mark.parametrize(
    "way_round",
    [
        lambda off: shadowed("Ann Lee", NOW, off),
        lambda off: auto_off(shadowed("Ann Lee", NOW, off), "switched off by Ann Lee"),
        lambda off: shadowed("Bob", NOW, off),
        lambda off: decode(AutoSetting, encode(off)),
        lambda off: (
            resumed(
                resumed(halted(TradingStatus(auto=off), "drill"), "Ann Lee", Role.RISK), "Bob", Role.RISK
            ).auto
        ),
    ],
    ids=["shadow", "off", "shadow by another", "a restart", "halted and resumed"],
)
def test_c8_there_is_no_way_round_the_other_person(way_round):
    assert by("Ann Lee", way_round(trip())).control == "C8"
    assert by("Bob", way_round(trip())).mode is AutoMode.ARMED


def test_c8_off_and_armed_again_by_the_same_person_counts_on():
    first = by("Ann Lee", SEEN)
    assert by("Ann Lee", auto_off(first, "switched off")).repeats_from is None
    from_then = by("Bob", trip())
    assert by("Bob", auto_off(from_then, "switched off"), NOW + seconds(90)).repeats_from == NOW
