"""A call from request to answer: faults, right, rate, handler, envelope. No transport in here."""

import inspect
from collections import Counter
from dataclasses import dataclass, field

import msgspec

from hedging.clock import monotonic_ns, now_ns
from hedging.paper import rpc_orders, rpc_private, rpc_public
from hedging.paper.auth import ApiKey
from hedging.paper.faults.base import Call, Wire
from hedging.paper.faults.registry import Switchboard
from hedging.paper.params import Params
from hedging.paper.refusal import Code, Refused
from hedging.paper.rpc import Caller, Connection, House, Method, Request, admit

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


class Dispatcher:
    """Carries out calls against the house, under the faults that are on."""

    def __init__(self, house: House, faults: Switchboard) -> None:
        self._house = house
        self._faults = faults
        self._frozen: dict[tuple[str, str], object] = {}
        self.counts = Counts()

    async def call(
        self,
        request: Request,
        key: "ApiKey | Refused | None",
        connection: Connection | None = None,
        call_id: object = None,
    ) -> Answer:
        """Carry out one call; ``key`` is who signed it, or why the signature was refused."""
        started_us = now_ns() // 1000
        call = Call(request.method)
        self.counts.requests[request.method] += 1
        if call.is_order:
            self.counts.order_requests[request.params.text("label", "")] += 1
        wire = self._faults.before(call)
        if wire is not Wire.PROCEED:
            return Answer(503, b"", wire)
        status, content = await self._carry_out(request, key, connection)
        ended_us = now_ns() // 1000
        envelope: dict[str, object] = {"jsonrpc": "2.0"}
        if call_id is not None:
            envelope["id"] = call_id
        envelope |= content
        envelope |= {"usIn": started_us, "usOut": ended_us, "usDiff": ended_us - started_us, "testnet": True}
        return Answer(status, _ENCODER.encode(envelope), self._faults.after(call))

    async def _carry_out(
        self, request: Request, key: ApiKey | Refused | None, connection: Connection | None
    ) -> tuple[int, dict[str, object]]:
        try:
            if isinstance(key, Refused):
                raise key
            caller = Caller(self._house, now_ns() // 1_000_000, key, connection)
            method = admit(METHODS, request, caller, monotonic_ns())
            return 200, {"result": await self._result(method, request, caller)}
        except Refused as refused:
            return 400, {"error": error_of(refused)}

    async def _result(self, method: Method, request: Request, caller: Caller) -> object:
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
