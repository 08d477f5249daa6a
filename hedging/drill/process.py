"""One engine as a process: it steps the core, carries effects out in order, and may freeze or die."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from hedging.core import events as happened
from hedging.core.account import Account
from hedging.core.effects import (
    Cancel,
    Commit,
    Decided,
    Effect,
    KeepAlive,
    Latch,
    LookUp,
    Query,
    Submit,
    Unlatch,
)
from hedging.core.events import Event
from hedging.core.starting import restored
from hedging.core.state import State
from hedging.core.step import due, step
from hedging.drill.store import SimLease
from hedging.drill.times import MILLISECOND, SECOND, at, micros_of
from hedging.errors import LeaseLost, LedgerError
from hedging.model.trading import Order, TradingState

if TYPE_CHECKING:
    from hedging.drill.world import World

STANDBY_SECONDS = 1
IDLE = timedelta(seconds=3)
RENEWAL_SECONDS = 5
RESTART = (500 * MILLISECOND, 2 * SECOND)


class Process:
    """An engine that runs, waits for the lease, is frozen, or is down until it is started again."""

    def __init__(self, name: str, world: "World") -> None:
        self.name = name
        self.world = world
        self.state: State | None = None
        self.lease: SimLease | None = None
        self.life = 0
        self.started_at = 0
        self.started_by_clock = 0
        self.ready_at: int | None = None
        self.frozen_until = 0
        self.freeze_at_wire: tuple[int, bool] | None = None
        self.flag = ""
        self._last = 0
        self._wake = -1
        self._file_seen = ""

    @property
    def now(self) -> int:
        """Its own clock, which never goes back while it lives."""
        self._last = max(self._last, self.world.now + self.world.clock_skew)
        return self._last

    def start(self) -> None:
        """Try to become the holder of the lease; wait for it where another one is."""
        self._last = 0
        self.lease = self.world.store.acquire(self.name, self.now)
        if self.lease is None:
            self.world.after(STANDBY_SECONDS * SECOND, partial(self._start_again, self.life))
            return
        world = self.world
        self.flag, self._file_seen = "", ""
        self.started_at, self.ready_at = world.now, None
        self.started_by_clock = self.now
        world.trace(self.name, f"holds the lease, token {self.lease.token}")
        accounts = [
            Account(name=n, venue=world.profile.name, trades=n == "main") for n in world.plan.accounts
        ]
        self.state = restored(
            world.setup, accounts, world.store.stored(world.setup.instruments), at(self.lease.until)
        )
        self.deliver(self.life, happened.Started())
        if self.state is not None:
            self._renew(self.life)
            world.wake()

    def deliver(self, life: int, event: Event) -> None:
        """Take an event in, unless it was for an earlier life; a frozen process gets it when it wakes."""
        if life != self.life or self.state is None:
            return
        if self.world.now < self.frozen_until:
            self.world.at(self.frozen_until, partial(self.deliver, life, event))
            return
        self._step(event)

    def poll(self) -> None:
        """Look at the kill file and at the people's wishes."""
        if self.state is None or self.world.now < self.frozen_until:
            return
        life, file = self.life, self.world.kill_file
        if file != self._file_seen:
            self._file_seen = file
            self._step(happened.Latched((file,) if file else ()))
        for command in self.world.store.pending():
            if life == self.life and self.state is not None:
                self._step(happened.Asked(command))

    def die(self, why: str) -> None:
        """End at once, and be started again a little later."""
        if self.state is None:
            return
        self.world.trace(self.name, f"dies: {why}")
        self.state, self.lease = None, None
        self.life += 1
        self.freeze_at_wire = None
        self.frozen_until = 0
        self.world.watch.died(self)
        self.world.extend(self.world.now)
        self.world.after(self.world.rng.randrange(*RESTART), partial(self._start_again, self.life))

    def freeze(self, until: int) -> None:
        """Stand still, as after SIGSTOP."""
        self.frozen_until = max(self.frozen_until, until)
        self.world.extend(self.frozen_until)
        self.world.trace(self.name, f"frozen for {(until - self.world.now) / SECOND:.1f} s")

    def _start_again(self, life: int) -> None:
        if life == self.life and self.state is None:
            self.start()

    def _renew(self, life: int) -> None:
        if life != self.life or self.lease is None:
            return
        if self.world.now < self.frozen_until:
            self.world.at(self.frozen_until, partial(self._renew, life))
            return
        try:
            self.lease = self.world.store.renew(self.lease, self.now)
        except LedgerError as error:
            self.die(str(error))
            return
        self._step(happened.LeaseHeld(at(self.lease.until)))
        self.world.after(RENEWAL_SECONDS * SECOND, partial(self._renew, life))

    def _step(self, event: Event) -> None:
        world, before = self.world, self.state
        if before is None:
            return
        world.trace_event(self.name, event)
        after, effects = step(before, event, at(self.now))
        world.steps += 1
        rest = iter(effects)
        if effects and isinstance(effects[0], Commit):
            next(rest)
            if not self._commit(effects[0], before):
                return
        self.state = after
        world.watch.stepped(self)
        self._carry_out(rest)
        if self.state is not None:
            self._wake_when_due()

    def _commit(self, commit: Commit, before: State) -> bool:
        """Make it durable; False where the process ended over it."""
        world = self.world
        if self.lease is None or world.boundary(self, "before a commit"):
            return False
        rows = world.store.rows
        try:
            self.lease = world.store.carry_out(self.lease, commit, self.now)
        except (LeaseLost, LedgerError) as error:
            world.watch.failed(self)
            self.die(str(error))
            return False
        world.trace_commit(self.name, commit)
        world.watch.committed(self, commit, rows, before)
        return not world.boundary(self, "after a commit")

    def _carry_out(self, effects: Iterator[Effect]) -> None:
        for effect in effects:
            if self.state is None:
                return
            if isinstance(effect, Submit):
                if self._frozen_before(effect, effects):
                    return
                self._submit(effect)
            elif isinstance(effect, Decided):
                self.world.trace_decision(self.name, effect.decision)
            elif isinstance(effect, Latch):
                self.flag = effect.why
                self.world.watch.latched(self)
            elif isinstance(effect, Unlatch):
                self.flag = ""
                self.world.unlatch(self)
                self._file_seen = ""
            elif isinstance(effect, Cancel | LookUp | Query | KeepAlive):
                self.world.wire.request(self, effect)

    def _frozen_before(self, effect: Submit, rest: Iterator[Effect]) -> bool:
        """Freeze at this very place, before the last look or after it, where a fault wants that."""
        if self.freeze_at_wire is None:
            return False
        seconds_frozen, looked = self.freeze_at_wire
        self.freeze_at_wire = None
        if looked and self._held_back(effect):
            return False
        self.freeze(self.world.now + seconds_frozen)
        self.world.hits |= {each.name for each in self.world.active if each.name == "lease_lost_sending"}
        resume = partial(self._thaw, self.life, (effect, looked), rest)
        self.world.at(self.frozen_until, resume)
        return True

    def _thaw(self, life: int, what: tuple[Submit, bool], rest: Iterator[Effect]) -> None:
        if life != self.life or self.state is None:
            return
        effect, looked = what
        if looked:
            self.world.watch.thawed.add(effect.order.client_id)
            self._send(effect.order)
        else:
            self._submit(effect)
        self._carry_out(rest)
        if self.state is not None:
            self._wake_when_due()

    def _submit(self, effect: Submit) -> None:
        why = self._held_back(effect)
        if why:
            event = happened.NotSent(effect.order.client_id, why)
            self.world.after(MILLISECOND, partial(self.deliver, self.life, event))
        else:
            self._send(effect.order)

    def _send(self, order: Order) -> None:
        if self.world.boundary(self, "before the wire"):
            return
        self.world.wire.submit(self, order)
        self.world.boundary(self, "after the wire")

    def _held_back(self, effect: Submit) -> str:
        """The last look before the wire: the three latches, the time, the fence and the lease."""
        now, world = self.now, self.world
        halted = world.store.rows.status.state is TradingState.HALTED
        checks = (
            (bool(self.flag), f"killed: {self.flag}"),
            (bool(world.kill_file), f"kill file: {world.kill_file}"),
            (halted, "the ledger says halted"),
            (at(now) > effect.not_after, "it waited too long for its turn"),
            (at(now) >= effect.order.fence_at, "its time fence has passed"),
            (self.lease is None or now >= self.lease.until, "the lease has run out"),
        )
        return next((why for wrong, why in checks if wrong), "")

    def _wake_when_due(self) -> None:
        state = self.state
        if state is None:
            return
        if self.ready_at is None and state.ready:
            self.ready_at = self.world.now
        now = self.now
        wanted = self.world.now + max(micros_of(self._next(state, at(now))) - now, MILLISECOND)
        if self._wake <= self.world.now or wanted < self._wake:
            self._wake = wanted
            self.world.at(wanted, partial(self._ticked, self.life, wanted))

    def _next(self, state: State, now: datetime) -> datetime:
        """When to step though nothing happens: as the core wants it, later where there is nothing to do."""
        if state.runs or state.searches or state.tickets or state.releases or not state.ready:
            return due(state, now)
        return max(now, min((*state.due.values(), now + IDLE)))

    def _ticked(self, life: int, wanted: int) -> None:
        if wanted == self._wake or self._wake <= self.world.now:
            self._wake = -1
            self.deliver(life, happened.Ticked())
