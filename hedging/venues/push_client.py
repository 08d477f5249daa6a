"""The exchange library's websocket client, for connecting, signing in and subscribing; pushes come out raw.

Its own handlers build a unified ticker per push, at three times the cost of our parser and without the
volatility; and one error frame or one unknown channel ends its receiving for good while every wait hangs.
Here each frame is taken under guard and handed on as the exchange sent it; every request waits for its own
answer, and never for ever.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from hedging.errors import VenueRejected, VenueUnreachable
from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.client import client_settings, quiet_logger
from hedging.venues.library import PushBase
from hedging.venues.redaction import redact
from hedging.venues.translation import answer_of

Answered = TypeVar("Answered")

HEARTBEAT_SECONDS = 10  # the shortest the exchange allows
_SIGNED_IN = "authenticated"  # what the library's own sign-in waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """Who is told of a push (channel and data), of any frame, of an unusable frame, of the end."""

    push: Callable[[str, object], None]
    frame: Callable[[], None]
    problem: Callable[[str], None]
    end: Callable[[str], None]


class PushClient(PushBase):  # type: ignore[misc]  # the library is not typed
    """One websocket connection. Use it once: after an end, make another."""

    def __init__(self, address: AccountAddress, received: Received, timeout_seconds: float) -> None:
        super().__init__(client_settings(address, timeout_seconds))
        if address.mode is VenueMode.TESTNET:
            self.set_sandbox_mode(True)
        if address.mode is VenueMode.PAPER:
            self.options["ws"] = {**self.options["ws"], "compress": 0}  # on loopback it only costs time
            self.timeout_on_exit = 0  # a pause for TLS to end
        self.logger = quiet_logger()
        self._received = received
        self._secrets = address.secrets
        self._timeout_seconds = timeout_seconds

    async def ask(self, method: str, parameters: dict[str, object]) -> object:
        """Send a request, and wait for its own result.

        Raises VenueRejected when the exchange answers with an error, VenueUnreachable when it doesn't answer.
        """
        return await self._within(method, self._send(method, parameters))

    async def sign_in(self) -> None:
        """Authenticate the connection by signature. Raises as ``ask``."""
        await self._within("signing in", self.authenticate())

    async def keep_alive(self) -> None:
        """Ask the exchange for heartbeats, so that silence means a dead connection. Raises as ``ask``."""
        await self.ask("public/set_heartbeat", {"interval": HEARTBEAT_SECONDS})

    def _send(self, method: str, parameters: dict[str, object]) -> asyncio.Future[object]:
        number = self.request_id()
        key = f"reply {number}"
        frame = {"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}
        answer: asyncio.Future[object] = self.watch(self.urls["api"]["ws"], key, frame, key)
        return answer

    async def _within(self, what: str, answer: Awaitable[Answered]) -> Answered:
        waiting = asyncio.ensure_future(answer)
        try:
            await asyncio.wait({waiting}, timeout=self._timeout_seconds)
        finally:
            if not waiting.done():
                waiting.cancel()
        if waiting.cancelled() or not waiting.done():
            raise VenueUnreachable(f"{what}: no answer within {self._timeout_seconds:g} s")
        error = waiting.exception()
        if isinstance(error, VenueRejected):
            raise VenueRejected(f"{what}: {error}") from error
        if error is not None:
            text = redact(f"{what}: {type(error).__name__}: {error}", self._secrets)
            raise VenueUnreachable(text) from error
        return waiting.result()

    def client(self, url: str) -> Any:
        """The library's connection, with its frames going through ``take``."""
        connection = super().client(url)
        connection.handle_text_or_binary_message = partial(self.take, connection)
        return connection

    def take(self, connection: Any, text: str | bytes) -> None:
        """One frame; whatever is wrong with it, the next one must still be received."""
        try:
            self._received.frame()
            self.handle_message(connection, msgspec.json.decode(text))
        except Exception as error:  # noqa: BLE001  # the receive loop ends on any exception
            self._received.problem(redact(f"{type(error).__name__}: {error}", self._secrets))

    def handle_message(self, client: Any, message: Any) -> None:
        """A push, a heartbeat, or the answer to a request."""
        method = message.get("method")
        if method == "subscription":
            self._received.push(message["params"]["channel"], message["params"]["data"])
        elif method == "heartbeat":
            if message["params"]["type"] == "test_request":
                self._send("public/test", {}).add_done_callback(_retrieve)
        elif message.get("id") is not None:
            self._answer(client, message)

    def _answer(self, client: Any, message: dict[str, Any]) -> None:
        key = f"reply {message['id']}"
        error = answer_of(message)
        if error is None and "result" in message:
            client.resolve(message["result"], key)
            if isinstance(message["result"], dict) and "access_token" in message["result"]:
                client.resolve(message, _SIGNED_IN)
            return
        rejected = VenueRejected(error.text if error else "an answer without a result")
        for waiting in (key, _SIGNED_IN):
            if waiting in client.futures:
                client.reject(rejected, waiting)
                return

    def on_error(self, client: Any, error: Any) -> None:
        """The connection failed."""
        super().on_error(client, error)
        self._received.end(redact(f"{type(error).__name__}: {error}", self._secrets))

    def on_close(self, client: Any, error: Any) -> None:
        """The exchange closed the connection."""
        super().on_close(client, error)
        self._received.end(f"closed by the exchange ({error})")


def _retrieve(answer: asyncio.Future[object]) -> None:
    """Mark the error of an answer nobody waits for as seen."""
    if not answer.cancelled():
        answer.exception()
