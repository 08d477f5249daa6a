"""The library's own clients, with nothing but their addresses replaced, against replayed exchanges."""

import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from replay import Failure, Replay, binance_answers, bybit_answers, okx_answers

from hedging.errors import UnsafeKeyError, VenueRejected, VenueUnreachable
from hedging.model.market import Quote
from hedging.model.snapshot import GapReason
from hedging.model.view import VenueMode
from hedging.risk.greeks import coins
from hedging.venues import polled
from hedging.venues.address import AccountAddress
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.polled import PolledSession
from hedging.venues.reading_session import ReadingSession
from hedging.venues.session import AccountSession
from hedging.venues.sessions import order_session, polled_session
from hedging.venues.wire import Pacing

KEY, SECRET, PASSPHRASE = "planted-key-9Q", "planted-secret-7Z", "planted-pass-3X"
VENUES = ["okx", "bybit", "binance"]
ANSWERS = {"okx": okx_answers, "bybit": bybit_answers, "binance": binance_answers}
LISTS = {
    "okx": "/api/v5/public/instruments",
    "bybit": "/v5/market/instruments-info",
    "binance": "/dapi/v1/exchangeInfo",
}
POSITIONS = {
    "okx": "/api/v5/account/positions",
    "bybit": "/v5/position/list",
    "binance": "/fapi/v3/positionRisk",
}
FUNDS = {
    "okx": ["/api/v5/account/balance", "/api/v5/account/greeks"],
    "bybit": ["/v5/account/wallet-balance", "/v5/asset/coin-greeks"],
    "binance": ["/fapi/v3/account", "/dapi/v1/account", "/eapi/v1/marginAccount", "/api/v3/account"],
}
TICKERS = {
    "okx": ("BTC-USD-SWAP", "/api/v5/public/mark-price"),
    "bybit": ("BTCUSD", "/v5/market/tickers"),
    "binance": ("BTCUSDT", "/fapi/v1/premiumIndex"),
}
TIMES = {"okx": "/api/v5/public/time", "bybit": "/v5/market/time", "binance": "/api/v3/time"}
RIGHTS = {
    "okx": "/api/v5/account/config",
    "bybit": "/v5/user/query-api",
    "binance": "/sapi/v1/account/apiRestrictions",
}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replay() -> Iterator[Replay]:
    server = Replay()
    yield server
    server.close()


Open = Callable[[str], PolledSession]


@pytest.fixture
def opened(replay: Replay, clock: Clock) -> Iterator[Open]:
    """Opens the session of a venue on the replay, without the library's waits between requests."""
    sessions: list[PolledSession] = []

    def open_session(venue: str) -> PolledSession:
        replay.answers = ANSWERS[venue](clock)
        session = polled_session(address(venue, replay.address), clock)
        session._client.enableRateLimit = False
        session._client.timeout = 600
        sessions.append(session)
        return session

    yield open_session
    for session in sessions:
        session.close()


def address(venue: str, rest: str | None, mode: VenueMode = VenueMode.PAPER) -> AccountAddress:
    passphrase = PASSPHRASE if venue == "okx" else ""
    return AccountAddress("desk", venue, mode, KEY, SECRET, rest, None, passphrase)


def held(session: PolledSession) -> dict[str, Decimal]:
    return {position.instrument.name: position.amount for position in session.positions()}


def quotes(session: PolledSession, *names: str) -> dict[str, Quote]:
    return {quote.instrument: quote for quote in session.tickers(names)}


def protocol(session: ReadingSession) -> ReadingSession:
    return session


def test_every_session_is_a_reading_session(opened: Open, clock: Clock) -> None:
    deribit = AccountSession(AccountAddress("d", "deribit", VenueMode.LIVE, "k", "s"), clock, Pacing.UNPACED)
    assert protocol(deribit).venue == "deribit"
    for venue in VENUES:
        assert protocol(opened(venue)).venue == venue
    deribit.close()


def test_okx(opened: Open, replay: Replay, clock: Clock) -> None:
    session = opened("okx")
    assert session.check_key().granted == {"read_only"}
    assert session.server_time_offset() == 0
    assert set(session.load(("BTC", "ETH"))) == {
        "BTC-USD-SWAP", "ETH-USD-SWAP", "ETH-USDT-SWAP", "BTC-USD-261225", "BTC-USD-261225-90000-C",
        "ETH-USD-261225-3000-P",
    }  # fmt: skip
    option, swap, linear = session.positions()
    assert (option.amount, option.venue_delta) == (Decimal(-250), -1.3)
    assert coins(option, 90_000.0) == -2.5  # not 250, as the library's contract size would have it
    assert (swap.amount, swap.instrument.amount_label) == (Decimal(-7), "contracts of 100 USD")
    assert coins(linear, 3_000.0) == 12.0
    funds = session.funds()
    (whole,) = funds.balances
    assert (whole.currency, whole.equity) == ("USD", 250_000.0)
    assert whole.delta_total == (("BTC", -1.1802), ("ETH", 12.0))
    assert whole.delta_black == (("BTC", -1.3077),)  # an empty figure is none, not 0
    assert [(each.currency, each.equity) for each in funds.holdings] == [("BTC", 2.5), ("USDT", 35_000.0)]
    found = quotes(session, *session.instruments)
    call = found["BTC-USD-261225-90000-C"]
    assert (call.mark, call.index, call.forward, call.iv) == (0.051, 90_000.0, 90_400.0, 0.61)
    assert (call.venue_delta, call.bid, call.key) == (0.52, 0.0505, "okx:BTC-USD-261225-90000-C")
    assert (found["ETH-USDT-SWAP"].index, found["BTC-USD-SWAP"].ask) == (3_001.0, 90_001.0)
    assert call.received_at == clock.now
    signed = next(headers for path, _, headers in replay.requests if path == POSITIONS["okx"])
    assert signed["OK-ACCESS-PASSPHRASE"] == PASSPHRASE
    # its put stands in the sample with a call's delta: refused, and its underlying is not valued
    (gap,) = session.gaps
    assert (gap.what, gap.underlying) == ("ETH-USD-261225-3000-P", "ETH")
    assert "the delta of a put" in gap.detail
    assert "ETH-USD-261225-3000-P" not in found


def test_bybit(opened: Open, replay: Replay) -> None:
    session = opened("bybit")
    assert "read only" in session.check_key().granted
    loaded = session.load(("BTC", "ETH"))
    assert {"BTCUSDT", "ETHUSDT", "BTCUSD", "BTC-25DEC26-90000-P-USDT"} < set(loaded)  # both pages
    assert held(session) == {
        "BTCUSD": Decimal(-30000), "BTCUSDT": Decimal("0.5"), "BTC-25DEC26-90000-P-USDT": Decimal(2),
    }  # fmt: skip
    (whole,) = session.funds().balances
    assert (whole.equity, whole.delta_total, whole.delta_black) == (260_000.0, (), (("BTC", -1.35),))
    assert session.funds().holdings[0].equity == 2.5
    found = quotes(session, *held(session))
    put = found["BTC-25DEC26-90000-P-USDT"]
    assert (put.mark, put.forward, put.iv, put.venue_delta) == (4551.25, 90_400.0, 0.61, -0.47)
    assert (found["BTCUSD"].mark, found["BTCUSD"].index) == (90_000.0, 90_002.0)
    assert session.gaps == ()
    asked = [query for path, query, _ in replay.requests if path == POSITIONS["bybit"]]
    assert {"category": "linear", "settleCoin": "USDC", "limit": "200"} in asked


def test_binance(opened: Open) -> None:
    session = opened("binance")
    assert session.check_key().granted == {"enableReading"}
    assert set(session.load(("BTC", "ETH", "XRP"))) == {
        "BTCUSDT", "ETHUSDT", "BTCUSD_PERP", "ETHUSD_261225", "XRP-261225-2.4-P",
    }  # fmt: skip
    linear, inverse, put = session.positions()
    assert (linear.amount, inverse.amount, put.amount) == (Decimal("0.250"), Decimal(-120), Decimal("-2.50"))
    assert coins(put, 2.35) == -250.0  # contracts of 100
    funds = session.funds()
    assert [(each.currency, each.equity) for each in funds.balances] == [
        ("USDT", 10.0),
        ("ETH", 10.0),
        ("USDT", 10_050.5),
    ]
    assert [(each.currency, each.equity) for each in funds.holdings] == [("BTC", 0.5)]
    found = quotes(session, *held(session))
    assert (found["BTCUSDT"].mark, found["ETHUSD_261225"].index) == (90_000.0, 3_002.0)
    option = found["XRP-261225-2.4-P"]
    assert (option.mark, option.index, option.forward, option.iv) == (19.5, 2.35, 2.35, 0.85)
    assert (option.bid, option.ask) == (None, None)
    assert session.gaps == ()


@pytest.mark.parametrize("failure", list(Failure), ids=lambda failure: failure.name)
@pytest.mark.parametrize("venue", VENUES)
def test_a_failed_read_is_never_an_answer(opened: Open, replay: Replay, venue: str, failure: Failure) -> None:
    session = opened(venue)
    session.load(("BTC",))
    name, ticker = TICKERS[venue]
    reads: list[tuple[str, Callable[[], object]]] = [
        (POSITIONS[venue], session.positions),
        *((path, session.funds) for path in FUNDS[venue]),
        (ticker, lambda: session.tickers([name])),
        (TIMES[venue], session.server_time_offset),
        (RIGHTS[venue], session.check_key),
        (LISTS[venue], lambda: session.load(("BTC",))),
    ]
    for path, read in reads[:1] if failure is Failure.SILENT else reads:
        well, replay.answers[path] = replay.answers[path], failure
        before = replay.count(path)
        with pytest.raises(VenueUnreachable) as caught:
            read()
        assert replay.count(path) == before + 1, path  # once: nothing is asked again by itself
        told = "".join(traceback.format_exception(caught.value))
        assert not [word for word in (KEY, SECRET, PASSPHRASE, "signature=") if word in told]
        replay.answers[path] = well
    assert session.instruments  # what was known stays known


@pytest.mark.parametrize("venue", VENUES)
def test_an_empty_account_is_not_a_failed_read(opened: Open, replay: Replay, venue: str) -> None:
    session = opened(venue)
    session.load(("BTC",))
    empty = {
        "okx": {"code": "0", "data": []},
        "bybit": {"retCode": 0, "result": {"list": []}, "time": 1795348800000},
        "binance": [],
    }
    for path in (POSITIONS[venue], "/dapi/v1/positionRisk", "/eapi/v1/position"):
        replay.answers[path] = empty[venue]
    assert session.positions() == ()
    assert session.gaps == ()
    replay.answers[POSITIONS[venue]] = {"code": "0"} if venue != "bybit" else {"retCode": 0, "time": 1}
    with pytest.raises(VenueUnreachable):  # no list is not an empty one
        session.positions()


@pytest.mark.parametrize("venue", VENUES)
def test_an_unknown_instrument_is_reloaded_once_and_then_a_gap_of_the_book(
    opened: Open, replay: Replay, clock: Clock, venue: str
) -> None:
    session = opened(venue)
    full = replay.answers[LISTS[venue]]
    name = {"okx": "BTC-USD-SWAP", "bybit": "BTCUSD", "binance": "ETHUSD_261225"}[venue]
    session.load(("BTC",))
    session.instruments = {known: each for known, each in session.instruments.items() if known != name}
    replay.answers[LISTS[venue]] = _without(venue, full, name)
    asked = replay.count(LISTS[venue])
    for _ in range(3):
        assert name not in held(session)
        (gap,) = session.gaps
        assert (gap.what, gap.reason, gap.underlying) == (name, GapReason.UNKNOWN_INSTRUMENT, None)
        assert gap.detail == f"desk holds {name}, which {venue} does not list"
    reloads = replay.count(LISTS[venue]) - asked
    assert reloads == {"okx": 4, "bybit": 4, "binance": 1}[venue]  # the pages of one reload
    replay.answers[LISTS[venue]] = full
    clock.now += timedelta(minutes=1)
    assert name in held(session)
    assert session.gaps == ()


def _without(venue: str, answer: Any, name: str) -> object:
    """The list of instruments as it was before a name was listed."""
    if venue == "binance":
        return {"symbols": [raw for raw in answer["symbols"] if raw["symbol"] != name]}

    def shortened(query: Any) -> object:
        listed = answer(query)
        holder = listed if venue == "okx" else listed["result"]
        field = "data" if venue == "okx" else "list"
        holder[field] = [raw for raw in holder[field] if name not in (raw.get("instId"), raw.get("symbol"))]
        return listed

    return shortened


def test_options_of_another_base_at_bybit_are_asked_for_when_they_turn_up(
    opened: Open, replay: Replay
) -> None:
    session = opened("bybit")
    session.load(("BTC",))
    assert "ETH-25DEC26-3000-C" not in session.instruments
    assert session.reload_once("ETH-25DEC26-3000-C").strike == 3000.0
    with pytest.raises(UnknownInstrument):
        session.reload_once("SOL-25DEC26-200-C")


@pytest.mark.parametrize("venue", VENUES)
def test_a_base_without_instruments_is_a_failure(opened: Open, venue: str) -> None:
    with pytest.raises(VenueUnreachable, match="no usable instrument of DOGE"):
        opened(venue).load(("BTC", "DOGE"))


def test_pages_that_do_not_end_are_a_failure(opened: Open, replay: Replay) -> None:
    session = opened("bybit")
    session.load(("BTC",))
    replay.answers[POSITIONS["bybit"]] = {
        "retCode": 0, "result": {"list": [], "nextPageCursor": "again"}, "time": 1795348800000,
    }  # fmt: skip
    with pytest.raises(VenueUnreachable, match="do not end"):
        session.positions()
    assert replay.count(POSITIONS["bybit"]) == 2


@pytest.mark.parametrize(
    ("venue", "answer"),
    [
        ("okx", {"code": "0", "data": [{"perm": "read_only,withdraw"}]}),
        ("okx", {"code": "0", "data": [{"perm": ""}]}),
        ("okx", {"code": "0", "data": [{}]}),
        (
            "bybit",
            {"retCode": 0, "result": {"readOnly": 0, "permissions": {"Wallet": ["Withdraw"]}}, "time": 1},
        ),
        ("bybit", {"retCode": 0, "result": {"readOnly": 0, "permissions": {}}, "time": 1}),
        ("bybit", {"retCode": 0, "result": {"permissions": {"Spot": ["SpotTrade"]}}, "time": 1}),
        ("binance", {"enableReading": True, "enableWithdrawals": True}),
        ("binance", {"enableReading": True, "enableWithdrawals": False, "permitsUniversalTransfer": True}),
        ("binance", {"enableReading": True}),
    ],
)
def test_a_key_that_may_move_money_or_says_nothing_is_refused(
    opened: Open, replay: Replay, venue: str, answer: object
) -> None:
    session = opened(venue)
    replay.answers[RIGHTS[venue]] = answer
    with pytest.raises(UnsafeKeyError):
        session.check_key()


@pytest.mark.parametrize(
    ("venue", "answer"),
    [
        ("okx", (401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY"})),
        ("bybit", {"retCode": 10003, "retMsg": "API key is invalid.", "result": {}, "time": 1}),
        ("binance", (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."})),
    ],
)
def test_a_key_that_is_not_accepted(opened: Open, replay: Replay, venue: str, answer: object) -> None:
    session = opened(venue)
    replay.answers[RIGHTS[venue]] = answer
    with pytest.raises(VenueRejected, match="checking the key of desk"):
        session.check_key()


@pytest.mark.parametrize("venue", VENUES)
def test_secrets_that_an_answer_repeats_are_hidden(opened: Open, replay: Replay, venue: str) -> None:
    session = opened(venue)
    body = {"code": -1, "retCode": 9, "msg": f"bad key {KEY} {SECRET} {PASSPHRASE}", "retMsg": KEY}
    replay.answers[POSITIONS[venue]] = (400, body)
    with pytest.raises(VenueUnreachable) as caught:
        session.positions()
    told = "".join(traceback.format_exception(caught.value))
    own = {KEY, SECRET, PASSPHRASE} if venue == "okx" else {KEY, SECRET}  # only OKX has a passphrase
    assert not [secret for secret in own if secret in told]
    assert "[hidden]" in told


def test_a_long_and_a_short_in_one_instrument_are_netted(opened: Open, replay: Replay) -> None:
    session = opened("binance")
    session.load(("BTC",))
    (long,) = replay.answers[POSITIONS["binance"]]  # type: ignore[misc]
    short = long | {"positionAmt": "-0.100", "notional": "-9000", "unRealizedProfit": "-100"}
    replay.answers[POSITIONS["binance"]] = [
        long | {"positionSide": "LONG"},
        short | {"positionSide": "SHORT"},
    ]
    one = session.positions()[0]
    assert (one.amount, one.average_price, one.floating_pnl) == (Decimal("0.150"), None, 400.0)
    replay.answers[POSITIONS["binance"]] = [
        long | {"positionSide": "LONG"},
        short | {"positionAmt": "-0.250", "positionSide": "SHORT"},
    ]
    assert "BTCUSDT" not in held(session)
    assert session.gaps == ()


def test_a_position_that_moved_between_two_pages_is_not_counted_twice(opened: Open, replay: Replay) -> None:
    session = opened("bybit")
    session.load(("BTC",))
    answer = replay.answers[POSITIONS["bybit"]]

    def shifted(query: Any) -> object:
        page = answer(query)  # type: ignore[operator]
        if query["category"] == "inverse" and "cursor" not in query:
            page["result"]["nextPageCursor"] = "page-2"
        return page

    replay.answers[POSITIONS["bybit"]] = shifted
    with pytest.raises(VenueUnreachable, match="BTCUSD was listed twice"):
        session.positions()


@pytest.mark.parametrize(("size", "fine"), [(199, True), (200, False)])
def test_a_full_page_that_does_not_say_how_it_goes_on_is_no_book(
    opened: Open, replay: Replay, size: int, *, fine: bool
) -> None:
    session = opened("bybit")
    session.load(("BTC",))
    flat = [{"symbol": f"X{number}", "size": "0"} for number in range(size)]
    replay.answers[POSITIONS["bybit"]] = {"retCode": 0, "result": {"list": flat}, "time": 1795348800000}
    if fine:
        assert session.positions() == ()
        return
    with pytest.raises(VenueUnreachable, match="nextPageCursor"):
        session.positions()


def test_an_index_that_was_asked_for_first_is_as_old_as_it_is(
    opened: Open, replay: Replay, clock: Clock
) -> None:
    session = opened("okx")
    session.load(("BTC",))
    tickers = replay.answers["/api/v5/market/tickers"]
    asked_at = clock()

    def slowly(query: Any) -> object:
        clock.now += timedelta(seconds=4)
        return tickers(query)  # type: ignore[operator]

    replay.answers["/api/v5/market/tickers"] = slowly
    (quote,) = quotes(session, "BTC-USD-SWAP").values()
    assert quote.received_at == asked_at
    assert quote.touch_received_at == asked_at + timedelta(seconds=4)


def test_a_position_that_cannot_be_read_is_a_gap_of_the_book(opened: Open, replay: Replay) -> None:
    session = opened("okx")
    session.load(("BTC",))
    loan = {"instType": "MARGIN", "instId": "BTC-USDT", "posSide": "net", "pos": "1"}
    replay.answers[POSITIONS["okx"]] = {"code": "0", "data": [loan]}
    assert session.positions() == ()
    (gap,) = session.gaps
    assert (gap.reason, gap.underlying) == (GapReason.IMPLAUSIBLE, None)
    assert "a margin loan shows in the balances" in gap.detail


@pytest.mark.parametrize("venue", VENUES)
def test_the_library_is_a_second_reader_and_never_a_value(opened: Open, venue: str) -> None:
    session = opened(venue)
    session.load(("BTC",))
    before = held(session)
    assert session.gaps == ()
    wrong = {"contracts": 1e6, "side": "long", "bid": 1.0, "delta": 0.0}
    for method in ("parse_position", "parse_position_risk", "parse_option_position", "parse_ticker",
                   "parse_greeks"):  # fmt: skip
        setattr(session._client, method, lambda raw, market: wrong)
    assert held(session) == before
    found = {gap.what: gap for gap in session.gaps}
    assert set(found) == set(before)
    assert all(gap.reason is GapReason.IMPLAUSIBLE and gap.underlying for gap in found.values())
    name, _ = TICKERS[venue]
    assert quotes(session, name)[name].bid == 89_999.0
    assert "bid" in [gap.detail for gap in session.gaps if gap.what == name][-1]


def test_a_library_that_fails_has_read_nothing(opened: Open) -> None:
    session = opened("okx")
    session.load(("BTC",))

    def fails(raw: object, market: object) -> None:
        raise KeyError("contractSize")

    session._client.parse_position = fails
    assert len(held(session)) == 3
    assert session.gaps == ()


def test_one_ticker_that_fails_does_not_hide_the_others_but_three_are_an_outage(
    opened: Open, replay: Replay
) -> None:
    session = opened("bybit")
    session.load(("BTC", "ETH"))
    well: Any = replay.answers["/v5/market/tickers"]
    gone: set[str] = {"BTCUSD"}

    def some(query: Any) -> object:
        if query.get("symbol", query.get("baseCoin")) in gone:
            return {"retCode": 10001, "retMsg": "params error", "result": {}, "time": 1}
        return well(query)

    replay.answers["/v5/market/tickers"] = some
    names = ("BTCUSD", "BTCUSDT", "ETHUSDT", "BTC-25DEC26-90000-P-USDT")
    assert set(quotes(session, *names)) == set(names) - {"BTCUSD"}
    gone |= {"BTCUSDT", "ETHUSDT"}
    with pytest.raises(VenueUnreachable, match="reading the ticker of"):
        session.tickers(names)
    with pytest.raises(VenueUnreachable):
        session.tickers(["BTCUSD"])


@pytest.mark.parametrize("venue", ["bybit", "binance"])
def test_many_instruments_come_in_one_answer(
    opened: Open, replay: Replay, venue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = opened(venue)
    session.load(("BTC", "ETH"))
    one_by_one = quotes(session, *session.instruments)
    monkeypatch.setattr(polled, "FEW", 1)
    replay.requests.clear()
    assert quotes(session, *session.instruments) == one_by_one
    linear = {"bybit": "/v5/market/tickers", "binance": "/fapi/v1/premiumIndex"}[venue]
    asked = [query for path, query, _ in replay.requests if path == linear and "baseCoin" not in query]
    assert [query for query in asked if "symbol" not in query]
    assert len(asked) == {"bybit": 2, "binance": 1}[venue]


def test_a_ticker_of_an_instrument_that_is_not_listed_is_a_gap(opened: Open) -> None:
    session = opened("okx")
    session.load(("BTC",))
    assert session.tickers(["BTC-USD-SWAP", "BTC-USD-NEVER"])[0].instrument == "BTC-USD-SWAP"
    (gap,) = session.gaps
    assert (gap.what, gap.underlying) == ("BTC-USD-NEVER", None)


@pytest.mark.parametrize(
    ("venue", "expected"),
    [
        ("okx", {"BTC-USD", "ETH-USD", "ETH-USDT"}),  # one index serves swaps, futures and options
        ("bybit", {"linear", "inverse", "option"}),
        ("binance", {"linear", "inverse", "option"}),
    ],
)
def test_groups_come_in_few_answers(opened: Open, replay: Replay, venue: str, expected: set[str]) -> None:
    session = opened(venue)
    session.load(("BTC", "ETH"))
    groups = session.ticker_groups([*session.instruments, "NEVER-LISTED"])
    assert sorted(name for group in groups for name in group) == sorted(
        [*session.instruments, "NEVER-LISTED"]
    )
    assert len(groups) == len(expected) + 1
    assert ["NEVER-LISTED"] in groups


def test_a_gap_of_a_quote_lasts_until_it_is_asked_for_again_or_no_longer_held(
    opened: Open, replay: Replay
) -> None:
    session = opened("okx")
    session.load(("BTC",))
    well: Any = replay.answers["/api/v5/public/mark-price"]

    def without_swap(query: Any) -> object:
        return {"code": "0", "data": [raw for raw in well(query)["data"] if raw["instId"] != "BTC-USD-SWAP"]}

    replay.answers["/api/v5/public/mark-price"] = without_swap
    session.tickers(["BTC-USD-SWAP"])
    assert [gap.what for gap in session.gaps] == ["BTC-USD-SWAP"]
    session.tickers(["ETH-USDT-SWAP"])  # about another one
    session.positions()
    assert [gap.what for gap in session.gaps] == ["BTC-USD-SWAP"]
    replay.answers["/api/v5/public/mark-price"] = well
    session.tickers(["BTC-USD-SWAP"])
    assert session.gaps == ()
    replay.answers["/api/v5/public/mark-price"] = without_swap
    session.tickers(["BTC-USD-SWAP"])
    replay.answers[POSITIONS["okx"]] = {"code": "0", "data": []}
    session.positions()
    assert session.gaps == ()


@pytest.mark.parametrize("field", ["markPx", "ts"])
def test_a_quote_that_cannot_be_used_is_a_gap_of_its_underlying(
    opened: Open, replay: Replay, field: str
) -> None:
    session = opened("okx")
    session.load(("BTC",))
    well: Any = replay.answers["/api/v5/public/mark-price"]

    def spoilt(query: Any) -> object:
        return {"code": "0", "data": [{**raw, field: ""} for raw in well(query)["data"]]}

    replay.answers["/api/v5/public/mark-price"] = spoilt
    assert session.tickers(["BTC-USD-SWAP"]) == ()
    (gap,) = session.gaps
    assert (gap.reason, gap.underlying) == (GapReason.IMPLAUSIBLE, "BTC")
    assert field in gap.detail


def test_an_account_of_okx_that_is_margined_by_currency(opened: Open, replay: Replay) -> None:
    session = opened("okx")
    margins = {"imr": "0.5", "mmr": "0.2", "availEq": "1.5"}
    account = {
        "imr": "", "mmr": "", "adjEq": "", "availEq": "",
        "details": [{"ccy": "BTC", "eq": "2"} | margins, {"ccy": "ETH", "eq": "9", "imr": "", "mmr": ""}],
    }  # fmt: skip
    replay.answers["/api/v5/account/balance"] = {"code": "0", "data": [account]}
    funds = session.funds()
    (btc,) = funds.balances
    assert (btc.currency, btc.equity, btc.initial_margin, btc.available) == ("BTC", 2.0, 0.5, 1.5)
    assert (btc.delta_total, btc.delta_black) == ((("BTC", -1.1802),), (("BTC", -1.3077),))
    assert [(each.currency, each.equity) for each in funds.holdings] == [("ETH", 9.0)]  # in one of the two


def test_testnets(clock: Clock) -> None:
    found = {}
    for venue in VENUES:
        session = polled_session(address(venue, None, VenueMode.TESTNET), clock)
        found[venue] = session._client.urls["api"], session._client.headers
        if venue == "binance":
            rights = session.check_key()  # asks nobody
            assert (rights.granted, rights.unverified[:23]) == (frozenset(), "Binance's demo trading ")
        session.close()
    assert found["okx"][1]["x-simulated-trading"] == "1"
    assert found["bybit"][0]["private"] == "https://api-testnet.{hostname}"
    assert found["binance"][0]["fapiPrivateV3"] == "https://demo-fapi.binance.com/fapi/v3"
    assert "eapiPrivate" not in found["binance"][0]


def test_demo_trading_at_binance_has_no_options(opened: Open, replay: Replay) -> None:
    session = opened("binance")
    object.__setattr__(session.address, "mode", VenueMode.TESTNET)
    assert set(session.load(("BTC", "ETH"))) == {"BTCUSDT", "ETHUSDT", "BTCUSD_PERP", "ETHUSD_261225"}
    assert "XRP-261225-2.4-P" not in held(session)
    assert [each.currency for each in session.funds().balances] == ["USDT", "ETH"]
    assert not [path for path, _, _ in replay.requests if path.startswith("/eapi")]


@pytest.mark.parametrize("venue", VENUES)
def test_a_session_that_trades_reads_the_same(replay: Replay, clock: Clock, venue: str) -> None:
    replay.answers = ANSWERS[venue](clock)
    read: list[object] = []
    for opened in (
        polled_session(address(venue, replay.address), clock),
        order_session(address(venue, replay.address), clock, Pacing.UNPACED),
    ):
        opened._client.enableRateLimit = False
        opened.load(("BTC",))
        name = TICKERS[venue][0]
        read.append(
            (opened.instruments, opened.positions(), opened.funds(), opened.tickers([name]), opened.gaps)
        )
        opened.close()
    assert read[0] == read[1]


@pytest.mark.parametrize("venue", VENUES)
def test_no_word_of_the_library_goes_along(opened: Open, replay: Replay, venue: str) -> None:
    session = opened(venue)
    session.load(("BTC",))
    session.positions()
    session.funds()
    for _, query, headers in replay.requests:
        assert "Referer" not in headers
        assert not [value for value in query.values() if "CCXT" in value.upper()]
