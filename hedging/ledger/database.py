"""One database file: how it is opened, read and written by many threads and processes at once."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from hedging.errors import LedgerError

BUSY_SECONDS = 5.0
"""How long a write waits for the one before it."""

WRITER_LOCK = 0x6865646765
"""PostgreSQL's advisory lock that makes writers take turns, as SQLite's do."""

ADVICE = {
    "SQLITE_BUSY": f"another process has held it for over {BUSY_SECONDS:g} s; nothing was written, try again",
    "SQLITE_READONLY": "it is read-only; check the owner and permissions of the folder and its files",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the folder exists and may be written",
    "SQLITE_FULL": "the disk is full; nothing was written, free some space",
    "SQLITE_IOERR": "the disk failed; check the file system",
    "SQLITE_NOTADB": "it is not a database; restore it from a backup",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup",
    "SQLITE_CONSTRAINT": "a rule of the ledger forbids it",
}


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
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Give a connection that holds the only write transaction; commit at the end, or roll back."""
        with self._alone(), self.translated(), self.engine.connect() as connection:
            writer = connection.execution_options(hedging_writes=True)
            with writer.begin():
                yield writer

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise the database's errors as LedgerError in plain words."""
        try:
            yield
        except exc.SQLAlchemyError as error:
            raise LedgerError(f"the ledger {self.name}: {_reason(error)}") from error

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
        if not self._turn.acquire(timeout=BUSY_SECONDS):
            raise LedgerError(
                f"the ledger {self.name}: another thread has been writing for {BUSY_SECONDS:g} s"
            )
        self._writer = me
        try:
            yield
        finally:
            self._writer = None
            self._turn.release()


def _engine(url: URL, synchronous: str) -> Engine:
    if url.get_backend_name() != "sqlite":
        engine = create_engine(url, isolation_level="READ COMMITTED", pool_pre_ping=True)
        event.listen(engine, "begin", _begin_elsewhere)
        return engine
    engine = create_engine(
        url, connect_args={"timeout": BUSY_SECONDS, "isolation_level": None}, pool_size=8, max_overflow=24
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


def _begin_sqlite(connection: Connection) -> None:
    """Begin by hand: the driver's own BEGIN comes after the first read, and loses updates."""
    writes = connection.get_execution_options().get("hedging_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_elsewhere(connection: Connection) -> None:
    if connection.get_execution_options().get("hedging_writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


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


def _reason(error: exc.SQLAlchemyError) -> str:
    """What the driver said, and what to do about it."""
    if not isinstance(error, exc.DBAPIError) or error.orig is None:
        return str(error)
    code = getattr(error.orig, "sqlite_errorname", "")
    advice = next((text for prefix, text in ADVICE.items() if code.startswith(prefix)), "")
    return f"{advice} ({error.orig})" if advice else str(error.orig)
