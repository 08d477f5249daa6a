"""Every change behind the program's back is found, and named."""

import random
import re
import shutil
import sqlite3
import zlib
from pathlib import Path

import pytest

from hedging.errors import LedgerTampered
from hedging.ledger import Ledger
from hedging.model.trading import CommandState, OrderState, TicketState, TradingStatus

TAMPERS = 400
TABLES = ("record", "ticket", "orders", "fill", "command", "trading", "inputs", "lease", "chain_head")
UNPROVED = {("lease", "expires_ns")}
"""Renewals are not recorded: when a lease ends is the one thing the chain does not prove."""


@pytest.fixture
def written(tmp_path: Path, sample) -> Path:
    folder = tmp_path / "written"
    ledger = Ledger.open(folder)
    lease = ledger.acquire_lease("desk", "engine-1", sample.now, sample.ttl)
    other = ledger.acquire_lease("second", "engine-1", sample.now, sample.ttl)
    for n in range(1, 5):
        ledger.append_command(sample.command(n))
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket(n))
            tx.put_order(sample.order(n))
            tx.add_fill(sample.fill(n))
            tx.put_inputs(f"{n:064d}", b"inputs %d" % n)
            tx.record("decision", "engine", "BTC", {"n": n})
            tx.put_order(sample.order(n, state=OrderState.SENT))
    with ledger.write(lease, sample.now) as tx:
        tx.settle_command("k2", CommandState.DONE, "")
        tx.put_ticket(sample.ticket(3, state=TicketState.REJECTED, decided_by="bob"))
        tx.put_trading(TradingStatus())
    with ledger.write(other, sample.now) as tx:
        tx.put_trading(TradingStatus(halted_because="x"))
        tx.record("note", "bob", "", "the last")
    assert ledger.verify_chain() == 35
    ledger.close()
    return folder


def test_random_tampers_are_all_found_and_named(written, tmp_path):
    kinds: dict[str, int] = {}
    for seed in range(TAMPERS):
        folder = tmp_path / "copy"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(written, folder)
        done = tamper(folder / "ledger.sqlite", random.Random(seed))
        ledger = Ledger.open(folder)
        with pytest.raises(LedgerTampered) as caught:
            pytest.fail(f"seed {seed}: not found: {done}: {ledger.verify_chain()}")
        ledger.close()
        assert re.search(r"record \d+: |: inserted: no record speaks of it", str(caught.value)), caught.value
        kinds[done.split()[0]] = kinds.get(done.split()[0], 0) + 1
    assert min(kinds[name] for name in ("change", "delete", "insert", "swap")) >= TAMPERS // 20


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE record SET body = '{}' WHERE sequence = 5", "record 5: changed"),
        ("UPDATE record SET at_ns = at_ns + 1 WHERE sequence = 5", "record 5: changed"),
        ("DELETE FROM record WHERE sequence = 5", "record 5: missing"),
        ("DELETE FROM record WHERE sequence = 35", "record 35: missing"),
        ("UPDATE orders SET filled = '1' WHERE client_id = 'hm-2'", "orders hm-2 was changed: filled is '1'"),
        ("UPDATE orders SET body = replace(body, '500', '501')", "orders hm-1 was changed"),
        ("DELETE FROM fill WHERE trade_id = 'BTC-3'", "its row is missing: fill deribit/main/BTC-3"),
        ("UPDATE lease SET token = 9 WHERE book = 'desk'", "lease desk was changed"),
        ("UPDATE command SET id = 9 WHERE key = 'k1'", "command k1 was changed: id is 9, recorded as 1"),
        ("UPDATE inputs SET body = x'00'", r"inputs 0+1 was changed: it cannot be read"),
    ],
)
def test_a_tamper_is_named(written, statement, message):
    with sqlite3.connect(written / "ledger.sqlite") as connection:
        drop_guards(connection)
        connection.execute(statement)
    connection.close()
    ledger = Ledger.open(written)
    with pytest.raises(LedgerTampered, match=message):
        ledger.verify_chain()
    ledger.close()


def test_the_records_refuse_change_and_removal(written):
    connection = sqlite3.connect(written / "ledger.sqlite")
    for statement in (
        "UPDATE record SET actor = 'nobody' WHERE sequence = 3",
        "DELETE FROM record WHERE sequence = 3",
        "UPDATE fill SET amount = '1'",
        "DELETE FROM orders",
        "UPDATE lease SET token = 0",
        "INSERT INTO record SELECT 99, at_ns, kind, actor, ref, body, hash, hash FROM record LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match=r"never|only grows|does not follow"):
            connection.execute(statement)
    connection.close()


def drop_guards(connection: sqlite3.Connection) -> None:
    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


def tamper(path: Path, dice: random.Random) -> str:
    """One random change that leaves the file a valid database; return what it was."""
    connection = sqlite3.connect(path)
    drop_guards(connection)
    connection.commit()
    while True:
        act = dice.choice((change, delete, insert, swap))
        table = dice.choice(TABLES)
        rows = connection.execute(f"SELECT rowid, * FROM {table}").fetchall()
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        before = sorted(map(repr, connection.execute(f"SELECT * FROM {table}")))
        try:
            done = act(connection, table, columns, rows, dice)
        except sqlite3.IntegrityError:
            connection.rollback()
            continue
        if sorted(map(repr, connection.execute(f"SELECT * FROM {table}"))) != before:
            connection.commit()
            connection.close()
            return done
        connection.rollback()


def other(value: object, dice: random.Random) -> object:
    if isinstance(value, int):
        return value + dice.choice((-1, 1, 1000))
    if isinstance(value, bytes):
        return zlib.compress(zlib.decompress(value) + b"!")
    if not value:
        return "x"
    at = dice.randrange(len(value))
    return value[:at] + chr(ord(value[at]) ^ 1) + value[at + 1 :]


def change(connection, table, columns, rows, dice) -> str:
    row, at = dice.choice(rows), dice.randrange(len(columns))
    if (table, columns[at]) in UNPROVED:
        return "change of nothing"
    connection.execute(
        f"UPDATE {table} SET {columns[at]} = ? WHERE rowid = ?", (other(row[at + 1], dice), row[0])
    )
    return f"change {table}.{columns[at]} of {row}"


def delete(connection, table, columns, rows, dice) -> str:
    row = dice.choice(rows)
    connection.execute(f"DELETE FROM {table} WHERE rowid = ?", row[:1])
    return f"delete {table} {row}"


def insert(connection, table, columns, rows, dice) -> str:
    row = [value if dice.random() < 0.5 else other(value, dice) for value in dice.choice(rows)[1:]]
    connection.execute(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", row)
    return f"insert {table} {row}"


def swap(connection, table, columns, rows, dice) -> str:
    if len(rows) < 2:
        return "swap of nothing"
    one, two = dice.sample(rows, 2)
    several = dice.sample(range(len(columns)), dice.randint(1, len(columns)))
    proved = [at for at in several if (table, columns[at]) not in UNPROVED]
    for at in proved:
        connection.execute(f"UPDATE {table} SET {columns[at]} = ? WHERE rowid = ?", (two[at + 1], one[0]))
        connection.execute(f"UPDATE {table} SET {columns[at]} = ? WHERE rowid = ?", (one[at + 1], two[0]))
    return f"swap {table} {[columns[at] for at in proved]} of {one} and {two}"
