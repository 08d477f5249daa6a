"""OKX: own samples to checked nouns, every recorded payload in a table, garbage refused."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listings import (
    NOW,
    Case,
    assert_finite,
    files_of,
    okx_instrument,
    order_for,
    spoilt,
)

from hedging.errors import BadInput
from hedging.model.exposure import Convention
from hedging.model.instrument import AmountUnit, Kind, OptionKind, Settlement, TickStep
from hedging.model.trading import OrderState
from hedging.risk.greeks import coins
from hedging.units import Side
from hedging.venues import okx, okx_orders
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading import DAYS_PER_YEAR, VEGA_PER_POINT, merged
from hedging.workflow.order import client_id

OWN: dict[str, Any] = json.loads(
    (Path(__file__).resolve().parents[1] / "recorded" / "okx.json").read_text(encoding="utf-8")
)
LISTED = {name: okx.instrument(raw, name) for name, raw in OWN["instruments"].items()}
BY_NAME = {instrument.name: instrument for instrument in LISTED.values()}
OPTION = LISTED["option"]
LATER = NOW + timedelta(seconds=1)
EXAMPLES = "ccxt_examples/okx"
Recorded = Callable[[str], Any]


@pytest.mark.parametrize(
    ("name", "kind", "settlement", "unit", "multiplier", "lot"),
    [
        ("spot", Kind.SPOT, Settlement.LINEAR, AmountUnit.COIN, "1", "0.00000001"),
        ("inverse_swap", Kind.PERPETUAL, Settlement.INVERSE, AmountUnit.USD, "100", "1"),
        ("linear_swap", Kind.PERPETUAL, Settlement.LINEAR, AmountUnit.COIN, "0.1", "0.01"),
        ("inverse_future", Kind.FUTURE, Settlement.INVERSE, AmountUnit.USD, "10", "1"),
        ("option", Kind.OPTION, Settlement.INVERSE, AmountUnit.COIN, "0.01", "1"),
    ],
)
def test_kinds_units_and_what_a_contract_is_worth(
    name: str, kind: Kind, settlement: Settlement, unit: AmountUnit, multiplier: str, lot: str
) -> None:
    read = LISTED[name]
    assert (read.kind, read.settlement, read.amount_unit) == (kind, settlement, unit)
    assert (read.multiplier, read.lot, read.venue) == (Decimal(multiplier), Decimal(lot), "okx")
    dated = kind in (Kind.FUTURE, Kind.OPTION)
    assert read.expiry == (datetime(2026, 12, 25, 8, tzinfo=UTC) if dated else None)


def test_an_option_and_its_tick_bands() -> None:
    assert (OPTION.strike, OPTION.option_kind, OPTION.index) == (90000.0, OptionKind.CALL, "BTC-USD")
    steps = okx.tick_bands(OWN["tick_bands"])
    assert steps == (
        TickStep(Decimal(0), Decimal("0.0001")),
        TickStep(Decimal("0.005"), Decimal("0.0005")),
    )
    banded = okx.instrument(OWN["instruments"]["option"], "s", steps)
    assert (banded.tick_at(Decimal("0.004")), banded.tick_at(Decimal("0.05"))) == (
        Decimal("0.0001"),
        Decimal("0.0005"),
    )


@pytest.mark.parametrize(
    ("name", "changes", "named"),
    [
        ("option", {"instType": "MARGIN"}, "instType"),
        ("option", {"ctMult": ""}, "ctMult"),
        ("option", {"ctVal": "0"}, "ctVal"),
        ("option", {"ctValCcy": "USD"}, "ctValCcy"),
        ("option", {"optType": "X"}, "optType"),
        ("option", {"stk": "-1"}, "stk"),
        ("option", {"expTime": ""}, "expTime"),
        ("inverse_swap", {"ctValCcy": "BTC"}, "ctValCcy"),
        ("inverse_swap", {"ctType": "linear"}, "ctType"),
        ("linear_swap", {"ctType": "inverse"}, "ctType"),
        ("linear_swap", {"lotSz": "NaN"}, "lotSz"),
        ("spot", {"baseCcy": ""}, "baseCcy"),
    ],
)
def test_instruments_that_are_refused(name: str, changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        okx.instrument(OWN["instruments"][name] | changes, "s")


def test_positions_are_signed_contracts_worth_their_multiplier() -> None:
    option = okx.position(OWN["positions"]["option"], "desk", BY_NAME, NOW)
    swap = okx.position(OWN["positions"]["swap"], "desk", BY_NAME, NOW)
    assert option is not None
    assert swap is not None
    assert (option.amount, option.venue_delta, option.average_price) == (Decimal(-250), -1.3, 0.048)
    assert coins(option, 90_000.0) == pytest.approx(-2.5, rel=1e-15)  # not -250, not -250 x ctVal
    assert (swap.amount, swap.venue_delta) == (Decimal(-7), None)  # 7 in posSide short
    assert coins(swap, 90_000.0) == pytest.approx(-700 / 90_000, rel=1e-15)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"instType": "MARGIN"}, "instType"),
        ({"posSide": "up"}, "posSide"),
        ({"posSide": "long"}, "pos is '-250'"),
        ({"pos": ""}, "pos"),
        ({"pos": "nan"}, "pos"),
        ({"avgPx": "-1"}, "avgPx"),
        ({"deltaBS": "-2.51"}, "deltaBS"),  # more coins than the position has
        ({"instId": "BTC-USD-261225-91000-C"}, "91000"),
    ],
)
def test_positions_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        okx.position(OWN["positions"]["option"] | changes, "desk", BY_NAME, NOW)
    assert okx.position(OWN["positions"]["option"] | {"pos": "0"}, "desk", {}, NOW) is None


def test_holdings_and_the_margin_of_the_whole() -> None:
    btc, usdt = okx.holdings(OWN["account"], "desk", NOW)
    assert (btc.currency, btc.equity, btc.initial_margin) == ("BTC", 2.5, None)
    assert (usdt.initial_margin, usdt.maintenance_margin, usdt.available) == (100.0, 50.0, 30_000.0)
    whole = okx.account_margin(OWN["account"], "desk", NOW)
    assert (whole.currency, whole.equity, whole.available) == ("USD", 250_000.0, 200_000.0)
    assert (whole.initial_margin, whole.maintenance_margin, whole.delta_total) == (50_000.0, 30_000.0, ())
    with pytest.raises(BadInput, match="not margined as a whole"):
        okx.account_margin(OWN["account"] | {"imr": ""}, "desk", NOW)


def test_a_quote_of_parts_is_as_old_as_its_oldest_mark() -> None:
    touch = okx.ticker(OWN["ticker"], LATER)
    mark = okx.mark_price(OWN["mark"], NOW)
    summary = okx.summary(OWN["summary"], LATER)
    whole = merged(touch, [summary, mark])
    assert (whole.bid, whole.ask, whole.bid_size, whole.mark) == (0.0505, 0.0515, 120.0, 0.051)
    assert (whole.forward, whole.iv, whole.venue_delta) == (90_400.0, 0.61, 0.52)
    assert (whole.received_at, whole.touch_received_at) == (NOW, LATER)
    assert whole.venue_at == NOW + timedelta(milliseconds=200)
    newer = replace(mark, mark=0.052, venue_at=LATER)
    assert merged(touch, [newer, mark]).mark == 0.052
    with pytest.raises(BadInput, match="parts of one quote"):
        merged(touch, [replace(mark, instrument="ETH-USD-SWAP")])
    with pytest.raises(BadInput, match="parts of one quote"):
        merged(None, [])


def test_an_empty_side_stays_empty_when_merged() -> None:
    touch = okx.ticker(OWN["ticker"] | {"bidPx": "", "bidSz": "0"}, NOW)
    old = okx.ticker(OWN["ticker"], NOW)
    assert merged(touch, [old, okx.mark_price(OWN["mark"], NOW)]).bid is None


def test_a_payload_without_a_touch_is_no_empty_touch() -> None:
    with pytest.raises(BadInput, match="bidPx is None"):
        okx.ticker(OWN["mark"], NOW)


def test_greeks_carry_both_conventions() -> None:
    black, coin = okx.greeks(OWN["summary"], OPTION, NOW)
    assert (black.convention, black.currency, black.delta) == (Convention.BLACK, "USD", 0.52)
    assert (coin.convention, coin.currency, coin.delta) == (Convention.PREMIUM_ADJUSTED, "BTC", 0.469)
    assert (black.vega, black.theta) == (9_900.0, -80.0 * 365)  # per 1.00 of vol, per year
    assert (black.iv, black.forward) == (0.61, 90_400.0)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"deltaBS": "-0.52"}, "deltaBS"),
        ({"deltaBS": "1.2"}, "deltaBS"),
        ({"gammaBS": "-1"}, "gammaBS"),
        ({"vegaBS": ""}, "vegaBS"),
        ({"delta": "0.53"}, "delta is '0.53'"),  # a price below 0
        ({"markVol": "61"}, "markVol"),
        ({"theta": "∞"}, "theta"),
        ({"instId": "BTC-USD-261225-90000-P"}, "instId"),
    ],
)
def test_greeks_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        okx.greeks(OWN["summary"] | changes, OPTION, NOW)


def test_a_future_has_no_greeks() -> None:
    with pytest.raises(BadInput, match="no option"):
        okx.greeks(OWN["summary"] | {"instId": "BTC-USD-SWAP"}, LISTED["inverse_swap"], NOW)


def test_an_order_and_its_trade() -> None:
    report = okx_orders.order_report(OWN["order"])
    assert (report.state, report.filled, report.amount) == (OrderState.PARTIAL, Decimal(5), Decimal(12))
    assert (report.client_id, report.average_price) == ("t7l0c1", Decimal("90010.4"))
    fill = okx_orders.fill(OWN["trade"], "desk")
    assert (fill.side, fill.amount, fill.client_id) == (Side.SELL, Decimal(5), "t7l0c1")
    assert (fill.fee, fill.fee_currency) == (Decimal("0.0000027"), "BTC")  # they write what was paid below 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"state": "effective"}, "state"),
        ({"state": "filled"}, "state"),
        ({"state": "live", "accFillSz": "12"}, "state"),
        ({"accFillSz": "13"}, "accFillSz"),
        ({"tgtCcy": "quote_ccy"}, "tgtCcy"),
        ({"avgPx": ""}, "avgPx"),
        ({"ordId": ""}, "ordId"),
        ({"uTime": "1795348"}, "uTime"),
    ],
)
def test_orders_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        okx_orders.order_report(OWN["order"] | changes)


def test_a_request_is_a_limit_with_id_and_fence() -> None:
    request = okx_orders.order_request(order_for(OPTION), OPTION)
    assert request.parameters() == {
        "instId": "BTC-USD-261225-90000-C",
        "tdMode": "cross",
        "side": "sell",
        "ordType": "ioc",
        "sz": "3",
        "px": "0.0010",
        "clOrdId": "a1B2c3",
        "tag": "hedging",
        "reduceOnly": False,
    }
    assert request.headers() == {"expTime": "1795348805000"}
    spot = LISTED["spot"]
    resting = okx_orders.order_request(order_for(spot), spot, TimeInForce.GOOD_TIL_CANCELLED)
    assert (resting.parameters()["ordType"], resting.parameters()["tdMode"]) == ("post_only", "cash")


@pytest.mark.parametrize("ticket", ["T261122120000123-BTC", "T261122120000123-1INCH", "T20261122-0007"])
def test_our_client_ids_go_out_without_hyphens_and_come_back_with_them(ticket: str) -> None:
    ours = client_id(ticket, 0, 12)
    sent = okx_orders.order_request(order_for(OPTION, ours), OPTION).parameters()["clOrdId"]
    assert sent == ticket.replace("-", "x") + "x0x12"
    assert okx_orders.order_report(OWN["order"] | {"clOrdId": sent}).client_id == ours
    assert okx_orders.fill(OWN["trade"] | {"clOrdId": sent}, "desk").client_id == ours
    assert okx_orders.fill(OWN["trade"] | {"clOrdId": "e847x1"}, "desk").client_id == "e847x1"


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"client_id": "a" * 33}, "client id"),
        ({"client_id": "t7-l0"}, "client id"),
        ({"client_id": ""}, "client id"),
        ({"amount": Decimal("2.5")}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"limit_price": Decimal("0.00015")}, "tick"),
        ({"reduce_only": True}, "reduce-only"),
        ({"venue": "bybit"}, "bybit"),
        ({"instrument": "BTC-USD-SWAP"}, "BTC-USD-SWAP"),
    ],
)
def test_requests_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        okx_orders.order_request(order_for(OPTION, **changes), OPTION)


def test_errors_and_the_time() -> None:
    with pytest.raises(BadInput, match="code"):
        okx.answer({"code": "50103", "msg": "x"})
    with pytest.raises(UnknownInstrument):
        okx.position(OWN["positions"]["swap"], "desk", {}, NOW)


# Every recorded payload: what it becomes, or why not.
def first(raw: Any) -> Any:
    return okx.answer(raw)[0]


def ticker(raw: Any) -> Any:
    return okx.ticker(raw, NOW)


def held(*instruments: Any) -> Callable[[Any], Any]:
    known = {instrument.name: instrument for instrument in instruments}
    return lambda raw: okx.position(first(raw), "desk", known, NOW)


KNOWN_GREEKS = okx_instrument("BTC-USD-240329-32000-C", times="0.01")
BLACK = Case(
    lambda raw: okx.greeks(raw.get("data", [raw])[0], KNOWN_GREEKS, NOW)[0],
    {
        "delta": 0.7325502184143025,
        "gamma": 0.000024139685826358558,
        "vega": 74.44022302387287 * VEGA_PER_POINT,
        "theta": -18.52354631567909 * DAYS_PER_YEAR,
        "iv": 0.5916253554539876,
        "forward": 37675.80158694987186,
        "convention": Convention.BLACK,
        "currency": "USD",
    },
)
SPACED = Case(lambda raw: okx_orders.order_report(first(raw)), "sz is '0. 001'")  # as it was printed
ACCEPTED = "sz is None"  # the answer to a request names the order and says nothing of its state
ETH_BTC = {"instrument": "ETH-BTC", "bid": 0.0732, "bid_size": 6.050058, "ask": 0.07322, "ask_size": 4.2}
BTC_TICKER = {"instrument": "BTC-USDT", "bid": 31500.0, "ask": 31500.1, "mark": None}
ETH_FUTURE = {"amount": Decimal(1), "average_price": 2566.31, "floating_pnl": -0.0000009932766034}
OWN_TRADE = {
    "amount": Decimal("0.007533"),
    "price": Decimal("2654.98"),
    "fee": Decimal("0.000007533"),
    "fee_currency": "ETH",
    "side": Side.BUY,
    "venue_order_id": "317321390244397056",
}
LIVE = {"state": OrderState.ACKED, "amount": Decimal("0.001"), "filled": Decimal(0), "average_price": None}
TABLE: dict[str, Case] = {
    "fetch_all_greeks_1.json": BLACK,
    "fetch_greeks_1.json": BLACK,
    "parse_greeks_1.json": BLACK,
    "fetch_balance_1.json": Case(
        lambda raw: okx.holdings(first(raw), "desk", NOW)[0], "eq is '28 .21006347'"
    ),
    "fetch_balance_2.json": Case(
        lambda raw: okx.holdings(first(raw), "desk", NOW)[0],
        {"currency": "BTC", "equity": 0.049, "available": None, "initial_margin": None},
    ),
    "fetch_balance_3.json": Case(lambda raw: okx.holdings(first(raw), "desk", NOW), "expected a JSON list"),
    "pro_handle_balance_1.json": Case(
        lambda raw: okx.account_margin(first(raw), "desk", NOW),
        {"equity": 100942.13298468884, "initial_margin": 2480.1422383312265, "available": 98461.99074635761},
    ),
    "fetch_closed_orders_1.json": Case(lambda raw: okx_orders.order_report(first(raw)), LIVE),
    "fetch_closed_orders_2.json": Case(lambda raw: okx_orders.order_report(first(raw)), "accFillSz is None"),
    "fetch_open_orders_1.json": SPACED,
    "fetch_order_1.json": SPACED,
    "fetch_order_2.json": Case(lambda raw: okx_orders.order_report(first(raw)), "accFillSz is None"),
    "parse_order_1.json": Case(okx_orders.order_report, ACCEPTED),
    "parse_order_2.json": Case(okx_orders.order_report, ACCEPTED),
    "parse_order_3.json": Case(okx_orders.order_report, LIVE),
    "cancel_order_1.json": Case(lambda raw: okx_orders.order_report(first(raw)), ACCEPTED),
    "edit_order_1.json": Case(lambda raw: okx_orders.order_report(first(raw)), ACCEPTED),
    "pro_handle_orders_1.json": Case(
        lambda raw: okx_orders.order_report(first(raw)),
        {"state": OrderState.ACKED, "client_id": "e847386590ce4dBC330547db94a08ba0"},
    ),
    "fetch_my_trades_1.json": Case(lambda raw: okx_orders.fill(first(raw), "desk"), OWN_TRADE),
    "parse_trade_3.json": Case(lambda raw: okx_orders.fill(raw, "desk"), OWN_TRADE),
    "parse_trade_2.json": Case(lambda raw: okx_orders.fill(raw, "desk"), "ordId is None"),  # of others
    "pro_handle_trades_1.json": Case(lambda raw: okx_orders.fill(first(raw), "desk"), "ordId is None"),
    "pro_handle_trades_2.json": Case(lambda raw: okx_orders.fill(first(raw), "desk"), "ordId is None"),
    "fetch_position_1.json": Case(held(okx_instrument("ETH-USD-210430", "10")), ETH_FUTURE),
    "fetch_positions_1.json": Case(held(okx_instrument("ETH-USD-210430", "10")), ETH_FUTURE),
    "pro_handle_positions_1.json": Case(
        held(okx_instrument("XRP-USDT-SWAP", "100")),
        {"amount": Decimal(1), "average_price": 0.52668, "floating_pnl": 0.0240000000000018},
    ),
    "fetch_ticker_1.json": Case(lambda raw: ticker(first(raw)), ETH_BTC),
    "parse_ticker_1.json": Case(ticker, ETH_BTC),
    "fetch_tickers_1.json": Case(lambda raw: ticker(first(raw)), {"bid": 0.0000757, "ask": 0.0000777}),
    "pro_handle_ticker_1.json": Case(lambda raw: ticker(first(raw)), BTC_TICKER),
    "pro_handle_message_2.json": Case(lambda raw: ticker(first(raw)), BTC_TICKER),
    "pro_handle_bid_ask_1.json": Case(lambda raw: ticker(first(raw)), BTC_TICKER),
    "pro_handle_bid_ask_2.json": Case(lambda raw: ticker(first(raw)), "bidPx is None"),  # a book
    "fetch_option_1.json": Case(lambda raw: ticker(first(raw)), {"bid": None, "ask": None}),
    "fetch_option_chain_1.json": Case(lambda raw: ticker(first(raw)), {"bid": None, "ask": None}),
    "parse_option_1.json": Case(ticker, {"bid": None, "ask_size": None}),
    "fetch_mark_price_1.json": Case(lambda raw: okx.mark_price(first(raw), NOW), {"mark": 2403.98}),
    "parse_market_1.json": Case(
        lambda raw: okx.instrument(raw, "s"), {"kind": Kind.SPOT, "minimum": Decimal("0.00001")}
    ),
    "parse_market_2.json": Case(
        lambda raw: okx.instrument(raw, "s"),
        {
            "option_kind": OptionKind.PUT,
            "strike": 194000.0,
            "multiplier": Decimal("0.1"),
            "expiry": datetime(2022, 3, 25, 8, tzinfo=UTC),
        },
    ),
    "fetch_time_1.json": Case(okx.server_time, {"year": 2021, "microsecond": 668_000}),
    "fetch_currencies_1.json": Case(okx.answer, "code is '50103'"),
    "handle_errors_2.json": Case(okx.answer, "code is '58001'"),
}
OTHER_KINDS = {
    "an order book: test_order_books": "fetch_order_book_1 pro_handle_order_book_1 "
    "pro_handle_order_book_2 "
    "pro_handle_order_book_3",
    "funding": "fetch_funding_rate_1 pro_handle_funding_rate_1",
    "a fee schedule": "fetch_trading_fee_1",
    "candles": "pro_handle_ohlcv_1",
    "a liquidation of others": "pro_handle_liquidation_1",
    "an acknowledgement of a subscription or a mass cancel": "pro_handle_cancel_all_orders_1 "
    "pro_handle_cancel_orders_1 pro_handle_message_1 pro_handle_subscription_status_1 "
    "pro_handle_unsubscription_1",
}


def test_the_table_names_every_recorded_example() -> None:
    others = {f"{name}.json" for names in OTHER_KINDS.values() for name in names.split()}
    assert files_of(EXAMPLES) == set(TABLE) | others
    assert not set(TABLE) & others


@pytest.mark.parametrize("file", sorted(TABLE))
def test_a_recorded_example(recorded: Recorded, file: str) -> None:
    TABLE[file].check(recorded(f"{EXAMPLES}/{file}"))


@pytest.mark.parametrize(
    ("way", "entry", "profit"),
    [("cross", 91957.1, 0.0000011848325084), ("isolated", 92300.0, 0.000000899562244)],
)
def test_an_inverse_position_of_2026(recorded: Recorded, way: str, entry: float, profit: float) -> None:
    raw = recorded("ccxt_static/okx/response_fetchPosition_inverse.json")[way]
    position = held(okx_instrument("BTC-USD-SWAP", "100"))(raw["httpResponse"])
    assert (position.amount, position.average_price, position.floating_pnl) == (Decimal(1), entry, profit)
    mark = float(raw["httpResponse"]["data"][0]["markPx"])
    assert coins(position, mark) == pytest.approx(raw["parsed_excerpt"]["notional"], rel=1e-12)


def test_an_accepted_order_says_nothing_of_its_state(recorded: Recorded) -> None:
    raw = recorded("ccxt_static/okx/response_createOrder.json")["httpResponse"]
    with pytest.raises(BadInput, match=ACCEPTED):
        okx_orders.order_report(first(raw))


def test_the_lists_of_2022(recorded: Recorded) -> None:
    outcomes: Counter[tuple[str, str, str]] = Counter()
    for answer in recorded("cryptofeed/okx_rest_2022.json").values():
        for raw in okx.answer(answer):
            read = okx.instrument(raw, "s")
            size = str(read.multiplier) if read.settlement is Settlement.INVERSE else ""
            outcomes[read.settlement.value, read.kind.value, size] += 1
    assert outcomes == {
        ("linear", "spot", ""): 513,
        ("linear", "perpetual", ""): 126,
        ("inverse", "perpetual", "100"): 1,
        ("inverse", "perpetual", "10"): 39,
        ("linear", "future", ""): 52,
        ("inverse", "future", "100"): 4,
        ("inverse", "future", "10"): 48,
        ("inverse", "option", "0.1"): 346,  # of BTC, then
        ("inverse", "option", "1"): 350,
    }


def test_the_two_conventions_differ_as_they_must(recorded: Recorded) -> None:
    raw = recorded(f"{EXAMPLES}/parse_greeks_1.json")
    black, coin = okx.greeks(raw, KNOWN_GREEKS, NOW)
    spot_price = black.vega / coin.vega  # vega in dollars over vega in coin
    assert coin.gamma == pytest.approx(spot_price * black.gamma - 2 * coin.delta, rel=1e-9)
    assert 0 < black.delta - coin.delta < 1  # the price in coin


# Of the websocket recordings of options: what each summary becomes.
SUMMARIES: dict[tuple[str, str], float | str] = {
    ("ETH-USD-211222-4000-C", "1640001659301"): 0.2038286081,
    ("ETH-USD-211231-9600-C", "1640001659181"): 0.0037586392,
    ("ETH-USD-211227-4150-P", "1640588400390"): -0.9826286266,  # in coin below -1, as a put may
}


def test_option_pushes_of_two_years(recorded: Recorded) -> None:
    outcomes: Counter[str] = Counter()
    summaries: dict[tuple[str, str], float | str] = {}
    for group in recorded("tardis/okex-options.json"):
        for message in group["messages"]:
            channel = message.get("arg", {}).get("channel", message.get("table"))
            for raw in message.get("data", ()):
                outcomes[channel] += 1
                if channel == "opt-summary":
                    black, _ = okx.greeks(raw, okx_instrument(raw["instId"]), NOW)
                    assert okx.summary(raw, NOW).venue_delta == black.delta
                    summaries[raw["instId"], raw["ts"]] = black.delta
                elif channel == "tickers":
                    assert okx.ticker(raw, NOW).ask == 0.0005
                elif channel == "mark-price":
                    assert okx.mark_price(raw, NOW).mark == 3.8005764218904408
                elif channel == "index-tickers":
                    assert okx.index_price(raw, NOW).price == 3814.05
                elif channel in ("option/summary", "option/ticker"):  # the interface before v5
                    with pytest.raises(BadInput, match=r"(instId|ts) is None"):
                        okx.summary(raw, NOW)
    assert summaries == SUMMARIES
    assert outcomes["option/summary"] >= 6


@pytest.mark.parametrize("file", ["tardis/okex-futures.json", "tardis/okex-swap.json"])
def test_pushes_of_futures(recorded: Recorded, file: str) -> None:
    read: Counter[str] = Counter()
    for group in recorded(file):
        for message in group["messages"]:
            channel = message.get("arg", {}).get("channel")
            for raw in message.get("data", ()):
                if channel == "tickers":
                    touch = okx.ticker(raw, NOW)
                    assert touch.bid is not None
                    assert touch.ask is not None
                    assert touch.bid < touch.ask
                elif channel == "mark-price":
                    assert okx.mark_price(raw, NOW).mark == float(raw["markPx"])
                elif channel == "index-tickers":
                    assert okx.index_price(raw, NOW).price == float(raw["idxPx"])
                else:
                    continue
                read[channel] += 1
    assert {"tickers", "mark-price", "index-tickers"} <= set(read)


def _readers(raw: dict[str, Any]) -> list[Callable[[], Any]]:
    return [
        lambda: okx.instrument(raw, "s"),
        lambda: okx.tick_bands(raw),
        lambda: okx.ticker(raw, NOW),
        lambda: okx.mark_price(raw, NOW),
        lambda: okx.summary(raw, NOW),
        lambda: okx.greeks(raw, OPTION, NOW),
        lambda: okx.index_price(raw, NOW),
        lambda: okx.position(raw, "desk", BY_NAME, NOW),
        lambda: okx.holdings(raw, "desk", NOW),
        lambda: okx.account_margin(raw, "desk", NOW),
        lambda: okx_orders.order_report(raw),
        lambda: okx_orders.fill(raw, "desk"),
    ]


SEEDS = [
    *OWN["instruments"].values(), *OWN["positions"].values(),
    *(OWN[name] for name in ("tick_bands", "ticker", "mark", "summary", "account", "order", "trade")),
]  # fmt: skip


@settings(max_examples=400)
@given(st.data())
def test_garbage_gives_bad_input_or_a_finite_value(data: st.DataObject) -> None:
    raw = spoilt(data, SEEDS)
    for read in _readers(raw):
        try:
            noun = read()
        except BadInput:
            continue
        assert_finite(noun)
