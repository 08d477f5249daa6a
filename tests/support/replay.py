"""OKX, Bybit and Binance on loopback: small samples at the exchanges' own REST paths, and every failure.

What is served is in ``answers``, by path; a test changes an entry and asks again. It shows that our way to
an exchange works, not how one behaves.
"""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from aiohttp import web
from listings import (
    MONTHS,
    binance_filters,
    binance_future_listing,
    binance_option_listing,
    bybit_listing,
    okx_listing,
)

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
Query = Mapping[str, str]
Answer = Callable[[Query], object]
Clock = Callable[[], datetime]


class Failure(Enum):
    """An answer that is none."""

    GATEWAY = "an HTML page, 502"
    SERVER = "an error of the server in JSON, 500"
    PAGE = "an HTML page, 200"
    HALF = "half a JSON document"
    CUT = "closed inside the body"
    EMPTY = "an empty answer"
    SILENT = "no answer in time"


class Replay:
    """A server on a thread of its own; ``requests`` are the paths, queries and headers that came."""

    def __init__(self) -> None:
        self.answers: dict[str, object] = {}
        self.requests: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.address = self._do(self._start())

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _, _ in self.requests)

    def close(self) -> None:
        if self._runner is not None:
            self._do(self._runner.cleanup())
            self._runner = None
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
            self._loop.close()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> str:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}"

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.path, dict(request.query), dict(request.headers)))
        answer = self.answers.get(request.path)
        if callable(answer):
            answer = answer(request.query)
        if isinstance(answer, Failure):
            return await _failed(answer, request)
        if answer is None:
            return web.json_response({"code": "404", "msg": f"no such path {request.path}"}, status=404)
        if isinstance(answer, tuple):
            return web.json_response(answer[1], status=answer[0])
        return web.json_response(answer)


async def _failed(failure: Failure, request: web.Request) -> web.StreamResponse:
    page = "<html><body>Bad gateway</body></html>"
    if failure is Failure.SILENT:
        await asyncio.sleep(3)
    if failure is Failure.CUT:
        response = web.StreamResponse(headers={"Content-Length": "500"})
        await response.prepare(request)
        await response.write(b'{"code":"0","data":[')
        assert request.transport is not None
        request.transport.close()
        return response
    if failure is Failure.SERVER:
        return web.json_response({"code": "50001", "msg": "Service temporarily unavailable"}, status=500)
    if failure is Failure.HALF:
        return web.Response(text='{"code":"0","data":[{"instId":', content_type="application/json")
    if failure is Failure.EMPTY:
        return web.Response(text="", content_type="application/json")
    return web.Response(
        text=page, content_type="text/html", status=502 if failure is Failure.GATEWAY else 200
    )


def own(venue: str) -> dict[str, Any]:
    """The small samples of a venue."""
    return json.loads((RECORDED / f"{venue}.json").read_text(encoding="utf-8"))


def ms(clock: Clock) -> str:
    return str(int(clock().timestamp() * 1000))


def expiry(clock: Clock) -> datetime:
    """08:00 on the day 33 days from now: samples must not expire before the tests."""
    return (clock() + timedelta(days=33)).replace(hour=8, minute=0, second=0, microsecond=0)


def okx_answers(clock: Clock) -> dict[str, object]:
    """An account short 250 contracts of a BTC call and 7 of the inverse swap, long ETH by a linear swap."""
    sample = own("okx")
    day = f"{expiry(clock):%y%m%d}"
    call, put = f"BTC-USD-{day}-90000-C", f"ETH-USD-{day}-3000-P"
    listings = {
        "SWAP": [
            okx_listing("BTC-USD-SWAP", "100"),
            okx_listing("ETH-USD-SWAP", "10"),
            okx_listing("ETH-USDT-SWAP", "0.1"),
        ],
        "FUTURES": [okx_listing(f"BTC-USD-{day}", "100")],
        "BTC-USD": [okx_listing(call, "1", "0.01")],
        "ETH-USD": [okx_listing(put, "1", "0.1")],
    }
    prices = {"BTC-USD": 90_000.0, "ETH-USD": 3_000.0, "ETH-USDT": 3_001.0}
    positions = [
        sample["positions"]["option"] | {"instId": call},
        sample["positions"]["swap"],
        sample["positions"]["swap"]
        | {"instId": "ETH-USDT-SWAP", "posSide": "net", "pos": "120", "avgPx": "2900", "upl": "1200"},
    ]

    def ok(*data: object) -> dict[str, object]:
        return {"code": "0", "msg": "", "data": list(data)}

    def listed(query: Query) -> object:
        of = query.get("instFamily", query["instType"])
        return ok(*({**raw, "instFamily": raw["uly"]} for raw in listings[of]))

    def per_family(make: Callable[[str, float], object]) -> Answer:
        def answer(query: Query) -> object:
            family = query["instFamily"]
            kind = query.get("instType", "OPTION")
            names = [raw["instId"] for raw in listings[family if kind == "OPTION" else kind]]
            return ok(*(make(name, prices[family]) for name in names if name.startswith(f"{family}-")))

        return answer

    def touch(name: str, price: float) -> object:
        if name.count("-") == 4:
            return sample["ticker"] | {"instId": name, "ts": ms(clock)}
        return {
            "instType": "SWAP", "instId": name, "bidPx": str(price - 1), "bidSz": "5", "askSz": "6",
            "askPx": str(price + 1), "ts": ms(clock),
        }  # fmt: skip

    def mark(name: str, price: float) -> object:
        value = "0.0510" if name.count("-") == 4 else str(price)
        return {"instType": "SWAP", "instId": name, "markPx": value, "ts": ms(clock)}

    def summary(name: str, price: float) -> object:
        return sample["summary"] | {"instId": name, "ts": ms(clock)}

    greeks = [
        {"ccy": "BTC", "deltaBS": "-1.3077", "deltaPA": "-1.1802", "ts": ms(clock)},
        {"ccy": "ETH", "deltaBS": "", "deltaPA": "12", "ts": ms(clock)},
    ]
    return {
        "/api/v5/public/time": lambda _: ok({"ts": ms(clock)}),
        "/api/v5/public/underlying": ok(["BTC-USD", "ETH-USD"]),
        "/api/v5/public/instruments": listed,
        "/api/v5/market/tickers": per_family(touch),
        "/api/v5/public/mark-price": per_family(mark),
        "/api/v5/public/opt-summary": per_family(summary),
        "/api/v5/market/index-tickers": lambda query: ok(
            {"instId": query["instId"], "idxPx": str(prices[query["instId"]]), "ts": ms(clock)}
        ),
        "/api/v5/account/config": ok({"uid": "1", "acctLv": "3", "perm": "read_only"}),
        "/api/v5/account/positions": ok(*positions),
        "/api/v5/account/balance": ok(sample["account"]),
        "/api/v5/account/greeks": ok(*greeks),
    }


def bybit_answers(clock: Clock) -> dict[str, object]:
    """A unified account short the inverse perpetual, long a linear one and a put on BTC."""
    sample = own("bybit")
    at = expiry(clock)
    day = f"{at.day}{MONTHS[at.month - 1]}{at:%y}"
    option = f"BTC-{day}-90000-P-USDT"
    put = {"symbol": option, "deliveryTime": str(int(at.timestamp() * 1000))}
    listings: dict[str, list[dict[str, Any]]] = {
        "linear": [bybit_listing("BTCUSDT"), bybit_listing("ETHUSDT", base="ETH")],
        "inverse": [bybit_listing("BTCUSD", "InversePerpetual")],
        "BTC": [sample["instruments"]["option"] | put, bybit_listing(f"BTC-{day}-90000-C")],
        "ETH": [bybit_listing(f"ETH-{day}-3000-C", base="ETH")],
    }
    held = {
        "inverse": [sample["position"]],
        "USDT": [sample["position"] | {"symbol": "BTCUSDT", "side": "Buy", "size": "0.5"}],
        "option": [
            sample["position"] | {"symbol": option, "side": "Buy", "size": "2", "avgPrice": "4400"},
        ],
    }

    def ok(listed: list[Any], cursor: str = "") -> dict[str, object]:
        result = {"list": listed, "nextPageCursor": cursor}
        return {"retCode": 0, "retMsg": "OK", "result": result, "time": int(ms(clock))}

    def instruments(query: Query) -> object:
        found = listings.get(query.get("baseCoin", query["category"]), [])
        if query["category"] != "linear":
            return ok(found)
        return ok(found[1:]) if "cursor" in query else ok(found[:1], "page-2")

    def tickers(query: Query) -> object:
        if query["category"] == "option":
            priced = sample["option_ticker"] | {"symbol": option, "ask1Size": "1.5"}
            return ok([priced] if query["baseCoin"] == "BTC" else [])
        every = [raw["symbol"] for raw in listings[query["category"]]]
        return ok([ticker(name) for name in ([query["symbol"]] if "symbol" in query else every)])

    def ticker(name: str) -> dict[str, str]:
        price = 3_000.0 if name.startswith("ETH") else 90_000.0
        return {
            "symbol": name, "bid1Price": str(price - 1), "bid1Size": "5", "ask1Price": str(price + 1),
            "ask1Size": "6", "markPrice": str(price), "indexPrice": str(price + 2),
        }  # fmt: skip

    return {
        "/v5/market/time": lambda _: {**ok([]), "result": {"timeSecond": "1", "timeNano": "1"}},
        "/v5/market/instruments-info": instruments,
        "/v5/market/tickers": tickers,
        "/v5/user/query-api": {
            "retCode": 0,
            "result": {"readOnly": 1, "permissions": {"Wallet": ["AccountTransfer"], "Options": []}},
            "time": int(ms(clock)),
        },
        "/v5/position/list": lambda query: ok(held.get(query.get("settleCoin", query["category"]), [])),
        "/v5/account/wallet-balance": lambda _: ok([sample["account"]]),
        "/v5/asset/coin-greeks": lambda _: ok([sample["coin_greeks"]]),
    }


def binance_answers(clock: Clock) -> dict[str, object]:
    """Long a USD-margined and short a coin-margined perpetual, short a put on XRP, and a spot wallet."""
    sample = own("binance")
    at = expiry(clock)
    name, future = f"XRP-{at:%y%m%d}-2.4-P", f"ETHUSD_{at:%y%m%d}"
    option = binance_option_listing(name, 100)
    linear = [binance_future_listing("BTCUSDT", "BTC"), binance_future_listing("ETHUSDT", "ETH")]
    inverse = [
        binance_future_listing("BTCUSD_PERP", "BTC", 100),
        sample["instruments"]["inverse"]
        | {
            "symbol": future,
            "deliveryDate": int(at.timestamp() * 1000),
            "filters": binance_filters("0.01", "1"),
        },
    ]
    long = {
        "symbol": "BTCUSDT", "positionAmt": "0.250", "positionSide": "BOTH", "entryPrice": "88000.0",
        "markPrice": "90000", "unRealizedProfit": "500.0", "notional": "22500", "isolatedMargin": "0",
        "initialMargin": "1125", "maintMargin": "90", "updateTime": 1795348800000,
    }  # fmt: skip
    short = sample["positions"]["inverse"] | {
        "symbol": future, "markPrice": "3000", "notionalValue": "-0.4", "leverage": "10",
        "marginType": "cross", "isolatedMargin": "0", "liquidationPrice": "0",
    }  # fmt: skip
    nothing = dict.fromkeys(("walletBalance", "marginBalance", "availableBalance"), "0")
    idle = nothing | {"asset": "BNB", "initialMargin": "0", "maintMargin": "0"}

    def touch(name: str) -> dict[str, object]:
        price = 3_000.0 if name.startswith("ETH") else 90_000.0
        return {
            "symbol": name, "bidPrice": str(price - 1), "bidQty": "5", "askPrice": str(price + 1),
            "askQty": "6", "time": int(ms(clock)),
        }  # fmt: skip

    def mark(name: str) -> dict[str, object]:
        price = 3_000.0 if name.startswith("ETH") else 90_000.0
        return {
            "symbol": name, "markPrice": str(price), "indexPrice": str(price + 2), "time": int(ms(clock)),
        }  # fmt: skip

    def option_mark(name: str) -> dict[str, object]:
        return {
            "symbol": name, "markPrice": "19.5", "markIV": "0.85", "bidIV": "-1", "gamma": "0.65",
            "delta": "-0.51", "vega": "0.0027", "theta": "-0.0035", "riskFreeInterest": "0.0",
        }  # fmt: skip

    def of_all(listed: list[dict[str, Any]], make: Callable[[str], object]) -> Answer:
        names = [raw["symbol"] for raw in listed]
        return lambda query: [make(name) for name in ([query["symbol"]] if "symbol" in query else names)]

    def or_one(listed: list[dict[str, Any]], make: Callable[[str], object]) -> Answer:
        every = of_all(listed, make)
        return lambda query: make(query["symbol"]) if "symbol" in query else every(query)

    rights = {"ipRestrict": True, "enableReading": True, "enableWithdrawals": False,
              "enableInternalTransfer": False, "permitsUniversalTransfer": False}  # fmt: skip
    spot = {
        "accountType": "SPOT",
        "balances": [
            {"asset": "BTC", "free": "0.4", "locked": "0.1"},
            {"asset": "LTC", "free": "0", "locked": "0"},
        ],
    }
    return {
        "/api/v3/time": lambda _: {"serverTime": int(ms(clock))},
        "/api/v3/account": spot,
        "/sapi/v1/account/apiRestrictions": rights,
        "/fapi/v1/exchangeInfo": {"symbols": linear},
        "/dapi/v1/exchangeInfo": {"symbols": inverse},
        "/eapi/v1/exchangeInfo": {"optionSymbols": [option]},
        "/fapi/v3/positionRisk": [long],
        "/dapi/v1/positionRisk": [short],
        "/eapi/v1/position": [sample["positions"]["option"] | {"symbol": name, "markValue": "-48"}],
        "/fapi/v3/account": {"assets": [sample["futures_asset"] | {"asset": "USDT"}, idle]},
        "/dapi/v1/account": {"assets": [sample["futures_asset"], idle]},
        "/eapi/v1/marginAccount": {"asset": [sample["option_asset"]]},
        "/fapi/v1/ticker/bookTicker": or_one(linear, touch),
        "/dapi/v1/ticker/bookTicker": of_all(inverse, touch),
        "/fapi/v1/premiumIndex": or_one(linear, mark),
        "/dapi/v1/premiumIndex": of_all(inverse, mark),
        "/eapi/v1/mark": of_all([option], option_mark),
        "/eapi/v1/index": lambda _: {"indexPrice": "2.35", "time": int(ms(clock))},
    }
