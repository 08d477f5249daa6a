"""Samples of the nouns, and a ledger with its lease taken, once on SQLite and once on PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from temporary_postgres import NoPostgres, temporary_postgres

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


@dataclass(frozen=True)
class Place:
    """Where a test's ledger lies: ``address`` opens it again, from another process too."""

    database: str
    address: str

    def open(self) -> Ledger:
        return Ledger.open_url(self.address) if "://" in self.address else Ledger.open(Path(self.address))

    @contextmanager
    def raw(self) -> Iterator[Connection]:
        """A connection past the program: no turn, and no guard but those of the tables."""
        path = Path(self.address) / "ledger.sqlite"
        engine = create_engine(self.address if "://" in self.address else f"sqlite:///{path}")
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    @contextmanager
    def tampering(self) -> Iterator[Connection]:
        """The same for somebody who owns the database: no guard at all."""
        with self.raw() as connection:
            drop_guards(connection)
            yield connection


def drop_guards(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        connection.execute(text("SET session_replication_role = replica"))
        return
    for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
        connection.execute(text(f"DROP TRIGGER {name}"))


class Postgres:
    """The session's server: a migrated database is copied for each test."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._count = 0
        self._execute("CREATE DATABASE migrated")
        Ledger.open_url(self.of("migrated")).close()

    def of(self, name: str) -> str:
        return self._url.replace("/postgres?", f"/{name}?")

    def fresh(self, template: str = "migrated") -> str:
        self._count += 1
        name = f"test_{self._count}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.of(name)

    def forget(self, url: str) -> None:
        self._execute(f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        engine = create_engine(self._url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with ExitStack() as stack:
        try:
            url = stack.enter_context(temporary_postgres())
        except (NoPostgres, ModuleNotFoundError) as error:
            if os.environ.get("HEDGING_REQUIRE_POSTGRES") == "1":
                pytest.fail(f"PostgreSQL is required here: {error}")
            pytest.skip(f"no PostgreSQL: {error}")
        yield Postgres(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A fresh ledger's place, once on each database."""
    if request.param == "sqlite":
        yield Place("sqlite", str(tmp_path / "state"))
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.fresh()
    yield Place("postgresql", url)
    server.forget(url)


@pytest.fixture
def ledger(place: Place) -> Iterator[Ledger]:
    opened = place.open()
    yield opened
    opened.close()


@pytest.fixture
def lease(ledger: Ledger, sample: Samples) -> Lease:
    return ledger.acquire_lease("desk", "engine-1", sample.now, sample.ttl)
