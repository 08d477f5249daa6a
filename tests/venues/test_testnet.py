"""Reads on Deribit's testnet with a key of your own, in HEDGING_TESTNET_KEY and _SECRET. Sends no order."""

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.session import AccountSession
from hedging.venues.stream import AccountStream, MarketStream, StreamEvents, StreamState

KEY, SECRET = os.environ.get("HEDGING_TESTNET_KEY"), os.environ.get("HEDGING_TESTNET_SECRET")
pytestmark = [
    pytest.mark.venue,
    pytest.mark.skipif(not (KEY and SECRET), reason="HEDGING_TESTNET_KEY and _SECRET are not set"),
]


@pytest.fixture(scope="module")
def session() -> Iterator[AccountSession]:
    address = AccountAddress("testnet", "deribit", VenueMode.TESTNET, KEY or "", SECRET or "")
    opened = AccountSession(address, lambda: datetime.now(UTC), timeout_seconds=15.0)
    opened.load()
    yield opened
    opened.close()


def test_reads(session: AccountSession) -> None:
    assert "BTC-PERPETUAL" in session.instruments
    assert session.check_key().can_read_account
    assert abs(session.server_time_offset()) < 5
    assert session.ticker("BTC-PERPETUAL").mark
    assert session.balances()
    for read in (session.positions, session.open_orders):
        assert isinstance(read(), tuple)
    assert isinstance(session.fills("BTC", datetime.now(UTC)), tuple)


async def test_streams(session: AccountSession) -> None:
    heard = asyncio.Event()
    events = StreamEvents(on_quote=lambda _: heard.set())
    market = MarketStream(session.address, lambda: datetime.now(UTC), events)
    market.add(["BTC-PERPETUAL"], ["btc_usd"])
    account = AccountStream(session.address, lambda: datetime.now(UTC), StreamEvents())
    market.start()
    account.start()
    try:
        async with asyncio.timeout(30):
            await heard.wait()
            while account.state is not StreamState.LIVE:  # noqa: ASYNC110  # no event for a state
                await asyncio.sleep(0.1)
    finally:
        await market.stop()
        await account.stop()
