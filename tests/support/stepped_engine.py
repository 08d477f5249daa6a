"""The real driver, guard, latches and recorder, one transition at a time, on a clock of its own.

What the event loop and the venue's worker thread would do, a schedule does here: each request begins,
waits for its turn on the wire, is carried out, and its answer comes back, and between any two of these a
test may set a latch. No time passes but the schedule's.
"""

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import nouns
from fake_venue import FakeVenue, NobodyWatches, fresh_quote

from hedging.core import events as happened
from hedging.core.account import Account
from hedging.core.effects import Change, Commit, Submit
from hedging.core.inputs import InputsEncoder
from hedging.core.starting import restored
from hedging.core.state import Setup
from hedging.core.step import due
from hedging.engine.desk_state import Surroundings, desk_of
from hedging.engine.latches import Latches
from hedging.engine.loop import Loop, Parts
from hedging.engine.recording import Recorder
from hedging.engine.venue_calls import Places, Sessions
from hedging.errors import VenueUnclear
from hedging.ledger import Ledger
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Command, CommandKind, Fill, Order, OrderReport, OrderState, Role
from hedging.model.venue_profile import DERIBIT

LOOK_SECONDS = 0.5
POLL_SECONDS = 0.5  # the loop's is 0.05; whoever sets a latch calls for the next one within that


class Moment(StrEnum):
    """Where a schedule is between two transitions."""

    STEP = "before a step"
    COMMITTED = "committed, its request not begun"
    QUEUED = "waiting for the worker"
    PAST_THE_GUARD = "between the guard and the wire"
    WIRE = "on the wire"
    RETURNING = "its answer not yet told"


class Clock:
    """Goes only when told to."""

    def __init__(self, at: datetime = nouns.NOW) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def pass_(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Answer(StrEnum):
    """What the venue does with an order."""

    FILLS = "fills"
    RESTS = "rests"
    RESTS_UNANSWERED = "rests, and its answer is lost"


class _Turn:
    """Awaited where a request waits for the schedule."""

    def __await__(self):
        yield self


class SteppedVenue(FakeVenue):
    """Begins, works and answers when the schedule says; foreign orders rest in it for ever."""

    def __init__(self, clock: Clock, reached: Callable[[Moment], None]) -> None:
        super().__init__(clock)
        self.answers: deque[Answer] = deque()
        self.begun: list[datetime] = []
        self.cancelled_at: list[datetime] = []
        self.wire_seconds = 0.02
        self._reached = reached
        foreign = _resting(nouns.order(client_id="by hand"), clock())
        self.orders["by hand"] = foreign

    async def run(self, function, *arguments):
        await _Turn()
        failure, answer = None, None
        try:
            answer = function(*arguments)
        except Exception as error:  # noqa: BLE001  told once it is the answer's turn
            failure = error
        await _Turn()
        if failure is not None:
            raise failure
        return answer

    def submit(self, order, instrument, time_in_force=None):
        self._reached(Moment.PAST_THE_GUARD)
        self.begun.append(self.clock())
        self.clock.pass_(self.wire_seconds)
        self._reached(Moment.WIRE)
        wanted = self.answers.popleft() if self.answers else Answer.FILLS
        if wanted is Answer.FILLS:
            return super().submit(order, instrument)
        self.sent.append(order)
        self.orders[order.client_id] = _resting(order, self.clock())
        if wanted is Answer.RESTS_UNANSWERED:
            raise VenueUnclear("cut")
        return self.orders[order.client_id], ()

    def cancel(self, order):
        self.cancelled_at.append(self.clock())
        self.cancels.append(order.client_id)
        self.clock.pass_(self.wire_seconds)
        known = self.orders.get(order.client_id)
        if known is not None and known.state is OrderState.ACKED:
            self.orders[order.client_id] = _with(known, OrderState.CANCELLED)
        return self.orders.get(order.client_id)

    def working(self) -> frozenset[str]:
        """Client ids of what rests, foreign orders too."""
        return frozenset(name for name, each in self.orders.items() if each.state is OrderState.ACKED)


def _resting(order: Order, at: datetime) -> OrderReport:
    return OrderReport(
        venue_id=f"v-{order.client_id}", client_id=order.client_id, instrument=order.instrument,
        state=OrderState.ACKED, amount=order.amount, filled=Decimal(0), average_price=None, at=at,
    )  # fmt: skip


def _with(report: OrderReport, state: OrderState) -> OrderReport:
    return OrderReport(
        venue_id=report.venue_id, client_id=report.client_id, instrument=report.instrument, state=state,
        amount=report.amount, filled=report.filled, average_price=report.average_price, at=report.at,
    )  # fmt: skip


@dataclass
class _Task:
    coroutine: object
    begun: bool = False
    worked: bool = False


class SteppedEngine:
    """One engine in ``folder``; ``at_moment`` is called on an order's way and before steps."""

    def __init__(self, folder: Path, seed: int, left: Sequence[Change] = (), at=nouns.NOW) -> None:
        self.folder = folder
        self.clock = Clock(at)
        self.random = random.Random(seed)
        self.at_moment: Callable[[Moment], None] = lambda _: None
        self.ledger = Ledger.open(folder)
        lease = self.ledger.acquire_lease("demo", "stepped", self.clock(), timedelta(days=1))
        self.recorder = Recorder(self.ledger, lease, self.clock)
        if left:
            self.recorder.carry_out(Commit(tuple(left)))
        self.venue = SteppedVenue(self.clock, self._reached)
        self.latches = Latches(folder)
        self.desk = self._desk(lease.expires_at)
        self.driver = self.desk.driver
        self.driver.group = self  # it creates tasks
        self.loop = Loop(Parts(self.desk, NobodyWatches(), ()), _Bell())
        self._tasks: deque[_Task] = deque()
        self._look_at = self._poll_at = self.clock()
        self._commands = 0

    def _desk(self, lease_until):
        hedge = nouns.perpetual()
        rules = nouns.rules(
            execution=ExecutionRules(
                clip_pause_seconds=0.05, clip_usd=100_000.0, venue_lag_seconds=1.0, daily_orders=1_000_000
            )
        )
        setup = Setup(
            rules=rules,
            instruments={hedge.key: hedge},
            profiles={"deribit": DERIBIT},
            encode=InputsEncoder().encode,
        )
        places = Places({"main": Sessions(orders=self.venue, reads=self.venue)}, {}, {hedge.key: hedge})
        accounts = [Account(name="main", venue="deribit", trades=True)]
        state = restored(setup, accounts, self.recorder.stored(places.instruments), lease_until)
        return desk_of(state, places, self.recorder, Surroundings(self.clock, self.latches, lambda: None))

    def _reached(self, moment: Moment) -> None:
        self.at_moment(moment)

    @property
    def state(self):
        return self.driver.state

    def create_task(self, coroutine) -> None:
        """What the task group of the loop would do: begin it at its next turn."""
        self._tasks.append(_Task(coroutine))

    def start(self) -> None:
        self.desk.take_quote(fresh_quote(self.clock()))
        self.driver.happen(happened.Started())
        self.until(lambda: self.state.ready and self.state.whole is not None)

    def close(self) -> None:
        for task in self._tasks:
            task.coroutine.close()
        self.ledger.close()

    def until(self, found: Callable[[], object], seconds: float = 30.0) -> None:
        end = self.clock() + timedelta(seconds=seconds)
        while not found():
            assert self.clock() < end, "not in time"
            self.transition()

    def run_for(self, seconds: float) -> None:
        end = self.clock() + timedelta(seconds=seconds)
        while self.clock() < end:
            self.transition()

    def transition(self) -> None:
        """The next thing that happens: a request goes on by one stage, or time passes to what is due."""
        if self._tasks and self.random.random() < 0.85:
            self._go_on(self._tasks.popleft())
            self.clock.pass_(self.random.uniform(0.0, 0.004))
        elif self.clock() >= self._poll_at:
            self._poll_at = self.clock() + timedelta(seconds=POLL_SECONDS)
            self.people()
        elif self.clock() >= self._look_at:
            self._look_at = self.clock() + timedelta(seconds=LOOK_SECONDS)
            self.at_moment(Moment.STEP)
            self.desk.take_quote(fresh_quote(self.clock()))
            self.desk.look()
        else:
            self._wait()

    def _wait(self) -> None:
        now = self.clock()
        if self._tasks:
            self.clock.pass_(0.002)
            return
        next_at = min(due(self.state, now), self._poll_at, self._look_at)
        self.clock.pass_(max(0.001, (next_at - now).total_seconds()))
        if self.clock() >= due(self.state, now):
            self.at_moment(Moment.STEP)
            self.driver.happen(happened.Ticked())

    def _go_on(self, task: _Task) -> None:
        moment = Moment.RETURNING if task.worked else Moment.QUEUED if task.begun else Moment.COMMITTED
        if isinstance(task.coroutine.cr_frame.f_locals["request"], Submit):
            self.at_moment(moment)
        try:
            task.coroutine.send(None)
        except StopIteration:
            return
        task.begun, task.worked = True, task.begun and not task.worked
        self._tasks.append(task)

    def poll_soon(self) -> None:
        """The loop looks after people's wishes every 50 ms: the next time is at some instant within them."""
        self._poll_at = self.clock() + timedelta(seconds=self.random.uniform(0.0, 0.05))

    def people(self) -> None:
        """Files, wishes and commands, as the loop takes them."""
        poll = self.loop._ask_what_people_want()
        try:
            poll.send(None)
        except StopIteration:
            return
        raise AssertionError("it waits for something")

    def append(self, kind: CommandKind, user: str, role: Role) -> Command:
        self._commands += 1
        command = Command(
            key=f"{kind}-{self.clock():%H%M%S%f}-{self._commands}", at=self.clock(), user=user, role=role,
            kind=kind, reason="a test",
        )  # fmt: skip
        return self.ledger.append_command(command)

    def resume(self) -> None:
        """By two people."""
        for user, role in (("ann", Role.TRADER), ("rita", Role.RISK)):
            command = self.append(CommandKind.RESUME, user, role)
            self.people()
            assert self.ledger.command(command.key).state.value == "done", self.ledger.command(command.key)

    def fill(self, fill: Fill) -> None:
        self.driver.happen(happened.FillsArrived((fill,)))


class _Bell:
    """Stands in for the event that wakes the loop; looks come by schedule."""

    def set(self) -> None:
        """Nobody sleeps."""
