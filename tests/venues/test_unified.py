"""The exchange library's unified fields beside ours: a difference is a gap, an absent field is none."""

import json
from dataclasses import replace
from math import nan
from pathlib import Path
from typing import Any

import pytest
from ccxt.bybit import bybit as bybit_library
from ccxt.okx import okx as okx_library
from hypothesis import given
from hypothesis import strategies as st
from listings import NOW, bybit_instrument, okx_instrument

from hedging.model.book import Position
from hedging.model.snapshot import GapReason
from hedging.venues import bybit, bybit_orders, okx
from hedging.venues.unified import disagreements

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
OKX: dict[str, Any] = json.loads((RECORDED / "okx.json").read_text(encoding="utf-8"))
BYBIT: dict[str, Any] = json.loads((RECORDED / "bybit.json").read_text(encoding="utf-8"))
SWAP = okx_instrument("BTC-USD-SWAP", "100")
UNIFIED = {
    "contracts": 7.0,
    "contractSize": 100.0,
    "side": "short",
    "entryPrice": 91000.0,
    "unrealizedPnl": 0.0001,
    "leverage": None,
}


def held() -> Position:
    found = okx.position(OKX["positions"]["swap"], "desk", {SWAP.name: SWAP}, NOW)
    assert found is not None
    return found


def test_agreement_is_no_gap() -> None:
    assert disagreements(held(), UNIFIED) == ()
    assert disagreements(held(), {}) == ()
    assert disagreements(held(), dict.fromkeys(UNIFIED)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("contracts", 700.0),
        ("contracts", -7.0),
        ("contractSize", 1.0),
        ("side", "long"),
        ("entryPrice", 91000.1),
        ("entryPrice", nan),
        ("entryPrice", "91000"),
        ("contracts", True),
    ],
)
def test_a_difference_is_an_implausible_gap_of_the_underlying(field: str, value: object) -> None:
    (gap,) = disagreements(held(), UNIFIED | {field: value})
    assert (gap.what, gap.reason, gap.underlying) == ("BTC-USD-SWAP", GapReason.IMPLAUSIBLE, "BTC")
    assert field in gap.detail
    assert repr(value) in gap.detail


def test_the_size_of_an_okx_option_is_left_out_for_the_library_reads_it_wrongly() -> None:
    option = okx_instrument("BTC-USD-261225-90000-C", "1", "0.01")
    found = okx.position(OKX["positions"]["option"], "desk", {option.name: option}, NOW)
    assert found is not None
    assert disagreements(found, {"contracts": 250.0, "contractSize": 1.0, "side": "short"}) == ()


def test_quotes_greeks_and_orders() -> None:
    option = bybit_instrument("BTC-25DEC26-90000-P-USDT")
    ticker = BYBIT["option_ticker"] | {"ask1Size": "1"}
    quote = bybit.quote(ticker, NOW, None, NOW)
    assert disagreements(quote, {"bid": 4500.0, "ask": 4600.0, "markPrice": 4551.25}, "BTC") == ()
    (gap,) = disagreements(quote, {"bid": 4500.0, "ask": 46000.0}, "BTC")
    assert (gap.underlying, gap.what) == ("BTC", option.name)
    greeks = bybit.greeks(ticker, replace(option, settlement_currency="USDT"), NOW, NOW)
    library = bybit_library().parse_greeks(ticker)
    assert library["delta"] == -0.47
    assert disagreements(greeks, library) == ()
    (gap,) = disagreements(greeks, library | {"vega": library["vega"] * 100})
    assert "vega" in gap.detail
    order = bybit_orders.order_report(BYBIT["order"])
    assert (
        disagreements(order, {"amount": 1200.0, "filled": 500.0, "average": 90010.5, "id": "c6f0-77"}) == ()
    )
    assert len(disagreements(order, {"filled": 0.0, "clientOrderId": "other", "id": "c6f0-77"})) == 2


def test_the_library_gives_okx_greeks_of_the_coin_price() -> None:
    option = okx_instrument("BTC-USD-261225-90000-C", "1", "0.01")
    black, coin = okx.greeks(OKX["summary"], option, NOW)
    library = okx_library().parse_greeks(OKX["summary"])
    assert disagreements(coin, library) == ()
    assert {gap.detail.split()[0] for gap in disagreements(black, library)} == {
        "delta",
        "gamma",
        "vega",
        "theta",
    }


@given(
    st.dictionaries(
        st.sampled_from(sorted(UNIFIED)), st.none() | st.floats() | st.text(max_size=4) | st.booleans()
    )
)
def test_whatever_the_library_says_the_answer_is_gaps(unified: dict[str, object]) -> None:
    gaps = disagreements(held(), unified)
    wrong = {
        field
        for field, value in unified.items()
        if value is not None and field != "leverage" and value != UNIFIED[field]
    }
    assert len(gaps) == len(wrong)


@pytest.mark.parametrize("way", ["cross", "isolated"])
def test_the_library_reads_a_recorded_position_as_we_do(recorded: Any, way: str) -> None:
    raw = recorded("ccxt_static/okx/response_fetchPosition_inverse.json")[way]["httpResponse"]["data"][0]
    library = okx_library()
    market = {"id": SWAP.name, "symbol": "BTC/USD:BTC", "contractSize": 100, "contract": True, "swap": True,
              "inverse": True, "linear": False, "type": "swap", "spot": False, "option": False}  # fmt: skip
    unified = library.parse_position(raw, library.safe_market_structure(market))
    assert (unified["contracts"], unified["contractSize"]) == (1.0, 100.0)
    ours = okx.position(raw, "desk", {SWAP.name: SWAP}, NOW)
    assert ours is not None
    assert disagreements(ours, unified) == ()
