"""Faults of market data by REST and on the stream: prices, books, Greeks, volatilities."""

import asyncio
import json
import math

import aiohttp
import pytest
from paper_wire import BTC

CHANNELS = {"ticker": f"ticker.{BTC}.100ms", "quote": f"quote.{BTC}", "book": f"book.{BTC}.100ms"}


def streamed(wire, channels, prepare=lambda: None, accept=lambda data: True):
    """The first acceptable message of each channel after ``prepare``; numbers as Python reads them."""

    async def listen():
        found = {}
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(wire.paper.ws, max_msg_size=0) as ws,
        ):
            await asyncio.to_thread(prepare)
            key = wire.paper.key("trader")
            calls = [
                ("public/auth", wire.credentials | {"client_id": key.key}),
                ("private/subscribe", {"channels": list(channels)}),
            ]
            for number, (method, params) in enumerate(calls):
                await ws.send_json({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
            while len(found) < len(channels):
                frame = json.loads((await asyncio.wait_for(ws.receive(), 8)).data)
                channel = frame.get("params", {}).get("channel")
                if channel and channel not in found and accept(frame["params"]["data"]):
                    found[channel] = frame["params"]["data"]
        return found

    return asyncio.run(listen())


def numbers(wire):
    """Every price of the BTC perpetual that market data tells, by where it stands."""
    ticker = wire.ticker()
    book = wire.ask("public/get_order_book", instrument_name=BTC, depth=3)
    rows = wire.ask("public/get_book_summary_by_currency", currency="BTC", kind="future")
    row = next(item for item in rows if item["instrument_name"] == BTC)
    stream = streamed(wire, CHANNELS.values())
    return {
        "bid": ticker["best_bid_price"],
        "mark": ticker["mark_price"],
        "index": ticker["index_price"],
        "book": book["asks"][0][0],
        "summary": row["ask_price"],
        "get_index": wire.ask("public/get_index_price", index_name="btc_usd")["index_price"],
        "ticker channel": stream[CHANNELS["ticker"]]["best_ask_price"],
        "quote channel": stream[CHANNELS["quote"]]["best_bid_price"],
        "book channel": stream[CHANNELS["book"]]["bids"][0][-2],
    }


def truth(wire):
    return wire.paper.server.exchange.mark(BTC).mark_price


def every_price(wire, fault, says, **parameters):
    """Every number is as ``says``; the other coin's with ``underlying``, and everything once off, is true."""
    wire.control.set_fault(fault, **parameters)
    found = numbers(wire)
    assert [where for where, price in found.items() if not says(price)] == [], found
    assert wire.order("sell", f"{fault} trades")["order"]["average_price"] == pytest.approx(
        truth(wire), rel=0.02
    )
    wire.control.set_fault(fault, underlying="ETH", **parameters)
    assert wire.ticker()["best_bid_price"] == pytest.approx(truth(wire), rel=0.02)
    wire.control.clear_faults()
    found = numbers(wire)
    assert list(found.values()) == pytest.approx([truth(wire)] * len(found), rel=0.02)


def near(wire, factor):
    return lambda price: price == pytest.approx(factor * truth(wire), rel=0.02)


def test_price_times_thousand(wire):
    every_price(wire, "price_times_thousand", near(wire, 1000))


def test_price_nan(wire):
    every_price(wire, "price_nan", math.isnan)


def test_price_zero(wire):
    every_price(wire, "price_zero", lambda price: price == 0)


def test_price_negative(wire):
    every_price(wire, "price_negative", near(wire, -1))


def test_price_off_tick(wire):
    every_price(wire, "price_off_tick", lambda price: price % 0.5 and abs(price / truth(wire) - 1) < 0.02)


def test_price_as_text(wire):
    every_price(wire, "price_as_text", lambda price: price == "n/a")
    wire.control.set_fault("price_as_text", text="number", what="mark")
    told = wire.ticker()
    assert float(told["mark_price"]) == pytest.approx(truth(wire), rel=0.02)
    assert isinstance(told["mark_price"], str)
    assert isinstance(told["best_bid_price"], float)


def touches(wire):
    """Best bid and ask by each road, None for a side where nobody is."""
    ticker = wire.ticker()
    book = wire.ask("public/get_order_book", instrument_name=BTC, depth=3)
    stream = streamed(wire, CHANNELS.values())
    quote, snapshot = stream[CHANNELS["quote"]], stream[CHANNELS["book"]]
    first = [
        (ticker["best_bid_price"], ticker["best_ask_price"]),
        (quote["best_bid_price"], quote["best_ask_price"]),
        (book["best_bid_price"], book["best_ask_price"]),
        (levels(book["bids"], max), levels(book["asks"], min)),
        (levels(snapshot["bids"], max), levels(snapshot["asks"], min)),
    ]
    return [(bid or None, ask or None) for bid, ask in first]


def levels(rows, best):
    return best((row[-2] for row in rows), default=None)


def every_touch(wire, fault, says, **parameters):
    wire.control.set_fault(fault, **parameters)
    found = touches(wire)
    assert all(says(bid, ask) for bid, ask in found), found
    assert wire.order("sell", f"{fault} trades")["order"]["order_state"] == "filled"
    wire.control.clear_faults()
    assert all(bid and ask and bid < ask for bid, ask in touches(wire))


def test_crossed_book(wire):
    every_touch(wire, "crossed_book", lambda bid, ask: bid > ask > 0)


def test_empty_book(wire):
    every_touch(wire, "empty_book", lambda bid, ask: bid is None and ask is None)


@pytest.mark.parametrize("missing", ["bids", "asks"])
def test_one_sided_book(wire, missing):
    gone, there = (0, 1) if missing == "bids" else (1, 0)
    every_touch(wire, "one_sided_book", lambda *sides: sides[gone] is None and sides[there], missing=missing)


def test_a_book_channel_shows_the_fault_and_its_end(wire):
    """Whoever is subscribed all the while is told of both as changes of the book he has."""
    before = streamed(
        wire,
        [CHANNELS["book"]],
        lambda: None,
        lambda data: data["type"] == "change" or not wire.control.set_fault("empty_book"),
    )[CHANNELS["book"]]
    assert {row[0] for row in before["bids"]} == {"delete"}


GREEKS = ("delta", "gamma", "vega", "theta")


def stated(wire):
    """Greeks of an option by each road: ticker, ticker channel, position, summary."""
    name = wire.option()
    channel = f"ticker.{name}.100ms"
    position = wire.ask("private/get_position", instrument_name=name)
    summary = wire.ask("private/get_account_summary", currency="BTC")
    rows = {
        "ticker": wire.ticker(name)["greeks"],
        "channel": streamed(wire, [channel])[channel]["greeks"],
        "position": position,
        "summary": {greek: summary[f"options_{greek}"] for greek in GREEKS},
    }
    return {(where, greek): row[greek] for where, row in rows.items() for greek in GREEKS}


def times(wire, fault, multiplier, **parameters):
    honest = stated(wire)
    wire.control.set_fault(fault, **parameters)
    wrong = stated(wire)
    for place, value in honest.items():
        if abs(value) > 1e-3:
            assert wrong[place] == pytest.approx(multiplier * value, rel=0.2), place
    wire.control.clear_faults()
    again = stated(wire)
    assert all(again[place] * value > 0 for place, value in honest.items() if abs(value) > 1e-3)


def test_greeks_sign(wire):
    times(wire, "greeks_sign", -1)
    wire.control.set_fault("greeks_sign", greek="delta", where="account")
    name = wire.option()
    ticker, row = wire.ticker(name)["greeks"], wire.ask("private/get_position", instrument_name=name)
    assert ticker["delta"] * row["delta"] * row["size"] < 0
    assert ticker["vega"] * row["vega"] * row["size"] > 0


def test_greeks_unit(wire):
    times(wire, "greeks_unit", 100, factor=100.0)


@pytest.mark.parametrize("level", [0.0, 500.0])
def test_extreme_iv(wire, level):
    name = wire.option()
    wire.control.set_fault("extreme_iv", level=level)
    channel = f"ticker.{name}.100ms"
    told = [wire.ticker(name), streamed(wire, [channel])[channel]]
    assert {row[key] for row in told for key in ("mark_iv", "bid_iv", "ask_iv")} == {level}
    rows = wire.ask("public/get_book_summary_by_currency", currency="BTC", kind="option")
    assert {row["mark_iv"] for row in rows} == {level}
    wire.control.clear_faults()
    assert 20 < wire.ticker(name)["mark_iv"] < 200
