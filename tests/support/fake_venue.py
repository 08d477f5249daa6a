"""A venue in memory and a desk on it: every answer can be scripted, time is real and can be shifted."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import nouns

from hedging.engine.blotter import Blotter
from hedging.engine.commands import Clerk
from hedging.engine.desk_state import DeskState, Sessions
from hedging.engine.executor import execute
from hedging.engine.latches import Latches
from hedging.engine.live_book import LiveBook
from hedging.errors import VenueError
from hedging.ledger import Ledger
from hedging.model.rules import ExecutionRules
from hedging.model.snapshot import Gap
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Command,
    Fill,
    Order,
    OrderReport,
    OrderState,
    Role,
    TicketState,
)
from hedging.venues.reading_session import Funds
from hedging.workflow import ticket as tickets

AUTO = "auto, armed by tess"


class ShiftedClock:
    """Real time from a fixed day on, plus what a test adds."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.shift = 0.0

    def __call__(self) -> datetime:
        return nouns.NOW + timedelta(seconds=time.monotonic() - self._began + self.shift)


@dataclass
class FakeVenue:
    """Stands in for both sessions of an account. Lists of failures are used up call by call."""

    clock: ShiftedClock
    venue: str = "deribit"
    position: Decimal = Decimal(1_000_000)
    fill_share: Decimal = Decimal(1)
    tells_trades: bool = True
    submit_failures: list[Exception] = field(default_factory=list)
    find_failures: list[Exception] = field(default_factory=list)
    position_failures: list[Exception] = field(default_factory=list)
    sent: list[Order] = field(default_factory=list)
    orders: dict[str, OrderReport] = field(default_factory=dict)
    trades: list[Fill] = field(default_factory=list)
    cancels: list[str] = field(default_factory=list)
    gaps: tuple[Gap, ...] = ()
    settlement_currencies: tuple[str, ...] = ("BTC",)

    async def run(self, function, *arguments):
        await asyncio.sleep(0)
        return function(*arguments)

    def submit(self, order, instrument):
        """Fill the agreed share at once; then fail, where a failure is due, as after the acceptance."""
        self.sent.append(order)
        failure = self.submit_failures.pop(0) if self.submit_failures else None
        if isinstance(failure, NotAccepted):
            raise failure.error
        report, fills = self._trade(order)
        if failure is not None:
            raise failure
        return report, fills if self.tells_trades else ()

    def _trade(self, order):
        filled = (order.amount * self.fill_share) // 10 * 10
        self.position += filled * order.side
        fills = ()
        if filled:
            fills = (
                Fill(
                    venue="deribit", account="main", trade_id=f"t{len(self.trades)}", venue_order_id="v",
                    client_id=order.client_id, instrument=order.instrument, side=order.side, amount=filled,
                    price=order.limit_price, fee=Decimal(0), fee_currency="BTC", at=self.clock(),
                ),
            )  # fmt: skip
        self.trades += fills
        report = OrderReport(
            venue_id=f"v-{order.client_id}",
            client_id=order.client_id,
            instrument=order.instrument,
            state=OrderState.FILLED if filled == order.amount else OrderState.CANCELLED,
            amount=order.amount,
            filled=filled,
            average_price=order.limit_price if filled else None,
            at=self.clock(),
        )
        self.orders[order.client_id] = report
        return report, fills

    def find(self, order):
        if self.find_failures:
            raise self.find_failures.pop(0)
        return self.orders.get(order.client_id)

    def open_orders(self):
        if self.find_failures:
            raise self.find_failures.pop(0)
        return tuple(report for report in self.orders.values() if report.state is OrderState.ACKED)

    def fills_of(self, venue_order_id):
        return tuple(fill for fill in self.trades if f"v-{fill.client_id}" == venue_order_id)

    def fills(self, currency, since):
        return tuple(fill for fill in self.trades if fill.at >= since)

    def cancel(self, order):
        self.cancels.append(order.client_id)
        return self.orders.get(order.client_id)

    def positions(self):
        if self.position_failures:
            raise self.position_failures.pop(0)
        return (nouns.position(nouns.perpetual(), self.position, received_at=self.clock()),)

    def funds(self):
        return Funds((nouns.balance(received_at=self.clock()),))

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class NotAccepted(VenueError):
    """Tells ``submit`` to raise ``error`` before the order is accepted."""

    error: Exception


@dataclass
class FakeDesk:
    """A desk with 10 BTC too much, its venue, and the ledger both write to."""

    desk: DeskState
    venue: FakeVenue
    ledger: Ledger
    clock: ShiftedClock

    def price(self, at=None) -> None:
        """A fresh price of the hedge."""
        now = at or self.clock()
        self.desk.book.take_quote(
            nouns.quote(nouns.perpetual(), venue_at=now, received_at=now, touch_received_at=now)
        )

    def pass_time(self, seconds: float) -> None:
        """Let time pass for an engine that went on holding its lease."""
        self.clock.shift += seconds
        self.desk.blotter.renew_lease()

    async def prices(self) -> None:
        """Fresh prices and balances, until cancelled."""
        while True:
            self.price()
            self.desk.book.take_balances("main", (nouns.balance(received_at=self.clock()),), self.clock())
            await asyncio.sleep(0.05)

    def approved(self, amount=510_000, decided_by="tess (trader)", **changes):
        """A ticket in the ledger, approved and not begun."""
        quantity = Decimal(amount) / 100_000
        whole = nouns.ticket(
            created_at=self.clock(),
            expires_at=self.clock() + timedelta(seconds=60),
            legs=(nouns.leg(amount=Decimal(amount), quantity_coin=quantity),),
            state=TicketState.APPROVED,
            version=2,
            decided_by=decided_by,
            **changes,
        )
        self.desk.blotter.put_ticket(replace(whole, state=TicketState.PROPOSED, version=1, decided_by=""))
        self.desk.blotter.put_ticket(whole)
        return whole

    def begun(self, **changes):
        """A ticket whose approval was used in the same commit, as automatic mode does it."""
        started = tickets.start(self.approved(**changes), self.clock())
        self.desk.blotter.put_ticket(started)
        return started


def fake_desk(folder: Path, **execution) -> FakeDesk:
    """Everything fresh, active, automatic mode off."""
    clock = ShiftedClock()
    ledger = Ledger.open(folder)
    lease = ledger.acquire_lease("demo", "engine test", clock(), timedelta(seconds=15))
    plain = {"clip_pause_seconds": 0.0, "clip_usd": 100_000.0, **execution}
    rules = nouns.rules(execution=ExecutionRules(**plain))
    book = LiveBook(["main"], ["deribit:BTC-PERPETUAL"], rules.ages)
    book.instruments = {nouns.perpetual().key: nouns.perpetual()}
    book.clock_offset = 0.0
    venue = FakeVenue(clock)
    desk = DeskState(
        rules=rules,
        book=book,
        blotter=Blotter(ledger, lease, clock),
        latches=Latches(folder),
        sessions={"main": Sessions(orders=venue, reads=venue)},
        now=clock,
        wake=lambda: None,
    )
    found = FakeDesk(desk, venue, ledger, clock)
    found.price()
    book.take_balances("main", (nouns.balance(received_at=clock()),), clock())
    book.take_positions("main", venue.positions(), clock())
    return found


def arm(fake, **caps):
    auto = AutoSetting(
        mode=AutoMode.ARMED,
        set_by="tess",
        set_at=fake.clock(),
        until=fake.clock() + timedelta(minutes=5),
        **{"max_orders": 30, "max_turnover_usd": 1e7, **caps},
    )
    fake.desk.blotter.put_status(replace(fake.desk.blotter.status, auto=auto), "armed")


def ended(fake, ticket):
    return fake.ledger.ticket(ticket.id)


async def during(fake, ticket, count):
    """Execute until ``count`` orders were sent; the task goes on."""
    task = asyncio.create_task(execute(fake.desk, ticket))
    while len(fake.venue.sent) < count and not task.done():  # noqa: ASYNC110  # a thread sends
        await asyncio.sleep(0.005)
    return task


def asked(fake, kind, user="tess", role=Role.TRADER, **more):
    clerk = Clerk(fake.desk, lambda _: None)
    command = Command(key=f"{kind}-{user}-{time.monotonic_ns()}", user=user, role=role, kind=kind,
                      **{"at": fake.clock(), **more})  # fmt: skip
    fake.ledger.append_command(command)
    clerk.handle(command)
    return fake.ledger.command(command.key)
