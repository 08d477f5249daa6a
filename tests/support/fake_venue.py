"""A venue in memory and a desk on it: every answer can be scripted, time is real and can be shifted."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import nouns

from hedging.core import events as happened
from hedging.core import execution
from hedging.core.account import Account
from hedging.core.effects import Change, Commit, PutStatus, PutTicket
from hedging.core.inputs import InputsEncoder
from hedging.core.starting import restored
from hedging.core.state import Setup
from hedging.core.turn import Turn
from hedging.engine.desk_state import DeskState, Surroundings, desk_of
from hedging.engine.latches import Latches
from hedging.engine.loop import Loop, Parts
from hedging.engine.publisher import DecisionRuns
from hedging.engine.recording import Recorder
from hedging.engine.venue_calls import Places, Sessions
from hedging.errors import VenueError
from hedging.ledger import Ledger
from hedging.model.rules import AutoRules, ExecutionRules
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
    Ticket,
)
from hedging.model.venue_profile import DERIBIT
from hedging.venues.limit_order import TimeInForce
from hedging.venues.reading_session import Funds
from hedging.workflow import ticket as tickets
from hedging.workflow.ticket import OPEN

AUTO = "auto, armed by tess"


def fresh_quote(now: datetime):
    return nouns.quote(nouns.perpetual(), venue_at=now, received_at=now, touch_received_at=now)


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

    @property
    def profile(self):
        return DERIBIT

    def submit(self, order, instrument, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL):
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

    def fills_of(self, venue_order_id, instrument=""):
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

    def server_time_offset(self):
        return 0.0

    def tickers(self, names):
        return tuple(fresh_quote(self.clock()) for name in names if name == nouns.perpetual().name)

    def ticker_groups(self, names):
        return [[name] for name in names]

    def close(self) -> None:
        """Nothing is open."""


@dataclass(frozen=True)
class NotAccepted(VenueError):
    """Tells ``submit`` to raise ``error`` before the order is accepted."""

    error: Exception


class NobodyWatches:
    """Stands in for the publisher."""

    def __init__(self) -> None:
        self.runs = DecisionRuns()

    def glance(self, whole, *, ready, status):
        return status

    def show(self, glance, whole):
        return glance


@dataclass
class FakeDesk:
    """The real engine's loop on a venue in memory, with 10 BTC too much, and the ledger it writes to."""

    desk: DeskState
    venue: FakeVenue
    ledger: Ledger
    clock: ShiftedClock
    loop: Loop
    feeding: bool = True
    tasks: list[asyncio.Task] = field(default_factory=list)

    @property
    def state(self):
        return self.desk.state

    @property
    def settled(self) -> bool:
        return self.state.accounts["main"].settled

    @property
    def held(self) -> Decimal | None:
        """What the engine believes to hold of the hedge."""
        return self.state.accounts["main"].amount("BTC-PERPETUAL")

    async def start(self) -> None:
        """Run until everything was read, and what was left behind is proved."""
        self.begin_to_run()
        await self.until(lambda: self.state.ready and self.state.whole, "ready")

    def begin_to_run(self) -> None:
        self.price()
        self.tasks = [asyncio.create_task(self.loop.run()), asyncio.create_task(self.prices())]

    async def stop(self) -> None:
        """End it; what ended it before comes out here."""
        running, feeding = self.tasks
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        try:
            await running
        except asyncio.CancelledError:
            return

    async def ended(self) -> BaseException:
        """What ends the engine by itself."""
        running, feeding = self.tasks
        try:
            async with asyncio.timeout(10):
                await running
        except BaseExceptionGroup as group:
            feeding.cancel()
            self.tasks = []
            return group
        raise AssertionError("it did not end")

    async def until(self, found, what="it", seconds=10.0):
        """Wait until ``found()``; the engine must not end meanwhile."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            if self.tasks and self.tasks[0].done():
                self.tasks[0].result()
            await asyncio.sleep(0.002)
        raise AssertionError(f"not within {seconds} s: {what}")

    def price(self) -> None:
        """A fresh price of the hedge."""
        self.desk.take_quote(fresh_quote(self.clock()))

    def pass_time(self, seconds: float) -> None:
        """Let time pass for an engine that went on holding its lease, and read everything again."""
        self.clock.shift += seconds
        self.price()
        self.desk.recorder.renew_lease()
        self.desk.driver.happen(happened.LeaseHeld(self.desk.recorder.lease.expires_at))

    async def prices(self) -> None:
        """Fresh prices, until cancelled."""
        while True:
            if self.feeding:
                self.price()
            await asyncio.sleep(0.05)

    def begun(self, amount=510_000, decided_by="tess (trader)", leg=None, **changes) -> Ticket:
        """A ticket of this amount whose approval is used in the same instant, and carried out from now on."""
        now, driver = self.clock(), self.desk.driver
        proposed = nouns.ticket(
            created_at=now,
            expires_at=now + timedelta(seconds=60),
            legs=(nouns.leg(amount=Decimal(amount), quantity_coin=Decimal(amount) / 100_000, **(leg or {})),),
            **changes,
        )
        approved = tickets.approve(proposed, decided_by, (proposed.version, proposed.content_hash), now)
        started = tickets.start(approved, now)
        waiting = self.state.tickets.get("BTC")
        over = (PutTicket(tickets.supersede(waiting, "a test")),) if waiting else ()
        self.put(*over, PutTicket(proposed), PutTicket(approved), PutTicket(started))
        turn = Turn(replace(self.state, tickets={"BTC": started}), driver.now())
        execution.begin(turn, started)
        driver.state = turn.state
        driver.happen(happened.Ticked())
        return started

    async def over(self, ticket, seconds=20.0) -> Ticket:
        """The ticket once it has ended."""

        def found():
            stored = self.ledger.ticket(ticket.id)
            return stored if stored.state not in OPEN else None

        return await self.until(found, f"the end of {ticket.id}", seconds)

    async def sent(self, count, ticket=None):
        """Until so many orders were sent, or the ticket ended."""
        await self.until(
            lambda: (
                len(self.venue.sent) >= count or (ticket and self.ledger.ticket(ticket.id).state not in OPEN)
            ),
            f"{count} orders",
        )

    def put(self, *changes: Change) -> None:
        """Store something behind the core's back."""
        self.desk.recorder.carry_out(Commit(changes))

    def put_status(self, status, why="a test") -> None:
        self.put(PutStatus(status, why, "test"))
        self.desk.driver.state = replace(self.state, status=status)

    def arm(self, **caps) -> None:
        auto = AutoSetting(
            mode=AutoMode.ARMED,
            set_by="tess",
            set_at=self.clock(),
            until=self.clock() + timedelta(minutes=5),
            **{"max_orders": 30, "max_turnover_usd": 1e7, **caps},
        )
        self.put_status(replace(self.state.status, auto=auto), "armed")

    def append(self, kind, user="tess", role=Role.TRADER, **more) -> Command:
        """A person's wish in the ledger, which the loop will find."""
        command = Command(key=f"{kind}-{user}-{time.monotonic_ns()}", user=user, role=role, kind=kind,
                          **{"at": self.clock(), **more})  # fmt: skip
        self.ledger.append_command(command)
        return command

    def asked(self, kind, user="tess", role=Role.TRADER, **more) -> Command:
        """The same, taken at once, and its answer."""
        command = self.append(kind, user, role, **more)
        self.loop._take(command)
        return self.ledger.command(command.key)


def fake_desk(folder: Path, left: Sequence[Change] = (), readers=None, **execution_rules) -> FakeDesk:
    """Everything fresh, active, automatic mode off; ``left``: what an earlier run stored."""
    clock = ShiftedClock()
    ledger = Ledger.open(folder)
    lease = ledger.acquire_lease("demo", "engine test", clock(), timedelta(seconds=15))
    recorder = Recorder(ledger, lease, clock)
    if left:
        recorder.carry_out(Commit(tuple(left)))
    plain = {"clip_pause_seconds": 0.0, "clip_usd": 100_000.0, "venue_lag_seconds": 1.0, **execution_rules}
    rules = nouns.rules(execution=ExecutionRules(**plain), auto=AutoRules(shadow_minutes=0.0))
    venue = FakeVenue(clock)
    hedge = nouns.perpetual()
    places = Places({"main": Sessions(orders=venue, reads=venue)}, readers or {}, {hedge.key: hedge})
    setup = Setup(
        rules=rules,
        instruments={hedge.key: hedge},
        profiles={"deribit": DERIBIT},
        encode=InputsEncoder().encode,
    )
    accounts = [
        Account(name=name, venue=places.reads(name).venue, trades=name == "main") for name in places.names
    ]
    state = restored(setup, accounts, recorder.stored(places.instruments), lease.expires_at)
    woken = asyncio.Event()
    desk = desk_of(state, places, recorder, Surroundings(clock, Latches(folder), woken.set))
    return FakeDesk(desk, venue, ledger, clock, Loop(Parts(desk, NobodyWatches(), ()), woken))
