"""Recorded payloads of the exchange, and the nouns that its tests share."""

import json
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from cut_venue import Cut, Script

from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement, TickStep
from hedging.model.trading import Order, OrderState
from hedging.model.view import VenueMode
from hedging.units import Side
from hedging.venues.address import AccountAddress

PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "venue_payloads"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY, SECRET = "planted-key-9Q", "planted-secret-7Z"


@pytest.fixture
def recorded_text() -> Callable[[str], str]:
    if not PAYLOADS.is_dir():
        pytest.skip("the recorded payloads are not at ../shared/venue_payloads")
    return lambda name: (PAYLOADS / name).read_text()


@pytest.fixture
def recorded(recorded_text: Callable[[str], str]) -> Callable[[str], Any]:
    return lambda name: json.loads(recorded_text(name))


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def perpetual() -> Instrument:
    return Instrument(
        venue="deribit",
        name="BTC-PERPETUAL",
        symbol="BTC/USD:BTC",
        kind=Kind.PERPETUAL,
        settlement=Settlement.INVERSE,
        underlying="BTC",
        settlement_currency="BTC",
        amount_unit=AmountUnit.USD,
        lot=Decimal(10),
        minimum=Decimal(10),
        tick=Decimal("0.5"),
        tick_steps=(TickStep(Decimal(200_000), Decimal(1)),),
        index="btc_usd",
    )


@pytest.fixture
def order() -> Order:
    return Order(
        client_id="hm-abc-1-1",
        ticket_id="t1",
        leg=1,
        clip=1,
        account="desk",
        venue="deribit",
        instrument="BTC-PERPETUAL",
        underlying="BTC",
        side=Side.SELL,
        amount=Decimal(100),
        limit_price=Decimal("90000.5"),
        reduce_only=True,
        state=OrderState.NEW,
        created_at=NOW,
        fence_at=NOW + timedelta(seconds=2, milliseconds=345),
        actor="trader",
        approver="risk",
        decision_price=Decimal(90000),
    )


def raw_order(**changes: object) -> dict[str, Any]:
    order: dict[str, Any] = {
        "order_id": "BTC-1",
        "order_state": "filled",
        "order_type": "limit",
        "label": "hm-abc-1-1",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "sell",
        "amount": 100.0,
        "filled_amount": 100.0,
        "average_price": 90001.25,
        "price": 90000.5,
        "creation_timestamp": 1795348800000,
        "last_update_timestamp": 1795348800123,
    }
    return order | changes


def raw_trade(**changes: object) -> dict[str, Any]:
    trade: dict[str, Any] = {
        "trade_id": "T-1",
        "order_id": "BTC-1",
        "label": "hm-abc-1-1",
        "instrument_name": "BTC-PERPETUAL",
        "direction": "sell",
        "amount": 100.0,
        "price": 90001.25,
        "fee": 5.5e-07,
        "fee_currency": "BTC",
        "timestamp": 1795348800123,
    }
    return trade | changes


@pytest.fixture
def script() -> Iterator[Script]:
    venue = Script()
    yield venue
    venue.close()


@pytest.fixture
def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def paper_address(rest: str, ws: str = "ws://127.0.0.1:9/none") -> AccountAddress:
    return AccountAddress("desk", "deribit", VenueMode.PAPER, KEY, SECRET, rest, ws)


@pytest.fixture(scope="session")
def kit() -> Any:
    """What tests share that is no fixture: importlib mode has no package to import it from."""

    class Kit:
        Cut = Cut
        KEY = KEY
        SECRET = SECRET
        raw_order = staticmethod(raw_order)
        raw_trade = staticmethod(raw_trade)
        paper_address = staticmethod(paper_address)

    return Kit
