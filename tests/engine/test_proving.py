"""What became of an order without an answer, and what people may ask meanwhile, on a venue in memory."""

from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import FakeDesk, fake_desk

from hedging.core.effects import PutOrder, PutTicket
from hedging.errors import BadInput, VenueError, VenueUnreachable
from hedging.model.trading import (
    Command,
    CommandKind,
    CommandState,
    OrderState,
    Role,
    TicketState,
    TradingState,
)


def unknown(**changes):
    """An order of ours without an answer, its time fence over, not found once before."""
    return nouns.order(
        state=OrderState.UNKNOWN,
        created_at=nouns.NOW - timedelta(seconds=20),
        sent_at=nouns.NOW - timedelta(seconds=20),
        fence_at=nouns.NOW - timedelta(seconds=15),
        not_found_at=(nouns.NOW - timedelta(seconds=5),),
        **changes,
    )


@pytest.fixture
async def left(tmp_path):
    """An engine that finds such an order, and has not begun."""
    ticket = nouns.ticket(state=TicketState.EXECUTING, version=3, decided_by="tess (trader)")
    found = fake_desk(tmp_path, (PutTicket(ticket), PutOrder(unknown())))
    yield found
    if found.tasks:
        await found.stop()
    found.ledger.close()


def state_of(found: FakeDesk):
    return found.ledger.order(unknown().client_id).state


async def test_not_found_twice_and_nothing_moved_proves_absence_and_fails_the_ticket(left):
    await left.start()
    assert state_of(left) is OrderState.ABSENT or await left.until(
        lambda: state_of(left) is OrderState.ABSENT
    )
    assert left.ledger.ticket("T261120120000000-BTC").state is TicketState.FAILED
    assert left.venue.sent == []


async def test_failed_position_reads_prove_nothing(left):
    left.venue.position_failures = [VenueUnreachable("down")] * 200
    left.begin_to_run()
    await left.until(lambda: len(left.venue.position_failures) < 198)
    assert state_of(left) is OrderState.UNKNOWN
    assert not left.state.ready
    left.venue.position_failures.clear()
    await left.until(lambda: state_of(left) is OrderState.ABSENT, seconds=20)
    assert left.state.ready


async def test_a_position_that_moved_while_it_was_searched_quarantines(left):
    left.venue.find_failures = [VenueUnreachable("down")]
    await_first_read = left.venue.positions

    def moved():
        before = await_first_read()
        left.venue.position -= 100_000 if left.venue.position == 1_000_000 else 0
        return before

    left.venue.positions = moved
    left.begin_to_run()
    await left.until(lambda: state_of(left) is OrderState.QUARANTINED, seconds=20)
    assert "position moved" in left.ledger.order(unknown().client_id).detail


async def test_a_trade_of_an_order_that_is_not_found_books_it(left):
    left.venue._trade(unknown(amount=Decimal(100_000)))
    left.venue.orders.clear()
    left.begin_to_run()
    await left.until(lambda: state_of(left) is OrderState.FILLED)
    await left.until(lambda: left.held == left.venue.position)


@pytest.mark.parametrize("failure", [VenueError("2 orders carry this label"), BadInput("not listed")])
async def test_what_asking_again_cannot_resolve_goes_to_a_person(left, failure):
    left.venue.find_failures = [failure]
    await left.start()
    assert state_of(left) is OrderState.QUARANTINED


async def test_an_order_is_cancelled_a_few_times_and_not_in_a_storm(left):
    left.venue.find_failures = [VenueUnreachable("down")] * 1000
    left.begin_to_run()
    left.asked(CommandKind.HALT)
    await left.until(lambda: left.venue.cancels)
    for _ in range(100):
        left.clock.shift += 0.05
        await left.until(lambda: True)
    assert 1 <= left.venue.cancels.count(unknown().client_id) <= 3


async def test_while_recovering_people_can_stop_and_nothing_else(left):
    left.venue.find_failures = [VenueUnreachable("down")] * 1000
    left.begin_to_run()
    wishes = [left.append(kind) for kind in (CommandKind.APPROVE, CommandKind.AUTO_ARM, CommandKind.HALT)]
    await left.until(lambda: left.state.status.state is TradingState.HALTED)
    states = [left.ledger.command(wish.key).state for wish in wishes]
    assert states == [CommandState.PENDING, CommandState.PENDING, CommandState.DONE]
    assert left.desk.latches.reasons()


@pytest.mark.parametrize("kind", [CommandKind.AUTO_ARM, CommandKind.APPROVE, CommandKind.RESUME])
async def test_a_wish_from_before_the_start_is_not_carried_out(fake, kind):
    long_ago = fake.clock() - timedelta(minutes=10)
    answer = fake.asked(kind, at=long_ago, minutes=5, max_orders=5, max_turnover_usd=1e6)
    assert answer.state is CommandState.REFUSED
    assert "ask again" in answer.answer


async def test_a_wish_to_stop_is_never_too_late(fake):
    said = fake.asked(CommandKind.HALT, at=fake.clock() - timedelta(minutes=10))
    assert said.state is CommandState.DONE
    assert fake.state.status.state is TradingState.HALTED


async def test_halting_again_voids_a_wish_to_resume(fake):
    fake.asked(CommandKind.HALT, reason="drill")
    fake.asked(CommandKind.RESUME)
    fake.asked(CommandKind.HALT, user="vera", role=Role.VIEWER, reason="something is wrong")
    fake.asked(CommandKind.RESUME, user="rita", role=Role.RISK)
    assert fake.state.status.state is TradingState.HALTED
    assert fake.desk.latches.reasons()


async def test_a_kill_file_halts_and_two_people_take_it_off(fake, tmp_path):
    (tmp_path / "KILL").write_text('{"user": "tess", "why": "drill"}')
    await fake.until(lambda: fake.state.status.state is TradingState.HALTED)
    assert fake.state.status.halted_because == "tess: drill"
    fake.asked(CommandKind.RESUME)
    fake.asked(CommandKind.RESUME, user="rita", role=Role.RISK)
    assert fake.state.status.state is TradingState.ACTIVE
    assert not fake.desk.latches.reasons()


async def test_one_instrument_without_a_price_hides_no_other(fake):
    fake.feeding = False
    fake.desk.board.need(frozenset({"deribit:A-EXPIRED", "deribit:BTC-PERPETUAL"}))
    fake.desk.board.quotes.clear()
    tickers = fake.venue.tickers

    def ticker(names):
        if "A-EXPIRED" in names:
            raise VenueUnreachable("13020 not found")
        return tickers(names)

    fake.venue.tickers = ticker
    await fake.desk.read_marks("main")
    assert "deribit:BTC-PERPETUAL" in fake.desk.board.quotes


async def test_a_ticket_of_an_earlier_run_is_over_although_positions_could_not_be_read_at_first(tmp_path):
    ticket = nouns.ticket(state=TicketState.EXECUTING, version=3, decided_by="tess (trader)")
    found = fake_desk(tmp_path, (PutTicket(ticket),))
    found.venue.position_failures = [VenueUnreachable("down")]
    await found.start()
    assert found.ledger.ticket(ticket.id).state is TicketState.FAILED
    await found.stop()
    found.ledger.close()


async def test_a_command_that_is_asked_twice_is_answered_once(fake):
    command = Command(key="once", at=fake.clock(), user="tess", role=Role.TRADER, kind=CommandKind.HALT)
    fake.ledger.append_command(command)
    fake.ledger.append_command(command)
    await fake.until(lambda: fake.ledger.command("once").state is CommandState.DONE)
    assert fake.ledger.pending_commands() == ()
