"""Backup beside a busy writer, and restore: what is refused, what is kept, and how it is marked."""

import json
import os
import signal
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hedging.errors import LeaseLost, LedgerError, LedgerTampered
from hedging.ledger import Ledger, backup, restoring
from hedging.ledger.backup import back_up, copy_file, verified
from hedging.ledger.database import Database
from hedging.ledger.head_key import HeadKey
from hedging.ledger.heads import export_head, export_restored, in_force, read_heads
from hedging.ledger.migration import LEDGER_MIGRATIONS, migrate
from hedging.ledger.restoring import REFUSED, WHY, EngineIs, Restore, restore
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    CommandKind,
    CommandState,
    OrderState,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow.authority import resumed

pytestmark = pytest.mark.parametrize("place", ["sqlite"], indirect=True)


def silent(_done: int, _of: int) -> None:
    pass


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"


@pytest.fixture
def file(folder):
    return folder / "ledger.sqlite"


@pytest.fixture
def armed(ledger, lease, sample):
    """A book at work: automatic mode armed, an order sent, a wish to resume unanswered."""
    auto = AutoSetting(mode=AutoMode.ARMED, set_by="rita", set_at=sample.now)
    with ledger.write(lease, sample.now) as tx:
        tx.put_trading(TradingStatus(auto=auto))
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order(state=OrderState.SENT))
    ledger.append_command(sample.command(1, kind=CommandKind.RESUME, role=Role.RISK))
    return ledger


def later(sample, seconds: float = 60.0):
    return sample.now + timedelta(seconds=seconds)


class TestBackup:
    def test_it_holds_all_that_was_committed_and_is_for_its_owner_alone(self, armed, file, tmp_path):
        made = back_up(file, tmp_path / "b" / "one", silent)
        assert made.head.sequence == armed.verify_chain() == 5
        assert made.path.stat().st_mode & 0o777 == 0o600
        assert [each.name for each in made.path.parent.iterdir()] == ["one"]
        (tmp_path / "copy").mkdir()
        os.link(made.path, tmp_path / "copy" / "ledger.sqlite")
        copy = Ledger.open(tmp_path / "copy")
        assert copy.orders() == armed.orders()
        assert copy.trading() == armed.trading()
        copy.close()

    def test_it_is_one_state_though_others_write(self, armed, lease, sample, file, tmp_path):
        """Smaller steps than the file has pages, and a commit between each two of them."""
        with armed.write(lease, sample.now) as tx:
            for n in range(400):
                tx.record("note", "bob", "", f"{n} " + "x" * 20_000)
        stop, written = threading.Event(), []

        def write() -> None:
            while not stop.is_set():
                written.append(armed.append_command(sample.command(len(written) + 10)))

        writer = threading.Thread(target=write)
        shown: list[tuple[int, int]] = []
        writer.start()
        before = len(written)
        try:
            made = back_up(file, tmp_path / "one", lambda done, of: shown.append((done, of)))
        finally:
            stop.set()
            writer.join()
        assert len(written) - before > 5
        assert made.head.sequence >= 405
        assert len(shown) > 5
        assert shown == sorted(shown)
        assert shown[-1][0] == shown[-1][1]
        assert len({of for _, of in shown}) == 1

    def test_a_tampered_ledger_gives_none(self, armed, file, place, tmp_path):
        from sqlalchemy import text

        with place.tampering() as connection:
            connection.execute(text("UPDATE orders SET filled = '7'"))
        with pytest.raises(LedgerTampered, match="orders hm-1 was changed"):
            back_up(file, tmp_path / "b" / "one", silent)
        assert list((tmp_path / "b").iterdir()) == []

    def test_what_is_there_is_kept(self, armed, file, tmp_path):
        (tmp_path / "one").write_text("another")
        with pytest.raises(LedgerError, match="is there already: it is kept"):
            back_up(file, tmp_path / "one", silent)
        assert (tmp_path / "one").read_text() == "another"

    def test_a_place_that_cannot_be_written_is_said(self, armed, file, tmp_path):
        (tmp_path / "x").write_text("")
        with pytest.raises(LedgerError, match="the copy cannot be written"):
            back_up(file, tmp_path / "x" / "one", silent)
        with pytest.raises(LedgerError, match="there is no ledger at"):
            back_up(tmp_path / "none", tmp_path / "one", silent)

    @pytest.mark.parametrize(
        "what", [b"SQLite format", b"CREATE TABLE ticket", b'"amount":"500"', b"103410.50", b"engine-1"]
    )
    def test_a_byte_changed_in_it_is_found(self, armed, file, tmp_path, what):
        made = back_up(file, tmp_path / "one", silent)
        content = made.path.read_bytes()
        assert what in content
        made.path.write_bytes(content.replace(what, bytes([what[0] ^ 1]) + what[1:]))
        with pytest.raises(LedgerError):
            verified(made.path)

    def test_a_ledger_in_use_is_no_backup(self, armed, file):
        with pytest.raises(LedgerError, match="it is a ledger in use; make a backup of it first"):
            verified(file)


@pytest.fixture
def saved(armed, file, tmp_path):
    """A backup of the armed book; after it an order was filled and the engine stopped in good order."""
    return back_up(file, tmp_path / "backup", silent).path


@pytest.fixture
def wanted(saved, armed, folder, lease, sample):
    with armed.write(lease, sample.now) as tx:
        tx.put_order(sample.order(state=OrderState.FILLED))
        tx.add_fill(sample.fill())
    armed.release_lease(lease)
    return Restore(folder=folder, backup=saved, user="rita", now=later(sample))


class TestRestore:
    def test_nothing_may_be_sent_before_two_people_have_compared(self, wanted, armed, sample):
        done = restore(wanted, silent)
        status = armed.trading("desk")
        assert (status.state, status.halted_because) == (TradingState.HALTED, WHY)
        assert (status.auto.mode, status.resume_asked_by) == (AutoMode.OFF, "")
        assert "two people resume" in WHY
        assert resumed(status, "rita", Role.RISK).state is TradingState.HALTED
        assert armed.pending_commands() == ()
        assert (armed.command("k1").state, armed.command("k1").answer) == (CommandState.REFUSED, REFUSED)
        assert armed.order("hm-1").state is OrderState.SENT
        assert armed.fills() == ()
        (note,) = armed.records(kind="restored")
        assert (note.actor, note.ref, json.loads(note.body)["last_record"]) == ("rita", "desk", 5)
        assert armed.verify_chain() == done.head.sequence == armed.head(sample.now).sequence
        assert done.books == ("desk",)
        assert armed.records(limit=1)[0].at == wanted.now

    def test_who_has_it_open_sees_the_restored_one_at_once(self, wanted, armed, sample):
        assert armed.order("hm-1").state is OrderState.FILLED
        restore(wanted, silent)
        assert armed.order("hm-1").state is OrderState.SENT
        armed.append_command(sample.command(7))
        other = Ledger.open(wanted.folder)
        assert other.command("k7") is not None
        other.close()

    def test_what_was_there_is_kept_as_it_was(self, wanted, armed):
        count = armed.verify_chain()
        done = restore(wanted, silent)
        assert done.kept.name == "ledger.sqlite.replaced-20261122T120100Z"
        assert done.kept.stat().st_mode & 0o777 == 0o600
        assert verified(done.kept).head.sequence == count
        names = {path.name for path in wanted.folder.iterdir()}
        assert names <= {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", done.kept.name}

    def test_no_token_is_given_twice(self, wanted, armed, lease, sample):
        """An engine of before the restore that comes back finds a greater token than any it ever had."""
        ghost = armed.acquire_lease("desk", "engine-2", sample.now, sample.ttl)
        for _ in range(3):
            armed.release_lease(ghost)
            ghost = armed.acquire_lease("desk", "engine-2", sample.now, sample.ttl)
        restore(wanted, silent)
        with pytest.raises(LeaseLost), armed.write(ghost, sample.now):
            pass
        fresh = armed.acquire_lease("desk", "engine-2", later(sample, 61), sample.ttl)
        assert fresh.token > ghost.token + 1
        with pytest.raises(LeaseLost), armed.write(ghost, sample.now):
            pass

    def test_it_is_refused_while_an_engine_runs(self, wanted, armed, sample):
        alive = armed.acquire_lease("desk", "engine-2", wanted.now, sample.ttl)
        for engine in EngineIs:
            with pytest.raises(LeaseLost, match=r"engine-2 holds the book desk until .* stop that engine"):
                restore(replace(wanted, engine=engine), silent)
        assert armed.lease("desk") == alive
        assert armed.order("hm-1").state is OrderState.FILLED

    def test_no_engine_starts_meanwhile(self, wanted, armed, sample, monkeypatch):
        real = restoring.pour

        def pour(*arguments):
            with pytest.raises(LeaseLost, match="held by restore by rita"):
                armed.acquire_lease("desk", "engine-2", wanted.now, sample.ttl)
            real(*arguments)

        monkeypatch.setattr(restoring, "pour", pour)
        restore(wanted, silent)

    def test_a_failure_leaves_the_ledger_as_it_was(self, wanted, armed, sample, monkeypatch):
        def fail(*_arguments):
            raise LedgerError("no space")

        monkeypatch.setattr(restoring, "pour", fail)
        with pytest.raises(LedgerError, match="no space"):
            restore(wanted, silent)
        assert armed.order("hm-1").state is OrderState.FILLED
        assert armed.lease("desk") is None
        assert armed.verify_chain() > 0
        assert not (wanted.folder / "ledger.sqlite.restoring").exists()

    def test_a_tampered_backup_is_refused(self, wanted, armed):
        with sqlite3.connect(wanted.backup) as connection:
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type='trigger'"
            ).fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute("UPDATE orders SET filled = '7'")
        connection.close()
        with pytest.raises(LedgerTampered, match="orders hm-1 was changed"):
            restore(wanted, silent)
        assert armed.order("hm-1").state is OrderState.FILLED

    def test_it_mends_a_ledger_that_was_tampered_with(self, wanted, armed, place):
        from sqlalchemy import text

        with place.tampering() as connection:
            connection.execute(text("DELETE FROM chain_head"))
        restore(wanted, silent)
        assert armed.verify_chain() > 5

    @pytest.mark.parametrize("how", ["no database", "cut off"])
    def test_a_ledger_that_cannot_be_read_needs_a_word(self, wanted, armed, file, how):
        armed.close()
        content = file.read_bytes()
        file.write_bytes(b"not a database" * 100 if how == "no database" else content[: len(content) // 3])
        with pytest.raises(LedgerError, match="say so with --engine-is-stopped"):
            restore(wanted, silent)
        done = restore(replace(wanted, engine=EngineIs.STOPPED), silent)
        assert done.kept.exists()
        back = Ledger.open(wanted.folder)
        assert back.trading().state is TradingState.HALTED
        assert back.verify_chain() == done.head.sequence
        assert back.leases()[0].token > restoring.FAR
        back.close()

    def test_into_an_empty_folder(self, wanted, tmp_path):
        done = restore(replace(wanted, folder=tmp_path / "new"), silent)
        assert done.kept is None
        back = Ledger.open(tmp_path / "new")
        assert back.trading().state is TradingState.HALTED
        assert (tmp_path / "new" / "ledger.sqlite").stat().st_mode & 0o777 == 0o600
        back.close()

    def test_an_empty_ledger_is_restored_with_its_record(self, place, tmp_path, sample):
        Ledger.open(tmp_path / "empty").close()
        saved = back_up(tmp_path / "empty" / "ledger.sqlite", tmp_path / "b", silent).path
        asked = Restore(folder=tmp_path / "empty", backup=saved, user="rita", now=sample.now)
        done = restore(asked, silent)
        assert (done.books, done.head.sequence) == ((), 1)

    @pytest.mark.parametrize("user", ["", "  "])
    def test_somebody_must_stand_for_it(self, wanted, user):
        with pytest.raises(LedgerError, match="needs the name"):
            restore(replace(wanted, user=user), silent)

    def test_the_ledger_is_no_backup_of_itself(self, wanted, file):
        with pytest.raises(LedgerError, match="is the ledger itself"):
            restore(replace(wanted, backup=file), silent)

    def test_exported_heads_after_the_backup_are_given_up_in_writing(self, armed, sample, file, tmp_path):
        key, heads = HeadKey.create(tmp_path / "k"), tmp_path / "heads"
        export_head(armed, key, heads, sample.now)
        saved = back_up(file, tmp_path / "backup", silent).path
        armed.append_command(sample.command(5))
        export_head(armed, key, heads, sample.now)
        armed.release_lease(armed.lease("desk"))
        exported = in_force(read_heads(heads, key.public))
        asked = Restore(folder=file.parent, backup=saved, user="rita", now=later(sample), exported=exported)
        restore(asked, silent)
        with pytest.raises(LedgerTampered):
            armed.verify_chain(exported)
        export_restored(armed, key, heads, "rita", later(sample))
        read = read_heads(heads, key.public)
        assert (read[-1].voids_after, read[-1].by) == (exported[0].sequence, "rita")
        assert armed.verify_chain(in_force(read)) == read[-1].sequence
        export_head(armed, key, heads, later(sample))
        assert read_heads(heads, key.public) == read

    def test_a_backup_that_contradicts_an_exported_head_is_refused(self, wanted, armed, sample, tmp_path):
        other = Ledger.open(tmp_path / "other")
        other.append_command(sample.command(1))
        foreign = other.head(sample.now)
        other.close()
        with pytest.raises(LedgerTampered, match="record 1: changed, or one before it"):
            restore(replace(wanted, exported=(foreign,)), silent)


def old_backup(folder: Path, sample, to: str) -> Path:
    """A backup that an earlier version made."""
    old = Database.at_path(folder / "ledger.sqlite", "FULL")
    migrate(old, LEDGER_MIGRATIONS, to=to)
    unaware = Ledger.__new__(Ledger)
    unaware._database = old
    unaware.append_command(sample.command())
    unaware.close()
    copy_file(folder / "ledger.sqlite", folder / "backup", silent)
    return folder / "backup"


def test_a_backup_of_an_earlier_version_is_verified_and_restored(place, sample, tmp_path):
    saved = old_backup(tmp_path / "old", sample, "0003")
    before = saved.read_bytes()
    assert verified(saved).head.sequence == 1
    done = restore(Restore(folder=tmp_path / "new", backup=saved, user="rita", now=sample.now), silent)
    assert done.head.sequence == 3
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir() if path.name.startswith("backup")] == ["backup"]
    back = Ledger.open(tmp_path / "new")
    assert back.command("k1").state is CommandState.REFUSED
    back.close()


def test_a_backup_of_a_newer_version_is_refused(place, saved, armed):
    with sqlite3.connect(saved) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.close()
    with pytest.raises(LedgerError, match="is of revision 0099, newer than this program"):
        verified(saved)


def killed_at(step: int, wanted: Restore) -> int:
    """Restore in a child that kills itself at the given step of a copy; its exit status, 0 at the end."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    steps = iter(range(1, step))

    def progress(_done: int, _of: int) -> None:
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        restore(wanted, progress)
        os._exit(0)
    finally:
        os._exit(1)


def test_killed_at_any_step_it_is_the_one_or_the_other(wanted, armed, tmp_path, monkeypatch):
    """Half a restore is none: the ledger of before, or the marked one."""
    monkeypatch.setattr(backup, "STEP_PAGES", 8)
    before, outcomes = armed.verify_chain(), []
    armed.close()
    for step in range(1, 40):
        folder = tmp_path / f"state{step}"
        copy_file(wanted.folder / "ledger.sqlite", folder / "ledger.sqlite", silent)
        code = killed_at(step, replace(wanted, folder=folder))
        ledger = Ledger.open(folder)
        count, marked = ledger.verify_chain(), ledger.trading().state is TradingState.HALTED
        ledger.close()
        assert marked or count in (before, before + 1)  # one more: the claim
        outcomes.append((code, marked))
        if code == 0:
            break
    assert outcomes[0] == (-signal.SIGKILL, False)
    assert outcomes[-1] == (0, True)
    assert len(outcomes) > 6
