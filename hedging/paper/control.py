"""The control endpoint: shocks, trades by hand, faults, state. Never part of Deribit's protocol."""

import hmac
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal

import msgspec
from aiohttp import web

from hedging.errors import BadInput
from hedging.paper.dispatch import Dispatcher
from hedging.paper.exchange import Exchange
from hedging.paper.faults.base import Fault
from hedging.paper.faults.registry import FaultParameter, fault_parameters, known_faults, make_switch
from hedging.paper.faults.switchboard import Switchboard
from hedging.paper.params import Params
from hedging.paper.refusal import Refused
from hedging.paper.render_account import order, user_trade
from hedging.units import Side

Answer = dict[str, object]


@dataclass(frozen=True, slots=True)
class Control:
    """What the control endpoint may reach; ``after`` is called when something was changed."""

    token: str
    exchange: Exchange
    faults: Switchboard
    dispatcher: Dispatcher
    account: str
    speed: float
    after: Callable[[], None]

    def routes(self) -> list[web.RouteDef]:
        """The endpoint's routes."""
        return [
            web.post("/control/price_shock", self._guarded(self.price_shock)),
            web.post("/control/vol_shock", self._guarded(self.vol_shock)),
            web.post("/control/trade", self._guarded(self.trade)),
            web.get("/control/faults", self._guarded(self.list_faults)),
            web.post("/control/faults", self._guarded(self.set_fault)),
            web.get("/control/state", self._guarded(self.state)),
        ]

    def price_shock(self, params: Params) -> Answer:
        """Move the prices of an underlying by a fraction."""
        underlying = params.text("underlying")
        self.exchange.market.price_shock(self._underlying(underlying), params.number("relative"))
        return {"index": self.exchange.market.index(f"{underlying.lower()}_usd")}

    def vol_shock(self, params: Params) -> Answer:
        """Move the implied volatility of an underlying by an absolute amount (0.10 = ten points)."""
        underlying = self._underlying(params.text("underlying"))
        self.exchange.market.vol_shock(underlying, params.number("absolute"))
        return {"underlying": underlying}

    def trade(self, params: Params) -> Answer:
        """Trade at market in the account, as if the desk had done it elsewhere."""
        side = Side.BUY if params.text("side") == "buy" else Side.SELL
        amount: Decimal = params.decimal("amount")
        account = self.exchange.accounts[self.account]
        placed = self.exchange.trade_by_hand(account, params.text("instrument_name"), side, amount)
        return {
            "order": order(self.exchange, placed.order),
            "trades": [user_trade(fill) for fill in placed.fills],
        }

    def list_faults(self, _: Params) -> Answer:
        """Every fault: name, group, sentence, parameters, whether it is on, how often it struck."""
        on = {fault.name: fault for fault in self.faults.on}
        return {
            "faults": [
                {
                    "name": name,
                    "group": kind.group.value,
                    "sentence": kind.sentence(),
                    "lasting": kind.lasting,
                    "on": name in on,
                    "hits": self.faults.hits(name),
                    "left_seconds": self.faults.left_seconds(name),
                    "bounds": asdict(self.faults.bounds(name)),
                    "parameters": [_parameter(item, on.get(name)) for item in fault_parameters(kind)],
                }
                for name, kind in sorted(known_faults().items(), key=lambda item: (item[1].group, item[0]))
            ]
        }

    def set_fault(self, params: Params) -> Answer:
        """Switch a fault on with its parameters and bounds, or off; without a name, all off."""
        if not params.flag("on", default=True):
            self.faults.clear(params.text("name") if params.has("name") else None)
        else:
            self.faults.set(*make_switch(params.text("name"), params.values("parameters")))
        return self.list_faults(params)

    def state(self, _: Params) -> Answer:
        """Simulated time, speed, faults, and what has reached the exchange."""
        account = self.exchange.accounts[self.account]
        accepted = Counter(item.label for item in account.orders.values())
        return {
            "simulated_ms": self.exchange.now_ms,
            "simulated_time": datetime.fromtimestamp(self.exchange.now_ms / 1000, tz=UTC).isoformat(),
            "speed": self.speed,
            "instruments": len(self.exchange.market.listings),
            "index": {name: self.exchange.market.index(name) for name in ("btc_usd", "eth_usd")},
            "stress": {coin: self.exchange.market.stress(coin) for coin in ("BTC", "ETH")},
            "faults_on": [fault.name for fault in self.faults.on],
            "requests": dict(self.dispatcher.counts.requests),
            "order_requests": dict(self.dispatcher.counts.order_requests),
            "orders_accepted": dict(accepted),
            "open_orders": len(account.open_orders),
        }

    @staticmethod
    def _underlying(name: str) -> str:
        if name not in ("BTC", "ETH"):
            raise BadInput(f"no underlying {name!r}: it is BTC or ETH")
        return name

    def _guarded(
        self, answer: Callable[[Params], Answer]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Wrap a method: token first, JSON in and out, errors as text."""

        async def handle(request: web.Request) -> web.Response:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not hmac.compare_digest(given.encode(), self.token.encode()):
                return _json({"error": "the control token is missing or wrong"}, 401)
            try:
                result = answer(_params(await request.read()))
            except (BadInput, Refused, msgspec.DecodeError) as error:
                return _json({"error": str(error)}, 400)
            self.after()
            return _json(result, 200)

        return handle


def _parameter(item: FaultParameter, fault: Fault | None) -> Answer:
    """A parameter with its present value, the default while the fault is off."""
    row: Answer = {
        "name": item.name,
        "kind": item.kind,
        "default": item.default,
        "value": item.default if fault is None else getattr(fault, item.name),
    }
    return row if item.bounds is None else row | {"low": item.bounds.low, "high": item.bounds.high}


def _params(body: bytes) -> Params:
    """Parameters in a JSON body; none when it is empty. Raises BadInput or msgspec.DecodeError."""
    values = msgspec.json.decode(body) if body else {}
    if not isinstance(values, dict):
        raise BadInput("the body must be a JSON object")
    return Params(values)


def _json(value: Answer, status: int) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")
