"""From an approved ticket to orders: what must stop one at every moment in between, on a venue in memory."""

import sqlite3
import threading
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import AUTO, NotAccepted, fresh_quote

from hedging.core import events as happened
from hedging.errors import BadInput, LeaseLost, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.trading import AutoMode, CommandKind, Fill, OrderState, Role, TicketState, TradingState
from hedging.units import Side
from hedging.workflow import order as orders


def before_each(fake, monkeypatch, act):
    """Have ``act`` done on the way to the wire, after the attempt was stored."""
    run = fake.venue.run

    async def later(function, *arguments):
        if function.__name__ == "guarded":
            act()
        return await run(function, *arguments)

    monkeypatch.setattr(fake.venue, "run", later)


async def test_a_ticket_is_sent_in_clips_until_its_amount_and_not_beyond(fake):
    ticket = fake.begun()
    assert (await fake.over(ticket)).state is TicketState.DONE
    assert 500_000 < sum(order.amount for order in fake.venue.sent) <= 510_000
    assert len({order.client_id for order in fake.venue.sent}) == len(fake.venue.sent)
    assert 490_000 <= fake.venue.position < 500_000


async def test_what_was_filled_is_counted_although_many_other_orders_came_between(fake):
    fake.venue.position = Decimal(3_000_000)
    fake.desk.driver.state = replace(
        fake.state,
        orders={
            **fake.state.orders,
            **{
                f"other-{number}": nouns.order(
                    client_id=f"other-{number}", state=OrderState.CANCELLED, ticket_id="another ticket"
                )
                for number in range(500)
            },
        },
    )
    ticket = fake.begun(amount=400_000, target=-50.0)
    await fake.over(ticket)
    assert sum(order.amount for order in fake.venue.sent) <= 400_000


async def test_a_need_that_went_away_while_waiting_for_inputs_sends_nothing(fake):
    """Stale prices hold the clip up; meanwhile someone hedges by hand: the old amount must not go out."""
    fake.desk.driver.happen(happened.ClockRead("main", 9.0))  # refused as C10
    ticket = fake.begun()
    fake.venue.position = Decimal(0)
    by_hand = hand_fill(fake, Side.SELL, 1_000_000)
    fake.desk.driver.happen(happened.FillsArrived((by_hand,)))
    await fake.until(lambda: fake.held == 0 and fake.settled)
    fake.desk.driver.happen(happened.ClockRead("main", 0.0))
    assert (await fake.over(ticket)).state is TicketState.DONE
    assert fake.venue.sent == []


def hand_fill(fake, side, amount):
    """A trade that is not ours."""
    return Fill(
        venue="deribit", account="main", trade_id="hand", venue_order_id="x", client_id="",
        instrument="BTC-PERPETUAL", side=side, amount=Decimal(amount), price=Decimal(100_000),
        fee=Decimal(0), fee_currency="BTC", at=fake.clock(),
    )  # fmt: skip


async def test_a_trade_by_hand_seen_on_the_stream_is_awaited_before_the_next_clip(fake):
    """The stream tells of it before any position read does."""
    ticket = fake.begun()
    await fake.sent(1)
    sold = Decimal(1_000_000) - fake.venue.position
    fake.venue.position = Decimal(480_000)
    by_hand = hand_fill(fake, Side.SELL, 520_000 - sold)
    fake.venue.trades.append(by_hand)
    fake.loop.on_pushed(by_hand)
    before = len(fake.venue.sent)
    await fake.over(ticket)
    assert len(fake.venue.sent) <= before + 1
    assert fake.venue.position >= 480_000 - 100_000
    await fake.until(lambda: fake.settled)
    assert fake.state.status.state is TradingState.ACTIVE


async def test_inputs_that_grew_old_while_the_ledger_was_locked_are_not_used(fake, tmp_path):
    lock = sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None, check_same_thread=False)
    fake.desk.driver.happen(happened.ClockRead("main", 9.0))
    ticket = fake.begun()
    lock.execute("BEGIN IMMEDIATE")
    released = threading.Timer(3.0, lambda: (lock.execute("ROLLBACK"), lock.close()))
    released.start()
    fake.desk.driver.happen(happened.ClockRead("main", 0.0))
    (stored,) = await fake.until(
        lambda: fake.ledger.orders(ticket_id=ticket.id)
    )  # judged before, stored after
    released.join()
    await fake.until(lambda: fake.ledger.order(stored.client_id).state is OrderState.REJECTED)
    assert stored.client_id not in {order.client_id for order in fake.venue.sent}
    assert "inputs are old" in fake.ledger.order(stored.client_id).detail


async def test_a_price_that_came_now_and_is_old_at_the_venue_is_not_used(fake, monkeypatch):
    """A read that answers from long ago must not pass for a fresh one."""
    monkeypatch.setattr(
        "fake_venue.fresh_quote",
        lambda now: replace(fresh_quote(now), venue_at=now - timedelta(seconds=3)),
    )
    fake.price()
    await fake.until(lambda: fake.state.market.quotes["deribit:BTC-PERPETUAL"].venue_at < fake.clock())
    fake.desk.look()
    ticket = fake.begun()
    ended = await fake.over(ticket)
    assert fake.venue.sent == []
    assert "venue's own clock" in ended.note


async def test_an_order_that_waited_for_its_turn_is_not_sent(fake, monkeypatch):
    before_each(fake, monkeypatch, lambda: setattr(fake.clock, "shift", fake.clock.shift + 1.0))
    ended = await fake.over(fake.begun())
    assert fake.venue.sent == []
    assert "waited" in ended.note


@pytest.mark.parametrize("latch", ["flag", "file", "ledger", "lease"])
async def test_a_latch_between_the_ledger_and_the_wire_stops_the_order(fake, monkeypatch, tmp_path, latch):
    def kill():
        if latch == "flag":
            fake.desk.latches.trip("drill")
        elif latch == "file":
            (tmp_path / "KILL").write_text('{"user": "tess", "why": "drill"}')
        elif latch == "ledger":
            with fake.desk.recorder.writing() as transaction:
                status = transaction.trading()
                transaction.put_trading(replace(status, state=TradingState.HALTED, halted_because="drill"))
        else:
            monkeypatch.setattr(fake.desk.recorder, "holds_lease", lambda: False)

    before_each(fake, monkeypatch, kill)
    ticket = fake.begun()
    await fake.over(ticket)
    assert fake.venue.sent == []
    (order,) = fake.ledger.orders(ticket_id=ticket.id)
    assert order.state is OrderState.REJECTED
    assert ("drill" if latch != "lease" else "another engine") in order.detail


async def test_a_halt_in_the_instant_of_the_approval_leaves_it_failed(fake):
    fake.desk.driver.happen(happened.ClockRead("main", 9.0))
    ticket = fake.begun()
    fake.asked(CommandKind.HALT, reason="drill")
    ended = await fake.over(ticket)
    assert ended.state is TicketState.FAILED
    assert "halted" in ended.note
    assert fake.venue.sent == []


async def test_a_halt_that_was_taken_back_does_not_revive_a_ticket(fake):
    ticket = fake.begun()
    await fake.sent(1)
    fake.asked(CommandKind.HALT, reason="drill")
    fake.asked(CommandKind.RESUME)
    fake.asked(CommandKind.RESUME, user="rita", role=Role.RISK)
    assert fake.state.status.state is TradingState.ACTIVE
    before = len(fake.venue.sent)
    ended = await fake.over(ticket)
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended.state is TicketState.FAILED


async def test_an_engine_that_stood_still_sends_nothing_old_and_goes_on(fake, monkeypatch):
    """A laptop asleep for a minute between the commit and the wire; nobody took the book meanwhile."""
    before_each(fake, monkeypatch, lambda: setattr(fake.clock, "shift", fake.clock.shift + 30.0))
    ended = await fake.over(fake.begun())
    assert fake.venue.sent == []
    assert ended.state is TicketState.FAILED
    assert fake.ledger.lease("demo").expires_at > fake.clock()


async def test_an_engine_whose_book_was_taken_while_it_stood_still_stops(fake):
    fake.begun()
    await fake.sent(1)
    fake.clock.shift += 30
    fake.ledger.acquire_lease("demo", "another", fake.clock(), timedelta(seconds=15))
    before = len(fake.venue.sent)
    group = await fake.ended()
    assert group.subgroup(LeaseLost)
    assert len(fake.venue.sent) == before


async def test_a_ledger_that_differs_from_memory_ends_the_engine_and_nothing_is_sent(fake):
    """Somebody else's hand in the ledger: limits were checked on what is no longer true."""
    fake.desk.driver.happen(happened.ClockRead("main", 9.0))
    fake.begun()
    ticket = nouns.ticket(id="T261120120000001-BTC")
    stranger = nouns.order(client_id="T261120120000001-BTC-0-0", ticket_id=ticket.id, state=OrderState.SENT)
    with fake.desk.recorder.writing() as transaction:
        transaction.put_ticket(ticket)
        transaction.put_order(stranger)
    known = replace(fake.state.accounts["main"], clock_offset=0.0)
    fake.desk.driver.state = replace(fake.state, accounts={"main": known})
    group = await fake.ended()
    assert "differs from memory" in str(group.exceptions[0])
    assert fake.venue.sent == []
    assert fake.ledger.orders()[-1] == stranger


async def test_an_expired_approval_is_not_used(fake):
    waiting = await fake.until(lambda: fake.state.tickets.get("BTC"))
    fake.clock.shift += 121
    said = fake.asked(
        CommandKind.APPROVE, ref=waiting.id, ref_version=waiting.version, ref_hash=waiting.content_hash
    )
    assert said.state.value == "refused"
    assert fake.venue.sent == []


async def test_a_ticket_ends_with_its_time_between_two_clips(fake):
    ticket = fake.begun()
    await fake.sent(1)
    fake.pass_time(61)
    before = len(fake.venue.sent)
    ended = await fake.over(ticket)
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended.state is TicketState.FAILED


@pytest.mark.parametrize("end", ["switched off", "lapsed"])
async def test_an_automatic_ticket_ends_with_its_arming(fake, end):
    fake.arm()
    ticket = fake.begun(decided_by=AUTO)
    await fake.sent(1)
    status = fake.state.status
    if end == "lapsed":
        fake.put_status(replace(status, auto=replace(status.auto, until=fake.clock())))
    else:
        fake.asked(CommandKind.AUTO_OFF)
    before = len(fake.venue.sent)
    ended = await fake.over(ticket)
    assert len(fake.venue.sent) <= before + 1 < 5
    assert ended.state is TicketState.FAILED
    assert "automatic hedging is off" in ended.note


async def test_a_foreign_fill_ends_automatic_mode_and_its_ticket(fake):
    fake.arm()
    ticket = fake.begun(decided_by=AUTO)
    await fake.sent(1)
    by_hand = hand_fill(fake, Side.BUY, 10)
    fake.venue.position += 10
    fake.venue.trades.append(by_hand)
    fake.loop.on_pushed(by_hand)
    ended = await fake.over(ticket)
    assert ended.state is TicketState.FAILED
    assert "did not send" in fake.state.status.auto.ended_because


async def test_the_cap_on_orders_ends_a_ticket_in_the_middle(fake):
    fake.arm(max_orders=2)
    ended = await fake.over(fake.begun(decided_by=AUTO))
    assert len(fake.venue.sent) == 2
    assert ended.state is TicketState.FAILED


async def test_the_cap_on_turnover_is_never_passed(fake):
    fake.arm(max_turnover_usd=250_000)
    await fake.over(fake.begun(decided_by=AUTO))
    assert 240_000 < sum(order.amount for order in fake.venue.sent) <= 250_000
    auto = fake.state.status.auto
    assert auto.mode is AutoMode.OFF or auto.turnover_used_usd >= 250_000


@pytest.mark.parametrize("failure", ["unclear", "rejected"])
async def test_an_order_without_a_good_answer_counts_against_the_caps(fake, failure):
    fake.arm()
    fake.venue.submit_failures = [
        VenueUnclear("cut") if failure == "unclear" else NotAccepted(VenueRejected("10009"))
    ]
    fake.begun(amount=100_000, decided_by=AUTO)
    auto = await fake.until(lambda: (auto := fake.state.status.auto).orders_used and auto)
    assert auto.orders_used == 1
    assert auto.turnover_used_usd == pytest.approx(100_000 if failure == "unclear" else 0)


async def test_automatic_mode_ends_after_three_failed_tickets_in_a_row(fake):
    fake.arm()
    for number in range(3):
        assert fake.state.status.auto.mode is AutoMode.ARMED
        fake.venue.submit_failures = [NotAccepted(VenueRejected("10009 not enough funds"))]
        await fake.over(fake.begun(id=f"T{number}-BTC", decided_by=AUTO))
    assert fake.state.status.auto.mode is AutoMode.OFF
    assert "not enough funds" in fake.state.status.auto.ended_because


async def test_orders_that_nobody_fills_do_not_go_on_for_ever(fake):
    fake.venue.fill_share = Decimal(0)
    ended = await fake.over(fake.begun())
    assert len(fake.venue.sent) == 3
    assert ended.state is TicketState.FAILED


async def test_input_that_the_session_refuses_ends_the_ticket_and_not_the_engine(fake):
    fake.venue.submit_failures = [NotAccepted(BadInput("off the grid"))]
    ticket = fake.begun()
    assert (await fake.over(ticket)).state is TicketState.FAILED
    (order,) = fake.ledger.orders(ticket_id=ticket.id)
    assert order.state is OrderState.REJECTED


async def test_a_mistake_of_ours_in_a_session_is_an_unclear_order_and_no_end(fake):
    fake.venue.submit_failures = [KeyError("result")]
    ticket = fake.begun(amount=100_000)
    assert (await fake.over(ticket)).state is TicketState.DONE
    (order,) = fake.ledger.orders(ticket_id=ticket.id)
    assert order.state is OrderState.FILLED
    assert "result" in order.detail


async def test_an_answer_without_its_trades_is_followed_by_a_new_position_read(fake):
    fake.venue.tells_trades = False
    fake.venue.position_failures = [VenueUnreachable("down")]
    ticket = fake.begun(amount=100_000)
    await fake.sent(1)
    assert not fake.settled or fake.held in {900_000, 1_000_000}
    await fake.over(ticket)
    await fake.until(lambda: fake.held == 900_000)


async def test_a_fill_from_the_stream_before_a_lost_answer_is_looked_up_at_once(fake):
    """PARTIAL by the stream and no answer: the rest is cancelled, which only a look-up can tell."""
    fake.venue.fill_share = Decimal("0.5")
    fake.venue.submit_failures = [VenueUnclear("cut")]
    submit = fake.venue.submit

    def streamed(*arguments):
        try:
            return submit(*arguments)
        finally:
            fake.desk.driver.happen(happened.FillsArrived(tuple(fake.venue.trades[-1:])))

    fake.venue.submit = streamed
    ticket = fake.begun(amount=100_000)
    await fake.sent(2, ticket)
    (first,) = (o for o in fake.ledger.orders(ticket_id=ticket.id) if o.clip == 0)
    assert first.state is OrderState.CANCELLED
    assert first.filled == 50_000
    await fake.over(ticket)
    booked = [fill.trade_id for fill in fake.ledger.fills()]
    assert len(booked) == len(set(booked)) == len(fake.venue.trades)


async def test_our_own_fill_seen_in_the_position_first_does_not_end_automatic_mode(fake):
    fake.arm()
    submit = fake.venue.submit

    def swept(*arguments):
        answer = submit(*arguments)
        fake.desk.driver.happen(
            happened.PositionsRead(account="main", positions=fake.venue.positions(), asked_at=fake.clock())
        )
        return answer

    fake.venue.submit = swept
    await fake.over(fake.begun(decided_by=AUTO, amount=100_000))
    await fake.until(lambda: fake.settled)
    assert fake.state.status.auto.mode is AutoMode.ARMED
    assert not fake.ledger.records(kind="position changed outside")
    assert fake.state.status.state is TradingState.ACTIVE


async def test_what_was_sent_is_in_the_ledger_first(fake):
    submit = fake.venue.submit
    wrong = []

    def durable(order, *more):
        stored = fake.ledger.order(order.client_id)
        if stored != order or stored.state is not OrderState.SENT:
            wrong.append(stored)
        return submit(order, *more)

    fake.venue.submit = durable
    ticket = fake.begun()
    assert (await fake.over(ticket)).state is TicketState.DONE
    assert wrong == []
    assert all(o.state in orders.TERMINAL for o in fake.ledger.orders(ticket_id=ticket.id))
