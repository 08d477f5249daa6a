"""Commit first, then requests; each is answered by one event, whatever a session does."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import nouns
import pytest

from hedging.core import events as happened
from hedging.core.effects import Cancel, KeepAlive, LookUp, Query, Submit
from hedging.core.queries import QueryKind
from hedging.engine.guard import HeldBack
from hedging.engine.venue_calls import Places, Sessions, VenueCalls
from hedging.errors import (
    BadInput,
    LedgerError,
    VenueError,
    VenueRejected,
    VenueUnclear,
    VenueUnreachable,
)
from hedging.model.trading import CommandKind, Lifetime, OrderState
from hedging.model.venue_profile import DeadMan
from hedging.venues.limit_order import TimeInForce

ORDER = nouns.order(state=OrderState.SENT, sent_at=nouns.NOW)
NOT_AFTER = nouns.NOW + timedelta(seconds=0.5)


class Session:
    """Fails as it is told, in every method; ``asked`` is what was called with what."""

    venue = "deribit"
    gaps = ()
    settlement_currencies = ("BTC", "USDC")

    def __init__(self, failure=None, answer=None):
        self.failure, self.answer = failure, answer
        self.asked = []

    async def run(self, function, *arguments):
        await asyncio.sleep(0)
        return function(*arguments)

    def __getattr__(self, name):
        def call(*arguments):
            self.asked.append((name, arguments))
            if self.failure:
                raise self.failure
            return self.answer

        return call


def calls(session, held_back=""):
    def require(_):
        if held_back:
            raise HeldBack(held_back)

    hedge = nouns.perpetual()
    places = Places(
        {"main": Sessions(orders=session, reads=session)}, {}, {hedge.key: hedge}, {"main": (hedge.name,)}
    )
    return VenueCalls(places, SimpleNamespace(require=require), lambda: nouns.NOW)


REQUESTS = [
    Submit(ORDER, NOT_AFTER),
    Cancel(ORDER),
    LookUp(ORDER),
    *(Query("main", kind, nouns.NOW) for kind in QueryKind),
]
FAILURES = [
    VenueRejected("no"),
    VenueUnclear("cut"),
    VenueUnreachable("down"),
    VenueError("two of them"),
    BadInput("odd"),
    KeyError("result"),
    TimeoutError(),
]


def expected(request, failure):
    name = type(request).__name__
    if name == "Submit":
        kinds = {VenueRejected: happened.Refused, BadInput: happened.NotSent}
        return kinds.get(type(failure), happened.Unclear)
    return {
        "Cancel": happened.CancelFailed,
        "LookUp": happened.LookUpFailed,
        "Query": happened.QueryFailed,
    }[name]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize(
    "request_", REQUESTS, ids=lambda each: f"{type(each).__name__}-{getattr(each, 'kind', '')}"
)
async def test_every_failure_is_exactly_one_event(request_, failure):
    asking = calls(Session(failure))
    event = await asking.answer(request_)
    assert type(event) is expected(request_, failure)
    assert asking.latest_trouble
    if isinstance(event, happened.LookUpFailed):
        again = isinstance(failure, VenueUnreachable | VenueUnclear | KeyError | TimeoutError)
        assert event.hopeless is not again


async def test_what_the_guard_holds_back_never_reaches_the_session():
    session = Session()
    event = await calls(session, "killed: drill").answer(Submit(ORDER, NOT_AFTER))
    assert event == happened.NotSent(ORDER.client_id, "killed: drill")
    assert session.asked == []


@pytest.mark.parametrize(
    ("lifetime", "in_force"),
    [
        (Lifetime.IMMEDIATE, TimeInForce.IMMEDIATE_OR_CANCEL),
        (Lifetime.RESTING, TimeInForce.GOOD_TIL_CANCELLED),
    ],
)
async def test_an_order_is_submitted_once_with_its_lifetime(lifetime, in_force):
    session = Session(answer=("report", ()))
    order = replace(ORDER, lifetime=lifetime)
    event = await calls(session).answer(Submit(order, NOT_AFTER))
    assert event == happened.Answered(order.client_id, "report", ())
    assert session.asked == [("submit", (order, nouns.perpetual(), in_force))]


async def test_a_look_up_that_finds_nothing_says_when_it_was_asked():
    assert await calls(Session()).answer(LookUp(ORDER)) == happened.Missing(ORDER.client_id, nouns.NOW)


async def test_fills_are_asked_for_in_every_settlement_currency():
    session = Session(answer=())
    since = nouns.NOW - timedelta(hours=1)
    event = await calls(session).answer(Query("main", QueryKind.FILLS, since))
    assert event == happened.FillsArrived((), "main", nouns.NOW)
    assert session.asked == [("fills", ("BTC", since)), ("fills", ("USDC", since))]


@pytest.mark.parametrize("switch", [DeadMan.CANCEL_ALL_AFTER, DeadMan.NONE])
async def test_a_switch_counts_only_where_the_venue_says_that_it_stands_guard(switch):
    session = Session(answer=switch)
    event = await calls(session).answer(KeepAlive("main", 15.0))
    assert session.asked == [("keep_alive", (15, ("BTC-PERPETUAL",)))]
    until = nouns.NOW + timedelta(seconds=15)
    assert event == (happened.KeptAlive("main", until) if switch is not DeadMan.NONE else None)


async def test_a_switch_that_could_not_be_refreshed_ends_nothing():
    assert await calls(Session(VenueUnclear("cut"))).answer(KeepAlive("main", 15.0)) is None


async def test_where_the_ledger_refuses_the_state_of_before_stands_and_nothing_is_done(fake, monkeypatch):
    ticket = fake.state.tickets.get("BTC") or await fake.until(lambda: fake.state.tickets.get("BTC"))
    before = fake.state

    def refused(_):
        raise LedgerError("the disk is full")

    monkeypatch.setattr(fake.desk.recorder, "carry_out", refused)
    approval = fake.append(
        CommandKind.APPROVE, ref=ticket.id, ref_version=ticket.version, ref_hash=ticket.content_hash
    )
    with pytest.raises(LedgerError, match="disk is full"):
        fake.desk.driver.happen(happened.Asked(approval))
    assert fake.state is before
    assert fake.venue.sent == []
    group = await fake.ended()
    assert group.subgroup(LedgerError)


async def test_our_clock_never_goes_back(fake):
    now = fake.desk.driver.now()
    fake.clock.shift -= 3600
    assert fake.desk.driver.now() >= now
