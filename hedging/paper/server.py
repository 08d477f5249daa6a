"""The paper exchange on loopback: Deribit's JSON-RPC over HTTP and websocket, and the control endpoint.

Simulated time is the start plus the real time elapsed × speed, and what :meth:`PaperServer.advance` added by
hand; signatures and ``valid_until`` are checked against real time. Everything runs on one event loop, in
slices of a few milliseconds.
"""

import asyncio
import gc
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from weakref import WeakSet

import msgspec
from aiohttp import web

from hedging.clock import monotonic_ns, now_ns
from hedging.errors import BadInput
from hedging.paper.account import Account
from hedging.paper.auth import ApiKey, KeyRing, SignedRequest
from hedging.paper.control import Control
from hedging.paper.demo_account import DEMO_ACCOUNT, demo_keys, fund_demo_account
from hedging.paper.dispatch import Answer, Dispatcher, Origin, parse_frame
from hedging.paper.exchange import Exchange
from hedging.paper.faults.base import Stage
from hedging.paper.faults.calls import Wire
from hedging.paper.faults.switchboard import Switchboard
from hedging.paper.floor import Rules
from hedging.paper.hub import Hub
from hedging.paper.market import Market
from hedging.paper.params import Params
from hedging.paper.process import DEFAULT_STEP_NS, SECOND_NS
from hedging.paper.rate_limit import RateLimiter, RateLimits
from hedging.paper.rear_view import RearView
from hedging.paper.refusal import Refused
from hedging.paper.rpc import House, Request
from hedging.paper.websocket import Socket, open_socket, orphaned, run_socket

HOST = "127.0.0.1"
TICK_SECONDS = 0.05
SILENCE_SECONDS = 120.0
SLICE_NS = 2_500_000_000
MOST_SLICES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperOptions:
    """How to start: ``port`` 0 takes any free one; ``speed`` simulated seconds a real second.

    At speed 0 time moves by hand alone. ``step_seconds`` is the step of the market's process: a second
    instead of a tenth makes a leap of days cheap.
    ``start`` is the simulated time of the start, now when None. ``keys`` and ``control_token`` are random
    unless given. ``print_ready`` gets one line of JSON when the exchange answers.
    """

    port: int = 0
    seed: int = 1
    speed: float = 1.0
    liveliness: float = 1.0
    step_seconds: float = DEFAULT_STEP_NS / SECOND_NS
    start: datetime | None = None
    keys: tuple[ApiKey, ...] = ()
    control_token: str = ""
    limits: RateLimits = field(default_factory=RateLimits)
    rules: Rules = field(default_factory=Rules)
    print_ready: Callable[[str], None] = print

    def __post_init__(self) -> None:
        if self.speed < 0 or not 0 <= self.port <= 65_535:
            raise BadInput(f"speed {self.speed} must not be negative, port {self.port} be 0 to 65535")
        if self.start is not None and self.start.tzinfo is None:
            raise BadInput(f"the start {self.start} needs a time zone")


class PaperServer:
    """A running paper exchange."""

    def __init__(self, options: PaperOptions) -> None:
        self._options = options
        start_ns = now_ns() if options.start is None else int(options.start.timestamp() * 1_000_000_000)
        self._start_ns, self._began_ns = start_ns, monotonic_ns()
        self._skipped_ns = 0
        self.faults = Switchboard(options.seed)
        self.exchange = Exchange(
            Market(options.seed, start_ns, options.liveliness, round(options.step_seconds * SECOND_NS)),
            [Account(DEMO_ACCOUNT)],
            options.rules,
            self.faults,
        )
        fund_demo_account(self.exchange)
        self.faults.stage = Stage(self.exchange, self.exchange.accounts[DEMO_ACCOUNT], RearView())
        self.keys = KeyRing(options.keys or demo_keys())
        house = House(self.exchange, self.keys, RateLimiter(options.limits), options.limits)
        self.dispatcher = Dispatcher(house, self.faults)
        self.hub = Hub(self.exchange, options.limits, self.faults)
        self.control_token = options.control_token or secrets.token_urlsafe(24)
        self._sockets: set[Socket] = set()
        self._used: WeakSet[asyncio.BaseTransport] = WeakSet()
        self._runner: web.AppRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.port = options.port

    async def start(self) -> None:
        """Listen and let time run."""
        app = web.Application()
        app.add_routes(self._routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, self._options.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        gc.collect()
        gc.freeze()
        self._ticking = asyncio.create_task(self._tick())

    async def stop(self) -> None:
        """End connections and time."""
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        for socket in list(self._sockets):
            socket.abort()
        if self._runner is not None:
            await self._runner.cleanup()

    async def wait(self) -> None:
        """Run until the clock's task ends, which it does only by an error or by :meth:`stop`."""
        if self._ticking is not None:
            await self._ticking

    def ready_line(self) -> str:
        """The line of JSON that tells a client all it needs."""
        rest = f"http://{HOST}:{self.port}"
        line: Mapping[str, object] = {
            "event": "ready",
            "rest": rest,
            "ws": f"ws://{HOST}:{self.port}/ws/api/v2",
            "control": {"url": f"{rest}/control", "token": self.control_token},
            "accounts": [
                {
                    "name": key.name,
                    "key": key.key,
                    "secret": key.secret,
                    "scopes": sorted(scope.value for scope in key.scopes),
                }
                for key in self.keys.keys
            ],
            "seed": self._options.seed,
            "speed": self._options.speed,
        }
        return msgspec.json.encode(line).decode()

    # --- time ------------------------------------------------------------------------------------

    async def advance(self, to_ns: int) -> None:
        """Move simulated time to ``to_ns`` by hand; it goes on from there. Whoever subscribed has been told.

        Raises:
            BadInput: when ``to_ns`` lies in the past.
        """
        if to_ns < self.exchange.market.now_ns:
            raise BadInput(f"cannot advance from {self.exchange.market.now_ns} back to {to_ns} ns")
        self._skipped_ns += max(0, to_ns - self._simulated_ns())
        await self._move()

    async def _tick(self) -> None:
        while True:
            began = monotonic_ns()
            await self._move()
            self._tend_sockets()
            spent = (monotonic_ns() - began) / 1e9
            await asyncio.sleep(max(0.001, TICK_SECONDS - spent))

    async def _move(self) -> None:
        """Bring the exchange to the present simulated time, and publish what that changed."""
        self.faults.tick()
        for to_ns in _slices(self.exchange.market.now_ns, self._simulated_ns()):
            if to_ns > self.exchange.market.now_ns:  # a leap by hand may have come in between
                self.exchange.advance(to_ns)
            self._flush()
            await asyncio.sleep(0)
        # Intervals of channels count real time; what was skipped counts as if it had been waited for.
        await self.hub.publish_market((monotonic_ns() + self._skipped_ns) // 1_000_000)

    def _simulated_ns(self) -> int:
        elapsed_ns = (monotonic_ns() - self._began_ns) * self._options.speed
        return self._start_ns + self._skipped_ns + int(elapsed_ns)

    def _flush(self) -> None:
        """Tell subscribers what commands and time have done."""
        self.hub.publish_events(self.exchange.drain())

    def _tend_sockets(self) -> None:
        for socket in list(self._sockets):
            if self.faults.refuses_connections:
                socket.abort()
            else:
                socket.beat()

    # --- the wires -------------------------------------------------------------------------------

    def _routes(self) -> list[web.RouteDef]:
        control = Control(
            self.control_token,
            self.exchange,
            self.faults,
            self.dispatcher,
            DEMO_ACCOUNT,
            self._options.speed,
            self._flush,
        )
        return [
            web.get("/ws/api/v2", self._serve_websocket),
            web.get("/api/v2/{scope:public|private}/{name}", self._serve_query),
            web.post("/api/v2", self._serve_body),
            web.post("/api/v2/{scope:public|private}/{name}", self._serve_body),
            *control.routes(),
        ]

    async def _serve_query(self, request: web.Request) -> web.StreamResponse:
        method = f"{request.match_info['scope']}/{request.match_info['name']}"
        return await self._serve(request, Request(method, Params(request.query)), None, "")

    async def _serve_body(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        try:
            call, call_id = parse_frame(body)
        except Refused as refused:
            return web.json_response(
                {"error": {"code": refused.code.value, "message": str(refused)}}, status=400
            )
        return await self._serve(request, call, call_id, body)

    async def _serve(
        self, request: web.Request, call: Request, call_id: object, body: str
    ) -> web.StreamResponse:
        key: ApiKey | Refused | None = None
        if call.method.startswith("private/"):
            key = self._signer(request, body)
        answer = await self.dispatcher.call(call, Origin(key, reused=self._is_reused(request)), call_id)
        self._flush()
        return await deliver(request, answer)

    def _is_reused(self, request: web.Request) -> bool:
        """Whether the connection has carried a call before."""
        if request.transport is None or request.transport in self._used:
            return request.transport is not None
        self._used.add(request.transport)
        return False

    def _signer(self, request: web.Request, body: str) -> ApiKey | Refused:
        signed = SignedRequest(request.method, request.raw_path, body)
        try:
            return self.keys.from_header(
                request.headers.get("Authorization", ""), signed, now_ns() // 1_000_000 + self.faults.skew_ms
            )
        except Refused as refused:
            return refused

    async def _serve_websocket(self, request: web.Request) -> web.StreamResponse:
        if self.faults.refuses_connections:
            return await deliver(request, Answer(503, b"", Wire.RESET))
        response, socket = await open_socket(request, self.hub)
        self._sockets.add(socket)
        try:
            await run_socket(socket, self.dispatcher, self._flush)
        finally:
            self._sockets.discard(socket)
            orphaned(self.exchange, socket)
            self._flush()
        return response


def _slices(since_ns: int, to_ns: int) -> list[int]:
    """Times to stop at on the way, so that connections get a turn when simulated time runs fast.

    >>> _slices(0, 50_000_000)
    [50000000]
    >>> _slices(0, 5_000_000_000)
    [2500000000, 5000000000]
    """
    pieces = min(MOST_SLICES, max(1, -(-(to_ns - since_ns) // SLICE_NS)))
    return [since_ns + (to_ns - since_ns) * number // pieces for number in range(1, pieces + 1)]


async def deliver(request: web.Request, answer: Answer) -> web.StreamResponse:
    """Send an answer over HTTP, as far as the faults let it."""
    transport = request.transport
    if answer.wire is Wire.PAGE:
        return web.Response(status=answer.status, body=answer.body, content_type=answer.content_type)
    if answer.wire is Wire.RESET and transport is not None:
        transport.abort()
        return web.Response(status=503)
    if answer.wire is Wire.SILENCE:
        await _silence(request)
        return web.Response(status=503)
    body = answer.body[: len(answer.body) // 2] if answer.wire is Wire.TRUNCATED else answer.body
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.content_type})
    response.content_length = len(body)
    await response.prepare(request)
    if answer.wire is Wire.HALF and transport is not None:
        await response.write(body[: len(body) // 2])
        transport.close()
        return response
    await response.write_eof(body)
    if answer.wire is Wire.LAST and transport is not None:
        transport.close()
    return response


async def _silence(request: web.Request) -> None:
    """Keep the connection open without a word; the client's going away cancels the handler."""
    await asyncio.sleep(SILENCE_SECONDS)
    if request.transport is not None:
        request.transport.abort()


async def serve(options: PaperOptions) -> None:
    """Run a paper exchange until cancelled; prints the ready line when it answers."""
    server = PaperServer(options)
    await server.start()
    options.print_ready(server.ready_line())
    try:
        await server.wait()
    finally:
        await server.stop()
