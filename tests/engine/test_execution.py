"""From an approved ticket to orders: what must stop one at every moment in between, on a venue in memory."""

import asyncio
import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import AUTO, NotAccepted, arm, asked, during, ended

from hedging.engine.commands import Clerk
from hedging.engine.executor import execute
from hedging.errors import BadInput, LeaseLost, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.trading import AutoMode, CommandKind, Fill, OrderState, Role, TicketState, TradingState
from hedging.units import Side
from hedging.workflow import order as orders


async def test_a_ticket_is_sent_in_clips_until_its_amount_and_not_beyond(fake):
    ticket = fake.approved()
    await execute(fake.desk, ticket)
    assert ended(fake, ticket).state is TicketState.DONE
    assert 500_000 < sum(order.amount for order in fake.venue.sent) <= 510_000
    assert len({order.client_id for order in fake.venue.sent}) == len(fake.venue.sent)
    assert 490_000 <= fake.venue.position < 500_000


async def test_what_was_filled_is_counted_although_many_other_orders_came_between(fake):
    ticket = fake.approved(amount=400_000, target=-50.0)
    fake.venue.position = Decimal(3_000_000)
    task = await during(fake, ticket, 2)
    for number in range(80):
        other = nouns.order(
            client_id=f"other-{number}", state=OrderState.CANCELLED, underlying="ETH", ticket_id=ticket.id
        )
        fake.desk.blotter._keep_order(replace(other, ticket_id="another ticket"))
    await task
    assert sum(order.amount for order in fake.venue.sent) == 400_000


async def test_a_need_that_went_away_while_waiting_for_inputs_sends_nothing(fake):
    """Stale prices hold the clip up; meanwhile someone hedges by hand: the old amount must not go out."""
    ticket = fake.approved()
    fake.desk.book.clock_offset = None  # refused as C10 until it is known
    task = asyncio.create_task(execute(fake.desk, ticket))
    await asyncio.sleep(0.3)
    fake.venue.position = Decimal(0)
    await fake.desk.read_positions("main")
    fake.desk.book.clock_offset = 0.0
    await task
    assert fake.venue.sent == []
    assert ended(fake, ticket).state is TicketState.DONE


async def test_a_trade_by_hand_seen_on_the_stream_is_awaited_before_the_next_clip(fake):
    """The stream tells of it before any position read does."""
    ticket = fake.approved()
    task = await during(fake, ticket, 1)
    fake.venue.position = Decimal(480_000)
    by_hand = Fill(
        venue="deribit", account="main", trade_id="hand", venue_order_id="x", client_id="",
        instrument="BTC-PERPETUAL", side=Side.SELL, amount=Decimal(420_000), price=Decimal(100_000),
        fee=Decimal(0), fee_currency="BTC", at=fake.clock(),
    )  # fmt: skip
    fake.desk.take_fills([by_hand])
    assert not fake.desk.book.settled("main")
    before = len(fake.venue.sent)
    await task
    assert fake.venue.position >= 480_000 - 100_000
    assert len(fake.venue.sent) <= before + 1


async def test_inputs_that_grew_old_while_the_ledger_was_locked_are_not_used(fake, tmp_path):
    ticket = fake.begun()
    lock = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")
    released = threading.Timer(3.0, lambda: (lock.execute("ROLLBACK"), lock.close()))
    released.start()
    fake.price()
    task = asyncio.create_task(execute(fake.desk, ticket))
    while not fake.venue.sent and not task.done():  # noqa: ASYNC110  # the loop itself is blocked
        await asyncio.sleep(0)
    released.join()
    quote = fake.desk.book.quotes["deribit:BTC-PERPETUAL"]
    first = fake.venue.sent[0]
    assert first.sent_at - quote.touch_received_at < timedelta(seconds=2)
    assert first.created_at == first.sent_at
    assert fake.clock() - first.created_at < timedelta(seconds=2)
    await task


async def test_a_price_that_came_now_and_is_old_at_the_venue_is_not_used(fake, monkeypatch):
    """A read that answers from long ago must not pass for a fresh one."""
    monkeypatch.setattr(
        "fake_venue.nouns.quote",
        lambda instrument, quote=nouns.quote, **changes: quote(
            instrument, **{**changes, "venue_at": changes["venue_at"] - timedelta(seconds=3)}
        ),
    )
    fake.price()
    ticket = fake.approved()
    await execute(fake.desk, ticket)
    assert fake.venue.sent == []
    assert "venue's own clock" in ended(fake, ticket).note


async def test_an_order_that_waited_for_its_turn_is_not_sent(fake, monkeypatch):
    ticket = fake.approved()
    run = fake.venue.run

    async def late(function, *arguments):
        if function.__name__ == "guarded":
            fake.clock.shift += 1.0
        return await run(function, *arguments)

    monkeypatch.setattr(fake.venue, "run", late)
    await execute(fake.desk, ticket)
    assert fake.venue.sent == []
    assert "waited" in ended(fake, ticket).note


async def test_a_latch_between_the_ledger_and_the_wire_stops_the_order(fake, monkeypatch):
    ticket = fake.approved()
    run = fake.venue.run

    async def killed_meanwhile(function, *arguments):
        fake.desk.latches.trip("drill")
        return await run(function, *arguments)

    monkeypatch.setattr(fake.venue, "run", killed_meanwhile)
    await execute(fake.desk, ticket)
    assert fake.venue.sent == []
    (order,) = fake.ledger.orders(ticket_id=ticket.id)
    assert order.state is OrderState.REJECTED
    assert "drill" in order.detail


async def test_a_halt_before_the_approved_ticket_began_leaves_it_failed(fake):
    ticket = fake.approved()
    clerk = Clerk(fake.desk, lambda _: None)
    clerk.halt("drill", "tess")
    failed = ended(fake, ticket)
    await execute(fake.desk, ticket)
    assert ended(fake, ticket) == failed
    assert failed.state is TicketState.FAILED
    assert fake.venue.sent == []


async def test_a_halt_that_was_taken_back_does_not_revive_a_ticket(fake):
    ticket = fake.approved()
    task = await during(fake, ticket, 1)
    asked(fake, CommandKind.HALT, reason="drill")
    asked(fake, CommandKind.RESUME)
    asked(fake, CommandKind.RESUME, user="rita", role=Role.RISK)
    assert fake.desk.blotter.status.state is TradingState.ACTIVE
    before = len(fake.venue.sent)
    await task
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended(fake, ticket).state is TicketState.FAILED


async def test_an_engine_that_stood_still_sends_nothing_old_and_goes_on(fake, monkeypatch):
    """A laptop asleep for a minute between the commit and the wire; nobody took the book meanwhile."""
    ticket = fake.approved()
    run = fake.venue.run

    async def asleep(function, *arguments):
        if function.__name__ == "guarded":
            fake.clock.shift += 30
        return await run(function, *arguments)

    monkeypatch.setattr(fake.venue, "run", asleep)
    await execute(fake.desk, ticket)
    assert fake.venue.sent == []
    assert ended(fake, ticket).state is TicketState.FAILED
    assert fake.ledger.lease("demo").expires_at > fake.clock()


async def test_an_engine_whose_book_was_taken_while_it_stood_still_stops(fake):
    ticket = fake.approved()
    task = await during(fake, ticket, 1)
    fake.clock.shift += 30
    fake.ledger.acquire_lease("demo", "another", fake.clock(), timedelta(seconds=15))
    before = len(fake.venue.sent)
    with pytest.raises(LeaseLost):
        await task
    assert len(fake.venue.sent) == before


async def test_an_expired_approval_is_not_used(fake):
    ticket = fake.approved()
    fake.pass_time(61)
    await execute(fake.desk, ticket)
    assert ended(fake, ticket).state is TicketState.EXPIRED
    assert fake.venue.sent == []


async def test_a_ticket_ends_with_its_time_between_two_clips(fake):
    ticket = fake.approved()
    task = await during(fake, ticket, 1)
    fake.pass_time(61)
    before = len(fake.venue.sent)
    await task
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended(fake, ticket).state is TicketState.FAILED


@pytest.mark.parametrize("end", ["switched off", "lapsed", "foreign fill"])
async def test_an_automatic_ticket_ends_with_its_arming(fake, end):
    arm(fake)
    ticket = fake.begun(decided_by=AUTO)
    task = await during(fake, ticket, 1)
    status = fake.desk.blotter.status
    if end == "lapsed":
        fake.desk.blotter.put_status(replace(status, auto=replace(status.auto, until=fake.clock())), "over")
    else:
        fake.desk.suspend_auto(end)
    before = len(fake.venue.sent)
    await task
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended(fake, ticket).state is TicketState.FAILED
    assert "automatic hedging is off" in ended(fake, ticket).note


async def test_the_cap_on_orders_ends_a_ticket_in_the_middle(fake):
    arm(fake, max_orders=2)
    ticket = fake.begun(decided_by=AUTO)
    await execute(fake.desk, ticket)
    assert len(fake.venue.sent) == 2
    assert ended(fake, ticket).state is TicketState.FAILED


async def test_the_cap_on_turnover_is_never_passed(fake):
    arm(fake, max_turnover_usd=250_000)
    ticket = fake.begun(decided_by=AUTO)
    await execute(fake.desk, ticket)
    assert 240_000 < sum(order.amount for order in fake.venue.sent) <= 250_000
    assert fake.desk.blotter.status.auto.mode is AutoMode.OFF or (
        fake.desk.blotter.status.auto.turnover_used_usd >= 250_000
    )


@pytest.mark.parametrize("failure", ["unclear", "rejected"])
async def test_an_order_without_a_good_answer_counts_against_the_caps(fake, failure):
    arm(fake)
    fake.venue.submit_failures = [
        VenueUnclear("cut") if failure == "unclear" else NotAccepted(VenueRejected("10009"))
    ]
    ticket = fake.begun(amount=100_000, decided_by=AUTO)
    await execute(fake.desk, ticket)
    assert fake.desk.blotter.status.auto.orders_used == 1
    turnover = fake.desk.blotter.status.auto.turnover_used_usd
    assert turnover == pytest.approx(100_000 if failure == "unclear" else 0)


async def test_automatic_mode_ends_after_three_failed_tickets_in_a_row(fake):
    arm(fake)
    for number in range(3):
        assert fake.desk.blotter.status.auto.mode is AutoMode.ARMED
        fake.venue.submit_failures = [NotAccepted(VenueRejected("10009 not enough funds"))]
        await execute(fake.desk, fake.begun(id=f"T{number}-BTC", decided_by=AUTO))
    assert fake.desk.blotter.status.auto.mode is AutoMode.OFF
    assert "not enough funds" in fake.desk.blotter.status.auto.ended_because


async def test_orders_that_nobody_fills_do_not_go_on_for_ever(fake):
    fake.venue.fill_share = Decimal(0)
    ticket = fake.approved()
    await execute(fake.desk, ticket)
    assert len(fake.venue.sent) == 3
    assert ended(fake, ticket).state is TicketState.FAILED


async def test_input_that_the_session_refuses_ends_the_ticket_and_not_the_engine(fake):
    fake.venue.submit_failures = [NotAccepted(BadInput("off the grid"))]
    ticket = fake.approved()
    await execute(fake.desk, ticket)
    assert ended(fake, ticket).state is TicketState.FAILED
    (order,) = fake.ledger.orders(ticket_id=ticket.id)
    assert order.state is OrderState.REJECTED


async def test_an_answer_without_its_trades_is_followed_by_a_new_position_read(fake):
    fake.venue.tells_trades = False
    fake.venue.position_failures = [VenueUnreachable("down")]
    ticket = fake.approved(amount=100_000)
    task = await during(fake, ticket, 1)
    assert not fake.desk.book.settled("main") or fake.desk.book.amount("main", "BTC-PERPETUAL") == 900_000
    await task
    assert fake.desk.book.amount("main", "BTC-PERPETUAL") == 900_000


async def test_a_fill_from_the_stream_before_a_lost_answer_is_looked_up_at_once(fake):
    """PARTIAL by the stream and no answer: the rest is cancelled, which only a look-up can tell."""
    fake.venue.fill_share = Decimal("0.5")
    fake.venue.submit_failures = [VenueUnclear("cut")]
    submit = fake.venue.submit

    def streamed(order, instrument):
        try:
            return submit(order, instrument)
        finally:
            fake.desk.take_fills(fake.venue.trades[-1:])

    fake.venue.submit = streamed
    ticket = fake.approved(amount=100_000)
    task = await during(fake, ticket, 2)
    (first,) = (o for o in fake.ledger.orders(ticket_id=ticket.id) if o.clip == 0)
    assert first.state is OrderState.CANCELLED
    assert first.filled == 50_000
    await task
    booked = [fill.trade_id for fill in fake.ledger.fills()]
    assert len(booked) == len(set(booked)) == len(fake.venue.trades)


async def test_our_own_fill_seen_in_the_position_first_does_not_end_automatic_mode(fake):
    arm(fake)
    ticket = fake.begun(decided_by=AUTO, amount=100_000)
    submit = fake.venue.submit

    def swept(order, instrument):
        answer = submit(order, instrument)
        fake.desk.book.take_positions(
            "main",
            fake.venue.positions(),
            fake.clock(),
            frozenset(o.instrument for o in fake.desk.blotter.live.values()),
        )
        return answer

    fake.venue.submit = swept
    await execute(fake.desk, ticket)
    assert fake.desk.blotter.status.auto.mode is AutoMode.ARMED
    assert fake.desk.book.amount("main", "BTC-PERPETUAL") == 900_000
    assert not fake.ledger.records(kind="position changed outside")


async def test_what_was_sent_is_in_the_ledger_first(fake):
    submit = fake.venue.submit

    def durable(order, instrument):
        stored = fake.ledger.order(order.client_id)
        assert stored == order
        assert stored.state is OrderState.SENT
        return submit(order, instrument)

    fake.venue.submit = durable
    ticket = fake.approved()
    await execute(fake.desk, ticket)
    assert ended(fake, ticket).state is TicketState.DONE
    assert all(o.state in orders.TERMINAL for o in fake.ledger.orders(ticket_id=ticket.id))
