"""Looks on, gathers the facts of each simulated event, and asks the invariants."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from hedging.core.effects import Commit
from hedging.core.state import State
from hedging.drill.facts import Assessed, Ended, Sent, Stored, Taken, Traded
from hedging.drill.invariants import checks
from hedging.drill.process import Process
from hedging.drill.store import Rows
from hedging.drill.times import MILLISECOND, SECOND, at, micros_of
from hedging.drill.venue import Resting, Trade
from hedging.model.trading import Order

if TYPE_CHECKING:
    from hedging.drill.world import World

SENT, TAKEN, TRADED, STORED = checks("sent"), checks("taken"), checks("traded"), checks("stored")
ASSESSED, ENDED = checks("assessed"), checks("ended")
LOOK_BACK = 15 * SECOND  # what moved the delta this long before an order was made may not have been known
KILL_SECONDS = 5
HALTING = frozenset({"kill_switch", "halt_pressed"})  # faults that hinder no cancel
MOST_CANCELS = 3
CANCEL_WINDOW = 30 * SECOND
START_SECONDS = 5
MOST_KEPT = 6
LEDGER_FAULTS = frozenset({"database_busy", "disk_full", "read_only"})


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that did not hold, when (microseconds) and how."""

    invariant: str
    when: int
    words: str


class Watch:
    """Collects violations of one schedule."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.violations: list[Violation] = []
        self.losing = False
        self.orders_sent = 0
        self.wire: dict[str, int] = {}
        self.left: dict[str, int] = {}
        self.thawed: set[str] = set()
        self.moves: list[tuple[int, float]] = []
        self._killed: dict[str, int] = {}
        self._left: list[int] = []
        self._file_set: int | None = None
        self._cancels: dict[str, list[int]] = {}
        self._failed: set[tuple[str, int]] = set()
        self._whole: dict[str, object] = {}
        self._reads: dict[str, set[datetime]] = {name: set() for name in world.plan.accounts}

    @property
    def last_left(self) -> int:
        """When the last order left, 0 where none did."""
        return self._left[-1] if self._left else 0

    def fail(self, invariant: str, words: str) -> None:
        """Note a violation."""
        self.world.trace("!!!!", f"{invariant}: {words}")
        if len(self.violations) < MOST_KEPT:
            self.violations.append(Violation(invariant, self.world.now, words))

    def on_wire(self, process: Process, order: Order) -> None:
        """An order's first byte leaves."""
        world, state = self.world, process.state
        if state is None:
            return
        self.orders_sent += 1
        self.wire[order.client_id] = self.wire.get(order.client_id, 0) + 1
        self.left.setdefault(order.client_id, _made(order, process.now, world.now))
        self._left.append(world.now)
        facts = Sent(
            order=order,
            row=world.store.rows.orders.get(order.client_id),
            state=state,
            now=at(process.now),
            instrument=world.setup.instruments[order.instrument_key],
            index=world.market.price,
            killed_for=self._killed_for(process),
            thawed=order.client_id in self.thawed,
            times=self.wire[order.client_id],
            others=self._others(order),
            known=self._known(state),
            item=world.setup.rules.underlyings[0],
            unwritten=(process.name, process.life) in self._failed,
            started_at=at(process.started_by_clock),
            orders=tuple(world.store.rows.orders.values()),
        )
        self._ask(SENT, facts)

    def accepted(self, process: Process, order: Order, token: int) -> None:
        """The exchange took an order on."""
        del process
        world = self.world
        newest = world.store.lease.token if world.store.lease else 0
        facts = Taken(
            order=order,
            count=len(world.venue.of(order.client_id)),
            token=token,
            newest=newest,
            profile=world.profile,
        )
        self._ask(TAKEN, facts)

    def filled(self, trade: Trade, order: Resting | None) -> None:
        """A trade was made."""
        world, fill = self.world, trade.fill
        known = world.venue.instruments[fill.instrument]
        one = world.market.delta_per_unit(known, world.now)
        if order is None:
            self.delta_moved(float(fill.amount * fill.side) * one)
            return
        since = self.left.get(order.order.client_id, world.now) - LOOK_BACK
        facts = Traded(
            order=order.order,
            fill=fill,
            after=world.venue.net_delta(world.now),
            lot=float(known.lot) * one,
            allowance=sum(abs(coins) for when, coins in self.moves if when >= since),
            item=world.setup.rules.underlyings[0],
        )
        self._ask(TRADED, facts)

    def committed(self, process: Process, commit: Commit, before: Rows, state: State) -> None:
        """Changes became durable."""
        del state
        world = self.world
        hedge = world.market.listed.hedge
        coin = world.market.delta_per_unit(hedge, world.now)
        facts = Stored(
            changes=commit.changes,
            before=before,
            after=world.store.rows,
            now=at(process.now),
            held=float(world.venue.amount("main", hedge.name)) * coin,
            coin=coin,
            allowance=sum(abs(coins) for when, coins in self.moves if when >= world.now - LOOK_BACK),
            item=world.setup.rules.underlyings[0],
        )
        self._ask(STORED, facts)

    def stepped(self, process: Process) -> None:
        """An engine took a step; a new valuation is looked at."""
        state = process.state
        if state is None or state.whole is self._whole.get(process.name):
            return
        self._whole[process.name] = state.whole
        self._ask(
            ASSESSED,
            Assessed(
                state=state, now=at(process.now), reads={k: frozenset(v) for k, v in self._reads.items()}
            ),
        )

    def read(self, account: str, asked_at: datetime) -> None:
        """The exchange answered what an account holds."""
        self._reads[account].add(asked_at)

    def delta_moved(self, coins: float) -> None:
        """Something that is not ours moved the delta of the book."""
        if abs(coins) > 1e-3:
            self.moves.append((self.world.now, coins))

    def latched(self, process: Process) -> None:
        """A kill: what works must end soon."""
        self._killed.setdefault(process.name, self.world.now)
        self._expect_end(self.world.now)

    def unlatched(self, process: Process) -> None:
        """Two people resumed."""
        self._killed.pop(process.name, None)
        self._file_set = None

    def file_set(self) -> None:
        """The kill file is there."""
        if self._file_set is None:
            self._file_set = self.world.now

    def died(self, process: Process) -> None:
        """The process ended, and with it its flag."""
        self._killed.pop(process.name, None)
        self._whole.pop(process.name, None)

    def failed(self, process: Process) -> None:
        """The ledger refused a write."""
        self._failed.add((process.name, process.life))
        self.world.hits |= {each.name for each in self.world.active if each.name in LEDGER_FAULTS}

    def cancelling(self, client_id: str) -> None:
        """A cancel leaves: no more than a few of them (I12)."""
        now = self.world.now
        tries = [when for when in self._cancels.get(client_id, []) if now - when < CANCEL_WINDOW]
        self._cancels[client_id] = [*tries, now]
        if len(tries) >= MOST_CANCELS and len(self.world.processes) == 1 and not self._restarted():
            self.fail("I12", f"{client_id} is cancelled for the {len(tries) + 1}th time in 30 s")

    def livelock(self) -> None:
        """Far too many events."""
        self.fail("I12", "a livelock: events without end")

    def at_end(self) -> None:
        """Check everything once more."""
        world = self.world
        hedge = world.market.listed.hedge
        running = next((p for p in world.processes if p.state is not None and p.lease is not None), None)
        moved = max((when for when, _ in self.moves), default=0)
        facts = Ended(
            rows=world.store.rows,
            state=running.state if running else None,
            orders=tuple(world.venue.orders),
            trades=tuple(world.venue.trades),
            positions=world.venue.positions,
            profile=world.profile,
            losing=self.losing,
            delta=world.venue.net_delta(world.now),
            lot=float(hedge.lot) * world.market.delta_per_unit(hedge, world.now),
            moved=(world.now - moved) / SECOND,
            tradable=not world.venue.switches.expired,
            item=world.setup.rules.underlyings[0],
            now=at(world.now),
        )
        self._ask(ENDED, facts)
        self._check_starts()

    def _check_starts(self) -> None:
        """Started in peace, an engine is ready within seconds (I13)."""
        for process in self.world.processes:
            late = self.world.now - process.started_at > START_SECONDS * SECOND
            peace = process.started_at > self.world.faults_until
            took = (process.ready_at or self.world.now) - process.started_at
            if process.state is not None and peace and late and took > START_SECONDS * SECOND:
                self.fail("I13", f"{process.name} needed {took / SECOND:.1f} s to be ready")

    def _expect_end(self, since: int) -> None:
        world = self.world
        known = world.store.rows.orders
        mine = [
            o for o in world.venue.orders if o.open and o.accepted <= since and o.order.client_id in known
        ]
        if mine:
            hindered = any(each.name not in HALTING for each in world.active)
            due = (max(world.now, world.faults_until) if hindered else world.now) + KILL_SECONDS * SECOND
            world.at(due + 100 * MILLISECOND, lambda: self._check_ended(mine, since))

    def _check_ended(self, mine: list[Resting], since: int) -> None:
        if any(since == when for when in self._killed.values()):
            left = [each.order.client_id for each in mine if each.open]
            if left:
                self.fail("I12", f"{left[0]} still works {KILL_SECONDS} s after the kill")

    def _known(self, state: State) -> float | None:
        """Coins of delta by what an engine has read, and by the fills since of the account that trades."""
        known, market, total = self.world.venue.instruments, self.world.market, 0.0
        for account in state.accounts.values():
            if account.positions is None:
                return None
            amounts = [(name, each.amount) for name, each in account.positions.items()]
            amounts += account.filled.items() if account.trades else ()
            total += sum(
                float(amount) * market.delta_per_unit(known[name], self.world.now) for name, amount in amounts
            )
        return total

    def _others(self, order: Order) -> tuple[str, ...]:
        working = [each.order for each in self.world.venue.orders if each.open]
        return tuple(
            each.client_id
            for each in (*working, *self.world.wire.in_flight.values())
            if (each.account, each.instrument) == (order.account, order.instrument)
            and each.client_id != order.client_id
        )

    def _killed_for(self, process: Process) -> float | None:
        since = [when for when in (self._killed.get(process.name), self._file_set) if when is not None]
        return (self.world.now - min(since)) / SECOND if since else None

    def _restarted(self) -> bool:
        return any(process.life for process in self.world.processes)

    def _ask(self, asked: tuple, facts: object) -> None:  # type: ignore[type-arg]
        for name, check in asked:
            words = check(facts)
            if words:
                self.fail(name, words)


def _made(order: Order, process_now: int, world_now: int) -> int:
    """When an order was made, in simulated time, whatever the engine's clock said."""
    return world_now - max(process_now - micros_of(order.created_at), 0)
