"""A paper exchange that notes, on one monotonic clock, when a new price left it and when an order came in."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web, web_protocol

from hedging.clock import monotonic_ns
from hedging.paper.server import PaperServer

ORDER_REQUESTS = (b"GET /api/v2/private/buy", b"GET /api/v2/private/sell", b"POST /api/v2/private/")


@dataclass(slots=True)
class Passage:
    """From one shock to the order it causes; monotonic nanoseconds, 0 while it has not happened.

    ``first_tick_ns``: the first frame with a price from after the shock was handed to the client's socket,
    of an instrument the hedge depends on; ``last_tick_ns``: the first such frame of the last of them.
    """

    shocked_ns: int
    shocked_at_ms: int
    first_tick_ns: int = 0
    last_tick_ns: int = 0
    order_ns: int = 0
    seen: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        """Whether the order has come."""
        return self.order_ns > 0


class _Data(msgspec.Struct):
    timestamp: int = 0
    instrument_name: str = ""


class _Parameters(msgspec.Struct):
    data: _Data


class _Push(msgspec.Struct):
    params: _Parameters


class Watcher:
    """Watches the wires of one exchange for the passage that is open."""

    def __init__(self, server: PaperServer, names: frozenset[str]) -> None:
        self._server = server
        self._names = names
        self._push = msgspec.json.Decoder(_Push)
        self._open: Passage | None = None

    def shock(self, underlying: str, relative: float) -> Passage:
        """Move the price and open a passage; the one before it is closed."""
        self._open = Passage(monotonic_ns(), self._server.exchange.now_ms)
        self._server.exchange.market.price_shock(underlying, relative)
        return self._open

    def sent(self, frame: bytes) -> None:
        """A frame is being handed to a client's socket."""
        passage = self._open
        if passage is None or passage or not frame.startswith(b'{"jsonrpc":"2.0","method":"subs'):
            return
        if b'"channel":"ticker.' not in frame[:90] and b'"channel":"quote.' not in frame[:90]:
            return
        data = self._push.decode(frame).params.data
        if data.timestamp < passage.shocked_at_ms or data.instrument_name not in self._names:
            return
        now = monotonic_ns()
        passage.first_tick_ns = passage.first_tick_ns or now
        if data.instrument_name not in passage.seen:
            passage.seen.add(data.instrument_name)
            passage.last_tick_ns = now

    def received(self, data: bytes) -> None:
        """Bytes of an HTTP request arrived."""
        if self._open is not None and not self._open and data.startswith(ORDER_REQUESTS):
            self._open.order_ns = monotonic_ns()


@contextmanager
def watched(server: PaperServer, names: frozenset[str]) -> Iterator[Watcher]:
    """Watch a server of this process: its websocket frames out, its HTTP bytes in."""
    watcher = Watcher(server, names)
    send, receive = web.WebSocketResponse.send_frame, web_protocol.RequestHandler.data_received

    async def send_frame(self: web.WebSocketResponse, message: bytes, *rest: Any) -> None:
        watcher.sent(message)
        await send(self, message, *rest)

    def data_received(self: web_protocol.RequestHandler, data: bytes) -> None:
        watcher.received(data)
        receive(self, data)

    with (
        _replaced(web.WebSocketResponse, "send_frame", send_frame),
        _replaced(web_protocol.RequestHandler, "data_received", data_received),
    ):
        yield watcher


@contextmanager
def _replaced(owner: type, name: str, value: object) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def machine() -> dict[str, object]:
    """What the figures were measured on, for the rows."""
    return {"cores": os.cpu_count(), "load_1min": round(os.getloadavg()[0], 1)}
