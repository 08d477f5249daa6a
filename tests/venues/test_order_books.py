"""Books of four exchanges: recorded ones to checked values, updates and impossible ones refused."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listings import JUNK, NOW, Case, assert_finite

from hedging.errors import BadInput
from hedging.model.order_book import PriceLevel
from hedging.venues.order_books import binance_book, bybit_book, deribit_book, okx_book

Recorded = Callable[[str], Any]
AT = 1795348800000
DERIBIT: dict[str, Any] = {
    "instrument_name": "BTC-PERPETUAL", "timestamp": AT, "change_id": 7,
    "bids": [[90000.5, 20.0], [90000.0, 10.0]], "asks": [[90001.0, 30.0]],
}  # fmt: skip
OKX: dict[str, Any] = {
    "code": "0",
    "data": [
        {
            "bids": [["90000.5", "2", "0", "1"], ["90000", "1", "0", "1"]],
            "asks": [["90001", "3", "0", "2"]],
            "ts": str(AT),
            "seqId": 7,
        }
    ],
}
BYBIT: dict[str, Any] = {
    "retCode": 0,
    "result": {
        "s": "BTCUSDT", "b": [["90000.5", "2"], ["90000", "1"]], "a": [["90001", "3"]], "ts": AT, "u": 7,
    },
}  # fmt: skip
BINANCE: dict[str, Any] = {
    "lastUpdateId": 7, "E": AT, "T": AT - 1,
    "bids": [["90000.5", "2"], ["90000", "1"]], "asks": [["90001", "3"]],
}  # fmt: skip


def own(venue: str, **changes: object) -> Any:
    """A book of two bids and an ask in a venue's shape; bids, asks or the outermost fields changed."""
    sample = json.loads(
        json.dumps({"deribit": DERIBIT, "okx": OKX, "bybit": BYBIT, "binance": BINANCE}[venue])
    )
    inner = {"okx": lambda: sample["data"][0], "bybit": lambda: sample["result"]}.get(venue, lambda: sample)()
    short = {"bids": "b", "asks": "a"} if venue == "bybit" else {}
    inner.update({short.get(field, field): value for field, value in changes.items()})
    return sample


def read(venue: str, raw: Any) -> Any:
    if venue == "deribit":
        return deribit_book(raw, NOW)
    if venue == "bybit":
        return bybit_book(raw, NOW)
    return (okx_book if venue == "okx" else binance_book)(raw, "BTC", NOW)


VENUES = ["deribit", "okx", "bybit", "binance"]


@pytest.mark.parametrize("venue", VENUES)
def test_a_whole_book(venue: str) -> None:
    book = read(venue, own(venue))
    scale = 10 if venue == "deribit" else 1
    assert book.bids == (PriceLevel(90000.5, 2.0 * scale), PriceLevel(90000.0, 1.0 * scale))
    assert book.asks == (PriceLevel(90001.0, 3.0 * scale),)
    assert (book.venue, book.sequence, book.received_at) == (venue, 7, NOW)
    assert book.venue_at == datetime.fromtimestamp(AT / 1000, UTC)


@pytest.mark.parametrize("venue", VENUES)
def test_one_side_may_be_empty_but_not_both(venue: str) -> None:
    assert read(venue, own(venue, asks=[])).asks == ()
    with pytest.raises(BadInput, match="empty on both sides"):
        read(venue, own(venue, asks=[], bids=[]))


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"asks": [["90000.5", "1"]]}, "crossed, bid 90000.5 at ask 90000.5"),
        ({"bids": [["90000", "1"], ["90000.5", "2"]]}, "order of their prices"),
        ({"bids": [["90000", "1"], ["90000", "2"]]}, "order of their prices"),
        ({"asks": [["90002", "1"], ["90001", "2"]]}, "order of their prices"),
        ({"asks": [["90001", "0"]]}, "size is '0'"),
        ({"asks": [["0", "1"]]}, "price is '0'"),
        ({"asks": [["nan", "1"]]}, "price is 'nan'"),
        ({"asks": [["90001"]]}, "levels of a price and a size"),
        ({"asks": ["90001"]}, "levels of a price and a size"),
        ({"asks": None}, "a list of levels"),
        ({"asks": "none"}, "a list of levels"),
    ],
)
def test_books_that_are_refused(venue: str, changes: dict[str, object], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        read(venue, own(venue, **changes))


@pytest.mark.parametrize(
    ("venue", "raw", "named"),
    [
        ("deribit", own("deribit", type="change"), "update"),
        ("deribit", own("deribit", prev_change_id=6), "update"),
        ("deribit", own("deribit", bids=[["delete", 1.0, 0]]), "update"),
        ("deribit", own("deribit", timestamp=None), "timestamp"),
        ("deribit", own("deribit", change_id=7.5), "change_id"),
        ("okx", own("okx") | {"action": "update"}, "update"),
        ("okx", own("okx") | {"arg": {"instId": "ETH"}}, "instId is 'ETH', expected BTC"),
        ("okx", {"code": "51001", "data": [], "msg": "no such instrument"}, "code is '51001'"),
        ("okx", {"code": "0", "data": []}, "expected 1 entry, got 0"),
        ("okx", own("okx", ts=""), "ts is ''"),
        ("bybit", own("bybit") | {"type": "delta"}, "update"),
        ("bybit", own("bybit") | {"retCode": 10001}, "retCode is 10001"),
        ("binance", own("binance", e="depthUpdate"), "update"),
        ("binance", own("binance", symbol="ETH"), "symbol is 'ETH', expected BTC"),
        ("binance", own("binance", E=None, T=None), "T is None"),
    ],
)
def test_what_is_no_book_or_has_no_age(venue: str, raw: Any, named: str) -> None:
    with pytest.raises(BadInput, match=named):
        read(venue, raw)


# Every recorded book by REST or websocket that the examples hold.
def at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


TABLE: dict[str, Case] = {
    "ccxt_examples/okx/fetch_order_book_1.json": Case(
        lambda raw: okx_book(raw, "ETH-BTC", NOW),
        {"venue_at": at(1621438475342), "sequence": None, "instrument": "ETH-BTC"},
    ),
    "ccxt_examples/okx/pro_handle_order_book_1.json": Case(
        lambda raw: okx_book(raw, "BTC-USDT", NOW), {"venue_at": at(1626532416403)}
    ),
    "ccxt_examples/okx/pro_handle_order_book_2.json": Case(
        lambda raw: okx_book(raw, "BTC-USDT", NOW), "this is an update of a book"
    ),
    "ccxt_examples/okx/pro_handle_order_book_3.json": Case(
        lambda raw: okx_book(raw, "BTC-USDT", NOW), {"venue_at": at(1626537446491)}
    ),
    "ccxt_examples/okx/pro_handle_bid_ask_2.json": Case(
        lambda raw: okx_book(raw, "BTC-USDT", NOW), {"instrument": "BTC-USDT"}
    ),
    "ccxt_examples/bybit/fetch_order_book_1.json": Case(
        lambda raw: bybit_book(raw, NOW),
        {"bids": (PriceLevel(16638.27, 0.305749),), "sequence": 5277055, "venue_at": at(1672765737733)},
    ),
    "ccxt_examples/binance/fetch_order_book_1.json": Case(
        lambda raw: binance_book(raw, "ETHUSDT", NOW),
        {"sequence": 333598053905, "venue_at": at(1618631511986)},
    ),
    "ccxt_examples/binance/pro_handle_fetch_order_book_1.json": Case(
        lambda raw: binance_book(raw["result"], "BNBBTC", NOW),
        {"asks": (PriceLevel(4.000002, 12.0),), "sequence": 1027024},
    ),
    "ccxt_examples/binance/pro_handle_order_book_1.json": Case(
        lambda raw: binance_book(raw, "BNBBTC", NOW), "a whole book, not an update of one"
    ),
    "ccxt_examples/deribit/pro_handle_order_book_2.json": Case(
        lambda raw: deribit_book(raw["params"]["data"], NOW), "this is an update of a book"
    ),
    "ccxt_static/binance/response_fetchOrderBook_swap.json": Case(
        lambda raw: binance_book(raw["httpResponse"], "BTCUSDT", NOW),
        {"sequence": 35263532345, "venue_at": at(1706803917264)},
    ),
}


@pytest.mark.parametrize("file", sorted(TABLE))
def test_a_recorded_book(recorded: Recorded, file: str) -> None:
    TABLE[file].check(recorded(file))


def outcome(parse: Callable[[], Any]) -> str:
    """What becomes of a book, in the words that tell the reasons apart."""
    try:
        book = parse()
    except BadInput as error:
        reasons = (
            "update",
            "empty on both sides",
            "crossed",
            "a printable text",
            "code is",
            "data is",
            "ts is",
        )
        return next((reason for reason in reasons if reason in str(error)), str(error))
    assert_finite(book)
    return "book"


def test_books_in_the_websocket_recordings_of_six_years(recorded: Recorded) -> None:
    found: Counter[tuple[str, str]] = Counter()
    for file in ("deribit", "okex-futures", "okex-options", "okex-swap", "bybit", "bybit-options",
                 "binance-delivery", "binance-european-options", "binance-european-options-v2"):  # fmt: skip
        for group in recorded(f"tardis/{file}.json"):
            for message in group["messages"]:
                parse = _book_in(file.partition("-")[0], message)
                if parse is not None:
                    found[file, outcome(parse)] += 1
    assert found == RECORDED_BOOKS


def _book_in(venue: str, message: dict[str, Any]) -> Callable[[], Any] | None:
    """How a message is read as a book, None where it is about something else."""
    if venue == "deribit":
        about = message["params"]
        ours = about["channel"].startswith("book.")
        return (lambda: deribit_book(about["data"], NOW)) if ours else None
    if venue == "okex":
        argument = message.get("arg", {})
        if argument.get("channel") in ("books-l2-tbt", "bbo-tbt", "books5", "books"):
            return lambda: okx_book(message, argument["instId"], NOW)
        old = "depth" in message.get("table", "")
        return (lambda: okx_book(message, "BTC", NOW)) if old else None
    if venue == "bybit":
        ours = message.get("topic", "").startswith("orderbook.")
        return (lambda: bybit_book(message, NOW)) if ours else None
    stream = message.get("stream", "")
    if "@depth" not in stream:
        return None
    data = message["data"]
    return lambda: binance_book(data, data.get("symbol", data.get("s", "")), NOW)


# "ts is": the interface of OKX before v5, whose books carry another time.
RECORDED_BOOKS: dict[tuple[str, str], int] = {
    ("deribit", "book"): 1,
    ("deribit", "update"): 3,
    ("okex-futures", "ts is"): 3,
    ("okex-futures", "update"): 3,
    ("okex-futures", "book"): 1,
    ("okex-options", "ts is"): 1,
    ("okex-options", "update"): 3,
    ("okex-swap", "update"): 3,
    ("okex-swap", "book"): 2,
    ("bybit", "book"): 2,
    ("bybit", "update"): 3,
    ("bybit-options", "empty on both sides"): 1,
    ("bybit-options", "book"): 1,
    ("bybit-options", "update"): 1,
    ("binance-delivery", "book"): 1,
    ("binance-delivery", "update"): 2,
    ("binance-european-options", "book"): 1,
    ("binance-european-options-v2", "update"): 1,
}


def test_books_of_the_recording_of_2021(recorded_text: Callable[[str], str]) -> None:
    found: Counter[str] = Counter()
    for line in recorded_text("cryptofeed/DERIBIT.ws.1.0").splitlines():
        _, _, text = line.partition(": ")
        message = json.loads(text) if text.startswith("{") else {}
        parameters = message.get("params", {})
        if str(parameters.get("channel", "")).startswith("book."):
            found[outcome(lambda data=parameters["data"]: deribit_book(data, NOW))] += 1
    assert found == {"book": 9, "update": 36, "empty on both sides": 1}


@settings(max_examples=200)
@given(st.data())
def test_garbage_gives_bad_input_or_a_finite_book(data: st.DataObject) -> None:
    venue = data.draw(st.sampled_from(VENUES))
    side = data.draw(st.sampled_from(["bids", "asks"]))
    junk = data.draw(st.lists(st.lists(JUNK, max_size=3) | JUNK, max_size=3) | JUNK)
    try:
        book = read(venue, own(venue, **{side: junk}))
    except BadInput:
        return
    assert_finite(book)
