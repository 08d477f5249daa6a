"""What the app may do: roles at every act, one command per key, and a halt that two latches take."""

import json
import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from hedging import clock
from hedging.desk import KILL_FILE, Denied, Desk, Doorway, Person, Phase, Standing, Wish, permission
from hedging.errors import HedgingError, LedgerError
from hedging.model.trading import Command, CommandKind, Role

TRADER, RISK, VIEWER = Person("Tessa", Role.TRADER), Person("Rafael", Role.RISK), Person("Vera", Role.VIEWER)


@pytest.fixture
def desk(fake, tmp_path):
    opened = Desk.open(tmp_path, has_demo=False)
    yield opened
    opened.close()


MATRIX = {
    Role.VIEWER: {CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF},
    Role.TRADER: {
        CommandKind.HALT, CommandKind.REDUCE, CommandKind.AUTO_OFF, CommandKind.APPROVE, CommandKind.REJECT,
        CommandKind.AUTO_ARM, CommandKind.AUTO_SHADOW, CommandKind.PROPOSE_TERMS, CommandKind.WITHDRAW_TERMS,
    },
    Role.RISK: set(CommandKind),
}  # fmt: skip


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("kind", list(CommandKind))
def test_who_may_ask_what(role, kind):
    denied = permission(Person("someone", role), kind)
    assert (denied is None) is (kind in MATRIX[role])
    if denied is not None:
        assert role.value in denied.reason
        assert kind.value in denied.reason


def test_a_denied_wish_never_reaches_the_ledger(desk, fake):
    wish = Wish(kind=CommandKind.APPROVE, ref="T-1", ref_hash="h")
    assert isinstance(desk.act(VIEWER, wish, "k"), Denied)
    assert fake.ledger.commands() == ()


@pytest.mark.parametrize(
    "said", [{"ref": "T-1-0-0"}, {"reason": "looked"}, {"ref": "T-1-0-0", "reason": " "}]
)
def test_a_release_names_its_order_and_says_what_was_found(desk, fake, said):
    answer = desk.act(RISK, Wish(kind=CommandKind.RELEASE, **said), "k")
    assert "what was found" in answer.reason
    assert fake.ledger.commands() == ()


def test_the_same_key_twice_is_one_command(desk, fake):
    wish = Wish(kind=CommandKind.APPROVE, ref="T-1", ref_version=3, ref_hash="h")
    one, two = desk.act(TRADER, wish, "k"), desk.act(TRADER, wish, "k")
    assert isinstance(one, Command)
    assert one == two
    assert len(fake.ledger.commands()) == 1
    assert (one.user, one.role, one.ref, one.ref_version, one.ref_hash) == (
        "Tessa",
        Role.TRADER,
        "T-1",
        3,
        "h",
    )


@pytest.mark.parametrize(
    "wish",
    [
        Wish(kind=CommandKind.REJECT, ref="T-1", reason="  "),
        Wish(kind=CommandKind.APPROVE, ref="T-1"),
        Wish(kind=CommandKind.AUTO_ARM, minutes=15, max_orders=0, max_turnover_usd=1.0),
        Wish(kind=CommandKind.AUTO_ARM, minutes=0, max_orders=5, max_turnover_usd=1.0),
        Wish(kind=CommandKind.AUTO_ARM, minutes=15, max_orders=5),
    ],
)
def test_an_incomplete_wish_is_refused_with_a_reason(desk, fake, wish):
    answer = desk.act(TRADER, wish, "k")
    assert isinstance(answer, Denied)
    assert answer.reason
    assert fake.ledger.commands() == ()


def test_nobody_confirms_their_own_resume(desk, fake):
    assert isinstance(desk.act(RISK, Wish(kind=CommandKind.RESUME), "one"), Command)
    fake.step()
    assert desk.read().resume_asked_by == f"{RISK.name} (risk)"
    assert isinstance(desk.act(RISK, Wish(kind=CommandKind.RESUME), "two"), Denied)
    assert isinstance(
        desk.act(replace(RISK, name=RISK.name.upper()), Wish(kind=CommandKind.RESUME), "2"), Denied
    )
    assert isinstance(desk.act(Person("Renate", Role.RISK), Wish(kind=CommandKind.RESUME), "three"), Command)


class TestHalt:
    def test_sets_both_latches(self, desk, fake, tmp_path):
        answer = desk.halt(VIEWER, "pressed Halt", "h1")
        assert (answer.by_file, answer.by_ledger) == (True, True)
        said = json.loads((tmp_path / KILL_FILE).read_text())
        assert (said["user"], said["role"], said["why"]) == ("Vera", "viewer", "pressed Halt")
        assert [command.kind for command in fake.ledger.pending_commands()] == [CommandKind.HALT]

    def test_the_file_is_there_while_the_database_is_locked(self, desk, tmp_path, monkeypatch):
        def locked(*_):
            assert (tmp_path / KILL_FILE).exists(), "the file has to come first"
            raise LedgerError("database is locked")

        monkeypatch.setattr(desk._ledger, "append_command", locked)
        answer = desk.halt(TRADER, "why", "h2")
        assert (answer.by_file, answer.by_ledger) == (True, False)
        assert "locked" in answer.detail

    def test_a_really_locked_database_does_not_delay_the_file(self, fake, tmp_path):
        desk = Desk.open(tmp_path, has_demo=False)
        with sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None) as holder:
            holder.execute("BEGIN IMMEDIATE")
            desk._touch_kill_file(TRADER, "why")
            assert (tmp_path / KILL_FILE).exists()
            holder.execute("ROLLBACK")
        holder.close()
        desk.close()

    def test_a_read_only_folder_still_halts_by_the_ledger(self, desk, monkeypatch):
        def refused(*_):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(desk, "_touch_kill_file", refused)
        answer = desk.halt(TRADER, "why", "h3")
        assert (answer.by_file, answer.by_ledger) == (False, True)

    def test_neither_latch_is_an_error_that_says_what_to_do(self, desk, monkeypatch):
        monkeypatch.setattr(desk, "_touch_kill_file", lambda *_: (_ for _ in ()).throw(OSError("full")))
        monkeypatch.setattr(
            desk._ledger, "append_command", lambda *_: (_ for _ in ()).throw(LedgerError("locked"))
        )
        with pytest.raises(HedgingError, match="python -m hedging kill"):
            desk.halt(TRADER, "why", "h4")


class TestReading:
    def test_a_view_is_read_once_per_sequence(self, desk, fake, monkeypatch):
        fake.step()
        first = desk.read()
        monkeypatch.setattr(desk._series, "view", lambda: pytest.fail("read again without need"))
        assert desk.read() is first

    def test_samples_grow_by_what_is_new(self, desk, fake):
        fake.seed_history(minutes=2)
        since = clock.utc_now() - timedelta(hours=1)
        before = desk.samples("BTC", since)
        assert len(before) == 30
        fake.step()
        after = desk.samples("BTC", since)
        assert after[:-1] == before
        assert after == fake.series.samples("BTC", since)

    def test_scene_before_the_first_view(self, desk):
        scene = desk.scene()
        assert (scene.phase, scene.view) == (Phase.STARTING, None)

    def test_scene_holds_history_and_past_tickets(self, desk, fake):
        view = fake.step()
        scene = desk.scene()
        assert scene.view == view
        assert set(scene.samples) == {"BTC", "ETH"}
        assert {ticket.id for ticket in scene.tickets} == {ticket.id for ticket in view.tickets}

    def test_what_became_of_a_command(self, desk, fake):
        desk.act(TRADER, Wish(kind=CommandKind.AUTO_SHADOW), "key")
        fake.step()
        assert desk.command("key").answer == "automatic hedging is shadow"
        assert desk.command("unknown") is None


def test_doorway_tells_that_something_changed(desk, fake):
    doorway = Doorway()
    first = doorway.mark()
    assert doorway.scene().phase is Phase.STARTING
    doorway.set(Standing(phase=Phase.RUNNING, desk=desk))
    second = doorway.mark()
    fake.step()
    assert len({first, second, doorway.mark()}) == 3
    assert doorway.scene().view is not None
    doorway.set(Standing(phase=Phase.FAILED, note="the demo ended", desk=desk))
    assert doorway.scene().view is None


def test_smiles_and_versions_of_the_terms_are_read(fake, tmp_path):
    view = fake.step()
    desk = Desk.open(tmp_path, has_demo=False)
    assert set(desk.scene().smiles) == {"BTC", "ETH"}
    first = desk.smiles(view)["BTC"]
    assert desk.smiles(view)["BTC"] is first
    fake.steps = 0
    fake.step()
    assert desk.smiles(view)["BTC"].at > first.at
    assert [version.number for version in desk.terms()] == [1]
    desk.close()
