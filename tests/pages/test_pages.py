"""Every page inside AppTest: empty, starting, stale, normal, breached, with an unknown order."""

import importlib
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from components import session
from hedging.desk import DOORWAY, Desk, Phase, Standing
from hedging.model.limits import BreachLevel, Measure
from hedging.model.terms import TermsState
from hedging.model.trading import (
    AutoSetting,
    CommandKind,
    CommandState,
    OrderState,
    ReducedBy,
    TicketState,
    TradingState,
)

ROOT = Path(__file__).parents[2]
PAGES = ("exposure", "drift", "tickets", "scenarios", "ledger", "demo")


def run_page(name):
    import importlib

    importlib.import_module(f"pages.{name}").render()


@pytest.fixture
def desk(fake, tmp_path):
    opened = Desk.open(tmp_path, has_demo=False)
    DOORWAY.set(Standing(phase=Phase.RUNNING, note="running", desk=opened))
    yield opened
    DOORWAY.set(Standing())
    opened.close()


def page(name):
    return AppTest.from_function(run_page, args=(name,), default_timeout=20).run()


def text(test):
    return "\n".join(element.proto.body for element in test.get("html"))


def button(test, key):
    return next(each for each in test.button if each.key == key)


def breached(view):
    return replace(view, limits=tuple(replace(each, level=BreachLevel.HARD) for each in view.limits))


def unknown(view):
    return replace(view, orders=tuple(replace(each, state=OrderState.UNKNOWN) for each in view.orders))


def stale(view):
    return replace(view, at=view.at - timedelta(minutes=5))


def empty(view):
    return replace(view, underlyings=(), positions=(), limits=(), tickets=(), orders=(), feeds=(), gaps=())


@pytest.mark.parametrize("change", [breached, unknown, stale, empty], ids=lambda change: change.__name__)
@pytest.mark.parametrize("name", [name for name in PAGES if name != "ledger"])
def test_a_page_stands_in_every_state(name, change, fake, desk):
    fake.series.put_view(change(fake.step()))
    assert not page(name).exception


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_before_the_first_view(name):
    DOORWAY.set(Standing())
    assert not page(name).exception


@pytest.mark.parametrize("name", PAGES)
def test_a_page_stands_while_the_book_moves(name, fake, desk):
    fake.step()
    test = page(name)
    fake.step()
    assert not test.run().exception


@pytest.mark.parametrize("name", PAGES)
def test_a_page_file_refuses_to_run_alone(name):
    run = subprocess.run(
        [sys.executable, str(ROOT / "pages" / f"{name}.py")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert run.returncode != 0
    assert "RunAloneError" in run.stderr


def test_importing_a_page_draws_nothing():
    for name in PAGES:
        importlib.import_module(f"pages.{name}")


class TestTickets:
    @pytest.fixture
    def ticket(self, fake, desk):
        return next(ticket for ticket in fake.step().tickets if ticket.underlying == "BTC")

    def test_nothing_waits_is_said_with_its_reason(self, fake, desk):
        fake.blackout = True
        fake.step()
        assert "quotes are stale" in text(page("tickets"))

    def test_approving_takes_two_presses_and_carries_what_was_shown(self, fake, desk, ticket):
        test = button(page("tickets"), f"tickets-approve-{ticket.id}").click().run()
        assert fake.ledger.commands() == ()
        assert "Send exactly this: sell" in text(test)
        button(test, f"tickets-confirm-{ticket.id}").click().run()
        command = fake.ledger.commands()[0]
        assert (command.kind, command.ref, command.ref_version) == (
            CommandKind.APPROVE,
            ticket.id,
            ticket.version,
        )
        assert command.ref_hash == ticket.content_hash
        assert command.user == "Tessa"

    def test_a_second_session_of_the_same_person_is_the_same_command(self, fake, desk, ticket):
        for _ in range(2):
            test = button(page("tickets"), f"tickets-approve-{ticket.id}").click().run()
            button(test, f"tickets-confirm-{ticket.id}").click().run()
        assert len(fake.ledger.commands()) == 1

    def test_back_asks_nothing(self, fake, desk, ticket):
        test = button(page("tickets"), f"tickets-approve-{ticket.id}").click().run()
        test = button(test, f"tickets-back-{ticket.id}").click().run()
        assert button(test, f"tickets-approve-{ticket.id}")
        assert fake.ledger.commands() == ()

    def test_a_ticket_that_changed_under_the_confirmation_cannot_be_confirmed(self, fake, desk, ticket):
        test = button(page("tickets"), f"tickets-approve-{ticket.id}").click().run()
        changed = replace(ticket, content_hash="other", version=ticket.version + 1)
        view = desk.read()
        others = tuple(each for each in view.tickets if each.id != ticket.id)
        fake.series.put_view(replace(view, sequence=view.sequence + 1, tickets=(changed, *others)))
        test = test.run()
        assert button(test, f"tickets-confirm-{ticket.id}").disabled
        assert "has changed" in text(test)

    def test_a_rejection_needs_a_reason(self, fake, desk, ticket):
        test = button(page("tickets"), f"tickets-reject-{ticket.id}").click().run()
        assert "needs its reason" in text(test)
        assert fake.ledger.commands() == ()

    def test_a_rejection_with_its_reason_reaches_the_engine(self, fake, desk, ticket):
        test = page("tickets")
        test.text_input(key=f"tickets-reason-{ticket.id}").set_value("too dear").run()
        test = button(test, f"tickets-reject-{ticket.id}").click().run()
        assert "waiting for the engine" in text(test)
        fake.step()
        test = test.run()
        assert f"ticket {ticket.id} rejected" in text(test)
        assert fake.ledger.ticket(ticket.id).state is TicketState.REJECTED
        assert fake.ledger.ticket(ticket.id).note == "too dear"

    def test_a_viewer_sees_locked_buttons(self, fake, desk, ticket):
        test = AppTest.from_function(run_page, args=("tickets",), default_timeout=20)
        test.session_state[session.person_key()] = "Vera"
        test.run()
        for key in (f"tickets-approve-{ticket.id}", f"tickets-reject-{ticket.id}", "auto-arm", "auto-shadow"):
            assert button(test, key).disabled
        assert not button(test, "auto-off").disabled

    def test_who_lost_the_role_since_the_page_was_drawn_is_refused(self, fake, desk, ticket):
        test = page("tickets")
        test.session_state[session.person_key()] = "Vera"
        button(test, "auto-arm").click().run()
        assert "viewer may not auto arm" in text(test)
        assert fake.ledger.commands() == ()

    def test_arming_carries_its_caps(self, fake, desk, ticket):
        test = page("tickets")
        test.number_input(key="auto-orders").set_value(7).run()
        test = button(test, "auto-arm").click().run()
        command = fake.ledger.commands()[0]
        assert command.kind is CommandKind.AUTO_ARM
        assert (command.minutes, command.max_orders, command.max_turnover_usd) == (15, 7, 3_000_000)
        fake.step()
        assert "Automatic hedging: armed" in text(test.run())

    def test_who_armed_what_repeated_itself_may_not_arm_again(self, fake, desk, ticket):
        tripped = AutoSetting(tripped_by_use="7 sells in 10 min", tripped_armed_by="Tessa")
        fake.status = replace(fake.status, auto=tripped)
        fake.step()
        test = page("tickets")
        assert "Another person than Tessa must arm it" in text(test)
        assert button(test, "auto-arm").disabled
        test.session_state[session.person_key()] = "Rafael"
        assert not button(test.run(), "auto-arm").disabled

    def held(self, fake, ticket):
        fake._send(ticket, "Tessa", ticket.created_at)
        name = f"{ticket.id}-0-0"
        fake.orders[name] = replace(
            fake.orders[name], state=OrderState.QUARANTINED, detail="it filled after it was cancelled"
        )
        fake.step()
        return name

    def acting(self, name):
        test = AppTest.from_function(run_page, args=("tickets",), default_timeout=20)
        test.session_state[session.person_key()] = name
        return test.run()

    def test_a_quarantined_order_says_what_to_do_and_only_risk_releases_it(self, fake, desk, ticket):
        name = self.held(fake, ticket)
        test = self.acting("Tessa")
        assert "it filled after it was cancelled" in text(test)
        assert "look it up on the exchange" in text(test)
        assert button(test, f"tickets-release-{name}").disabled

    def test_a_release_needs_what_was_found_and_reaches_the_engine_once(self, fake, desk, ticket):
        name = self.held(fake, ticket)
        test = button(self.acting("Rafael"), f"tickets-release-{name}").click().run()
        assert "what was found" in text(test)
        assert fake.ledger.commands() == ()
        test = test.text_input(key=f"tickets-found-{name}").set_value("it never traded").run()
        test = button(test, f"tickets-release-{name}").click().run()
        button(test, f"tickets-release-{name}").click().run()
        asked = [(each.kind, each.ref, each.reason, each.user) for each in fake.ledger.commands()]
        assert asked == [(CommandKind.RELEASE, name, "it never traded", "Rafael")]
        fake.step()
        assert "nothing of it works any more" in text(test.run())

    def test_hostile_words_stay_words(self, fake, desk, ticket):
        view = desk.read()
        hostile = replace(
            ticket, id="x<img>", sentence="<img src=http://evil.example/a>", reason="![a](http://b)"
        )
        fake.series.put_view(replace(view, sequence=view.sequence + 1, tickets=(hostile,)))
        assert "<img" not in text(page("tickets"))


class TestLimits:
    def narrower(self, lower=-3.0, upper=3.0):
        test = page("limits")
        test.number_input(key="terms-BTC-1-lower").set_value(lower)
        return test.number_input(key="terms-BTC-1-upper").set_value(upper).run()

    def propose(self, test, reason="the book got smaller"):
        test = test.text_input(key="terms-why").set_value(reason).run()
        return button(test, "terms-propose").click().run()

    def acting(self, name):
        test = AppTest.from_function(run_page, args=("limits",), default_timeout=20)
        test.session_state[session.person_key()] = name
        return test.run()

    def test_nothing_typed_is_nothing_to_propose(self, fake, desk):
        fake.step()
        test = page("limits")
        assert "Nothing differs from version 1" in text(test)
        assert button(test, "terms-propose").disabled

    def test_what_was_typed_stands_in_words_before_it_is_asked(self, fake, desk):
        fake.step()
        shown = text(self.narrower())
        assert "BTC band: −5 … +5 BTC → −3 … +3 BTC" in shown
        assert "outside the band −3 … 3" in shown

    def test_numbers_that_are_none_are_a_sentence_and_nothing_can_be_asked(self, fake, desk):
        fake.step()
        test = self.narrower(lower=4.0)
        assert "the lower edge has to lie below the centre" in text(test)
        assert button(test, "terms-propose").disabled

    def test_a_band_beyond_the_delta_limit_is_refused_before_it_is_asked(self, fake, desk):
        fake.step()
        test = self.narrower(-30.0, 30.0)
        assert "beyond the hard delta limit" in text(test)
        assert button(test, "terms-propose").disabled

    def test_a_proposal_needs_its_reason(self, fake, desk):
        fake.step()
        test = self.propose(self.narrower(), reason=" ")
        assert "needs its reason" in text(test)
        assert fake.ledger.commands() == ()

    def test_from_a_proposal_to_version_two_by_two_people(self, fake, desk):
        fake.step()
        test = self.propose(self.narrower())
        fake.step()
        test = test.run()
        assert "version 2 waits for a second person" in text(test)
        assert "You proposed this" in text(test)
        assert button(test, "terms-approve-2").disabled
        assert "This very change waits as version 2" in text(test)
        other = button(self.acting("Rafael"), "terms-approve-2").click().run()
        assert "Bring exactly version 2 into force" in text(other)
        assert [command.kind for command in fake.ledger.commands()] == [CommandKind.PROPOSE_TERMS]
        other = button(other, "terms-confirm-2").click().run()
        view = fake.step()
        assert (view.terms.number, view.terms.author, view.terms.approver) == (2, "Tessa", "Rafael")
        assert view.terms.terms.of("BTC").band.upper == 3.0
        shown = text(other.run())
        assert "No change of terms waits" in shown
        assert "version 2 is in force" in shown

    def test_pressed_twice_before_the_engine_answers_it_is_one_proposal(self, fake, desk):
        fake.step()
        test = self.propose(self.narrower())
        button(test, "terms-propose").click().run()
        assert len(fake.ledger.commands()) == 1

    def test_what_was_refused_may_be_asked_again(self, fake, desk):
        view = fake.step()
        test = self.propose(self.narrower())
        for key in [command.key for command in fake.ledger.commands()]:
            with fake.ledger.write(fake.lease, view.at) as transaction:
                transaction.settle_command(key, CommandState.REFUSED, "the hedge has no price now")
        button(test.run(), "terms-propose").click().run()
        assert [command.state for command in fake.ledger.commands()].count(CommandState.PENDING) == 1

    def test_rejecting_needs_a_reason_and_reaches_the_engine(self, fake, desk):
        fake.step()
        self.propose(self.narrower())
        fake.step()
        test = button(self.acting("Rafael"), "terms-reject-2").click().run()
        assert "needs its reason" in text(test)
        test = test.text_input(key="terms-reason-2").set_value("not now").run()
        button(test, "terms-reject-2").click().run()
        fake.step()
        assert desk.terms()[0].state is TermsState.REJECTED
        assert "rejected by Rafael" in text(page("limits"))

    def test_the_author_may_take_it_back(self, fake, desk):
        fake.step()
        self.propose(self.narrower())
        fake.step()
        button(page("limits"), "terms-withdraw-2").click().run()
        fake.step()
        assert desk.terms()[0].state is TermsState.WITHDRAWN

    def test_a_viewer_can_neither_propose_nor_decide(self, fake, desk):
        fake.step()
        self.propose(self.narrower())
        fake.step()
        test = self.acting("Vera")
        for key in ("terms-propose", "terms-approve-2", "terms-reject-2"):
            assert button(test, key).disabled

    def test_a_limit_of_the_whole_book_can_be_added(self, fake, desk):
        fake.step()
        test = page("limits")
        test.segmented_control(key="terms-choice").set_value("accounts, venues, book").run()
        test.selectbox(key="terms-wider-1-measure").set_value(Measure.THETA).run()
        test.number_input(key="terms-wider-1-soft").set_value(1_000.0)
        test = test.number_input(key="terms-wider-1-hard").set_value(2_000.0).run()
        assert "whole book theta: none → soft 1,000, hard 2,000 USD / day" in text(test)
        self.propose(test)
        fake.step()
        wider = desk.terms()[0].terms.wider
        assert [(limit.soft, limit.hard) for limit in wider if limit.measure is Measure.THETA] == [
            (365_000.0, 730_000.0)
        ]

    def test_hostile_names_and_reasons_stay_words(self, fake, desk):
        fake.step()
        self.propose(self.narrower(), reason="<img src=http://evil.example/a> ![a](http://b)")
        fake.step()
        assert "<img" not in text(page("limits"))

    def test_before_the_engine_knows_its_terms_nothing_can_be_proposed(self, fake, desk):
        view = fake.step()
        fake.series.put_view(replace(view, sequence=view.sequence + 1, terms=None))
        test = page("limits")
        assert "once the engine says which terms hold" in text(test)
        assert not test.exception


class TestLedger:
    def test_filters_and_verification(self, fake, desk):
        fake.step()
        test = page("ledger")
        assert len(test.dataframe[0].value) == len(desk.records(100))
        test.selectbox(key="ledger-kind").set_value("ticket").run()
        assert set(test.dataframe[0].value["Kind"]) == {"ticket"}
        test.text_input(key="ledger-words").set_value("nowhere to be found").run()
        assert "nothing in the ledger matches" in text(test)
        assert "records verify" in text(button(test, "ledger-verify").click().run())

    def test_a_tampered_chain_is_said_loudly(self, fake, desk, tmp_path):
        import sqlite3

        fake.step()
        with sqlite3.connect(tmp_path / "ledger.sqlite") as database:
            triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in triggers:
                database.execute(f'DROP TRIGGER "{name}"')
            database.execute("UPDATE record SET body = replace(body, 'BTC', 'XXX')")
        database.close()
        test = button(page("ledger"), "ledger-verify").click().run()
        assert "DOES NOT VERIFY" in text(test)


def test_halted_shell_offers_resume_to_risk_alone(fake, desk):
    fake.status = replace(fake.status, state=TradingState.HALTED, halted_because="Tessa: pressed Halt")
    fake.step()
    import app  # the launcher hands the pages in

    assert app.PAGES
    test = AppTest.from_file(str(ROOT / "components" / "shell.py"), default_timeout=20).run()
    assert not test.exception
    assert "pressed Halt" in text(test)
    assert button(test, "shell-resume").disabled
    test.selectbox(key=session.person_key()).set_value("Rafael").run()
    button(test, "shell-resume").click().run()
    assert [command.kind for command in fake.ledger.commands()] == [CommandKind.RESUME]


def test_a_reduced_shell_says_why_and_offers_the_way_back_to_two_people(fake, desk):
    fake.status = replace(
        fake.status,
        state=TradingState.REDUCING,
        reduced_because="Tessa: <img src=x>",
        reduced_by=ReducedBy.PERSON,
    )
    fake.step()
    import app  # the launcher hands the pages in

    assert app.PAGES
    test = AppTest.from_file(str(ROOT / "components" / "shell.py"), default_timeout=20).run()
    assert not test.exception
    assert "only what shrinks delta and position is sent: Tessa: &lt;img" in text(test)
    assert "two people bring trading back" in text(test)
    assert button(test, "shell-resume").disabled
    test.selectbox(key=session.person_key()).set_value("Rafael").run()
    button(test, "shell-resume").click().run()
    assert [command.kind for command in fake.ledger.commands()] == [CommandKind.RESUME]
