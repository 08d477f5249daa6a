"""Puts a ledger back to a backup, so that nothing is sent before people have compared it with the exchange.

The backup is copied and marked first: each book halted, automatic mode off, unanswered commands refused, a
record of kind ``restored``, tokens above all that were given. Only then it takes the place of the ledger, in
one transaction; what was there is kept beside it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path

from sqlalchemy import select

from hedging.errors import LeaseLost, LedgerError
from hedging.ledger import leases, queries
from hedging.ledger.backup import Backup, Progress, copy_file, pour, stamp, verified
from hedging.ledger.book import FILE, Ledger
from hedging.ledger.chain import Head
from hedging.ledger.database import Database
from hedging.ledger.leases import Lease
from hedging.ledger.restore_note import KIND, RestoreNote
from hedging.ledger.schema import LEASES, TRADING
from hedging.ledger.transaction import Transaction
from hedging.model.trading import CommandState, TradingState
from hedging.workflow.authority import halted

WHY = "restored from a backup: compare with the exchange, then two people resume"
REFUSED = "the ledger was restored from a backup before this was answered: look again, and ask again"
CLAIM = timedelta(minutes=2)
"""How long a restore keeps engines from starting, should it be killed half way."""

FAR = 1_000_000
"""Added to the backup's token where the ledger cannot tell how many were given since."""


class EngineIs(Enum):
    """What the person says of the engine, where the ledger is too damaged to tell."""

    NOT_SAID = "not said"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What is asked for: which backup into which state folder, by whom, when."""

    folder: Path
    backup: Path
    user: str
    now: datetime
    engine: EngineIs = EngineIs.NOT_SAID
    exported: tuple[Head, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """What was done: the backup, the head with the marks, where the replaced ledger is, the books."""

    backup: Backup
    head: Head
    kept: Path | None
    books: tuple[str, ...]


def restore(wanted: Restore, progress: Progress) -> Restored:
    """Put the ledger of a folder back to a backup.

    Raises LeaseLost where an engine holds a book, LedgerTampered where the backup does not verify,
    LedgerError where a file cannot be used, or the ledger cannot tell whether an engine runs and nobody says
    that it is stopped. The ledger is as it was then.
    """
    if not wanted.user.strip():
        raise LedgerError("a restore needs the name of who does it")
    if wanted.backup.resolve() == (wanted.folder / FILE).resolve():
        raise LedgerError(f"{wanted.backup} is the ledger itself: name a backup")
    backup = _checked(wanted)
    live, staged = wanted.folder / FILE, wanted.folder / f"{FILE}.restoring"
    readable = _require_no_engine(wanted, live)
    try:
        copy_file(wanted.backup, staged, progress)
        kept = _keep(live, wanted.now)
        with _claimed(wanted, live if readable else None) as tokens:
            books = _mark(wanted, staged, backup, tokens)
            head = verified(staged).head
            _put(staged, live, progress)
    finally:
        for path in _with_sides(staged):
            path.unlink(missing_ok=True)
    return Restored(backup=backup, head=head, kept=kept, books=books)


def _checked(wanted: Restore) -> Backup:
    """The backup, in agreement with the exported heads up to its end: those after are what is given up."""
    backup = verified(wanted.backup)
    kept = [each for each in wanted.exported if each.sequence <= backup.head.sequence]
    return verified(wanted.backup, kept) if kept else backup


def _require_no_engine(wanted: Restore, live: Path) -> bool:
    """Whether there is a ledger that can be read; raises where an engine runs on it, or may."""
    if not live.exists():
        return False
    try:
        held = _leases(live.parent)
    except LedgerError as error:
        if wanted.engine is EngineIs.STOPPED:
            return False
        raise LedgerError(
            f"{error}; so whether an engine runs cannot be read: stop it, and say so with --engine-is-stopped"
        ) from error
    for lease in held:
        if lease.holder and lease.expires_at > wanted.now:
            raise LeaseLost(
                f"{lease.holder} holds the book {lease.book} until {lease.expires_at:%Y-%m-%d %H:%M:%S} UTC:"
                " stop that engine, or wait until its lease has run out"
            )
    return True


def _leases(folder: Path) -> tuple[Lease, ...]:
    ledger = Ledger.open(folder)
    try:
        return ledger.leases()
    finally:
        ledger.close()


def _keep(live: Path, now: datetime) -> Path | None:
    """Copy what is there to a name of its own; what cannot even be copied is moved, with its side files."""
    if not live.exists():
        return None
    kept = live.with_name(f"{live.name}.replaced-{stamp(now)}")
    if kept.exists():
        raise LedgerError(f"{kept} is there already: another restore ran in this second; try again")
    try:
        copy_file(live, kept, lambda _done, _of: None)
    except LedgerError:
        for path, side in zip(_with_sides(live), _with_sides(kept), strict=True):
            if path.exists():
                path.replace(side)
    return kept


@contextmanager
def _claimed(wanted: Restore, live: Path | None) -> Iterator[Mapping[str, int]]:
    """Hold every book of the ledger meanwhile, so that no engine starts; give their tokens by book."""
    if live is None:
        yield {}
        return
    ledger = Ledger.open(live.parent)
    taken: list[Lease] = []
    try:
        held = ledger.leases()
        for each in held:
            _claim(wanted, ledger, each.book, taken)
        yield {lease.book: lease.token for lease in (*held, *taken)}
    except BaseException:
        for lease in taken:
            ledger.release_lease(lease)
        raise
    finally:
        ledger.close()


def _claim(wanted: Restore, ledger: Ledger, book: str, taken: list[Lease]) -> None:
    try:
        taken.append(ledger.acquire_lease(book, _holder(wanted), wanted.now, CLAIM))
    except LeaseLost:
        raise
    except LedgerError:  # too damaged to write to: no engine can take the book there either
        return


def _mark(wanted: Restore, staged: Path, backup: Backup, tokens: Mapping[str, int]) -> tuple[str, ...]:
    """Make the copy safe to start on; give the books that were halted."""
    database = Database.at_path(staged, "FULL")
    ledger = Ledger(database)
    try:
        with database.reading() as connection:
            kept = {*connection.execute(select(LEASES.c.book)).scalars()}
            kept |= {*connection.execute(select(TRADING.c.book)).scalars()}
        books = tuple(sorted(kept | set(tokens)))
        for book in books:
            _mark_book(wanted, ledger, database, _note(backup, book, tokens))
        nobody = Lease(book="", holder=_holder(wanted), token=0, expires_at=wanted.now)
        with database.writing() as connection:
            transaction = Transaction(connection, nobody, wanted.now)
            if not books:
                transaction.record(KIND, wanted.user, "", _note(backup, "", tokens))
            for command in queries.pending_commands(connection):
                transaction.settle_command(command.key, CommandState.REFUSED, REFUSED)
    finally:
        ledger.close()
    return books


def _mark_book(wanted: Restore, ledger: Ledger, database: Database, note: RestoreNote) -> None:
    held = ledger.lease(note.book)
    if held is not None:
        ledger.release_lease(held)
    above = note.token_before or _stored_token(ledger, note.book) + FAR
    asked = Lease(book=note.book, holder=_holder(wanted), token=above + 1, expires_at=wanted.now + CLAIM)
    with database.writing() as connection:
        lease = leases.acquire(connection, asked, wanted.now)
    with ledger.write(lease, wanted.now) as transaction:
        transaction.record(KIND, wanted.user, note.book, note)
        before = transaction.trading()
        why = WHY
        if before.state is TradingState.HALTED and before.halted_because not in ("", WHY):
            why = f"{WHY} (it was halted before: {before.halted_because.removeprefix(WHY).strip(' ()')})"
        transaction.put_trading(halted(before, why))
    ledger.release_lease(replace(lease, expires_at=wanted.now))


def _stored_token(ledger: Ledger, book: str) -> int:
    return next((lease.token for lease in ledger.leases() if lease.book == book), 0)


def _note(backup: Backup, book: str, tokens: Mapping[str, int]) -> RestoreNote:
    return RestoreNote(
        book=book,
        backup=backup.path.name,
        last_record=backup.head.sequence,
        last_hash=backup.head.hash,
        token_before=tokens.get(book, 0),
    )


def _put(staged: Path, live: Path, progress: Progress) -> None:
    """Into the ledger where there is one, so that whoever has it open sees the change; else as the file."""
    if live.exists():
        pour(staged, live, progress)
    else:
        staged.replace(live)


def _holder(wanted: Restore) -> str:
    return f"restore by {wanted.user}"


def _with_sides(path: Path) -> tuple[Path, ...]:
    return tuple(path.with_name(path.name + side) for side in ("", "-wal", "-shm"))
