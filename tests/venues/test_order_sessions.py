"""Orders at OKX, Bybit and Binance: what goes out, what comes back, and what became of an order."""

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from cut_venue import Cut, Reply
from order_desks import DESKS, KEY, MS, NOW, OURS, SECRET, THEIRS, Desk

from hedging.errors import BadInput, VenueError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.trading import OrderState
from hedging.model.venue_profile import PROFILES, DeadMan
from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.limit_order import TimeInForce
from hedging.venues.session import AccountSession
from hedging.venues.sessions import order_session
from hedging.venues.wire import Pacing

IMMEDIATE, RESTING = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.GOOD_TIL_CANCELLED
REFUSED = {
    "okx": {"code": "1", "msg": "", "data": [{"clOrdId": "", "ordId": "", "sCode": "51008", "sMsg": "told"}]},
    "bybit": {"retCode": 110007, "retMsg": "told", "result": {}, "time": MS},
    "binance": Reply(400, {"code": -2019, "msg": "told"}),
}
KNOWN = {
    "okx": {"code": "1", "msg": "", "data": [{"clOrdId": "", "ordId": "", "sCode": "51016", "sMsg": "told"}]},
    "bybit": {"retCode": 110072, "retMsg": "told", "result": {}, "time": MS},
    "binance": Reply(400, {"code": -4116, "msg": "told"}),
}
NOT_OPEN = {
    "okx": {"code": "1", "msg": "", "data": [{"clOrdId": "", "ordId": "", "sCode": "51400", "sMsg": "gone"}]},
    "bybit": {"retCode": 110001, "retMsg": "gone", "result": {}, "time": MS},
    "binance": Reply(400, {"code": -2011, "msg": "Unknown order sent."}),
}


@pytest.fixture(scope="module")
def desks() -> Iterator[dict[str, Desk]]:
    opened = {name: make() for name, make in DESKS.items()}
    yield opened
    for desk in opened.values():
        desk.session.close()
        desk.script.close()


@pytest.fixture(params=list(DESKS))
def desk(request: pytest.FixtureRequest, desks: dict[str, Desk]) -> Desk:
    chosen = desks[request.param]
    chosen.reset()
    return chosen


@pytest.fixture
def of(desks: dict[str, Desk]) -> Callable[[str], Desk]:
    def named(name: str) -> Desk:
        desks[name].reset()
        return desks[name]

    return named


def headers(raw: bytes) -> dict[str, str]:
    lines = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


# --- what goes out


def test_the_answer_to_an_order_is_its_report(desk: Desk) -> None:
    desk.script.answers[desk.create] = desk.taken
    report, fills = desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert (report.state, report.client_id, report.venue_id) == (OrderState.ACKED, OURS, THEIRS)
    assert (report.instrument, report.amount, report.filled) == (
        desk.instrument.name,
        desk.instrument.lot * 4,
        0,
    )
    assert (fills, report.at, desk.script.requests[0][0]) == ((), NOW, desk.create)


def test_an_order_that_is_filled_at_once_says_so(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    whole = desk.one(status="FILLED", executedQty="0.004", avgPrice="0.11")
    desk.script.answers[desk.create] = whole
    report, _ = desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert (report.state, report.filled) == (OrderState.FILLED, Decimal("0.004"))
    assert report.average_price == Decimal("0.11")


def test_the_fence_goes_along_to_okx_and_with_that_one_request_alone(of: Callable[[str], Desk]) -> None:
    desk = of("okx")
    desk.script.answers[desk.create], desk.script.answers[desk.lookups[0]] = desk.taken, desk.not_there
    desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    desk.session.find(desk.order())
    sent, asked = (headers(raw) for raw in desk.script.raw)
    assert sent["exptime"] == str(MS + 2345)
    assert "exptime" not in asked
    desk.script.answers[desk.create] = Cut.BEFORE
    with pytest.raises(VenueUnclear):
        desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert desk.session._client.headers == {}
    assert desk.script.requests[0][1] == {
        "instId": "BTC-USD-SWAP", "tdMode": "cross", "side": "sell", "ordType": "ioc", "sz": "4",
        "px": "1.0", "clOrdId": OURS.replace("-", "x"), "tag": "hedging", "reduceOnly": "False",
    }  # fmt: skip


def test_the_fence_is_signed_at_bybit_and_for_that_one_request_alone(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    desk.script.answers[desk.create] = desk.taken
    desk.script.answers["GET /v5/order/realtime"] = desk.several(desk.one())
    desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    desk.session.find(desk.order())
    sent, asked = (headers(raw) for raw in desk.script.raw)
    assert (sent["x-bapi-timestamp"], sent["x-bapi-recv-window"]) == (str(MS), "2345")
    text = f"{MS}{KEY}2345".encode() + desk.script.raw[0].partition(b"\r\n\r\n")[2]
    assert sent["x-bapi-sign"] == hmac.new(SECRET.encode(), text, hashlib.sha256).hexdigest()
    assert asked["x-bapi-recv-window"] == "5000"
    assert asked["x-bapi-timestamp"] != str(MS)
    desk.script.answers[desk.create] = Cut.BEFORE
    with pytest.raises(VenueUnclear):
        desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert desk.session._client.options["recvWindow"] == 5000
    assert desk.session._client.nonce() != MS


@pytest.mark.parametrize("name", ["okx", "bybit"])
def test_look_ups_of_another_thread_do_not_borrow_the_fence(of: Callable[[str], Desk], name: str) -> None:
    desk = of(name)
    desk.script.answers[desk.create] = desk.taken
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one())
    together = threading.Barrier(2)

    def each_time(act: Callable[[], object]) -> None:
        together.wait()
        for _ in range(40):
            act()

    with ThreadPoolExecutor(2) as pool:
        acts = (
            lambda: desk.session.submit(desk.order(), desk.instrument, IMMEDIATE),
            lambda: desk.session.find(desk.order()),
        )
        list(pool.map(each_time, acts))
    fenced = {"okx": {"exptime": str(MS + 2345)}, "bybit": {"x-bapi-recv-window": "2345"}}[name]
    for (route, _), raw in zip(desk.script.requests, desk.script.raw, strict=True):
        assert (fenced.items() <= headers(raw).items()) is (route == desk.create)
    assert len(desk.script.requests) == 80


@pytest.mark.parametrize("kind", ["linear", "inverse", "option"])
def test_the_fence_is_signed_at_binance(of: Callable[[str], Desk], kind: str) -> None:
    desk = of(f"binance {kind}")
    desk.script.answers[desk.create] = desk.taken
    desk.session.submit(desk.order(reduce_only=True), desk.instrument, IMMEDIATE)
    sent = dict(desk.script.requests[0][1])
    assert (sent["timestamp"], sent["recvWindow"]) == (str(MS), "2345")
    signature = sent.pop("signature")
    assert signature == hmac.new(SECRET.encode(), urlencode(sent).encode(), hashlib.sha256).hexdigest()
    assert sent["clientOrderId" if kind == "option" else "newClientOrderId"] == OURS
    assert (sent["reduceOnly"], sent["timeInForce"], sent["type"]) == ("true", "IOC", "LIMIT")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("okx", {"ordType": "post_only"}),
        ("bybit", {"timeInForce": "PostOnly"}),
        ("binance linear", {"timeInForce": "GTX"}),
        ("binance inverse", {"timeInForce": "GTX"}),
        ("binance option", {"timeInForce": "GTC", "postOnly": "true"}),
    ],
)
def test_what_rests_is_post_only(of: Callable[[str], Desk], name: str, words: dict[str, str]) -> None:
    desk = of(name)
    desk.script.answers[desk.create] = desk.taken
    desk.session.submit(desk.order(), desk.instrument, RESTING)
    assert words.items() <= desk.script.requests[0][1].items()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "a" * 37},
        {"client_id": "ü"},
        {"client_id": ""},
        {"amount": Decimal("0.0000001")},
        {"limit_price": Decimal("0.00000001")},
        {"instrument": "another"},
        {"venue": "deribit"},
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused_and_never_cut(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        desk.session.submit(desk.order(**changes), desk.instrument, IMMEDIATE)
    assert desk.script.requests == []


@pytest.mark.parametrize("fence", [NOW, NOW - timedelta(seconds=1), NOW + timedelta(seconds=61)], ids=str)
def test_a_window_that_no_exchange_takes_is_not_sent(desk: Desk, fence: Any) -> None:
    if desk.name != "okx":  # there the fence is a time, and OKX itself refuses a past one
        with pytest.raises(BadInput, match="fence"):
            desk.session.submit(desk.order(fence_at=fence), desk.instrument, IMMEDIATE)
        assert desk.script.requests == []


def test_an_answer_that_is_not_our_order_is_unclear(desk: Desk) -> None:
    text = str(desk.taken)
    assert OURS in text or OURS.replace("-", "x") in text
    for answer in ({}, [], None, "taken", _changed(desk.taken, OURS), _changed(desk.taken, THEIRS, "")):
        desk.script.answers[desk.create] = answer
        with pytest.raises(VenueUnclear):
            desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert desk.script.count(desk.create) == 6


def _changed(answer: Any, old: str, new: str = "somebody-else") -> Any:
    """An answer with one text in it replaced, in whatever spelling it stands there."""
    if isinstance(answer, dict):
        return {name: _changed(value, old, new) for name, value in answer.items()}
    if isinstance(answer, list):
        return [_changed(value, old, new) for value in answer]
    return new if str(answer) in (old, old.replace("-", "x")) else answer


# --- what an answer proves


def test_a_refusal_proves_it(desk: Desk) -> None:
    desk.script.answers[desk.create] = REFUSED[desk.instrument.venue]
    with pytest.raises(VenueRejected, match="told"):
        desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    assert desk.script.count(desk.create) == 1


def test_a_client_id_that_is_known_there_is_found_by_looking_it_up(desk: Desk) -> None:
    desk.script.answers[desk.create] = KNOWN[desk.instrument.venue]
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one())
    with pytest.raises(VenueUnclear, match="already known there"):
        desk.session.submit(desk.order(), desk.instrument, IMMEDIATE)
    found = desk.session.find(desk.order())
    assert found is not None
    assert (found.client_id, found.venue_id) == (OURS, THEIRS)


# --- finding


@pytest.mark.parametrize("place", range(3))
def test_an_order_is_found_wherever_it_is(desk: Desk, place: int) -> None:
    if place < len(desk.lookups):
        there = [*[desk.not_there] * place, desk.several(desk.one())]
        for route in desk.lookups:
            desk.script.answers[route] = lambda _: there[len(desk.script.requests) - 1]
        report = desk.session.find(desk.order())
        assert report is not None
        assert (report.client_id, report.venue_id, report.state) == (OURS, THEIRS, OrderState.ACKED)
        assert [route for route, _ in desk.script.requests] == list(desk.lookups[: place + 1])


def test_an_order_that_no_place_knows_is_not_found(desk: Desk) -> None:
    for route in desk.lookups:
        desk.script.answers[route] = desk.not_there
    assert desk.session.find(desk.order()) is None
    assert [route for route, _ in desk.script.requests] == list(desk.lookups)
    for _, asked in desk.script.requests:
        assert {OURS, OURS.replace("-", "x")} & set(asked.values())
        assert desk.instrument.name in asked.values()


def test_an_unanswered_place_is_not_one_that_does_not_know_it(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    desk.script.answers["GET /v5/order/realtime"] = desk.not_there
    desk.script.answers["GET /v5/order/history"] = Cut.HTML
    with pytest.raises(VenueUnreachable):
        desk.session.find(desk.order())


def test_several_orders_under_one_id_need_a_person(desk: Desk) -> None:
    other = "ordId" if desk.name == "okx" else "orderId"
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one(), desk.one(**{other: "9022"}))
    with pytest.raises(VenueError) as caught:
        desk.session.find(desk.order())
    expected = VenueUnreachable if desk.instrument.venue == "binance" else VenueError  # it answers with one
    assert type(caught.value) is expected


def test_a_malformed_answer_to_a_look_up_is_none_at_all(desk: Desk) -> None:
    raw = desk.one()
    size = next(name for name in ("sz", "qty", "origQty", "quantity") if name in raw)
    filled = next(name for name in ("accFillSz", "cumExecQty", "executedQty") if name in raw)
    state = next(name for name in ("state", "orderStatus", "status") if name in raw)
    name = "instId" if "instId" in raw else "symbol"
    wrong = [
        {size: "NaN"}, {size: "0"}, {size: None}, {filled: "-1"}, {filled: "1000000"}, {filled: ""},
        {state: "something new"}, {state: ""}, {name: "another"},
    ]  # fmt: skip
    answers = [desk.several(raw | change) for change in wrong]
    answers += [_changed(desk.several(raw), OURS), {}, [], None, "an order"]
    for answer in answers:
        desk.script.answers[desk.lookups[0]] = answer
        with pytest.raises(VenueUnreachable):
            desk.session.find(desk.order())


def test_an_instrument_that_is_not_loaded(desk: Desk) -> None:
    for act in (desk.session.find, desk.session.cancel):
        with pytest.raises(UnknownInstrument):
            act(desk.order(instrument="another"))
    assert desk.script.requests == []


@pytest.mark.parametrize("act", ["find", "cancel"])
def test_an_id_that_cannot_have_been_sent_is_not_looked_up(of: Callable[[str], Desk], act: str) -> None:
    for name in ("okx", "binance linear"):
        desk = of(name)
        with pytest.raises(BadInput, match="client id"):
            getattr(desk.session, act)(desk.order(client_id="a" * 37))
        assert desk.script.requests == []


def test_recorded_orders_are_found(of: Callable[[str], Desk], recorded: Callable[[str], Any]) -> None:
    desk = of("bybit")
    envelope = recorded("ccxt_examples/bybit/fetch_open_orders_1.json")
    envelope["result"]["list"][0]["orderLinkId"] = OURS
    desk.script.answers["GET /v5/order/realtime"] = envelope
    with _listing(desk, "BTCUSDT"):
        found = desk.session.find(desk.order(instrument="BTCUSDT"))
    assert found is not None
    assert (found.state, found.filled) == (OrderState.FILLED, Decimal("0.001"))
    assert len(desk.script.requests) == 1

    for name, payload in (
        ("linear", "parse_order_17"),
        ("inverse", "parse_order_18"),
        ("option", "parse_order_7"),
    ):
        desk = of(f"binance {name}")
        raw = recorded(f"ccxt_examples/binance/{payload}.json") | {"clientOrderId": OURS}
        desk.script.answers[desk.lookups[0]] = raw
        with _listing(desk, raw["symbol"]):
            found = desk.session.find(desk.order(instrument=raw["symbol"]))
        assert found is not None
        assert (found.state, found.venue_id) == (OrderState.ACKED, str(raw["orderId"]))

    desk = of("okx")
    raw = recorded("ccxt_examples/okx/parse_order_3.json")
    desk.script.answers[desk.lookups[0]] = desk.several(raw | {"clOrdId": OURS.replace("-", "x")})
    with _listing(desk, raw["instId"]):
        found = desk.session.find(desk.order(instrument=raw["instId"]))
    assert found is not None
    assert found.venue_id == raw["ordId"]


def test_recorded_answers_to_an_order_and_to_a_cancel(
    of: Callable[[str], Desk], recorded: Callable[[str], Any]
) -> None:
    desk = of("okx")
    taken = recorded("ccxt_static/okx/response_createOrder.json")["httpResponse"]
    client_id = taken["data"][0]["clOrdId"]
    desk.script.answers[desk.create] = taken
    report, _ = desk.session.submit(desk.order(client_id=client_id), desk.instrument, IMMEDIATE)
    assert (report.venue_id, report.state) == ("2896576259728695296", OrderState.ACKED)
    desk.script.answers[desk.cancel] = recorded("ccxt_examples/okx/cancel_order_1.json")
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one(state="canceled"))
    cancelled = desk.session.cancel(desk.order())
    assert cancelled is not None
    assert cancelled.state is OrderState.CANCELLED

    desk = of("bybit")
    desk.script.answers[desk.create] = recorded("ccxt_examples/bybit/create_order_1.json")
    report, _ = desk.session.submit(desk.order(client_id="spot-test-postonly"), desk.instrument, IMMEDIATE)
    assert report.venue_id == "1321003749386327552"


class _listing:  # noqa: N801  # reads as a phrase
    """Another instrument of the desk's kind, listed for as long as a block lasts."""

    def __init__(self, desk: Desk, name: str) -> None:
        self._desk, self._before = desk, desk.session.instruments
        self._more: dict[str, Instrument] = {name: replace(desk.instrument, name=name)}

    def __enter__(self) -> None:
        self._desk.session.instruments = {**self._before, **self._more}

    def __exit__(self, *_: object) -> None:
        self._desk.session.instruments = self._before


# --- cancelling


@pytest.mark.parametrize("venue_id", ["", THEIRS])
def test_cancelling_says_the_state_afterwards(desk: Desk, venue_id: str) -> None:
    desk.script.answers[desk.cancel] = desk.cancelled
    state = {"okx": {"state": "canceled"}, "bybit": {"orderStatus": "Cancelled"}}.get(desk.name, {})
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one(**state))
    report = desk.session.cancel(desk.order(venue_id=venue_id))
    assert report is not None
    assert report.state is OrderState.CANCELLED
    asked = desk.script.requests[0][1]
    assert (THEIRS in asked.values()) is bool(venue_id)
    assert bool({OURS, OURS.replace("-", "x")} & set(asked.values())) is not bool(venue_id)
    own_answer = desk.instrument.venue == "binance"  # the others only say that they heard it
    assert len(desk.script.requests) == (1 if own_answer else 2)


def test_what_is_not_open_any_more_is_looked_up(desk: Desk) -> None:
    desk.script.answers[desk.cancel] = NOT_OPEN[desk.instrument.venue]
    for route in desk.lookups:
        desk.script.answers[route] = desk.not_there
    assert desk.session.cancel(desk.order()) is None
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one())
    report = desk.session.cancel(desk.order())
    assert report is not None
    assert report.state is OrderState.ACKED  # a cancel proves nothing: it may still work
    assert desk.script.count(desk.cancel) == 2


def test_cancelling_then_losing_sight_is_unclear(desk: Desk) -> None:
    desk.script.answers[desk.cancel] = NOT_OPEN[desk.instrument.venue]
    desk.script.answers[desk.lookups[0]] = Cut.BEFORE
    with pytest.raises(VenueUnclear, match="its state afterwards"):
        desk.session.cancel(desk.order())
    assert desk.script.count(desk.cancel) == 1


def test_a_cancel_that_is_refused(desk: Desk) -> None:
    desk.script.answers[desk.cancel] = {
        "okx": {"code": "50011", "msg": "Too Many Requests", "data": []},
        "bybit": {"retCode": 10006, "retMsg": "Too many visits", "result": {}, "time": MS},
        "binance": Reply(429, {"code": -1003, "msg": "Too many requests"}),
    }[desk.instrument.venue]
    with pytest.raises(VenueRejected, match=r"(?i)too many"):
        desk.session.cancel(desk.order())
    assert len(desk.script.requests) == 1


# --- the guard over what rests


def test_how_the_guard_is_set(of: Callable[[str], Desk]) -> None:
    wanted = {
        "okx": {"timeOut": "15", "tag": "hedging"},
        "bybit": {"product": "DERIVATIVES", "timeWindow": "15"},
        "binance linear": {"symbol": "ETHUSDT", "countdownTime": "15000"},
        "binance inverse": {"symbol": "ETHUSD_261225", "countdownTime": "15000"},
    }
    for name, body in wanted.items():
        desk = of(name)
        desk.script.answers[str(desk.guard)] = desk.counting
        desk.session.keep_alive(15, [desk.instrument.name])
        assert body.items() <= desk.script.requests[0][1].items()


@pytest.mark.parametrize(
    ("name", "lowest", "highest"), [("okx", 10, 120), ("bybit", 3, 300), ("binance linear", 5, 120)]
)
def test_how_long_the_guard_may_wait(of: Callable[[str], Desk], name: str, lowest: int, highest: int) -> None:
    desk = of(name)
    for seconds in (lowest - 1, highest + 1, 0, -15):
        with pytest.raises(BadInput):
            desk.session.keep_alive(seconds, [desk.instrument.name])
    assert desk.script.requests == []


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("okx", {"code": "0", "msg": "", "data": [{"triggerTime": "0", "tag": "hedging", "ts": str(MS)}]}),
        ("okx", {"code": "0", "msg": "", "data": []}),
        ("bybit", {"retCode": 10016, "retMsg": "Server error"}),
        ("binance linear", {"symbol": "ETHUSDT", "countdownTime": "0"}),
        ("binance linear", {"symbol": "BTCUSDT", "countdownTime": "15000"}),
    ],
)
def test_a_guard_that_may_not_stand_is_unclear(of: Callable[[str], Desk], name: str, answer: object) -> None:
    desk = of(name)
    desk.script.answers[str(desk.guard)] = answer
    with pytest.raises(VenueUnclear):
        desk.session.keep_alive(15, [desk.instrument.name])


def test_each_future_at_binance_is_guarded_by_itself_and_an_option_is_not(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    desk.script.answers[str(desk.guard)] = desk.counting
    option = of("binance option").instrument
    before = desk.session.instruments
    desk.session.instruments = {**before, option.name: option}
    stands = desk.session.keep_alive(15, [desk.instrument.name, option.name])
    desk.session.instruments = before
    assert (stands, len(desk.script.requests)) == (DeadMan.NONE, 1)


def test_without_a_private_stream_nothing_guards_bybit(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    desk.session.private_stream_open = False
    try:
        assert desk.session.keep_alive(15, [desk.instrument.name]) is DeadMan.NONE
    finally:
        desk.session.private_stream_open = True
    assert desk.script.requests == []


def test_deribit_guards_nothing_that_goes_by_rest(script: Any, kit: Any) -> None:
    session = AccountSession(kit.paper_address(script.address), lambda: NOW, Pacing.UNPACED)
    assert session.keep_alive(15, ["BTC-PERPETUAL"]) is DeadMan.NONE
    assert script.requests == []
    session.close()


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_session_says_how_its_exchange_behaves(profile: Any) -> None:
    passphrase = "p" if profile.name == "okx" else ""
    address = AccountAddress("d", profile.name, VenueMode.LIVE, "k", "s", passphrase=passphrase)
    session = order_session(address, lambda: NOW, Pacing.UNPACED)
    assert (session.profile, session.venue) == (profile, profile.name)
    assert session._client.enableRateLimit is False
    session.close()


def test_options_of_binance_s_demo_take_no_orders(of: Callable[[str], Desk]) -> None:
    desk = of("binance option")
    address = AccountAddress("d", "binance", VenueMode.TESTNET, "k", "s")
    session = order_session(address, lambda: NOW, Pacing.UNPACED)
    with pytest.raises(BadInput, match="no orders go to"):
        session.submit(desk.order(), desk.instrument, IMMEDIATE)
    session.close()
