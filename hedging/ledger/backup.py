"""A copy of a ledger's file while others write to it: one state, verified before it has its name."""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, exc, func, select

from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger import failures, verification
from hedging.ledger.chain import Head, head_of
from hedging.ledger.codec import EPOCH, utc
from hedging.ledger.database import Database
from hedging.ledger.migration import LEDGER_MIGRATIONS, migrate, revision
from hedging.ledger.schema import RECORDS

STEP_PAGES = 256
"""Pages of 4 KiB between two reports of progress."""

Progress = Callable[[int, int], None]
"""Told after each step how many pages are done, of how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A verified copy: its head (``at``: time of its last record), number of records, size in bytes."""

    path: Path
    head: Head
    size: int


def back_up(ledger: Path, to: Path, progress: Progress) -> Backup:
    """Copy the ledger's file to ``to`` (0600), while engine and app go on, and verify the copy.

    Raises LedgerError where ``to`` exists or cannot be written, LedgerTampered where the ledger does not
    verify; nothing is left at ``to`` then.
    """
    if to.exists():
        raise LedgerError(f"{to} is there already: it is kept, choose another name")
    if not ledger.is_file():
        raise LedgerError(f"there is no ledger at {ledger}; name the state folder with --state")
    part = to.with_name(to.name + ".part")
    new_file(part)
    try:
        copy_file(ledger, part, progress)
        made = verified(part)
        os.link(part, to)
        _sync_folder(to.parent)
    except OSError as error:
        raise LedgerError(f"the backup cannot be written: {error.strerror}: {to}") from error
    finally:
        part.unlink(missing_ok=True)
    return Backup(path=to, head=made.head, size=made.size)


def copy_file(source: Path, target: Path, progress: Progress) -> None:
    """Copy one state of the database ``source`` to a new file ``target`` (0600), safe against a power cut.

    A read transaction is held throughout: who writes meanwhile neither waits nor makes the copy begin anew.
    """
    new_file(target)
    with _explained(source), closing(_opened(source, "ro")) as reading:
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        with closing(_opened(target, "rw")) as writing:
            _pour(reading, writing, progress)
            writing.execute("PRAGMA journal_mode = DELETE")
    with target.open("rb") as file:
        os.fsync(file)


def pour(source: Path, target: Path, progress: Progress) -> None:
    """Replace all of the database ``target`` by ``source``, in one transaction that others see at once.

    Raises LedgerError, and nothing is changed, where another holds it.
    """
    with (
        _explained(target),
        closing(_opened(source, "ro")) as reading,
        closing(_opened(target, "rw")) as writing,
    ):
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("PRAGMA synchronous = FULL")
        _pour(reading, writing, progress)


def verified(path: Path, exported: Iterable[Head] = ()) -> Backup:
    """Check a backup: the file's own structure, the chain, every row, and heads that were exported.

    Raises LedgerTampered where anything is not as it was written, LedgerError where it cannot be read.
    """
    if not path.is_file():
        raise LedgerError(f"there is no backup at {path}")
    side = path.with_name(path.name + "-wal")
    if side.exists() and side.stat().st_size:
        raise LedgerError(
            f"{path} has a part in {side.name}: it is a ledger in use; make a backup of it first"
        )
    with read_only(path) as connection:
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        if found != ["ok"]:
            raise LedgerTampered(f"{path}: the file is damaged: {'; '.join(found[:3])}")
        older = revision(connection) != LEDGER_MIGRATIONS.head
        head = None if older else _verified(connection, path, exported)
    return Backup(
        path=path,
        head=_verified_older(path, exported) if head is None else head,
        size=path.stat().st_size,
    )


def _verified(connection: Connection, path: Path, exported: Iterable[Head]) -> Head:
    count = verification.verify(connection, exported)
    last = connection.execute(select(func.max(RECORDS.c.at_ns))).scalar_one_or_none()
    head = head_of(connection, utc(last) if last is not None else EPOCH)
    if head.sequence != count:
        raise LedgerTampered(f"{path}: the head says {head.sequence}, {count} records were verified")
    return head


def _verified_older(path: Path, exported: Iterable[Head]) -> Head:
    """Verify a copy with the tables of this version; raises LedgerError where the file is of a newer one."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy_file(path, copy, lambda _done, _of: None)
        database = Database.at_path(copy, "NORMAL")
        try:
            migrate(database, LEDGER_MIGRATIONS)
            with database.reading() as connection:
                return _verified(connection, path, exported)
        finally:
            database.close()


@contextmanager
def read_only(path: Path) -> Iterator[Connection]:
    """Read a file that nobody writes to; nothing is left beside it."""
    uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
    engine = create_engine("sqlite://", creator=lambda: sqlite3.connect(uri, uri=True), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except exc.SQLAlchemyError as error:
        raise LedgerError(f"{path}: {failures.reason(error)}") from error
    finally:
        engine.dispose()


def new_file(path: Path) -> None:
    """Make an empty file for its owner alone in place of what an interrupted copy left."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except OSError as error:
        raise LedgerError(f"the copy cannot be written: {error.strerror}: {path}") from error


def stamp(at: datetime) -> str:
    """A time as part of a file's name.

    >>> from datetime import UTC
    >>> stamp(datetime(2026, 11, 22, 8, 5, tzinfo=UTC))
    '20261122T080500Z'
    """
    return f"{at:%Y%m%dT%H%M%SZ}"


def _pour(reading: sqlite3.Connection, writing: sqlite3.Connection, progress: Progress) -> None:
    def report(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    reading.backup(writing, pages=STEP_PAGES, progress=report, sleep=0.01)


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        timeout=failures.BUSY_SECONDS,
        isolation_level=None,
    )


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {failures.sqlite_reason(error)}") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
