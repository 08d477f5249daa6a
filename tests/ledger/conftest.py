"""Samples of the nouns, and a ledger in a fresh folder with its lease taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from hedging.ledger import Lease, Ledger
from hedging.model.trading import (
    Command,
    CommandKind,
    Fill,
    Leg,
    Order,
    OrderState,
    Role,
    Ticket,
    TicketState,
)
from hedging.units import Side

NOW = datetime(2026, 11, 22, 12, 0, 0, 123457, tzinfo=UTC)


@dataclass(frozen=True)
class Samples:
    """Hand-built nouns; ``n`` makes them differ."""

    now: datetime = NOW
    ttl: timedelta = timedelta(seconds=30)

    def ticket(self, n: int = 1, **changes: object) -> Ticket:
        leg = Leg(
            account="main",
            instrument="BTC-PERPETUAL",
            side=Side.SELL,
            amount=Decimal("961710"),
            amount_unit="usd",
            quantity_coin=Decimal("9.30"),
            worst_price=Decimal("103410.0"),
            reference_price=Decimal("1.0345E+5"),
            reduce_only=False,
        )
        ticket = Ticket(
            id=f"t{n}",
            version=1,
            underlying="BTC",
            state=TicketState.PROPOSED,
            created_at=NOW + timedelta(seconds=n),
            expires_at=NOW + timedelta(minutes=5),
            legs=(leg,),
            delta_before=14.2,
            delta_after=0.1 + 0.2,
            band_lower=-5.0,
            band_upper=5.0,
            target=4.9,
            index=103_450.5,
            cost_usd=84.0,
            numeraire="keep my dollars",
            sentence="BTC delta is +14.2, band ±5",
            reason='"quoted", <b>marked</b> and a\nline',
            inputs_hash="ab" * 32,
            content_hash=f"{n:064d}",
        )
        return replace(ticket, **changes)

    def order(self, n: int = 1, **changes: object) -> Order:
        order = Order(
            client_id=f"hm-{n}",
            ticket_id="t1",
            leg=0,
            clip=n,
            account="main",
            venue="deribit",
            instrument=f"BTC-{n}",
            underlying="BTC",
            side=Side.SELL,
            amount=Decimal("500"),
            limit_price=Decimal("103410.50"),
            reduce_only=True,
            state=OrderState.NEW,
            created_at=NOW + timedelta(seconds=n),
            fence_at=NOW + timedelta(seconds=20),
            actor="engine",
            approver="bob",
            decision_price=Decimal("103455.1"),
            not_found_at=(NOW, NOW + timedelta(seconds=2)),
        )
        return replace(order, **changes)

    def fill(self, n: int = 1, **changes: object) -> Fill:
        fill = Fill(
            venue="deribit",
            account="main",
            trade_id=f"BTC-{n}",
            venue_order_id="77",
            client_id="hm-1",
            instrument="BTC-PERPETUAL",
            side=Side.SELL,
            amount=Decimal("100"),
            price=Decimal("103411.0"),
            fee=Decimal("-0.00000012"),
            fee_currency="BTC",
            at=NOW + timedelta(seconds=n),
        )
        return replace(fill, **changes)

    def command(self, n: int = 1, **changes: object) -> Command:
        command = Command(
            key=f"k{n}",
            at=NOW,
            user="bob",
            role=Role.TRADER,
            kind=CommandKind.APPROVE,
            ref="t1",
            ref_version=1,
        )
        return replace(command, **changes)


@pytest.fixture
def sample() -> Samples:
    return Samples()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger.open(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def lease(ledger: Ledger, sample: Samples) -> Lease:
    return ledger.acquire_lease("desk", "engine-1", sample.now, sample.ttl)
