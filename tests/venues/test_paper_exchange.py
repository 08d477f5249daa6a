"""Session and streams against the real paper exchange: another process, real sockets."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hedging.errors import UnsafeKeyError, VenueRejected, VenueUnclear, VenueUnreachable
from hedging.model.instrument import Instrument
from hedging.model.trading import Order, OrderState
from hedging.model.view import VenueMode
from hedging.units import Rounding, Side, round_to_step
from hedging.venues.address import AccountAddress
from hedging.venues.limit_order import TimeInForce
from hedging.venues.session import AccountSession
from hedging.venues.stream import AccountStream, MarketStream, StreamEvents, StreamState
from hedging.venues.wire import Pacing

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.timeout(60)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Exchange:
    ready: dict[str, Any]

    def account(self, name: str, **changes: str) -> AccountAddress:
        known = next(one for one in self.ready["accounts"] if one["name"] == name) | changes
        rest, ws = self.ready["rest"], self.ready["ws"]
        return AccountAddress(name, "deribit", VenueMode.PAPER, known["key"], known["secret"], rest, ws)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hedging.paper", "--port", "0", "--seed", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    try:
        yield Exchange(json.loads(line))
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture(scope="module")
def session(exchange: Exchange) -> Iterator[AccountSession]:
    opened = AccountSession(exchange.account("trader"), utc_now, Pacing.UNPACED)
    opened.load()
    yield opened
    opened.close()


@pytest.fixture
def perp(session: AccountSession) -> Instrument:
    return session.instruments["BTC-PERPETUAL"]


async def until(condition: Callable[[], object], seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  # polls what another task writes
            await asyncio.sleep(0.01)


counter = iter(range(1, 10_000))


def marketable(session: AccountSession, order: Order, side: Side, **changes: Any) -> Order:
    """An order 0.5 % through the touch, with a label of its own."""
    quote = session.ticker("BTC-PERPETUAL")
    assert quote.bid is not None
    assert quote.ask is not None
    price = quote.ask * 1.005 if side is Side.BUY else quote.bid * 0.995
    fresh = replace(
        order,
        client_id=f"hm-test-{next(counter)}",
        side=side,
        reduce_only=False,
        limit_price=round_to_step(Decimal(str(price)), Decimal("0.5"), Rounding.DOWN),
        fence_at=utc_now() + timedelta(seconds=5),
    )
    return replace(fresh, **changes)


def held(session: AccountSession, name: str) -> Decimal:
    return next((one.amount for one in session.positions() if one.instrument.name == name), Decimal(0))


def test_every_listed_instrument_is_understood(session: AccountSession) -> None:
    assert session.refused == {}
    assert len(session.instruments) > 500
    assert session.settlement_currencies == ("BTC", "ETH", "USDC")


def test_the_clock_is_ours(session: AccountSession) -> None:
    assert abs(session.server_time_offset()) < 0.5


def test_keys(exchange: Exchange, session: AccountSession) -> None:
    assert session.check_key().can_trade
    viewer = AccountSession(exchange.account("viewer"), utc_now)
    assert not viewer.check_key().can_trade
    assert viewer.check_key().can_read_account
    treasurer = AccountSession(exchange.account("treasurer"), utc_now)
    with pytest.raises(UnsafeKeyError, match="wallet:read_write"):
        treasurer.check_key()
    wrong = AccountSession(exchange.account("trader", secret="wrong"), utc_now)
    with pytest.raises(VenueRejected, match="13004"):
        wrong.check_key()
    with pytest.raises(VenueUnreachable, match="13004"):
        wrong.positions()
    for opened in (viewer, treasurer, wrong):
        opened.close()


def test_a_key_that_may_only_read_is_rejected(
    exchange: Exchange, session: AccountSession, order: Order, perp: Instrument
) -> None:
    viewer = AccountSession(exchange.account("viewer"), utc_now)
    with pytest.raises(VenueRejected, match="13021"):
        viewer.submit(marketable(session, order, Side.SELL), perp)
    viewer.close()


def test_positions_and_balances_agree_with_the_library(session: AccountSession) -> None:
    ours = {one.instrument.symbol: float(one.amount) for one in session.positions()}
    assert len(ours) > 10
    for unified in session._client.fetch_positions():
        sign = 1 if unified["side"] == "long" else -1
        assert ours.pop(unified["symbol"]) == pytest.approx(sign * abs(unified["contracts"]))
    assert ours == {}
    unified = session._client.fetch_balance()
    for balance in session.balances():
        assert balance.equity == pytest.approx(unified[balance.currency]["total"], rel=1e-3)
        assert balance.available <= balance.equity


@pytest.mark.parametrize("name", ["BTC-PERPETUAL", "ETH_USDC-PERPETUAL", "an option"])
def test_a_ticker_agrees_with_the_library(session: AccountSession, name: str) -> None:
    if name == "an option":
        name = next(one.instrument.name for one in session.positions() if one.instrument.strike)
    quote = session.ticker(name)
    unified = session._client.fetch_ticker(session.instruments[name].symbol)
    assert quote.mark == pytest.approx(unified["markPrice"], rel=5e-3)
    assert quote.index == pytest.approx(unified["indexPrice"], rel=5e-3)
    assert (quote.iv is not None) == (session.instruments[name].strike is not None)


@pytest.mark.parametrize("side", [Side.SELL, Side.BUY])
def test_an_order_from_submit_to_position(
    session: AccountSession, order: Order, perp: Instrument, side: Side
) -> None:
    before, started = held(session, perp.name), utc_now() - timedelta(seconds=1)
    sent = marketable(session, order, side, amount=Decimal(1000))
    report, fills = session.submit(sent, perp)
    assert (report.state, report.filled, report.client_id) == (OrderState.FILLED, 1000, sent.client_id)
    assert sum(fill.amount for fill in fills) == 1000
    assert {fill.client_id for fill in fills} == {sent.client_id}
    assert session.find(sent) == report
    assert session.fills_of(report.venue_id) == fills
    assert set(fills) <= set(session.fills("BTC", started))
    assert held(session, perp.name) == before + int(side) * 1000


def test_a_label_the_exchange_never_saw(session: AccountSession, order: Order) -> None:
    assert session.find(replace(order, client_id="hm-never")) is None


def test_what_is_not_marketable_is_cancelled_at_once(
    session: AccountSession, order: Order, perp: Instrument
) -> None:
    far = marketable(session, order, Side.BUY)
    far = replace(far, limit_price=round_to_step(far.limit_price * Decimal("0.98"), perp.tick, Rounding.DOWN))
    report, fills = session.submit(far, perp)
    assert (report.state, report.filled, fills) == (OrderState.CANCELLED, 0, ())
    found = session.find(far)
    assert found is None or found.state is OrderState.CANCELLED


@pytest.mark.parametrize("by_id", [True, False], ids=["by id", "by label"])
def test_a_resting_order_is_found_and_cancelled(
    session: AccountSession, order: Order, perp: Instrument, by_id: bool
) -> None:
    resting = marketable(session, order, Side.BUY)
    resting = replace(
        resting, limit_price=round_to_step(resting.limit_price * Decimal("0.98"), perp.tick, Rounding.DOWN)
    )
    report, _ = session.submit(resting, perp, TimeInForce.GOOD_TIL_CANCELLED)
    assert report.state is OrderState.ACKED
    assert report.venue_id in {one.venue_id for one in session.open_orders()}
    cancelled = session.cancel(replace(resting, venue_id=report.venue_id if by_id else ""))
    assert cancelled is not None
    assert (cancelled.state, cancelled.filled) == (OrderState.CANCELLED, 0)
    assert report.venue_id not in {one.venue_id for one in session.open_orders()}
    again = session.cancel(replace(resting, venue_id=report.venue_id))
    assert again is not None
    assert again.state is OrderState.CANCELLED


def test_an_order_that_would_take_is_rejected_where_it_should_rest(
    session: AccountSession, order: Order, perp: Instrument
) -> None:
    with pytest.raises(VenueRejected, match="11054"):
        session.submit(marketable(session, order, Side.BUY), perp, TimeInForce.GOOD_TIL_CANCELLED)


def test_refusals_of_the_exchange_are_rejections(
    session: AccountSession, order: Order, perp: Instrument
) -> None:
    huge = marketable(session, order, Side.BUY, amount=Decimal(2_000_000_000))
    with pytest.raises(VenueRejected, match="10009"):
        session.submit(huge, perp)
    assert session.find(huge) is None


def test_beyond_its_fence_an_order_is_not_accepted_but_only_unclear(
    session: AccountSession, order: Order, perp: Instrument
) -> None:
    before = held(session, perp.name)
    late = marketable(session, order, Side.SELL, fence_at=utc_now() - timedelta(seconds=1))
    with pytest.raises(VenueUnclear, match="13888"):
        session.submit(late, perp)
    assert session.find(late) is None
    assert held(session, perp.name) == before


async def test_streams_tell_quotes_orders_trades_and_balances(
    exchange: Exchange, session: AccountSession, order: Order, perp: Instrument
) -> None:
    quotes: dict[str, Any] = {}
    reports: list[Any] = []
    fills: list[Any] = []
    balances: list[Any] = []
    indices: list[Any] = []
    problems: list[tuple[str, str]] = []
    events = StreamEvents(
        on_quote=lambda quote: quotes.__setitem__(quote.instrument, quote),
        on_report=reports.append,
        on_fill=fills.append,
        on_balance=balances.append,
        on_index=indices.append,
        on_problem=lambda what, why: problems.append((what, why)),
    )
    names = [name for name in session.instruments if name.startswith("BTC")][:300]
    market = MarketStream(exchange.account("trader"), utc_now, events)
    market.add(names, ["btc_usd"])
    account = AccountStream(exchange.account("trader"), utc_now, events)
    market.start()
    account.start()
    try:
        await until(lambda: account.state is StreamState.LIVE and len(quotes) == len(names) and indices)
        sent = marketable(session, order, Side.SELL, amount=Decimal(500))
        report, traded = await session.run(session.submit, sent, perp)
        await until(lambda: set(traded) <= set(fills) and balances)
        await until(lambda: any(one.state is OrderState.FILLED for one in reports))
    finally:
        await market.stop()
        await account.stop()
    assert problems == []
    assert sum(one.amount for one in fills if one.client_id == sent.client_id) == 500
    assert reports[-1].venue_id == report.venue_id
    quote = quotes["BTC-PERPETUAL"]
    assert quote.mark == pytest.approx(session.ticker("BTC-PERPETUAL").mark, rel=0.01)
    options = [name for name in names if session.instruments[name].strike]
    assert all(quotes[name].iv and quotes[name].forward for name in options)
