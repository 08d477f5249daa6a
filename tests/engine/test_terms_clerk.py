"""Terms in the engine: the file's at the start, proposals and approvals, and what they end."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace

import nouns
import pytest
from fake_venue import AUTO

from hedging.core import events as happened
from hedging.core.effects import PutTicket
from hedging.decide import assess
from hedging.engine.recording import Recorder
from hedging.engine.terms import TermsClerk, premises_of, taken_up
from hedging.errors import SettingsError
from hedging.model.limits import WHOLE_BOOK, BreachLevel, Limit, Measure, Numeraire
from hedging.model.rules import AccountPlace
from hedging.model.terms import TermsChange, TermsSource, TermsState
from hedging.model.trading import AutoMode, Command, CommandKind, CommandState, Role, TicketState
from hedging.units import Side
from hedging.workflow import ticket as tickets
from hedging.workflow.terms import change_text, terms_of, with_terms

LOTS = {"BTC": 0.0001}


def started(found, rules=None):
    """Take up the terms as a start of the engine does."""
    desk = found.desk
    rules = replace(rules or desk.rules, accounts=(AccountPlace("main", "deribit"),))
    version = taken_up(desk.recorder, rules, premises_of(rules, LOTS), found.clock())
    desk.driver.happen(happened.TermsTaken(rules=with_terms(rules, version.terms), status=found.state.status))
    desk.show_terms(found.ledger.terms(states=(TermsState.PROPOSED, TermsState.IN_FORCE)))
    return desk.terms


@pytest.fixture
async def ready(fake):
    """An engine whose terms are in the ledger."""
    started(fake)
    return fake


def change(found, **own):
    current = found.desk.terms.terms.underlyings[0]
    return TermsChange(underlyings=(replace(current, **own),))


def proposed(found, user="ann", role=Role.TRADER, what=None, **more):
    current = found.desk.terms
    body = change_text(what or change(found, band=nouns.band(-4.0, 4.0)))
    given = {"ref_version": current.number, "ref_hash": current.content_hash, "reason": "calmer", **more}
    return found.asked(CommandKind.PROPOSE_TERMS, user, role, body=body, **given)


def approve(found, number, user="rita", role=Role.RISK, kind=CommandKind.APPROVE_TERMS, **more):
    named = next(each for each in found.ledger.terms() if each.number == number)
    given = {"ref_version": number, "ref_hash": named.content_hash, "reason": "seen", **more}
    return found.asked(kind, user, role, **given)


def wait_with(found, ticket):
    """Have this ticket wait, in the ledger and in the core."""
    before = found.state.tickets.get("BTC")
    over = (PutTicket(tickets.supersede(before, "a test")),) if before else ()
    found.put(*over, PutTicket(ticket))
    found.desk.driver.state = replace(found.state, tickets={"BTC": ticket})


def states(found):
    return {each.number: each.state for each in found.ledger.terms()}


def limit(measure, hard, scope=nouns.BTC):
    return Limit(scope=scope, measure=measure, soft=hard / 2, hard=hard)


async def test_an_approved_version_is_in_force_with_the_next_cycle(ready):
    said = proposed(ready)
    assert said.state is CommandState.DONE, said.answer
    assert "BTC band lower: -5 → -4" in said.answer
    assert [each.number for each in ready.desk.proposals] == [2]
    assert ready.desk.rules.underlyings[0].band == nouns.band(-5.0, 5.0)
    said = approve(ready, 2)
    assert said.state is CommandState.DONE, said.answer
    assert states(ready) == {1: TermsState.SUPERSEDED, 2: TermsState.IN_FORCE}
    assert ready.desk.rules.underlyings[0].band == nouns.band(-4.0, 4.0)
    assert (ready.desk.terms.number, ready.desk.terms.approver, ready.desk.proposals) == (2, "rita", ())
    found = ready.state.assessment(ready.clock())
    assert found.drifts["BTC"].band == nouns.band(-4.0, 4.0)
    assert ready.ledger.verify_chain() > 0


@pytest.mark.parametrize(("user", "role"), [("ann", Role.RISK), ("ANN ", Role.RISK), ("rita", Role.TRADER)])
async def test_the_author_and_a_trader_do_not_approve(ready, user, role):
    proposed(ready)
    said = approve(ready, 2, user, role)
    assert said.state is CommandState.REFUSED
    assert states(ready)[2] is TermsState.PROPOSED
    assert ready.desk.terms.number == 1


async def test_of_two_proposals_one_takes_effect_and_the_other_is_superseded(ready):
    proposed(ready, "ann")
    proposed(ready, "bob", what=change(ready, band=nouns.band(-3.0, 3.0)))
    assert approve(ready, 3).state is CommandState.DONE
    said = approve(ready, 2)
    assert said.state is CommandState.REFUSED
    assert "superseded" in said.answer
    assert states(ready) == {
        1: TermsState.SUPERSEDED,
        2: TermsState.SUPERSEDED,
        3: TermsState.IN_FORCE,
    }
    assert ready.desk.rules.underlyings[0].band.lower == -3.0


async def test_a_double_click_and_a_second_approval_change_nothing(ready):
    proposed(ready)
    current = ready.desk.proposals[0]
    command = Command(
        key="once", at=ready.clock(), user="rita", role=Role.RISK, kind=CommandKind.APPROVE_TERMS,
        ref_version=2, ref_hash=current.content_hash,
    )  # fmt: skip
    ready.ledger.append_command(command)
    ready.ledger.append_command(command)
    for pending in ready.ledger.pending_commands():
        ready.loop._take(pending)
    taken = ready.desk.terms
    said = approve(ready, 2, "roland")
    assert said.state is CommandState.REFUSED
    assert ready.ledger.terms()[0] == taken
    assert taken.approver == "rita"
    assert sum(record.kind == "terms" for record in ready.ledger.records()) == 4


async def test_a_stale_proposal_is_refused_when_it_is_made(ready):
    old = ready.desk.terms
    proposed(ready)
    approve(ready, 2)
    said = proposed(ready, "bob", ref_version=old.number, ref_hash=old.content_hash)
    assert said.state is CommandState.REFUSED
    assert "version 2 is in force" in said.answer
    assert len(ready.ledger.terms()) == 2


async def test_what_was_not_on_the_screen_is_not_approved(ready):
    proposed(ready)
    assert approve(ready, 2, ref_hash="0" * 64).state is CommandState.REFUSED
    assert approve(ready, 2, ref_version=9).state is CommandState.REFUSED
    assert ready.desk.terms.number == 1


async def test_a_proposal_is_rejected_or_withdrawn_by_the_right_person(ready):
    for _ in range(2):
        proposed(ready)
    assert approve(ready, 2, kind=CommandKind.REJECT_TERMS, reason="").state is CommandState.REFUSED
    assert approve(ready, 2, kind=CommandKind.REJECT_TERMS).state is CommandState.DONE
    withdraw = CommandKind.WITHDRAW_TERMS
    assert approve(ready, 3, "bob", Role.TRADER, withdraw).state is CommandState.REFUSED
    assert approve(ready, 3, "ann", Role.TRADER, withdraw).state is CommandState.DONE
    assert states(ready) == {
        1: TermsState.IN_FORCE,
        2: TermsState.REJECTED,
        3: TermsState.WITHDRAWN,
    }
    assert ready.desk.proposals == ()


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"band": nouns.band(-31.0, 5.0)}, "beyond the hard delta limit"),
        ({"band": nouns.band(-0.00001, 5.0)}, "ping-pong"),
        ({"limits": (limit(Measure.DELTA, 30.0),)}, "hedge position is required"),
        ({"max_order_coin": 100.0}, "beyond the hard limit"),
        ({"numeraire": Numeraire(2.0)}, "hedged share"),
    ],
)
async def test_terms_that_cannot_be_used_are_not_even_proposed(ready, own, said):
    found = proposed(ready, what=change(ready, **own))
    assert found.state is CommandState.REFUSED
    assert said in found.answer
    assert len(ready.ledger.terms()) == 1


@pytest.mark.parametrize("body", ["", "{}", '{"underlyings":[],"wider":null,"zzz":1}', "[1]", "null"])
async def test_a_body_that_is_no_change_is_refused(ready, body):
    current = ready.desk.terms
    found = ready.asked(
        CommandKind.PROPOSE_TERMS, "ann", body=body, reason="x",
        ref_version=current.number, ref_hash=current.content_hash,
    )  # fmt: skip
    assert found.state is CommandState.REFUSED
    assert len(ready.ledger.terms()) == 1


async def test_a_limit_lowered_under_the_present_exposure_is_allowed_and_said(ready):
    low = (limit(Measure.HEDGE_POSITION, 60.0), limit(Measure.DELTA, 8.0))
    what = change(ready, limits=low)
    words = "in breach at once: BTC delta"
    assert words in proposed(ready, what=what).answer
    found = approve(ready, 2)
    assert (found.state, words in found.answer) == (CommandState.DONE, True)
    levels = {each.limit.measure: each.level for each in ready.state.assessment(ready.clock()).limits}
    assert levels[Measure.DELTA] is BreachLevel.HARD


async def test_a_wider_limit_counts_too(ready):
    what = TermsChange(wider=(limit(Measure.GROSS_NOTIONAL, 500_000.0, WHOLE_BOOK),))
    assert "in breach at once: whole book gross notional" in proposed(ready, what=what).answer
    assert approve(ready, 2).state is CommandState.DONE
    assert ready.desk.rules.wider == what.wider


async def test_without_a_price_of_the_hedge_nothing_is_taken(ready):
    proposed(ready)
    ready.feeding = False
    ready.desk.board.quotes.clear()
    found = approve(ready, 2)
    assert found.state is CommandState.REFUSED
    assert "the delta of one lot is not known" in found.answer


async def test_tickets_of_old_terms_and_automatic_mode_end(ready):
    waiting = nouns.ticket(created_at=ready.clock(), expires_at=ready.clock() + timedelta(seconds=60))
    wait_with(ready, waiting)
    ready.arm()
    proposed(ready)
    assert ready.state.status.auto.mode is AutoMode.ARMED
    approve(ready, 2)
    closed = ready.ledger.ticket(waiting.id)
    assert closed.state is TicketState.SUPERSEDED
    assert "version 2 of the terms took effect" in closed.note
    auto = ready.ledger.trading().auto
    assert (auto.mode, "version 2" in auto.ended_because) == (AutoMode.OFF, True)
    assert ready.state.status.auto == auto
    assert ready.state.tickets == {}


async def test_a_ticket_of_an_underlying_that_did_not_change_goes_on_waiting(ready):
    waiting = nouns.ticket(created_at=ready.clock(), expires_at=ready.clock() + timedelta(seconds=60))
    wait_with(ready, waiting)
    proposed(ready, what=TermsChange(wider=(limit(Measure.VEGA, 1e9, WHOLE_BOOK),)))
    approve(ready, 2)
    assert ready.ledger.ticket(waiting.id).state is TicketState.PROPOSED


async def test_a_ticket_that_is_being_sent_stops_when_its_terms_change(ready):
    ticket = ready.begun()
    await ready.sent(1)
    proposed(ready, what=change(ready, numeraire=Numeraire(1.0)))
    approve(ready, 2)
    before = len(ready.venue.sent)
    closed = await ready.over(ticket)
    assert len(ready.venue.sent) <= before + 1
    assert ready.venue.position > 800_000
    assert closed.state is TicketState.FAILED
    assert "no longer in force" in closed.note


async def test_a_limit_lowered_while_a_ticket_waits_is_the_one_its_orders_meet(ready):
    """Approved terms hold for orders of tickets that were approved before, too."""
    wider = (limit(Measure.GROSS_NOTIONAL, 1_000_000.0, WHOLE_BOOK),)
    proposed(ready, what=TermsChange(wider=wider))
    approve(ready, 2)
    buying = {"side": Side.BUY, "worst_price": Decimal("100200.0")}
    ticket = ready.begun(leg=buying, target=20.0)
    over = await ready.over(ticket)
    assert ready.venue.sent == []
    assert "gross notional of whole book" in over.note


async def test_nothing_is_half_done_where_the_ledger_refuses(ready, monkeypatch):
    proposed(ready)
    ready.arm()
    before = ready.state.status

    def forged(version, *_):
        return replace(version, state=TermsState.IN_FORCE, approver=version.author)

    monkeypatch.setattr("hedging.workflow.terms.approve", forged)
    from hedging.errors import LedgerError

    with pytest.raises(LedgerError):
        approve(ready, 2)
    assert states(ready) == {1: TermsState.IN_FORCE, 2: TermsState.PROPOSED}
    assert ready.ledger.trading() == before == ready.state.status
    assert ready.desk.terms.number == 1
    assert len(ready.ledger.pending_commands()) == 1


async def test_two_engines_threads_approving_at_once_let_one_through(ready):
    """The race, forced: both read the same proposals, and one transaction comes after the other."""
    proposed(ready, "ann")
    proposed(ready, "bob", what=change(ready, band=nouns.band(-3.0, 3.0)))
    gate = threading.Barrier(2)
    answers = {}
    other = Recorder(ready.ledger, ready.desk.recorder.lease, ready.clock)

    def press(number, recorder):
        named = next(each for each in ready.ledger.terms() if each.number == number)
        driver = SimpleNamespace(state=ready.state, now=ready.clock, happen=lambda _: None)
        desk = replace(ready.desk, recorder=recorder, driver=driver, wake=lambda: None)
        command = Command(
            key=f"race-{number}", at=ready.clock(), user="rita", role=Role.RISK,
            kind=CommandKind.APPROVE_TERMS, ref_version=number, ref_hash=named.content_hash,
        )  # fmt: skip
        gate.wait()
        ready.ledger.append_command(command)
        TermsClerk(desk).handle(command)
        answers[number] = ready.ledger.command(command.key).state

    threads = [
        threading.Thread(target=press, args=(2, ready.desk.recorder)),
        threading.Thread(target=press, args=(3, other)),
    ]
    for each in threads:
        each.start()
    for each in threads:  # the loop stands still meanwhile, and takes no command by itself
        each.join()
    assert sorted(answers.values()) == [CommandState.DONE, CommandState.REFUSED]
    in_force = [number for number, state in states(ready).items() if state is TermsState.IN_FORCE]
    assert len(in_force) == 1
    assert answers[in_force[0]] is CommandState.DONE


class TestStart:
    async def test_the_file_is_version_one(self, fake):
        version = started(fake)
        assert (version.number, version.source) == (1, TermsSource.FILE)
        assert version.reason == "the first start of this book"

    async def test_a_later_version_wins_over_a_file_that_has_not_changed(self, ready):
        file = ready.desk.rules
        proposed(ready)
        approve(ready, 2)
        again = started(ready, replace(file, execution=replace(file.execution, clip_usd=1.0)))
        assert again.number == 2
        assert ready.desk.rules.underlyings[0].band == nouns.band(-4.0, 4.0)
        assert ready.desk.rules.execution.clip_usd == 1.0

    async def test_a_changed_file_is_a_new_version_and_says_so(self, ready):
        proposed(ready)
        approve(ready, 2)
        proposed(ready, "bob", what=change(ready, band=nouns.band(-2.0, 2.0)))
        wide = nouns.rules(nouns.underlying_rules(band=nouns.band(-6.0, 6.0)))
        again = started(ready, wide)
        assert (again.number, again.based_on, again.source) == (4, 2, TermsSource.FILE)
        assert again.reason == "the file has changed since it was read last"
        assert states(ready) == {
            1: TermsState.SUPERSEDED,
            2: TermsState.SUPERSEDED,
            3: TermsState.SUPERSEDED,
            4: TermsState.IN_FORCE,
        }
        assert started(ready, wide).number == 4

    async def test_proposals_outlive_a_restart(self, ready):
        file = ready.desk.rules
        proposed(ready)
        started(ready, file)
        assert [each.number for each in ready.desk.proposals] == [2]
        assert approve(ready, 2).state is CommandState.DONE

    async def test_terms_that_the_configuration_no_longer_allows_stop_the_start(self, ready):
        file = ready.desk.rules
        proposed(ready)
        approve(ready, 2)
        with pytest.raises(SettingsError, match="version 2 of the terms, by ann, cannot be used"):
            taken_up(ready.desk.recorder, file, premises_of(file, {"BTC": 7.0}), ready.clock())

    async def test_a_version_replays_the_decision_it_made(self, ready):
        proposed(ready)
        approve(ready, 2)
        snapshot = ready.desk.snapshot()
        assert terms_of(ready.desk.rules) == ready.ledger.terms(states=(TermsState.IN_FORCE,))[0].terms
        assert assess(snapshot, ready.desk.rules).drifts["BTC"].band.upper == 4.0


@pytest.mark.parametrize("nobody", ["", " ", "\u200b"])
async def test_what_nobody_asked_is_refused_and_stopping_is_not(ready, nobody):
    waiting = nouns.ticket(created_at=ready.clock(), expires_at=ready.clock() + timedelta(seconds=60))
    wait_with(ready, waiting)
    seen = {"ref": waiting.id, "ref_version": waiting.version, "ref_hash": waiting.content_hash}
    for kind in (CommandKind.APPROVE, CommandKind.AUTO_ARM, CommandKind.AUTO_SHADOW):
        said = ready.asked(kind, nobody, **seen)
        assert (said.state, said.answer) == (CommandState.REFUSED, f"{kind} needs the name of a person")
    assert ready.ledger.ticket(waiting.id).state is TicketState.PROPOSED
    assert ready.asked(CommandKind.HALT, nobody).state is CommandState.DONE


async def test_terms_that_take_effect_before_a_started_ticket_has_its_turn_end_it(ready):
    """Also where somebody arms again at once: both wishes may wait for the same moment."""
    ready.arm()
    ready.desk.driver.happen(happened.ClockRead("main", 9.0))  # its turn has to wait
    ticket = ready.begun(decided_by=AUTO)
    proposed(ready, what=change(ready, numeraire=Numeraire(1.0)))
    assert approve(ready, 2).state is CommandState.DONE
    ready.arm()
    over = await ready.over(ticket)
    assert ready.venue.sent == []
    assert over.state is TicketState.FAILED
    assert "no longer in force" in over.note
