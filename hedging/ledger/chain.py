"""The append-only chain: each record's hash covers its content and the hash of the one before."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from hedging.errors import LedgerTampered
from hedging.ledger.codec import nanoseconds, utc
from hedging.ledger.schema import HEAD, RECORDS
from hedging.model.view import Record

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a record says, before it has its place in the chain; ``body`` is canonical JSON."""

    at: datetime
    kind: str
    actor: str
    ref: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Number and hash of the last record (0 and the genesis before the first), and when that was so."""

    at: datetime
    sequence: int
    hash: str


def head_of(connection: Connection, now: datetime) -> Head:
    """The end of the chain as it stands; raises LedgerTampered where it is missing."""
    row = connection.execute(select(HEAD.c.sequence, HEAD.c.hash)).one_or_none()
    if row is None:
        raise LedgerTampered("the head of the chain is missing: the ledger was changed outside the program")
    return Head(at=now, sequence=row.sequence, hash=row.hash)


def append(connection: Connection, entry: Entry) -> Record:
    """Add ``entry`` at the end of the chain, inside the caller's transaction."""
    head = connection.execute(select(HEAD.c.sequence, HEAD.c.hash).with_for_update()).one_or_none()
    if head is None:
        raise LedgerTampered("the head of the chain is missing: the ledger was changed outside the program")
    record = Record(
        sequence=head.sequence + 1,
        at=entry.at,
        kind=entry.kind,
        actor=entry.actor,
        ref=entry.ref,
        body=entry.body,
        previous_hash=head.hash,
        hash="",
    )
    record = replace(record, hash=digest(record))
    connection.execute(
        insert(RECORDS).values(
            sequence=record.sequence,
            at_ns=nanoseconds(record.at),
            kind=record.kind,
            actor=record.actor,
            ref=record.ref,
            body=record.body,
            previous_hash=record.previous_hash,
            hash=record.hash,
        )
    )
    connection.execute(update(HEAD).values(sequence=record.sequence, hash=record.hash))
    return record


def digest(record: Record) -> str:
    """SHA-256 (hex) over everything in the record but its own hash, as one canonical JSON array."""
    fields = (
        record.sequence,
        nanoseconds(record.at),
        record.kind,
        record.actor,
        record.ref,
        record.body,
        record.previous_hash,
    )
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def record_of(row: Row[Any]) -> Record:
    """Read one row of the records' table."""
    return Record(
        sequence=row.sequence,
        at=utc(row.at_ns),
        kind=row.kind,
        actor=row.actor,
        ref=row.ref,
        body=row.body,
        previous_hash=row.previous_hash,
        hash=row.hash,
    )
