"""One attempt is one request on the wire, whatever happens to the connection."""

import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from cut_venue import Reply

from hedging.errors import VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.trading import Order, OrderState
from hedging.units import Side
from hedging.venues.session import AccountSession
from hedging.venues.wire import Pacing

pytestmark = pytest.mark.control("C9")

WRITES = ("buy", "sell", "cancel", "cancel_by_label")
CUTS = ["BEFORE", "RESET", "HEADERS", "BODY", "SILENT", "HTML", "HTML_OK", "TRUNCATED", "REDIRECT", "EMPTY"]


@pytest.fixture
def session(script: Any, kit: Any, perpetual: Instrument) -> Iterator[AccountSession]:
    address = kit.paper_address(script.address)
    opened = AccountSession(address, lambda: datetime.now(UTC), Pacing.UNPACED, timeout_seconds=0.6)
    opened.instruments = {perpetual.name: perpetual}
    script.answers["get_order_state_by_label"] = []
    script.answers["get_open_orders_by_label"] = []
    yield opened
    opened.close()


def attempt(session: AccountSession, method: str, order: Order, perpetual: Instrument) -> object:
    if method in ("buy", "sell"):
        return session.submit(replace(order, side=Side.BUY if method == "buy" else Side.SELL), perpetual)
    return session.cancel(replace(order, venue_id="BTC-1" if method == "cancel" else ""))


def answer_to(method: str, kit: Any) -> object:
    if method == "cancel":
        return kit.raw_order(order_state="cancelled", filled_amount=0)
    return 1 if method == "cancel_by_label" else {"order": kit.raw_order(), "trades": [kit.raw_trade()]}


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("cut", CUTS)
def test_a_cut_attempt_is_sent_once_and_unclear(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument, method: str, cut: str
) -> None:
    script.answers[method] = (kit.Cut[cut], answer_to(method, kit))
    with pytest.raises(VenueUnclear) as caught:
        attempt(session, method, order, perpetual)
    time.sleep(0.02)
    assert script.count(*WRITES) == 1
    assert kit.KEY not in str(caught.value)
    assert kit.SECRET not in str(caught.value)


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_an_answer_of_a_service_in_trouble_is_unclear(
    session: AccountSession, script: Any, order: Order, perpetual: Instrument, method: str, status: int
) -> None:
    script.answers[method] = Reply(status, {"something": "else"})
    with pytest.raises(VenueUnclear):
        attempt(session, method, order, perpetual)
    assert script.count(*WRITES) == 1


@pytest.mark.parametrize("method", WRITES)
def test_a_connection_reset_before_the_request_is_read_is_one_attempt(
    session: AccountSession, script: Any, order: Order, perpetual: Instrument, method: str
) -> None:
    script.unread = True
    with pytest.raises(VenueUnclear):
        attempt(session, method, order, perpetual)
    assert (script.dropped, script.requests) == (1, [])


def test_nothing_goes_out_under_the_name_of_a_broker(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument
) -> None:
    for method in WRITES:
        script.answers[method] = answer_to(method, kit)
        with suppress(VenueUnclear):
            attempt(session, method, order, perpetual)
    assert len(script.raw) >= len(WRITES)
    assert not [raw for raw in script.raw if b"ccxt" in raw.lower()]


@pytest.mark.parametrize("method", WRITES)
def test_a_connection_cut_after_the_answer_changes_nothing(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument, method: str
) -> None:
    script.answers[method] = (kit.Cut.AFTER, answer_to(method, kit))
    # Cancelling by label looks the order up at once: that read may still meet the dying connection.
    looked_up = suppress(VenueUnclear) if method == "cancel_by_label" else nullcontext()
    with looked_up:
        attempt(session, method, order, perpetual)
    script.wait_for_ends(1)
    with looked_up:
        attempt(session, method, order, perpetual)  # the kept-alive connection is dead, and known to be
    assert script.count(*WRITES) == 2


def test_a_connection_that_dies_under_the_next_request_is_never_repaired_by_sending_twice(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument
) -> None:
    script.answers["sell"] = (kit.Cut.AFTER, answer_to("sell", kit))
    unclear = 0
    for sent in range(1, 41):
        try:
            session.submit(order, perpetual)
        except VenueUnclear:
            unclear += 1
        assert sent - unclear <= script.count("sell") <= sent


@pytest.mark.parametrize("method", ["buy", "sell"])
def test_an_answer_that_is_not_our_order_is_unclear(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument, method: str
) -> None:
    for answer in (
        kit.Cut.NOT_OURS,
        {"order": kit.raw_order(label="somebody-else"), "trades": []},
        {"order": kit.raw_order(instrument_name="ETH-PERPETUAL"), "trades": []},
        {"order": kit.raw_order(filled_amount="NaN"), "trades": []},
        {"order": kit.raw_order()},
        {},
        [],
        None,
    ):
        script.answers[method] = answer
        with pytest.raises(VenueUnclear):
            attempt(session, method, order, perpetual)
    assert script.count(*WRITES) == 8


def test_what_goes_out_is_the_order(
    session: AccountSession, script: Any, kit: Any, order: Order, perpetual: Instrument
) -> None:
    script.answers["sell"] = answer_to("sell", kit)
    report, fills = session.submit(order, perpetual)
    assert (report.state, report.venue_id, len(fills)) == (OrderState.FILLED, "BTC-1", 1)
    assert script.requests == [
        (
            "sell",
            {
                "instrument_name": "BTC-PERPETUAL",
                "amount": "100",
                "type": "limit",
                "price": "90000.5",
                "label": "hm-abc-1-1",
                "time_in_force": "immediate_or_cancel",
                "reduce_only": "true",
                "post_only": "false",
                "reject_post_only": "false",
                "valid_until": "1795348802345",
            },
        )
    ]


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (10009, VenueRejected),
        (10028, VenueRejected),
        (10041, VenueRejected),
        (10040, VenueUnclear),
        (13888, VenueUnclear),
    ],
)
@pytest.mark.parametrize("method", ["buy", "cancel"])
def test_an_error_of_the_exchange_is_sent_once(
    session: AccountSession,
    script: Any,
    order: Order,
    perpetual: Instrument,
    code: int,
    raised: type[Exception],
    method: str,
) -> None:
    script.answers[method] = {"code": code, "message": "told", "data": {"reason": "why"}}
    with pytest.raises(raised, match=f"{code} told"):
        attempt(session, method, order, perpetual)
    assert script.count(*WRITES) == 1


def test_a_refused_connection_is_unclear(
    session: AccountSession, script: Any, order: Order, perpetual: Instrument
) -> None:
    script.close()
    with pytest.raises(VenueUnclear):
        session.submit(order, perpetual)
    with pytest.raises(VenueUnreachable):
        session.positions()
    assert script.requests == []


@pytest.mark.parametrize("code", [10004, 10010, 11008, 11044])
def test_cancelling_what_is_not_open_looks_it_up(
    session: AccountSession, script: Any, kit: Any, order: Order, code: int
) -> None:
    script.answers["cancel"] = {"code": code, "message": "not open"}
    script.answers["get_order_state_by_label"] = [kit.raw_order()]
    report = session.cancel(replace(order, venue_id="BTC-1"))
    assert report is not None
    assert report.state is OrderState.FILLED
    script.answers["get_order_state_by_label"] = []
    assert session.cancel(replace(order, venue_id="BTC-1")) is None


def test_cancelling_by_label_then_losing_sight_is_unclear(
    session: AccountSession, script: Any, kit: Any, order: Order
) -> None:
    script.answers["cancel_by_label"] = 1
    script.answers["get_order_state_by_label"] = kit.Cut.BEFORE
    with pytest.raises(VenueUnclear, match="its state afterwards"):
        session.cancel(order)
    assert script.requests[0] == ("cancel_by_label", {"label": "hm-abc-1-1", "currency": "BTC"})


def test_off_the_grid_nothing_is_sent(
    session: AccountSession, script: Any, order: Order, perpetual: Instrument
) -> None:
    with pytest.raises(Exception, match="multiple"):
        session.submit(replace(order, amount=order.amount + 1), perpetual)
    assert script.requests == []


def test_the_transport_retries_nothing(session: AccountSession) -> None:
    client = session._client
    assert client.options["maxRetriesOnFailure"] == 0
    assert client.session.max_redirects == 0
    for scheme in ("http://", "https://"):
        retries = client.session.adapters[scheme].max_retries
        assert (retries.total, bool(retries.read), bool(retries.connect)) == (0, False, False)
