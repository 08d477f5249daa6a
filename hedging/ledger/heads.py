"""The chain's head, signed and appended to a file in another place: what a rewritten ledger contradicts.

Whoever can write the ledger's file can compute all its hashes anew, or put an older copy in its place.
Neither agrees with a head that was exported before, and who has not the key cannot make other heads.

One line of canonical JSON each. The signature is Ed25519 (RFC 8032) over the line without it: who checks
needs the public key alone.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from io import FileIO
from itertools import pairwise
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger.book import Ledger
from hedging.ledger.chain import Head
from hedging.ledger.codec import decode, encode
from hedging.ledger.head_key import HeadKey
from hedging.ledger.restore_note import KIND as RESTORED_KIND
from hedging.ledger.restore_note import RestoreNote

PURPOSE = b"hedge monitor, head of the ledger\n"
"""Before what is signed, so that no other text signed by this key is ever a head."""


class HeadKind(StrEnum):
    """Why a head was exported."""

    HEAD = "head"  # because it was time to
    RESTORED = "restored"  # the ledger was put back to a backup, by somebody who has the key


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedHead(Head):
    """One line of the exported heads.

    ``voids_after``, of a restored one: heads before it with a greater number are void, the backup ends there;
    ``by`` who restored. ``signature`` in hex.
    """

    kind: HeadKind = HeadKind.HEAD
    voids_after: int = 0
    by: str = ""
    signature: str = ""


def export_head(ledger: Ledger, key: HeadKey, place: Path, now: datetime) -> SignedHead:
    """Append the present head, signed, to the file ``place``; where it is there already, nothing is added.

    Made with access for its owner alone where absent. Safe beside another process that exports.

    Raises LedgerTampered, and signs nothing, where the ledger contradicts the last head in ``place``;
    LedgerError where the file cannot be written.
    """
    head = ledger.head(now)
    return _append(ledger, key, place, SignedHead(at=now, sequence=head.sequence, hash=head.hash))


def export_restored(ledger: Ledger, key: HeadKey, place: Path, by: str, now: datetime) -> SignedHead:
    """Append that the ledger was put back to a backup, as its last record of kind ``restored`` says.

    Heads exported after the end of that backup are void from now on. Raises LedgerError where the ledger has
    no such record, or the file cannot be written.
    """
    notes = ledger.records(limit=1, kind=RESTORED_KIND)
    if not notes:
        raise LedgerError("the ledger was never restored: there is nothing to void")
    note, head = decode(RestoreNote, notes[0].body), ledger.head(now)
    signed = SignedHead(
        at=now,
        sequence=head.sequence,
        hash=head.hash,
        kind=HeadKind.RESTORED,
        voids_after=note.last_record,
        by=by,
    )
    return _append(ledger, key, place, signed)


def read_heads(place: Path, public: Ed25519PublicKey) -> tuple[SignedHead, ...]:
    """All heads in ``place``, oldest first; one that was cut off while it was written does not count.

    Raises LedgerTampered where a line is not signed by this key or out of order, LedgerError where the file
    cannot be read.
    """
    try:
        text = place.read_bytes()
    except OSError as error:
        raise LedgerError(f"the exported heads cannot be read: {error.strerror}: {place}") from error
    lines = text[: text.rfind(b"\n") + 1].splitlines()
    heads = tuple(_read(line, number, place, public) for number, line in enumerate(lines, 1))
    for number, (one, two) in enumerate(pairwise(heads), 2):
        later = two.sequence > one.sequence or (two.sequence, two.hash) == (one.sequence, one.hash)
        if two.kind is HeadKind.HEAD and not later:
            raise LedgerTampered(f"the exported heads {place}: line {number} is out of order")
    return heads


def in_force(heads: Iterable[SignedHead]) -> tuple[Head, ...]:
    """Those that the ledger must still agree with: what a restore voided is left out."""
    kept: list[SignedHead] = []
    for head in heads:
        if head.kind is HeadKind.RESTORED:
            kept = [each for each in kept if each.sequence <= head.voids_after]
        kept.append(head)
    return tuple(kept)


def _append(ledger: Ledger, key: HeadKey, place: Path, head: SignedHead) -> SignedHead:
    with _open(place) as file:
        present = _last(file, place, key)
        if present is not None and head.kind is HeadKind.HEAD:
            _require_agreement(ledger, present, place)
            if (present.sequence, present.hash) == (head.sequence, head.hash):
                return present
            if present.sequence > head.sequence:
                return present  # another process exported a later one meanwhile
        signed = replace(head, signature=key.sign(_message(head)).hex())
        file.write(encode(signed).encode() + b"\n")
        os.fsync(file.fileno())
    return signed


@contextmanager
def _open(place: Path) -> Iterator[FileIO]:
    """The file, locked against other exporters, at its end, without a line that was cut off."""
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileIO(os.open(place, os.O_CREAT | os.O_RDWR, 0o600), "r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
    except OSError as error:
        raise LedgerError(
            f"the ledger's head cannot be exported: {error.strerror}: {place}; make the place writable"
        ) from error


LONGEST_LINE = 4096


def _last(file: FileIO, place: Path, key: HeadKey) -> SignedHead | None:
    """The last whole line, with the file left at its end; None where there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 2 * LONGEST_LINE))
    tail = file.read()
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        file.truncate(size - len(tail) + whole)
    file.seek(0, os.SEEK_END)
    lines = tail[:whole].splitlines()
    return _read(lines[-1], None, place, key.public) if lines else None


def _require_agreement(ledger: Ledger, present: SignedHead, place: Path) -> None:
    if present.sequence == 0:
        return
    record = ledger.record(present.sequence)
    if record is None or record.hash != present.hash:
        found = "missing" if record is None else "another"
        raise LedgerTampered(
            f"record {present.sequence}: {found}, though its hash was exported to {place} at"
            f" {present.at:%Y-%m-%d %H:%M:%S} UTC: the ledger was rewritten or replaced by an older one"
        )


def _read(line: bytes, number: int | None, place: Path, public: Ed25519PublicKey) -> SignedHead:
    name = f"the exported heads {place}: " + ("the last line" if number is None else f"line {number}")
    try:
        head = decode(SignedHead, line)
        public.verify(bytes.fromhex(head.signature), _message(head))
    except (LedgerError, ValueError) as error:
        raise LedgerTampered(f"{name} was changed: it cannot be read") from error
    except InvalidSignature as error:
        raise LedgerTampered(f"{name} was changed, or signed by another key") from error
    if encode(head).encode() != line:
        raise LedgerTampered(f"{name} was changed: it is not as it was written")
    return head


def _message(head: SignedHead) -> bytes:
    return PURPOSE + encode(replace(head, signature="")).encode()
