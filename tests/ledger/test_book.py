"""Lease, commands, transactions and reads of the ledger."""

import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hedging.errors import LeaseLost, LedgerError
from hedging.ledger import Ledger
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    CommandState,
    OrderState,
    TicketState,
    TradingState,
    TradingStatus,
)


def test_a_second_holder_is_told_who_holds_the_book_and_until_when(ledger, sample, lease):
    with pytest.raises(LeaseLost, match=r"desk is held by engine-1 until 2026-11-22 12:00:30 UTC"):
        ledger.acquire_lease("desk", "engine-2", sample.now + timedelta(seconds=29), sample.ttl)
    assert ledger.lease("desk") == lease
    assert ledger.acquire_lease("other", "engine-2", sample.now, sample.ttl).token == 1


def test_the_same_name_is_another_holder(ledger, sample, lease):
    with pytest.raises(LeaseLost, match="engine-1"):
        ledger.acquire_lease("desk", "engine-1", sample.now, sample.ttl)


def test_take_over_after_expiry_gives_a_greater_token_and_fences_the_old_one(ledger, sample, lease):
    later = sample.now + timedelta(seconds=30)
    taken = ledger.acquire_lease("desk", "engine-2", later, sample.ttl)
    assert taken.token == lease.token + 1
    with pytest.raises(LeaseLost, match="taken by engine-2"):
        ledger.renew_lease(lease, later, sample.ttl)
    with pytest.raises(LeaseLost, match="taken by engine-2"), ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
    ledger.release_lease(lease)
    assert ledger.lease("desk") == taken
    assert ledger.tickets() == ()


def test_a_restart_under_the_same_name_fences_the_process_before_it(ledger, sample, lease):
    later = sample.now + sample.ttl
    ledger.acquire_lease("desk", lease.holder, later, sample.ttl)
    with pytest.raises(LeaseLost, match=r"token 2, ours was 1"), ledger.write(lease, later) as tx:
        tx.put_ticket(sample.ticket())
    assert ledger.tickets() == ()


def test_an_expired_lease_cannot_write_until_renewed(ledger, sample, lease):
    late = sample.now + timedelta(seconds=30)
    with pytest.raises(LeaseLost, match="ran out at 12:00:30"), ledger.write(lease, late) as tx:
        tx.put_ticket(sample.ticket())
    assert ledger.ticket("t1") is None
    renewed = ledger.renew_lease(lease, late, sample.ttl)
    with ledger.write(renewed, late) as tx:
        tx.put_ticket(sample.ticket())
    assert ledger.ticket("t1") == sample.ticket()


def test_a_released_lease_is_free_at_once_and_the_token_still_grows(ledger, sample, lease):
    ledger.release_lease(lease)
    assert ledger.lease("desk") is None
    with pytest.raises(LeaseLost, match="released"), ledger.write(lease, sample.now):
        pass
    assert ledger.acquire_lease("desk", "engine-2", sample.now, sample.ttl).token == lease.token + 1


def test_eight_threads_append_one_command(ledger, sample):
    start = threading.Barrier(8)
    stored = []

    def append(n: int) -> None:
        start.wait()
        stored.append(ledger.append_command(sample.command(reason=f"thread {n}")))

    threads = [threading.Thread(target=append, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored) == 8
    assert set(stored) == {ledger.command("k1")}
    assert ledger.last_command_id() == 1
    assert len(ledger.records(kind="command")) == 1


def test_commands_wait_oldest_first_and_are_answered_once(ledger, sample, lease):
    for n in (3, 1, 2):
        ledger.append_command(sample.command(n))
    assert [command.key for command in ledger.pending_commands()] == ["k3", "k1", "k2"]
    with ledger.write(lease, sample.now) as tx:
        tx.settle_command("k1", CommandState.REFUSED, "the ticket changed")
    assert [command.key for command in ledger.pending_commands()] == ["k3", "k2"]
    assert [command.key for command in ledger.commands(limit=2)] == ["k2", "k1"]
    assert ledger.command("k1").answer == "the ticket changed"
    with pytest.raises(LedgerError, match="refused already"), ledger.write(lease, sample.now) as tx:
        tx.settle_command("k1", CommandState.DONE, "")
    with pytest.raises(LedgerError, match="no command k9"), ledger.write(lease, sample.now) as tx:
        tx.settle_command("k9", CommandState.DONE, "")
    again = ledger.append_command(sample.command(1))
    assert again.state is CommandState.REFUSED


@pytest.mark.parametrize(
    ("change", "message"), [({"key": " "}, "key is empty"), ({"state": CommandState.DONE}, "only a pending")]
)
def test_a_command_that_is_none_is_refused(ledger, sample, change, message):
    with pytest.raises(LedgerError, match=message):
        ledger.append_command(sample.command(**change))
    assert ledger.commands() == ()


def test_each_venue_fill_is_booked_once(ledger, sample, lease):
    fill = sample.fill()
    with ledger.write(lease, sample.now) as tx:
        assert tx.add_fill(fill)
        assert not tx.add_fill(fill)
        assert tx.add_fill(replace(fill, account="second"))
        assert tx.add_fill(replace(fill, venue="bybit"))
    with ledger.write(lease, sample.now) as tx:
        assert not tx.add_fill(replace(fill, fee=Decimal(0)))
        assert tx.fills("hm-1") == ledger.fills("hm-1")
    assert len(ledger.fills()) == 3
    assert ledger.records(kind="fill conflict") == ()


def test_a_fill_that_contradicts_the_booked_one_is_not_booked_but_noted_once(ledger, sample, lease):
    for _ in range(2):
        with ledger.write(lease, sample.now) as tx:
            tx.add_fill(sample.fill())
            assert not tx.add_fill(sample.fill(amount=Decimal("200")))
    assert ledger.fills() == (sample.fill(),)
    (conflict,) = ledger.records(kind="fill conflict")
    assert '"amount":"200"' in conflict.body


def test_a_transaction_is_all_or_nothing(ledger, sample, lease):
    before = ledger.verify_chain()

    def half() -> None:
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket())
            tx.put_order(sample.order())
            tx.record("decision", "engine", "BTC", {"why": "band"})
            assert tx.ticket("t1") == sample.ticket()
            assert tx.orders() == (sample.order(),)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert (ledger.ticket("t1"), ledger.orders(), ledger.verify_chain()) == (None, (), before)


def test_reads_are_newest_first_and_filtered(ledger, sample, lease):
    with ledger.write(lease, sample.now) as tx:
        for n in (1, 2, 3):
            tx.put_ticket(sample.ticket(n))
            tx.put_order(sample.order(n))
            tx.add_fill(sample.fill(n))
        tx.put_ticket(sample.ticket(2, state=TicketState.REJECTED, decided_by="bob", version=2))
        tx.put_order(sample.order(1, state=OrderState.FILLED, filled=Decimal("500")))
    assert [ticket.id for ticket in ledger.tickets()] == ["t3", "t2", "t1"]
    assert [ticket.id for ticket in ledger.tickets([TicketState.PROPOSED], limit=1)] == ["t3"]
    assert [order.clip for order in ledger.orders(states=[OrderState.NEW])] == [3, 2]
    assert ledger.orders(ticket_id="t2") == ()
    assert ledger.orders(states=[]) == ()
    assert ledger.order("hm-1").filled == Decimal("500")
    assert [fill.trade_id for fill in ledger.fills(since=sample.fill(2).at)] == ["BTC-3", "BTC-2"]
    assert ledger.fills("nobody's") == ()


def test_records_page_backwards_and_filter(ledger, sample, lease):
    with ledger.write(lease, sample.now) as tx:
        made = [tx.record("decision", "engine", ref, {"n": n}) for n, ref in enumerate(["BTC", "ETH", "BTC"])]
        tx.record("note", "bob", "BTC", None)
    newest = ledger.records(limit=2)
    assert [record.kind for record in newest] == ["note", "decision"]
    assert ledger.records(limit=2, before=newest[-1].sequence) == tuple(made[1::-1])
    assert [record.body for record in ledger.records(kind="decision", ref="BTC")] == ['{"n":2}', '{"n":0}']
    assert [record.kind for record in ledger.records(actor="bob")] == ["note"]
    assert ledger.record(made[0].sequence) == made[0]
    assert ledger.record(99) is None


def test_every_change_of_a_noun_leaves_a_record(ledger, sample, lease):
    with ledger.write(lease, sample.now) as tx:
        tx.put_ticket(sample.ticket())
        tx.put_ticket(sample.ticket())
        tx.put_ticket(sample.ticket(state=TicketState.APPROVED, decided_by="carol", version=2))
    assert [record.actor for record in ledger.records(ref="t1")] == ["carol", "engine"]


def test_the_switch_of_the_book(ledger, sample, lease):
    assert ledger.trading() == TradingStatus()
    halted = TradingStatus(
        state=TradingState.HALTED,
        halted_because="delivery",
        auto=AutoSetting(mode=AutoMode.SHADOW, set_at=sample.now, max_turnover_usd=1e6),
    )
    with ledger.write(lease, sample.now) as tx:
        tx.put_trading(halted)
        assert tx.trading() == halted
    assert ledger.trading() == ledger.trading("desk") == halted
    assert ledger.trading("another") == TradingStatus()
    other = ledger.acquire_lease("second", "engine-2", sample.now, sample.ttl)
    with ledger.write(other, sample.now) as tx:
        tx.put_trading(TradingStatus())
    with pytest.raises(LedgerError, match=r"2 books \(desk, second\): name one"):
        ledger.trading()


def test_inputs_come_back_byte_for_byte_and_are_stored_once(ledger, sample, lease):
    body = b'{"quotes":{}}' * 1000
    with ledger.write(lease, sample.now) as tx:
        tx.put_inputs("cd" * 32, body)
        tx.put_inputs("cd" * 32, b"something else")
    assert ledger.inputs("cd" * 32) == body
    assert ledger.inputs("ef" * 32) is None
    assert len(ledger.records(kind="inputs")) == 1


@pytest.mark.parametrize("kind", ["ticket", "order", "fill", "command", "trading", "inputs", "lease"])
def test_the_ledgers_own_kinds_cannot_be_forged(ledger, sample, lease, kind):
    with (
        pytest.raises(LedgerError, match="written by the ledger itself"),
        ledger.write(lease, sample.now) as tx,
    ):
        tx.record(kind, "bob", "t1", {})


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("delta_after", float("nan"), "Ticket.delta_after"),
        ("index", float("inf"), "Ticket.index"),
        ("target", float("-inf"), "Ticket.target"),
        ("amount", Decimal("NaN"), r"Ticket.legs\[0\].amount"),
        ("worst_price", Decimal("-Infinity"), r"Ticket.legs\[0\].worst_price"),
        ("created_at", "naive", "Ticket.created_at"),
    ],
)
def test_what_is_no_value_is_refused_by_name(ledger, sample, lease, field, value, path):
    ticket = sample.ticket()
    if field == "created_at":
        value = sample.now.replace(tzinfo=None)
    if hasattr(ticket, field):
        ticket = replace(ticket, **{field: value})
    else:
        ticket = replace(ticket, legs=(replace(ticket.legs[0], **{field: value}),))
    with pytest.raises(LedgerError, match=f"^{path} is"), ledger.write(lease, sample.now) as tx:
        tx.put_ticket(ticket)
    assert ledger.tickets() == ()


def test_a_free_body_with_nan_is_refused_by_name(ledger, sample, lease):
    with pytest.raises(LedgerError, match=r"\['marks'\]\[1\] is nan"), ledger.write(lease, sample.now) as tx:
        tx.record("decision", "engine", "BTC", {"marks": [1.0, float("nan")]})


class TestGuardsInTheDatabase:
    def test_a_person_cannot_approve_their_own_ticket(self, ledger, sample, lease):
        mine = sample.ticket(state=TicketState.APPROVED, proposed_by="bob", decided_by="bob")
        message = "a_person_does_not_approve_their_own_ticket"
        with pytest.raises(LedgerError, match=message), ledger.write(lease, sample.now) as tx:
            tx.put_ticket(mine)
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(replace(mine, decided_by="carol"))

    def test_an_order_needs_its_ticket(self, ledger, sample, lease):
        with pytest.raises(LedgerError, match=r"(?i)foreign key"), ledger.write(lease, sample.now) as tx:
            tx.put_order(sample.order())

    def test_one_attempt_per_intent(self, ledger, sample, lease):
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket())
            tx.put_order(sample.order())
        twin = sample.order(client_id="hm-twin", instrument="other")
        with pytest.raises(LedgerError, match=r"(?i)unique"), ledger.write(lease, sample.now) as tx:
            tx.put_order(twin)

    def test_one_live_order_per_account_and_instrument(self, ledger, sample, lease):
        first, second = sample.order(1, instrument="P"), sample.order(2, instrument="P")
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket())
            tx.put_order(first)
        for state in (OrderState.SENT, OrderState.ACKED, OrderState.PARTIAL, OrderState.UNKNOWN):
            with ledger.write(lease, sample.now) as tx:
                tx.put_order(replace(first, state=state))
            with (
                pytest.raises(LedgerError, match="another order is live"),
                ledger.write(lease, sample.now) as tx,
            ):
                tx.put_order(second)
        with ledger.write(lease, sample.now) as tx:
            tx.put_order(replace(first, state=OrderState.CANCELLED))
            tx.put_order(second)
            tx.put_order(replace(first, state=OrderState.FILLED))

    def test_what_was_asked_for_is_frozen(self, ledger, sample, lease):
        with ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket())
            tx.put_order(sample.order())
        for change in ({"amount": Decimal("501")}, {"limit_price": Decimal(1)}, {"instrument": "X"}):
            with pytest.raises(LedgerError, match="was fixed"), ledger.write(lease, sample.now) as tx:
                tx.put_order(sample.order(**change))
        with pytest.raises(LedgerError, match="was fixed"), ledger.write(lease, sample.now) as tx:
            tx.put_ticket(sample.ticket(content_hash="other"))


def test_a_write_inside_a_write_is_refused_at_once(ledger, sample, lease):
    with pytest.raises(LedgerError, match="already inside a write"), ledger.write(lease, sample.now):
        ledger.append_command(sample.command())


def test_an_empty_ledger_answers_with_nothing(ledger: Ledger):
    assert ledger.lease("desk") is None
    assert ledger.last_command_id() == 0
    assert (ledger.pending_commands(), ledger.tickets(), ledger.orders(), ledger.fills()) == ((), (), (), ())
    assert ledger.verify_chain() == 0
