"""Recorded payloads of the exchange, and a socket server that answers or cuts connections as told."""

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement, TickStep
from hedging.model.trading import Order, OrderState
from hedging.model.view import VenueMode
from hedging.units import Side
from hedging.venues.address import AccountAddress

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "venue_payloads"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY, SECRET = "planted-key-9Q", "planted-secret-7Z"


@pytest.fixture
def recorded_text() -> Callable[[str], str]:
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not at ../shared/venue_payloads")
    return lambda name: (PAYLOADS / name).read_text()


@pytest.fixture
def recorded(recorded_text: Callable[[str], str]) -> Callable[[str], Any]:
    return lambda name: json.loads(recorded_text(name))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def perpetual() -> Instrument:
    return Instrument(
        venue="deribit",
        name="BTC-PERPETUAL",
        symbol="BTC/USD:BTC",
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.USD,
        lot=Decimal(10),
        minimum=Decimal(10),
        tick=Decimal("0.5"),
        tick_steps=(TickStep(Decimal(200_000), Decimal(1)),),
        index="btc_usd",
    )


@pytest.fixture
def order() -> Order:
    return Order(
        client_id="hm-abc-1-1",
        ticket_id="t1",
        leg=1,
        clip=1,
        account="desk",
        venue="deribit",
        instrument="BTC-PERPETUAL",
        underlying="BTC",
        side=Side.SELL,
        amount=Decimal(100),
        limit_price=Decimal("90000.5"),
        reduce_only=True,
        state=OrderState.NEW,
        created_at=NOW,
        fence_at=NOW + timedelta(seconds=2, milliseconds=345),
        actor="trader",
        approver="risk",
        decision_price=Decimal(90000),
    )


def raw_order(**changes: object) -> dict[str, Any]:
    order: dict[str, Any] = {
        "order_id": "BTC-1",
        "order_state": "filled",
        "order_type": "limit",
        "label": "hm-abc-1-1",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "sell",
        "amount": 100.0,
        "filled_amount": 100.0,
        "average_price": 90001.25,
        "price": 90000.5,
        "creation_timestamp": 1795348800000,
        "last_update_timestamp": 1795348800123,
    }
    return order | changes


def raw_trade(**changes: object) -> dict[str, Any]:
    trade: dict[str, Any] = {
        "trade_id": "T-1",
        "order_id": "BTC-1",
        "label": "hm-abc-1-1",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "sell",
        "amount": 100.0,
        "price": 90001.25,
        "fee": 5.5e-07,
        "fee_currency": "BTC",
        "timestamp": 1795348800123,
    }
    return trade | changes


class Cut(Enum):
    """What goes wrong with an answer, after the request was read."""

    BEFORE = "closed without an answer"
    RESET = "reset without an answer"
    HEADERS = "closed inside the headers"
    BODY = "closed inside the body"
    AFTER = "answered, then closed although kept alive"
    SILENT = "no answer in time"
    HTML = "an HTML error page, 524"
    HTML_OK = "an HTML page, 200"
    TRUNCATED = "half a JSON document with a matching length"
    REDIRECT = "a redirect to the same address"
    NOT_OURS = "a result that is not the order"
    EMPTY = "an empty answer, 200"


class Script:
    """A venue on a socket: ``answers`` by the last part of the path; counts what arrives."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []
        self._ended = threading.Condition()
        self._ends = 0
        self._connections: list[socket.socket] = []
        self._spawn(self._accept)

    def count(self, *methods: str) -> int:
        return sum(method in methods for method, _ in self.requests)

    def wait_for_ends(self, connections: int) -> None:
        """Until so many connections were ended by this side: on loopback the other side then knows."""
        with self._ended:
            assert self._ended.wait_for(lambda: self._ends >= connections, timeout=10)

    def close(self) -> None:
        if self._closing.is_set():
            return
        self._closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(3)

    def _spawn(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            self._spawn(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        try:
            self._converse(connection)
        finally:
            with self._ended:
                self._ends += 1
                self._ended.notify_all()

    def _converse(self, connection: socket.socket) -> None:
        with connection:
            buffered = b""
            connection.settimeout(5)
            while not self._closing.is_set():
                while b"\r\n\r\n" not in buffered:
                    try:
                        data = connection.recv(65536)
                    except OSError:
                        return
                    if not data:
                        return
                    buffered += data
                head, _, buffered = buffered.partition(b"\r\n\r\n")
                target = urlsplit(head.split(b" ")[1].decode())
                method = target.path.rpartition("/")[2]
                self.requests.append((method, {k: v[0] for k, v in parse_qs(target.query).items()}))
                if not self._answer(connection, self.answers.get(method, Cut.HTML), target.path):
                    return

    def _answer(self, connection: socket.socket, answer: object, path: str) -> bool:
        """Send the answer; False where the connection ends with it."""
        cut, result = answer if isinstance(answer, tuple) else (answer, answer)
        if cut is Cut.RESET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if cut is Cut.SILENT:
            self._closing.wait(2)
        if cut in (Cut.BEFORE, Cut.RESET, Cut.SILENT):
            return False
        head, body = self._response(cut, result, path)
        if cut is Cut.HEADERS:
            head, body = head[:20], b""
        connection.sendall(head + (body[: len(body) // 2] if cut is Cut.BODY else body))
        return cut not in (Cut.HEADERS, Cut.BODY, Cut.AFTER)

    def _response(self, cut: object, result: object, path: str) -> tuple[bytes, bytes]:
        failed = isinstance(result, dict) and "code" in result
        body = json.dumps({"jsonrpc": "2.0", "error" if failed else "result": result}, default=str).encode()
        status = "400 Bad Request" if failed else "200 OK"
        html = b"<html><body>error code: 524</body></html>"
        nobody = b'{"jsonrpc":"2.0","result":{"order":{"order_id":"X"},"trades":[]}}'
        redirect = f"302 Found\r\nLocation: {self.address}{path}"
        status, body = (
            {
                Cut.HTML: ("524 A timeout", html),
                Cut.HTML_OK: ("200 OK", html),
                Cut.TRUNCATED: (status, body[: len(body) // 2]),
                Cut.REDIRECT: (redirect, b""),
                Cut.NOT_OURS: ("200 OK", nobody),
                Cut.EMPTY: ("200 OK", b""),
            }.get(cut, (status, body))
            if isinstance(cut, Cut)
            else (status, body)
        )
        kind = "text/html" if body == html else "application/json"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        return head.encode(), body


@pytest.fixture
def script() -> Iterator[Script]:
    venue = Script()
    yield venue
    venue.close()


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def paper_address(rest: str, ws: str = "ws://127.0.0.1:9/none") -> AccountAddress:
    return AccountAddress("desk", "deribit", VenueMode.PAPER, KEY, SECRET, rest, ws)


@pytest.fixture(scope="session")
def kit() -> Any:
    """What tests share that is no fixture: importlib mode has no package to import it from."""

    class Kit:
        Cut = Cut
        KEY = KEY
        SECRET = SECRET
        raw_order = staticmethod(raw_order)
        raw_trade = staticmethod(raw_trade)
        paper_address = staticmethod(paper_address)

    return Kit
