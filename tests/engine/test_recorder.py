"""A commit is one transaction or nothing; what an engine starts from is what the ledger holds."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import AUTO

from hedging.core.effects import (
    AddFill,
    Commit,
    InsertAttempt,
    Note,
    NoteConflict,
    PutInputs,
    PutOrder,
    PutStatus,
    PutTicket,
    SettleCommand,
)
from hedging.engine.recording import LATEST_ORDERS, Recorder
from hedging.errors import LeaseLost, LedgerError
from hedging.ledger import Ledger
from hedging.model.trading import (
    Command,
    CommandKind,
    CommandState,
    Fill,
    OrderState,
    Role,
    TradingState,
    TradingStatus,
)
from hedging.workflow import ticket as tickets

INSTRUMENTS = {nouns.perpetual().key: nouns.perpetual()}


class Clock:
    def __init__(self):
        self.now = nouns.NOW

    def __call__(self):
        return self.now


@pytest.fixture
def recorder(tmp_path):
    clock = Clock()
    ledger = Ledger.open(tmp_path)
    lease = ledger.acquire_lease("demo", "engine test", clock(), timedelta(seconds=15))
    made = Recorder(ledger, lease, clock)
    made.carry_out(Commit((PutTicket(nouns.ticket()),)))
    yield made
    ledger.close()


def fill(trade_id="t1", client_id="T261120120000000-BTC-0-0", **changes):
    made = Fill(
        venue="deribit", account="main", trade_id=trade_id, venue_order_id="v", client_id=client_id,
        instrument="BTC-PERPETUAL", side=nouns.order().side, amount=Decimal(10), price=Decimal(100_000),
        fee=Decimal(0), fee_currency="BTC", at=nouns.NOW,
    )  # fmt: skip
    return replace(made, **changes)


def attempt(clip=0, **changes):
    return nouns.order(
        client_id=f"T261120120000000-BTC-0-{clip}", clip=clip, state=OrderState.SENT, **changes
    )


def test_every_change_of_a_commit_is_stored(recorder):
    command = Command(
        key="k", at=nouns.NOW, user="tess", role=Role.TRADER, kind=CommandKind.HALT, reason="drill"
    )
    recorder.ledger.append_command(command)
    halted = TradingStatus(state=TradingState.HALTED, halted_because="drill")
    recorder.carry_out(
        Commit(
            (
                PutInputs("abc", b"{}"),
                InsertAttempt(attempt(), ()),
                AddFill(fill()),
                PutOrder(replace(attempt(), state=OrderState.PARTIAL, filled=Decimal(10))),
                PutStatus(halted, "drill", "tess"),
                SettleCommand("k", CommandState.DONE, "halted"),
                Note("gates", "x", ["all passed"]),
            )
        )
    )
    ledger = recorder.ledger
    assert ledger.inputs("abc") == b"{}"
    assert ledger.order(attempt().client_id).state is OrderState.PARTIAL
    assert ledger.fills() == (fill(),)
    assert ledger.trading() == halted
    assert ledger.command("k").state is CommandState.DONE
    assert ledger.records(kind="gates")
    assert ledger.records(kind="trading status")[0].actor == "tess"


def test_where_one_change_is_refused_none_is_stored(recorder):
    with pytest.raises(LedgerError):
        recorder.carry_out(Commit((PutOrder(attempt()), SettleCommand("unknown", CommandState.DONE, "x"))))
    assert recorder.ledger.orders() == ()


def test_an_attempt_is_stored_only_beside_the_orders_it_was_counted_with(recorder):
    recorder.carry_out(Commit((InsertAttempt(attempt(), ()),)))
    known, other = ((attempt().client_id, "sent"),), attempt(1, instrument="BTC-25DEC26")
    for wrong in ((), ((attempt().client_id, "acked"),), (*known, ("T2", "sent"))):
        with pytest.raises(LedgerError, match="differs from memory"):
            recorder.carry_out(Commit((InsertAttempt(other, wrong),)))
    assert len(recorder.ledger.orders()) == 1
    recorder.carry_out(Commit((InsertAttempt(other, known),)))
    assert len(recorder.ledger.orders()) == 2


def test_an_attempt_is_stored_once(recorder):
    over = replace(attempt(), state=OrderState.CANCELLED)
    recorder.carry_out(Commit((InsertAttempt(attempt(), ()), PutOrder(over))))
    with pytest.raises(LedgerError, match="holds T261120120000000-BTC-0-0 already"):
        recorder.carry_out(Commit((InsertAttempt(attempt(), ()),)))


def test_a_trade_is_booked_once_and_another_content_ends_it(recorder):
    recorder.carry_out(Commit((InsertAttempt(attempt(), ()), AddFill(fill()))))
    recorder.carry_out(Commit((AddFill(fill()),)))
    with pytest.raises(LedgerError, match="another content"):
        recorder.carry_out(Commit((AddFill(fill(amount=Decimal(20))),)))
    assert recorder.ledger.fills() == (fill(),)
    recorder.carry_out(Commit((NoteConflict(fill(amount=Decimal(20))),)))
    assert recorder.ledger.fills() == (fill(),)
    assert recorder.ledger.records(kind="fill conflict")


def test_a_lease_that_ran_out_is_renewed_unless_another_took_it(recorder):
    recorder._now.now += timedelta(seconds=60)
    assert not recorder.holds_lease()
    recorder.carry_out(Commit((Note("x", "y", 1),)))
    assert recorder.holds_lease()
    recorder._now.now += timedelta(seconds=60)
    recorder.ledger.acquire_lease("demo", "another", recorder._now(), timedelta(seconds=15))
    assert not recorder.holds_lease()
    with pytest.raises(LeaseLost):
        recorder.carry_out(Commit((Note("x", "z", 1),)))
    assert not recorder.ledger.records(ref="z")


def test_what_an_engine_starts_from(recorder):
    yesterday = nouns.NOW - timedelta(hours=13)
    old = attempt(0, created_at=yesterday)
    spent = [
        replace(attempt(clip, created_at=yesterday + timedelta(seconds=clip)), state=OrderState.CANCELLED)
        for clip in range(1, LATEST_ORDERS + 20)
    ]
    by_itself = replace(
        attempt(900, approver=AUTO, created_at=nouns.NOW - timedelta(minutes=5)),
        state=OrderState.FILLED,
        filled=Decimal(100_000),
        average_price=Decimal(100_000),
    )
    changes = [PutOrder(old), *map(PutOrder, spent), PutOrder(by_itself)]
    recorder.carry_out(Commit((*changes, AddFill(fill("mine")), AddFill(fill("theirs", client_id="")))))
    stored = recorder.stored(INSTRUMENTS)
    assert [ticket.id for ticket in stored.tickets] == [nouns.ticket().id]
    ids = [order.client_id for order in stored.orders]
    assert ids[0] == old.client_id  # it works still, and its ticket is open
    assert ids[-1] == by_itself.client_id
    assert len(ids) == len(set(ids)) == LATEST_ORDERS + 21  # all of an open ticket
    assert {each.trade_id for each in stored.fills} == {"mine", "theirs"}
    assert (stored.days["deribit"].orders, stored.days["deribit"].trades) == (1, 1)
    (sent,) = stored.automatic
    assert (sent.usd, sent.at) == (100_000.0, by_itself.created_at)


def test_orders_of_tickets_that_are_over_are_the_latest_and_those_at_work(recorder):
    over = nouns.ticket(id="T261119120000000-BTC")
    recorder.carry_out(Commit((PutTicket(over),)))
    made = [
        nouns.order(
            client_id=f"{over.id}-0-{clip}",
            ticket_id=over.id,
            clip=clip,
            state=OrderState.UNKNOWN if clip == 0 else OrderState.ABSENT,
            created_at=nouns.NOW - timedelta(hours=1) + timedelta(seconds=clip),
        )
        for clip in range(LATEST_ORDERS + 10)
    ]
    recorder.carry_out(Commit(tuple(map(PutOrder, made))))
    recorder.carry_out(Commit((PutTicket(tickets.supersede(over, "a test")),)))
    ids = [order.client_id for order in recorder.stored(INSTRUMENTS).orders]
    assert len(ids) == LATEST_ORDERS + 1
    assert ids[0] == made[0].client_id
