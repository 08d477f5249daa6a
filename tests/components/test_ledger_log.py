"""The ledger in sentences, its trace and its export."""

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from components import ledger_log
from hedging.desk import Desk, Person, Wish
from hedging.model.trading import CommandKind, Role


@pytest.fixture
def desk(fake, tmp_path):
    opened = Desk.open(tmp_path, has_demo=False)
    yield opened
    opened.close()


@pytest.fixture
def busy(fake, desk):
    """A book in which a ticket was approved and filled."""
    view = fake.step()
    ticket = view.tickets[0]
    wish = Wish(kind=CommandKind.APPROVE, ref=ticket.id, ref_version=1, ref_hash=ticket.content_hash)
    desk.act(Person("Tessa", Role.TRADER), wish, "approve")
    for _ in range(6):
        fake.step()
    return desk


def test_every_kind_has_its_sentence(busy):
    records = busy.records(100)
    said = {record.kind: ledger_log.sentence(record) for record in records}
    assert "Tessa (trader) asked: approve" in " ".join(map(ledger_log.sentence, records))
    assert said["fill"].startswith(("Filled: sell", "Filled: buy"))
    assert "Order T-" in said["order"]
    assert "Ticket T-" in said["ticket"]
    assert all(not sentence.startswith("{") for sentence in said.values())


def test_an_unreadable_body_is_still_a_sentence(busy):
    record = replace(busy.records(1)[0], kind="ticket", body="not json")
    assert ledger_log.sentence(record).startswith("Ticket")


def test_words_narrow_the_log(busy):
    records = busy.records(100)
    assert any(ledger_log.matches(record, "tessa APPROVE") for record in records)
    assert not any(ledger_log.matches(record, "tessa nowhere") for record in records)


def test_trace_shows_checks_in_order_and_escapes(fake, busy):
    fake.step()
    run = busy.decision_runs("BTC", fake.started - timedelta(hours=1), fake.started + timedelta(hours=1))[0]
    html = ledger_log.trace(replace(run, decision=replace(run.decision, reason="<script>x</script>")))
    assert "<script>" not in html
    assert html.index("<b>data</b>") < html.index("<b>proof</b>") < html.index("<b>band</b>")


def test_export_is_csv_that_starts_no_formula(busy):
    records = busy.records(3)
    hostile = replace(records[0], actor="=cmd()", ref='a"b')
    rows = list(csv.DictReader(io.StringIO(ledger_log.as_csv([hostile, *records[1:]]))))
    assert len(rows) == 3
    assert rows[0]["actor"] == "'=cmd()"
    assert rows[0]["ref"] == 'a"b'
    assert rows[1]["hash"] == records[1].hash
