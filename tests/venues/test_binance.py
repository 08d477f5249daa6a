"""Binance: own samples to checked nouns, every recorded payload in a table, garbage refused."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listings import NOW, Case, assert_finite, binance_future, binance_option, files_of, order_for, spoilt

from hedging.errors import BadInput
from hedging.model.exposure import Convention
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.trading import OrderState
from hedging.risk.greeks import coins
from hedging.units import Side
from hedging.venues import binance, binance_orders
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading import DAYS_PER_YEAR, VEGA_PER_POINT

OWN: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "recorded" / "binance.json").read_text(encoding="utf-8")
)
LISTED = {
    "spot": binance.spot_instrument(OWN["instruments"]["spot"], "s"),
    "linear": binance.futures_instrument(OWN["instruments"]["linear"], "s"),
    "inverse": binance.futures_instrument(OWN["instruments"]["inverse"], "s"),
    "option": binance.option_instrument(OWN["instruments"]["option"], "s"),
}
OPTION = LISTED["option"]
BY_NAME = {listed.name: listed for listed in LISTED.values()}
EXAMPLES = "ccxt_examples/binance"
Recorded = Callable[[str], Any]


@pytest.mark.parametrize(
    ("name", "kind", "settlement", "unit", "multiplier", "settled"),
    [
        ("spot", Kind.SPOT, Settlement.LINEAR, AmountUnit.COIN, 1, "USDT"),
        ("linear", Kind.PERPETUAL, Settlement.LINEAR, AmountUnit.COIN, 1, "USDT"),
        ("inverse", Kind.FUTURE, Settlement.INVERSE, AmountUnit.USD, 10, "ETH"),
        ("option", Kind.OPTION, Settlement.LINEAR, AmountUnit.COIN, 100, "USDT"),
    ],
)
def test_kinds_units_and_what_a_contract_is_worth(
    name: str, kind: Kind, settlement: Settlement, unit: AmountUnit, multiplier: int, settled: str
) -> None:
    read = LISTED[name]
    assert (read.kind, read.settlement, read.amount_unit) == (kind, settlement, unit)
    assert (read.multiplier, read.settlement_currency) == (multiplier, settled)
    dated = kind in (Kind.FUTURE, Kind.OPTION)
    assert read.expiry == (datetime(2026, 12, 25, 8, tzinfo=UTC) if dated else None)


def test_an_option_of_a_hundred_coins() -> None:
    assert (OPTION.underlying, OPTION.strike, OPTION.option_kind) == ("XRP", 2.4, OptionKind.PUT)
    assert (OPTION.lot, OPTION.amount_label) == (Decimal("0.01"), "contracts of 100 XRP")


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("spot", {"isSpotTradingAllowed": False}, "isSpotTradingAllowed"),
        ("spot", {"filters": []}, "LOT_SIZE: expected 1 entry"),
        ("linear", {"contractType": ""}, "contractType"),
        ("linear", {"contractType": "PERPETUAL_DELIVERING"}, "contractType"),
        ("linear", {"marginAsset": "ETH"}, "marginAsset"),
        ("inverse", {"contractSize": 0}, "contractSize"),
        ("inverse", {"marginAsset": "USDT"}, "marginAsset"),
        ("inverse", {"quoteAsset": "EUR"}, "quoteAsset"),
        ("inverse", {"deliveryDate": 1798185600}, "deliveryDate"),
        ("option", {"side": "PUT?"}, "side"),
        ("option", {"unit": None}, "unit"),
        ("option", {"underlying": "XRPEUR"}, "underlying"),
        ("option", {"strikePrice": "0"}, "strikePrice"),
    ],
)
def test_instruments_that_are_refused(name: str, changes: dict[str, Any], named: str) -> None:
    readers = {"spot": binance.spot_instrument, "option": binance.option_instrument}
    with pytest.raises(BadInput, match=named):
        readers.get(name, binance.futures_instrument)(OWN["instruments"][name] | changes, "s")


def test_positions_are_signed_contracts() -> None:
    inverse = binance.futures_position(OWN["positions"]["inverse"], "desk", BY_NAME, NOW)
    option = binance.option_position(OWN["positions"]["option"], "desk", BY_NAME, NOW)
    assert inverse is not None
    assert option is not None
    assert (inverse.amount, inverse.floating_pnl) == (Decimal(-120), 0.0012)
    assert coins(inverse, 3000.0) == pytest.approx(-0.4, rel=1e-15)
    assert (option.amount, option.average_price) == (Decimal("-2.50"), 21.0)
    assert coins(option, 2.35) == -250.0
    flat = OWN["positions"]["inverse"] | {"positionAmt": "0", "positionSide": "SHORT"}
    assert binance.futures_position(flat, "desk", {}, NOW) is None


@pytest.mark.parametrize(
    ("kind", "changes", "named"),
    [
        ("inverse", {"positionSide": "LONG"}, "positionAmt"),
        ("inverse", {"positionSide": ""}, "positionSide|ps"),
        ("inverse", {"positionAmt": "1e999"}, "positionAmt"),
        ("inverse", {"symbol": "ETHUSD_270326"}, "ETHUSD_270326"),
        ("option", {"side": "LONG"}, "side"),
        ("option", {"quantity": "2.5"}, "side"),
        ("option", {"entryPrice": "-1"}, "entryPrice"),
    ],
)
def test_positions_that_are_refused(kind: str, changes: dict[str, str], named: str) -> None:
    read = binance.option_position if kind == "option" else binance.futures_position
    with pytest.raises(BadInput, match=named):
        read(OWN["positions"][kind] | changes, "desk", BY_NAME, NOW)


def test_equity_is_the_margin_balance_not_the_wallet() -> None:
    futures = binance.futures_balance(OWN["futures_asset"], "desk", NOW)
    assert (futures.currency, futures.equity, futures.available) == ("ETH", 10.0, 8.5)
    assert (futures.initial_margin, futures.maintenance_margin) == (1.5, 0.75)
    option = binance.option_balance(OWN["option_asset"], "desk", NOW)
    assert (option.equity, option.available, option.maintenance_margin) == (10_050.5, 9_000.0, 500.0)
    with pytest.raises(BadInput, match="maintMargin"):
        binance.option_balance(OWN["option_asset"] | {"maintMargin": "-1"}, "desk", NOW)


def test_an_option_mark_is_per_contract_and_its_greeks_per_coin() -> None:
    quote = binance.option_mark(OWN["option_mark"], NOW + timedelta(seconds=1))
    assert (quote.bid, quote.bid_size, quote.ask, quote.mark) == (19.1, 3.0, None, 19.5)
    assert (quote.index, quote.forward, quote.iv, quote.venue_delta) == (2.35, None, 0.85, -0.51)
    assert quote.venue_at == NOW
    greeks = binance.greeks(OWN["option_mark"], OPTION, NOW)
    assert (greeks.convention, greeks.currency, greeks.delta) == (Convention.BLACK, "USDT", -0.51)
    assert (greeks.vega, greeks.theta, greeks.venue_at) == (0.0027 * 100, -0.0035 * 365, NOW)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"d": "0.51"}, "d is '0.51'"),
        ({"g": None}, "g is None"),
        ({"v": "-1"}, "v is '-1'"),
        ({"vo": "85"}, "vo"),
        ({"s": "XRP-261225-2.4-C"}, "s is"),
        ({"E": None}, "E"),
    ],
)
def test_greeks_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        binance.greeks(OWN["option_mark"] | changes, OPTION, NOW)


def test_a_payload_without_a_touch_is_no_empty_touch() -> None:
    with pytest.raises(BadInput, match="bidPrice is None"):
        binance.book_ticker({"symbol": "ETHUSDT", "markPrice": "3000", "time": 1795348800000}, NOW)


def test_a_cancel_names_our_order_not_itself() -> None:
    report = binance_orders.order_report(OWN["cancel"])
    assert (report.client_id, report.venue_id) == ("t7l0c1", "71275227732")
    assert (report.state, report.filled, report.amount) == (OrderState.CANCELLED, Decimal(5), Decimal(12))


def test_a_trade_in_an_option_has_no_client_id() -> None:
    fill = binance_orders.fill(OWN["option_trade"], "desk")
    assert (fill.side, fill.amount, fill.price) == (Side.SELL, Decimal("2.50"), Decimal("19.5"))
    assert (fill.fee, fill.fee_currency, fill.client_id) == (Decimal("0.05"), "USDT", "")
    with pytest.raises(BadInput, match="quantity"):
        binance_orders.fill(OWN["option_trade"] | {"side": "BUY"}, "desk")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"status": "TRIGGERING"}, "status"),
        ({"status": "FILLED"}, "status"),
        ({"status": "NEW", "executedQty": "12"}, "status"),
        ({"executedQty": "13"}, "executedQty"),
        ({"avgPrice": "0"}, "avgPrice"),
        ({"origQty": "0"}, "origQty"),
        ({"orderId": True}, "orderId"),
    ],
)
def test_orders_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        binance_orders.order_report(OWN["cancel"] | changes)


@pytest.mark.parametrize(
    ("name", "path", "id_field", "resting"),
    [
        ("spot", "api/v3/order", "newClientOrderId", {"type": "LIMIT_MAKER"}),
        ("linear", "fapi/v1/order", "newClientOrderId", {"type": "LIMIT", "timeInForce": "GTX"}),
        ("inverse", "dapi/v1/order", "newClientOrderId", {"type": "LIMIT", "timeInForce": "GTX"}),
        (
            "option",
            "eapi/v1/order",
            "clientOrderId",
            {"type": "LIMIT", "timeInForce": "GTC", "postOnly": "true"},
        ),
    ],
)
def test_requests_by_interface(name: str, path: str, id_field: str, resting: dict[str, str]) -> None:
    listed = LISTED[name]
    order = order_for(listed, "t7-l0.c1")
    request = binance_orders.order_request(order, listed, NOW)
    assert request.interface.value == path
    expected: dict[str, str | int] = {
        "symbol": listed.name,
        "side": "SELL",
        "type": "LIMIT",
        "timeInForce": "IOC",
        "quantity": format(listed.lot * 3, "f"),
        "price": format(listed.tick * 10, "f"),
        id_field: "t7-l0.c1",
        "newOrderRespType": "RESULT",
        "recvWindow": 5000,
        "timestamp": 1795348800000,
    }
    assert request.parameters() == expected | ({} if name == "spot" else {"reduceOnly": "false"})
    waiting = binance_orders.order_request(order, listed, NOW, TimeInForce.GOOD_TIL_CANCELLED).parameters()
    kept = {field: waiting[field] for field in ("type", "timeInForce", "postOnly") if field in waiting}
    assert kept == resting


@pytest.mark.parametrize(
    ("name", "changes", "late", "named"),
    [
        ("option", {"client_id": "a" * 37}, 0, "client id"),
        ("option", {"client_id": "a b"}, 0, "client id"),
        ("option", {"amount": Decimal("0.005")}, 0, "amount"),
        ("inverse", {"amount": Decimal("1.5")}, 0, "amount"),
        ("inverse", {"limit_price": Decimal("0")}, 0, "tick"),
        ("inverse", {}, 6, "fence"),
        ("spot", {"reduce_only": True}, 0, "reduce-only"),
    ],
)
def test_requests_that_are_refused(name: str, changes: dict[str, Any], late: float, named: str) -> None:
    order = order_for(LISTED[name], **changes)
    with pytest.raises(BadInput, match=named):
        binance_orders.order_request(order, LISTED[name], NOW + timedelta(seconds=late))


# Every recorded payload: what it becomes, or why not.
def first(raw: Any) -> Any:
    return raw[0] if isinstance(raw, list) else raw


def greeks_of(name: str) -> Callable[[Any], Any]:
    return lambda raw: binance.greeks(first(raw), binance_option(name), NOW)


def held(listed: Instrument, unwrap: Callable[[Any], Any] = first) -> Callable[[Any], Any]:
    return lambda raw: binance.futures_position(unwrap(raw), "desk", {listed.name: listed}, NOW)


def report(raw: Any) -> Any:
    return binance_orders.order_report(first(raw))


def fill(raw: Any) -> Any:
    return binance_orders.fill(first(raw), "desk")


def touch(raw: Any) -> Any:
    return binance.book_ticker(first(raw), NOW)


def asset(raw: Any) -> Any:
    return binance.futures_balance(first(raw), "desk", NOW)


def spot_coin(raw: Any) -> Any:
    return binance.spot_holdings(raw, "desk", NOW)[0]


def new(client_id: str, amount: str) -> Case:
    return Case(
        report,
        {
            "state": OrderState.ACKED,
            "client_id": client_id,
            "amount": Decimal(amount),
            "filled": Decimal(0),
            "average_price": None,
        },
    )


def traded(side: Side, amount: str, fee: str, currency: str) -> Case:
    values = {"side": side, "amount": Decimal(amount), "fee": Decimal(fee), "fee_currency": currency}
    return Case(fill, {**values, "client_id": ""})


WLD = binance_future("WLDUSDT", "WLD")
BTCUSDT = binance_future("BTCUSDT", "BTC")
GREEKS = Case(
    greeks_of("BTC-231229-40000-C"),
    {
        "delta": 0.39111646,
        "gamma": 0.00004656,
        "vega": 51.70062218 * VEGA_PER_POINT,
        "theta": -32.13948531 * DAYS_PER_YEAR,
        "iv": 0.6125176,
        "convention": Convention.BLACK,
        "currency": "USDT",
        "venue_at": None,
    },
)
ETHUSD_TRADE = traded(Side.SELL, "1", "0.00000160", "ETH")
BTCUSDT_TRADE = traded(Side.SELL, "0.010", "0.18905360", "USDT")
ADA_TRADE = traded(Side.SELL, "10.00000000", "0.00538800", "USDT")
BNB_TRADE = traded(Side.BUY, "12.00000000", "10.10000000", "BNB")
CONDITIONAL = Case(report, "executedQty is None")  # a conditional order, kept apart from orders
STOCK = Case(report, "(origQty|quantity|executedQty) is None")  # a tokenised share, by another interface
NO_TIME = "(time|E) is None"  # its age is not known
TABLE: dict[str, Case] = {
    "cancel_all_orders_8.json": Case(
        report,
        {"state": OrderState.CANCELLED, "client_id": "x-TKT5PX2F662cde7a90114475b86e21"},
    ),
    "fetch_all_greeks_1.json": GREEKS,
    "fetch_greeks_1.json": GREEKS,
    "fetch_balance_1.json": Case(spot_coin, "accountType is 'MARGIN'"),
    "fetch_balance_2.json": Case(spot_coin, "accountType is None"),  # cross margin
    "fetch_balance_3.json": Case(spot_coin, "accountType is None"),  # isolated margin
    "fetch_balance_4.json": Case(
        lambda raw: asset(raw["assets"]),
        {"currency": "BNB", "equity": 0.01, "available": 0.01, "initial_margin": 0.0},
    ),
    "fetch_balance_5.json": Case(asset, "marginBalance is None"),  # wallets, not equity
    "fetch_balance_6.json": Case(asset, "marginBalance is None"),  # a funding wallet
    "fetch_balance_7.json": Case(asset, "marginBalance is None"),  # a portfolio-margin account
    "pro_handle_account_status_ws_1.json": Case(
        lambda raw: binance.spot_holdings(raw["result"], "desk", NOW)[1],
        {"currency": "BTC", "equity": 1.4307112, "available": 1.3447112, "initial_margin": None},
    ),
    "pro_handle_balance_2.json": Case(spot_coin, "accountType is None"),  # changes alone
    "pro_handle_balance_3.json": Case(
        held(binance_future("BTCUSD_200925", "BTC", 100), lambda raw: raw["a"]["P"][0]), "no_position"
    ),
    "pro_handle_balance_4.json": Case(asset, "asset is None"),
    "fetch_funding_rate_1.json": Case(
        lambda raw: binance.mark_price(raw, NOW), {"mark": 45802.81129892, "index": 45745.47701915}
    ),
    "parse_ticker_1.json": Case(
        lambda raw: binance.mark_price(raw, NOW), {"mark": 11793.63104565, "index": 11781.8049597}
    ),
    "fetch_markets_1.json": Case(
        lambda raw: binance.spot_instrument(first(raw), "s"), "isSpotTradingAllowed is None"
    ),
    "fetch_markets_2.json": Case(  # of 2019, when the list did not say what kind a contract is
        lambda raw: binance.futures_instrument(raw["symbols"][0], "s"), "contractType is None"
    ),
    "fetch_markets_3.json": Case(
        lambda raw: binance.futures_instrument(raw["symbols"][0], "s"),
        {
            "kind": Kind.FUTURE,
            "amount_unit": AmountUnit.USD,
            "multiplier": Decimal(100),
            "lot": Decimal(1),
            "expiry": datetime(2020, 9, 25, 8, tzinfo=UTC),
        },
    ),
    "fetch_markets_4.json": Case(
        lambda raw: binance.spot_instrument(raw["symbols"][0], "s"), "isSpotTradingAllowed is None"
    ),
    "fetch_my_trades_1.json": BNB_TRADE,
    "parse_trade_4.json": BNB_TRADE,
    "fetch_my_trades_3.json": traded(Side.SELL, "0.57000000", "0.17305890", "USDT"),
    "fetch_my_trades_4.json": BTCUSDT_TRADE,
    "parse_trade_10.json": BTCUSDT_TRADE,
    "fetch_my_trades_5.json": ETHUSD_TRADE,
    "parse_trade_11.json": ETHUSD_TRADE,
    "fetch_my_trades_6.json": ADA_TRADE,
    "parse_trade_12.json": ADA_TRADE,
    "fetch_my_trades_7.json": Case(lambda raw: fill(raw["rows"]), "id is None"),  # a tokenised share
    "parse_trade_13.json": Case(fill, "id is None"),
    "parse_trade_2.json": Case(fill, "isBuyer is None"),  # of others, like the next
    "parse_trade_3.json": Case(fill, "isBuyer is None"),
    "parse_trade_9.json": Case(fill, "side is 1"),
    "parse_trade_5.json": traded(Side.SELL, "0.002", "-0.07819010", "USDT"),
    "parse_trade_6.json": traded(Side.SELL, "0.001", "-0.00076959", "USDT"),  # a maker's rebate
    "parse_trade_7.json": Case(fill, "isBuyer is None"),  # a part of an order's answer
    "fetch_option_1.json": Case(touch, "bidQty is None"),
    "parse_option_1.json": Case(touch, "bidQty is None"),
    "parse_ticker_5.json": Case(touch, "bidQty is None"),
    "parse_ticker_2.json": Case(touch, NO_TIME),
    "parse_ticker_3.json": Case(touch, "bidPrice is None"),  # last prices of 24 hours
    "parse_ticker_4.json": Case(touch, "bidPrice is None"),
    "parse_ticker_7.json": Case(touch, {"bid": 21321.9, "ask": 21322.0, "bid_size": 33.592}),
    "parse_ticker_8.json": Case(touch, {"bid": 21301.2, "ask": 21301.3, "ask_size": 10302.0}),
    "parse_ticker_9.json": Case(touch, "bidQty is None"),  # a tokenised share
    "pro_handle_message_1.json": Case(touch, NO_TIME),  # spot
    "pro_handle_tickers_1.json": Case(touch, {"bid": 0.019122, "bid_size": 4.104, "ask": 0.019125}),
    "pro_handle_ticker_ws_1.json": Case(
        lambda raw: binance.mark_price(raw["result"], NOW), "(markPrice|p) is None"
    ),
    "pro_handle_ticker_ws_2.json": Case(
        lambda raw: touch(raw["result"]), {"bid": 4.0, "ask": 4.000002, "ask_size": 9.0}
    ),
    "pro_handle_stock_price_1.json": Case(lambda raw: binance.mark_price(raw["rates"][0], NOW), "e is None"),
    "fetch_position_1.json": Case(
        lambda raw: binance.option_position(
            first(raw), "desk", {"ETH-230426-1850-C": binance_option("ETH-230426-1850-C")}, NOW
        ),
        {"amount": Decimal("0.50000000"), "average_price": 27.7, "floating_pnl": -3.6},
    ),
    "fetch_positions_risk_1.json": Case(
        held(WLD), {"amount": Decimal(5), "average_price": 2.3483, "floating_pnl": 0.2365}
    ),
    "fetch_positions_risk_2.json": Case(held(BTCUSDT), "no_position"),
    "parse_account_position_2.json": Case(held(BTCUSDT), "no_position"),
    "pro_handle_positions_1.json": Case(
        held(BTCUSDT, lambda raw: raw["a"]["P"][0]),
        {"amount": Decimal("-0.089"), "average_price": 19700.03933, "floating_pnl": 1.5305886},
    ),
    "pro_handle_options_account_update_1.json": Case(
        held(BTCUSDT, lambda raw: raw["P"][0]), "positionAmt is None"
    ),
    "parse_order_1.json": new("myOrder1", "1.0"),
    "parse_order_2.json": new("x-TKT5PX2F22ecb58eb9074fb1be018c", "0.00085000"),
    "parse_order_3.json": new("web_pCCGp9AIHjziKLlpGpXI", "0.001"),
    "parse_order_4.json": Case(report, "status is 'NEW'"),  # yet filled: it contradicts itself
    "parse_order_5.json": Case(
        report,
        {"state": OrderState.FILLED, "average_price": Decimal("58941.63"), "filled": Decimal("0.0005")},
    ),
    "parse_order_6.json": Case(
        report, {"state": OrderState.FILLED, "average_price": Decimal("4522.14"), "venue_id": "18742727411"}
    ),
    "parse_order_7.json": new("", "1.00"),
    "parse_order_9.json": new("x-xcKtGhcu02573c6f15e544e990057b", "0.010"),
    "parse_order_10.json": new("x-xcKtGhcuca5af3acfb5044198c5398", "1"),
    "parse_order_11.json": CONDITIONAL,
    "parse_order_12.json": CONDITIONAL,
    "parse_order_14.json": new("x-TKT5PX2F6f724c2a4af6425f98c7b6", "0.00100000"),
    "parse_order_15.json": CONDITIONAL,
    "parse_order_16.json": CONDITIONAL,
    "parse_order_17.json": new("x-xcKtGhcufb20c5a7761a4aa09aa156", "0.010"),
    "parse_order_18.json": new("x-xcKtGhcubbde7ba93b1a4ab881eff3", "1"),
    "parse_order_19.json": new("x-xcKtGhcu6278f1adbdf14f74ab432e", "0.010"),
    "parse_order_20.json": new("x-xcKtGhcuec11030474204ab08ba2c2", "1"),
    "parse_order_21.json": CONDITIONAL,
    "parse_order_23.json": STOCK,  # an acknowledgement of a conditional order
    "parse_order_24.json": STOCK,
    "parse_order_25.json": STOCK,
    "parse_order_26.json": STOCK,
    "parse_order_27.json": STOCK,
    "parse_order_28.json": STOCK,
    "pro_handle_order_ws_1.json": Case(
        lambda raw: report(raw["result"]), {"state": OrderState.ACKED, "venue_id": "7663053"}
    ),
    "pro_handle_edit_order_ws_1.json": Case(
        lambda raw: report(raw["result"]["newOrderResponse"]),
        {"state": OrderState.ACKED, "client_id": "x-R4BD3S82b54769abdd3e4b57874c52"},
    ),
    "pro_handle_edit_order_ws_2.json": Case(
        lambda raw: report(raw["result"]), {"state": OrderState.ACKED, "amount": Decimal("1.000")}
    ),
    "pro_handle_order_update_1.json": Case(
        lambda raw: binance_orders.pushed_report(raw["o"]),
        {"state": OrderState.ACKED, "client_id": "TEST", "venue_id": "8886774"},
    ),
    "pro_handle_my_liquidation_1.json": Case(
        binance_orders.pushed_report, {"state": OrderState.ACKED, "amount": Decimal("0.001")}
    ),
    "pro_handle_options_order_update_1.json": Case(
        lambda raw: binance_orders.pushed_option_report(raw["o"][0]),
        {
            "state": OrderState.PARTIAL,
            "filled": Decimal("0.1"),
            "average_price": Decimal(1993),
            "venue_id": "4611869636869226548",
        },
    ),
}
OTHER_KINDS = {
    "an order book: test_order_books": "fetch_order_book_1 pro_handle_fetch_order_book_1 "
    "pro_handle_order_book_1",
    "a fee schedule": "fetch_trading_fee_1 fetch_trading_fees_1 fetch_trading_fees_2 "
    "fetch_trading_fees_3 fetch_trading_fees_4",
    "candles": "pro_handle_fetch_ohlcv_1",
    "a liquidation of others": "pro_handle_liquidation_1 pro_handle_liquidation_2",
    "the state of the system": "fetch_status_1 pro_handle_event_stream_terminated_1",
    "an acknowledgement without an order": "cancel_all_orders_2 cancel_all_orders_3 "
    "cancel_all_orders_4 cancel_all_orders_5 cancel_all_orders_6 cancel_all_orders_7 "
    "pro_handle_user_data_stream_subscribe_1",
}


def test_the_table_names_every_recorded_example() -> None:
    others = {f"{name}.json" for names in OTHER_KINDS.values() for name in names.split()}
    assert files_of(EXAMPLES) == set(TABLE) | others
    assert not set(TABLE) & others


@pytest.mark.parametrize("file", sorted(TABLE))
def test_a_recorded_example(recorded: Recorded, file: str) -> None:
    raw, case = recorded(f"{EXAMPLES}/{file}"), TABLE[file]
    if case.outcome == "no_position":
        assert case.read(raw) is None
    else:
        case.check(raw)


def test_a_call_with_a_negative_delta_is_refused(recorded: Recorded) -> None:
    raw = recorded("ccxt_static/binance/response_fetchAllGreeks.json")["httpResponse"][0]
    with pytest.raises(BadInput, match=r"delta is '-0\.91110168', expected the delta of a call"):
        binance.greeks(raw, binance_option("ETH-231229-800-C"), NOW)


def test_an_order_of_a_portfolio_margin_account(recorded: Recorded) -> None:
    (raw,) = recorded("ccxt_static/binance/response_fetchOrders_portfolioMargin.json")["httpResponse"]
    read = binance_orders.order_report(raw)
    assert (read.state, read.average_price, read.amount) == (
        OrderState.FILLED,
        Decimal("47279.40000"),
        Decimal("0.010"),
    )


def test_pushes_of_options(recorded: Recorded) -> None:
    read: dict[str, tuple[float | None, ...]] = {}
    for file in ("tardis/binance-european-options-v2.json", "tardis/binance-european-options.json"):
        for group in recorded(file):
            for message in group["messages"]:
                data = message["data"]
                stream = message["stream"]
                if stream.endswith("@optionMarkPrice") or "@ticker" in stream:
                    (raw,) = data if isinstance(data, list) else [data]
                    quote = binance.option_mark(raw, NOW)
                    greeks = binance.greeks(raw, binance_option(raw["s"]), NOW)
                    assert greeks.delta == quote.venue_delta
                    read[raw["s"]] = (quote.bid, quote.ask, quote.mark, quote.iv)
                elif stream.endswith("@bookTicker"):
                    assert binance.book_ticker(data, NOW).bid == 5.8
                elif "@optionTicker" in stream:
                    with pytest.raises(BadInput, match="mp is None"):
                        binance.option_mark(data, NOW)
                elif stream == "XRP@markPrice":  # before 2025 it had the mark alone
                    assert binance.option_mark(data[0], NOW).mark == 7.949
    assert read == {
        "XRP-251219-2.05-P": (None, None, 19.0314, 2.6),
        "BTC-251219-89000-C": (1440.0, 1460.0, 1450.5, 0.86),
        "BTC-240927-25000-P": (3000.0, 3950.0, 3475.0, 0.42816728),
    }


def test_pushes_of_coin_margined_futures(recorded: Recorded) -> None:
    outcomes: Counter[str] = Counter()
    for group in recorded("tardis/binance-delivery.json"):
        for message in group["messages"]:
            stream = message.get("stream", "")
            if "@markPrice" in stream:
                assert binance.mark_price(message["data"], NOW).mark == 9501.15723333
            elif "@bookTicker" in stream:
                assert binance.book_ticker(message["data"], NOW).bid == 353.401
            elif "@trade" in stream or "@indexPrice" in stream:
                with pytest.raises(BadInput):
                    binance.mark_price(message["data"], NOW)
            else:
                continue
            outcomes[stream.partition("@")[2]] += 1
    assert outcomes == {"markPrice@1s": 1, "bookTicker": 1, "indexPrice@1s": 1, "trade": 2}


SEEDS = [
    *OWN["instruments"].values(), *OWN["positions"].values(),
    *(OWN[name] for name in ("option_mark", "futures_asset", "option_asset", "cancel", "option_trade")),
    {"symbol": "ETHUSDT", "bidPrice": "3000", "bidQty": "1", "askPrice": "3001", "askQty": "2",
     "time": 1795348800000, "markPrice": "3000.5", "indexPrice": "2999"},
    {"s": "ETHUSDT", "c": "x", "X": "PARTIALLY_FILLED", "i": 1, "oid": "2", "q": "2", "z": "1", "e": "1",
     "ec": "3", "ap": "3", "S": "PARTIALLY_FILLED", "T": 1795348800000},
    {"accountType": "SPOT", "balances": [{"asset": "BTC", "free": "1", "locked": "0"}]},
]  # fmt: skip


@settings(max_examples=400)
@given(st.data())
def test_garbage_gives_bad_input_or_a_finite_value(data: st.DataObject) -> None:
    raw = spoilt(data, SEEDS)
    readers: list[Callable[[], Any]] = [
        lambda: binance.spot_instrument(raw, "s"),
        lambda: binance.futures_instrument(raw, "s"),
        lambda: binance.option_instrument(raw, "s"),
        lambda: binance.book_ticker(raw, NOW),
        lambda: binance.mark_price(raw, NOW),
        lambda: binance.option_mark(raw, NOW),
        lambda: binance.greeks(raw, OPTION, NOW),
        lambda: binance.futures_position(raw, "desk", BY_NAME, NOW),
        lambda: binance.option_position(raw, "desk", BY_NAME, NOW),
        lambda: binance.futures_balance(raw, "desk", NOW),
        lambda: binance.option_balance(raw, "desk", NOW),
        lambda: binance.spot_holdings(raw, "desk", NOW),
        lambda: binance_orders.order_report(raw),
        lambda: binance_orders.pushed_report(raw),
        lambda: binance_orders.pushed_option_report(raw),
        lambda: binance_orders.fill(raw, "desk"),
    ]
    for read in readers:
        try:
            noun = read()
        except BadInput:
            continue
        assert_finite(noun)
