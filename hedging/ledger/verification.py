"""Whether the ledger is as the program wrote it: every record in the chain, every row in its record.

Whoever can rewrite the whole file can also compute a new chain; against that the head (number and
hash of the last record) is exported, signed, to another place (``heads``) and held against the chain here.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, RowMapping, select

from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger import chain, leases
from hedging.ledger.chain import GENESIS, Head, record_of
from hedging.ledger.codec import encode, nanoseconds
from hedging.ledger.leases import LeaseNote
from hedging.ledger.rows import SHELVES, Place, Shelf
from hedging.ledger.schema import HEAD, INPUTS, LEASES, RECORDS
from hedging.ledger.transaction import INPUTS_KIND, RESERVED_KINDS, inputs_note

INPUTS_PLACE = Place(INPUTS, ("hash",))
LEASES_PLACE = Place(LEASES, ("book",))


@dataclass(frozen=True, slots=True)
class Proved:
    """The last record about one noun, the digest of its body, and which of its kind came when (from 1)."""

    sequence: int
    digest: str
    ordinal: int


Proofs = dict[str, dict[str, Proved]]
"""Kind, then reference, of everything the chain proves."""

Derivation = Callable[[RowMapping], tuple[str, Mapping[str, object]]]
"""From a row: the body its record must have, and the columns that follow from it."""


def verify(connection: Connection, exported: Iterable[Head] = ()) -> int:
    """Count the records, having checked all of them and every row.

    ``exported``: heads that were kept elsewhere; the record of each number must still have its hash.
    Raises LedgerTampered at the first that is wrong.
    """
    proofs: Proofs = {kind: {} for kind in RESERVED_KINDS}
    count = _check_chain(connection, proofs, {head.sequence: head for head in exported if head.sequence})
    for shelf in SHELVES:
        _check_rows(connection, shelf, proofs[shelf.kind], _shelf_derivation(shelf))
    _check_rows(connection, INPUTS_PLACE, proofs[INPUTS_KIND], _inputs_derivation)
    _check_rows(connection, LEASES_PLACE, proofs[leases.KIND], _lease_derivation)
    return count


def _check_chain(connection: Connection, proofs: Proofs, exported: Mapping[int, Head]) -> int:
    """Walk the records in order; fill ``proofs``; return their number."""
    count, last_hash, outside = 0, GENESIS, dict(exported)
    query = select(RECORDS).order_by(RECORDS.c.sequence).execution_options(yield_per=1000)
    with connection.execute(query) as rows:
        for row in rows:
            _check_record(row, count + 1, last_hash)
            count, last_hash = row.sequence, row.hash
            head = outside.pop(count, None)
            if head is not None and head.hash != last_hash:
                raise LedgerTampered(
                    f"record {count}: changed, or one before it, and all hashes computed anew:"
                    f" at {head.at:%Y-%m-%d %H:%M:%S} UTC its hash was exported as {head.hash}"
                )
            if row.kind in proofs:
                known = proofs[row.kind]
                ordinal = known[row.ref].ordinal if row.ref in known else len(known) + 1
                known[row.ref] = Proved(row.sequence, _sha(row.body), ordinal)
    _check_end(connection, count, last_hash)
    if outside:
        last = outside[max(outside)]
        raise LedgerTampered(
            f"record {count + 1}: missing, with all after it: at {last.at:%Y-%m-%d %H:%M:%S} UTC"
            f" the head was exported as number {last.sequence}, the last record is number {count}"
        )
    return count


def _check_end(connection: Connection, count: int, last_hash: str) -> None:
    """The stored head is the last record; raises LedgerTampered."""
    heads = connection.execute(select(HEAD)).all()
    if [tuple(head) for head in heads] != [(1, count, last_hash)]:
        said = ", ".join(str(head.sequence) for head in heads) or "nothing"
        raise LedgerTampered(
            f"record {count + 1}: missing, or the head of the chain was changed:"
            f" the last record is number {count}, the head says {said}"
        )


def _check_record(row: Row[Any], expected: int, previous_hash: str) -> None:
    if row.sequence != expected:
        what = "missing" if row.sequence > expected else "inserted"
        raise LedgerTampered(f"record {expected}: {what}: the next one found is number {row.sequence}")
    try:
        record = record_of(row)
        actual = chain.digest(record)
    except (LedgerError, ArithmeticError, TypeError, ValueError, AttributeError) as error:
        raise LedgerTampered(f"record {expected}: changed: it cannot be read ({error})") from error
    if actual != row.hash or nanoseconds(record.at) != row.at_ns:
        raise LedgerTampered(f"record {expected}: changed: its content does not give its hash")
    if row.previous_hash != previous_hash:
        raise LedgerTampered(
            f"record {expected}: inserted: it does not follow the hash of record {expected - 1}"
        )


def _check_rows(
    connection: Connection, place: Place, proofs: Mapping[str, Proved], derive: Derivation
) -> None:
    """Hold each row of one table against the last record about it, and miss none."""
    missing = dict(proofs)
    with connection.execute(select(place.table).execution_options(yield_per=1000)) as rows:
        for row in rows.mappings():
            ref = place.ref_of(dict(row))
            proved = missing.pop(ref, None)
            name = f"{place.table.name} {ref}"
            if proved is None:
                raise LedgerTampered(
                    f"{name}: inserted: no record speaks of it (it names record {row['record']})"
                )
            _check_row(row, name, proved, derive)
    for ref, proved in missing.items():
        raise LedgerTampered(f"record {proved.sequence}: its row is missing: {place.table.name} {ref}")


def _check_row(row: RowMapping, name: str, proved: Proved, derive: Derivation) -> None:
    try:
        body, columns = derive(row)
    except (LedgerError, zlib.error, ArithmeticError, TypeError, ValueError) as error:
        raise LedgerTampered(
            f"record {proved.sequence}: {name} was changed: it cannot be read ({error})"
        ) from error
    if _sha(body) != proved.digest:
        raise LedgerTampered(f"record {proved.sequence}: {name} was changed: the record says otherwise")
    expected = {**columns, "record": proved.sequence}
    if "id" in row and "id" not in expected:
        expected["id"] = proved.ordinal
    for column, value in expected.items():
        if row[column] != value:
            raise LedgerTampered(
                f"record {proved.sequence}: {name} was changed:"
                f" {column} is {row[column]!r}, recorded as {value!r}"
            )


def _shelf_derivation(shelf: Shelf) -> Derivation:
    def derive(row: RowMapping) -> tuple[str, Mapping[str, object]]:
        return row["body"], shelf.row_of_body(row["body"])

    return derive


def _inputs_derivation(row: RowMapping) -> tuple[str, Mapping[str, object]]:
    return encode(inputs_note(zlib.decompress(row["body"]), row["body"])), {}


def _lease_derivation(row: RowMapping) -> tuple[str, Mapping[str, object]]:
    body = encode(LeaseNote(book=row["book"], holder=row["holder"], token=row["token"]))
    return body, {"seal": leases.seal(dict(row))}


def _sha(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()
