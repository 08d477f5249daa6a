"""The faults that are on: asked in the order in which they were switched, bounded in time and number.

Chance is drawn from a stream of each fault's own, a function of the seed and the fault's name that begins
anew whenever the fault is switched on: what one fault does never depends on another's being on.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, TypeVar

import numpy as np

from hedging.clock import monotonic_ns
from hedging.errors import BadInput
from hedging.paper.conduct import Conduct
from hedging.paper.faults.base import Between, Fault, Levels, Share, Stage, Undo, check_bounds
from hedging.paper.faults.calls import Call, Fate, Frame, Late, Wire
from hedging.paper.listing import Listing
from hedging.paper.orders import Order
from hedging.paper.params import Params

T = TypeVar("T")
ON_TIME = (0.0,)
NANO = 1_000_000_000


@dataclass(frozen=True)
class Bounds:
    """How long a fault stays on: the next ``times`` it strikes and ``for_seconds``, 0 being without end.

    Of what it could touch it strikes a share of ``chance``.
    """

    times: Annotated[int, Between(0, 1_000_000)] = 0
    for_seconds: Annotated[float, Between(0.0, 86_400.0)] = 0.0
    chance: Share = 1.0

    def __post_init__(self) -> None:
        check_bounds(self)


UNBOUNDED = Bounds()


@dataclass(slots=True)
class Switch:
    """A fault that is on: since when (monotonic ns), how often it struck, what to do when it ends."""

    fault: Fault
    bounds: Bounds
    since_ns: int
    luck: np.random.Generator
    hits: int = 0
    undo: Undo | None = None


@dataclass(order=True, slots=True)
class _Due:
    at_ns: int
    deed: Callable[[], object] = field(compare=False)


class Switchboard(Conduct):
    """Holds the switches and answers for all faults that are on.

    Args:
        seed: of the chance by which faults strike.
        clock: monotonic nanoseconds.
    """

    def __init__(self, seed: int = 0, clock: Callable[[], int] = monotonic_ns) -> None:
        self._seed = seed
        self._clock = clock
        self._on: dict[str, Switch] = {}
        self._hits: dict[str, int] = {}
        self._due: list[_Due] = []
        self.stage: Stage | None = None

    # --- switching -------------------------------------------------------------------------------

    @property
    def on(self) -> list[Fault]:
        """Faults that are on, in the order they were switched."""
        return [switch.fault for switch in self._live()]

    def bounds(self, name: str) -> Bounds:
        """Bounds of a fault that is on, or those that a switch has by default."""
        return self._on[name].bounds if name in self._on else UNBOUNDED

    def hits(self, name: str) -> int:
        """How often a fault has struck since it was last switched on."""
        return self._hits.get(name, 0)

    def left_seconds(self, name: str) -> float | None:
        """How long a fault stays on from now; None where it is off, or on without end."""
        switch = self._on.get(name)
        if switch is None or switch.bounds.for_seconds <= 0:
            return None
        return max(0.0, switch.bounds.for_seconds - (self._clock() - switch.since_ns) / NANO)

    def set(self, fault: Fault, bounds: Bounds = UNBOUNDED) -> None:
        """Switch a fault on, replacing an earlier setting of the same name.

        Raises BadInput or Refused when it cannot act; then it is off.
        """
        self.clear(fault.name)
        luck = np.random.default_rng([self._seed, zlib.crc32(fault.name.encode())])
        switch = Switch(fault, bounds, self._clock(), luck)
        self._hits[fault.name] = 0
        if type(fault).begin is not Fault.begin:
            if self.stage is None:
                raise BadInput(f"the fault {fault.name} needs an exchange to act on")
            switch.undo = fault.begin(self.stage)
            if not fault.lasting:
                self._hits[fault.name] = 1
                return
        self._on[fault.name] = switch

    def clear(self, name: str | None = None) -> None:
        """Switch one fault off, or all. What is under way by then still arrives."""
        for key in [key for key in self._on if name in (None, key)]:
            undo = self._on.pop(key).undo
            if undo is not None:
                undo()

    def tick(self) -> None:
        """Let time pass: end what has had its time, do what is due, look back where a fault needs it."""
        now_ns = self._clock()
        self._live()
        while self._due and self._due[0].at_ns <= now_ns:
            self._due.pop(0).deed()
        if self.stage is None:
            return
        if any(type(switch.fault).age_seconds is not Fault.age_seconds for switch in self._live()):
            self.stage.look_back()
        else:
            self.stage.rear_view.forget()

    def later(self, seconds: float, deed: Callable[[], object]) -> None:
        """Do something after so many seconds, whatever is switched off until then."""
        self._due.append(_Due(self._clock() + int(seconds * NANO), deed))
        self._due.sort()

    # --- calls -----------------------------------------------------------------------------------

    def before(self, call: Call) -> Fate:
        """Fate of a call that has arrived: the first fault that objects decides."""
        return self._first(lambda fault: fault.before(call)) or Wire.PROCEED

    def late(self, call: Call) -> Late | None:
        """How much later a call is carried out."""
        return self._first(lambda fault: fault.late(call))

    def request(self, call: Call) -> Params:
        """Parameters with which a call is carried out."""

        def change(fault: Fault, params: Params) -> Params:
            return fault.request(Call(call.method, params, call.reused))

        return self._through(call.params, change)

    def result(self, call: Call, result: object) -> object:
        """Result as it is told, changed by each fault in turn."""
        return self._through(result, lambda fault, value: fault.result(call, value))

    def after(self, call: Call) -> Fate:
        """Fate of an answer: the first fault that objects decides."""
        return self._first(lambda fault: fault.after(call)) or Wire.PROCEED

    def age_seconds(self, call: Call) -> float | None:
        """How old the state is that a read is answered from; None when it is the present one."""
        return self._first(lambda fault: fault.age_seconds(call))

    # --- messages --------------------------------------------------------------------------------

    def message(self, channel: str, data: object) -> object:
        """Data as it is told on a channel, changed by each fault in turn."""
        return self._through(data, lambda fault, value: fault.message(channel, value))

    def levels(self, name: str, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Depth as the book channels show it."""

        def change(fault: Fault, sides: tuple[Levels, Levels]) -> tuple[Levels, Levels]:
            return fault.levels(name, *sides) or sides

        return self._through((bids, asks), change)

    def delivery(self, frame: Frame) -> tuple[float, ...]:
        """After how many seconds a message leaves, once for each entry; each fault treats every copy."""
        times: tuple[float, ...] = ON_TIME
        for switch in self._live():
            found = switch.fault.delivery(frame, switch.hits)
            if found is not None and self._strikes(switch):
                times = tuple(one + more for one in times for more in found)
        return times

    def freezes(self, channel: str) -> bool:
        """Whether messages of ``channel`` are withheld."""
        return any(fault.freezes(channel) for fault in self.on)

    @property
    def freezes_rest(self) -> bool:
        """Whether REST market data is old."""
        return any(fault.freezes_rest for fault in self.on)

    @property
    def refuses_connections(self) -> bool:
        """Whether websockets are refused."""
        return any(fault.refuses_connections for fault in self.on)

    @property
    def skew_ms(self) -> int:
        """How far the exchange's clock is ahead of the true time."""
        if not self._on:
            return 0
        now_ns = self._clock()
        elapsed = [(item.fault, (now_ns - item.since_ns) / NANO) for item in self._live()]
        return round(1000 * sum(fault.skew_seconds(seconds) for fault, seconds in elapsed))

    # --- orders ----------------------------------------------------------------------------------

    def may_fill(self, order: Order, lot: Decimal) -> Decimal:
        """Least of what the faults let trade."""
        return self._through(order.remaining, lambda fault, most: _least(most, fault.may_fill(order, lot)))

    @property
    def holds_resting(self) -> bool:
        """Whether resting orders wait although the market reaches them."""
        return any(fault.holds_resting for fault in self.on)

    def fills_before_cancel(self, order: Order) -> bool:
        """Whether an open order trades in the instant in which its cancel arrives."""
        return self._first(lambda fault: fault.fills_before_cancel(order) or None) is True

    def ended_unfilled(self, order: Order) -> None:
        """Let the rest of an order trade later all the same, where a fault wants that."""
        seconds = self._first(lambda fault: fault.fills_after_end(order))
        stage = self.stage
        if seconds is not None and stage is not None:
            self.later(seconds, lambda: stage.exchange.fill_anyway(order))

    def fee_currency(self, listing: Listing) -> str:
        """Currency in which the fee of a trade is taken."""
        return self._first(lambda fault: fault.fee_currency(listing)) or listing.settlement_currency

    # --- small parts -----------------------------------------------------------------------------

    def _live(self) -> Iterable[Switch]:
        """Switches that are on, after ending those that have had their time."""
        if not self._on:
            return ()
        now_ns = self._clock()
        for name, switch in list(self._on.items()):
            if 0 < switch.bounds.for_seconds * NANO <= now_ns - switch.since_ns:
                self.clear(name)
        return list(self._on.values())

    def _first(self, ask: Callable[[Fault], T | None]) -> T | None:
        """Answer of the first fault that has one and strikes."""
        for switch in self._live():
            answer = ask(switch.fault)
            if answer is not None and self._strikes(switch):
                return answer
        return None

    def _through(self, value: T, change: Callable[[Fault, T], T]) -> T:
        """The value, changed by each fault in turn; a fault that returns it as it is does not strike."""
        for switch in self._live():
            changed = change(switch.fault, value)
            if changed is not value and self._strikes(switch):
                value = changed
        return value

    def _strikes(self, switch: Switch) -> bool:
        """Whether chance lets it; counted, and the last of its ``times`` ends it."""
        if switch.bounds.chance < 1.0 and switch.luck.random() >= switch.bounds.chance:
            return False
        switch.hits += 1
        self._hits[switch.fault.name] = switch.hits
        if 0 < switch.bounds.times <= switch.hits:
            self.clear(switch.fault.name)
        return True


def _least(most: Decimal, limit: Decimal | None) -> Decimal:
    return most if limit is None or limit >= most else limit
