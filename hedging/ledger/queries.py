"""What can be asked of the ledger inside a transaction or outside; newest first unless said."""

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, func, select, true

from hedging.errors import LedgerError
from hedging.ledger.chain import record_of
from hedging.ledger.codec import decode, nanoseconds
from hedging.ledger.schema import COMMANDS, FILLS, INPUTS, ORDERS, RECORDS, TERMS, TICKETS, TRADING
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

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which records are wanted; None asks nothing of that column."""

    before: int | None = None
    kind: str | None = None
    ref: str | None = None
    actor: str | None = None


def ticket(connection: Connection, ticket_id: str) -> Ticket | None:
    """The ticket of this id."""
    body = connection.execute(select(TICKETS.c.body).where(TICKETS.c.id == ticket_id)).scalar_one_or_none()
    return None if body is None else decode(Ticket, body)


def tickets(
    connection: Connection, states: Iterable[TicketState] | None, limit: int | None
) -> tuple[Ticket, ...]:
    """Tickets in any of ``states`` (None: all)."""
    query = select(TICKETS.c.body).where(_state_in(TICKETS, states))
    newest = query.order_by(TICKETS.c.created_ns.desc(), TICKETS.c.id.desc())
    return _bodies(connection, newest.limit(limit), Ticket)


def order(connection: Connection, client_id: str) -> Order | None:
    """The order of this client id."""
    body = connection.execute(
        select(ORDERS.c.body).where(ORDERS.c.client_id == client_id)
    ).scalar_one_or_none()
    return None if body is None else decode(Order, body)


def orders(
    connection: Connection, ticket_id: str | None, states: Iterable[OrderState] | None, limit: int | None
) -> tuple[Order, ...]:
    """Orders of one ticket (None: of all) in any of ``states`` (None: all)."""
    query = select(ORDERS.c.body).where(_equal(ORDERS.c.ticket_id, ticket_id), _state_in(ORDERS, states))
    newest = query.order_by(ORDERS.c.created_ns.desc(), ORDERS.c.leg.desc(), ORDERS.c.clip.desc())
    return _bodies(connection, newest.limit(limit), Order)


def fills(
    connection: Connection, client_id: str | None, since: datetime | None, limit: int | None
) -> tuple[Fill, ...]:
    """Fills of one order (None: of all), at or after ``since``."""
    late = true() if since is None else FILLS.c.at_ns >= nanoseconds(since)
    query = select(FILLS.c.body).where(_equal(FILLS.c.client_id, client_id), late)
    return _bodies(connection, query.order_by(FILLS.c.at_ns.desc(), FILLS.c.record.desc()).limit(limit), Fill)


def command(connection: Connection, key: str) -> Command | None:
    """The command of this key."""
    body = connection.execute(select(COMMANDS.c.body).where(COMMANDS.c.key == key)).scalar_one_or_none()
    return None if body is None else decode(Command, body)


def commands(connection: Connection, limit: int | None) -> tuple[Command, ...]:
    """The latest commands, in the order they were stored."""
    return _bodies(connection, select(COMMANDS.c.body).order_by(COMMANDS.c.id.desc()).limit(limit), Command)


def pending_commands(connection: Connection) -> tuple[Command, ...]:
    """Commands that nobody has answered, oldest first."""
    query = select(COMMANDS.c.body).where(COMMANDS.c.state == CommandState.PENDING.value)
    return _bodies(connection, query.order_by(COMMANDS.c.id), Command)


def last_command_id(connection: Connection) -> int:
    """Number of the latest command; 0 before the first."""
    return int(connection.execute(select(func.max(COMMANDS.c.id))).scalar_one() or 0)


def trading(connection: Connection, book: str | None) -> TradingStatus:
    """The switch of ``book`` (None: of the only book); a fresh one where none is stored yet.

    Raises LedgerError where there are several books and none is named.
    """
    rows = connection.execute(
        select(TRADING.c.book, TRADING.c.body).where(_equal(TRADING.c.book, book))
    ).all()
    if len(rows) > 1:
        raise LedgerError(
            f"the ledger keeps {len(rows)} books ({', '.join(row.book for row in rows)}): name one"
        )
    return decode(TradingStatus, rows[0].body) if rows else TradingStatus()


def terms(
    connection: Connection, book: str | None, states: Iterable[TermsState] | None, limit: int | None
) -> tuple[TermsVersion, ...]:
    """Versions of the terms of ``book`` (None: of any) in any of ``states`` (None: all)."""
    query = select(TERMS.c.body).where(_equal(TERMS.c.book, book), _state_in(TERMS, states))
    return _bodies(connection, query.order_by(TERMS.c.number.desc()).limit(limit), TermsVersion)


def inputs(connection: Connection, inputs_hash: str) -> bytes | None:
    """What a decision was computed from, as it was stored."""
    body = connection.execute(select(INPUTS.c.body).where(INPUTS.c.hash == inputs_hash)).scalar_one_or_none()
    try:
        return None if body is None else zlib.decompress(body)
    except zlib.error as error:
        raise LedgerError(f"the stored inputs {inputs_hash} are damaged: {error}") from error


def record(connection: Connection, sequence: int) -> Record | None:
    """The record of this number."""
    row = connection.execute(select(RECORDS).where(RECORDS.c.sequence == sequence)).one_or_none()
    return None if row is None else record_of(row)


def records(connection: Connection, wanted: RecordFilter, limit: int | None) -> tuple[Record, ...]:
    """Records that pass the filter."""
    query = select(RECORDS).where(
        true() if wanted.before is None else RECORDS.c.sequence < wanted.before,
        _equal(RECORDS.c.kind, wanted.kind),
        _equal(RECORDS.c.ref, wanted.ref),
        _equal(RECORDS.c.actor, wanted.actor),
    )
    newest = query.order_by(RECORDS.c.sequence.desc()).limit(limit)
    return tuple(record_of(row) for row in connection.execute(newest))


def _bodies(connection: Connection, query: Select[Any], noun: type[T]) -> tuple[T, ...]:
    return tuple(decode(noun, body) for body in connection.execute(query).scalars())


def _equal(column: ColumnElement[Any], value: str | None) -> ColumnElement[bool]:
    return true() if value is None else column == value


def _state_in(
    table: Table, states: Iterable[TicketState | OrderState | TermsState] | None
) -> ColumnElement[bool]:
    if states is None:
        return true()
    return table.c.state.in_([state.value for state in states])
