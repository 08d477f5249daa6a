"""The simulated world of one schedule: a queue of events over time, and all that takes part."""

import heapq
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial
from random import Random

from hedging.core import events as happened
from hedging.core.effects import Commit
from hedging.core.events import Event
from hedging.core.inputs import Inputs
from hedging.core.queries import Pace
from hedging.core.state import Setup
from hedging.drill.fault import Fault, Pushed
from hedging.drill.market import SimMarket, listing
from hedging.drill.people import People
from hedging.drill.plan import UNFENCED_QUIET, Plan
from hedging.drill.process import Process
from hedging.drill.rules import rules_of
from hedging.drill.store import MemoryStore
from hedging.drill.times import MILLISECOND, SECOND, START
from hedging.drill.tracing import Trace
from hedging.drill.venue import Resting, SimVenue, Trade
from hedging.drill.watch import Watch
from hedging.drill.wire import Wire
from hedging.model.rules import Rules
from hedging.model.snapshot import Snapshot
from hedging.model.trading import Decision, Order
from hedging.model.venue_profile import Fence

LOOK = 1_500 * MILLISECOND
QUIET_LOOK = 5 * SECOND
POLL = 500 * MILLISECOND
PACE = Pace(positions=8.0, balances=20.0, fills=10.0, open_orders=5.0, clock=20.0)
SETTLES = 6 * SECOND  # from an order to the positions read after it
LATEST = 30 * SECOND
MOST_EVENTS = 30_000
"""More in one schedule is a livelock (I12)."""


class World:
    """Runs one plan."""

    def __init__(self, plan: Plan, store: MemoryStore | None = None, trace: Trace | None = None) -> None:
        self.plan = plan
        self.profile = plan.profile
        self.rng = Random(plan.seed * 2 + 1)  # noqa: S311 a simulation, no secret
        self.now = 0
        self._quiet = plan.quiet + (UNFENCED_QUIET if plan.profile.fence is Fence.NONE else 0)
        self.ends = plan.window_ends + self._quiet
        self.faults_until = plan.window_ends
        self.clock_skew = 0
        self.kill_file = ""
        self.steps = 0
        self.boundaries = 0
        self.active: tuple[Fault, ...] = ()
        self.hits: set[str] = set()
        self._polling = False
        self.tracing = trace or Trace()
        self.store = store or MemoryStore()
        listed = listing(plan.profile.name, plan.settlement, dated_hedge=plan.dated_hedge)
        self.market = SimMarket(listed, self.rng)
        self.venue = SimVenue(
            plan.profile,
            self.market,
            self.rng,
            plan.accounts,
            self._filled,
            self._order_changed,
            self.hits.add,
        )
        self.setup = Setup(
            rules=rules_of(plan),
            instruments={each.key: each for each in listed.all},
            profiles={plan.profile.name: plan.profile},
            encode=_encoded,
            pace=PACE,
        )
        self.watch = Watch(self)
        self.wire = Wire(self)
        self.people = People(self)
        self._queue: list[tuple[int, int, Callable[[], object]]] = []
        self._pushed = 0
        self.processes = [Process(name, self) for name in "AB"[: plan.engines]]

    def run(self) -> Watch:
        """Play the schedule to its end and check everything once more."""
        self._prepare()
        events = 0
        while self._queue and self._queue[0][0] <= self._until():
            when, _, act = heapq.heappop(self._queue)
            self.now = max(self.now, when)
            act()
            events += 1
            if events > MOST_EVENTS:
                self.watch.livelock()
                break
        self.now = max(self.now, self.ends)
        self.watch.at_end()
        return self.watch

    def _until(self) -> int:
        """The end, or a little later where an order has just left: it is not judged half done."""
        return max(self.ends, min(self.watch.last_left + SETTLES, self.ends + LATEST))

    def at(self, when: int, act: Callable[[], object]) -> None:
        """Do something at a time."""
        self._pushed += 1
        heapq.heappush(self._queue, (when, self._pushed, act))

    def after(self, delay: int, act: Callable[[], object]) -> None:
        """Do something a little later."""
        self.at(self.now + delay, act)

    def extend(self, until: int) -> None:
        """Something of a fault lasts until then: the quiet time begins after it."""
        self.faults_until = max(self.faults_until, until)
        self.ends = max(self.ends, until + self._quiet)

    def hit(self, fault: Fault) -> None:
        """A fault took effect."""
        self.hits.add(fault.name)

    def boundary(self, process: Process, where: str) -> bool:
        """Count a commit or wire boundary; True where the engine dies at it."""
        self.boundaries += 1
        if self.plan.crash_at != self.boundaries:
            return False
        self.hits.add("crash_at_boundary")
        process.die(f"killed at boundary {self.boundaries}, {where}")
        return True

    def stream_delays(self, what: Pushed) -> tuple[int, ...] | None:
        """When a pushed message comes, in microseconds from now; None: as usual."""
        for each in self.active:
            if each.stream is not None:
                delays = each.stream(self.rng, what)
                if delays is not None:
                    self.hit(each)
                    return delays
        return None

    def unlatch(self, process: Process) -> None:
        """Two people resumed: the kill file is gone too."""
        self.kill_file = ""
        self.watch.unlatched(process)

    def take_terms(self, rules: Rules) -> None:
        """Other terms are in force for every engine, now and after a start."""
        self.setup = replace(self.setup, rules=rules)
        for process in self.processes:
            if process.state is not None:
                event = happened.TermsTaken(rules=rules, status=process.state.status)
                process.deliver(process.life, event)

    def lower_limits(self, factor: float) -> None:
        """Hard and soft limits of the book's underlying at a share of what they were."""
        whole = rules_of(self.plan)
        item = whole.underlyings[0]
        limits = tuple(
            replace(each, soft=each.soft * factor, hard=each.hard * factor) for each in item.limits
        )
        self.take_terms(replace(whole, underlyings=(replace(item, limits=limits),)))

    def delist(self) -> None:
        """The hedge is settled in cash."""
        before = self.venue.net_delta(self.now)
        self.venue.vanish(self.market.listed.hedge.name, self.now)
        self.watch.delta_moved(self.venue.net_delta(self.now) - before)

    def trade_outside(self, account: str, coins: float) -> None:
        """A trade that is not ours, in the dated future of the customers' account or in our hedge."""
        instrument = self.market.listed.future if account == "book" else self.market.listed.hedge
        one = self.market.delta_per_unit(instrument, self.now)
        amount = Decimal(str(round(coins / one / float(instrument.lot)))) * instrument.lot
        if amount:
            self.venue.trade_outside(account, instrument.name, amount, self.now)

    def trace(self, who: str, words: str) -> None:
        """A line of the trace."""
        self.tracing.line(self.now, who, words)

    def trace_event(self, who: str, event: Event) -> None:
        """An event that an engine took in."""
        self.tracing.event(self.now, who, event)

    def trace_decision(self, who: str, decision: Decision) -> None:
        """What an engine decided."""
        self.tracing.decision(self.now, who, decision)

    def trace_commit(self, who: str, commit: Commit) -> None:
        """What an engine made durable."""
        self.tracing.commit(self.now, who, commit)

    def _prepare(self) -> None:
        listed, venue = self.market.listed, self.venue
        self.trade_outside("book", self.rng.randrange(-400, 400) / 100)
        if self.plan.with_option:
            venue.trade_outside("book", listed.option.name, Decimal(self.rng.randrange(-400, 400)) / 100, 0)
        self.trade_outside("main", self.rng.randrange(-200, 200) / 100)
        for process in self.processes:
            self.after(self.rng.randrange(1, 50) * MILLISECOND, process.start)
        self.after(300 * MILLISECOND, self._look)
        for when, coins in self.plan.flows:
            self.at(when, partial(self.trade_outside, "book", coins))
        for when, share in self.plan.jumps:
            self.at(when, partial(self._move, share))
        for planned in self.plan.faults:
            self.at(planned.begin, partial(self._begin, planned.fault))
            self.at(planned.end, partial(self._end, planned.fault))
        self.people.begin()

    def _begin(self, fault: Fault) -> None:
        self.trace("fault", f"{fault.name} begins: {fault.sentence}")
        self.active = (*self.active, fault)
        if fault.share is not None:
            self.venue.switches.share = partial(self._share, fault)
        if fault.begin is not None:
            fault.begin(self)

    def _share(self, fault: Fault, order: Order) -> Decimal | None:
        found = fault.share(self.rng, order) if fault.share else None
        if found is not None:
            self.hit(fault)
        return found

    def _end(self, fault: Fault) -> None:
        self.trace("fault", f"{fault.name} ends")
        self.active = tuple(each for each in self.active if each is not fault)
        if fault.share is not None:
            self.venue.switches.share = None
        if fault.end is not None:
            fault.end(self)

    def _move(self, share: float | None) -> None:
        before = self.venue.net_delta(self.now)
        self.market.move(self.now, share)
        self.watch.delta_moved(self.venue.net_delta(self.now) - before)
        self.venue.after_move(self.now)

    def _look(self) -> None:
        """The price moves, and every engine is shown the market."""
        self._move(None)
        for process in self.processes:
            if process.state is not None:
                self.after(
                    self.rng.randrange(2, 30) * MILLISECOND, partial(self._show, process, process.life)
                )
        self.after(LOOK if self._busy() else QUIET_LOOK, self._look)

    def _busy(self) -> bool:
        if self.now < self.faults_until + 6 * SECOND:
            return True
        return any(process.state is not None and process.state.tickets for process in self.processes)

    def _show(self, process: Process, life: int) -> None:
        if process.state is None or life != process.life:
            return
        quotes = self.market.quotes(self.now, process.now)
        for each in self.active:
            if each.quotes is not None:
                changed = each.quotes(self.rng, quotes)
                if changed is not None:
                    self.hit(each)
                    quotes = changed
        process.deliver(life, happened.Looked(quotes=quotes))

    def wake(self) -> None:
        """A wish or the kill file is there: engines look soon, and again while a wish waits."""
        self.after(self.rng.randrange(1, 50) * MILLISECOND, self._poll)

    def _poll(self) -> None:
        for process in self.processes:
            process.poll()
        if self.store.pending() and not self._polling:
            self._polling = True
            self.after(POLL, self._poll_again)

    def _poll_again(self) -> None:
        self._polling = False
        self._poll()

    def _filled(self, trade: Trade, order: Resting | None) -> None:
        self.watch.filled(trade, order)
        side = "buys" if trade.fill.side > 0 else "sells"
        whose = trade.fill.client_id or "somebody"
        words = f"{whose} {side} {trade.fill.amount} {trade.fill.instrument} in {trade.fill.account}"
        self.trace("venue", f"{words}, delta {self.venue.net_delta(self.now):+.3f}")
        self.wire.push_fill(trade, order)

    def _order_changed(self, order: Resting) -> None:
        self.wire.push_report(order)


def _encoded(snapshot: Snapshot, _: Rules) -> Inputs:
    """A cheap stand-in for the canonical form: what tells two instants apart."""
    micros = (snapshot.at - START) // timedelta(microseconds=1)
    return Inputs((b"",), f"{micros:064x}")
