"""Random lives of a switch: people halt, reduce, arm, resume; the market goes mad; automatic mode trips."""

import random
from dataclasses import replace

import pytest
from nouns import NOW, rules, seconds

from hedging.ledger.codec import decode, encode
from hedging.model.exposure import DeltaProof, ProofVerdict
from hedging.model.rules import AutoRules, MarketRules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    CommandKind,
    ReducedBy,
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
    lapsed,
    may,
    reducing,
    resumed,
    shadow_counted,
    shadowed,
    tripped,
)
from hedging.workflow.market_sanity import market_watched
from hedging.workflow.terms import plain_name, same_person

PEOPLE = {
    "Ann Lee": Role.TRADER,
    "ann  lee": Role.TRADER,
    "Bob": Role.TRADER,
    "Rita": Role.RISK,
    " rita": Role.RISK,
}
RULES = rules(auto=AutoRules(shadow_minutes=2, max_minutes=5))
MARKET = MarketRules(quiet_seconds=60)
PROOF = DeltaProof(
    account="main",
    currency="BTC",
    underlying="BTC",
    ours=1.0,
    venue=1.0,
    tolerance=0.1,
    verdict=ProofVerdict.GREEN,
)


class Life:
    """A book's switch, and beside it what a suspicious auditor writes down of it."""

    def __init__(self, seed):
        self.source = random.Random(seed)
        self.now = NOW
        self.status = TradingStatus()
        self.active_by = "start"
        self.shadow_seen = 0.0
        self.last_tripped = ""
        self.first_half = ""
        self.armings = self.trips = self.resumes = 0

    def step(self):
        act = self.source.choice(
            [self.halt, self.reduce, self.resume, self.resume, self.resume, self.arm, self.arm, self.shadow]
            + [self.trip] * 4
            + [self.off, self.market, self.market, self.restart]
            + [self.pass_time] * 8
        )
        act(self.source.choice(sorted(PEOPLE)))
        self.check()

    def pass_time(self, _):
        step = self.source.choice([1, 30, 60, 119, 121, 400])
        self.now += seconds(step)
        was_shadow = self.status.auto.mode is AutoMode.SHADOW
        self.status = replace(self.status, auto=shadow_counted(lapsed(self.status.auto, self.now), self.now))
        self.shadow_seen += step if was_shadow and step <= 120 else 0

    def halt(self, user):
        self.status = halted(self.status, f"{user}: drill")

    def reduce(self, user):
        self.status = reducing(self.status, f"{user}: careful")

    def resume(self, user):
        before = self.status
        found = resumed(before, user, PEOPLE[user])
        if isinstance(found, Refusal):
            return
        if found.state is TradingState.ACTIVE:
            assert before.state is not TradingState.ACTIVE
            assert not same_person(before.resume_asked_by.rpartition(" ")[0], user)
            assert Role.RISK.value in before.resume_asked_by or PEOPLE[user] is Role.RISK
            self.active_by = "two people"
            self.resumes += 1
        self.status = found

    def market(self, _):
        before = self.status
        trouble = self.source.choice(["", "", "old marks"])
        self.status = market_watched(before, trouble, MARKET, self.now)
        if before.state is not TradingState.ACTIVE and self.status.state is TradingState.ACTIVE:
            assert before.reduced_by is ReducedBy.MARKET
            assert (self.now - before.quiet_since).total_seconds() >= 60
            self.active_by = "a quiet market"

    def arm(self, user):
        command = Command(
            key="k",
            at=self.now,
            user=user,
            role=PEOPLE[user],
            kind=CommandKind.AUTO_ARM,
            minutes=5,
            max_orders=5,
            max_turnover_usd=1e5,
        )
        assert may(PEOPLE[user], CommandKind.AUTO_ARM) is None
        found = armed(command, Grounds(rules=RULES, status=self.status, proofs=(PROOF,)), self.now)
        if isinstance(found, Refusal):
            return
        assert self.status.state is TradingState.ACTIVE
        assert self.shadow_seen >= 120
        assert not (self.last_tripped and same_person(self.last_tripped, user))
        self.last_tripped = ""
        self.armings += 1
        self.status = replace(self.status, auto=found)

    def shadow(self, user):
        self.status = replace(self.status, auto=shadowed(user, self.now, self.status.auto))

    def off(self, user):
        self.status = replace(self.status, auto=auto_off(self.status.auto, f"switched off by {user}"))

    def trip(self, _):
        if self.status.auto.mode is AutoMode.ARMED:
            self.last_tripped = self.status.auto.set_by
            self.trips += 1
        self.status = replace(self.status, auto=tripped(self.status.auto, "6 sells in 10 min"))

    def restart(self, _):
        stored = decode(TradingStatus, encode(self.status))
        assert stored == self.status
        self.status = replace(stored, auto=auto_off(stored.auto, "the engine started"))

    def check(self):
        status, auto = self.status, self.status.auto
        assert (status.state is TradingState.REDUCING) is (status.reduced_by is not None)
        assert (status.state is TradingState.HALTED) is bool(status.halted_because)
        if status.state is TradingState.ACTIVE:
            assert (status.resume_asked_by, status.reduced_because, status.quiet_since) == ("", "", None)
            assert self.active_by
        else:
            assert auto.mode is not AutoMode.ARMED
            self.active_by = ""
        assert auto.mode is not AutoMode.ARMED or (auto.until is not None and plain_name(auto.set_by))
        assert auto.shadow_seconds_seen <= self.shadow_seen + 1e-9


@pytest.mark.parametrize("seed", range(8))
def test_no_life_of_the_switch_breaks_a_rule(seed):
    life = Life(seed)
    for _ in range(3_000):
        life.step()
    assert min(life.armings, life.trips, life.resumes) > 5


def test_a_status_stored_before_there_was_reducing_by_the_market_is_read():
    old = (
        '{"auto":{"ended_because":"","max_orders":0,"max_turnover_usd":0.0,"mode":"shadow","orders_used":0,'
        '"set_at":null,"set_by":"ann","turnover_used_usd":0.0,"until":null},"halted_because":"drill",'
        '"resume_asked_by":"","state":"halted"}'
    )
    read = decode(TradingStatus, old)
    assert read.auto == AutoSetting(mode=AutoMode.SHADOW, set_by="ann")
    assert (read.state, read.reduced_by) == (TradingState.HALTED, None)
    assert shadow_counted(read.auto, NOW).shadow_seconds_seen == 0.0
