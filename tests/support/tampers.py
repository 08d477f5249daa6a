"""Changes behind the program's back, on any database: what an intruder who owns the ledger might do.

Each takes an open transaction without guards and a dice, and says what it did; "" where it did nothing.
"""

import hashlib
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import Connection, RowMapping, Table, delete, insert, select, update

from hedging.ledger import chain, leases
from hedging.ledger.chain import GENESIS, record_of
from hedging.ledger.codec import decode, encode, nanoseconds
from hedging.ledger.leases import LeaseNote
from hedging.ledger.rows import SHELVES
from hedging.ledger.schema import HEAD, INPUTS, LEASES, METADATA, RECORDS
from hedging.model.trading import Order, Ticket
from hedging.model.view import Record

TABLES = tuple(METADATA.sorted_tables)


def change(connection: Connection, dice: random.Random) -> str:
    """Another value in any column of any row of any table."""
    table, row = _any_row(connection, dice)
    column = dice.choice(list(row))
    connection.execute(update(table).where(*_is(table, row)).values({column: _other(row[column], dice)}))
    return f"{table.name}.{column} of {_name(table, row)}"


def remove(connection: Connection, dice: random.Random) -> str:
    """Any row gone."""
    table, row = _any_row(connection, dice)
    connection.execute(delete(table).where(*_is(table, row)))
    return f"{table.name} {_name(table, row)}"


def add(connection: Connection, dice: random.Random) -> str:
    """A row like another one, some of its values changed."""
    table, row = _any_row(connection, dice)
    made = {name: value if dice.random() < 0.5 else _other(value, dice) for name, value in row.items()}
    connection.execute(insert(table).values(made))
    return f"{table.name} {_name(table, row)}"


def swap(connection: Connection, dice: random.Random) -> str:
    """Some values of two rows exchanged."""
    table = dice.choice(TABLES)
    rows = _rows(connection, table)
    if len(rows) < 2:
        return ""
    one, two = dice.sample(rows, 2)
    free = [name for name in one if name not in table.primary_key.columns]
    names = dice.sample(free, dice.randint(1, len(free)))
    if all(one[name] == two[name] for name in names):
        return ""
    for row, other in ((one, two), (two, one)):
        values = {name: other[name] for name in names}
        connection.execute(update(table).where(*_is(table, row)).values(values))
    return f"{table.name} {names} of {_name(table, one)} and {_name(table, two)}"


def move_head(connection: Connection, dice: random.Random) -> str:
    """The head names an earlier record, with its true hash."""
    records = _records(connection)
    chosen = dice.choice(records[:-1])
    connection.execute(update(HEAD).values(sequence=chosen.sequence, hash=chosen.hash))
    return f"head back to {chosen.sequence}"


def move_time(connection: Connection, dice: random.Random) -> str:
    """A record at another time."""
    chosen = dice.choice(_records(connection))
    moved = nanoseconds(chosen.at + timedelta(microseconds=dice.choice((-1, 1, 10**9))))
    connection.execute(update(RECORDS).where(RECORDS.c.sequence == chosen.sequence).values(at_ns=moved))
    return f"time of record {chosen.sequence}"


def cut_off(connection: Connection, dice: random.Random) -> str:
    """The last records gone, the head moved back and each row as it was then: an older copy of the file."""
    records = _records(connection)
    kept = records[: dice.randrange(0, len(records))]
    _put_back(connection, kept)
    return f"cut off after {len(kept)}"


def rewrite(connection: Connection, dice: random.Random) -> str:
    """One record says something else, its row too, and every hash from there on is computed anew."""
    records = _records(connection)
    at = dice.randrange(len(records))
    records[at] = _retold(records[at], dice)
    _put_back(connection, records)
    return f"retold {records[at].kind} {records[at].sequence}"


def close_up(connection: Connection, dice: random.Random) -> str:
    """One record never was: all later ones are numbered and hashed anew."""
    records = _records(connection)
    free = [n for n, each in enumerate(records) if each.kind in ("decision", "note")]
    gone = records.pop(dice.choice(free))
    _put_back(connection, records)
    return f"closed up over {gone.sequence}"


def exchange(connection: Connection, dice: random.Random) -> str:
    """Two notes in the other order, hashed anew."""
    records = _records(connection)
    one, two = dice.sample([n for n, each in enumerate(records) if each.kind in ("decision", "note")], 2)
    records[one], records[two] = records[two], records[one]
    _put_back(connection, records)
    return f"exchanged {one + 1} and {two + 1}"


@dataclass(frozen=True)
class Tamper:
    """``whole``: it leaves a chain that agrees with itself, so that only the exported heads tell."""

    act: Callable[[Connection, random.Random], str]
    whole: bool
    weight: int


TAMPERS = (
    Tamper(change, whole=False, weight=10),
    Tamper(remove, whole=False, weight=4),
    Tamper(add, whole=False, weight=4),
    Tamper(swap, whole=False, weight=4),
    Tamper(move_head, whole=False, weight=1),
    Tamper(move_time, whole=False, weight=1),
    Tamper(cut_off, whole=True, weight=2),
    Tamper(rewrite, whole=True, weight=2),
    Tamper(close_up, whole=True, weight=1),
    Tamper(exchange, whole=True, weight=1),
)


def _rows(connection: Connection, table: Table) -> Sequence[RowMapping]:
    return connection.execute(select(table).order_by(*table.primary_key.columns)).mappings().all()


def _any_row(connection: Connection, dice: random.Random) -> tuple[Table, RowMapping]:
    table = dice.choice(TABLES)
    return table, dice.choice(_rows(connection, table))


def _is(table: Table, row: RowMapping) -> list[object]:
    return [column == row[column.name] for column in table.primary_key.columns]


def _name(table: Table, row: RowMapping) -> str:
    return "/".join(str(row[column.name]) for column in table.primary_key.columns)


def _other(value: object, dice: random.Random) -> object:
    if isinstance(value, int):
        return value + dice.choice((-1, 1, 1000))
    if isinstance(value, bytes):
        return zlib.compress(zlib.decompress(value) + b"!")
    text = str(value)
    if not text:
        return "x"
    at = dice.randrange(len(text))
    return text[:at] + chr(ord(text[at]) ^ 1) + text[at + 1 :]


def _records(connection: Connection) -> list[Record]:
    return [record_of(row) for row in connection.execute(select(RECORDS).order_by(RECORDS.c.sequence))]


def _retold(record: Record, dice: random.Random) -> Record:
    """The same record with another actor, another time, or another content where it is one we can make."""
    told = dice.choice(("actor", "time", "content"))
    if told == "content" and record.kind == "order":
        order = decode(Order, record.body)
        return replace(record, body=encode(replace(order, limit_price=order.limit_price + 1)))
    if told == "content" and record.kind == "ticket":
        return replace(record, body=encode(replace(decode(Ticket, record.body), reason="another")))
    if told == "time":
        return replace(record, at=record.at + timedelta(seconds=1))
    return replace(record, actor=record.actor + "x")


def _put_back(connection: Connection, records: Sequence[Record]) -> None:
    """Make the whole ledger what these records, numbered and hashed anew, say that it is."""
    renumbered: dict[int, int] = {}
    made: list[Record] = []
    for number, record in enumerate(records, 1):
        renumbered[record.sequence] = number
        previous = made[-1].hash if made else GENESIS
        placed = replace(record, sequence=number, previous_hash=previous, hash="")
        made.append(replace(placed, hash=chain.digest(placed)))
    inputs = _rows(connection, INPUTS)
    for table in reversed(TABLES):
        if table is not HEAD:
            connection.execute(delete(table))
    for record in made:
        values = {
            name: getattr(record, name) for name in ("sequence", "kind", "actor", "ref", "body", "hash")
        }
        values |= {"previous_hash": record.previous_hash, "at_ns": nanoseconds(record.at)}
        connection.execute(insert(RECORDS).values(values))
    connection.execute(update(HEAD).values(sequence=len(made), hash=made[-1].hash if made else GENESIS))
    for row in inputs:
        if row["record"] in renumbered:
            connection.execute(insert(INPUTS).values({**row, "record": renumbered[row["record"]]}))
    _put_rows(connection, made)


def _put_rows(connection: Connection, records: Sequence[Record]) -> None:
    for shelf in SHELVES:
        last = {record.ref: record for record in records if record.kind == shelf.kind}
        for ordinal, (ref, record) in enumerate(last.items(), 1):
            row = {**shelf.row_of_body(record.body), "record": record.sequence}
            if "id" in shelf.table.columns and "id" not in row:
                row["id"] = ordinal
            if "book" in shelf.table.columns:
                row["book"] = ref.partition("/")[0]
            connection.execute(insert(shelf.table).values(row))
    for record in {each.ref: each for each in records if each.kind == leases.KIND}.values():
        note = decode(LeaseNote, record.body)
        row = {"book": note.book, "holder": note.holder, "token": note.token}
        row |= {"expires_ns": nanoseconds(record.at), "record": record.sequence}
        connection.execute(insert(LEASES).values({**row, "seal": leases.seal(row)}))


def fingerprint(connection: Connection) -> str:
    """All that is stored, in short."""
    stored = [[tuple(row.values()) for row in _rows(connection, table)] for table in TABLES]
    return hashlib.sha256(repr(stored).encode()).hexdigest()
