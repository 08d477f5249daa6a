"""The desk's people: they arm, approve, reject, halt, resume and release, rightly and wrongly."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND, SECOND, at
from hedging.model.trading import (
    AutoMode,
    Command,
    CommandKind,
    OrderState,
    Role,
    Ticket,
    TicketState,
    TradingState,
)

if TYPE_CHECKING:
    from hedging.drill.world import World

LOOK_EVERY = (1_300, 2_600)  # milliseconds
THINKS = 0.5  # of the looks at a halted book: nobody does anything yet
SLOW = 0.9  # of the looks at what waits: nobody does anything yet, where tickets soon expire
WANTS_BACK = 0.3  # of the looks at a book that only reduces: somebody wants it back; else they approve
REDUCES = 0.02  # of the looks: somebody wants less
HANDS_OFF = 34 * SECOND  # before the end nobody touches anything: three failed tickets end automatic mode
ANN, TESS, RITA, VIC = ("ann", Role.TRADER), ("tess", Role.TRADER), ("rita", Role.RISK), ("vic", Role.VIEWER)


class People:
    """Looks at the book now and then, and asks things of the engine."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.asked = 0
        self.arms = world.plan.arms
        self.double_clicks = False
        self.stale = False
        self.two_approvers = False
        self.seen: dict[str, tuple[int, str]] = {}

    def begin(self) -> None:
        """Come to the desk."""
        if self.arms:
            self.world.after(700 * MILLISECOND, self._arm)
        self.world.after(1_200 * MILLISECOND, self._look)

    def switch_off(self) -> None:
        """Nobody arms automatic mode any more: people approve."""
        self.arms = False
        self.ask(TESS, CommandKind.AUTO_OFF)

    def ask(self, who: tuple[str, Role], kind: CommandKind, **more: object) -> str:
        """Append a wish."""
        self.asked += 1
        world = self.world
        key = f"K{self.asked}"
        command = Command(
            key=key,
            at=at(world.now + world.clock_skew),
            user=who[0],
            role=who[1],
            kind=kind,
            **more,  # type: ignore[arg-type]
        )
        world.trace(who[0], f"asks {key}: {kind} {command.ref}")
        world.store.ask(command)
        world.wake()
        return key

    def _arm(self) -> None:
        who = self.world.rng.choice((ANN, TESS))
        self.ask(who, CommandKind.AUTO_ARM, minutes=30, max_orders=35, max_turnover_usd=15_000_000.0)

    def _look(self) -> None:
        world = self.world
        if world.now < world.ends - HANDS_OFF:
            self._tend()
        world.after(world.rng.randrange(*LOOK_EVERY) * MILLISECOND, self._look)

    def _tend(self) -> None:
        world, rng = self.world, self.world.rng
        rows = world.store.rows
        state = rows.status.state
        if state is TradingState.HALTED or (state is TradingState.REDUCING and rng.random() < WANTS_BACK):
            self._bring_back()
            return
        if rng.random() < REDUCES and world.now < world.faults_until:
            self.ask(rng.choice((ANN, RITA, VIC)), CommandKind.REDUCE, reason="careful")
            return
        held = [o for o in rows.orders.values() if o.state is OrderState.QUARANTINED]
        if held and rng.random() < 0.6:
            who = RITA if rng.random() < 0.8 else rng.choice((ANN, VIC))
            self.ask(who, CommandKind.RELEASE, ref=held[0].client_id, reason="looked at it")
        waiting = [t for t in rows.tickets.values() if t.state is TicketState.PROPOSED]
        if rows.status.auto.mode is AutoMode.ARMED:
            return
        slow = world.plan.strict and rng.random() < SLOW
        for ticket in () if slow else waiting:
            self._judge(ticket)
        if not waiting and self.arms and rng.random() < 0.3:
            self._arm()

    def _bring_back(self) -> None:
        """Two people resume; sometimes the wrong ones try."""
        rng = self.world.rng
        if rng.random() < THINKS:
            return
        asked_by = self.world.store.rows.status.resume_asked_by
        if rng.random() < 0.2:
            who = rng.choice((VIC, ANN, TESS))
        elif asked_by.startswith("rita"):
            who = ANN
        else:
            who = RITA
        self.ask(who, CommandKind.RESUME)

    def _judge(self, ticket: Ticket) -> None:
        world, rng = self.world, self.world.rng
        seen = (ticket.version, ticket.content_hash)
        who = rng.choice((ANN, TESS, RITA))
        drawn = rng.random()
        if self.stale or drawn < 0.05:
            old = next(iter(self.seen.values()), (ticket.version + 1, "0" * 64))
            self._approve(rng.choice((who, VIC)), ticket.id, old)
            world.hits.add("stale_approval")
        if drawn > 0.96 and world.now < world.faults_until:
            self.ask(who, CommandKind.REJECT, ref=ticket.id, reason="not now")
            return
        if 0.05 <= drawn < 0.1:
            self._approve(VIC, ticket.id, seen)
        self.seen = {ticket.id: seen}
        key = self._approve(who, ticket.id, seen)
        if self.double_clicks:
            world.hits.add("double_click")
            command = world.store.rows.commands.get(key)
            if command is not None:
                world.after(rng.randrange(1, 200) * MILLISECOND, partial(world.store.ask, command))
            again = partial(self._approve, who, ticket.id, seen)
            world.after(rng.randrange(1, 50) * MILLISECOND, again)
        if self.two_approvers:
            world.hits.add("two_approvers")
            other = rng.choice((ANN, TESS, RITA))
            world.after(rng.randrange(0, 3) * MILLISECOND, partial(self._approve, other, ticket.id, seen))

    def _approve(self, who: tuple[str, Role], ref: str, seen: tuple[int, str]) -> str:
        version, digest = seen
        return self.ask(who, CommandKind.APPROVE, ref=ref, ref_version=version, ref_hash=digest)
