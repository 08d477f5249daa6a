"""Open orders and trades of OKX, Bybit and Binance, over pages, categories and interfaces."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from cut_venue import Cut, Reply
from order_desks import DESKS, MS, NOW, OURS, THEIRS, Desk, own

from hedging.errors import VenueUnreachable
from hedging.model.trading import OrderState
from hedging.venues.deribit import UnknownInstrument

SINCE = NOW - timedelta(minutes=5)
BEFORE = MS - 600_000
HOUR = 3_600_000

Asked = dict[str, str]
Answering = Callable[[Asked], object]


@pytest.fixture
def of() -> Iterator[Callable[[str], Desk]]:
    opened: list[Desk] = []

    def make(name: str) -> Desk:
        opened.append(DESKS[name]())
        desk = opened[-1]
        desk.session._bases = ("BTC", "ETH")
        desk.session._tried = dict.fromkeys(("GONE", "BTC-USDT"), NOW)  # asked for a moment ago
        return desk

    yield make
    for desk in opened:
        desk.session.close()
        desk.script.close()


def okx_trade(number: int, **changes: object) -> dict[str, Any]:
    raw = own("okx")["trade"] | {"tradeId": str(number), "billId": str(number), "ordId": THEIRS}
    return raw | {"clOrdId": OURS.replace("-", "x"), "ts": str(MS - number)} | changes


def bybit_trade(number: int, **changes: object) -> dict[str, Any]:
    raw = own("bybit")["executions"]["trade"] | {"execId": f"e-{number}", "orderId": THEIRS}
    return raw | {"orderLinkId": OURS, "execTime": str(MS - number)} | changes


def binance_trade(symbol: str, number: int, **changes: object) -> dict[str, Any]:
    return {
        "symbol": symbol, "id": number, "orderId": int(THEIRS), "side": "SELL", "price": "3000.5", "qty": "2",
        "commission": "0.01", "commissionAsset": "USDT", "time": MS - number,
    } | changes  # fmt: skip


def ok(*data: object) -> dict[str, object]:
    return {"code": "0", "msg": "", "data": list(data)}


def listed(raws: list[Any], cursor: str = "") -> dict[str, object]:
    return {"retCode": 0, "retMsg": "OK", "result": {"list": raws, "nextPageCursor": cursor}, "time": MS}


# --- OKX


def test_open_orders_of_okx_come_page_by_page(of: Callable[[str], Desk]) -> None:
    desk = of("okx")
    every = [desk.one(ordId=str(1000 - number), clOrdId=f"o{number}") for number in range(130)]

    def answer(asked: Asked) -> object:
        start = next((i + 1 for i, raw in enumerate(every) if raw["ordId"] == asked.get("after")), 0)
        return ok(*every[start : start + int(asked["limit"])])

    desk.script.answers["GET /api/v5/trade/orders-pending"] = answer
    orders = desk.session.open_orders()
    assert [order.venue_id for order in orders] == [raw["ordId"] for raw in every]
    assert len(desk.script.requests) == 2


def test_pages_of_okx_that_do_not_end_are_no_answer(of: Callable[[str], Desk]) -> None:
    desk = of("okx")
    page = ok(*(desk.one(ordId="7", clOrdId=f"o{number}") for number in range(100)))
    desk.script.answers["GET /api/v5/trade/orders-pending"] = page
    with pytest.raises(VenueUnreachable, match="do not end"):
        desk.session.open_orders()


def test_trades_of_okx(of: Callable[[str], Desk]) -> None:
    desk = of("okx")
    linear = okx_trade(3, instId="GONE", clOrdId="")
    old = okx_trade(4, ts=str(BEFORE))
    desk.script.answers["GET /api/v5/trade/fills"] = ok(okx_trade(1), okx_trade(2), linear, old)
    fills = desk.session.fills("BTC", SINCE)
    assert [fill.trade_id for fill in fills] == ["GONE:3", "BTC-USD-SWAP:2", "BTC-USD-SWAP:1"]
    assert [fill.client_id for fill in fills] == ["", OURS, OURS]
    assert desk.script.requests[0][1]["begin"] == str(MS - 300_000)
    assert [fill.trade_id for fill in desk.session.fills("USDT", SINCE)] == ["GONE:3"]  # nobody's, so in each


def test_old_trades_of_okx_are_asked_for_by_kind(of: Callable[[str], Desk]) -> None:
    desk = of("okx")

    def answer(asked: Asked) -> object:
        return ok(okx_trade(1)) if asked["instType"] == "SWAP" else ok()

    desk.script.answers["GET /api/v5/trade/fills-history"] = answer
    assert len(desk.session.fills("BTC", NOW - timedelta(days=20))) == 1
    assert [asked["instType"] for _, asked in desk.script.requests] == ["SWAP", "FUTURES", "OPTION"]


def test_one_number_in_two_instruments_is_two_trades(of: Callable[[str], Desk]) -> None:
    desk = of("okx")
    desk.script.answers["GET /api/v5/trade/fills"] = ok(okx_trade(1), okx_trade(1, instId="GONE"))
    assert len(desk.session.fills("BTC", SINCE)) == 2


# --- Bybit


def test_open_orders_of_bybit_in_every_category(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")

    def answer(asked: Asked) -> object:
        assert asked["openOnly"] == "0"
        if asked["category"] != "inverse":
            return listed([])
        first = "cursor" not in asked
        return listed([desk.one(orderId="a" if first else "b")], "more" if first else "")

    desk.script.answers["GET /v5/order/realtime"] = answer
    assert [order.venue_id for order in desk.session.open_orders()] == ["a", "b"]
    asked = [(asked["category"], asked.get("settleCoin")) for _, asked in desk.script.requests]
    assert asked == [
        ("linear", "USDT"), ("linear", "USDC"), ("inverse", None), ("inverse", None), ("option", None),
    ]  # fmt: skip


def test_trades_of_bybit_without_what_is_no_trade(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    funding = own("bybit")["executions"]["funding"] | {"execTime": str(MS)}

    def answer(asked: Asked) -> object:
        if asked["category"] != "inverse":
            return listed([])
        if "cursor" in asked:
            return listed([bybit_trade(2), bybit_trade(1)])
        return listed([bybit_trade(1), funding], "more")

    desk.script.answers["GET /v5/execution/list"] = answer
    fills = desk.session.fills("BTC", SINCE)
    assert [(fill.trade_id, fill.client_id) for fill in fills] == [("e-2", OURS), ("e-1", OURS)]
    assert desk.session.fills("USDT", SINCE) == ()


def test_trades_of_bybit_by_weeks(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    desk.script.answers["GET /v5/execution/list"] = listed([])
    desk.session.fills("BTC", NOW - timedelta(days=10))
    spans = [
        (int(a["startTime"]), int(a["endTime"])) for _, a in desk.script.requests if a["category"] == "linear"
    ]
    assert spans[0][0] == MS - 240 * HOUR
    assert spans[0][1] == spans[1][0]
    assert spans[1][1] > MS
    assert max(end - start for start, end in spans) <= 168 * HOUR


def test_a_kind_of_execution_that_is_not_known_is_no_answer(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    desk.script.answers["GET /v5/execution/list"] = listed([bybit_trade(1, execType="Surprise")])
    with pytest.raises(VenueUnreachable, match="execType"):
        desk.session.fills("BTC", SINCE)


def test_a_trade_in_what_was_listed_since(of: Callable[[str], Desk]) -> None:
    desk = of("bybit")
    new = own("bybit")["instruments"]["linear"] | {"symbol": "ETHUSDT", "baseCoin": "ETH"}
    every = {"inverse": [own("bybit")["instruments"]["inverse"]], "linear": [new]}
    desk.script.answers["GET /v5/market/instruments-info"] = lambda asked: listed(
        every.get(asked["category"], [])
    )
    trade = bybit_trade(1, symbol="ETHUSDT")
    desk.script.answers["GET /v5/execution/list"] = lambda asked: listed(
        [trade] * (asked["category"] == "linear")
    )
    assert [fill.instrument for fill in desk.session.fills("USDT", SINCE)] == ["ETHUSDT"]


# --- Binance


def binance_account(desk: Desk, **trades: list[dict[str, Any]]) -> None:
    """Nothing open, nothing traded but ``trades`` by interface; orders are ours by their odd ids."""

    def order(asked: Asked) -> object:
        if asked["orderId"] == "13":
            return Reply(400, {"code": -2013, "msg": "Order does not exist."})
        ours = int(asked["orderId"]) % 2 == 1
        return {
            "symbol": asked["symbol"], "orderId": int(asked["orderId"]), "status": "FILLED", "side": "SELL",
            "clientOrderId": OURS if ours else "web_1", "origQty": "2", "executedQty": "2",
            "avgPrice": "3000.5", "updateTime": MS,
        }  # fmt: skip

    answers = desk.script.answers
    for letter in "fde":
        answers[f"GET /{letter}api/v1/openOrders"] = []
        answers[f"GET /{letter}api/v1/order"] = order
        answers[f"GET /{letter}api/v1/userTrades"] = by_time(trades.get(letter, []))
    for letter in "fd":
        traded = [{"symbol": raw["symbol"], "time": raw["time"]} for raw in trades.get(letter, [])]
        answers[f"GET /{letter}api/v1/income"] = by_time([*traded, {"symbol": "", "time": MS}])


def by_time(raws: list[dict[str, Any]]) -> Answering:
    def answer(asked: Asked) -> object:
        start = int(asked.get("startTime", "0"))
        found = [raw for raw in raws if start <= raw["time"] <= start + 168 * HOUR]
        if "symbol" in asked:
            found = [raw for raw in found if raw["symbol"] == asked["symbol"]]
        return sorted(found, key=lambda raw: int(raw["time"]))[: int(asked["limit"])]

    return answer


def test_open_orders_of_binance_in_every_interface(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    binance_account(desk)
    for letter, name in (("f", "ETHUSDT"), ("d", "ETHUSD_261225")):
        desk.script.answers[f"GET /{letter}api/v1/openOrders"] = [desk.one(symbol=name, origQty="2")]
    orders = desk.session.open_orders()
    assert [(order.instrument, order.state) for order in orders] == [
        ("ETHUSDT", OrderState.ACKED),
        ("ETHUSD_261225", OrderState.ACKED),
    ]
    desk.script.answers["GET /eapi/v1/openOrders"] = Cut.HTML
    with pytest.raises(VenueUnreachable):
        desk.session.open_orders()


def test_trades_of_binance_carry_the_client_ids_of_their_orders(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    trades = [
        binance_trade("ETHUSDT", 1),
        binance_trade("ETHUSDT", 2),
        binance_trade("ETHUSDT", 3, orderId=12),
        binance_trade("GONE", 1, orderId=13),
    ]
    binance_account(desk, f=trades)
    fills = desk.session.fills("USDT", SINCE)
    assert {fill.trade_id: fill.client_id for fill in fills} == {
        "ETHUSDT:1": OURS,
        "ETHUSDT:2": OURS,
        "ETHUSDT:3": "web_1",
        "GONE:1": "",
    }
    assert desk.script.count("GET /fapi/v1/order") == 3  # each order is asked for once
    assert [fill.amount for fill in fills] == [Decimal(2)] * 4


def test_a_trade_whose_order_could_not_be_read_is_nobody_s_yet(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    binance_account(desk, f=[binance_trade("ETHUSDT", 1)])
    desk.script.answers["GET /fapi/v1/order"] = Cut.HTML
    with pytest.raises(VenueUnreachable):
        desk.session.fills("USDT", SINCE)


def test_trades_in_coin_margined_futures(of: Callable[[str], Desk]) -> None:
    desk = of("binance inverse")
    binance_account(desk, d=[binance_trade("ETHUSD_261225", 1, commissionAsset="ETH")])
    assert [fill.trade_id for fill in desk.session.fills("ETH", SINCE)] == ["ETHUSD_261225:1"]
    asked = [asked for route, asked in desk.script.requests if route == "GET /dapi/v1/userTrades"]
    assert [each["symbol"] for each in asked] == ["ETHUSD_261225"]
    assert desk.session.fills("BTC", SINCE) == ()


def test_trades_of_binance_over_pages_and_weeks(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    many = [binance_trade("ETHUSDT", 1000 * HOUR // 1000 + number) for number in range(1500)]
    late = binance_trade("ETHUSDT", 1)
    binance_account(desk, f=[*many, late])
    fills = desk.session.fills("USDT", NOW - timedelta(days=10))
    assert len(fills) == 1501
    assert fills[-1].trade_id == "ETHUSDT:1"
    assert [fill.at for fill in fills] == sorted(fill.at for fill in fills)


def test_trades_of_one_instant_that_fill_a_page_are_no_answer(of: Callable[[str], Desk]) -> None:
    desk = of("binance linear")
    same = [binance_trade("ETHUSDT", 1) | {"id": number, "time": MS - 300_000} for number in range(1001)]
    binance_account(desk, f=same)
    with pytest.raises(VenueUnreachable, match="do not end"):
        desk.session.fills("USDT", SINCE)


# --- of one order


@pytest.mark.parametrize("name", list(DESKS))
def test_trades_of_one_order(of: Callable[[str], Desk], name: str) -> None:
    desk = of(name)
    symbol = desk.instrument.name
    binance_account(desk)
    other = binance_trade(symbol, 2, orderId=12)
    option = own("binance")["option_trade"]
    desk.script.answers |= {
        "GET /api/v5/trade/fills": ok(okx_trade(1)),
        "GET /v5/execution/list": listed([bybit_trade(1)]),
        "GET /fapi/v1/userTrades": [binance_trade(symbol, 1), other],
        "GET /dapi/v1/userTrades": [binance_trade(symbol, 1), other],
        "GET /eapi/v1/userTrades": [option | {"orderId": int(THEIRS)}, option],
    }
    fills = desk.session.fills_of(THEIRS, symbol)
    assert [(fill.venue_order_id, fill.client_id, fill.instrument) for fill in fills] == [
        (THEIRS, OURS, symbol)
    ]
    assert (
        desk.script.requests[0][1].get("ordId", desk.script.requests[0][1].get("orderId", THEIRS)) == THEIRS
    )
    with pytest.raises(UnknownInstrument):
        desk.session.fills_of(THEIRS, "another")


@pytest.mark.parametrize("name", list(DESKS))
@pytest.mark.parametrize("cut", [Cut.HTML, Cut.BODY, Cut.EMPTY])
def test_a_failed_read_is_never_an_empty_list(of: Callable[[str], Desk], name: str, cut: Cut) -> None:
    desk = of(name)
    for route in (
        "GET /api/v5/trade/fills", "GET /api/v5/trade/orders-pending", "GET /v5/execution/list",
        "GET /v5/order/realtime", "GET /fapi/v1/income", "GET /fapi/v1/openOrders",
        *(f"GET /{letter}api/v1/userTrades" for letter in "fde"),
    ):  # fmt: skip
        desk.script.answers[route] = (cut, {})
    for read in (
        lambda: desk.session.fills(desk.instrument.settlement_currency, SINCE),
        lambda: desk.session.fills_of(THEIRS, desk.instrument.name),
        desk.session.open_orders,
    ):
        before = len(desk.script.requests)
        with pytest.raises(VenueUnreachable):
            read()
        assert len(desk.script.requests) == before + 1


@pytest.mark.parametrize("name", ["okx", "bybit", "binance linear"])
def test_one_question_brings_the_trades_in_every_currency(of: Callable[[str], Desk], name: str) -> None:
    desk = of(name)
    binance_account(desk, f=[binance_trade("ETHUSDT", 1)], d=[binance_trade("ETHUSD_261225", 1)])
    desk.script.answers["GET /api/v5/trade/fills"] = ok(okx_trade(1), okx_trade(2, instId="BTC-USDT-SWAP"))
    of_bybit = {"inverse": [bybit_trade(1)], "linear": [bybit_trade(2)]}
    desk.script.answers["GET /v5/execution/list"] = lambda asked: listed(of_bybit.get(asked["category"], []))
    asked = desk.session.settlement_currencies
    found = {fill.trade_id for each in asked for fill in desk.session.fills(each, SINCE)}
    assert len(asked) == 1
    assert len(found) == 2
