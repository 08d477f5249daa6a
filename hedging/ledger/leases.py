"""Who may write for a book: one holder at a time, told apart by a token that only grows."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from hedging.errors import LeaseLost
from hedging.ledger import chain
from hedging.ledger.codec import EPOCH, encode, nanoseconds, utc
from hedging.ledger.schema import LEASES

KIND = "lease"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write for ``book`` until ``expires_at``; a later holder has a greater token."""

    book: str
    holder: str
    token: int
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseNote:
    """What the chain keeps of a lease: who got the book under which token ("" after a release)."""

    book: str
    holder: str
    token: int


def stored(connection: Connection, book: str) -> Lease | None:
    """The lease of ``book`` as it stands, expired or not; None where nobody holds it."""
    row = connection.execute(select(LEASES).where(LEASES.c.book == book)).one_or_none()
    return _lease(row) if row is not None and row.holder else None


def every(connection: Connection) -> tuple[Lease, ...]:
    """All leases by book, those that nobody holds too."""
    return tuple(_lease(row) for row in connection.execute(select(LEASES).order_by(LEASES.c.book)))


def _lease(row: Row[Any]) -> Lease:
    return Lease(book=row.book, holder=row.holder, token=row.token, expires_at=utc(row.expires_ns))


def acquire(connection: Connection, lease: Lease, now: datetime) -> Lease:
    """Store ``lease`` with the next token, one above the last and not below ``lease.token``.

    Raises LeaseLost where another's runs at ``now``.
    """
    held = stored(connection, lease.book)
    if held is not None and held.expires_at > now:
        raise LeaseLost(
            f"the book {lease.book} is held by {held.holder} until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    last = connection.execute(select(LEASES.c.token).where(LEASES.c.book == lease.book)).scalar_one_or_none()
    gained = replace(lease, token=max((last or 0) + 1, lease.token))
    row = _row(gained, _note(connection, gained, now))
    if last is None:
        connection.execute(insert(LEASES).values(row))
    else:
        connection.execute(update(LEASES).where(LEASES.c.book == gained.book).values(row))
    return gained


def renew(connection: Connection, lease: Lease) -> Lease:
    """Store the new end of ``lease``; raises LeaseLost where the token is no longer the last one."""
    _require_token(connection, lease)
    is_it = LEASES.c.book == lease.book
    record = connection.execute(select(LEASES.c.record).where(is_it)).scalar_one()
    connection.execute(update(LEASES).where(is_it).values(_row(lease, record)))
    return lease


def release(connection: Connection, lease: Lease) -> None:
    """Give ``lease`` up, where it is still ours; the token stays, so the next one is greater."""
    held = stored(connection, lease.book)
    if held is None or held.token != lease.token:
        return
    nobody = replace(lease, holder="", expires_at=EPOCH)
    row = _row(nobody, _note(connection, nobody, lease.expires_at))
    connection.execute(update(LEASES).where(LEASES.c.book == lease.book).values(row))


def seal(row: Mapping[str, object]) -> str:
    """SHA-256 (hex) over a row of leases: its end, which no record tells, is not changed alone."""
    fields = [row[name] for name in ("book", "holder", "token", "expires_ns", "record")]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def _row(lease: Lease, record: int) -> dict[str, object]:
    row: dict[str, object] = {
        "book": lease.book,
        "holder": lease.holder,
        "token": lease.token,
        "expires_ns": nanoseconds(lease.expires_at),
        "record": record,
    }
    return {**row, "seal": seal(row)}


def require(connection: Connection, lease: Lease, now: datetime) -> None:
    """Raise LeaseLost unless ``lease`` is the stored one and runs at ``now``."""
    held = _require_token(connection, lease)
    if held.expires_at <= now:
        raise LeaseLost(
            f"the lease on {lease.book} ran out at {held.expires_at:%H:%M:%S} UTC: renew it before writing"
        )


def _require_token(connection: Connection, lease: Lease) -> Lease:
    held = stored(connection, lease.book)
    if held is None:
        raise LeaseLost(f"the lease on {lease.book} was released: acquire it again")
    if held.token != lease.token or held.holder != lease.holder:
        raise LeaseLost(
            f"the book {lease.book} was taken by {held.holder} (token {held.token}, ours was {lease.token})"
            f" until {held.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    return held


def _note(connection: Connection, lease: Lease, at: datetime) -> int:
    body = encode(LeaseNote(book=lease.book, holder=lease.holder, token=lease.token))
    entry = chain.Entry(at=at, kind=KIND, actor=lease.holder, ref=lease.book, body=body)
    return chain.append(connection, entry).sequence
