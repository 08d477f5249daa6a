"""The way between engines and the exchange: latencies, faults, answers, and the private stream."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from hedging.core import events as happened
from hedging.core.effects import Cancel, KeepAlive, LookUp, Query
from hedging.core.events import Event
from hedging.core.queries import QueryKind
from hedging.drill.fault import Asked, Fate, Heard, Pushed
from hedging.drill.process import Process
from hedging.drill.times import MILLISECOND, SECOND, at, micros_of
from hedging.drill.venue import Accepted, No, Resting, Trade
from hedging.model.trading import Order
from hedging.model.venue_profile import Fence

if TYPE_CHECKING:
    from hedging.drill.world import World

Reading = Callable[[int, int], Event]
"""An event from when the answer speaks of, and when the engine gets it (its own microseconds)."""


class Wire:
    """Carries requests to the exchange and answers back; ``in_flight``: orders that it will still take on."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.in_flight: dict[str, Order] = {}

    def submit(self, process: Process, order: Order) -> None:
        """An order leaves."""
        world = self.world
        world.watch.on_wire(process, order)
        token = process.lease.token if process.lease else 0
        fate = self._fate_of_order(order)
        world.trace(process.name, f"sends {_words(order)}" + (f" [{fate.why}]" if fate.why else ""))
        if fate.heard is Heard.NOTHING:
            self._tell(process, fate.after, happened.Unclear(order.client_id, fate.why))
        if fate.arrives is not None:
            if fate.arrives > 4 * SECOND and world.profile.fence is Fence.NONE:
                world.extend(world.now + fate.arrives)
            if fate.heard is not Heard.REFUSAL and self._will_be_in_time(order, fate.arrives):
                self.in_flight[order.client_id] = order
            world.after(fate.arrives, partial(self._arrive, process, process.life, (order, token, fate)))

    def request(self, process: Process, effect: Cancel | LookUp | Query | KeepAlive) -> None:
        """A read, a cancel or a sign of life leaves."""
        if isinstance(effect, Query):
            self._query(process, effect)
        elif isinstance(effect, LookUp):
            self._look_up(process, effect.order.client_id)
        elif isinstance(effect, Cancel):
            self._cancel(process, effect.order.client_id)
        else:
            self._keep_alive(process, effect)

    def push_fill(self, trade: Trade, order: Resting | None) -> None:
        """The private stream tells every running engine of a trade, and of what it left behind."""
        fill = trade.fill
        self._push(Pushed.FILL, lambda _: happened.FillsArrived((fill,)))
        if order is not None:
            self.push_report(order)
        account = fill.account
        venue = self.world.venue

        def balance(received: int) -> Event:
            found = venue.balance(account, self.world.now)
            return happened.BalancePushed(replace(found, received_at=at(received)))

        self._push(Pushed.BALANCE, balance, later=30 * MILLISECOND)

    def push_report(self, order: Resting) -> None:
        """The private stream says what an order is now."""
        report = self.world.venue.report(order, self.world.now)
        self._push(Pushed.REPORT, lambda _: happened.Reported(report))

    def _arrive(self, process: Process, life: int, what: tuple[Order, int, Fate]) -> None:
        order, token, fate = what
        world = self.world
        self.in_flight.pop(order.client_id, None)
        answer: Event
        if fate.heard is Heard.REFUSAL:
            answer = happened.Refused(order.client_id, fate.why)
        else:
            outcome = world.venue.submit(order, world.now)
            if isinstance(outcome, No):
                world.trace("venue", f"refuses {order.client_id}: {outcome.why}")
                answer = happened.Refused(order.client_id, outcome.why)
            else:
                words = f"accepts {order.client_id}: {outcome.report.state}, {outcome.report.filled} filled"
                world.trace("venue", words)
                world.watch.accepted(process, order, token)
                answer = happened.Answered(order.client_id, outcome.report, outcome.fills)
        if fate.heard is not Heard.NOTHING:
            world.after(fate.after, partial(process.deliver, life, answer))

    def _will_be_in_time(self, order: Order, arrives: int) -> bool:
        world = self.world
        return world.profile.fence is Fence.NONE or world.now + arrives <= micros_of(order.fence_at)

    def _query(self, process: Process, query: Query) -> None:
        account, kind, venue = query.account, query.kind, self.world.venue
        asked = process.now

        def positions(spoken_of: int, received: int) -> Event:
            held = () if spoken_of < 0 else venue.read_positions(account, spoken_of)
            stamped = tuple(replace(each, received_at=at(received)) for each in held)
            self.world.watch.read(account, at(asked))
            return happened.PositionsRead(account=account, positions=stamped, asked_at=at(asked))

        def balances(_: int, received: int) -> Event:
            found = replace(venue.balance(account, self.world.now), received_at=at(received))
            return happened.BalancesRead(account=account, balances=(found,), asked_at=at(asked))

        def fills(spoken_of: int, _: int) -> Event:
            since = micros_of(query.since) if query.since else 0
            return happened.FillsArrived(
                venue.fills_since(account, since, spoken_of), swept=account, asked_at=at(asked)
            )

        def open_orders(spoken_of: int, _: int) -> Event:
            return happened.OpenOrdersRead(
                account=account, reports=venue.open_orders(account, spoken_of), asked_at=at(asked)
            )

        def clock(_: int, received: int) -> Event:
            return happened.ClockRead(account, (self.world.now - received) / SECOND)

        made: dict[QueryKind, Reading] = {
            QueryKind.POSITIONS: positions,
            QueryKind.BALANCES: balances,
            QueryKind.FILLS: fills,
            QueryKind.OPEN_ORDERS: open_orders,
            QueryKind.CLOCK: clock,
        }
        self._ask(
            process, Asked(kind.value), made[kind], lambda why: happened.QueryFailed(account, kind, why)
        )

    def _look_up(self, process: Process, client_id: str) -> None:
        asked = at(process.now)

        def found(spoken_of: int, _: int) -> Event:
            known = self.world.venue.find(client_id, spoken_of)
            if isinstance(known, Accepted):
                return happened.Found(client_id, known.report, known.fills)
            return happened.Missing(client_id, asked)

        self._ask(process, Asked.ORDER, found, lambda why: happened.LookUpFailed(client_id, why))

    def _cancel(self, process: Process, client_id: str) -> None:
        self.world.watch.cancelling(client_id)

        def cancelled(_spoken_of: int, _received: int) -> Event:
            return happened.Cancelled(client_id, self.world.venue.cancel(client_id, self.world.now))

        self._ask(process, Asked.CANCEL, cancelled, lambda why: happened.CancelFailed(client_id, why))

    def _keep_alive(self, process: Process, effect: KeepAlive) -> None:
        asked = process.now

        def kept(_spoken_of: int, _received: int) -> Event:
            self.world.venue.keep_alive(effect.seconds, self.world.now)
            until = asked + int(effect.seconds * SECOND)
            return happened.KeptAlive(effect.account, at(until))

        self._ask(process, Asked.KEEP_ALIVE, kept, None)

    def _ask(
        self,
        process: Process,
        what: Asked,
        reading: Reading,
        failed: Callable[[str], Event] | None,
    ) -> None:
        world = self.world
        fate = self._fate_of_read(what)
        if fate.arrives is not None and (what is Asked.CANCEL or fate.heard is Heard.ANSWER):
            world.after(fate.arrives, partial(self._answer, process, process.life, (reading, fate)))
        if fate.heard is not Heard.ANSWER and failed is not None:
            self._tell(process, fate.after, failed(fate.why))

    def _answer(self, process: Process, life: int, what: tuple[Reading, Fate]) -> None:
        """The venue has the request: what it says is of this moment, and reaches the engine later."""
        reading, fate = what
        world = self.world
        spoken_of = -1 if fate.empty else world.now - fate.old
        received = process.now + fate.after
        event = reading(spoken_of, received)
        if fate.heard is Heard.ANSWER:
            world.after(fate.after, partial(process.deliver, life, event))

    def _push(self, what: Pushed, make: Callable[[int], Event], later: int = 0) -> None:
        world = self.world
        for process in world.processes:
            if process.state is None:
                continue
            delays = world.stream_delays(what)
            if delays is None:
                delays = (world.rng.randrange(8, 80) * MILLISECOND + later,)
            for delay in delays:
                world.after(delay, partial(self._pushed, process, process.life, make))

    def _pushed(self, process: Process, life: int, make: Callable[[int], Event]) -> None:
        process.deliver(life, make(process.now))

    def _tell(self, process: Process, delay: int, event: Event) -> None:
        self.world.after(delay, partial(process.deliver, process.life, event))

    def _fate_of_order(self, order: Order) -> Fate:
        world = self.world
        for each in world.active:
            if each.submit is not None:
                fate = each.submit(world.rng, order)
                if fate is not None:
                    world.hit(each)
                    return fate
        return self._usual()

    def _fate_of_read(self, what: Asked) -> Fate:
        world = self.world
        for each in world.active:
            if each.read is not None:
                fate = each.read(world.rng, what)
                if fate is not None:
                    world.hit(each)
                    return fate
        return self._usual()

    def _usual(self) -> Fate:
        rng = self.world.rng
        return Fate(rng.randrange(2, 40) * MILLISECOND, Heard.ANSWER, rng.randrange(2, 40) * MILLISECOND)


def _words(order: Order) -> str:
    side = order.side.name.lower()
    return f"{order.client_id}: {side} {order.amount} at {order.limit_price}, {order.lifetime}"
