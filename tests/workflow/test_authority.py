from dataclasses import replace

import pytest
from nouns import NOW, order, seconds

from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    CommandKind,
    OrderState,
    ReducedBy,
    Refusal,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.authority import (
    auto_off,
    auto_refusals,
    halted,
    lapsed,
    may,
    reducing,
    resumed,
    shadowed,
)

ARMED = AutoSetting(
    mode=AutoMode.ARMED, set_by="ann", until=NOW + seconds(900), max_orders=5, max_turnover_usd=1e6
)


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
REDUCED = reducing(TradingStatus(), "drill")


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
@pytest.mark.parametrize("before", [HALTED, REDUCED], ids=["halted", "reducing"])
def test_two_different_people_resume_and_one_of_them_is_risk(before, first, second, active):
    asked = resumed(before, *first)
    assert asked.state is before.state
    answer = resumed(asked, *second)
    if active:
        assert answer == TradingStatus(auto=answer.auto)
        assert answer.auto.mode is AutoMode.OFF
    else:
        assert isinstance(answer, Refusal)


def test_a_nameless_person_cannot_ask_and_what_runs_is_not_resumed():
    assert isinstance(resumed(HALTED, " ", Role.RISK), Refusal)
    assert isinstance(resumed(TradingStatus(), "ann", Role.RISK), Refusal)


def test_reducing_ends_automatic_mode_and_voids_the_first_half_of_resuming():
    asked = resumed(REDUCED, "ann", Role.RISK)
    again = reducing(replace(asked, auto=ARMED), "again")
    assert (again.state, again.reduced_because) == (TradingState.REDUCING, "again")
    assert (again.reduced_by, again.resume_asked_by) == (ReducedBy.PERSON, "")
    assert (again.auto.mode, again.auto.ended_because) == (AutoMode.OFF, "reducing: again")


def test_a_halt_is_never_loosened_to_reducing_and_reducing_may_become_a_halt():
    assert reducing(HALTED, "drill") == HALTED
    assert reducing(HALTED, "old marks", ReducedBy.MARKET) == HALTED
    assert halted(REDUCED, "worse") == halted(TradingStatus(), "worse")


def test_what_a_person_reduced_does_not_become_the_markets_and_the_other_way_round_it_does():
    assert reducing(REDUCED, "old marks", ReducedBy.MARKET) == REDUCED
    by_market = reducing(TradingStatus(), "old marks", ReducedBy.MARKET)
    assert reducing(by_market, "tess: careful").reduced_by is ReducedBy.PERSON


def test_a_new_halt_voids_the_first_half_of_resuming():
    asked = resumed(HALTED, "ann", Role.RISK)
    again = halted(asked, "again")
    assert resumed(again, "bob", Role.RISK).state is TradingState.HALTED


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
    shadow = shadowed("ann", NOW, AutoSetting())
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
