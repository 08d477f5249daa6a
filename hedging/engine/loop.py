"""The loop: turns the world into events of the core, and wakes it for a decision when something changed."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from hedging.core import events as happened
from hedging.core.events import Event
from hedging.core.state import State
from hedging.core.step import due
from hedging.engine.desk_state import DeskState
from hedging.engine.publisher import Publisher
from hedging.engine.terms import TermsClerk
from hedging.errors import VenueError
from hedging.model.book import Balance
from hedging.model.trading import Command, Decision, Fill, OrderReport
from hedging.venues.stream import MarketStream
from hedging.workflow.authority import STOPPING

GATHER_SECONDS = 0.002  # prices of one market move come as a burst: one cycle for all of them
FLOOR_SECONDS = 0.25
PUBLISH_SECONDS = 0.2
PUBLISH_REST = 4.0  # times what a view took: prices and orders come first
COMMAND_SECONDS = 0.05
LEASE_RENEWAL_SECONDS = 3.0
MARKS_SECONDS = 2.0
POLL_SECONDS = 1.75  # from one round of prices to the next where there is no stream: marks may be 5 s old
LEAST_PAUSE_SECONDS = 0.2  # before the next round where one takes that long
LEAST_TICK_SECONDS = 0.01

Pushed = Fill | OrderReport | Balance


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop is made of."""

    desk: DeskState
    publisher: Publisher
    markets: Sequence[MarketStream]


class Loop:
    """Runs until cancelled or until the lease or the ledger is lost."""

    def __init__(self, parts: Parts, woken: asyncio.Event) -> None:
        self._desk = parts.desk
        self._driver = parts.desk.driver
        self._publisher = parts.publisher
        self._markets = parts.markets
        self._pushed: asyncio.Queue[Pushed] = asyncio.Queue()
        self._woken = woken
        self._terms = TermsClerk(parts.desk)
        self._seen: tuple[int, int] = (-1, -1)
        self._touched = 0
        self._driver.listener = self

    async def run(self) -> None:
        """Prove what an earlier run left behind, and work; the first failure of any task ends all of them."""
        async with asyncio.TaskGroup() as group:
            self._driver.group = group
            group.create_task(self._every(LEASE_RENEWAL_SECONDS, self._renew))
            group.create_task(self._every(PUBLISH_SECONDS, self._publish))
            self._driver.happen(happened.Started())
            group.create_task(self._every(COMMAND_SECONDS, self._ask_what_people_want))
            group.create_task(self._tick())
            group.create_task(self._take_pushed())
            for account in self._desk.places.trading:
                group.create_task(self._every(MARKS_SECONDS, _of(self._desk.read_marks, account)))
            for account in self._desk.places.readers:
                group.create_task(self._poll(_of(self._desk.read_tickers, account)))
            await self._cycles()

    def decided(self, decision: Decision) -> None:
        """One decision of one cycle, for the record of runs."""
        self._publisher.runs.take(decision)

    def moved(self, before: State, after: State) -> None:
        """Something happened: decide again, and follow the prices of what is held since."""
        if after.needed is not before.needed:
            self._desk.board.need(after.needed)
            self._follow()
        self._touched += 1
        self._woken.set()

    def on_pushed(self, pushed: Pushed) -> None:
        """A fill, an order's state or a balance arrived; a task of the loop takes it: errors end that."""
        self._pushed.put_nowait(pushed)

    async def _take_pushed(self) -> None:
        while True:
            waiting = [await self._pushed.get()]
            while not self._pushed.empty():
                waiting.append(self._pushed.get_nowait())
            for event in _events(waiting):
                self._driver.happen(event)

    def _follow(self) -> None:
        venues = {pair.reads.venue for pair in self._desk.places.trading.values()}
        for market in self._markets:
            for venue in venues:
                market.add_tickers(sorted(self._desk.board.names_at(venue)))

    async def _cycles(self) -> None:
        while True:
            try:
                # Not wait_for: before Python 3.12 it loses a cancellation that comes with the wake.
                async with asyncio.timeout(FLOOR_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                self._touched += 1
            await asyncio.sleep(GATHER_SECONDS)
            self._woken.clear()
            now_seen = (self._desk.board.version, self._touched)
            if now_seen != self._seen:
                self._seen = now_seen
                self._desk.look()

    async def _tick(self) -> None:
        """Step the core when it wants to be, as nothing else has happened."""
        while True:
            self._driver.stepped.clear()
            now = self._driver.now()
            pause = (due(self._driver.state, now) - now).total_seconds()
            try:
                async with asyncio.timeout(max(LEAST_TICK_SECONDS, pause)):
                    await self._driver.stepped.wait()
            except TimeoutError:
                self._driver.happen(happened.Ticked())

    async def _ask_what_people_want(self) -> None:
        reason = self._desk.latches.file_reason()
        reasons = (reason,) if reason else ()
        if reasons != self._driver.state.latches:
            self._driver.happen(happened.Latched(reasons))
        for wish in self._desk.latches.wishes():
            self._driver.happen(happened.Wished(wish.kind, wish.user, wish.why))
            self._desk.latches.done(wish)
        for command in self._desk.recorder.ledger.pending_commands():
            self._take(command)

    def _take(self, command: Command) -> None:
        """While an earlier run's orders are looked up, one may only stop; a release waits for the venue."""
        state = self._driver.state
        if not state.ready and command.kind not in STOPPING:
            return
        if command.kind in self._terms.kinds:
            self._terms.handle(command)
        elif command.key not in state.releases:
            self._driver.happen(happened.Asked(command))

    async def _publish(self) -> None:
        """Show the picture of now; one that took long, as of a large book, is followed by a longer rest."""
        running = asyncio.get_running_loop()
        begun = running.time()
        whole, ready = self._desk.assessment(), self._driver.state.ready
        status = "running" if ready else "looking up what an earlier run left behind"
        glance = self._publisher.glance(whole, ready=ready, status=status)
        await asyncio.to_thread(self._publisher.show, glance, whole)
        await asyncio.sleep(max(0.0, PUBLISH_REST * (running.time() - begun) - PUBLISH_SECONDS))

    async def _renew(self) -> None:
        recorder = self._desk.recorder
        recorder.renew_lease()
        self._driver.happen(happened.LeaseHeld(recorder.lease.expires_at))

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat; a venue that does not answer is remembered, everything else ends the loop."""
        while True:
            await self._try(act)
            await asyncio.sleep(seconds)

    async def _poll(self, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat at a steady pace: from the beginning of a round to that of the next."""
        running = asyncio.get_running_loop()
        while True:
            next_at = running.time() + POLL_SECONDS
            await self._try(act)
            await asyncio.sleep(max(LEAST_PAUSE_SECONDS, next_at - running.time()))

    async def _try(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except VenueError as error:
            self._desk.latest_trouble = str(error)


def _events(waiting: Sequence[Pushed]) -> list[Event]:
    """What was pushed as events, in order; fills that came together are one."""
    found: list[Event] = []
    fills: list[Fill] = []
    for pushed in waiting:
        if isinstance(pushed, Fill):
            fills.append(pushed)
            continue
        if fills:
            found.append(happened.FillsArrived(tuple(fills)))
            fills = []
        found.append(
            happened.Reported(pushed) if isinstance(pushed, OrderReport) else happened.BalancePushed(pushed)
        )
    return [*found, happened.FillsArrived(tuple(fills))] if fills else found


def _of(sweep: Callable[[str], Awaitable[None]], account: str) -> Callable[[], Awaitable[None]]:
    return lambda: sweep(account)
