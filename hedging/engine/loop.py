"""The loop: whatever changes wakes a cycle; a cycle decides, records, and lets approved tickets run."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hedging.decide import Assessment, Decided, Situation, assess, decide
from hedging.engine.commands import Clerk, cancel_resting
from hedging.engine.desk_state import MOST_FAILED_READS, DeskState
from hedging.engine.executor import execute
from hedging.core.inputs import Inputs, InputsEncoder
from hedging.engine.proving import look_up, prove
from hedging.engine.publisher import Publisher
from hedging.engine.releasing import release
from hedging.errors import VenueError, VenueUnreachable, WorkflowError
from hedging.ledger import Ledger
from hedging.model.instrument import key
from hedging.model.rules import UnderlyingRules
from hedging.model.trading import (
    AutoMode,
    Command,
    CommandKind,
    Fill,
    OrderReport,
    OrderState,
    Outcome,
    Ticket,
    TicketState,
)
from hedging.venues.stream import MarketStream
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets
from hedging.workflow.authority import STOPPING, approver, auto_refusals, lapsed

GATHER_SECONDS = 0.002  # prices of one market move come as a burst: one cycle for all of them
FLOOR_SECONDS = 0.25
PUBLISH_SECONDS = 0.2
PUBLISH_REST = 4.0  # times what a view took: prices and orders come first
COMMAND_SECONDS = 0.05
LEASE_RENEWAL_SECONDS = 3.0
POLL_SECONDS = 1.75  # from one round of prices to the next where there is no stream: marks may be 5 s old
LEAST_PAUSE_SECONDS = 0.2  # before the next round where one takes that long
AFTER_FAILURE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Parts:
    """What the loop is made of."""

    desk: DeskState
    ledger: Ledger
    publisher: Publisher
    markets: Sequence[MarketStream]


class Loop:
    """Runs until cancelled or until the lease or the ledger is lost."""

    def __init__(self, parts: Parts, woken: asyncio.Event) -> None:
        self._desk = parts.desk
        self._ledger = parts.ledger
        self._publisher = parts.publisher
        self._markets = parts.markets
        self._pushed: asyncio.Queue[Fill | OrderReport] = asyncio.Queue()
        self._woken = woken
        self._clerk = Clerk(parts.desk, self._start)
        self._inputs = InputsEncoder()
        self._releasing: set[str] = set()
        self._executing: set[asyncio.Task[None]] = set()
        self._seen: tuple[int, int] = (-1, -1)
        self._touched = 0
        self._whole: Assessment = parts.desk.assessment()
        self._ready = False
        self._status = "looking up what an earlier run left behind"
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Recover, then run every task; the first failure of any ends all of them."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._every(LEASE_RENEWAL_SECONDS, self._renew))
            group.create_task(self._every(PUBLISH_SECONDS, self._publish))
            group.create_task(self._every(COMMAND_SECONDS, self._commands))
            await self._recover()
            self._ready, self._status = True, "running"
            group.create_task(self._take_pushed())
            self._sweeps(group)
            await self._cycles()

    def on_pushed(self, pushed: Fill | OrderReport) -> None:
        """A fill or the state of an order arrived; booked by a task of the loop, so that errors end it."""
        self._pushed.put_nowait(pushed)

    async def _take_pushed(self) -> None:
        while True:
            fills: list[Fill] = []
            pushed: Fill | OrderReport | None = await self._pushed.get()
            while isinstance(pushed, Fill):
                fills.append(pushed)
                pushed = None if self._pushed.empty() else self._pushed.get_nowait()
            if fills:
                self._desk.take_fills(fills)
            if pushed is not None:
                self._take_report(pushed)
            self._touch()

    def _take_report(self, report: OrderReport) -> None:
        """A report of an order that is not ours, or whose answer is still under way, is left alone."""
        order = self._desk.blotter.recent.get(report.client_id)
        if order is not None and order.state is not OrderState.SENT:
            self._desk.blotter.put_order(orders.reported(order, report))

    def _touch(self) -> None:
        self._touched += 1
        self._woken.set()

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
            self._cycle()

    def _cycle(self) -> None:
        now_seen = (self._desk.book.version, self._touched)
        if now_seen == self._seen:
            return
        self._seen = now_seen
        desk = self._desk
        now = desk.now()
        self._keep_auto_honest(now)
        snapshot = desk.snapshot(now)
        self._whole = assess(snapshot, desk.rules, self._whole.book.holdings)
        inputs = self._inputs.encode(snapshot, desk.rules)
        for item in desk.rules.underlyings:
            self._expire(item, now)
            decided = decide(
                desk.rules, item, snapshot, self._whole, self._situation(item, now, inputs.digest)
            )
            self._publisher.runs.take(decided.decision)
            self._apply(item, decided, inputs)

    def _situation(self, item: UnderlyingRules, now: datetime, digest: str) -> Situation:
        desk = self._desk
        failed_at = desk.blotter.failures.get(item.underlying)
        return Situation(
            now=now,
            inputs_hash=digest,
            instrument=desk.book.instruments.get(item.hedge_key),
            ticket=desk.blotter.tickets.get(item.underlying),
            live=desk.blotter.working_in(item.underlying),
            state=desk.blotter.status.state,
            settled=desk.book.settled(item.account),
            rejected=desk.blotter.rejections.get(item.underlying),
            failed_at=failed_at if failed_at and now - failed_at < AFTER_FAILURE else None,
        )

    def _apply(self, item: UnderlyingRules, decided: Decided, inputs: Inputs) -> None:
        blotter = self._desk.blotter
        waiting = blotter.tickets.get(item.underlying)
        replaced = tickets.supersede(waiting, decided.superseded) if waiting and decided.superseded else None
        before = () if replaced is None else (replaced,)
        if decided.proposal is not None:
            shadow = blotter.status.auto.mode is AutoMode.SHADOW
            ticket = replace(decided.proposal, shadow=shadow)
            steps = self._by_itself(item, ticket)
            blotter.put_tickets((*before, ticket, *steps), inputs.body)
            if shadow:
                blotter.record("shadow", ticket.id, {"would have sent": ticket.sentence})
        else:
            waits = decided.decision.outcome is Outcome.KEEP and waiting is not None
            steps = self._by_itself(item, waiting) if waits and waiting else ()
            blotter.put_tickets((*before, *steps))
        if steps:
            self._start(steps[-1])

    def _by_itself(self, item: UnderlyingRules, ticket: Ticket) -> tuple[Ticket, ...]:
        """Approved and begun, where automatic mode may do so now; stored in one commit with the proposal."""
        desk = self._desk
        auto = desk.blotter.status.auto
        if ticket.state is not TicketState.PROPOSED or auto.mode is not AutoMode.ARMED:
            return ()
        proofs = [proof for proof in self._whole.proofs if proof.underlying == item.underlying]
        if auto_refusals(desk.blotter.status, proofs, tuple(desk.blotter.live.values()), ()):
            return ()
        try:
            approved = tickets.approve(
                ticket,
                approver(auto),
                (ticket.version, ticket.content_hash),
                desk.now(),
            )
            return approved, tickets.start(approved, desk.now())
        except WorkflowError:
            return ()

    def _start(self, ticket: Ticket) -> None:
        if self._group is None:
            raise WorkflowError("the engine is not running")
        task = self._group.create_task(execute(self._desk, ticket))
        self._executing.add(task)
        task.add_done_callback(self._executing.discard)

    def _keep_auto_honest(self, now: datetime) -> None:
        status = self._desk.blotter.status
        auto = lapsed(status.auto, now)
        if auto != status.auto:
            self._desk.blotter.put_status(
                replace(status, auto=auto), f"automatic hedging off: {auto.ended_because}"
            )

    def _expire(self, item: UnderlyingRules, now: datetime) -> None:
        ticket = self._desk.blotter.tickets.get(item.underlying)
        if ticket and ticket.state is TicketState.PROPOSED and now >= ticket.expires_at:
            self._desk.blotter.put_ticket(tickets.expire(ticket, now))

    async def _commands(self) -> None:
        reason = self._desk.latches.file_reason()
        if reason and self._desk.blotter.status.halted_because != reason:
            self._clerk.halt(reason, "kill file")
        pending = self._ledger.pending_commands()
        if not self._ready:  # while an earlier run's orders are looked up, one may only stop
            pending = tuple(command for command in pending if command.kind in STOPPING)
        for command in pending:
            if command.kind is CommandKind.RELEASE:
                self._begin_release(command)
            else:
                self._clerk.handle(command)
        if self._desk.latches.reasons() and self._desk.blotter.live:
            await cancel_resting(self._desk)
        if pending:
            self._touch()

    def _begin_release(self, command: Command) -> None:
        """Release asks the exchange, which takes a while: a task of its own, once for each command."""
        if command.key in self._releasing or self._group is None:
            return
        self._releasing.add(command.key)
        self._group.create_task(release(self._desk, command))

    async def _publish(self) -> None:
        """Show the picture of now; one that took long, as of a large book, is followed by a longer rest."""
        running = asyncio.get_running_loop()
        begun = running.time()
        whole = self._whole if self._ready else self._desk.assessment()
        glance = self._publisher.glance(whole, ready=self._ready, status=self._status)
        await asyncio.to_thread(self._publisher.show, glance, whole)
        await asyncio.sleep(max(0.0, PUBLISH_REST * (running.time() - begun) - PUBLISH_SECONDS))

    async def _renew(self) -> None:
        self._desk.blotter.renew_lease()

    async def _recover(self) -> None:
        """Prove every order an earlier run left open, and end its tickets; nothing is sent before."""
        blotter = self._desk.blotter
        for order in tuple(blotter.live.values()):
            if order.state in orders.UNPROVED:
                left = replace(order, state=OrderState.SENT)
                blotter.put_order(
                    orders.unclear(left, "the engine stopped while it was sent", self._desk.now())
                )
                await prove(self._desk, order.client_id)
            elif order.state is not OrderState.QUARANTINED:
                await look_up(self._desk, order)
        for ticket in tuple(blotter.tickets.values()):
            if ticket.state is TicketState.PROPOSED:
                blotter.put_ticket(tickets.supersede(ticket, "the engine was started again"))
            else:
                blotter.put_ticket(
                    tickets.fail(ticket, "the engine was started again; its orders are proved")
                )
        for account in self._desk.sessions:
            await self._desk.try_reading_positions(account)

    def _sweeps(self, group: asyncio.TaskGroup) -> None:
        for account in self._desk.sessions:
            for seconds, sweep in (
                (2.0, self._desk.read_positions),
                (2.0, self._desk.read_balances),
                (5.0, self._sweep_orders),
                (8.0, self._sweep_fills),
                (20.0, self._sweep_clock),
                (2.0, self._sweep_marks),
            ):
                group.create_task(self._every(seconds, _of(sweep, account)))
        for account in self._desk.readers:
            for sweep in (self._desk.read_positions, self._desk.read_balances):
                group.create_task(self._every(2.0, _of(sweep, account)))
            group.create_task(self._poll(_of(self._desk.read_tickers, account)))

    async def _sweep_orders(self, account: str) -> None:
        for order in tuple(self._desk.blotter.live.values()):
            working = order.state in {OrderState.ACKED, OrderState.PARTIAL}
            if order.account == account and working:
                await look_up(self._desk, order)

    async def _sweep_fills(self, account: str) -> None:
        reads = self._desk.sessions[account].reads
        since = self._desk.now() - timedelta(minutes=5)
        for currency in reads.settlement_currencies:
            self._desk.take_fills(await reads.run(reads.fills, currency, since))

    async def _sweep_clock(self, account: str) -> None:
        reads = self._desk.sessions[account].reads
        self._desk.book.clock_offset = await reads.run(reads.server_time_offset)

    async def _sweep_marks(self, account: str) -> None:
        """The floor under the stream: ask for whatever is about to be too old, and follow new positions."""
        desk = self._desk
        reads = desk.sessions[account].reads
        venue = reads.venue
        needed = desk.book.names_at(venue)
        for market in self._markets:
            market.add_tickers(sorted(needed))
        old = desk.now() - timedelta(seconds=desk.rules.ages.marks / 2)
        failures = 0
        for name in sorted(needed):
            quote = desk.book.quotes.get(key(venue, name))
            if quote is not None and quote.received_at >= old:
                continue
            try:
                desk.book.take_quote(await reads.run(reads.ticker, name))
            except VenueUnreachable as error:  # one that has just expired must not hide the others
                desk.latest_trouble = str(error)
                failures += 1
                if failures == MOST_FAILED_READS:
                    break
        self._woken.set()

    async def _every(self, seconds: float, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat; a venue that does not answer is remembered, everything else ends the loop."""
        while True:
            await self._try(act)
            await asyncio.sleep(seconds)

    async def _poll(self, act: Callable[[], Awaitable[None]]) -> None:
        """Repeat at a steady pace: from the beginning of a round to that of the next."""
        running = asyncio.get_running_loop()
        while True:
            due = running.time() + POLL_SECONDS
            await self._try(act)
            await asyncio.sleep(max(LEAST_PAUSE_SECONDS, due - running.time()))

    async def _try(self, act: Callable[[], Awaitable[None]]) -> None:
        try:
            await act()
        except VenueError as error:
            self._desk.latest_trouble = str(error)


def _of(sweep: Callable[[str], Awaitable[None]], account: str) -> Callable[[], Awaitable[None]]:
    return lambda: sweep(account)
