"""What the invariants look at: one small record for each kind of simulated event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedging.core.effects import Change
from hedging.core.state import State
from hedging.drill.store import Rows
from hedging.drill.venue import Resting, Trade
from hedging.model.instrument import Instrument
from hedging.model.rules import UnderlyingRules
from hedging.model.trading import Fill, Order
from hedging.model.venue_profile import VenueProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An order's first byte leaves.

    ``row`` is what is durable of it; ``killed_for``: seconds since a kill latch was set, None where none is;
    ``thawed``: the process was frozen between its last look and this instant; ``index`` is the true one.
    ``known``: coins of delta by the engine's own positions and fills, None where it has not read them.
    ``others``: own orders of the instrument that work at the exchange, or are on their way and in time.
    ``unwritten``: the ledger refused a write of this process before. ``started_at``: when this life of it
    began, by its clock; ``orders``: every attempt in the ledger.
    """

    order: Order
    row: Order | None
    state: State
    now: datetime
    instrument: Instrument
    index: float
    killed_for: float | None
    thawed: bool
    times: int
    others: tuple[str, ...]
    known: float | None
    item: UnderlyingRules
    unwritten: bool
    started_at: datetime
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The exchange accepted an order; ``count`` under its id; ``token`` of its sender, ``newest`` of all."""

    order: Order
    count: int
    token: int
    newest: int
    profile: VenueProfile


@dataclass(frozen=True, slots=True, kw_only=True)
class Traded:
    """A trade of ours; ``after``: coins of delta then; ``allowance``: what came from outside lately."""

    order: Order
    fill: Fill
    after: float
    lot: float
    allowance: float
    item: UnderlyingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A commit became durable; ``held``: true coins in the hedge; ``allowance`` as in Traded."""

    changes: tuple[Change, ...]
    before: Rows
    after: Rows
    now: datetime
    held: float
    coin: float
    allowance: float
    item: UnderlyingRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """An engine has valued the book anew; ``reads``: when positions were asked for that were answered."""

    state: State
    now: datetime
    reads: Mapping[str, frozenset[datetime]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The schedule is over, a quiet minute after its last fault.

    ``state`` is of the engine that holds the lease, None where none does; ``positions``: what the exchange
    has, by account. ``losing``: the ledger was restored from a backup. ``delta`` in coin; ``moved``: seconds
    since something outside moved it. ``tradable``: the hedge has neither expired nor been delisted.
    """

    rows: Rows
    state: State | None
    orders: tuple[Resting, ...]
    trades: tuple[Trade, ...]
    positions: Mapping[str, Mapping[str, Decimal]]
    profile: VenueProfile
    losing: bool
    delta: float
    lot: float
    moved: float
    item: UnderlyingRules
    now: datetime
    tradable: bool = True
