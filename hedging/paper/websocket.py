"""One websocket connection: calls in, answers and messages out, a queue that a slow reader overruns."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import count

import msgspec
from aiohttp import WSMessage, WSMsgType, web

from hedging.clock import monotonic_ns
from hedging.paper.auth import ApiKey
from hedging.paper.dispatch import Answer, Dispatcher, Origin, error_of, parse_frame
from hedging.paper.exchange import Exchange
from hedging.paper.faults.calls import Wire
from hedging.paper.hub import Hub
from hedging.paper.refusal import Refused

QUEUE_BYTES = 8_000_000
"""A connection that leaves more than this unread is closed."""

_numbers = count(1)


class Socket:
    """A client's websocket. It is its own writer: everything leaves through one queue, in order."""

    def __init__(self, response: web.WebSocketResponse, request: web.Request, hub: Hub) -> None:
        self.number = next(_numbers)
        self._response = response
        self._request = request
        self._hub = hub
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._more = asyncio.Event()
        self._key: ApiKey | None = None
        self._cancels = False
        self._heartbeat_ns: int | None = None
        self._asked_ns: int | None = None
        self._heard_ns = monotonic_ns()

    # --- what methods may do ---------------------------------------------------------------------

    @property
    def key(self) -> ApiKey | None:
        """Key that is logged in."""
        return self._key

    @property
    def account(self) -> str | None:
        """Account that is logged in."""
        return self._key.account if self._key else None

    @property
    def cancels_on_disconnect(self) -> bool:
        """Whether its orders end with it."""
        return self._cancels

    def login(self, key: ApiKey) -> None:
        """Make ``key`` the connection's own."""
        self._key = key

    def cancel_on_disconnect(self, *, on: bool) -> None:
        """Cancel this connection's orders when it ends."""
        self._cancels = on

    def heartbeat(self, seconds: int | None) -> None:
        """Ask for a sign of life every so often, or no longer."""
        self._heartbeat_ns = None if seconds is None else seconds * 1_000_000_000
        self._asked_ns = None

    def subscribe(self, channels: list[str]) -> list[str]:
        """Add channels."""
        return self._hub.subscribe(self, channels)

    def unsubscribe(self, channels: list[str] | None) -> list[str]:
        """Take channels off, or all."""
        return self._hub.unsubscribe(self, channels)

    # --- the wire --------------------------------------------------------------------------------

    def push(self, frame: bytes) -> None:
        """Queue a message; a reader that is too slow is cut off."""
        self._queue.append(frame)
        self._queued_bytes += len(frame)
        self._more.set()
        if self._queued_bytes > QUEUE_BYTES:
            self.abort()

    def abort(self) -> None:
        """Tear the connection down."""
        self._queue.clear()
        self._queued_bytes = 0
        if self._request.transport is not None:
            self._request.transport.abort()

    async def write(self) -> None:
        """Send what is queued until cancelled or disconnected."""
        while not self._response.closed:
            await self._more.wait()
            self._more.clear()
            while self._queue:
                frame = self._queue.popleft()
                self._queued_bytes -= len(frame)
                try:
                    await self._response.send_frame(frame, WSMsgType.TEXT)
                except ConnectionError:
                    return

    def beat(self) -> None:
        """Keep the heartbeat: ask the client, and drop it when it does not answer within another period."""
        if self._heartbeat_ns is None:
            return
        now = monotonic_ns()
        if self._asked_ns is None:
            if now - self._heard_ns >= self._heartbeat_ns:
                self._asked_ns = now
                self.push(_notice("heartbeat", "heartbeat"))
                self.push(_notice("heartbeat", "test_request"))
        elif now - self._asked_ns >= self._heartbeat_ns:
            self.abort()

    async def read(self, dispatcher: Dispatcher, flush: Callable[[], None]) -> None:
        """Carry out calls until the client goes."""
        async for message in self._response:
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            self._heard_ns, self._asked_ns = monotonic_ns(), None
            if not await self._handle(message, dispatcher):
                return
            flush()

    async def _handle(self, message: WSMessage, dispatcher: Dispatcher) -> bool:
        """Carry out one call; False when the connection is over."""
        try:
            request, call_id = parse_frame(message.data)
        except Refused as refused:
            self.push(msgspec.json.encode({"jsonrpc": "2.0", "error": error_of(refused), "testnet": True}))
            return True
        answer = await dispatcher.call(request, Origin(self._key, self), call_id)
        return self._answer(answer)

    def _answer(self, answer: Answer) -> bool:
        if answer.wire in (Wire.PROCEED, Wire.LAST):
            self.push(answer.body)
        if answer.wire is Wire.TRUNCATED:
            self.push(answer.body[: len(answer.body) // 2])
        if answer.wire in (Wire.PROCEED, Wire.SILENCE, Wire.TRUNCATED):
            return True
        if answer.wire is not Wire.LAST:
            self.abort()
        return False


async def open_socket(request: web.Request, hub: Hub) -> tuple[web.WebSocketResponse, Socket]:
    """Answer the handshake."""
    response = web.WebSocketResponse(compress=False, max_msg_size=1_000_000, autoping=True)
    await response.prepare(request)
    return response, Socket(response, request, hub)


async def run_socket(socket: Socket, dispatcher: Dispatcher, flush: Callable[[], None]) -> None:
    """Serve a websocket until it ends; ``flush`` is called after each call."""
    writer = asyncio.create_task(socket.write())
    try:
        await socket.read(dispatcher, flush)
        await asyncio.sleep(0)
    finally:
        socket.unsubscribe(None)
        writer.cancel()


def orphaned(exchange: Exchange, socket: Socket) -> None:
    """Cancel the orders of a connection that is gone, if it asked for that."""
    if socket.account is not None and socket.cancels_on_disconnect:
        exchange.cancel_where(
            exchange.accounts[socket.account],
            lambda order: order.request.connection == socket.number,
            "cancel_on_disconnect",
        )


def _notice(method: str, kind: str) -> bytes:
    return msgspec.json.encode({"jsonrpc": "2.0", "method": method, "params": {"type": kind}})
