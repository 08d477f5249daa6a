"""Sessions of OKX, Bybit and Binance that send orders to a socket, with an order and the answers to it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from cut_venue import Script, bare, by_method_and_path

from hedging.model.instrument import Instrument
from hedging.model.trading import Order, OrderState
from hedging.model.view import VenueMode
from hedging.units import Side
from hedging.venues import binance, bybit, okx
from hedging.venues.address import AccountAddress
from hedging.venues.okx_orders import venue_client_id
from hedging.venues.order_session import OrderSession
from hedging.venues.sessions import order_session
from hedging.venues.wire import Pacing

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
KEY, SECRET, PASSPHRASE = "planted-key-9Q", "planted-secret-7Z", "planted-pass-3X"
OURS = "T261122120000123-BTC-0-2"
THEIRS = "9021"  # the exchange's id of the order
MS = 1795348801000
NOW = datetime.fromtimestamp(MS / 1000, UTC)
FENCE = NOW + timedelta(seconds=2, milliseconds=345)


def own(venue: str) -> dict[str, Any]:
    return json.loads((RECORDED / f"{venue}.json").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Desk:
    """One instrument at one venue: its session on a socket, and the routes and answers of an order in it."""

    name: str
    script: Script
    session: OrderSession
    instrument: Instrument
    create: str
    cancel: str
    lookups: tuple[str, ...]
    guard: str | None
    taken: object
    cancelled: object
    counting: object
    not_there: object
    one: Callable[..., dict[str, Any]]
    several: Callable[..., object]

    def order(self, **changes: object) -> Order:
        return replace(
            Order(
                client_id=OURS,
                ticket_id="t1",
                leg=0,
                clip=2,
                account="desk",
                venue=self.instrument.venue,
                instrument=self.instrument.name,
                underlying=self.instrument.underlying,
                side=Side.SELL,
                amount=self.instrument.lot * 4,
                limit_price=self.instrument.tick * 10,
                reduce_only=False,
                state=OrderState.SENT,
                created_at=NOW,
                fence_at=FENCE,
                actor="engine",
                approver="risk",
                decision_price=Decimal(1),
            ),
            **changes,
        )

    def reset(self) -> None:
        self.session._client.session.close()  # what was kept alive: each test begins with a new connection
        self.script.answers = {}
        self.script.requests.clear()
        self.script.raw.clear()
        self.script.unread, self.script.dropped = False, 0
        self.session._client.timeout = 5000

    def attempts(self) -> int:
        """Requests that came, read or not; a busy machine may read one after its sender gave up on it."""
        deadline = time.monotonic() + 5
        while not self._came() and time.monotonic() < deadline:
            time.sleep(0.01)
        return self._came()

    def _came(self) -> int:
        return len(self.script.requests) + self.script.dropped


def _opened(venue: str, instrument: Instrument) -> tuple[Script, OrderSession]:
    script = Script(by_method_and_path, bare)
    passphrase = PASSPHRASE if venue == "okx" else ""
    address = AccountAddress("desk", venue, VenueMode.PAPER, KEY, SECRET, script.address, None, passphrase)
    session = order_session(address, lambda: NOW, Pacing.UNPACED)
    session.instruments = {instrument.name: instrument}
    return script, session


def okx_desk() -> Desk:
    listed = own("okx")["instruments"]["inverse_swap"]
    instrument = okx.instrument(listed, listed["instId"])
    script, session = _opened("okx", instrument)
    ours = venue_client_id(OURS)

    def ok(*data: object) -> dict[str, object]:
        return {"code": "0", "msg": "", "data": list(data)}

    def one(**changes: object) -> dict[str, Any]:
        raw = own("okx")["order"] | {"ordId": THEIRS, "clOrdId": ours, "sz": "4", "accFillSz": "0"}
        return raw | {"instId": instrument.name, "state": "live", "avgPx": "", "uTime": str(MS)} | changes

    entry = {"clOrdId": ours, "ordId": THEIRS, "sCode": "0", "sMsg": "", "ts": str(MS)}
    return Desk(
        "okx", script, session, instrument,
        create="POST /api/v5/trade/order",
        cancel="POST /api/v5/trade/cancel-order",
        lookups=("GET /api/v5/trade/order",),
        guard="POST /api/v5/trade/cancel-all-after",
        taken=ok(entry),
        cancelled=ok(entry),
        counting=ok({"triggerTime": str(MS + 15000), "tag": "hedging", "ts": str(MS)}),
        not_there={"code": "51603", "msg": "Order does not exist", "data": []},
        one=one,
        several=ok,
    )  # fmt: skip


def bybit_desk() -> Desk:
    listed = own("bybit")["instruments"]["inverse"]
    instrument = bybit.instrument(listed, listed["symbol"])
    script, session = _opened("bybit", instrument)

    def ok(result: object) -> dict[str, object]:
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": MS}

    def one(**changes: object) -> dict[str, Any]:
        raw = own("bybit")["order"] | {"orderId": THEIRS, "orderLinkId": OURS, "orderStatus": "New"}
        return raw | {"qty": "4", "cumExecQty": "0", "avgPrice": "", "updatedTime": str(MS)} | changes

    def several(*raws: object) -> object:
        return ok({"category": "inverse", "list": list(raws), "nextPageCursor": ""})

    session.private_stream_open = True
    named = {"orderId": THEIRS, "orderLinkId": OURS}
    return Desk(
        "bybit", script, session, instrument,
        create="POST /v5/order/create",
        cancel="POST /v5/order/cancel",
        lookups=("GET /v5/order/realtime", "GET /v5/order/realtime", "GET /v5/order/history"),
        guard="POST /v5/order/disconnected-cancel-all",
        taken=ok(named),
        cancelled=ok(named),
        counting={"retCode": 0, "retMsg": "success"},
        not_there=several(),
        one=one,
        several=several,
    )  # fmt: skip


def binance_desk(kind: str) -> Desk:
    """``kind``: linear, inverse or option."""
    listed = own("binance")["instruments"][kind]
    parse = binance.option_instrument if kind == "option" else binance.futures_instrument
    instrument = parse(listed, listed["symbol"])
    script, session = _opened("binance", instrument)
    path = {"linear": "/fapi/v1", "inverse": "/dapi/v1", "option": "/eapi/v1"}[kind]
    size = format(instrument.lot * 4, "f")

    def one(**changes: object) -> dict[str, Any]:
        raw: dict[str, Any] = {
            "symbol": instrument.name, "orderId": int(THEIRS), "clientOrderId": OURS, "status": "NEW",
            "side": "SELL", "executedQty": "0", "avgPrice": "0", "updateTime": MS,
            "quantity" if kind == "option" else "origQty": size,
        }  # fmt: skip
        return raw | changes

    return Desk(
        f"binance {kind}", script, session, instrument,
        create=f"POST {path}/order",
        cancel=f"DELETE {path}/order",
        lookups=(f"GET {path}/order",),
        guard=None if kind == "option" else f"POST {path}/countdownCancelAll",
        taken=one(),
        cancelled=one(status="CANCELED" if kind != "option" else "CANCELLED"),
        counting={"symbol": instrument.name, "countdownTime": "15000"},
        not_there={"code": -2013, "msg": "Order does not exist."},
        one=one,
        several=lambda *raws: raws[0] if len(raws) == 1 else list(raws),
    )  # fmt: skip


DESKS: dict[str, Callable[[], Desk]] = {
    "okx": okx_desk,
    "bybit": bybit_desk,
    "binance linear": lambda: binance_desk("linear"),
    "binance inverse": lambda: binance_desk("inverse"),
    "binance option": lambda: binance_desk("option"),
}
