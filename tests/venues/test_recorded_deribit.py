"""Every recorded Deribit payload: parsed to checked values, or refused for a stated reason."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from listings import files_of

from hedging.errors import BadInput
from hedging.model.instrument import AmountUnit, Kind, OptionKind, Settlement
from hedging.model.trading import OrderState
from hedging.units import Side
from hedging.venues import deribit, deribit_orders

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
EXAMPLES = "ccxt_examples/deribit/"
Recorded = Callable[[str], Any]


READ_BELOW = (
    "create_order_1 fetch_balance_1 fetch_markets_2 fetch_my_trades_1 fetch_option_1 fetch_position_1 "
    "fetch_positions_1 fetch_ticker_1 fetch_tickers_1 fetch_time_1 parse_greeks_1 parse_order_1 "
    "parse_option_1 parse_position_1 parse_ticker_1 parse_trade_1 parse_trade_2 pro_handle_bid_ask_1 "
    "pro_handle_my_trades_1 pro_handle_orders_1 pro_handle_trades_1 fetch_option_chain_1"
)
OTHER_KINDS = {
    "an order book: test_order_books": "pro_handle_order_book_2",
    "a list of currencies": "fetch_currencies_1 fetch_markets_1",
    "funding": "fetch_funding_rate_1",
    "candles or a history of volatility": "fetch_volatility_history_1 pro_handle_ohlcv_1",
    "the state of the system or of a sign-in": "fetch_status_1 pro_handle_authentication_message_1 "
    "pro_handle_message_1",
}


def test_every_recorded_example_is_named(recorded: Recorded) -> None:
    others = {name for names in OTHER_KINDS.values() for name in names.split()}
    assert files_of(EXAMPLES) == {f"{name}.json" for name in {*READ_BELOW.split(), *others}}


def pushed(recorded: Recorded, name: str) -> Any:
    return recorded(EXAMPLES + name)["params"]["data"]


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("fetch_ticker_1.json", (7750.0, 7750.5, 19470.0, 343280.0, 7750.02, 7748.01, None, None, None)),
        ("parse_ticker_1.json", (7750.0, 7750.5, 19470.0, 343280.0, 7750.02, 7748.01, None, None, None)),
        ("parse_greeks_1.json", (0.214, 0.219, 0.2, 9.1, 0.2168, 36552.72, 38992.71, 0.6127, 0.59621)),
    ],
)
def test_tickers(recorded: Recorded, file: str, values: tuple[float | None, ...]) -> None:
    raw = recorded(EXAMPLES + file)
    read = deribit.quote(raw.get("result", raw), None, NOW)
    got = (read.bid, read.ask, read.bid_size, read.ask_size, read.mark, read.index, read.forward)
    assert got == values[:7]
    assert read.iv == (None if values[7] is None else pytest.approx(values[7], rel=1e-15))
    assert read.venue_delta == values[8]


def test_a_ticker_with_quoted_numbers(recorded: Recorded) -> None:
    read = deribit.quote(
        recorded("ccxt_static/deribit/response_fetchTicker.json")["httpResponse"]["result"], None, NOW
    )
    assert (read.instrument, read.bid, read.ask, read.mark) == ("BTC_USDT", 73418.58, 73521.05, 73367.995)
    assert read.venue_at == datetime(2024, 3, 13, 11, 10, 44, 150000, tzinfo=UTC)


def test_a_quote_push(recorded: Recorded) -> None:
    read = deribit.touch(pushed(recorded, "pro_handle_bid_ask_1.json"), None, NOW)
    assert (read.instrument, read.bid, read.ask, read.bid_size) == ("BTC_USDT", 63908.0, 63940.0, 0.026)


# Of ticker pushes from 2019 to 2024: what each becomes.
PUSHES: dict[tuple[str, int], tuple[float | None, float | None] | str] = {
    ("BTC-PERPETUAL", 1564617604229): (10094.1, None),
    ("BTC-PERPETUAL", 1569888003897): (8304.39, None),
    ("BTC-8JUN20-8750-P", 1591603200048): "state is 'closed'",
    ("BTC-5JUN20-9250-C", 1590969652595): (0.03847784, 0.6321),
    ("ETH-5JUN20-310-P", 1590969597073): (0.33859, 1.1863),
    ("ETH-10JUN20-270-C", 1591608298178): (0.000632, 0.7296),
    ("BTC-STRD-30SEP22-20000", 1661274180291): (0.1922, 1.4918),  # its instrument is refused: a combination
    ("BTC-FS-30SEP22_PERP", 1662681659203): "best_bid_price is -7",
    ("BTC-CSR12-16SEP22-21000_23000", 1662681656186): "mark_iv is -74.2",
    ("MATIC_USDC-9MAR24-1d02-C", 1709809020064): (0.139, 2.0964),
}


def test_ticker_pushes_of_six_years(recorded: Recorded) -> None:
    messages = recorded("tardis/deribit.json")[0]["messages"]
    tickers = [m["params"]["data"] for m in messages if m["params"]["channel"].startswith("ticker.")]
    assert {(raw["instrument_name"], raw["timestamp"]) for raw in tickers} == set(PUSHES)
    for raw in tickers:
        expected = PUSHES[raw["instrument_name"], raw["timestamp"]]
        if isinstance(expected, str):
            with pytest.raises(BadInput, match=expected):
                deribit.quote(raw, None, NOW)
            continue
        read = deribit.quote(raw, None, NOW)
        assert read.mark == expected[0]
        assert read.iv == (None if expected[1] is None else pytest.approx(expected[1], rel=1e-12))


def test_a_websocket_recording_of_2021(recorded_text: Callable[[str], str]) -> None:
    outcomes: Counter[str] = Counter()
    for line in recorded_text("cryptofeed/DERIBIT.ws.1.0").splitlines():
        head, _, text = line.partition(": ")
        if "<-" in head or not text.startswith("{"):
            continue
        message = json.loads(text)
        channel = message.get("params", {}).get("channel", "")
        if channel.startswith("ticker."):
            read = deribit.quote(message["params"]["data"], None, NOW)
            assert read.iv is not None
            assert read.forward is not None
            assert read.venue_delta is not None
            outcomes["ticker"] += 1
    assert outcomes["ticker"] >= 10


def test_instruments_of_2022(recorded: Recorded) -> None:
    option, future, perpetual = (
        deribit.instrument(raw, "s") for raw in recorded(EXAMPLES + "fetch_markets_2.json")["result"]
    )
    assert (option.kind, option.option_kind, option.strike) == (Kind.OPTION, OptionKind.PUT, 52000.0)
    assert (option.lot, option.tick, option.amount_unit) == (
        Decimal("0.1"),
        Decimal("0.0005"),
        AmountUnit.COIN,
    )
    assert option.expiry == datetime(2022, 6, 24, 8, tzinfo=UTC)
    assert (future.kind, future.amount_unit, future.lot) == (Kind.FUTURE, AmountUnit.USD, Decimal(10))
    assert future.expiry == datetime(2022, 5, 27, 8, tzinfo=UTC)
    assert (perpetual.kind, perpetual.expiry, perpetual.settlement) == (
        Kind.PERPETUAL,
        None,
        Settlement.INVERSE,
    )


def test_instruments_with_quoted_numbers(recorded: Recorded) -> None:
    linear, option = (
        deribit.instrument(raw, "s") for raw in recorded("ccxt_static/deribit/markets_info.json")
    )
    assert (linear.kind, linear.settlement, linear.amount_unit) == (
        Kind.PERPETUAL,
        Settlement.LINEAR,
        AmountUnit.COIN,
    )
    assert (linear.lot, linear.settlement_currency, linear.index) == (Decimal("0.001"), "USDT", "btc_usdt")
    assert option.tick_at(Decimal("0.004")) == Decimal("0.0001")
    assert option.tick_at(Decimal("0.02")) == Decimal("0.0005")


def test_the_list_of_2021_is_refused_where_it_lacks_a_currency(recorded: Recorded) -> None:
    outcomes: Counter[str] = Counter()
    for raw in recorded("cryptofeed/deribit_instruments_2021.json"):
        try:
            known = deribit.instrument(raw, "s")
            outcomes[f"{known.settlement.value} {known.kind.value}"] += 1
        except BadInput as error:
            outcomes[str(error).partition(": ")[2]] += 1
    assert outcomes == {
        "counter_currency is None, expected a text": 824,  # did not exist yet when BTC and ETH were captured
        "inverse option": 172,  # of SOL, captured in 2022
        "inverse future": 4,
        "inverse perpetual": 1,
        "linear perpetual": 16,
    }


@pytest.mark.parametrize(
    ("name", "amount", "average", "delta"),
    [("ETH-9JAN22-3200-C", "1.0", 0.0165, 0.5848), ("BTC-PERPETUAL", "40.0", 112585.87, 3.66076e-4)],
)
def test_positions_that_users_posted(
    recorded: Recorded, name: str, amount: str, average: float, delta: float
) -> None:
    raws = recorded("ccxt_issue_captures/deribit_positions.json")["get_positions_result"]
    raw = next(raw for raw in raws if raw["instrument_name"] == name)
    kind = "option" if raw["kind"] == "option" else "future"
    listed = {
        "instrument_name": name,
        "kind": kind,
        "base_currency": name[:3],
        "counter_currency": "USD",
        "settlement_currency": name[:3],
        "settlement_period": "perpetual",
        "contract_size": 1,
        "min_trade_amount": 1,
        "tick_size": 0.0001,
        "expiration_timestamp": 1641715200000,
        "strike": 3200,
        "option_type": "call",
    }
    read = deribit.position(raw, "desk", {name: deribit.instrument(listed, "s")}, NOW)
    assert read is not None
    assert (read.amount, read.average_price, read.venue_delta) == (Decimal(amount), average, delta)


def test_flat_positions_are_none(recorded: Recorded) -> None:
    for file in ("fetch_position_1.json", "parse_position_1.json"):
        assert deribit.position(recorded(EXAMPLES + file)["result"], "desk", {}, NOW) is None


def test_a_position_of_2019(recorded: Recorded) -> None:
    listed = recorded(EXAMPLES + "fetch_markets_2.json")["result"][2]
    known = {"BTC-PERPETUAL": deribit.instrument(listed, "s")}
    read = deribit.position(recorded(EXAMPLES + "fetch_positions_1.json")["result"][0], "desk", known, NOW)
    assert read is not None
    assert (read.amount, read.venue_delta, read.floating_pnl) == (Decimal(50), 0.006687487, 0.0)


def test_account_summaries(recorded: Recorded) -> None:
    single = deribit.balance(recorded(EXAMPLES + "fetch_balance_1.json")["result"], "desk", NOW)
    assert (single.currency, single.equity, single.delta_total) == ("BTC", 0.00062359, (("BTC", 0.0),))
    response = recorded("ccxt_static/deribit/response_fetchBalance.json")["httpResponse"]["result"]
    several = [deribit.balance(raw, "desk", NOW) for raw in response["summaries"]]
    assert len(several) == len(response["summaries"]) > 1
    assert all(read.equity >= 0 and read.maintenance_margin >= 0 for read in several)


def test_an_order_and_its_trade(recorded: Recorded) -> None:
    result = recorded(EXAMPLES + "create_order_1.json")["result"]
    report = deribit_orders.order_report(result["order"])
    assert (report.state, report.filled, report.average_price) == (
        OrderState.FILLED,
        Decimal(40),
        Decimal("143.81"),
    )
    assert (report.venue_id, report.client_id) == ("ETH-349249", "market0000234")
    (trade,) = (deribit_orders.fill(raw, "desk") for raw in result["trades"])
    assert (trade.side, trade.amount, trade.price, trade.fee) == (
        Side.BUY,
        Decimal(40),
        Decimal("143.81"),
        Decimal("0.000139"),
    )


def test_orders_by_other_methods(recorded: Recorded) -> None:
    assert deribit_orders.order_report(recorded(EXAMPLES + "parse_order_1.json")).state is OrderState.FILLED
    resting = deribit_orders.order_report(pushed(recorded, "pro_handle_orders_1.json"))
    assert (resting.state, resting.client_id, resting.average_price) == (OrderState.ACKED, "", None)
    closed = recorded("ccxt_static/deribit/response_fetchClosedOrders.json")["httpResponse"]["result"]
    reports = [deribit_orders.order_report(raw) for raw in closed]
    assert [report.average_price for report in reports] == [
        Decimal("215.23"),
        Decimal("215.36"),
        Decimal("210.8"),
        Decimal("211.5"),
    ]


def test_own_trades(recorded: Recorded) -> None:
    (push,) = (deribit_orders.fill(raw, "desk") for raw in pushed(recorded, "pro_handle_my_trades_1.json"))
    assert (push.trade_id, push.amount, push.fee) == ("219381310", Decimal(10), Decimal("2.5e-7"))
    option = deribit_orders.fill(recorded(EXAMPLES + "parse_trade_2.json"), "desk")
    assert (option.price, option.amount, option.client_id) == (Decimal("0.04"), Decimal(11), "")


def test_an_own_trade_by_rest(recorded: Recorded) -> None:
    trade = deribit_orders.fill(recorded(EXAMPLES + "fetch_my_trades_1.json")["result"]["trades"][0], "desk")
    assert (trade.trade_id, trade.price, trade.venue_order_id) == ("ETH-34066", Decimal("0.04"), "ETH-334607")


def test_trades_of_others_are_refused_as_own(recorded: Recorded) -> None:
    others = [recorded(EXAMPLES + "parse_trade_1.json"), *pushed(recorded, "pro_handle_trades_1.json")]
    for raw in others:
        with pytest.raises(BadInput, match="order_id"):
            deribit_orders.fill(raw, "desk")


def test_summaries_of_books_are_refused_as_tickers(recorded: Recorded) -> None:
    summaries = [
        recorded(EXAMPLES + f"{file}.json")["result"][0]
        for file in ("fetch_tickers_1", "fetch_option_1", "fetch_option_chain_1")
    ]
    for raw in (*summaries, recorded(EXAMPLES + "parse_option_1.json")):
        with pytest.raises(BadInput, match="timestamp"):
            deribit.quote(raw, None, NOW)


def test_the_time(recorded: Recorded) -> None:
    told = recorded(EXAMPLES + "fetch_time_1.json")["result"]
    assert deribit.server_time(told) == datetime(2020, 3, 11, 10, 27, 26, 19000, tzinfo=UTC)
