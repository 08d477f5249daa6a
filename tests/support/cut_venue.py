"""A venue on a socket that answers, or cuts the connection at a chosen instant, and counts what arrives."""

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from urllib.parse import parse_qs, urlsplit


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


@dataclass(frozen=True)
class Reply:
    """An answer with a status of its own."""

    status: int
    body: object


def by_last_part(method: str, path: str) -> str:
    """The name of a route where every path ends differently."""
    return path.rpartition("/")[2]


def by_method_and_path(method: str, path: str) -> str:
    """The name of a route where the method makes the difference."""
    return f"{method} {path}"


def json_rpc(result: object) -> Reply:
    """A result, or an error where it has a code, as Deribit wraps them; a reply stays as it is."""
    if isinstance(result, Reply):
        return result
    failed = isinstance(result, dict) and "code" in result
    return Reply(400 if failed else 200, {"jsonrpc": "2.0", "error" if failed else "result": result})


def bare(result: object) -> Reply:
    """An answer as it is."""
    return result if isinstance(result, Reply) else Reply(200, result)


class Script:
    """A venue on a socket: ``answers`` by route, or what makes one of what was asked; counts what arrives.

    ``raw`` are the requests as they came, heads and bodies. While ``unread``, each connection is reset
    before anything is read from it, and counted in ``dropped``.
    """

    def __init__(
        self,
        named: Callable[[str, str], str] = by_last_part,
        wrapped: Callable[[object], Reply] = json_rpc,
    ) -> None:
        self.answers: dict[str, object] = {}
        self.raw: list[bytes] = []
        self.unread = False
        self.dropped = 0
        self._named = named
        self._wrapped = wrapped
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
            if self.unread:
                self.dropped += 1
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
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
                length = _content_length(head)
                while len(buffered) < length:
                    buffered += connection.recv(65536)
                body, buffered = buffered[:length], buffered[length:]
                self.raw.append(head + b"\r\n\r\n" + body)
                method, address = head.decode().split(" ")[:2]
                target = urlsplit(address)
                route = self._named(method, target.path)
                asked = _parameters(target.query, body.decode())
                self.requests.append((route, asked))
                answer = self.answers.get(route, Cut.HTML)
                if callable(answer):
                    answer = answer(asked)
                if not self._answer(connection, answer, target.path):
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
        reply = self._wrapped(result)
        body = json.dumps(reply.body, default=str).encode()
        status = f"{reply.status} As Told"
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


def _content_length(head: bytes) -> int:
    for line in head.decode().split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


def _parameters(query: str, body: str) -> dict[str, str]:
    """What was asked, be it in the address, a form or a JSON body."""
    if body.startswith("{"):
        return {name: str(value) for name, value in json.loads(body).items()}
    return {name: values[0] for name, values in parse_qs(body or query, keep_blank_values=True).items()}
