"""What a database's own error means for whoever wrote: in words, and what to do."""

import sqlite3

from sqlalchemy import exc

BUSY_SECONDS = 5.0
"""How long a write waits for the one before it."""

SQLITE = {
    "SQLITE_BUSY": f"another process has held it for over {BUSY_SECONDS:g} s; nothing was written, try again",
    "SQLITE_READONLY": "it is read-only; check the owner and permissions of the folder and its files",
    "SQLITE_CANTOPEN": "it cannot be opened; check that the folder exists and may be written",
    "SQLITE_FULL": "the disk is full; nothing was written, free some space",
    "SQLITE_IOERR": "the disk failed; check the file system",
    "SQLITE_NOTADB": "it is not a database; restore it from a backup",
    "SQLITE_CORRUPT": "it is damaged; restore it from a backup",
    "SQLITE_CONSTRAINT": "a rule of the ledger forbids it",
}
"""By the beginning of SQLite's error name."""

POSTGRESQL = {
    "55P03": SQLITE["SQLITE_BUSY"],
    "40001": "another write came first; nothing was written, try again",
    "40P01": "another write came first; nothing was written, try again",
    "25006": "it is read-only; check that the server is no standby and the user may write",
    "42501": "the user may not do this; check the rights on the tables",
    "53100": "the disk is full; nothing was written, free some space",
    "53": "the server has no more of what this needs; nothing was written",
    "58": "the server's disk failed; check its file system",
    "XX001": "it is damaged; restore it from a backup",
    "23": "a rule of the ledger forbids it",
    "P0001": "a rule of the ledger forbids it",
    "22021": "a text holds a sign that cannot be stored; nothing was written",
    "25P03": "this process stood still inside a write; nothing was written",
    "25P04": "this process stood still inside a write; nothing was written",
    "57P": "the server ended the connection; read the ledger before writing again",
    "08": "the connection was lost; read the ledger before writing again",
    "28": "the server refuses this user; check name and password in the URL",
    "3D000": "there is no such database; create it, or correct the URL",
}
"""By the beginning of the SQLSTATE, the longest that fits (PostgreSQL 16, appendix A)."""

LOST = "the database cannot be reached, or the connection was lost; read the ledger before writing again"


def reason(error: exc.SQLAlchemyError) -> str:
    """What the driver said, and what to do about it."""
    if not isinstance(error, exc.DBAPIError) or error.orig is None:
        return str(error)
    return _told(_advice(error), error.orig)


def sqlite_reason(error: sqlite3.Error) -> str:
    """The same for an error of SQLite's own module."""
    return _told(_sqlite_advice(getattr(error, "sqlite_errorname", "")), error)


def _told(advice: str, error: BaseException) -> str:
    said = " ".join(str(error).split())
    return f"{advice} ({said})" if advice else said


def _advice(error: exc.DBAPIError) -> str:
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return _sqlite_advice(name)
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return LOST if isinstance(error, exc.OperationalError) else ""
    fitting = [prefix for prefix in POSTGRESQL if state.startswith(prefix)]
    return POSTGRESQL[max(fitting, key=len)] if fitting else ""


def _sqlite_advice(name: str) -> str:
    return next((text for prefix, text in SQLITE.items() if name.startswith(prefix)), "")
