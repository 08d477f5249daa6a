from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement, TickStep
from hedging.venues import deribit

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
AT_MS = 1795348800000  # NOW in milliseconds

OPTION: dict[str, Any] = {
    "instrument_name": "BTC-25DEC26-100000-C",
    "kind": "option",
    "base_currency": "BTC",
    "counter_currency": "USD",
    "quote_currency": "BTC",
    "settlement_currency": "BTC",
    "settlement_period": "month",
    "contract_size": 1.0,
    "min_trade_amount": 0.1,
    "tick_size": 0.0001,
    "tick_size_steps": [{"above_price": 0.005, "tick_size": 0.0005}],
    "expiration_timestamp": 1798185600000,
    "strike": 100000.0,
    "option_type": "call",
    "price_index": "btc_usd",
    "is_active": True,
}
PERPETUAL: dict[str, Any] = {
    "instrument_name": "BTC-PERPETUAL",
    "kind": "future",
    "base_currency": "BTC",
    "counter_currency": "USD",
    "settlement_currency": "BTC",
    "settlement_period": "perpetual",
    "contract_size": 10.0,
    "min_trade_amount": 10.0,
    "tick_size": 0.5,
    "expiration_timestamp": 32503708800000,
    "price_index": "btc_usd",
}
TICKER: dict[str, Any] = {
    "instrument_name": "BTC-25DEC26-100000-C",
    "state": "open",
    "timestamp": AT_MS,
    "best_bid_price": 0.05,
    "best_bid_amount": 12.5,
    "best_ask_price": 0.0515,
    "best_ask_amount": 3.0,
    "mark_price": 0.0507,
    "mark_iv": 61.27,
    "index_price": 90000.0,
    "underlying_price": 90900.0,
    "greeks": {"delta": 0.41, "gamma": 1e-05, "vega": 100.0, "theta": -30.0, "rho": 10.0},
}
QUOTE: dict[str, Any] = {
    "instrument_name": "BTC-25DEC26-100000-C",
    "timestamp": AT_MS + 50,
    "best_bid_price": 0.0505,
    "best_bid_amount": 1.0,
    "best_ask_price": 0.051,
    "best_ask_amount": 2.0,
}
JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.lists(st.integers(), max_size=2)
)


def changed(raw: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return raw | changes


def test_an_inverse_option() -> None:
    assert deribit.instrument(OPTION, "BTC/USD:BTC-261225-100000-C") == Instrument(
        venue="deribit",
        name="BTC-25DEC26-100000-C",
        symbol="BTC/USD:BTC-261225-100000-C",
        kind=Kind.OPTION,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.COIN,
        lot=Decimal("0.1"),
        minimum=Decimal("0.1"),
        tick=Decimal("0.0001"),
        tick_steps=(TickStep(Decimal("0.005"), Decimal("0.0005")),),
        index="btc_usd",
        expiry=datetime(2026, 12, 25, 8, tzinfo=UTC),
        strike=100000.0,
        option_kind=OptionKind.CALL,
    )


@pytest.mark.parametrize(
    ("changes", "kind", "settlement", "unit"),
    [
        ({}, Kind.PERPETUAL, Settlement.INVERSE, AmountUnit.USD),
        (
            {"settlement_period": "month", "expiration_timestamp": 1798185600000},
            Kind.FUTURE,
            Settlement.INVERSE,
            AmountUnit.USD,
        ),
        (
            {"counter_currency": "USDC", "settlement_currency": "USDC", "min_trade_amount": 0.001},
            Kind.PERPETUAL,
            Settlement.LINEAR,
            AmountUnit.COIN,
        ),
        (
            {
                "kind": "spot",
                "settlement_currency": None,
                "settlement_period": None,
                "counter_currency": "USDC",
            },
            Kind.SPOT,
            Settlement.LINEAR,
            AmountUnit.COIN,
        ),
    ],
)
def test_kinds_and_units(
    changes: dict[str, Any], kind: Kind, settlement: Settlement, unit: AmountUnit
) -> None:
    read = deribit.instrument(changed(PERPETUAL, **changes), "s")
    assert (read.kind, read.settlement, read.amount_unit) == (kind, settlement, unit)
    assert (read.expiry is None) == (kind is not Kind.FUTURE)
    assert read.lot == Decimal(str(changes.get("min_trade_amount", 10.0)))


def test_a_linear_option_is_in_coin() -> None:
    raw = changed(OPTION, counter_currency="USDC", settlement_currency="USDC", contract_size=0.01)
    read = deribit.instrument(raw, "s")
    assert (read.settlement, read.amount_unit, read.multiplier) == (Settlement.LINEAR, AmountUnit.COIN, 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "option_combo"}, "kind is 'option_combo'"),
        ({"kind": "warrant"}, "kind"),
        ({"kind": None}, "kind"),
        ({"base_currency": ""}, "base_currency"),
        ({"settlement_currency": "EUR"}, "settlement_currency"),
        ({"counter_currency": "USDC", "settlement_currency": "USDC", "contract_size": 1000}, "contract_size"),
        ({"min_trade_amount": 0}, "min_trade_amount"),
        ({"tick_size": -0.5}, "tick_size"),
        ({"tick_size_steps": "x"}, "tick_size_steps"),
        ({"tick_size_steps": [{"above_price": 0.1}]}, "tick_size"),
        ({"tick_size_steps": [3]}, "tick size step"),
        ({"expiration_timestamp": None}, "expiration_timestamp"),
        ({"expiration_timestamp": 1798185600}, "expiration_timestamp"),
        ({"strike": 0}, "strike"),
        ({"strike": None}, "strike"),
        ({"option_type": "straddle"}, "option_type"),
        ({"instrument_name": None}, "instrument_name"),
    ],
)
def test_instruments_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        deribit.instrument(changed(OPTION, **changes), "s")


def test_a_ticker_of_an_option() -> None:
    read = deribit.quote(TICKER, None, LATER)
    assert (read.bid, read.bid_size, read.ask, read.ask_size) == (0.05, 12.5, 0.0515, 3.0)
    assert (read.mark, read.index, read.forward, read.venue_delta) == (0.0507, 90000.0, 90900.0, 0.41)
    assert read.iv == pytest.approx(0.6127, rel=1e-15)
    assert (read.venue_at, read.received_at, read.touch_received_at) == (NOW, LATER, LATER)


def test_volatility_is_a_fraction_not_percent() -> None:
    assert deribit.quote(changed(TICKER, mark_iv="250"), None, NOW).iv == 2.5


def test_an_empty_side_is_none() -> None:
    none = {"best_bid_price": 0, "best_bid_amount": 0, "best_ask_price": None, "best_ask_amount": 0.0}
    read = deribit.quote(changed(TICKER, **none), None, NOW)
    assert (read.bid, read.bid_size, read.ask, read.ask_size) == (None, None, None, None)
    assert read.mid is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"best_bid_price": 0, "best_bid_amount": 5}, "best_bid_price is 0"),
        ({"best_bid_price": -0.01}, "best_bid_price is -0.01"),
        ({"best_ask_price": float("nan")}, "best_ask_price is nan"),
        ({"best_ask_price": "NaN"}, "best_ask_price"),
        ({"best_ask_amount": 0}, "best_ask_amount"),
        ({"best_ask_price": None}, "best_ask_price"),
        ({"best_ask_amount": -1}, "best_ask_amount"),
        ({"mark_price": 0, "greeks": None}, "mark_price is 0"),  # a future's; an option may be worthless
        ({"mark_price": -0.0001}, "mark_price is -0.0001"),
        ({"mark_price": float("inf")}, "mark_price"),
        ({"index_price": -1}, "index_price"),
        ({"underlying_price": 0}, "underlying_price"),
        ({"mark_iv": 0}, "mark_iv"),
        ({"mark_iv": -74.2}, "mark_iv"),
        ({"mark_iv": 6127}, "mark_iv"),
        ({"greeks": {"delta": 41.0}}, "delta is 41.0"),
        ({"greeks": [1]}, "greeks"),
        ({"state": "closed"}, "state is 'closed'"),
        ({"timestamp": None}, "timestamp"),
        ({"instrument_name": None}, "instrument_name"),
    ],
)
def test_tickers_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        deribit.quote(changed(TICKER, **changes), None, NOW)


def test_the_mark_of_a_worthless_option_is_0_and_its_position_has_a_value() -> None:
    assert deribit.quote(changed(TICKER, mark_price=0.0), None, NOW).mark == 0.0


def test_a_touch_does_not_make_an_old_mark_fresh() -> None:
    before = deribit.quote(TICKER, None, NOW)
    after = deribit.touch(QUOTE, before, LATER)
    assert (after.bid, after.ask, after.touch_received_at) == (0.0505, 0.051, LATER)
    assert (after.mark, after.iv, after.received_at) == (before.mark, before.iv, NOW)
    assert after.venue_at == NOW + timedelta(milliseconds=50)


def test_a_first_touch_has_no_mark() -> None:
    assert deribit.touch(QUOTE, None, NOW).mark is None


def test_an_older_touch_changes_nothing() -> None:
    newer = deribit.touch(QUOTE, deribit.quote(TICKER, None, NOW), NOW)
    assert deribit.touch(changed(QUOTE, timestamp=AT_MS, best_bid_price=0.01), newer, LATER) is newer


def test_a_ticker_older_than_the_touch_brings_only_its_mark() -> None:
    newer = deribit.touch(QUOTE, deribit.quote(TICKER, None, NOW), NOW)
    merged = deribit.quote(changed(TICKER, mark_price=0.052, best_bid_price=0.01), newer, LATER)
    assert merged == replace(newer, mark=0.052, received_at=LATER)


def test_a_quote_of_another_instrument_is_not_merged() -> None:
    before = deribit.quote(TICKER, None, NOW)
    for parse in (deribit.touch, deribit.quote):
        with pytest.raises(BadInput, match="instrument_name"):
            parse(changed(TICKER, instrument_name="ETH-PERPETUAL"), before, NOW)


@pytest.mark.parametrize(
    ("size", "direction", "signed"),
    [(50, "buy", Decimal(50)), (-50.0, "sell", Decimal("-50.0")), ("1.0", "buy", Decimal("1.0"))],
)
def test_a_position_is_signed_and_raw(
    size: Any, direction: str, signed: Decimal, perpetual: Instrument
) -> None:
    raw = {
        "instrument_name": "BTC-PERPETUAL",
        "size": size,
        "direction": direction,
        "average_price": 0,
        "floating_profit_loss": -0.5,
        "delta": "0.25",
    }
    read = deribit.position(raw, "desk", {perpetual.name: perpetual}, NOW)
    assert read is not None
    assert (read.amount, read.account, read.instrument) == (signed, "desk", perpetual)
    assert (read.average_price, read.floating_pnl, read.venue_delta) == (None, -0.5, 0.25)


def test_a_flat_position_is_none_even_where_its_direction_lies(perpetual: Instrument) -> None:
    raw = {"instrument_name": "BTC-PERPETUAL", "size": 0, "direction": "sell"}
    assert deribit.position(raw, "desk", {perpetual.name: perpetual}, NOW) is None


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"size": 50, "direction": "sell"}, "direction"),
        ({"size": -50, "direction": "buy"}, "direction"),
        ({"size": None}, "size"),
        ({"size": float("nan")}, "size"),
        ({"average_price": -1}, "average_price"),
        ({"delta": float("inf")}, "delta"),
        ({"instrument_name": "BTC-26DEC26"}, "BTC-26DEC26"),
    ],
)
def test_positions_that_are_refused(changes: dict[str, Any], named: str, perpetual: Instrument) -> None:
    raw = {"instrument_name": "BTC-PERPETUAL", "size": 50, "direction": "buy", "delta": 0.1} | changes
    with pytest.raises(BadInput, match=named):
        deribit.position(raw, "desk", {perpetual.name: perpetual}, NOW)


SUMMARY: dict[str, Any] = {
    "currency": "BTC",
    "equity": 100.0,
    "available_funds": 90.0,
    "initial_margin": 8.0,
    "maintenance_margin": 6.0,
    "delta_total": 1.25,
    "delta_total_map": {"btc_usd": 99.0},
}


@pytest.mark.parametrize(
    ("changes", "delta"),
    [
        ({}, (("BTC", 1.25),)),
        ({"currency": "btc"}, (("BTC", 1.25),)),
        ({"currency": "ETH", "delta_total": "-3"}, (("ETH", -3.0),)),
        (
            {"currency": "USDC", "delta_total_map": {"eth_usdc": -1, "btc_usdc": 0.5, "btc_usd": 0.25}},
            (("BTC", 0.75), ("ETH", -1.0)),
        ),
        ({"currency": "USDC", "delta_total_map": {}}, ()),
        ({"currency": "USDC", "delta_total_map": None}, ()),
    ],
)
def test_delta_total_by_underlying(changes: dict[str, Any], delta: tuple[tuple[str, float], ...]) -> None:
    read = deribit.balance(changed(SUMMARY, **changes), "desk", NOW)
    assert read.delta_total == delta
    assert (read.equity, read.available, read.initial_margin, read.maintenance_margin) == (
        100.0,
        90.0,
        8.0,
        6.0,
    )


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"equity": None}, "equity"),
        ({"equity": float("nan")}, "equity"),
        ({"maintenance_margin": -1}, "maintenance_margin"),
        ({"delta_total": None}, "delta_total"),
        ({"currency": None}, "currency"),
        ({"currency": "USDC", "delta_total_map": [1]}, "delta_total_map"),
        ({"currency": "USDC", "delta_total_map": {"btc_usdc": "x"}}, "btc_usdc"),
    ],
)
def test_summaries_that_are_refused(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        deribit.balance(changed(SUMMARY, **changes), "desk", NOW)


def test_an_index_price() -> None:
    raw = {"index_name": "btc_usd", "price": 90000.5, "timestamp": AT_MS}
    assert deribit.index_price(raw, LATER) == deribit.IndexPrice("btc_usd", 90000.5, NOW, LATER)
    for price in (0, None, float("nan")):
        with pytest.raises(BadInput, match="price"):
            deribit.index_price(changed(raw, price=price), LATER)


@given(st.sampled_from(sorted(TICKER)), JUNK, st.sampled_from(["delete", "set"]))
def test_garbage_in_a_ticker_gives_bad_input_or_a_finite_quote(field: str, junk: object, how: str) -> None:
    raw = dict(TICKER)
    if how == "delete":
        del raw[field]
    else:
        raw[field] = junk
    for parse in (deribit.quote, deribit.touch):
        try:
            read = parse(raw, None, NOW)
        except BadInput:
            continue
        for price in (read.bid, read.ask, read.mark, read.index, read.forward):
            assert price is None or 0 < price <= 1e15
        assert read.iv is None or 0 < read.iv <= 10
        assert read.venue_delta is None or -1 <= read.venue_delta <= 1


@given(st.dictionaries(st.sampled_from(sorted({*OPTION, *TICKER, *SUMMARY, "size", "direction"})), JUNK))
def test_garbage_never_raises_anything_but_bad_input(raw: dict[str, object]) -> None:
    for parse in (
        lambda: deribit.instrument(raw, "s"),
        lambda: deribit.quote(raw, None, NOW),
        lambda: deribit.touch(raw, None, NOW),
        lambda: deribit.position(raw, "desk", {}, NOW),
        lambda: deribit.balance(raw, "desk", NOW),
        lambda: deribit.index_price(raw, NOW),
    ):
        try:
            parse()
        except BadInput:
            continue
