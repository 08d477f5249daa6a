"""Many writers, crashes, old and newer files, and files that cannot be used."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event, text

import hedging
from hedging.errors import LeaseLost, LedgerError
from hedging.ledger import Ledger, Series, failures
from hedging.ledger.database import Database
from hedging.ledger.migration import LEDGER_MIGRATIONS, SERIES_MIGRATIONS, Migrations, migrate
from hedging.ledger.schema import METADATA
from hedging.ledger.series_schema import SERIES_METADATA

ROOT = Path(hedging.__file__).parents[1]
WORKERS, ROUNDS = 4, 25


def begin_with(opened: Database, statement: str) -> None:
    """Begin writes by another statement than the product's."""

    def rewrite(connection, cursor, sql, parameters, context, executemany):
        ours = sql == "BEGIN IMMEDIATE" or "pg_advisory_xact_lock" in sql
        return (statement if ours else sql), parameters

    event.listen(opened.engine, "before_cursor_execute", rewrite, retval=True)


def count_up(place, statement: str | None) -> tuple[int, int]:
    """Let each worker, on a Database of its own, read and write one number; return (lost, errors)."""
    errors: list[LedgerError] = []
    start = threading.Barrier(WORKERS)

    def work() -> None:
        mine = place.open()._database
        if statement is not None:
            begin_with(mine, statement)
        start.wait()
        for _ in range(ROUNDS):
            try:
                with mine.writing() as connection:
                    number = connection.execute(text("SELECT number FROM counter")).scalar_one()
                    time.sleep(0.0005)
                    connection.execute(text("UPDATE counter SET number = :n"), {"n": number + 1})
            except LedgerError as error:
                errors.append(error)
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with place.raw() as connection:
        number = connection.execute(text("SELECT number FROM counter")).scalar_one()
    return WORKERS * ROUNDS - len(errors) - number, len(errors)


@pytest.fixture
def counter(place, ledger):
    with place.raw() as connection:
        connection.execute(text("CREATE TABLE counter (number INTEGER)"))
        connection.execute(text("INSERT INTO counter VALUES (0)"))
    return place


def test_read_then_write_loses_nothing(counter):
    assert count_up(counter, None) == (0, 0)


def test_without_the_turn_it_would_lose(counter):
    """SQLite without a lock, PostgreSQL at READ COMMITTED: the test above can fail."""
    lost, _ = count_up(counter, "SELECT 1")
    assert lost > 0


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_sqlites_deferred_begin_would_fail_instead(counter):
    lost, errors = count_up(counter, "BEGIN")
    assert (lost, errors > ROUNDS) == (0, True)


WRITER = """
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from hedging.ledger import Ledger, Lease
now = datetime.fromisoformat(sys.argv[2])
where = sys.argv[1]
ledger = Ledger.open_url(where) if "://" in where else Ledger.open(Path(where))
lease = ledger.lease("desk")
"""

COUNTING = (
    WRITER
    + """
for _ in range(int(sys.argv[3])):
    with ledger.write(lease, now) as tx:
        order = tx.order("hm-1")
        tx.put_order(replace(order, filled=order.filled + 1))
"""
)


def start(script: str, *arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_processes_writing_one_ledger_lose_nothing(ledger, lease, sample, place):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order())
    children = [start(COUNTING, place.address, sample.now.isoformat(), 100) for _ in range(3)]
    for n in range(50):
        ledger.append_command(sample.command(n))
    for child in children:
        assert child.wait(timeout=60) == 0
        child.stdout.close()
    assert ledger.order("hm-1").filled == Decimal(300)
    assert ledger.verify_chain() == 1 + 2 + 50 + 300


def test_threads_sharing_one_ledger_lose_nothing(ledger, lease, sample):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order())

    def work() -> None:
        for _ in range(25):
            with ledger.write(lease, sample.now) as tx:
                order = tx.order("hm-1")
                tx.put_order(replace(order, filled=order.filled + 1))
            assert ledger.order("hm-1") is not None

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.order("hm-1").filled == Decimal(200)


def test_verification_beside_a_writer_sees_one_state(ledger, lease, sample, place):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order())
    child = start(COUNTING, place.address, sample.now.isoformat(), 200)
    counts = [ledger.verify_chain()]
    while child.poll() is None:
        counts.append(ledger.verify_chain())
    child.stdout.close()
    assert child.returncode == 0
    assert counts == sorted(counts)
    assert len(set(counts)) > 3
    assert ledger.verify_chain() == 203


def test_only_one_of_many_takes_the_lease(place, sample):
    winners = []
    gate = threading.Barrier(6, timeout=60)
    opened = [place.open() for _ in range(6)]  # one by one: only the lease is raced for

    def work(n: int) -> None:
        mine = opened[n]
        gate.wait()
        with contextlib.suppress(LeaseLost):
            winners.append(mine.acquire_lease("desk", f"engine-{n}", sample.now, sample.ttl))
        mine.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [winner.token for winner in winners] == [1]


ENDLESS = (
    WRITER
    + """
from hedging.model.trading import Ticket
import itertools
seed = ledger.ticket("t1")
for n in itertools.count(100):
    with ledger.write(lease, now) as tx:
        tx.put_ticket(replace(seed, id=f"c{n}"))
        tx.record("made", "child", f"c{n}", n)
    print(f"c{n}", flush=True)
"""
)


@pytest.mark.parametrize("rounds", [1, 7, 40])
def test_what_was_acknowledged_survives_kill_nine(ledger, lease, sample, place, rounds):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
    child = start(ENDLESS, place.address, sample.now.isoformat())
    acknowledged = [child.stdout.readline().strip() for _ in range(rounds)]
    child.send_signal(signal.SIGKILL)
    acknowledged += child.stdout.read().split()
    child.stdout.close()
    assert child.wait(timeout=10) == -signal.SIGKILL
    stored = {ticket.id for ticket in ledger.tickets(limit=100_000)} - {"t1"}
    assert stored >= set(acknowledged)
    assert len(stored) <= len(acknowledged) + 1
    assert stored == {record.ref for record in ledger.records(kind="made", limit=100_000)}
    assert ledger.verify_chain() == 2 + 2 * len(stored)


STUCK = (
    WRITER
    + """
import time
with ledger.write(lease, now) as tx:
    tx.put_ticket(replace(tx.ticket("t1"), id="half"))
    print("inside", flush=True)
    time.sleep(60)
"""
)


def test_a_half_done_write_is_gone_after_kill_nine_and_blocks_nobody(
    ledger, lease, sample, place, monkeypatch
):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
    child = start(STUCK, place.address, sample.now.isoformat())
    assert child.stdout.readline() == "inside\n"
    assert ledger.ticket("half") is None
    monkeypatch.setattr(failures, "BUSY_SECONDS", 0.1)
    impatient = place.open()
    with pytest.raises(LedgerError, match=r"another process has held it .* nothing was written, try again"):
        impatient.append_command(sample.command())
    impatient.close()
    child.kill()
    child.wait(timeout=10)
    child.stdout.close()
    monkeypatch.undo()
    with ledger.write(lease, sample.now) as tx:
        tx.put_order(sample.order())
    assert ledger.ticket("half") is None
    assert ledger.verify_chain() == 3


class TestMigration:
    @pytest.mark.parametrize(
        ("migrations", "metadata"), [(LEDGER_MIGRATIONS, METADATA), (SERIES_MIGRATIONS, SERIES_METADATA)]
    )
    def test_an_empty_file_gets_the_tables_the_queries_expect(self, tmp_path, migrations, metadata):
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext
        from alembic.script import ScriptDirectory

        assert ScriptDirectory(str(migrations.folder)).get_heads() == [migrations.head]
        opened = Database.at_path(tmp_path / "x.sqlite", "FULL")
        migrate(opened, migrations)
        migrate(opened, migrations)
        with opened.reading() as connection:
            found = compare_metadata(MigrationContext.configure(connection), metadata)
        opened.close()
        assert [difference for difference in found if difference[0] != "remove_index"] == []

    def test_an_old_ledger_keeps_its_rows_and_gets_the_guards(self, tmp_path, sample):
        path = tmp_path / "ledger.sqlite"
        old = Database.at_path(path, "FULL")
        migrate(old, LEDGER_MIGRATIONS, to="0001")
        old.close()
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE chain_head SET id = 1")
            assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        connection.close()
        unguarded = Ledger.__new__(Ledger)
        unguarded._database = Database.at_path(path, "FULL")
        unguarded.append_command(sample.command())
        unguarded.close()

        ledger = Ledger.open(tmp_path)
        assert ledger.command("k1") == sample.command()
        assert ledger.verify_chain() == 1
        ledger.close()
        with (
            sqlite3.connect(path) as connection,
            pytest.raises(sqlite3.IntegrityError, match="never changed"),
        ):
            connection.execute("UPDATE record SET actor = 'x'")
        connection.close()

    def test_a_newer_ledger_is_refused(self, tmp_path):
        Ledger.open(tmp_path).close()
        with sqlite3.connect(tmp_path / "ledger.sqlite") as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0099'")
        connection.close()
        with pytest.raises(LedgerError, match=r"revision 0099, newer than this program \(0004\)"):
            Ledger.open(tmp_path)

    def test_a_failing_step_leaves_nothing_behind(self, tmp_path):
        steps = tmp_path / "steps"
        (steps / "versions").mkdir(parents=True)
        (steps / "versions" / "a.py").write_text(
            "from alembic import op\nrevision = 'a'\ndown_revision = None\n"
            "def upgrade():\n    op.execute('CREATE TABLE half (id INTEGER)')\n    op.execute('nonsense')\n"
        )
        opened = Database.at_path(tmp_path / "x.sqlite", "FULL")
        with pytest.raises(LedgerError, match="nonsense"):
            migrate(opened, Migrations(steps, "a"))
        with opened.reading() as connection:
            assert connection.execute(text("SELECT name FROM sqlite_master")).all() == []
        opened.close()

    def test_many_open_a_new_folder_at_once(self, tmp_path):
        failed = []

        def work() -> None:
            try:
                Ledger.open(tmp_path / "new").close()
                Series.open(tmp_path / "new").close()
            except LedgerError as error:
                failed.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []


def test_files_are_for_their_owner_alone(tmp_path, sample):
    previous = os.umask(0)
    try:
        ledger = Ledger.open(tmp_path / "state")
        ledger.append_command(sample.command())
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()}
        assert set(modes.values()) == {0o600}
        assert set(modes) == {"ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm"}
        assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700
        ledger.close()
        (tmp_path / "state" / "ledger.sqlite").chmod(0o644)
        Ledger.open(tmp_path / "state").close()
        assert (tmp_path / "state" / "ledger.sqlite").stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(previous)


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_pragmas_are_those_of_a_record_book(ledger, tmp_path):
    def pragmas(opened: Database) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        with opened.reading() as connection:
            return [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in names]

    series = Series.open(tmp_path / "state")
    assert pragmas(ledger._database) == ["wal", 2, 1, 5000]
    assert pragmas(series._database) == ["wal", 1, 1, 5000]
    series.close()


class TestUnusable:
    def test_a_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(LedgerError, match=r"cannot be opened for writing: .*file/state"):
            Ledger.open(tmp_path / "file" / "state")

    @pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
    def test_a_read_only_folder(self, tmp_path):
        tmp_path.chmod(0o500)
        with pytest.raises(LedgerError, match="cannot be opened for writing: Permission denied"):
            Ledger.open(tmp_path)
        tmp_path.chmod(0o700)

    def test_a_file_that_is_no_database(self, tmp_path):
        (tmp_path / "ledger.sqlite").write_bytes(b"not a database at all" * 100)
        with pytest.raises(LedgerError, match="it is not a database; restore it from a backup"):
            Ledger.open(tmp_path)

    def test_a_server_that_is_not_there(self, tmp_path):
        with pytest.raises(LedgerError, match="the database cannot be reached"):
            Ledger.open_url(f"postgresql+psycopg://desk:secret@/none?host={tmp_path}")

    def test_a_database_that_is_not_there(self, postgres):
        with pytest.raises(LedgerError, match=r"cannot be reached.*does not exist"):
            Ledger.open_url(postgres.of("none"))

    @pytest.mark.parametrize("url", ["nonsense", "nodialect://x/y"])
    def test_a_url_that_is_none(self, url):
        with pytest.raises(LedgerError, match="cannot use the ledger's database URL"):
            Ledger.open_url(url)
