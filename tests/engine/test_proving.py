"""What became of an order without an answer, and what people may ask meanwhile, on a venue in memory."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import asked

from hedging.engine.commands import cancel_resting
from hedging.engine.loop import Loop, Parts
from hedging.engine.proving import look_up, prove
from hedging.errors import BadInput, VenueError, VenueUnreachable
from hedging.model.trading import Command, CommandKind, CommandState, OrderState, Role, TradingState


def unknown(fake, **changes):
    """An order of ours without an answer, its time fence over, not found once before."""
    ticket = fake.begun()
    now = fake.clock()
    order = nouns.order(
        ticket_id=ticket.id,
        state=OrderState.UNKNOWN,
        created_at=now - timedelta(seconds=20),
        sent_at=now - timedelta(seconds=20),
        fence_at=now - timedelta(seconds=15),
        not_found_at=(now - timedelta(seconds=5),),
        **changes,
    )
    fake.desk.blotter.put_order(order)
    return order


def now_of(fake, order):
    return fake.ledger.order(order.client_id)


async def test_not_found_twice_and_nothing_moved_proves_absence(fake):
    order = unknown(fake)
    await look_up(fake.desk, order)
    assert now_of(fake, order).state is OrderState.ABSENT


async def test_a_failed_position_read_proves_nothing(fake):
    order = unknown(fake)
    fake.venue.position_failures = [VenueUnreachable("down")]
    await look_up(fake.desk, order)
    assert now_of(fake, order).state is OrderState.UNKNOWN


async def test_a_position_that_moved_before_the_last_look_quarantines(fake):
    """The sweep read it long before the second not-found: that must not make it the baseline."""
    order = unknown(fake)
    fake.venue.position -= 100_000
    await fake.desk.read_positions("main")
    await fake.desk.read_positions("main")
    await look_up(fake.desk, order)
    assert now_of(fake, order).state is OrderState.QUARANTINED


async def test_a_trade_of_an_order_that_is_not_found_books_it(fake):
    order = unknown(fake)
    fake.venue._trade(replace(order, amount=Decimal(100_000)))
    fake.venue.orders.clear()
    await look_up(fake.desk, order)
    assert now_of(fake, order).state is OrderState.FILLED
    await fake.desk.read_positions("main")
    assert fake.desk.book.amount("main", "BTC-PERPETUAL") == fake.venue.position


@pytest.mark.parametrize("failure", [VenueError("2 orders carry this label"), BadInput("not listed")])
async def test_what_asking_again_cannot_resolve_goes_to_a_person(fake, failure):
    order = unknown(fake)
    fake.venue.find_failures = [failure]
    found = await asyncio.wait_for(prove(fake.desk, order.client_id), 3)
    assert found.state is OrderState.QUARANTINED


async def test_an_order_is_cancelled_a_few_times_and_not_in_a_storm(fake):
    order = unknown(fake)
    for _ in range(100):
        await cancel_resting(fake.desk)
        fake.clock.shift += 0.05
    assert 1 <= fake.venue.cancels.count(order.client_id) <= 3


@pytest.mark.parametrize("kind", [CommandKind.AUTO_ARM, CommandKind.APPROVE, CommandKind.RESUME])
async def test_a_wish_from_before_the_start_is_not_carried_out(fake, kind):
    long_ago = fake.clock() - timedelta(minutes=10)
    answer = asked(fake, kind, at=long_ago, minutes=5, max_orders=5, max_turnover_usd=1e6)
    assert answer.state is CommandState.REFUSED
    assert "ask again" in answer.answer


async def test_a_wish_to_stop_is_never_too_late(fake):
    assert asked(fake, CommandKind.HALT, at=fake.clock() - timedelta(minutes=10)).state is CommandState.DONE
    assert fake.desk.blotter.status.state is TradingState.HALTED


async def test_halting_again_voids_a_wish_to_resume(fake):
    asked(fake, CommandKind.HALT, reason="drill")
    asked(fake, CommandKind.RESUME)
    asked(fake, CommandKind.HALT, user="vera", role=Role.VIEWER, reason="something is wrong")
    asked(fake, CommandKind.RESUME, user="rita", role=Role.RISK)
    assert fake.desk.blotter.status.state is TradingState.HALTED
    assert fake.desk.latches.reasons()


def a_loop(fake):
    """The engine's loop on this desk, its parts called one by one."""
    return Loop(Parts(fake.desk, fake.ledger, None, ()), asyncio.Event())


async def test_while_recovering_people_can_stop_and_nothing_else(fake):
    loop = a_loop(fake)
    kinds = [CommandKind.APPROVE, CommandKind.AUTO_ARM, CommandKind.HALT]
    for kind in kinds:
        fake.ledger.append_command(
            Command(key=kind.value, at=fake.clock(), user="tess", role=Role.TRADER, kind=kind)
        )
    await loop._commands()
    states = [fake.ledger.command(kind.value).state for kind in kinds]
    assert states == [CommandState.PENDING, CommandState.PENDING, CommandState.DONE]
    assert fake.desk.latches.reasons()


async def test_one_instrument_without_a_price_hides_no_other(fake):
    fake.desk.book._needed = frozenset({"deribit:A-EXPIRED", "deribit:BTC-PERPETUAL"})
    fake.desk.book.quotes.clear()

    def ticker(name):
        if name == "A-EXPIRED":
            raise VenueUnreachable("13020 not found")
        return nouns.quote(nouns.perpetual(), received_at=fake.clock())

    fake.venue.ticker = ticker
    await a_loop(fake)._sweep_marks("main")
    assert "deribit:BTC-PERPETUAL" in fake.desk.book.quotes


async def test_a_failed_position_read_at_the_end_of_the_recovery_ends_nothing(fake):
    fake.begun()
    fake.venue.position_failures = [VenueUnreachable("down")]
    await a_loop(fake)._recover()
    assert not fake.desk.blotter.tickets
