"""A call from request to answer: faults, right, rate, handler, envelope. No transport in here."""

import asyncio
import inspect
from collections import Counter
from dataclasses import dataclass, field, replace

import msgspec

from hedging.clock import monotonic_ns, now_ns
from hedging.paper import rpc_orders, rpc_private, rpc_public
from hedging.paper.auth import ApiKey
from hedging.paper.faults.calls import Call, Fate, Late, Page, Wire
from hedging.paper.faults.switchboard import Switchboard
from hedging.paper.params import Params
from hedging.paper.refusal import Code, Refused
from hedging.paper.rpc import Caller, Connection, House, Method, Request, admit
from hedging.paper.stamps import shifted

METHODS: dict[str, Method] = rpc_public.METHODS | rpc_private.METHODS | rpc_orders.METHODS
_FROZEN = ("public/ticker", "public/get_order_book", "public/get_book_summary_by_currency")
_ENCODER = msgspec.json.Encoder()


@dataclass(slots=True)
class Counts:
    """What has reached the exchange: requests by method, order requests by label."""

    requests: Counter[str] = field(default_factory=Counter)
    order_requests: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: the HTTP status, the bytes, and what happens to the connection."""

    status: int
    body: bytes
    wire: Wire
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call came from: who signed it, or why the signature was refused; over which connection.

    ``reused`` when the connection has carried a call before.
    """

    key: "ApiKey | Refused | None" = None
    connection: Connection | None = None
    reused: bool = False


class Dispatcher:
    """Carries out calls against the house, under the faults that are on."""

    def __init__(self, house: House, faults: Switchboard) -> None:
        self._house = house
        self._faults = faults
        self._frozen: dict[tuple[str, str], object] = {}
        self._late: set[asyncio.Task[tuple[int, dict[str, object]]]] = set()
        self.counts = Counts()

    async def call(self, request: Request, origin: Origin, call_id: object = None) -> Answer:
        """Carry out one call, as far as the faults let it."""
        started_us = self._real_us()
        call = Call(request.method, request.params, origin.reused)
        self.counts.requests[request.method] += 1
        if call.is_order:
            self.counts.order_requests[request.params.text("label", "")] += 1
        fate = self._faults.before(call)
        if fate is not Wire.PROCEED:
            return self._fated(fate, b"", (call_id, started_us))
        request = replace(request, params=self._faults.request(call))
        late = self._faults.late(call)
        if late is not None:
            self._carry_out_late(request, origin, late)
            return Answer(503, b"", Wire.SILENCE)
        status, content = await self._carry_out(request, origin)
        answer = self._answer(status, content, (call_id, started_us))
        fate = self._faults.after(call)
        return answer if fate is Wire.PROCEED else self._fated(fate, answer.body, (call_id, started_us))

    def _answer(self, status: int, content: dict[str, object], came: tuple[object, int]) -> Answer:
        """Put a result or an error into its envelope; ``came`` is the call's id and when it began (µs)."""
        call_id, started_us = came
        ended_us = self._real_us()
        envelope: dict[str, object] = {"jsonrpc": "2.0"}
        if call_id is not None:
            envelope["id"] = call_id
        envelope |= content
        envelope |= {"usIn": started_us, "usOut": ended_us, "usDiff": ended_us - started_us, "testnet": True}
        return Answer(status, _ENCODER.encode(envelope), Wire.PROCEED)

    def _fated(self, fate: Fate, body: bytes, came: tuple[object, int]) -> Answer:
        """What goes back instead of the answer ``body``."""
        if isinstance(fate, Page):
            return Answer(fate.status, fate.body, Wire.PAGE, fate.content_type)
        if isinstance(fate, Refused):
            return self._answer(400, {"error": error_of(fate)}, came)
        return Answer(200, body, fate)

    def _real_us(self) -> int:
        return now_ns() // 1000 + 1000 * self._faults.skew_ms

    def _carry_out_late(self, request: Request, origin: Origin, late: Late) -> None:
        """Carry out an order later; whether its fence has passed is checked then, or now."""
        asked_ms = self._real_us() // 1000

        def carry_out() -> None:
            task = asyncio.create_task(self._carry_out(request, origin, None if late.fenced else asked_ms))
            self._late.add(task)
            task.add_done_callback(self._late.discard)

        self._faults.later(late.seconds, carry_out)

    async def _carry_out(
        self, request: Request, origin: Origin, at_ms: int | None = None
    ) -> tuple[int, dict[str, object]]:
        """Carry out a call as of ``at_ms`` real time, or now."""
        try:
            if isinstance(origin.key, Refused):
                raise origin.key
            real_ms = self._real_us() // 1000 if at_ms is None else at_ms
            caller = Caller(self._house, real_ms, origin.key, origin.connection)
            method = admit(METHODS, request, caller, monotonic_ns())
            return 200, {"result": await self._result(method, request, caller)}
        except Refused as refused:
            return 400, {"error": error_of(refused)}

    async def _result(self, method: Method, request: Request, caller: Caller) -> object:
        call = Call(request.method, request.params)
        age = self._faults.age_seconds(call)
        if age is not None:
            found = self._old(method, request, caller, age)
        else:
            found = await self._present(method, request, caller)
        found = self._faults.result(call, found)
        skew_ms = self._faults.skew_ms
        if not skew_ms:
            return found
        if request.method == "public/get_time" and isinstance(found, int):
            return found + skew_ms
        return shifted(found, skew_ms)

    async def _present(self, method: Method, request: Request, caller: Caller) -> object:
        frozen = self._faults.freezes_rest and request.method in _FROZEN
        place = (request.method, request.params.fingerprint)
        if not self._faults.freezes_rest:
            self._frozen.clear()
        elif frozen and place in self._frozen:
            return self._frozen[place]
        result = method.handler(caller, request.params)
        if inspect.isawaitable(result):
            result = await result
        if frozen:
            self._frozen[place] = result
        return result

    def _old(self, method: Method, request: Request, caller: Caller, age_seconds: float) -> object:
        """Answer a read from the market or the account as they were."""
        age_ns = int(age_seconds * 1e9)
        exchange, stage = self._house.exchange, self._faults.stage
        if caller.key is None:
            with exchange.market.as_of(exchange.market.now_ns - age_ns):
                return method.handler(caller, request.params)
        past = stage.rear_view.account(caller.key.account, monotonic_ns() - age_ns) if stage else None
        return method.handler(replace(caller, past=past), request.params)


def error_of(refused: Refused) -> dict[str, object]:
    """The JSON-RPC error of a refusal."""
    error: dict[str, object] = {"code": refused.code.value, "message": refused.code.message}
    data = {name: text for name, text in (("reason", refused.reason), ("param", refused.param)) if text}
    return error | {"data": data} if data else error


def parse_frame(text: str | bytes) -> tuple[Request, object]:
    """Read a JSON-RPC request; returns it and its id. Raises Refused."""
    try:
        frame = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise Refused(Code.PARSE_ERROR, str(error)) from error
    if not isinstance(frame, dict) or not isinstance(frame.get("method"), str):
        raise Refused(Code.PARSE_ERROR, "not a JSON-RPC request")
    params = frame.get("params") or {}
    if not isinstance(params, dict):
        raise Refused(Code.INVALID_PARAMS, "must be an object", "params")
    return Request(frame["method"], Params(params)), frame.get("id")
