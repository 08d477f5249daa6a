"""Bybit: own samples to checked nouns, every recorded payload in a table, garbage refused."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listings import NOW, Case, assert_finite, bybit_instrument, files_of, order_for, spoilt

from hedging.errors import BadInput
from hedging.model.exposure import Convention
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.trading import OrderState
from hedging.pricing import black76
from hedging.risk.greeks import coins
from hedging.units import Side, years_between
from hedging.venues import bybit, bybit_orders
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading import DAYS_PER_YEAR, VEGA_PER_POINT

OWN: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "recorded" / "bybit.json").read_text(encoding="utf-8")
)
LISTED = {name: bybit.instrument(raw, name) for name, raw in OWN["instruments"].items()}
BY_NAME = {LISTED[name].name: LISTED[name] for name in ("linear", "inverse", "future", "option")}
OPTION = LISTED["option"]
LATER = NOW + timedelta(seconds=1)
EXAMPLES = "ccxt_examples/bybit"
Recorded = Callable[[str], Any]


@pytest.mark.parametrize(
    ("name", "kind", "settlement", "unit", "settled", "lot"),
    [
        ("spot", Kind.SPOT, Settlement.LINEAR, AmountUnit.COIN, "USDT", "0.000001"),
        ("linear", Kind.PERPETUAL, Settlement.LINEAR, AmountUnit.COIN, "USDT", "0.001"),
        ("inverse", Kind.PERPETUAL, Settlement.INVERSE, AmountUnit.USD, "BTC", "1"),
        ("future", Kind.FUTURE, Settlement.INVERSE, AmountUnit.USD, "BTC", "1"),
        ("option", Kind.OPTION, Settlement.LINEAR, AmountUnit.COIN, "USDT", "0.01"),
    ],
)
def test_kinds_and_units(
    name: str, kind: Kind, settlement: Settlement, unit: AmountUnit, settled: str, lot: str
) -> None:
    read = LISTED[name]
    assert (read.kind, read.settlement, read.amount_unit) == (kind, settlement, unit)
    assert (read.settlement_currency, read.lot, read.multiplier) == (settled, Decimal(lot), 1)
    dated = kind in (Kind.FUTURE, Kind.OPTION)
    assert read.expiry == (datetime(2026, 12, 25, 8, tzinfo=UTC) if dated else None)


def test_an_option_has_its_strike_in_its_name() -> None:
    assert (OPTION.strike, OPTION.option_kind, OPTION.minimum) == (90000.0, OptionKind.PUT, Decimal("0.01"))


def test_a_perpetual_that_is_being_delisted_expires() -> None:
    raw = OWN["instruments"]["linear"] | {"deliveryTime": "1798185600000"}
    assert bybit.instrument(raw, "s").expiry == datetime(2026, 12, 25, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("linear", {"contractType": "LinearSomething"}, "contractType"),
        ("linear", {"settleCoin": "BTC"}, "settleCoin"),
        ("inverse", {"settleCoin": "USDT"}, "settleCoin"),
        ("future", {"deliveryTime": "0"}, "deliveryTime"),
        ("option", {"optionsType": "Straddle"}, "optionsType"),
        ("option", {"symbol": "BTC-25DEC26-P"}, "symbol"),
        ("option", {"symbol": "BTC-25DEC26-zero-P"}, "strike"),
        ("option", {"settleCoin": "BTC"}, "settleCoin"),
        ("spot", {"lotSizeFilter": None}, "lot size filter"),
        ("spot", {"priceFilter": {"tickSize": "0"}}, "tickSize"),
    ],
)
def test_instruments_that_are_refused(name: str, changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        bybit.instrument(OWN["instruments"][name] | changes, "s")


def test_a_position_is_signed_by_its_side() -> None:
    read = bybit.position(OWN["position"], "desk", BY_NAME, NOW)
    assert read is not None
    assert (read.amount, read.average_price, read.floating_pnl) == (Decimal(-30000), 91000.0, 0.0037)
    assert coins(read, 90_000.0) == pytest.approx(-1 / 3, rel=1e-15)
    flat = OWN["position"] | {"size": "0", "side": ""}
    assert bybit.position(flat, "desk", {}, NOW) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"side": "None"}, "side"),
        ({"size": "-30000"}, "size"),
        ({"size": ""}, "size"),
        ({"avgPrice": "inf"}, "avgPrice"),
        ({"symbol": "BTCUSDH27"}, "BTCUSDH27"),
    ],
)
def test_positions_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        bybit.position(OWN["position"] | changes, "desk", BY_NAME, NOW)


def test_equity_is_not_the_wallet() -> None:
    whole = bybit.account_margin(OWN["account"], "desk", NOW)
    assert (whole.currency, whole.equity, whole.available) == ("USD", 260_000.0, 200_000.0)
    assert (whole.initial_margin, whole.maintenance_margin) == (50_000.0, 30_000.0)
    (btc,) = bybit.holdings(OWN["account"], "desk", NOW)
    assert (btc.currency, btc.equity, btc.available) == ("BTC", 2.5, None)
    assert (btc.initial_margin, btc.maintenance_margin) == (0.3, 0.1)
    assert bybit.coin_greeks(OWN["coin_greeks"]) == ("BTC", -1.35)
    for changes, named in (
        ({"accountType": "CONTRACT"}, "accountType"),
        ({"totalEquity": ""}, "totalEquity"),
    ):
        with pytest.raises(BadInput, match=named):
            bybit.account_margin(OWN["account"] | changes, "desk", NOW)


def test_a_ticker_of_an_option() -> None:
    raw = OWN["option_ticker"] | {"ask1Price": "0"}
    read = bybit.quote(raw, NOW, None, LATER)
    assert (read.bid, read.bid_size, read.ask, read.ask_size) == (4500.0, 2.5, None, None)
    assert (read.mark, read.index, read.forward) == (4551.25, 90000.5, 90400.0)
    assert (read.iv, read.venue_delta, read.venue_at, read.received_at) == (0.61, -0.47, NOW, LATER)
    with pytest.raises(BadInput, match="ask1Size"):
        bybit.quote(OWN["option_ticker"], NOW, None, LATER)  # a price without a size


def test_a_delta_keeps_what_it_leaves_out_and_its_age() -> None:
    before = bybit.quote(OWN["option_ticker"] | {"ask1Size": "1"}, NOW, None, NOW)
    touch = {
        "symbol": OPTION.name,
        "bid1Price": "4510",
        "bid1Size": "1",
        "ask1Price": "4590",
        "ask1Size": "1",
    }
    after = bybit.quote(touch, LATER, before, LATER)
    assert (after.bid, after.ask, after.mark, after.venue_delta) == (4510.0, 4590.0, 4551.25, -0.47)
    assert (after.received_at, after.touch_received_at, after.venue_at) == (NOW, LATER, LATER)
    marked = bybit.quote({"symbol": OPTION.name, "markPrice": "4600"}, LATER, before, LATER)
    assert (marked.mark, marked.bid, marked.received_at, marked.touch_received_at) == (
        4600.0,
        4500.0,
        LATER,
        NOW,
    )
    assert bybit.quote(touch, NOW - timedelta(seconds=1), before, LATER) is before
    with pytest.raises(BadInput, match="symbol"):
        bybit.quote(touch | {"symbol": "BTCUSD"}, LATER, before, LATER)


def test_greeks_are_black_in_the_settlement_currency() -> None:
    read = bybit.greeks(OWN["option_ticker"], OPTION, NOW, LATER)
    assert (read.convention, read.currency, read.delta) == (Convention.BLACK, "USDT", -0.47)
    assert (read.vega, read.theta) == (10_550.0, -85.25 * 365)
    assert (read.iv, read.forward, read.venue_at) == (0.61, 90_400.0, NOW)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"delta": "0.47"}, "delta"),
        ({"delta": ""}, "delta"),
        ({"gamma": "-0.1"}, "gamma"),
        ({"vega": "nan"}, "vega"),
        ({"markIv": "61"}, "markIv"),
        ({"symbol": "BTC-25DEC26-90000-C-USDT"}, "symbol"),
    ],
)
def test_greeks_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        bybit.greeks(OWN["option_ticker"] | changes, OPTION, NOW, NOW)


def test_an_order_and_its_trade() -> None:
    report = bybit_orders.order_report(OWN["order"])
    assert (report.state, report.filled, report.client_id) == (OrderState.CANCELLED, Decimal(500), "t7-l0-c1")
    assert (report.average_price, report.detail) == (Decimal("90010.5"), "")
    fill = bybit_orders.fill(OWN["executions"]["trade"], "desk", BY_NAME)
    assert (fill.side, fill.amount, fill.fee) == (Side.SELL, Decimal(500), Decimal("0.00000305"))
    assert fill.fee_currency == "BTC"  # inverse: paid in coin, though not said
    with pytest.raises(BadInput, match="execType is 'Funding'"):
        bybit_orders.fill(OWN["executions"]["funding"], "desk", BY_NAME)
    with pytest.raises(UnknownInstrument):
        bybit_orders.fill(OWN["executions"]["trade"], "desk", {})


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"orderStatus": "Active?"}, "orderStatus"),
        ({"orderStatus": "Filled"}, "orderStatus"),
        ({"orderStatus": "Rejected"}, "orderStatus"),
        ({"cumExecQty": "1201"}, "cumExecQty"),
        ({"avgPrice": ""}, "avgPrice"),
    ],
)
def test_orders_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        bybit_orders.order_report(OWN["order"] | changes)


@pytest.mark.parametrize(
    ("name", "category"), [("linear", "linear"), ("inverse", "inverse"), ("future", "inverse")]
)
def test_a_request_is_a_limit_with_id_and_window(name: str, category: str) -> None:
    listed = LISTED[name]
    order = order_for(listed, "t7-l0_c1", reduce_only=True)
    request = bybit_orders.order_request(order, listed, NOW + timedelta(seconds=1))
    assert request.parameters() == {
        "category": category,
        "symbol": listed.name,
        "side": "Sell",
        "orderType": "Limit",
        "qty": format(listed.lot * 3, "f"),
        "price": format(listed.tick * 10, "f"),
        "timeInForce": "IOC",
        "orderLinkId": "t7-l0_c1",
        "reduceOnly": True,
        "positionIdx": 0,
    }
    assert (request.timestamp_ms, request.receive_window_ms) == (1795348801000, 4000)


def test_requests_for_spot_and_for_options() -> None:
    spot = bybit_orders.order_request(
        order_for(LISTED["spot"]), LISTED["spot"], NOW, TimeInForce.GOOD_TIL_CANCELLED
    ).parameters()
    assert (spot["category"], spot["timeInForce"], "reduceOnly" in spot) == ("spot", "PostOnly", False)
    option = bybit_orders.order_request(order_for(OPTION), OPTION, NOW).parameters()
    assert (option["category"], option["symbol"]) == ("option", "BTC-25DEC26-90000-P-USDT")


@pytest.mark.parametrize(
    ("name", "changes", "late", "named"),
    [
        ("linear", {"client_id": "a" * 37}, 0, "client id"),
        ("linear", {"client_id": "a.b"}, 0, "client id"),
        ("linear", {"amount": Decimal("0.0015")}, 0, "amount"),
        ("linear", {"limit_price": Decimal("1.05")}, 0, "tick"),
        ("linear", {}, 5, "fence"),
        ("linear", {}, -60, "fence"),
        ("spot", {"reduce_only": True}, 0, "reduce-only"),
    ],
)
def test_requests_that_are_refused(name: str, changes: dict[str, Any], late: float, named: str) -> None:
    order = order_for(LISTED[name], **changes)
    with pytest.raises(BadInput, match=named):
        bybit_orders.order_request(order, LISTED[name], NOW + timedelta(seconds=late))


# Every recorded payload: what it becomes, or why not.
def rest(raw: Any) -> Any:
    return bybit.answer(raw)[0][0]


def quoted(raw: Any) -> Any:
    if "result" in raw:
        return bybit.quote(rest(raw), bybit.answer(raw)[1], None, NOW)
    return bybit.quote(raw.get("data", raw), NOW, None, NOW)


def greeks_of(name: str) -> Callable[[Any], Any]:
    def read(raw: Any) -> Any:
        entry = rest(raw) if "result" in raw else raw.get("data", raw)
        return bybit.greeks(entry, bybit_instrument(name), NOW, NOW)

    return read


def held(listed: Instrument, unwrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: bybit.position(unwrap(raw), "desk", {listed.name: listed}, NOW)


def filled(listed: Instrument, unwrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: bybit_orders.fill(unwrap(raw), "desk", {listed.name: listed})


def bare(raw: Any) -> Any:
    return raw


def pushed(raw: Any) -> Any:
    return raw["data"][0]


def reported(unwrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda raw: bybit_orders.order_report(unwrap(raw))


GREEKS_2023 = {
    "delta": 0.49640971,
    "gamma": 0.00004131,
    "vega": 69.08651675 * VEGA_PER_POINT,
    "theta": -24.9443226 * DAYS_PER_YEAR,
    "iv": 0.5577,
    "forward": 37649.67254894,
    "convention": Convention.BLACK,
    "currency": "USDC",
}
BTCUSD = {"instrument": "BTCUSD", "bid": 16596.0, "ask": 16597.5, "mark": 16596.0, "index": 16598.54}
XRP = {"amount": Decimal(100), "average_price": 0.3615, "floating_pnl": -1.83}
ETH = {"amount": Decimal("0.5000"), "average_price": 1073.85, "floating_pnl": None}
SOLD = {
    "state": OrderState.FILLED,
    "filled": Decimal("0.001"),
    "average_price": Decimal("122529.9"),
    "detail": "",
}
UNIFIED = {"equity": 18070.32797922, "available": 17887.72614237, "initial_margin": 182.60183684}
ACCEPTED = "qty is None"  # the answer to a request names the order and says nothing of its state
LINEAR_ETH = bybit_instrument("ETHUSDT", base="ETH")
XRP_PERP = bybit_instrument("XRPUSDT", base="XRP")
QNT = bybit_instrument("QNTUSDT", "", "QNT")


def margin(raw: Any) -> Any:
    return bybit.account_margin(rest(raw), "desk", NOW)


TABLE: dict[str, Case] = {
    "fetch_all_greeks_1.json": Case(greeks_of("BTC-26JAN24-39000-C"), GREEKS_2023),
    "parse_greeks_1.json": Case(greeks_of("BTC-26JAN24-39000-C"), GREEKS_2023),
    "fetch_option_chain_1.json": Case(
        quoted,
        {"bid": None, "ask": None, "mark": 11814.66756236, "iv": 0.8866, "forward": 71690.55303594},
    ),
    "pro_handle_ticker_2.json": Case(
        quoted, {"bid": None, "ask": 10.0, "iv": 0.4896, "venue_delta": 0.047831, "forward": 16815.1}
    ),
    "fetch_ticker_1.json": Case(quoted, BTCUSD),
    "fetch_tickers_1.json": Case(quoted, BTCUSD),
    "parse_ticker_2.json": Case(quoted, BTCUSD),
    "pro_handle_ticker_1.json": Case(quoted, {"bid": 17215.5, "ask": 17216.0, "mark": 17217.33}),
    "pro_handle_ticker_3.json": Case(quoted, "markPrice is None"),  # spot: last price alone
    "pro_handle_ticker_4.json": Case(quoted, "markPrice is None"),  # a leveraged token
    "pro_handle_ticker_5.json": Case(quoted, {"bid": 112.89, "ask": 112.9, "mark": None}),
    "fetch_balance_1.json": Case(margin, "expected a JSON list"),
    "fetch_balance_3.json": Case(margin, UNIFIED),
    "parse_balance_3.json": Case(margin, UNIFIED),
    "pro_handle_balance_1.json": Case(
        lambda raw: bybit.account_margin(pushed(raw), "desk", NOW), "accountType is None"
    ),
    "fetch_position_1.json": Case(held(XRP_PERP, rest), XRP),
    "parse_position_4.json": Case(held(XRP_PERP, bare), XRP),
    "fetch_positions_1.json": Case(held(LINEAR_ETH, rest), ETH),
    "parse_position_3.json": Case(held(LINEAR_ETH, bare), ETH),
    "parse_position_1.json": Case(
        held(LINEAR_ETH, bare), {"amount": Decimal("0.10"), "average_price": 1198.45, "floating_pnl": 0.083}
    ),
    "parse_position_2.json": Case(
        held(bybit_instrument("BTCPERP"), bare), {"amount": Decimal("0.001"), "average_price": 30810.0}
    ),
    "parse_position_5.json": Case(held(XRP_PERP, bare), "size is None"),  # profit of a closed position
    "pro_handle_positions_1.json": Case(
        held(bybit_instrument("BTCUSD", "InversePerpetual"), pushed),
        {"amount": Decimal(3), "average_price": 19358.58553268, "floating_pnl": 0.00003925},
    ),
    "fetch_open_orders_1.json": Case(reported(rest), SOLD),
    "parse_order_2.json": Case(reported(bare), SOLD),
    "fetch_order_1.json": Case(
        reported(rest),
        {"state": OrderState.CANCELLED, "client_id": "1672217748277652", "filled": Decimal(0)},
    ),
    "pro_handle_order_2.json": Case(
        reported(pushed),
        {"state": OrderState.FILLED, "average_price": Decimal(75), "instrument": "ETH-30DEC22-1400-C"},
    ),
    "pro_handle_order_1.json": Case(reported(pushed), "qty is None"),  # the interface before v5
    "create_order_1.json": Case(reported(lambda raw: raw["result"]), ACCEPTED),
    "edit_order_1.json": Case(reported(lambda raw: raw["result"]), ACCEPTED),
    "cancel_order_1.json": Case(reported(lambda raw: raw["result"]), ACCEPTED),
    "cancel_all_orders_1.json": Case(reported(rest), ACCEPTED),
    "pro_handle_order_ws_1.json": Case(reported(lambda raw: raw["data"]), ACCEPTED),
    "fetch_my_trades_1.json": Case(
        filled(bybit_instrument("ETHPERP", base="ETH"), rest),
        {"amount": Decimal("0.1"), "fee": Decimal("0.071409"), "fee_currency": "USDT", "side": Side.BUY},
    ),
    "pro_handle_my_trades_2.json": Case(
        filled(XRP_PERP, pushed),
        {"amount": Decimal(25), "price": Decimal("0.3374"), "side": Side.SELL},
    ),
    "parse_trade_2.json": Case(filled(QNT, bare), "feeCurrency is None"),
    "parse_trade_3.json": Case(filled(QNT, bare), "feeCurrency is None"),
    "parse_trade_4.json": Case(filled(bybit_instrument("ETHPERP", base="ETH"), bare), "execId is None"),
    "parse_trade_5.json": Case(filled(bybit_instrument("ICPUSDT", base="ICP"), bare), "execFee is None"),
    "pro_handle_my_trades_1.json": Case(filled(QNT, pushed), "symbol is None"),  # before v5
    "pro_handle_trades_1.json": Case(filled(QNT, pushed), "symbol is None"),  # of others
    "fetch_option_markets_1.json": Case(
        lambda raw: bybit.instrument(rest(raw), "s"),
        {
            "strike": 80000.0,
            "option_kind": OptionKind.CALL,
            "settlement_currency": "USDC",
            "lot": Decimal("0.01"),
            "expiry": datetime(2023, 12, 29, 8, tzinfo=UTC),
        },
    ),
    "fetch_time_1.json": Case(bybit.server_time, {"year": 2022, "microsecond": 792_000}),
    "handle_errors_1.json": Case(bybit.answer, "retCode is 10001"),
    "handle_errors_2.json": Case(bybit.answer, "retCode is None"),
}
OTHER_KINDS = {
    "an order book: test_order_books": "fetch_order_book_1",
    "a fee schedule": "fetch_trading_fees_1",
    "candles": "pro_handle_ohlcv_1",
    "a liquidation of others": "pro_handle_liquidation_2",
    "an acknowledgement without an order": "cancel_all_orders_2 pro_handle_authenticate_2 "
    "pro_handle_authenticate_3 pro_handle_pong_1 pro_handle_pong_2 pro_handle_un_subscribe_1 "
    "pro_handle_un_subscribe_2",
}


def test_the_table_names_every_recorded_example() -> None:
    others = {f"{name}.json" for names in OTHER_KINDS.values() for name in names.split()}
    assert files_of(EXAMPLES) == set(TABLE) | others
    assert not set(TABLE) & others


@pytest.mark.parametrize("file", sorted(TABLE))
def test_a_recorded_example(recorded: Recorded, file: str) -> None:
    TABLE[file].check(recorded(f"{EXAMPLES}/{file}"))


def test_a_unified_account_of_2025(recorded: Recorded) -> None:
    account = rest(recorded("ccxt_static/bybit/response_fetchBalance_unified.json")["httpResponse"])
    whole = bybit.account_margin(account, "desk", NOW)
    assert (whole.equity, whole.maintenance_margin) == (92255.96988644, 7.38826721)
    held_coins = {read.currency: read for read in bybit.holdings(account, "desk", NOW)}
    assert set(held_coins) == {"USDC", "BTC", "ETH", "ADA", "XRP", "USDT", "LTC"}
    assert held_coins["BTC"].equity == 0.85581394
    assert held_coins["XRP"].equity == 38.47905187  # the wallet has 40.05: the loss counts


def test_a_ticker_of_2024(recorded: Recorded) -> None:
    read = quoted(recorded("ccxt_static/bybit/response_fetchFundingRate.json")["httpResponse"])
    assert (read.bid, read.ask, read.mark, read.index) == (68577.4, 68577.5, 68591.46, 68599.9)


def test_our_greeks_are_theirs(recorded: Recorded) -> None:
    """Black-76 on their forward and mark volatility gives their Greeks, to what they print."""
    raw = recorded(f"{EXAMPLES}/fetch_all_greeks_1.json")
    listed = bybit_instrument("BTC-26JAN24-39000-C")
    theirs = bybit.greeks(rest(raw), listed, bybit.answer(raw)[1], NOW)
    assert listed.expiry is not None
    assert theirs.venue_at is not None
    years = years_between(theirs.venue_at, listed.expiry)
    one = [np.array([value]) for value in (1.0, theirs.forward, listed.strike, years, theirs.iv)]
    ours = black76.core_greeks(*one)
    assert theirs.delta == pytest.approx(float(ours.delta[0]), abs=5e-4)
    assert theirs.gamma == pytest.approx(float(ours.gamma[0]), rel=2e-3)
    assert theirs.vega == pytest.approx(float(ours.vega[0]), rel=2e-3)
    assert theirs.theta == pytest.approx(float(ours.theta[0]), rel=2e-3)


def test_pushes_of_options(recorded: Recorded) -> None:
    read = {}
    for group in recorded("tardis/bybit-options.json"):
        for message in group["messages"]:
            if message["topic"].startswith("tickers."):
                name = message["data"]["symbol"]
                quote = quoted(message)
                greeks = greeks_of(name)(message)
                assert greeks.delta == quote.venue_delta
                read[name] = (quote.bid, quote.ask, quote.iv)
    assert read == {
        "SOL-28APR23-24-C": (0.34, 3.11, 1.4674),
        "ETH-30JUN23-200-P": (0.1, None, 1.5991),
    }


def test_pushes_of_contracts(recorded: Recorded) -> None:
    """Tickers of v5; the rest of the recording is books, trades, liquidations, or older than v5."""
    outcomes: Counter[str] = Counter()
    last: dict[str, Any] = {}
    for group in recorded("tardis/bybit.json"):
        for message in group["messages"]:
            topic = str(message.get("topic"))
            if topic.startswith("tickers."):
                name = message["data"]["symbol"]
                at = datetime.fromtimestamp(message["ts"] / 1000, tz=UTC)
                before = last.get(name)
                last[name] = bybit.quote(message["data"], at, before, NOW)
                outcomes[message["type"]] += 1
                if before is not None:
                    assert last[name].mark == before.mark
    assert {name: (quote.bid, quote.mark) for name, quote in last.items()} == {
        "BTCUSD": (28560.0, 28560.0),
        "BTCUSDU23": (29025.0, 29023.6),
        "BTCUSDT": (28550.7, 28552.81),
    }
    assert (outcomes["snapshot"], outcomes["delta"]) == (3, 2)


SEEDS = [
    *OWN["instruments"].values(), *OWN["executions"].values(),
    *(OWN[name] for name in ("option_ticker", "position", "account", "coin_greeks", "order")),
]  # fmt: skip


@settings(max_examples=400)
@given(st.data())
def test_garbage_gives_bad_input_or_a_finite_value(data: st.DataObject) -> None:
    raw = spoilt(data, SEEDS)
    before = bybit.quote(OWN["option_ticker"] | {"ask1Size": "1"}, NOW, None, NOW)
    readers: list[Callable[[], Any]] = [
        lambda: bybit.instrument(raw, "s"),
        lambda: bybit.quote(raw, LATER, None, NOW),
        lambda: bybit.quote(raw, LATER, before, NOW),
        lambda: bybit.greeks(raw, OPTION, NOW, NOW),
        lambda: bybit.position(raw, "desk", BY_NAME, NOW),
        lambda: bybit.holdings(raw, "desk", NOW),
        lambda: bybit.account_margin(raw, "desk", NOW),
        lambda: bybit.coin_greeks(raw),
        lambda: bybit_orders.order_report(raw),
        lambda: bybit_orders.fill(raw, "desk", BY_NAME),
    ]
    for read in readers:
        try:
            noun = read()
        except BadInput:
            continue
        assert_finite(noun)
