"""Where a write cannot be whole there is nothing of it: read-only, disk full, held, cut off, half failed."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

import hedging
from hedging.errors import LedgerError
from hedging.ledger import database, failures
from hedging.ledger.schema import METADATA
from hedging.model.trading import CommandState, TradingStatus

ROOT = Path(hedging.__file__).parents[1]

HOLDING = """
import sys, time
from pathlib import Path
from hedging.ledger import Ledger
where = sys.argv[1]
ledger = Ledger.open_url(where) if "://" in where else Ledger.open(Path(where))
with ledger._database.writing():
    print("inside", flush=True)
    time.sleep(60)
"""


def hold(place) -> "subprocess.Popen[str]":
    """Another process that stays inside a write."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDING, place.address], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def refused_whole(ledger, lease, sample, message: str) -> None:
    """Every kind of write is refused with ``message``, and not one row of any table is changed by it."""
    stored = everything(ledger)

    def put(change) -> None:
        with ledger.write(lease, sample.now) as tx:
            tx.record("note", "bob", "", "before")
            change(tx)

    writes = (
        lambda: ledger.append_command(sample.command(9)),
        lambda: put(lambda tx: tx.put_ticket(sample.ticket(9))),
        lambda: put(lambda tx: tx.put_order(sample.order(9))),
        lambda: put(lambda tx: tx.add_fill(sample.fill(9))),
        lambda: put(lambda tx: tx.put_inputs("ab", os.urandom(200_000))),
        lambda: put(lambda tx: tx.settle_command("k1", CommandState.DONE, "x" * 200_000)),
        lambda: put(lambda tx: tx.put_trading(TradingStatus(halted_because="x" * 200_000))),
        lambda: ledger.renew_lease(lease, sample.now, sample.ttl * 2),
        lambda: ledger.acquire_lease("another", "engine-2", sample.now, sample.ttl),
        lambda: ledger.release_lease(lease),
    )
    for write in writes:
        with pytest.raises(LedgerError, match=message):
            write()
        assert everything(ledger) == stored


def put_much(ledger, lease, sample) -> None:
    with ledger.write(lease, sample.now) as tx:
        for n in range(5):
            tx.put_ticket(sample.ticket(100 + n))
            tx.put_order(sample.order(100 + n, ticket_id=f"t{100 + n}"))
            tx.record("note", "bob", "", "x" * 40_000)


def everything(ledger) -> dict[str, list[tuple[object, ...]]]:
    with ledger._database.engine.connect() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(table.select())), key=repr)
            for table in METADATA.sorted_tables
        }


@pytest.fixture
def worked(ledger, lease, sample):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_order(sample.order())
    ledger.append_command(sample.command())
    return ledger


def test_where_it_is_read_only(worked, lease, sample):
    def forbid(connection):
        sqlite = connection.dialect.name == "sqlite"
        forbidding = "PRAGMA query_only = ON" if sqlite else "SET TRANSACTION READ ONLY"
        connection.exec_driver_sql(forbidding)

    event.listen(worked._database.engine, "begin", forbid, insert=True)
    refused_whole(worked, lease, sample, "it is read-only; check")


def test_where_another_process_holds_it(worked, lease, sample, place, monkeypatch):
    monkeypatch.setattr(failures, "BUSY_SECONDS", 0.05)
    impatient = place.open()
    child = hold(place)
    assert child.stdout.readline() == "inside\n"
    refused_whole(impatient, lease, sample, "another process has held it .* nothing was written, try again")
    child.kill()
    child.wait(timeout=10)
    child.stdout.close()
    impatient.close()
    monkeypatch.undo()
    worked.append_command(sample.command(2))


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_where_the_disk_is_full(worked, lease, sample):
    """At every size the file may still grow by, so that the disk ends in the midst of a write too."""

    def leave(pages: int) -> Callable[[Connection], None]:
        def bound(connection):
            used = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {used + pages}")

        return bound

    stored = everything(worked)
    for pages in range(40):
        full = leave(pages)
        event.listen(worked._database.engine, "begin", full)
        with pytest.raises(LedgerError, match="the disk is full; nothing was written"):
            put_much(worked, lease, sample)
        event.remove(worked._database.engine, "begin", full)
        assert everything(worked) == stored
    worked.append_command(sample.command(2))
    assert worked.verify_chain() == 5


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_where_the_server_has_no_disk_left(worked, lease, sample):
    """A server that says so at the commit, or at any statement before it."""
    stored = everything(worked)
    for failing in range(1, 60):
        seen = 0

        def fail(connection, cursor, sql, parameters, context, executemany, at=failing):
            nonlocal seen
            seen += 1
            if seen == at:
                cursor.execute("DO $$ BEGIN RAISE SQLSTATE '53100' USING MESSAGE = 'no space'; END $$")

        event.listen(worked._database.engine, "before_cursor_execute", fail)
        with pytest.raises(LedgerError, match="the disk is full; nothing was written"):
            put_much(worked, lease, sample)
        event.remove(worked._database.engine, "before_cursor_execute", fail)
        assert everything(worked) == stored


def test_where_the_caller_goes_on_after_a_part_failed(worked, lease, sample):
    def write() -> None:
        with worked.write(lease, sample.now) as tx:
            with contextlib.suppress(IntegrityError):
                tx.put_order(sample.order(2, ticket_id="none"))
            tx.record("note", "bob", "", "and on")

    stored = everything(worked)
    with pytest.raises(LedgerError, match=r"nothing of it was written|transaction is aborted"):
        write()
    assert everything(worked) == stored
    with worked.write(lease, sample.now) as tx:
        tx.put_order(sample.order(2))


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_where_the_server_goes_away(worked, lease, sample, place):
    def write() -> None:
        with worked.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket(9))
            with place.raw() as other:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                mine = "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                other.execute(text(f"{others} {mine}"))
            tx.record("note", "bob", "", "after")

    stored = everything(worked)
    with pytest.raises(LedgerError, match=r"ended the connection|the connection was lost"):
        write()
    assert everything(worked) == stored


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_who_stands_still_inside_a_write_loses_the_turn(worked, lease, sample, place, monkeypatch):
    def write() -> None:
        with still.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket(9))
            worked.append_command(sample.command(3))
            tx.record("note", "bob", "", "after")

    monkeypatch.setattr(database, "STILL_SECONDS", 0.2)
    still = place.open()
    with pytest.raises(LedgerError, match=r"stood still inside a write|connection was lost"):
        write()
    still.close()
    assert worked.ticket("t9") is None
    assert worked.command("k3") is not None
