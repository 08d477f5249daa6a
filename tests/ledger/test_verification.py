"""Every change behind the program's back is found, and named."""

import random
import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from tampers import TABLES, TAMPERS, fingerprint

from hedging.errors import LedgerTampered
from hedging.ledger import verification
from hedging.ledger.head_key import HeadKey
from hedging.ledger.heads import export_head, in_force, read_heads
from hedging.model.trading import CommandState, OrderState, TicketState, TradingStatus

COUNT = {"sqlite": 1000, "postgresql": 250}
NAMED = re.compile(r"record \d+: |^[a-z]+ \S*: inserted: no record speaks of it", re.MULTILINE)


@pytest.fixture
def written(ledger, lease, sample, tmp_path):
    """A ledger with every kind of row; its heads, as they were exported every few records."""
    key, place = HeadKey.create(tmp_path / "keys" / "head"), tmp_path / "elsewhere" / "heads"
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
        export_head(ledger, key, place, sample.now)
    with ledger.write(lease, sample.now) as tx:
        tx.settle_command("k2", CommandState.DONE, "")
        tx.put_ticket(sample.ticket(3, state=TicketState.REJECTED, decided_by="bob"))
        tx.put_trading(TradingStatus())
        tx.put_terms(terms())
    with ledger.write(other, sample.now) as tx:
        tx.put_trading(TradingStatus(halted_because="x"))
        tx.record("note", "bob", "", "the last")
    export_head(ledger, key, place, sample.now)
    heads = in_force(read_heads(place, key.public))
    assert [head.sequence for head in heads] == [9, 16, 23, 30, 36]
    assert ledger.verify_chain(heads) == 36
    return heads


def terms():
    import nouns

    from hedging.workflow.terms import from_file, terms_of

    return from_file(terms_of(nouns.rules()), None, 1, nouns.NOW)


@pytest.mark.control("I10")
def test_random_tampers_are_all_found_and_named(written, place):
    """Those that leave a chain in agreement with itself are found by the exported heads alone."""
    done: dict[str, int] = {}
    count = COUNT[place.database]
    with place.tampering() as connection:
        whole = fingerprint(connection)
        for seed in range(count):
            dice = random.Random(f"{place.database} {seed}")
            tamper = dice.choices(TAMPERS, [each.weight for each in TAMPERS])[0]
            attempt, what = tampered(connection, tamper, dice, whole)
            if tamper.whole:
                verification.verify(connection)
            with pytest.raises(LedgerTampered) as caught:
                pytest.fail(f"seed {seed}: {what}: not found: {verification.verify(connection, written)}")
            assert NAMED.search(str(caught.value)), f"seed {seed}: {what}: {caught.value}"
            attempt.rollback()
            done[tamper.act.__name__] = done.get(tamper.act.__name__, 0) + 1
        assert fingerprint(connection) == whole
    assert sum(done.values()) == count
    assert len(done) == len(TAMPERS)
    assert min(done.values()) >= count // 60


def tampered(connection, tamper, dice, whole):
    """Tamper until something is another than before; give the savepoint to go back to, and what was done."""
    while True:
        attempt = connection.begin_nested()
        try:
            what = tamper.act(connection, dice)
        except DBAPIError:  # a key or a check of the table itself refuses it
            what = ""
        if what and fingerprint(connection) != whole:
            return attempt, f"{tamper.act.__name__} {what}"
        attempt.rollback()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE record SET body = '{}' WHERE sequence = 5", "record 5: changed"),
        ("UPDATE record SET at_ns = at_ns + 1 WHERE sequence = 5", "record 5: changed"),
        ("DELETE FROM record WHERE sequence = 5", "record 5: missing"),
        ("DELETE FROM record WHERE sequence = 36", "record 36: missing"),
        ("UPDATE lease SET expires_ns = 9", "lease desk was changed: seal is"),
        ("UPDATE orders SET filled = '1' WHERE client_id = 'hm-2'", "orders hm-2 was changed: filled is '1'"),
        ("UPDATE orders SET body = replace(body, '500', '501')", "orders hm-1 was changed"),
        ("DELETE FROM fill WHERE trade_id = 'BTC-3'", "its row is missing: fill deribit/main/BTC-3"),
        ("UPDATE lease SET token = 9 WHERE book = 'desk'", "lease desk was changed"),
        ("UPDATE command SET id = 9 WHERE key = 'k1'", "command k1 was changed: id is 9, recorded as 1"),
        ("UPDATE inputs SET body = {blob}", r"inputs 0+1 was changed: it cannot be read"),
    ],
)
def test_a_tamper_is_named(written, ledger, place, statement, message):
    with place.tampering() as connection:
        blob = "x'00'" if place.database == "sqlite" else "decode('00', 'hex')"
        connection.execute(text(statement.replace("{blob}", blob)))
    with pytest.raises(LedgerTampered, match=message):
        ledger.verify_chain()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET actor = 'nobody' WHERE sequence = 3",
        "DELETE FROM record WHERE sequence = 3",
        "UPDATE fill SET amount = '1'",
        "DELETE FROM orders",
        "DELETE FROM terms",
        "UPDATE lease SET token = 0",
        "INSERT INTO record (sequence, at_ns, kind, actor, ref, body, previous_hash, hash)"
        " SELECT 99, at_ns, kind, actor, ref, body, hash, hash FROM record LIMIT 1",
    ],
)
def test_the_tables_refuse_change_and_removal(written, place, statement):
    with place.raw() as connection:
        with pytest.raises(DBAPIError, match=r"never|only grows|does not follow"):
            connection.execute(text(statement))
        connection.rollback()


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_no_table_is_emptied(written, place):
    for table in TABLES:
        with place.raw() as connection:
            with pytest.raises(DBAPIError, match="rows are never deleted"):
                connection.execute(text(f"TRUNCATE {table.name} CASCADE"))
            connection.rollback()
