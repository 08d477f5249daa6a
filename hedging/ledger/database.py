"""One database file: how it is opened, read and written by many threads and processes at once."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext
from sqlalchemy.pool import ConnectionPoolEntry

from hedging.errors import LedgerError
from hedging.ledger import failures

WRITER_LOCK = 0x6865646765
"""PostgreSQL's advisory lock that makes writers take turns, as SQLite's do."""

STILL_SECONDS = 10.0
"""How long a process may stand still inside a write before PostgreSQL takes its turn away."""

FAILED = "a statement failed"
"""Mark on a connection: what it wrote since is half of something, and is not committed."""


class Database:
    """An engine over one file (or URL) with readers that see a snapshot and writers that take turns."""

    def __init__(self, url: URL, name: str, synchronous: str) -> None:
        self.name = name
        self._turn = threading.Lock()
        self._writer: int | None = None
        self.engine = _engine(url, synchronous)

    @classmethod
    def at_path(cls, path: Path, synchronous: str) -> "Database":
        """Open or create the SQLite file at ``path``, readable by its owner alone.

        ``synchronous`` is FULL (a commit survives a power cut) or NORMAL (it survives a crash of the
        process). Raises LedgerError where the folder or the file cannot be made or written.
        """
        _private_file(path)
        return cls(URL.create("sqlite", database=str(path)), path.name, synchronous)

    @classmethod
    def at_url(cls, url: str) -> "Database":
        """Open a database by SQLAlchemy URL; raises LedgerError where the URL or driver is unusable."""
        try:
            parsed = make_url(url)
            return cls(parsed, parsed.render_as_string(hide_password=True), "FULL")
        except (exc.ArgumentError, ModuleNotFoundError) as error:
            raise LedgerError(f"cannot use the ledger's database URL: {error}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection on which all reads see one state."""
        with self.translated(), self.engine.connect() as connection:
            if self.engine.dialect.name != "sqlite":
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that holds the only write transaction; commit at the end, or roll back.

        Where a statement failed, all is rolled back, even if the block went on.
        """
        with self._alone(), self.translated(), self.engine.connect() as connection:
            writer = connection.execution_options(hedging_writes=True)
            with writer.begin():
                writer.info.pop(FAILED, None)
                yield writer
                if FAILED in writer.info:
                    raise LedgerError(
                        f"the ledger {self.name}: a part of this write failed, so nothing of it was written"
                    )

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise the database's errors as LedgerError in plain words."""
        try:
            yield
        except exc.SQLAlchemyError as error:
            raise LedgerError(f"the ledger {self.name}: {failures.reason(error)}") from error

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold this process's turn to write: threads queue here, not in SQLite's polling."""
        me = threading.get_ident()
        if self._writer == me:
            raise LedgerError(
                f"the ledger {self.name}: this thread is already inside a write; finish it first"
            )
        if not self._turn.acquire(timeout=failures.BUSY_SECONDS):
            raise LedgerError(
                f"the ledger {self.name}: another thread has been writing for {failures.BUSY_SECONDS:g} s"
            )
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.release()


def _engine(url: URL, synchronous: str) -> Engine:
    engine = _sqlite(url, synchronous) if url.get_backend_name() == "sqlite" else _elsewhere(url)
    event.listen(engine, "handle_error", _mark_failed)
    return engine


def _elsewhere(url: URL) -> Engine:
    """PostgreSQL; a write statement sees what was committed before it began, and writers take turns."""
    engine = create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)
    event.listen(engine, "begin", _begin_elsewhere)
    return engine


def _sqlite(url: URL, synchronous: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": failures.BUSY_SECONDS, "isolation_level": None},
        pool_size=8,
        max_overflow=24,
    )

    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        del entry
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _mark_failed(context: ExceptionContext) -> None:
    if context.connection is not None and not context.connection.invalidated:
        context.connection.info[FAILED] = True


def _begin_sqlite(connection: Connection) -> None:
    """Begin by hand: the driver's own BEGIN comes after the first read, and loses updates."""
    writes = connection.get_execution_options().get("hedging_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_elsewhere(connection: Connection) -> None:
    """Wait for the turn to write; who stands still inside a write loses it."""
    if connection.get_execution_options().get("hedging_writes", False):
        connection.exec_driver_sql(
            f"SET LOCAL lock_timeout = '{failures.BUSY_SECONDS * 1000:.0f}ms';"
            " SET LOCAL synchronous_commit = 'on';"
            f" SET LOCAL idle_in_transaction_session_timeout = '{STILL_SECONDS * 1000:.0f}ms';"
            f" SELECT pg_advisory_xact_lock({WRITER_LOCK})"
        )


def _private_file(path: Path) -> None:
    """Make the folder (0700) and the file (0600); SQLite gives its side files the same mode."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
    except OSError as error:
        raise LedgerError(
            f"the ledger {path.name} cannot be opened for writing: {error.strerror}: {path}"
        ) from error
