"""A quarantined order is let go only when a person looked and the exchange works nothing of it."""

from datetime import timedelta
from decimal import Decimal

import nouns
import pytest
from fake_venue import fake_desk

from hedging.core.effects import PutOrder, PutTicket
from hedging.errors import VenueUnreachable
from hedging.model.trading import CommandKind, CommandState, OrderReport, OrderState, Role, TicketState


def quarantined(age=20.0):
    sent_at = nouns.NOW - timedelta(seconds=age)
    return nouns.order(
        state=OrderState.QUARANTINED,
        created_at=sent_at,
        sent_at=sent_at,
        fence_at=sent_at + timedelta(seconds=5),
    )


@pytest.fixture
async def held(tmp_path, request):
    """An engine with an order in quarantine; a test may say how old it is."""
    age = getattr(request, "param", 20.0)
    ticket = nouns.ticket(state=TicketState.EXECUTING, version=3, decided_by="tess (trader)")
    found = fake_desk(tmp_path, (PutTicket(ticket), PutOrder(quarantined(age))))
    await found.start()
    yield found
    await found.stop()
    found.ledger.close()


ORDER = quarantined()


async def asked(found, ref, role=Role.RISK):
    command = found.append(CommandKind.RELEASE, "rita", role, ref=ref, reason="seen at the exchange")

    def answered():
        stored = found.ledger.command(command.key)
        return stored if stored.state is not CommandState.PENDING else None

    return await found.until(answered, "an answer")


def stored(found):
    return found.ledger.order(ORDER.client_id)


@pytest.mark.parametrize("by", ["client_id", "instrument"])
async def test_what_the_exchange_no_longer_works_is_released(held, by):
    answered = await asked(held, getattr(ORDER, by))
    assert answered.state is CommandState.DONE, answered.answer
    assert stored(held).state is OrderState.CANCELLED
    assert stored(held).detail == "released by rita: seen at the exchange"
    assert held.state.live == ()


async def test_a_trader_may_not(held):
    answered = await asked(held, ORDER.client_id, Role.TRADER)
    assert answered.state is CommandState.REFUSED
    assert "risk" in answered.answer


@pytest.mark.parametrize("held", [1.0], indirect=True)
async def test_what_may_still_arrive_is_kept(held):
    answered = await asked(held, ORDER.client_id)
    assert "time fence" in answered.answer
    assert stored(held).state is OrderState.QUARANTINED


async def test_what_still_works_is_kept(held):
    held.venue.orders[ORDER.client_id] = OrderReport(
        venue_id="v-1",
        client_id=ORDER.client_id,
        instrument=ORDER.instrument,
        state=OrderState.ACKED,
        amount=ORDER.amount,
        filled=Decimal(0),
        average_price=None,
        at=held.clock(),
    )
    answered = await asked(held, ORDER.client_id)
    assert "still works at the exchange" in answered.answer
    assert stored(held).state is OrderState.QUARANTINED


async def test_silence_of_the_exchange_releases_nothing(held):
    def silent():
        raise VenueUnreachable("down")

    held.venue.open_orders = silent
    answered = await asked(held, ORDER.client_id)
    assert answered.state is CommandState.REFUSED
    assert "did not say" in answered.answer
    assert stored(held).state is OrderState.QUARANTINED


async def test_after_a_release_the_positions_are_read_before_anything_is_sent(held):
    read_at = held.state.accounts["main"].positions_at
    await asked(held, ORDER.client_id)
    await held.until(lambda: held.state.accounts["main"].positions_at > read_at, seconds=1.5)


async def test_a_name_that_matches_nothing_is_said(held):
    assert "nothing quarantined matches" in (await asked(held, "T0-BTC-0-0")).answer
