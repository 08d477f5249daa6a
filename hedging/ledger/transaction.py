"""What the holder of the lease changes in one commit: nouns, their records, and nothing else."""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Table, insert, select, update

from hedging.errors import LedgerError
from hedging.ledger import chain, leases, queries
from hedging.ledger.codec import encode
from hedging.ledger.leases import Lease
from hedging.ledger.rows import (
    COMMAND,
    FILL,
    ORDER,
    SHELVES,
    TERMS_VERSION,
    TICKET,
    TRADING_STATUS,
    Shelf,
)
from hedging.ledger.schema import INPUTS
from hedging.model.terms import TermsState, TermsVersion
from hedging.model.trading import Command, CommandState, Fill, Order, OrderState, Ticket, TradingStatus
from hedging.model.view import Record

INPUTS_KIND = "inputs"
RESERVED_KINDS = frozenset((*(shelf.kind for shelf in SHELVES), INPUTS_KIND, leases.KIND))
"""Kinds that the ledger writes by itself beside each noun; the chain proves the tables by them."""

FAST_COMPRESSION = 3
"""zlib level: most of the gain at a third of the time, while the write lock is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputsNote:
    """What the chain keeps of stored inputs: SHA-256 (hex) plain and packed, size in bytes (plain)."""

    sha256: str
    packed_sha256: str
    size: int


class Transaction:
    """One all-or-nothing change; made by ``Ledger.write`` and good only inside its ``with`` block."""

    def __init__(self, connection: Connection, lease: Lease, now: datetime) -> None:
        self._connection = connection
        self._lease = lease
        self._now = now

    def put_ticket(self, ticket: Ticket) -> None:
        """Store a ticket, new or changed; its content hash may not change."""
        self._put(TICKET, ticket, ticket.decided_by or ticket.proposed_by)

    def put_order(self, order: Order) -> None:
        """Store an order, new or changed; its ticket must be stored, what it asks for may not change."""
        self._put(ORDER, order, order.actor)

    def add_fill(self, fill: Fill) -> bool:
        """Book a fill; False where the venue, account and trade id are booked already.

        A second report that contradicts the booked one changes nothing, and leaves a record of kind
        "fill conflict" (once for each content).
        """
        row = FILL.row(fill)
        booked = self._body(FILL, row)
        if booked is None:
            self._insert(FILL.table, {**row, "record": self._note(FILL, row, fill.venue)})
            return True
        if not _agree(FILL.noun_of(booked), fill):
            self._note_conflict(FILL.ref_of(row), fill)
        return False

    def settle_command(self, key: str, state: CommandState, answer: str) -> Command:
        """Answer a command; raises LedgerError where the key is unknown or was answered before."""
        command = queries.command(self._connection, key)
        if command is None:
            raise LedgerError(f"there is no command {key} to answer")
        if command.state is not CommandState.PENDING:
            raise LedgerError(f"the command {key} is {command.state.value} already: {command.answer}")
        settled = replace(command, state=state, answer=answer)
        self._put(COMMAND, settled, self._lease.holder)
        return settled

    def put_trading(self, status: TradingStatus) -> None:
        """Store the switch of the lease's book."""
        self._put(TRADING_STATUS, status, self._lease.holder, book=self._lease.book)

    def put_terms(self, version: TermsVersion) -> None:
        """Store a version of the terms of the lease's book, new or in a later state.

        Only one is in force at a time, so the one before is put first. Raises LedgerError where the author
        is the approver, or anything but the state would change.
        """
        actor = version.ended_by or version.approver or version.author
        self._put(TERMS_VERSION, version, actor, book=self._lease.book)

    def put_inputs(self, inputs_hash: str, body: bytes) -> None:
        """Store, compressed, what a decision was computed from; the same hash again changes nothing."""
        known = select(INPUTS.c.hash).where(INPUTS.c.hash == inputs_hash)
        if self._connection.execute(known).scalar_one_or_none() is not None:
            return
        packed = zlib.compress(body, FAST_COMPRESSION)
        record = self._append(INPUTS_KIND, self._lease.holder, inputs_hash, encode(inputs_note(body, packed)))
        self._insert(INPUTS, {"hash": inputs_hash, "body": packed, "record": record.sequence})

    def record(self, kind: str, actor: str, ref: str, body: object) -> Record:
        """Append a record of the caller's own kind; ``body`` is anything with a JSON form.

        Raises LedgerError where the kind is one that the ledger writes by itself.
        """
        if kind in RESERVED_KINDS:
            raise LedgerError(
                f"records of kind {kind!r} are written by the ledger itself: choose another kind"
            )
        return self._append(kind, actor, ref, encode(body))

    def ticket(self, ticket_id: str) -> Ticket | None:
        """The ticket of this id."""
        return queries.ticket(self._connection, ticket_id)

    def order(self, client_id: str) -> Order | None:
        """The order of this client id."""
        return queries.order(self._connection, client_id)

    def orders(
        self, states: Iterable[OrderState] | None = None, ticket_id: str | None = None
    ) -> tuple[Order, ...]:
        """Orders in any of ``states`` (None: all), newest first."""
        return queries.orders(self._connection, ticket_id, states, None)

    def fills(self, client_id: str) -> tuple[Fill, ...]:
        """Fills of one order, newest first."""
        return queries.fills(self._connection, client_id, None, None)

    def command(self, key: str) -> Command | None:
        """The command of this key."""
        return queries.command(self._connection, key)

    def trading(self) -> TradingStatus:
        """The switch of the lease's book."""
        return queries.trading(self._connection, self._lease.book)

    def terms(self, states: Iterable[TermsState] | None = None) -> tuple[TermsVersion, ...]:
        """Versions of the lease's book in any of ``states`` (None: all), newest first."""
        return queries.terms(self._connection, self._lease.book, states, None)

    def _put(self, shelf: Shelf, noun: object, actor: str, **columns: object) -> None:
        """Write the record, then the row: insert it, or update all of it."""
        row = {**columns, **shelf.row(noun)}
        stored = self._body(shelf, row)
        if stored == row["body"]:
            return
        row["record"] = self._note(shelf, row, actor)
        if stored is None:
            self._insert(shelf.table, row)
        else:
            self._connection.execute(update(shelf.table).where(*shelf.is_row(row)).values(row))

    def _body(self, shelf: Shelf, row: Mapping[str, object]) -> str | None:
        query = select(shelf.table.c.body).where(*shelf.is_row(row))
        return self._connection.execute(query).scalar_one_or_none()

    def _insert(self, table: Table, row: Mapping[str, object]) -> None:
        self._connection.execute(insert(table).values(row))

    def _note(self, shelf: Shelf, row: Mapping[str, object], actor: str) -> int:
        return self._append(shelf.kind, actor, shelf.ref_of(row), str(row["body"])).sequence

    def _note_conflict(self, ref: str, fill: Fill) -> None:
        wanted = queries.RecordFilter(kind="fill conflict", ref=ref)
        body = encode(fill)
        if body not in (record.body for record in queries.records(self._connection, wanted, None)):
            self._append("fill conflict", fill.venue, ref, body)

    def _append(self, kind: str, actor: str, ref: str, body: str) -> Record:
        return chain.append(
            self._connection, chain.Entry(at=self._now, kind=kind, actor=actor, ref=ref, body=body)
        )


def inputs_note(body: bytes, packed: bytes) -> InputsNote:
    """Fingerprint of ``body`` and of its compressed form, as the chain keeps it."""
    digests = [hashlib.sha256(each).hexdigest() for each in (body, packed)]
    return InputsNote(sha256=digests[0], packed_sha256=digests[1], size=len(body))


def _agree(booked: Fill, reported: Fill) -> bool:
    """Whether two reports of one trade say the same of what moves the position."""
    return (booked.instrument, booked.side, booked.amount, booked.price) == (
        reported.instrument,
        reported.side,
        reported.amount,
        reported.price,
    )
