"""The websocket as Deribit speaks it: subscriptions, increments, heartbeat, cancel-on-disconnect."""

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace

import aiohttp
import pytest

from hedging.paper import websocket
from hedging.paper.auth import sign
from hedging.paper.channels import parse_channel
from hedging.paper.listing import listings

WAIT_SECONDS = 8


class Line:
    """A JSON-RPC conversation."""

    def __init__(self, ws):
        self.ws, self.number, self.pushed = ws, 0, []

    async def receive(self):
        return await asyncio.wait_for(self.ws.receive_json(), WAIT_SECONDS)

    async def call(self, method, **params):
        self.number += 1
        await self.ws.send_json({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        while True:
            frame = await self.receive()
            if frame.get("id") == self.number:
                return frame
            self.pushed.append(frame)

    async def push(self, channel):
        while True:
            frame = self.pushed.pop(0) if self.pushed else await self.receive()
            if frame.get("params", {}).get("channel") == channel:
                return frame["params"]["data"]

    async def login(self, key):
        return await self.call(
            "public/auth", grant_type="client_credentials", client_id=key.key, client_secret=key.secret
        )


@asynccontextmanager
async def line_to(paper):
    async with aiohttp.ClientSession() as session, session.ws_connect(paper.ws, max_msg_size=0) as ws:
        yield Line(ws)


async def test_every_way_to_log_in(shared_paper):
    key = shared_paper.key("trader")
    async with line_to(shared_paper) as line:
        assert (await line.call("private/get_positions"))["error"]["code"] == 13009
        first = (await line.login(key))["result"]
        assert "trade:read_write" in first["scope"].split()
        assert (await line.call("private/get_positions"))["result"]
        again = await line.call(
            "public/auth", grant_type="refresh_token", refresh_token=first["refresh_token"]
        )
        assert again["result"]["access_token"] != first["access_token"]
        server_time = (await line.call("public/get_time"))["usIn"] // 1000
        signed = {"timestamp": server_time, "nonce": "n", "data": ""}
        signature = sign(key.secret, f"{server_time}\nn\n")
        good = {"grant_type": "client_signature", "client_id": key.key, **signed}
        assert "result" in await line.call("public/auth", **good, signature=signature)
        assert (await line.call("public/auth", **good, signature="0"))["error"]["code"] == 13004
        stale = sign(key.secret, "1\nn\n")
        old = await line.call("public/auth", **{**good, "timestamp": 1}, signature=stale)
        assert old["error"]["code"] == 13009


async def test_unknown_channels_are_left_out_and_bad_frames_get_an_error(shared_paper):
    async with line_to(shared_paper) as line:
        names = ["ticker.BTC-PERPETUAL.100ms", "ticker.DOGE.100ms", "nonsense", "book.BTC-PERPETUAL.1s"]
        assert (await line.call("public/subscribe", channels=names))["result"] == names[:1]
        refused = await line.call("public/subscribe", channels=["user.orders.any.any.raw"])
        assert refused["error"]["code"] == -32602
        assert (await line.call("private/subscribe", channels=["user.orders.any.any.raw"]))["error"]
        assert (await line.call("public/nothing"))["error"]["code"] == -32601
        await line.ws.send_str("{not json")
        while "error" not in (frame := await line.receive()):
            pass
        assert frame["error"]["code"] == -32700
        assert (await line.call("public/unsubscribe", channels=names))["result"] == names[:1]


async def test_the_book_is_a_snapshot_and_gapless_increments(shared_paper):
    channel = "book.BTC-PERPETUAL.100ms"
    async with line_to(shared_paper) as line:
        await line.call("public/subscribe", channels=[channel])
        snapshot = await line.push(channel)
        assert snapshot["type"] == "snapshot"
        book = {side: {price: amount for _, price, amount in snapshot[side]} for side in ("bids", "asks")}
        last, seen = snapshot["change_id"], set()
        for _ in range(15):
            change = await line.push(channel)
            assert (change["type"], change["prev_change_id"]) == ("change", last)
            last = change["change_id"]
            for side in ("bids", "asks"):
                for action, price, amount in change[side]:
                    seen.add(action)
                    assert (price in book[side]) is (action != "new")
                    if action == "delete":
                        del book[side][price]
                    else:
                        book[side][price] = amount
            assert max(book["bids"]) < min(book["asks"])
        assert "new" in seen
        assert "delete" in seen
        rest = (await line.call("public/get_order_book", instrument_name="BTC-PERPETUAL", depth=1))["result"]
        assert max(book["bids"]) == pytest.approx(rest["bids"][0][0], rel=1e-3)


async def test_a_private_call_over_the_socket_and_its_messages(shared_paper):
    channels = ["user.orders.any.any.raw", "user.trades.any.any.raw", "user.changes.BTC-PERPETUAL.raw"]
    async with line_to(shared_paper) as line:
        await line.login(shared_paper.key("trader"))
        assert (await line.call("private/subscribe", channels=channels))["result"] == channels
        placed = await line.call(
            "private/sell", instrument_name="BTC-PERPETUAL", amount=10, type="market", label="socket"
        )
        order_id = placed["result"]["order"]["order_id"]
        assert (await line.push(channels[0]))["order_id"] == order_id
    async with line_to(shared_paper) as line:
        await line.login(shared_paper.key("trader"))
        await line.call("private/subscribe", channels=[*channels, "user.portfolio.btc"])
        await line.call("private/buy", instrument_name="BTC-PERPETUAL", amount=10, type="market")
        changes = await line.push(channels[2])
        assert [row["amount"] for row in changes["trades"]] == [10.0]
        assert changes["positions"][0]["instrument_name"] == "BTC-PERPETUAL"
        assert (await line.push("user.portfolio.btc"))["currency"] == "BTC"


async def test_orders_end_with_the_socket_that_asked_for_it(paper):
    far = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "limit"}
    async with line_to(paper) as line:
        await line.login(paper.key("trader"))
        price = (await line.call("public/ticker", instrument_name="BTC-PERPETUAL"))["result"]["min_price"]
        await line.call("private/buy", **far, price=price, label="stays")
    async with line_to(paper) as line:
        await line.login(paper.key("trader"))
        assert (await line.call("private/enable_cancel_on_disconnect"))["result"] == "ok"
        await line.call("private/buy", **far, price=price, label="goes")
    async with line_to(paper) as line:
        await line.login(paper.key("trader"))
        for _ in range(40):
            rows = (await line.call("private/get_open_orders"))["result"]
            if len(rows) == 1:
                break
            await asyncio.sleep(0.05)
        assert [row["label"] for row in rows] == ["stays"]


async def test_heartbeats_are_asked_for_and_silence_is_punished(paper, monkeypatch):
    async with line_to(paper) as line:
        short = await line.call("public/set_heartbeat", interval=5)
        assert short["error"]["code"] == -32602
        await line.call("public/set_heartbeat", interval=10)
        real = websocket.monotonic_ns
        monkeypatch.setattr(websocket, "monotonic_ns", lambda: real() + 11_000_000_000)
        kinds = [(await line.receive())["params"]["type"] for _ in range(2)]
        assert kinds == ["heartbeat", "test_request"]
        monkeypatch.setattr(websocket, "monotonic_ns", lambda: real() + 22_000_000_000)
        ended = await asyncio.wait_for(line.ws.receive(), WAIT_SECONDS)
        assert ended.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)


async def test_a_reader_that_is_too_slow_is_cut_off(monkeypatch):
    monkeypatch.setattr(websocket, "QUEUE_BYTES", 1000)
    transport = SimpleNamespace(aborted=False)
    transport.abort = lambda: setattr(transport, "aborted", True)
    socket = websocket.Socket(None, SimpleNamespace(transport=transport), None)
    for _ in range(10):
        socket.push(b"x" * 100)
    assert not transport.aborted
    socket.push(b"x")
    assert transport.aborted


async def test_a_stale_feed_is_silent_while_the_socket_answers(paper):
    channel = "ticker.BTC-PERPETUAL.100ms"
    async with line_to(paper) as line:
        await line.call("public/subscribe", channels=[channel])
        await line.push(channel)
        await asyncio.to_thread(paper.control.set_fault, "stale_feed", rest=True)
        await asyncio.sleep(0.2)
        first = (await line.call("public/ticker", instrument_name="BTC-PERPETUAL"))["result"]["timestamp"]
        line.pushed.clear()
        await asyncio.sleep(0.5)
        second = (await line.call("public/ticker", instrument_name="BTC-PERPETUAL"))["result"]["timestamp"]
        assert (line.pushed, second) == ([], first)
        await asyncio.to_thread(paper.control.clear_faults)
        assert (await line.push(channel))["timestamp"] > first


async def test_shocks_reach_every_ticker_at_once(paper):
    names = [f"ticker.{name}.100ms" for name in list(paper.server.exchange.market.listings)[:30]]
    async with line_to(paper) as line:
        await line.call("public/subscribe", channels=names)
        await line.push(names[0])
        before = paper.server.exchange.market.index("btc_usd")
        await asyncio.to_thread(paper.control.price_shock, "BTC", -0.1)
        heard = set()
        async with asyncio.timeout(2):
            while len(heard) < len(names):
                frame = line.pushed.pop(0) if line.pushed else await line.receive()
                data = frame["params"]["data"]
                if data["index_price"] < 0.95 * before:
                    heard.add(frame["params"]["channel"])


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("ticker.BTC-PERPETUAL.raw", "BTC-PERPETUAL"),
        ("quote.BTC_USDC", "BTC_USDC"),
        ("deribit_price_index.btc_usd", "btc_usd"),
        ("user.changes.option.BTC.100ms", "option.BTC"),
        ("user.portfolio.any", "ANY"),
        ("ticker.BTC-PERPETUAL", None),
        ("book.any.any.raw", None),
        ("deribit_price_index.doge_usd", None),
        ("user.orders.spread.any.raw", None),
    ],
)
def test_channel_names(name, subject):
    listed = {row.name: row for row in listings(1_795_348_800 * 10**9, {"BTC": 1e5, "ETH": 4e3})}
    channel = parse_channel(name, listed)
    assert (channel.subject if channel else None) == subject
