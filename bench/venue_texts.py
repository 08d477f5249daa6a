"""What four venues list, and their price updates as bytes, each as that venue sends it.

Every instrument is of BTC and every figure hangs on one number, the step of the index on a grid of prices, so
that all venues agree. Deribit, OKX and Bybit list inverse or linear options and a perpetual; Binance lists
mostly options, for which it states no forward, and a few futures.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec
import numpy as np
from numpy.typing import NDArray

from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.pricing import black76
from hedging.units import years_between

INDEX = 100_000.0
STEP = 0.001  # of the index, between two neighbours of the grid
STEPS = 21
DAYS = (6, 12, 33, 61, 124)
STRIKES = 50
STAMP = 1_111_111_111_111  # stands in texts where the time of an update goes
PLACE = b"%d"

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Listed:
    """One instrument with its figures at each step; ``texts`` are its parts at each step, ``%d`` the time."""

    instrument: Instrument
    delta: Array  # Black's, in coin per coin of it
    texts: tuple[tuple[bytes, ...], ...]


def index_at(step: int) -> float:
    """The index in USD at a step of the grid."""
    return round(INDEX * (1 + STEP * (step - STEPS // 2)), 2)


def listing(venue: str, count: int, now: datetime) -> list[Listed]:
    """``count`` instruments of one venue, its futures first."""
    futures = _futures(venue, now)
    places = [(days, place, kind) for place in _from_the_middle() for days in DAYS for kind in OptionKind]
    chosen = [_option(venue, now, *place) for place in places[: max(0, count - len(futures))]]
    return [_listed(each, now) for each in (*futures, *chosen)]


def _from_the_middle() -> list[int]:
    return sorted(range(STRIKES), key=lambda place: abs(place - STRIKES // 2))


def _futures(venue: str, now: datetime) -> list[Instrument]:
    inverse = venue in ("deribit", "okx", "bybit")
    name = {"deribit": "BTC-PERPETUAL", "okx": "BTC-USD-SWAP", "bybit": "BTCUSD", "binance": "BTCUSDT"}[venue]
    perpetual = Instrument(
        venue=venue,
        name=name,
        symbol="",
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        underlying="BTC",
        settlement_currency="BTC" if inverse else "USDT",
        amount_unit=AmountUnit.USD if inverse else AmountUnit.COIN,
        lot=Decimal(10) if inverse else Decimal("0.001"),
        minimum=Decimal(10) if inverse else Decimal("0.001"),
        tick=Decimal("0.5"),
        index="btc_usd",
    )
    if venue != "binance":
        return [perpetual]
    expiries = [now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=d) for d in DAYS[2:]]
    dated = (
        replace(perpetual, name=f"BTCUSDT_{expiry:%y%m%d}", kind=Kind.FUTURE, expiry=expiry)
        for expiry in expiries
    )
    return [perpetual, *dated]


def _option(venue: str, now: datetime, days: int, place: int, kind: OptionKind) -> Instrument:
    expiry = now.replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=days)
    strike = float(round(INDEX * np.exp(0.05 * (place - STRIKES / 2) * (days / 365) ** 0.5), -2))
    strike += place  # two places never share a strike
    letter, day = kind.name[0], f"{expiry:%d%b%y}".upper()
    name = {
        "deribit": f"BTC-{day}-{strike:.0f}-{letter}",
        "okx": f"BTC-USD-{expiry:%y%m%d}-{strike:.0f}-{letter}",
        "bybit": f"BTC-{day}-{strike:.0f}-{letter}-USDT",
        "binance": f"BTC-{expiry:%y%m%d}-{strike:.0f}-{letter}",
    }[venue]
    inverse = venue in ("deribit", "okx")
    return Instrument(
        venue=venue,
        name=name,
        symbol="",
        kind=Kind.OPTION,
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        underlying="BTC",
        settlement_currency="BTC" if inverse else "USDT",
        amount_unit=AmountUnit.COIN,
        lot=Decimal("0.1"),
        minimum=Decimal("0.1"),
        tick=Decimal("0.0001"),
        multiplier=Decimal("0.01") if venue == "okx" else Decimal(1),
        expiry=expiry,
        strike=strike,
        option_kind=kind,
    )


def _listed(instrument: Instrument, now: datetime) -> Listed:
    prices = np.array([index_at(step) for step in range(STEPS)])
    if instrument.option_kind is None or instrument.strike is None or instrument.expiry is None:
        texts = tuple(_texts(instrument, {"index": float(p), "mark": float(p)}) for p in prices)
        return Listed(instrument, np.ones(STEPS), texts)
    years = years_between(now, instrument.expiry)
    forwards = np.round(prices * (1 + 0.05 * years), 2)
    vol = round(0.5 + 0.1 * float(np.log(instrument.strike / INDEX) ** 2), 4)
    greeks = black76.core_greeks(int(instrument.option_kind), forwards, instrument.strike, years, vol)
    inverse = instrument.settlement is Settlement.INVERSE
    marks = np.maximum(greeks.price / forwards if inverse else greeks.price, 1e-4)
    texts = tuple(
        _texts(
            instrument,
            {
                "index": float(prices[step]),
                "mark": round(float(marks[step]), 6),
                "forward": float(forwards[step]),
                "iv": vol,
                "delta": round(float(greeks.delta[step]), 5),
                "gamma": float(greeks.gamma[step]),
                "vega": float(greeks.vega[step]) / 100,
                "theta": float(greeks.theta[step]) / 365,
            },
        )
        for step in range(STEPS)
    )
    return Listed(instrument, np.asarray(greeks.delta), texts)


def _texts(instrument: Instrument, of: dict[str, float]) -> tuple[bytes, ...]:
    parts = {"deribit": _deribit, "okx": _okx, "bybit": _bybit, "binance": _binance}[instrument.venue]
    texts = (msgspec.json.encode(part) for part in parts(instrument, of))
    return tuple(text.replace(b'"%d"' % STAMP, b'"%d"').replace(b"%d" % STAMP, PLACE) for text in texts)


def _sides(instrument: Instrument, of: dict[str, float]) -> tuple[float, float]:
    half = 0.5 if instrument.kind is not Kind.OPTION else of["mark"] * 0.01
    return round(of["mark"] - half, 6), round(of["mark"] + half, 6)


def _deribit(instrument: Instrument, of: dict[str, float]) -> list[object]:
    bid, ask = _sides(instrument, of)
    option = instrument.kind is Kind.OPTION
    data = {
        "timestamp": STAMP,
        "state": "open",
        "stats": {"high": ask, "low": bid, "price_change": 1.2, "volume": 12.1, "volume_usd": 1e6},
        "index_price": of["index"],
        "instrument_name": instrument.name,
        "last_price": of["mark"],
        "settlement_price": of["mark"],
        "min_price": bid,
        "max_price": ask,
        "open_interest": 100.1,
        "mark_price": of["mark"],
        "best_bid_price": bid,
        "best_bid_amount": 25.0 if option else 5e7,
        "best_ask_price": ask,
        "best_ask_amount": 25.0 if option else 5e7,
        "estimated_delivery_price": of["index"],
    }
    if option:
        greeks = {each: of[each] for each in ("delta", "gamma", "vega", "theta")}
        data |= {
            "greeks": greeks,
            "mark_iv": round(100 * of["iv"], 2),
            "bid_iv": round(100 * of["iv"] - 1, 2),
            "ask_iv": round(100 * of["iv"] + 1, 2),
            "underlying_price": of["forward"],
            "underlying_index": instrument.name[:-8],
            "interest_rate": 0.0,
        }
    params = {"channel": f"ticker.{instrument.name}.100ms", "data": data}
    return [{"jsonrpc": "2.0", "method": "subscription", "params": params}]


def _okx(instrument: Instrument, of: dict[str, float]) -> list[object]:
    """Touch, mark and option summary come by three channels, in turn; the index by one of its own."""
    bid, ask = _sides(instrument, of)
    name, kind = instrument.name, "OPTION" if instrument.kind is Kind.OPTION else "SWAP"
    base = {"instType": kind, "instId": name, "ts": str(STAMP)}

    def push(channel: str, data: dict[str, str]) -> object:
        return {"arg": {"channel": channel, "instId": name}, "data": [{**base, **data}]}

    touch = {"last": str(of["mark"]), "bidPx": str(bid), "bidSz": "120", "askPx": str(ask), "askSz": "80"}
    parts = [push("tickers", touch), push("mark-price", {"markPx": str(of["mark"])})]
    if kind == "OPTION":
        greeks = {each: str(of[each]) for each in ("delta", "gamma", "vega", "theta")}
        black = {f"{each}BS": value for each, value in greeks.items()}
        of_vol = {"fwdPx": str(of["forward"]), "markVol": str(of["iv"]), "uly": "BTC-USD"}
        parts.append(push("opt-summary", {**greeks, **black, **of_vol}))
    parts.append(push("index-tickers", {"idxPx": str(of["index"])}))
    return parts


def _bybit(instrument: Instrument, of: dict[str, float]) -> list[object]:
    bid, ask = _sides(instrument, of)
    option = instrument.kind is Kind.OPTION
    names = (
        ("bidPrice", "bidSize", "askPrice", "askSize")
        if option
        else ("bid1Price", "bid1Size", "ask1Price", "ask1Size")
    )
    data = {
        "symbol": instrument.name,
        **dict(zip(names, (str(bid), "2.5", str(ask), "3.5"), strict=True)),
        "markPrice": str(of["mark"]),
        "indexPrice": str(of["index"]),
        "lastPrice": str(of["mark"]),
        "openInterest": "120.5",
        "turnover24h": "1200.5",
        "volume24h": "12.5",
    }
    if option:
        data |= {"underlyingPrice": str(of["forward"]), "markPriceIv": str(of["iv"])}
        data |= {each: str(of[each]) for each in ("delta", "gamma", "vega", "theta")}
    return [{"topic": f"tickers.{instrument.name}", "ts": STAMP, "type": "snapshot", "data": data}]


def _binance(instrument: Instrument, of: dict[str, float]) -> list[object]:
    """Of futures the touch and the mark come by two streams, in turn; of options by one."""
    bid, ask = _sides(instrument, of)
    name = instrument.name
    if instrument.kind is Kind.OPTION:
        letters = dict(zip("dgvt", ("delta", "gamma", "vega", "theta"), strict=True))
        data: dict[str, object] = {"s": name, "e": "markPrice", "E": STAMP, "mp": str(of["mark"])}
        data |= {"i": str(of["index"]), "bo": str(bid), "bq": "3.0", "ao": str(ask), "aq": "2.0"}
        data |= {"vo": str(of["iv"]), **{letter: str(of[each]) for letter, each in letters.items()}}
        return [{"stream": f"{name}@optionMarkPrice", "data": data}]
    touch = {"e": "bookTicker", "s": name, "b": str(bid), "B": "12", "a": str(ask), "A": "9", "E": STAMP}
    mark = {"e": "markPriceUpdate", "s": name, "p": str(of["mark"]), "i": str(of["index"]), "E": STAMP}
    return [{"stream": f"{name}@bookTicker", "data": touch}, {"stream": f"{name}@markPrice", "data": mark}]
