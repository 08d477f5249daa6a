"""Unmodified ccxt, asynchronous and pro, against the paper exchange."""

import asyncio

import ccxt.async_support
import ccxt.pro
import pytest

PERPETUAL = "BTC/USD:BTC"
WAIT_SECONDS = 8


@pytest.fixture
async def rest(shared_paper):
    client = ccxt.async_support.deribit(shared_paper.config())
    await client.load_markets()
    yield client
    await client.close()


@pytest.fixture
async def stream(shared_paper):
    client = ccxt.pro.deribit(shared_paper.config())
    await client.load_markets()
    yield client
    await client.close()


async def soon(awaitable):
    return await asyncio.wait_for(awaitable, WAIT_SECONDS)


async def test_async_client_reads_and_trades(rest):
    ticker, balance, positions = await asyncio.gather(
        rest.fetch_ticker(PERPETUAL), rest.fetch_balance(), rest.fetch_positions()
    )
    assert ticker["bid"] < ticker["ask"]
    assert balance["BTC"]["total"] > 0
    assert positions
    order = await rest.create_order(PERPETUAL, "market", "buy", 10, None, {"label": "async"})
    assert order["status"] == "closed"
    with pytest.raises(ccxt.InsufficientFunds):
        await rest.create_order(PERPETUAL, "limit", "buy", 900_000_000, ticker["bid"])


async def test_public_channels(stream):
    option = next(symbol for symbol, market in stream.markets.items() if market["option"])
    ticker = await soon(stream.watch_ticker(PERPETUAL))
    assert ticker["bid"] < ticker["ask"]
    assert (await soon(stream.watch_ticker(option)))["info"]["greeks"]["delta"]
    assert (await soon(stream.watch_ticker(PERPETUAL, {"interval": "raw"})))["markPrice"] > 0
    quotes = await soon(stream.watch_bids_asks([PERPETUAL]))
    assert quotes[PERPETUAL]["bid"] > 0
    for _ in range(5):
        book = await soon(stream.watch_order_book(PERPETUAL))
        assert book["bids"][0][0] < book["asks"][0][0]


async def test_private_channels_and_the_tape(stream):
    waiting = [
        asyncio.create_task(soon(call))
        for call in (stream.watch_orders(), stream.watch_my_trades(), stream.watch_trades(PERPETUAL))
    ]
    balance = await soon(stream.watch_balance())
    assert balance["info"]["equity"] is not None
    await asyncio.sleep(0.3)
    placed = await stream.create_order(PERPETUAL, "market", "sell", 20, None, {"label": "streamed"})
    orders, mine, tape = await asyncio.gather(*waiting)
    assert "streamed" in [order["info"]["label"] for order in orders]
    assert [trade["order"] for trade in mine] == [placed["id"]] * len(mine)
    assert tape
