"""Faults of the stream: what comes twice, late, out of order, never; and REST that lags behind it."""

import asyncio
import contextlib
import json
import threading
import time
from itertools import pairwise

import aiohttp
import pytest
from paper_wire import BTC

QUOTE, BOOK, ORDERS = f"quote.{BTC}", f"book.{BTC}.100ms", "user.orders.any.any.raw"


class Listener:
    """A subscription on a thread of its own: every message with the time it came."""

    def __init__(self, wire, *channels):
        self.wire, self.channels, self.heard, self.answers = wire, channels, [], 0
        self.subscribed, self.over = threading.Event(), False
        self.thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)
        self.thread.start()
        assert self.subscribed.wait(10)

    async def _listen(self):
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self.wire.paper.ws, max_msg_size=0) as ws,
        ):
            for number, (method, params) in enumerate(
                [("public/auth", self.wire.credentials), ("private/subscribe", {"channels": self.channels})]
            ):
                await ws.send_json({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            asked = time.monotonic()
            while not self.over:
                with contextlib.suppress(TimeoutError):
                    self._take(json.loads((await asyncio.wait_for(ws.receive(), 0.1)).data))
                if time.monotonic() > asked + 0.3:
                    asked = time.monotonic()
                    await ws.send_json({"jsonrpc": "2.0", "id": 9, "method": "public/test", "params": {}})

    def _take(self, frame):
        if frame.get("id") == 1:
            self.subscribed.set()
        if "params" in frame:
            self.heard.append((time.time(), frame["params"]["channel"], frame["params"]["data"]))
        elif frame.get("id") == 9:
            self.answers += 1

    def since(self, channel, begin=0):
        return [(at, data) for at, name, data in self.heard[begin:] if name == channel]

    def wait(self, found, seconds=6.0):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if found():
                return
            time.sleep(0.02)
        raise AssertionError([name for _, name, _ in self.heard[-20:]])

    def close(self):
        self.over = True
        self.thread.join(5)


@pytest.fixture
def listening(wire):
    opened = []

    def listen(*channels):
        opened.append(Listener(wire, *channels))
        return opened[-1]

    yield listen
    for listener in opened:
        listener.close()


def silence(listener, channel, seconds=0.7):
    """Whether nothing comes on a channel, while the connection answers."""
    time.sleep(0.15)  # what left before the switch
    begin, answers = len(listener.heard), listener.answers
    time.sleep(seconds)
    assert listener.answers > answers, "the connection is up"
    return not listener.since(channel, begin)


def speaks(listener, channel):
    begin = len(listener.heard)
    listener.wait(lambda: listener.since(channel, begin))


def test_stale_feed(wire, listening):
    listener = listening(QUOTE, ORDERS)
    speaks(listener, QUOTE)
    wire.control.set_fault("stale_feed", rest=True)
    assert silence(listener, QUOTE)
    assert wire.ticker() == wire.ticker(), "REST repeats itself"
    begin = len(listener.heard)
    wire.order("sell", "sf")
    listener.wait(lambda: listener.since(ORDERS, begin))
    wire.control.clear_faults()
    speaks(listener, QUOTE)


def test_silent_stream(wire, listening):
    listener = listening(QUOTE, ORDERS, "user.portfolio.btc")
    speaks(listener, "user.portfolio.btc")
    wire.control.set_fault("silent_stream")
    wire.order("sell", "ss")
    begin = len(listener.heard)
    assert all(silence(listener, channel, 0.5) for channel in (QUOTE, ORDERS, "user.portfolio.btc"))
    wire.control.set_fault("silent_stream", channels="account")
    wire.order("sell", "ss 2")
    speaks(listener, QUOTE)
    assert not listener.since(ORDERS, begin)
    wire.control.clear_faults()
    wire.order("sell", "ss 3")
    listener.wait(lambda: [data for _, data in listener.since(ORDERS, begin) if data["label"] == "ss 3"])


def told(listener, label):
    return [data for _, data in listener.since(ORDERS) if data["label"] == label]


def test_duplicated_messages(wire, listening):
    listener = listening(ORDERS)
    wire.control.set_fault("duplicated_messages", channels="account")
    wire.order("sell", "dm")
    listener.wait(lambda: len(told(listener, "dm")) == 2)
    assert told(listener, "dm")[0] == told(listener, "dm")[1]
    wire.control.clear_faults()
    wire.order("sell", "dm off")
    listener.wait(lambda: told(listener, "dm off"))
    assert len(told(listener, "dm off")) == 1


def test_delayed_messages(wire, listening):
    listener = listening(ORDERS)
    wire.control.set_fault("delayed_messages", delay=0.6)
    sent = time.time()
    wire.order("sell", "de 1")
    wire.order("sell", "de 2")
    listener.wait(lambda: told(listener, "de 2"))
    came = [(at, data["label"]) for at, data in listener.since(ORDERS)]
    assert [label for _, label in came] == ["de 1", "de 2"]
    assert came[0][0] - sent >= 0.6
    wire.control.clear_faults()
    sent = time.time()
    wire.order("sell", "de off")
    listener.wait(lambda: told(listener, "de off"))
    assert listener.since(ORDERS)[-1][0] - sent < 0.5


def test_reordered_messages(wire, listening):
    listener = listening(ORDERS)
    wire.control.set_fault("reordered_messages", channels="account", behind=0.5)
    wire.order("sell", "ro 1")
    wire.order("sell", "ro 2")
    listener.wait(lambda: len(listener.since(ORDERS)) == 2)
    assert [data["label"] for _, data in listener.since(ORDERS)] == ["ro 2", "ro 1"]
    wire.control.clear_faults()
    wire.order("sell", "ro 3")
    wire.order("sell", "ro 4")
    listener.wait(lambda: len(listener.since(ORDERS)) == 4)
    assert [data["label"] for _, data in listener.since(ORDERS)][2:] == ["ro 3", "ro 4"]


def test_lost_messages(wire, listening):
    listener = listening(ORDERS, QUOTE)
    wire.control.set_fault("lost_messages", channels="account")
    assert wire.order("sell", "lm")["order"]["order_state"] == "filled"
    speaks(listener, QUOTE)
    wire.control.clear_faults()
    wire.order("sell", "lm off")
    listener.wait(lambda: told(listener, "lm off"))
    assert not told(listener, "lm")


def followed(changes):
    """Whether each change follows the one before it."""
    return [after["prev_change_id"] == before["change_id"] for before, after in pairwise(changes)]


def test_sequence_gap(wire, listening):
    listener = listening(BOOK)
    listener.wait(lambda: len(listener.since(BOOK)) >= 4)
    assert all(followed([data for _, data in listener.since(BOOK)]))
    begin = len(listener.heard)
    wire.control.set_fault("sequence_gap", every=2)
    listener.wait(lambda: len(listener.since(BOOK, begin)) >= 4)
    assert not all(followed([data for _, data in listener.since(BOOK, begin)]))
    wire.control.clear_faults()
    begin = len(listener.heard)
    listener.wait(lambda: len(listener.since(BOOK, begin)) >= 4)
    assert all(followed([data for _, data in listener.since(BOOK, begin)])[1:])


def test_lost_snapshot(wire, listening):
    wire.control.set_fault("lost_snapshot")
    listener = listening(BOOK)
    listener.wait(lambda: len(listener.since(BOOK)) >= 2)
    assert {data["type"] for _, data in listener.since(BOOK)} == {"change"}
    wire.control.clear_faults()
    listener = listening(BOOK)
    listener.wait(lambda: listener.since(BOOK))
    assert listener.since(BOOK)[0][1]["type"] == "snapshot"


def read_index(wire):
    return wire.ask("public/get_index_price", index_name="btc_usd")["index_price"]


def test_rest_behind_stream(wire, listening):
    listener = listening(ORDERS)
    before = wire.ask("private/get_position", instrument_name=BTC)["size"]
    index = read_index(wire)
    wire.control.set_fault("rest_behind_stream", age=1.0)
    label = "rb"
    wire.order("sell", label, 1000)
    wire.control.price_shock("BTC", -0.05)
    listener.wait(lambda: told(listener, label))
    assert wire.ask("private/get_position", instrument_name=BTC)["size"] == before
    assert wire.ask("private/get_order_state_by_label", currency="BTC", label=label) == []
    assert read_index(wire) == pytest.approx(index, rel=0.01)
    assert time.time() - wire.ticker()["timestamp"] / 1000 > 0.9
    time.sleep(1.2)
    assert wire.ask("private/get_position", instrument_name=BTC)["size"] == before - 1000
    wire.order("sell", label, 1000)
    assert len(wire.ask("private/get_order_state_by_label", currency="BTC", label=label)) == 1
    wire.control.clear_faults()
    assert len(wire.ask("private/get_order_state_by_label", currency="BTC", label=label)) == 2
    assert read_index(wire) < 0.97 * index
    wire.control.price_shock("BTC", 1 / 0.95 - 1)
