"""What an engine wants done: at most one commit a step, then everything else, in order.

The driver carries the commit out first. Where the ledger refuses it, none of the other effects happens and
the state of before stays: nothing leaves that is not durable.
"""

from dataclasses import dataclass
from datetime import datetime

from hedging.core.queries import QueryKind
from hedging.model.trading import CommandState, Decision, Fill, Order, Ticket, TradingStatus


@dataclass(frozen=True, slots=True)
class PutOrder:
    """Store an order's present state."""

    order: Order


@dataclass(frozen=True, slots=True)
class InsertAttempt:
    """Store a new attempt; ``live``: client id and state of every other order that was counted with it.

    The transaction compares them with the ledger's own before it inserts, so that limits are checked on
    what is durable (C7); a difference ends the engine.
    """

    order: Order
    live: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class PutTicket:
    """Store a ticket's present state."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class AddFill:
    """Book a fill that the ledger does not hold."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class NoteConflict:
    """A second report of a booked fill that says something else: it changes nothing and is recorded."""

    fill: Fill


@dataclass(frozen=True, slots=True)
class PutStatus:
    """Change what may be sent, with why and by whom."""

    status: TradingStatus
    why: str
    actor: str


@dataclass(frozen=True, slots=True)
class SettleCommand:
    """Answer a command."""

    key: str
    state: CommandState
    answer: str


@dataclass(frozen=True, slots=True)
class PutInputs:
    """Keep what a proposal was computed from."""

    digest: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A record of something that changed no row; ``body`` has a JSON form."""

    kind: str
    ref: str
    body: object
    actor: str = "engine"


Change = (
    PutOrder
    | InsertAttempt
    | PutTicket
    | AddFill
    | NoteConflict
    | PutStatus
    | SettleCommand
    | PutInputs
    | Note
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One transaction, in this order."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Submit:
    """Send a stored attempt, once; not when a latch is set, its fence has passed or it waited too long."""

    order: Order
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Cancel:
    """Ask the venue to cancel one order of ours."""

    order: Order


@dataclass(frozen=True, slots=True)
class LookUp:
    """Ask the venue once for an order of ours."""

    order: Order


@dataclass(frozen=True, slots=True)
class Query:
    """Read something of an account; ``since`` is for fills."""

    account: str
    kind: QueryKind
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Refresh the venue's dead man's switch: what rests is cancelled ``seconds`` after the last of these."""

    account: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Latch:
    """Set the flag of this process, before anything else is done."""

    why: str


@dataclass(frozen=True, slots=True)
class Unlatch:
    """Take flag and kill file off: two people have resumed."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of one cycle, for the record of runs."""

    decision: Decision


Effect = Commit | Submit | Cancel | LookUp | Query | KeepAlive | Latch | Unlatch | Decided
