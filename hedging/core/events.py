"""What may happen to an engine: everything it ever learns reaches it as one of these.

Answers to a query or an order carry what the venue said; that it said nothing is an event of its own, so
that a failure can never be mistaken for an empty answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hedging.core.queries import QueryKind
from hedging.model.book import Balance, Holding, Position
from hedging.model.market import Quote
from hedging.model.rules import Rules
from hedging.model.snapshot import Gap, IndexThen
from hedging.model.trading import Command, CommandKind, Fill, OrderReport, Ticket, TradingStatus
from hedging.risk.smile_shift import Smiles


@dataclass(frozen=True, slots=True)
class Started:
    """The engine came up with what the ledger holds; the venue is asked about all of it."""


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed; whatever was due by now is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The market as it is: quotes by instrument key of all that is held and hedged with. Wakes a decision.

    ``gaps``: what prices could not be used, beside those of positions; ``indices_then`` as in a snapshot;
    ``instrument_troubles``: why nothing may be sent in an instrument, by key.
    """

    quotes: Mapping[str, Quote]
    smiles: Smiles = field(default_factory=Smiles)
    gaps: tuple[Gap, ...] = ()
    indices_then: tuple[IndexThen, ...] = ()
    instrument_troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answered:
    """The venue took an order on and says what became of it at once."""

    client_id: str
    report: OrderReport
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """The venue parsed an order and accepted nothing of it."""

    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class NotSent:
    """The last look before the wire held an order back: no byte of it left."""

    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """An order left and no parsed answer came: it may have been accepted."""

    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Found:
    """A look-up found an order of ours, with its fills so far."""

    client_id: str
    report: OrderReport
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A look-up was answered: the venue does not know the order. ``asked_at``: when it was sent."""

    client_id: str
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class LookUpFailed:
    """A look-up was not answered; ``hopeless`` where asking again will not help."""

    client_id: str
    why: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A cancel was answered: the order's state afterwards, None where the venue knows no such order."""

    client_id: str
    report: OrderReport | None


@dataclass(frozen=True, slots=True)
class CancelFailed:
    """A cancel was refused or not answered: it proves nothing."""

    client_id: str
    why: str


@dataclass(frozen=True, slots=True)
class FillsArrived:
    """Fills from the stream or a sweep, ours and foreign; ``swept`` names the account where all were read."""

    fills: tuple[Fill, ...]
    swept: str = ""
    asked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """The stream says what an order is now."""

    report: OrderReport


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsRead:
    """Every position of an account that is not flat; ``asked_at``: when the query was sent."""

    account: str
    positions: tuple[Position, ...]
    asked_at: datetime
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancesRead:
    """Balances and holdings of an account."""

    account: str
    balances: tuple[Balance, ...]
    asked_at: datetime
    holdings: tuple[Holding, ...] = ()


@dataclass(frozen=True, slots=True)
class BalancePushed:
    """One balance from the stream."""

    balance: Balance


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOrdersRead:
    """Every open order of an account, ours and others'."""

    account: str
    reports: tuple[OrderReport, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class ClockRead:
    """Seconds by which the venue's clock is ahead of ours."""

    account: str
    offset_seconds: float


@dataclass(frozen=True, slots=True)
class QueryFailed:
    """A query of an account was not answered; what was known before only grows old."""

    account: str
    kind: QueryKind
    why: str


@dataclass(frozen=True, slots=True)
class KeptAlive:
    """The venue will cancel what rests of an account at ``until`` unless it hears of us again."""

    account: str
    until: datetime


@dataclass(frozen=True, slots=True)
class LeaseHeld:
    """The lease on the book runs until ``until``: no order may be accepted after it."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A person's command waits."""

    command: Command


@dataclass(frozen=True, slots=True)
class Latched:
    """Reasons of the kill latches that are set outside the ledger; none: both are off."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wished:
    """Somebody asked, without the ledger, for something milder than a halt: REDUCE or AUTO_OFF."""

    kind: CommandKind
    user: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsTaken:
    """Other terms are in force; what was stored with them: tickets that closed, the status."""

    rules: Rules
    status: TradingStatus
    closed: tuple[Ticket, ...] = ()


Event = (
    Started
    | Ticked
    | Looked
    | Answered
    | Refused
    | NotSent
    | Unclear
    | Found
    | Missing
    | LookUpFailed
    | Cancelled
    | CancelFailed
    | FillsArrived
    | Reported
    | PositionsRead
    | BalancesRead
    | BalancePushed
    | OpenOrdersRead
    | ClockRead
    | QueryFailed
    | KeptAlive
    | LeaseHeld
    | Asked
    | Latched
    | Wished
    | TermsTaken
)
