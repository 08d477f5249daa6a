"""One attempt is one request on the wire at OKX, Bybit and Binance too, on every route of an order."""

import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from cut_venue import Cut, Reply
from order_desks import DESKS, KEY, PASSPHRASE, SECRET, THEIRS, Desk

from hedging.errors import VenueError, VenueUnclear, VenueUnreachable
from hedging.model.venue_profile import DeadMan
from hedging.units import Side
from hedging.venues.limit_order import TimeInForce

pytestmark = pytest.mark.control("C9")

CUTS = [
    *(cut for cut in Cut if cut not in (Cut.AFTER, Cut.NOT_OURS)),
    "reset before it is read",
    "500",
    "503 in JSON",
    "status unknown",
    "nothing known",
]
UNKNOWN = {
    "okx": {"code": "50004", "msg": "Endpoint request timeout", "data": []},
    "bybit": {"retCode": 10016, "retMsg": "Server error", "result": {}, "time": 1},
    "binance": {"code": -1007, "msg": "Timeout waiting for response. Execution status unknown."},
}
BUSY = {
    "okx": {"code": "1", "msg": "", "data": [{"sCode": "50026", "sMsg": "System error", "ordId": ""}]},
    "bybit": {"retCode": 10000, "retMsg": "Server Timeout", "result": {}, "time": 1},
    "binance": {"code": -1006, "msg": "An unexpected response was received. Execution status unknown."},
}
BROKERS = (b"6b9ad766b55dBCDE", b"CCXT", b"ccxt", b"x-xcKtGhcu", b"x-TKT5PX2F", b"x-cvBPrNm9", b"x-40PTWbMI")
SIGNED = re.compile(rb"(?:OK-ACCESS-SIGN|X-BAPI-SIGN): (\S+)|signature=(\w+)")

Act = Callable[[Desk], object]
WRITES: dict[str, Act] = {
    "buy": lambda desk: desk.session.submit(desk.order(side=Side.BUY), desk.instrument, IMMEDIATE),
    "sell": lambda desk: desk.session.submit(desk.order(), desk.instrument, IMMEDIATE),
    "rest": lambda desk: desk.session.submit(desk.order(), desk.instrument, RESTING),
    "cancel by our id": lambda desk: desk.session.cancel(desk.order()),
    "cancel by theirs": lambda desk: desk.session.cancel(desk.order(venue_id=THEIRS)),
    "keep alive": lambda desk: desk.session.keep_alive(15, [desk.instrument.name]),
}
IMMEDIATE, RESTING = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.GOOD_TIL_CANCELLED
CASES = [(name, act) for name in DESKS for act in WRITES if (name, act) != ("binance option", "keep alive")]


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


def route(desk: Desk, act: str) -> str:
    if act == "keep alive":
        return str(desk.guard)
    return desk.cancel if act.startswith("cancel") else desk.create


def good(desk: Desk, act: str) -> object:
    if act == "keep alive":
        return desk.counting
    return desk.cancelled if act.startswith("cancel") else desk.taken


def failing(desk: Desk, cut: Cut | str, answer: object) -> object:
    """What the venue does instead of giving ``answer``."""
    venue = desk.instrument.venue
    if cut is Cut.SILENT:
        desk.session._client.timeout = 250  # ms
    if isinstance(cut, Cut):
        return cut, answer
    desk.script.unread = cut == "reset before it is read"
    return {
        "500": Reply(500, "Internal Server Error"),
        "503 in JSON": Reply(503, BUSY[venue]),
        "status unknown": UNKNOWN[venue] if venue != "binance" else Reply(408, UNKNOWN[venue]),
        "nothing known": {"something": "else"},
    }.get(cut)


def nothing_told(desk: Desk, error: BaseException) -> None:
    """No key, no secret and no signature in what a log or a traceback would show."""
    shown = "".join(traceback.format_exception(error)) + str(error)
    signatures = [one for raw in desk.script.raw for pair in SIGNED.findall(raw) for one in pair if one]
    for hidden in (KEY, SECRET, PASSPHRASE, *(one.decode() for one in signatures)):
        assert hidden not in shown


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name if isinstance(cut, Cut) else cut)
@pytest.mark.parametrize(("desk", "act"), CASES, indirect=["desk"])
def test_a_cut_write_is_sent_once_and_unclear(desk: Desk, act: str, cut: Cut | str) -> None:
    desk.script.answers[route(desk, act)] = failing(desk, cut, good(desk, act))
    with pytest.raises(VenueUnclear) as caught:
        WRITES[act](desk)
    assert desk.attempts() == 1
    nothing_told(desk, caught.value)


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.name if isinstance(cut, Cut) else cut)
def test_a_cut_look_up_is_one_request_and_no_answer(desk: Desk, cut: Cut | str) -> None:
    desk.script.answers[desk.lookups[0]] = failing(desk, cut, desk.several(desk.one()))
    with pytest.raises(VenueUnreachable) as caught:
        desk.session.find(desk.order())
    assert desk.attempts() == 1
    nothing_told(desk, caught.value)


@pytest.mark.parametrize(("desk", "act"), CASES, indirect=["desk"])
def test_a_connection_cut_after_the_answer_changes_nothing(desk: Desk, act: str) -> None:
    name = route(desk, act)
    desk.script.answers[name] = (Cut.AFTER, good(desk, act))
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one())
    with suppress(VenueUnclear):  # a look-up after a cancel may still meet the dying connection
        WRITES[act](desk)
    assert desk.script.count(name) == 1


def test_a_connection_that_dies_under_the_next_request_is_never_repaired_by_sending_twice(desk: Desk) -> None:
    desk.script.answers[desk.create] = (Cut.AFTER, desk.taken)
    unclear = 0
    for sent in range(1, 21):
        try:
            WRITES["sell"](desk)
        except VenueUnclear:
            unclear += 1
        assert sent - unclear <= desk.script.count(desk.create) <= sent


@pytest.mark.parametrize(("desk", "act"), CASES, indirect=["desk"])
def test_nothing_goes_out_under_the_name_of_a_broker(desk: Desk, act: str) -> None:
    desk.script.answers[route(desk, act)] = good(desk, act)
    desk.script.answers[desk.lookups[0]] = desk.several(desk.one())
    WRITES[act](desk)
    assert desk.script.raw
    for raw in desk.script.raw:
        assert not [broker for broker in BROKERS if broker in raw]
        assert not re.search(rb"(?im)^referer: *\S", raw)


def test_the_transport_retries_nothing(desk: Desk) -> None:
    client = desk.session._client
    assert (client.options["maxRetriesOnFailure"], client.session.max_redirects) == (0, 0)
    for scheme in ("http://", "https://"):
        retries = client.session.adapters[scheme].max_retries
        assert (retries.total, bool(retries.read), bool(retries.connect)) == (0, False, False)


def test_a_refused_connection_is_unclear() -> None:
    for make in DESKS.values():
        desk = make()
        desk.script.close()
        with pytest.raises(VenueUnclear):
            WRITES["sell"](desk)
        with pytest.raises(VenueError):
            desk.session.find(desk.order())
        desk.session.close()


def test_what_stands_guard(desk: Desk) -> None:
    stands = {"okx": DeadMan.CANCEL_ALL_AFTER, "bybit": DeadMan.DISCONNECT_PROTECTION}.get(
        desk.name, DeadMan.NONE if desk.guard is None else DeadMan.CANCEL_ALL_AFTER
    )
    if desk.guard is not None:
        desk.script.answers[desk.guard] = desk.counting
    assert WRITES["keep alive"](desk) is stands
    assert len(desk.script.requests) == (desk.guard is not None)
