"""A quarantined order is let go only when a person looked and the exchange works nothing of it."""

from datetime import timedelta
from decimal import Decimal

import nouns
import pytest

from hedging.engine.releasing import release
from hedging.errors import VenueUnreachable
from hedging.model.trading import Command, CommandKind, CommandState, Fill, OrderReport, OrderState, Role


def quarantined(fake, age=20.0):
    ticket = fake.begun()
    sent_at = fake.clock() - timedelta(seconds=age)
    order = nouns.order(
        ticket_id=ticket.id,
        state=OrderState.QUARANTINED,
        created_at=sent_at,
        sent_at=sent_at,
        fence_at=sent_at + timedelta(seconds=5),
    )
    fake.desk.blotter.put_order(order)
    return order


async def asked(fake, ref, role=Role.RISK):
    command = Command(
        key=f"release-{ref}-{role}",
        at=fake.clock(),
        user="rita",
        role=role,
        kind=CommandKind.RELEASE,
        ref=ref,
        reason="seen at the exchange",
    )
    fake.ledger.append_command(command)
    await release(fake.desk, command)
    return fake.ledger.command(command.key)


@pytest.mark.parametrize("by", ["client_id", "instrument"])
async def test_what_the_exchange_no_longer_works_is_released(fake, by):
    order = quarantined(fake)
    answered = await asked(fake, getattr(order, by))
    assert answered.state is CommandState.DONE, answered.answer
    stored = fake.ledger.order(order.client_id)
    assert stored.state is OrderState.CANCELLED
    assert stored.detail == "released by rita: seen at the exchange"
    assert order.client_id not in fake.desk.blotter.live


async def test_a_trader_may_not(fake):
    order = quarantined(fake)
    answered = await asked(fake, order.client_id, Role.TRADER)
    assert answered.state is CommandState.REFUSED
    assert "risk" in answered.answer


async def test_what_may_still_arrive_is_kept(fake):
    order = quarantined(fake, age=1.0)
    answered = await asked(fake, order.client_id)
    assert "time fence" in answered.answer
    assert fake.ledger.order(order.client_id).state is OrderState.QUARANTINED


async def test_what_still_works_is_kept(fake):
    order = quarantined(fake)
    fake.venue.orders[order.client_id] = OrderReport(
        venue_id="v-1",
        client_id=order.client_id,
        instrument=order.instrument,
        state=OrderState.ACKED,
        amount=order.amount,
        filled=Decimal(0),
        average_price=None,
        at=fake.clock(),
    )
    answered = await asked(fake, order.client_id)
    assert "still works at the exchange" in answered.answer
    assert fake.ledger.order(order.client_id).state is OrderState.QUARANTINED


async def test_silence_of_the_exchange_releases_nothing(fake):
    order = quarantined(fake)
    fake.venue.find_failures = [VenueUnreachable("down")]
    answered = await asked(fake, order.client_id)
    assert answered.state is CommandState.REFUSED
    assert fake.ledger.order(order.client_id).state is OrderState.QUARANTINED


async def test_nothing_is_released_while_the_position_is_older_than_a_fill(fake):
    order = quarantined(fake)
    fill = Fill(
        venue="deribit",
        account=order.account,
        trade_id="t-1",
        venue_order_id="v-1",
        client_id=order.client_id,
        instrument=order.instrument,
        side=order.side,
        amount=Decimal(10),
        price=Decimal(100_000),
        fee=Decimal(0),
        fee_currency="BTC",
        at=fake.clock(),
    )
    fake.desk.book.take_fill(fill, fake.clock())
    fake.venue.position_failures = [VenueUnreachable("down")]
    answered = await asked(fake, order.client_id)
    assert "could not be read again" in answered.answer
    assert fake.ledger.order(order.client_id).state is OrderState.QUARANTINED


async def test_a_name_that_matches_nothing_is_said(fake):
    quarantined(fake)
    assert "nothing quarantined matches" in (await asked(fake, "T0-BTC-0-0")).answer
