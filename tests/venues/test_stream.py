import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import WSMsgType, web

from hedging.model.trading import OrderState
from hedging.venues.deribit import IndexPrice
from hedging.venues.stream import CHUNK, AccountStream, MarketStream, Patience, StreamEvents, StreamState

AT_MS = 1795348800000
QUICK = Patience(answer=0.4, silence=0.6, first_pause=0.02, longest_pause=0.1)


def ticker(name: str = "BTC-PERPETUAL", **changes: object) -> dict[str, object]:
    raw: dict[str, object] = {
        "instrument_name": name,
        "state": "open",
        "timestamp": AT_MS,
        "best_bid_price": 89999.5,
        "best_bid_amount": 100.0,
        "best_ask_price": 90000.0,
        "best_ask_amount": 200.0,
        "mark_price": 89999.9,
        "index_price": 90001.0,
    }
    return raw | changes


class Venue:
    """A websocket that speaks as told; ``requests`` are what arrived, per connection."""

    def __init__(self) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.silent: set[str] = set()
        self.errors: dict[str, dict[str, object]] = {}
        self.refused_channels: set[str] = set()
        self.ignored_channels: set[str] = set()
        self.status: int | None = None
        self.url = ""

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.status is not None:
            return web.Response(status=self.status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        heard: list[dict[str, Any]] = []
        self.requests.append(heard)
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                message = json.loads(frame.data)
                heard.append(message)
                await self._answer(socket, message)
        return socket

    async def _answer(self, socket: web.WebSocketResponse, message: dict[str, Any]) -> None:
        method, channels = message["method"], message["params"].get("channels", [])
        if method in self.silent:
            return
        reply: dict[str, object] = {"result": "ok"}
        if method.endswith("/subscribe"):
            reply = {"result": [channel for channel in channels if channel not in self.ignored_channels]}
        if method == "public/auth":
            reply = {"result": {"access_token": "t", "refresh_token": "r", "scope": "trade:read"}}
        if method in self.errors or self.refused_channels & set(channels):
            reply = {"error": self.errors.get(method, {"code": 13016, "message": "bad channel"})}
        await socket.send_json({"jsonrpc": "2.0", "id": message["id"]} | reply)

    async def push(self, channel: str, data: object) -> None:
        message = {"jsonrpc": "2.0", "method": "subscription", "params": {"channel": channel, "data": data}}
        await self.sockets[-1].send_str(json.dumps(message))

    def channels(self, connection: int = -1) -> list[list[str]]:
        return [
            m["params"]["channels"] for m in self.requests[connection] if m["method"].endswith("/subscribe")
        ]


@pytest.fixture
async def venue() -> AsyncIterator[Venue]:
    fake = Venue()
    application = web.Application()
    application.router.add_get("/ws", fake.serve)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    yield fake
    await runner.cleanup()


class Heard:
    def __init__(self) -> None:
        self.quotes: list[Any] = []
        self.indices: list[IndexPrice] = []
        self.reports: list[Any] = []
        self.fills: list[Any] = []
        self.balances: list[Any] = []
        self.states: list[tuple[StreamState, str]] = []
        self.problems: list[tuple[str, str]] = []
        self.events = StreamEvents(
            on_quote=self.quotes.append,
            on_index=self.indices.append,
            on_report=self.reports.append,
            on_fill=self.fills.append,
            on_balance=self.balances.append,
            on_state=lambda state, why: self.states.append((state, why)),
            on_problem=lambda what, why: self.problems.append((what, why)),
        )

    def count(self, state: StreamState) -> int:
        return sum(entered is state for entered, _ in self.states)


@pytest.fixture
def heard() -> Heard:
    return Heard()


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # polls what another task writes
            await asyncio.sleep(0.01)


@pytest.fixture
async def market(venue: Venue, heard: Heard, kit: Any) -> AsyncIterator[MarketStream]:
    address = kit.paper_address("http://127.0.0.1:9", venue.url)
    stream = MarketStream(address, lambda: datetime.now(UTC), heard.events, QUICK)
    yield stream
    await stream.stop()


@pytest.fixture
async def account(venue: Venue, heard: Heard, kit: Any) -> AsyncIterator[AccountStream]:
    address = kit.paper_address("http://127.0.0.1:9", venue.url)
    stream = AccountStream(address, lambda: datetime.now(UTC), heard.events, ("BTC", "USDC"), QUICK)
    yield stream
    await stream.stop()


async def live(stream: MarketStream | AccountStream) -> None:
    stream.start()
    await until(lambda: stream.state is StreamState.LIVE)


async def test_tickers_and_quotes_become_one_quote(market: MarketStream, venue: Venue, heard: Heard) -> None:
    market.add(["BTC-PERPETUAL"], ["btc_usd"])
    await live(market)
    assert venue.channels() == [
        ["quote.BTC-PERPETUAL", "ticker.BTC-PERPETUAL.100ms", "deribit_price_index.btc_usd"]
    ]
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker())
    touch = {
        key: value
        for key, value in ticker(timestamp=AT_MS + 1, best_bid_price=89999.0).items()
        if "best" in key
    }
    await venue.push(
        "quote.BTC-PERPETUAL", touch | {"instrument_name": "BTC-PERPETUAL", "timestamp": AT_MS + 1}
    )
    await venue.push(
        "deribit_price_index.btc_usd", {"index_name": "btc_usd", "price": 90001.5, "timestamp": AT_MS}
    )
    await until(lambda: heard.indices)
    first, second = heard.quotes
    assert (first.bid, second.bid, second.mark, second.index) == (89999.5, 89999.0, 89999.9, 90001.0)
    assert market.latest == {"BTC-PERPETUAL": second}
    assert heard.indices[0].price == 90001.5
    assert heard.problems == []


async def test_many_instruments_are_subscribed_in_chunks(market: MarketStream, venue: Venue) -> None:
    names = [f"BTC-25DEC26-{strike}-C" for strike in range(350)]
    market.add(names)
    await live(market)
    sizes = [len(channels) for channels in venue.channels()]
    assert sum(sizes) == 700
    assert max(sizes) <= CHUNK


async def test_more_can_be_added_later_once(market: MarketStream, venue: Venue) -> None:
    market.add(["A"])
    await live(market)
    market.add(["A", "B"])
    await until(lambda: len(venue.channels()) == 2)
    assert venue.channels()[1] == ["quote.B", "ticker.B.100ms"]


async def test_nothing_unusable_ends_the_stream(market: MarketStream, venue: Venue, heard: Heard) -> None:
    market.add(["BTC-PERPETUAL"])
    await live(market)
    socket = venue.sockets[-1]
    unusable = [
        "{",
        "not json",
        '{"a": NaN}',
        "[1]",
        "3",
        '{"jsonrpc":"2.0","error":{"code":-32602,"message":"Invalid params"},"id":99999}',
        '{"jsonrpc":"2.0","error":{"code":1,"message":"no id"}}',
        '{"jsonrpc":"2.0","method":"subscription","params":{}}',
        '{"jsonrpc":"2.0","method":"subscription"}',
        '{"jsonrpc":"2.0","method":"heartbeat"}',
        '{"jsonrpc":"2.0","id":[1],"result":{}}',
    ]
    for text in unusable:
        await socket.send_str(text)
    await socket.send_bytes(b"\xff\xfe")
    await venue.push("chart.trades.X", {})
    await venue.push("ticker.BTC-PERPETUAL.100ms", [1])
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(mark_price=-1))
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(instrument_name="ETH-PERPETUAL"))
    await venue.push("quote.BTC-PERPETUAL", ticker(best_bid_price=0))
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(mark_price="89999.9"))
    await until(lambda: heard.quotes)
    assert [quote.mark for quote in heard.quotes] == [89999.9]
    assert heard.count(StreamState.LOST) == 0
    named = [why for what, why in heard.problems if what == "BTC-PERPETUAL"]
    assert [
        word in why for word, why in zip(["object", "mark_price", "ETH", "best_bid"], named, strict=True)
    ] == [True] * 4
    assert len(heard.problems) > len(named)


async def test_a_listener_that_fails_does_not_end_the_stream(
    market: MarketStream, venue: Venue, heard: Heard
) -> None:
    failing = iter([True, False])
    plain = heard.quotes.append

    def on_quote(quote: Any) -> None:
        if next(failing):
            raise ZeroDivisionError("listener")
        plain(quote)

    object.__setattr__(heard.events, "on_quote", on_quote)
    market.add(["BTC-PERPETUAL"])
    await live(market)
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker())
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(timestamp=AT_MS + 1))
    await until(lambda: heard.quotes)
    assert heard.problems == [("frame", "ZeroDivisionError: listener")]


async def test_listeners_of_states_and_problems_may_fail_too(
    venue: Venue, kit: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    quotes: list[Any] = []
    events = StreamEvents(on_quote=quotes.append, on_state=fail, on_problem=fail)
    address = kit.paper_address("http://127.0.0.1:9", venue.url)
    stream = MarketStream(address, lambda: datetime.now(UTC), events, QUICK)
    stream.add(["BTC-PERPETUAL"])
    await live(stream)
    await venue.sockets[-1].send_str("{")
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(mark_price=0))
    await venue.sockets[-1].close()
    await until(lambda: len(venue.sockets) == 2 and stream.state is StreamState.LIVE)
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker())
    await until(lambda: quotes)
    await stream.stop()
    assert "a listener of a stream failed" in caplog.text


async def test_a_ticker_overtaken_by_a_newer_one_is_dropped(
    market: MarketStream, venue: Venue, heard: Heard
) -> None:
    market.add(["BTC-PERPETUAL"])
    await live(market)
    for at, mark in ((AT_MS + 200, 2.0), (AT_MS + 100, 1.0), (AT_MS + 200, 3.0)):
        await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(timestamp=at, mark_price=mark))
    await until(lambda: len(heard.quotes) == 2)
    await asyncio.sleep(0.05)
    assert [quote.mark for quote in heard.quotes] == [2.0, 3.0]


async def test_a_closed_connection_is_made_again(market: MarketStream, venue: Venue, heard: Heard) -> None:
    market.add(["BTC-PERPETUAL"])
    await live(market)
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(timestamp=AT_MS + 9000))
    await until(lambda: heard.quotes)
    await venue.sockets[-1].close()
    await until(lambda: heard.count(StreamState.LIVE) == 2)
    assert [why for state, why in heard.states if state is StreamState.LOST] == [
        "closed by the exchange (1000)"
    ]
    assert venue.channels(0) == venue.channels(1)
    assert market.latest == {}
    await venue.push("ticker.BTC-PERPETUAL.100ms", ticker())  # older than before the break: a new start
    await until(lambda: len(heard.quotes) == 2)


async def test_a_silent_connection_is_made_again(market: MarketStream, venue: Venue, heard: Heard) -> None:
    market.add(["BTC-PERPETUAL"])
    await live(market)
    await until(lambda: heard.count(StreamState.LIVE) == 2)
    lost = [why for state, why in heard.states if state is StreamState.LOST]
    assert lost[0].startswith("nothing received for ")


async def test_pushes_keep_it_alive(market: MarketStream, venue: Venue, heard: Heard) -> None:
    market.add(["BTC-PERPETUAL"])
    await live(market)
    for step in range(15):
        await venue.push("ticker.BTC-PERPETUAL.100ms", ticker(timestamp=AT_MS + step))
        await asyncio.sleep(0.1)
    assert heard.count(StreamState.LOST) == 0


@pytest.mark.parametrize("method", ["public/set_heartbeat", "public/subscribe"])
async def test_a_venue_that_does_not_answer_is_left(
    market: MarketStream, venue: Venue, heard: Heard, method: str
) -> None:
    venue.silent.add(method)
    market.add(["A"])
    market.start()
    await until(lambda: heard.count(StreamState.LOST) == 1)
    assert heard.states[-1][1] == f"{method}: no answer within 0.4 s"
    venue.silent.clear()
    await until(lambda: market.state is StreamState.LIVE)


async def test_a_venue_that_is_down_is_tried_again(market: MarketStream, venue: Venue, heard: Heard) -> None:
    venue.status = 503
    market.start()
    await until(lambda: heard.count(StreamState.LOST) >= 3)
    assert "503" in heard.states[-1][1] or "503" in heard.states[-2][1]
    venue.status = None
    await until(lambda: market.state is StreamState.LIVE)


async def test_nobody_listening_on_the_port(heard: Heard, kit: Any, unused_port: int) -> None:
    address = kit.paper_address("http://127.0.0.1:9", f"ws://127.0.0.1:{unused_port}/ws")
    stream = MarketStream(address, lambda: datetime.now(UTC), heard.events, QUICK)
    stream.start()
    await until(lambda: heard.count(StreamState.LOST) >= 2)
    await stream.stop()
    assert stream.state is StreamState.STOPPED


async def test_one_bad_channel_does_not_cost_the_others(
    market: MarketStream, venue: Venue, heard: Heard
) -> None:
    venue.refused_channels = {"quote.GONE", "ticker.GONE.100ms"}
    venue.ignored_channels = {"quote.B"}
    market.add(["A", "GONE", "B", "C"])
    await live(market)
    assert sorted(what for what, _ in heard.problems) == ["quote.B", "quote.GONE", "ticker.GONE.100ms"]
    assert {"13016" in why for what, why in heard.problems if "GONE" in what} == {True}
    accepted = {
        c for channels in venue.channels() for c in channels if not venue.refused_channels & set(channels)
    }
    assert accepted == {f"quote.{name}" for name in "ABC"} | {f"ticker.{name}.100ms" for name in "ABC"}


async def test_a_test_request_is_answered(market: MarketStream, venue: Venue) -> None:
    await live(market)
    await venue.sockets[-1].send_json(
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}}
    )
    await until(lambda: venue.requests[-1][-1]["method"] == "public/test")


async def test_own_orders_trades_and_balances(
    account: AccountStream, venue: Venue, heard: Heard, kit: Any
) -> None:
    await live(account)
    methods = [message["method"] for message in venue.requests[-1]]
    assert methods == ["public/set_heartbeat", "public/auth", "private/subscribe"]
    assert venue.channels() == [
        ["user.orders.any.any.raw", "user.trades.any.any.raw", "user.portfolio.btc", "user.portfolio.usdc"]
    ]
    summary = {
        "currency": "BTC",
        "equity": 1.0,
        "available_funds": 1.0,
        "initial_margin": 0.0,
        "maintenance_margin": 0.0,
        "delta_total": 0.25,
    }
    await venue.push("user.orders.any.any.raw", kit.raw_order())
    await venue.push("user.orders.any.any.raw", [kit.raw_order(order_state="open", filled_amount=0)])
    await venue.push(
        "user.trades.any.any.raw", [kit.raw_trade(), kit.raw_trade(price=0), kit.raw_trade(trade_id="T-2")]
    )
    await venue.push("user.portfolio.btc", summary)
    await until(lambda: heard.balances)
    assert [report.state for report in heard.reports] == [OrderState.FILLED, OrderState.ACKED]
    assert [fill.trade_id for fill in heard.fills] == ["T-1", "T-2"]
    assert heard.fills[0].account == "desk"
    assert heard.balances[0].delta_total == (("BTC", 0.25),)
    assert [what for what, _ in heard.problems] == ["user.trades.any.any.raw"]


async def test_a_quiet_account_is_not_dead(account: AccountStream, heard: Heard) -> None:
    await live(account)
    await asyncio.sleep(1.5)  # longer than a market may be silent
    assert heard.count(StreamState.LOST) == 0


async def test_a_refused_key_is_told_without_the_key(
    account: AccountStream, venue: Venue, heard: Heard, kit: Any
) -> None:
    venue.errors["public/auth"] = {"code": 13004, "message": "invalid_credentials"}
    account.start()
    await until(lambda: heard.count(StreamState.LOST) == 2)
    reasons = " ".join(why for _, why in heard.states)
    assert "signing in: 13004 invalid_credentials" in reasons
    assert kit.KEY not in reasons
    assert kit.SECRET not in reasons
    assert kit.SECRET not in json.dumps(venue.requests)


def test_pauses_grow_with_jitter_and_end() -> None:
    patience = Patience(first_pause=0.25, longest_pause=15.0)
    for failures, longest in ((0, 0.25), (1, 0.5), (4, 4.0), (6, 15.0), (10**6, 15.0)):
        pauses = {patience.pause(failures) for _ in range(50)}
        assert longest / 2 <= min(pauses) <= max(pauses) <= longest
        assert len(pauses) > 40
