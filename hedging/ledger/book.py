"""The ledger of a folder or a database URL: lease, commands, transactions and everything read."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from hedging.errors import LedgerError
from hedging.ledger import chain, leases, queries, verification
from hedging.ledger.chain import Head
from hedging.ledger.database import Database
from hedging.ledger.leases import Lease
from hedging.ledger.migration import LEDGER_MIGRATIONS, migrate
from hedging.ledger.queries import RecordFilter
from hedging.ledger.rows import COMMAND
from hedging.ledger.schema import COMMANDS
from hedging.ledger.transaction import Transaction
from hedging.model.terms import TermsState, TermsVersion
from hedging.model.trading import (
    Command,
    CommandState,
    Fill,
    Order,
    OrderState,
    Ticket,
    TicketState,
    TradingStatus,
)
from hedging.model.view import Record

FILE = "ledger.sqlite"


class Ledger:
    """Everything decided, sent and filled, with a chain of records that proves it.

    Safe to share between threads; several processes may open the same one. Every method raises
    LedgerError, in words, where the database cannot do what is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        migrate(database, LEDGER_MIGRATIONS)

    @classmethod
    def open(cls, folder: Path) -> "Ledger":
        """Open the ledger in ``folder``, making both where absent, and bring its tables up to date.

        Raises LedgerError where it cannot be written, or was written by a newer version.
        """
        return cls(Database.at_path(folder / FILE, "FULL"))

    @classmethod
    def open_url(cls, url: str) -> "Ledger":
        """Open the ledger at a SQLAlchemy URL, as ``postgresql+psycopg://…``."""
        return cls(Database.at_url(url))

    def close(self) -> None:
        """Close the file; the ledger must not be used afterwards."""
        self._database.close()

    def acquire_lease(self, book: str, holder: str, now: datetime, ttl: timedelta) -> Lease:
        """Become the one that writes for ``book`` until ``now + ttl``.

        Raises LeaseLost, with who holds it until when, while another lease runs (even one of the same
        holder's name: two processes are two holders).
        """
        wanted = Lease(book=book, holder=_named(holder, "holder"), token=0, expires_at=now + ttl)
        with self._database.writing() as connection:
            return leases.acquire(connection, wanted, now)

    def renew_lease(self, lease: Lease, now: datetime, ttl: timedelta) -> Lease:
        """Move the end of the lease to ``now + ttl``; raises LeaseLost where the token was taken."""
        renewed = Lease(book=lease.book, holder=lease.holder, token=lease.token, expires_at=now + ttl)
        with self._database.writing() as connection:
            return leases.renew(connection, renewed)

    def release_lease(self, lease: Lease) -> None:
        """Give the lease up, so that the next holder need not wait; nothing happens where it was taken."""
        with self._database.writing() as connection:
            leases.release(connection, lease)

    def lease(self, book: str) -> Lease | None:
        """The lease of ``book``, expired or not; None where nobody holds it."""
        with self._database.reading() as connection:
            return leases.stored(connection, book)

    def leases(self) -> tuple[Lease, ...]:
        """The lease of every book that ever had one; ``holder`` is empty where it was released."""
        with self._database.reading() as connection:
            return leases.every(connection)

    def append_command(self, command: Command) -> Command:
        """Store a person's wish with its record; give back the stored one where the key is known.

        Needs no lease. Raises LedgerError where the key is empty or the command is not pending.
        """
        _named(command.key, "key")
        if command.state is not CommandState.PENDING:
            raise LedgerError(
                f"the command {command.key} is {command.state.value}: only a pending one can be appended"
            )
        row = COMMAND.row(command)
        with self._database.writing() as connection:
            stored = queries.command(connection, command.key)
            if stored is not None:
                return stored
            entry = chain.Entry(
                at=command.at, kind=COMMAND.kind, actor=command.user, ref=command.key, body=str(row["body"])
            )
            row["record"] = chain.append(connection, entry).sequence
            row["id"] = queries.last_command_id(connection) + 1
            connection.execute(insert(COMMANDS).values(row))
        return command

    def pending_commands(self) -> tuple[Command, ...]:
        """Commands that nobody has answered, oldest first."""
        with self._database.reading() as connection:
            return queries.pending_commands(connection)

    def command(self, key: str) -> Command | None:
        """The command of this key."""
        with self._database.reading() as connection:
            return queries.command(connection, key)

    def commands(self, limit: int = 200) -> tuple[Command, ...]:
        """The latest commands, newest first."""
        with self._database.reading() as connection:
            return queries.commands(connection, limit)

    def last_command_id(self) -> int:
        """Number of the latest command, 0 before the first: cheap enough to poll."""
        with self._database.reading() as connection:
            return queries.last_command_id(connection)

    @contextmanager
    def write(self, lease: Lease, now: datetime) -> Iterator[Transaction]:
        """Give a transaction; commit when the block ends, roll back when it raises.

        Raises LeaseLost, and nothing is written, unless the lease is still ours and runs at ``now``.
        """
        with self._database.writing() as connection:
            leases.require(connection, lease, now)
            yield Transaction(connection, lease, now)

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The ticket of this id."""
        with self._database.reading() as connection:
            return queries.ticket(connection, ticket_id)

    def tickets(self, states: Iterable[TicketState] | None = None, limit: int = 200) -> tuple[Ticket, ...]:
        """Tickets in any of ``states`` (None: all), newest first."""
        with self._database.reading() as connection:
            return queries.tickets(connection, states, limit)

    def order(self, client_id: str) -> Order | None:
        """The order of this client id."""
        with self._database.reading() as connection:
            return queries.order(connection, client_id)

    def orders(
        self,
        ticket_id: str | None = None,
        states: Iterable[OrderState] | None = None,
        limit: int | None = None,
    ) -> tuple[Order, ...]:
        """Orders of one ticket (None: all) in any of ``states`` (None: all), newest first."""
        with self._database.reading() as connection:
            return queries.orders(connection, ticket_id, states, limit)

    def fills(
        self, client_id: str | None = None, since: datetime | None = None, limit: int | None = None
    ) -> tuple[Fill, ...]:
        """Fills of one order (None: all) at or after ``since``, newest first."""
        with self._database.reading() as connection:
            return queries.fills(connection, client_id, since, limit)

    def records(
        self,
        limit: int = 200,
        before: int | None = None,
        kind: str | None = None,
        ref: str | None = None,
        actor: str | None = None,
    ) -> tuple[Record, ...]:
        """Records numbered below ``before`` that match, newest first."""
        wanted = RecordFilter(before=before, kind=kind, ref=ref, actor=actor)
        with self._database.reading() as connection:
            return queries.records(connection, wanted, limit)

    def record(self, sequence: int) -> Record | None:
        """The record of this number."""
        with self._database.reading() as connection:
            return queries.record(connection, sequence)

    def inputs(self, inputs_hash: str) -> bytes | None:
        """What the decision with this hash was computed from."""
        with self._database.reading() as connection:
            return queries.inputs(connection, inputs_hash)

    def trading(self, book: str | None = None) -> TradingStatus:
        """The switch of ``book`` (None: of the only one); ACTIVE with automatic mode off before the first."""
        with self._database.reading() as connection:
            return queries.trading(connection, book)

    def terms(
        self, book: str | None = None, states: Iterable[TermsState] | None = None, limit: int | None = None
    ) -> tuple[TermsVersion, ...]:
        """Versions of the terms of ``book`` (None: of all), in any of ``states``, newest first."""
        with self._database.reading() as connection:
            return queries.terms(connection, book, states, limit)

    def head(self, now: datetime) -> Head:
        """Number and hash of the last record; ``now`` becomes the head's time."""
        with self._database.reading() as connection:
            return chain.head_of(connection, now)

    def verify_chain(self, exported: Iterable[Head] = ()) -> int:
        """Check every record and every row it proves; return how many records were verified.

        ``exported``: heads kept elsewhere that must still be in the chain (``heads.in_force``). Raises
        LedgerTampered naming the record or row and what was wrong with it.
        """
        with self._database.reading() as connection:
            return verification.verify(connection, exported)


def _named(value: str, what: str) -> str:
    if not value.strip():
        raise LedgerError(f"the {what} is empty: give it a name")
    return value
