"""What an account may, has and is told of deltas; quotes of Binance's options; garbage refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listings import JUNK, NOW, assert_finite, binance_option

from hedging.errors import BadInput, UnsafeKeyError
from hedging.pricing import black76
from hedging.units import utc_from_milliseconds, years_between
from hedging.venues import binance_account, bybit_account, okx_account
from hedging.venues.binance_account import Wallets
from hedging.venues.deribit import IndexPrice
from hedging.venues.scopes import KeyScopes

RECORDED = Path(__file__).resolve().parents[1] / "recorded"
OWN: dict[str, Any] = {
    venue: json.loads((RECORDED / f"{venue}.json").read_text(encoding="utf-8"))
    for venue in ("okx", "bybit", "binance")
}
XRP = binance_option("XRP-251219-2.05-P", 100)
MARK = {
    "symbol": "XRP-251219-2.05-P", "markPrice": "19.0314", "markIV": "2.6", "delta": "-0.56213899",
    "gamma": "1.1", "vega": "0.0005", "theta": "-0.04", "riskFreeInterest": "0.0",
}  # fmt: skip
INDEX = IndexPrice("XRPUSDT", 1.96239445, NOW - timedelta(seconds=1), NOW - timedelta(seconds=1))
Recorded = Callable[[str], Any]


def test_binance_prices_its_options_on_the_index_at_its_rate(recorded: Recorded) -> None:
    """The forward we take, index x exp(rate x years), gives the delta and the price that were sent."""
    seen = 0
    for group in recorded("tardis/binance-european-options-v2.json"):
        for message in group["messages"]:
            if message["stream"] != "xrpusdt@optionMarkPrice":
                continue
            for raw in message["data"]:
                option = replace(XRP, name=raw["s"])
                years = years_between(utc_from_milliseconds(raw["E"]), datetime(2025, 12, 19, 8, tzinfo=UTC))
                forward = float(raw["i"]) * exp(float(raw["rf"]) * years)
                assert option.strike == 2.05
                assert option.option_kind is not None
                arguments = (float(option.option_kind), forward, option.strike, years, float(raw["vo"]))
                found = black76.core_greeks(*(np.array([value]) for value in arguments))
                assert float(found.delta[0]) == pytest.approx(float(raw["d"]), abs=5e-9)  # all its digits
                assert float(found.price[0]) * 100 == pytest.approx(float(raw["mp"]), abs=5e-5)
                seen += 1
    assert seen == 1


def test_a_quote_of_an_option_by_rest() -> None:
    assert XRP.expiry is not None
    now = XRP.expiry - timedelta(days=73)  # a fifth of a year
    quote = binance_account.option_quote(MARK | {"riskFreeInterest": "0.05"}, XRP, INDEX, now)
    assert quote.forward == pytest.approx(1.96239445 * exp(0.01), rel=1e-15)
    assert (quote.mark, quote.iv, quote.venue_delta) == (19.0314, 2.6, -0.56213899)
    assert (quote.index, quote.venue_at, quote.bid) == (1.96239445, INDEX.venue_at, None)
    without = {field: value for field, value in MARK.items() if field != "riskFreeInterest"}
    assert binance_account.option_quote(without, XRP, INDEX, now).forward is None


def test_a_quote_is_as_old_as_its_index() -> None:
    quote = binance_account.option_quote(MARK, XRP, INDEX, NOW)
    assert (quote.received_at, quote.touch_received_at) == (INDEX.received_at, NOW)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"symbol": "XRP-251219-2.1-P"}, "symbol"),
        ({"markPrice": "0"}, "markPrice"),
        ({"markIV": "-1"}, "markIV"),
        ({"riskFreeInterest": "5"}, "riskFreeInterest"),
        ({"delta": "-1.5"}, "delta"),
    ],
)
def test_quotes_of_options_that_are_refused(changes: dict[str, str], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        binance_account.option_quote(MARK | changes, XRP, INDEX, NOW)
    with pytest.raises(BadInput, match="BTCUSDT is not that of"):
        binance_account.option_quote(MARK, XRP, replace(INDEX, name="BTCUSDT"), NOW)


def test_families_are_a_list_within_a_list() -> None:
    assert okx_account.option_families({"code": "0", "data": [["BTC-USD", "ETH-USD"]]}) == (
        "BTC-USD",
        "ETH-USD",
    )
    for data in ([], ["BTC-USD"], [["BTC-USD"], ["ETH-USD"]], [[1]], None):
        with pytest.raises(BadInput):
            okx_account.option_families({"code": "0", "data": data})
    with pytest.raises(BadInput, match="code"):
        okx_account.option_families({"code": "50011", "data": [["BTC-USD"]]})


def test_a_wallet_with_margins_that_make_no_sense_is_refused() -> None:
    account = OWN["okx"]["account"] | {"mmr": ""}
    with pytest.raises(BadInput, match="not margined as a whole"):
        okx_account.funds({"code": "0", "data": [account]}, {"code": "0", "data": []}, "desk", NOW)
    for listed in ([], [account, account]):
        with pytest.raises(BadInput, match="expected 1 entry"):
            okx_account.funds({"code": "0", "data": listed}, {"code": "0", "data": []}, "desk", NOW)


def test_a_long_list_of_rights_of_a_key_that_only_reads() -> None:
    answer = {"retCode": 0, "result": {"readOnly": 1, "permissions": {"Wallet": ["Withdraw"]}}, "time": 1}
    assert bybit_account.key_rights(answer).granted == {"read only", "Wallet:Withdraw"}


def _readers(junk: Any) -> list[Callable[[], object]]:
    okx, bybit, binance = OWN["okx"], OWN["bybit"], OWN["binance"]
    listed = {"code": "0", "data": [okx["account"]]}
    wallet = {"retCode": 0, "result": {"list": [bybit["account"]]}, "time": 1795348800000}
    wallets = Wallets({"assets": []}, {"assets": []}, None, {"accountType": "SPOT", "balances": []})
    return [
        lambda: okx_account.funds(listed, {"code": "0", "data": junk}, "desk", NOW),
        lambda: okx_account.funds(
            listed, {"code": "0", "data": [{"ccy": "BTC", "deltaPA": junk, "deltaBS": junk}]}, "desk", NOW
        ),
        lambda: okx_account.funds({"code": "0", "data": [junk]}, listed, "desk", NOW),
        lambda: okx_account.funds({"code": "0", "data": [okx["account"] | {"imr": junk}]}, listed, "a", NOW),
        lambda: okx_account.option_families({"code": "0", "data": junk}),
        lambda: okx_account.key_rights({"code": "0", "data": [{"perm": junk}]}),
        lambda: bybit_account.funds(wallet, {"retCode": 0, "result": {"list": junk}, "time": 1}, "a", NOW),
        lambda: bybit_account.funds({"retCode": 0, "result": {"list": [junk]}, "time": 1}, wallet, "a", NOW),
        lambda: bybit_account.key_rights({"retCode": 0, "result": junk}),
        lambda: bybit_account.key_rights({"retCode": 0, "result": {"readOnly": 0, "permissions": junk}}),
        lambda: bybit_account.next_page({"result": {"nextPageCursor": junk}}),
        lambda: binance_account.funds(replace(wallets, linear={"assets": [junk]}), "a", NOW),
        lambda: binance_account.funds(
            replace(wallets, inverse={"assets": [binance["futures_asset"] | {"marginBalance": junk}]}),
            "a",
            NOW,
        ),
        lambda: binance_account.funds(replace(wallets, options={"asset": junk}), "a", NOW),
        lambda: binance_account.key_rights({"enableWithdrawals": junk}),
        lambda: binance_account.index_price({"indexPrice": junk, "time": junk}, "XRPUSDT", NOW),
        lambda: binance_account.option_quote(MARK | {"riskFreeInterest": junk}, XRP, INDEX, NOW),
    ]  # fmt: skip


@settings(max_examples=150)
@given(JUNK | st.lists(JUNK, max_size=2) | st.dictionaries(st.text(max_size=3), JUNK, max_size=2))
def test_garbage_gives_bad_input_or_a_finite_value(junk: Any) -> None:
    for read in _readers(junk):
        try:
            noun = read()
        except (BadInput, UnsafeKeyError):
            continue
        assert_finite(noun if not isinstance(noun, KeyScopes) else None)
