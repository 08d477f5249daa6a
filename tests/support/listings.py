"""Instruments of OKX, Bybit and Binance made from listings in the venues' own shape, and a table's cases."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.model.instrument import Instrument
from hedging.model.trading import Order, OrderState
from hedging.units import Side
from hedging.venues import binance, bybit, okx

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "venue_payloads"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
JUNK = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.floats().map(str)
    | st.text(max_size=8)
    | st.sampled_from(["", "absent", nan, inf, "NaN", "Infinity", "-1", "1e400", [3], {"x": 1}])
)
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


@dataclass(frozen=True)
class Case:
    """One recorded payload: how it is read, and the values that come out, or why it is refused."""

    read: Callable[[Any], Any]
    outcome: Mapping[str, object] | str

    def check(self, raw: Any) -> None:
        """Read the payload and compare."""
        if isinstance(self.outcome, str):
            with pytest.raises(BadInput, match=self.outcome):
                self.read(raw)
            return
        noun = self.read(raw)
        got = {name: getattr(noun, name) for name in self.outcome}
        expected = {
            name: pytest.approx(value, rel=1e-14) if isinstance(value, float) else value
            for name, value in self.outcome.items()
        }
        assert got == expected


def assert_finite(noun: object) -> None:
    """That no number anywhere in a noun is NaN or infinite."""
    if isinstance(noun, float):
        assert isfinite(noun)
    elif isinstance(noun, Decimal):
        assert noun.is_finite()
    elif isinstance(noun, tuple):
        for part in noun:
            assert_finite(part)
    elif is_dataclass(noun):
        for field in fields(noun):
            assert_finite(getattr(noun, field.name))


def spoilt(data: st.DataObject, seeds: list[dict[str, Any]]) -> dict[str, Any]:
    """A sample with up to three fields replaced by garbage or left out."""
    raw = dict(data.draw(st.sampled_from(seeds)))
    for field in data.draw(st.lists(st.sampled_from(sorted(raw)), min_size=1, max_size=3, unique=True)):
        junk = data.draw(JUNK)
        if junk == "absent":
            del raw[field]
        else:
            raw[field] = junk
    return raw


def files_of(folder: str) -> set[str]:
    """Names of the recorded payloads in a folder; skips the test where they are absent."""
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not at ../shared/venue_payloads")
    return {path.name for path in (PAYLOADS / folder).iterdir()}


def milliseconds(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, 8, tzinfo=UTC).timestamp() * 1000)


def okx_listing(name: str, value: str = "1", times: str = "1", settled: str = "") -> dict[str, str]:
    """An entry of public/instruments for a name; contracts are worth ``value`` x ``times``."""
    base, quoted, *rest = name.split("-")
    inverse = quoted == "USD"
    listing = {
        "instId": name, "instType": "SPOT", "baseCcy": "", "quoteCcy": "", "uly": f"{base}-{quoted}",
        "settleCcy": settled or (base if inverse else quoted), "ctVal": value, "ctMult": times,
        "ctValCcy": "USD" if inverse else base, "ctType": "inverse" if inverse else "linear",
        "expTime": "", "stk": "", "optType": "", "lotSz": "1", "minSz": "1", "tickSz": "0.1",
    }  # fmt: skip
    if not rest:
        return listing | {"baseCcy": base, "quoteCcy": quoted, "lotSz": "0.00000001", "uly": ""}
    if rest == ["SWAP"]:
        return listing | {"instType": "SWAP"}
    day = rest[0]
    listing["expTime"] = str(milliseconds(2000 + int(day[:2]), int(day[2:4]), int(day[4:])))
    if len(rest) == 1:
        return listing | {"instType": "FUTURES"}
    return listing | {
        "instType": "OPTION", "ctType": "", "ctValCcy": base, "stk": rest[1], "optType": rest[2],
        "tickSz": "0.0005",
    }  # fmt: skip


def okx_instrument(name: str, value: str = "1", times: str = "1") -> Instrument:
    return okx.instrument(okx_listing(name, value, times), name)


def bybit_listing(name: str, contract: str = "LinearPerpetual", base: str = "BTC") -> dict[str, Any]:
    """An entry of market/instruments-info: an option by its name, else a contract or spot ("")."""
    listing: dict[str, Any] = {
        "symbol": name, "status": "Trading", "baseCoin": base, "quoteCoin": "USDT", "settleCoin": "USDT",
        "priceFilter": {"tickSize": "0.5"},
        "lotSizeFilter": {"minOrderQty": "0.001", "qtyStep": "0.001"},
    }  # fmt: skip
    parts = name.split("-")
    if len(parts) >= 4:
        day = re.fullmatch(r"(\d+)([A-Z]{3})(\d\d)", parts[1])
        assert day is not None
        expiry = milliseconds(2000 + int(day[3]), MONTHS.index(day[2]) + 1, int(day[1]))
        return listing | {
            "baseCoin": parts[0], "quoteCoin": "USD", "settleCoin": "USDC", "deliveryTime": str(expiry),
            "optionsType": {"C": "Call", "P": "Put"}[parts[3]], "priceFilter": {"tickSize": "5"},
            "lotSizeFilter": {"minOrderQty": "0.01", "qtyStep": "0.01"},
        }  # fmt: skip
    if not contract:
        return listing | {"lotSizeFilter": {"basePrecision": "0.000001", "minOrderQty": "0.00004"}}
    listing |= {"contractType": contract, "deliveryTime": "0"}
    if contract.startswith("Inverse"):
        one = {"minOrderQty": "1", "qtyStep": "1"}
        listing |= {"quoteCoin": "USD", "settleCoin": base, "lotSizeFilter": one}
    if contract.endswith("Futures"):
        listing["deliveryTime"] = str(milliseconds(2026, 12, 25))
    return listing


def bybit_instrument(name: str, contract: str = "LinearPerpetual", base: str = "BTC") -> Instrument:
    return bybit.instrument(bybit_listing(name, contract, base), name)


def binance_filters(tick: str, step: str) -> list[dict[str, str]]:
    return [
        {"filterType": "PRICE_FILTER", "tickSize": tick},
        {"filterType": "LOT_SIZE", "stepSize": step, "minQty": step},
        {"filterType": "MARKET_LOT_SIZE", "stepSize": "0", "minQty": step},
    ]


def binance_option_listing(name: str, unit: object = 1) -> dict[str, Any]:
    """An entry of optionSymbols for a name like BTC-231229-40000-C."""
    base, day, strike, kind = name.split("-")
    return {
        "symbol": name, "side": {"C": "CALL", "P": "PUT"}[kind], "strikePrice": strike,
        "underlying": f"{base}USDT", "quoteAsset": "USDT", "unit": unit,
        "expiryDate": milliseconds(2000 + int(day[:2]), int(day[2:4]), int(day[4:])),
        "filters": binance_filters("0.1", "0.01"),
    }  # fmt: skip


def binance_option(name: str, unit: object = 1) -> Instrument:
    return binance.option_instrument(binance_option_listing(name, unit), name)


def binance_future_listing(name: str, base: str, size: int | None = None) -> dict[str, Any]:
    """An entry of exchangeInfo of futures: coin-margined where a contract size is given."""
    listing: dict[str, Any] = {
        "symbol": name, "pair": f"{base}USD", "contractType": "PERPETUAL", "deliveryDate": 4133404800000,
        "baseAsset": base, "quoteAsset": "USD" if size else "USDT", "marginAsset": base if size else "USDT",
        "filters": binance_filters("0.1", "1" if size else "0.001"),
    }  # fmt: skip
    return listing | ({"contractSize": size} if size else {})


def binance_future(name: str, base: str, size: int | None = None) -> Instrument:
    return binance.futures_instrument(binance_future_listing(name, base, size), name)


def order_for(of: Instrument, client_id: str = "a1B2c3", **changes: Any) -> Order:
    """A sale of three lots ten ticks up, with a fence of five seconds."""
    values: dict[str, Any] = {
        "client_id": client_id,
        "ticket_id": "T1",
        "leg": 0,
        "clip": 0,
        "account": "desk",
        "venue": of.venue,
        "instrument": of.name,
        "underlying": of.underlying,
        "side": Side.SELL,
        "amount": max(of.lot * 3, of.minimum),
        "limit_price": of.tick * 10,
        "reduce_only": False,
        "state": OrderState.NEW,
        "created_at": NOW,
        "fence_at": NOW + timedelta(seconds=5),
        "actor": "engine",
        "approver": "",
        "decision_price": Decimal(1),
    }
    return Order(**(values | changes))
