"""Live figures to browsers: one producer encodes each topic once, every viewer has one slot."""

import asyncio
import secrets
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from hedging import clock
from hedging.errors import HedgingError

POLL_SECONDS = 0.1
PULSE_SECONDS = 1.0
SOCKET_TICKET_SECONDS = 60.0
HALT_TICKET_SECONDS = 12 * 3600.0
MOST_TICKETS = 20_000
MOST_TOPICS = 64
CLOSE_REFUSED = 4401

Compose = Callable[[], Iterable[tuple[str, object]]]
Mark = Callable[[], Hashable]


class Use(StrEnum):
    """How often a ticket opens the door."""

    ONCE = "once"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a ticket was issued to: name and role as the script run knew them."""

    name: str
    role: str


class TicketOffice:
    """Issues random tickets to authenticated script runs, and redeems them until they are too old."""

    def __init__(self, use: Use, lifetime_seconds: float) -> None:
        self._use = use
        self._lifetime_ns = int(lifetime_seconds * 1e9)
        self._issued: dict[str, tuple[int, Holder]] = {}

    def issue(self, holder: Holder) -> str:
        """A new ticket for ``holder``; the oldest are forgotten when there are too many."""
        now = clock.monotonic_ns()
        for token in [token for token, (end, _) in self._issued.items() if end < now]:
            self._issued.pop(token, None)
        while len(self._issued) >= MOST_TICKETS:
            self._issued.pop(next(iter(self._issued)))
        token = secrets.token_urlsafe(24)
        self._issued[token] = (now + self._lifetime_ns, holder)
        return token

    def redeem(self, token: str) -> Holder | None:
        """Who holds this ticket, or None when it was never issued, is used up or too old."""
        found = self._issued.get(token) if self._use is Use.MANY else self._issued.pop(token, None)
        if found is None or found[0] < clock.monotonic_ns():
            return None
        return found[1]


SOCKET_TICKETS = TicketOffice(Use.ONCE, SOCKET_TICKET_SECONDS)
HALT_TICKETS = TicketOffice(Use.MANY, HALT_TICKET_SECONDS)


@dataclass(frozen=True, slots=True)
class Encoded:
    """One topic's payload as JSON, and the number of the change that made it."""

    version: int
    body: bytes


@dataclass(slots=True, eq=False)
class Slot:
    """One viewer: what it wants, what it has, and a flag that something is new. Nothing queues."""

    wants: frozenset[str] = frozenset()
    has: dict[str, int] = field(default_factory=dict)
    fresh: asyncio.Event = field(default_factory=asyncio.Event)

    def want(self, topics: Iterable[str]) -> None:
        """Ask for these topics from now on, all of them in full."""
        self.wants = frozenset(list(topics)[:MOST_TOPICS])
        self.has = {}
        self.fresh.set()

    def take(self, board: Mapping[str, Encoded]) -> dict[str, bytes]:
        """The wanted topics that this viewer has not got in their newest form."""
        news = {}
        for name in self.wants:
            encoded = board.get(name)
            if encoded is not None and self.has.get(name) != encoded.version:
                self.has[name] = encoded.version
                news[name] = encoded.body
        return news


class Producer:
    """Watches for something new, presents it once, and tells every slot."""

    def __init__(self, mark: Mark, compose: Compose) -> None:
        self._mark = mark
        self._compose = compose
        self._seen: Hashable = None
        self._slots: set[Slot] = set()
        self._changes = 0
        self.trouble = ""
        self.board: dict[str, Encoded] = {}

    def attach(self, slot: Slot) -> None:
        """Begin to tell this viewer."""
        self._slots.add(slot)

    def detach(self, slot: Slot) -> None:
        """Forget this viewer."""
        self._slots.discard(slot)

    @property
    def viewers(self) -> int:
        """How many browsers are attached."""
        return len(self._slots)

    def produce(self) -> bool:
        """Look once; encode what changed. Returns whether anything did."""
        mark = self._mark()
        if mark == self._seen:
            return False
        topics = {name: msgspec.json.encode(payload) for name, payload in self._compose()}
        self._seen = mark
        return self._publish(topics)

    def _publish(self, topics: Mapping[str, bytes]) -> bool:
        self._changes += 1
        changed = False
        for name, body in topics.items():
            held = self.board.get(name)
            if held is None or held.body != body:
                self.board[name] = Encoded(self._changes, body)
                changed = True
        return changed

    async def run(self) -> None:
        """Produce until cancelled. An unreadable ledger is waited for, and said in the pulse."""
        while True:
            try:
                changed = await asyncio.to_thread(self.produce)
                self.trouble = ""
            except HedgingError as error:
                changed = self.trouble != str(error)
                self.trouble = str(error)
            if changed:
                for slot in tuple(self._slots):
                    slot.fresh.set()
            await asyncio.sleep(POLL_SECONDS)


def frame(news: Mapping[str, bytes], trouble: str) -> bytes:
    """One message: the server's time in ms, trouble if any, and topics that are JSON already.

    >>> frame({"a": b"[1]"}, "").partition(b'"topics":')[2]
    b'{"a":[1]}}'
    """
    head = b'{"now":%d,"trouble":%s,"topics":{' % (clock.now_ns() // 1_000_000, msgspec.json.encode(trouble))
    return head + b",".join(msgspec.json.encode(name) + b":" + body for name, body in news.items()) + b"}}"


class _Ask(msgspec.Struct):
    """What a browser says: the topics it draws now; none while its tab is hidden."""

    want: list[str]


async def _listen(socket: WebSocket, slot: Slot) -> None:
    while True:
        text = await socket.receive_text()
        try:
            slot.want(msgspec.json.decode(text, type=_Ask).want)
        except msgspec.DecodeError:
            await socket.close(code=1003)
            return


async def _speak(socket: WebSocket, slot: Slot, producer: Producer) -> None:
    while True:
        with suppress(TimeoutError):
            # Not wait_for: on Python 3.11 it may swallow a cancellation that arrives with the event.
            async with asyncio.timeout(PULSE_SECONDS):
                await slot.fresh.wait()
        slot.fresh.clear()
        message = frame(slot.take(producer.board), producer.trouble)
        await socket.send_text(message.decode())


class LiveSocket:
    """The websocket route: a ticket opens it, then frames flow until either side goes."""

    def __init__(self, producer: Callable[[], Producer], tickets: TicketOffice = SOCKET_TICKETS) -> None:
        self._producer = producer
        self._tickets = tickets

    async def endpoint(self, socket: WebSocket) -> None:
        """Serve one browser."""
        holder = self._tickets.redeem(socket.query_params.get("ticket", ""))
        await socket.accept()
        if holder is None:
            await socket.close(code=CLOSE_REFUSED, reason="ticket unknown, used or too old")
            return
        slot = Slot()
        producer = self._producer()
        producer.attach(slot)
        next_ticket = self._tickets.issue(holder)
        try:
            await socket.send_text(msgspec.json.encode({"ticket": next_ticket}).decode())
            await self._serve(socket, slot, producer)
        except (WebSocketDisconnect, RuntimeError):
            return
        finally:
            producer.detach(slot)

    async def _serve(self, socket: WebSocket, slot: Slot, producer: Producer) -> None:
        both = {
            asyncio.ensure_future(_listen(socket, slot)),
            asyncio.ensure_future(_speak(socket, slot, producer)),
        }
        done, left = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for task in done:
            task.result()
