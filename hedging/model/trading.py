"""Tickets, orders, fills, commands and who may send: the nouns of the way from drift to trade."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hedging.model.instrument import key
from hedging.units import Side


class TradingState(StrEnum):
    """What may be sent at all."""

    ACTIVE = "active"
    REDUCING = "reducing"
    HALTED = "halted"


class ReducedBy(StrEnum):
    """What put a book into REDUCING, which decides how it comes back."""

    PERSON = "person"  # two people resume
    MARKET = "market"  # it lifts by itself after a quiet while


class AutoMode(StrEnum):
    """Who turns a ticket into orders."""

    OFF = "off"  # a person approves
    SHADOW = "shadow"  # decides and records, never sends
    ARMED = "armed"  # approves by itself, until a time and inside caps


class Role(StrEnum):
    """What a person may do."""

    VIEWER = "viewer"
    TRADER = "trader"
    RISK = "risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoSetting:
    """Automatic mode with who set it, until when, and the caps that end it.

    ``shadow_seconds_seen`` is the shadow time that counts towards arming, counted until ``shadow_counted_at``
    while in shadow. ``tripped_by_use`` is why repeated execution ended it (C8, empty: it did not) and
    ``tripped_armed_by`` who had armed it then; executions before ``repeats_from`` no longer count.
    """

    mode: AutoMode = AutoMode.OFF
    set_by: str = ""
    set_at: datetime | None = None
    until: datetime | None = None
    max_orders: int = 0
    max_turnover_usd: float = 0.0
    orders_used: int = 0
    turnover_used_usd: float = 0.0
    ended_because: str = ""
    shadow_seconds_seen: float = 0.0
    shadow_counted_at: datetime | None = None
    tripped_by_use: str = ""
    tripped_armed_by: str = ""
    repeats_from: datetime | None = None


class TicketState(StrEnum):
    """Life of a proposal."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    EXECUTING = "executing"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One trade of a ticket: ``amount`` in the venue's unit, ``quantity_coin`` the same in coin."""

    account: str
    instrument: str
    side: Side
    amount: Decimal
    amount_unit: str
    quantity_coin: Decimal
    worst_price: Decimal
    reference_price: Decimal
    reduce_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A proposed hedge with frozen inputs.

    Deltas and band in coin of the underlying, cost in USD. ``content_hash`` covers what is approved
    (legs, prices, expiry); ``inputs_hash`` what it was computed from; ``version`` grows with each
    change of state; ``shadow`` says that automatic mode, in shadow, would have sent it.
    """

    id: str
    version: int
    underlying: str
    state: TicketState
    created_at: datetime
    expires_at: datetime
    legs: tuple[Leg, ...]
    delta_before: float
    delta_after: float
    band_lower: float
    band_upper: float
    target: float
    index: float
    cost_usd: float
    numeraire: str
    sentence: str
    reason: str
    inputs_hash: str
    content_hash: str
    shadow: bool = False
    proposed_by: str = "engine"
    decided_by: str = ""
    decided_at: datetime | None = None
    note: str = ""


class Lifetime(StrEnum):
    """What becomes of the part of an order that finds nobody at once."""

    IMMEDIATE = "immediate"  # it ends
    RESTING = "resting"  # it rests in the book


class OrderState(StrEnum):
    """Life of an order, as far as we can prove it."""

    NEW = "new"  # in the ledger, nothing sent
    SENT = "sent"  # the request may have left
    ACKED = "acked"
    PARTIAL = "partial"
    FILLED = "filled"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    UNKNOWN = "unknown"  # left, no parsed answer
    ABSENT = "absent"  # proved that it never arrived
    QUARANTINED = "quarantined"  # inconsistent: needs a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One attempt of one intent: amounts in the venue's unit, prices in the instrument's.

    ``client_id`` is derived from ticket, leg and clip; ``fence_at`` is the time after which the
    venue refuses it; ``not_found_at`` the times at which the venue said it does not know it.
    """

    client_id: str
    ticket_id: str
    leg: int
    clip: int
    account: str
    venue: str
    instrument: str
    underlying: str
    side: Side
    amount: Decimal
    limit_price: Decimal
    reduce_only: bool
    state: OrderState
    created_at: datetime
    fence_at: datetime
    actor: str
    approver: str
    decision_price: Decimal
    venue_id: str = ""
    filled: Decimal = Decimal(0)
    average_price: Decimal | None = None
    sent_at: datetime | None = None
    updated_at: datetime | None = None
    not_found_at: tuple[datetime, ...] = ()
    detail: str = ""
    lifetime: Lifetime = Lifetime.IMMEDIATE

    @property
    def instrument_key(self) -> str:
        """Key of its instrument."""
        return key(self.venue, self.instrument)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One execution as the venue reports it; ``client_id`` is empty for a trade that is not ours."""

    venue: str
    account: str
    trade_id: str
    venue_order_id: str
    client_id: str
    instrument: str
    side: Side
    amount: Decimal
    price: Decimal
    fee: Decimal
    fee_currency: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """What the venue says of one order now; ``state`` is ACKED, PARTIAL, FILLED, CANCELLED or REJECTED."""

    venue_id: str
    client_id: str
    instrument: str
    state: OrderState
    amount: Decimal
    filled: Decimal
    average_price: Decimal | None
    at: datetime
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingStatus:
    """The book's switch: what may be sent, why not, who asked to resume, and automatic mode.

    ``reduced_because``, ``reduced_by`` and ``quiet_since`` (the market has been sane since) are of REDUCING.
    """

    state: TradingState = TradingState.ACTIVE
    halted_because: str = ""
    resume_asked_by: str = ""
    auto: AutoSetting = AutoSetting()
    reduced_because: str = ""
    reduced_by: ReducedBy | None = None
    quiet_since: datetime | None = None


class CommandKind(StrEnum):
    """What a person can ask of the engine."""

    APPROVE = "approve"
    REJECT = "reject"
    AUTO_SHADOW = "auto shadow"
    AUTO_ARM = "auto arm"
    AUTO_OFF = "auto off"
    REDUCE = "reduce"  # only what shrinks may be sent
    HALT = "halt"
    RESUME = "resume"
    RELEASE = "release"  # a person has looked at a quarantined instrument
    PROPOSE_TERMS = "propose terms"
    APPROVE_TERMS = "approve terms"
    REJECT_TERMS = "reject terms"
    WITHDRAW_TERMS = "withdraw terms"


class CommandState(StrEnum):
    """What became of a command."""

    PENDING = "pending"
    DONE = "done"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A person's wish, appended by the app or the command line; the engine alone acts on it.

    ``key`` makes it idempotent: a second command of the same key is the same command.
    ``ref`` and ``ref_version`` name the ticket (or instrument) it speaks of; ``ref_hash`` its content.
    Of terms, ``ref_version`` and ``ref_hash`` are number and content of the version approved, rejected or
    withdrawn, and of a proposal those of the version it changes; ``body`` is its TermsChange as canonical
    JSON.
    """

    key: str
    at: datetime
    user: str
    role: Role
    kind: CommandKind
    ref: str = ""
    ref_version: int = 0
    ref_hash: str = ""
    reason: str = ""
    minutes: int = 0
    max_orders: int = 0
    max_turnover_usd: float = 0.0
    body: str = ""
    state: CommandState = CommandState.PENDING
    answer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A gate's no: which control, why in words, and the numbers it compared."""

    control: str
    reason: str
    value: str = ""
    bound: str = ""


class Outcome(StrEnum):
    """What one cycle decided about one underlying."""

    NOTHING = "nothing"  # inside the band
    PROPOSE = "propose"
    KEEP = "keep"  # a ticket waits or works already
    SUPERSEDE = "supersede"
    BLOCKED = "blocked"  # outside the band, and something forbids acting
    UNVALUED = "unvalued"  # gaps: the delta is not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One step of a decision: the check's name, whether it let through, and why in words."""

    check: str
    passed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What one cycle decided for one underlying, why, and from which inputs."""

    at: datetime
    underlying: str
    outcome: Outcome
    reason: str
    verdicts: tuple[Verdict, ...]
    inputs_hash: str
    delta: float | None
    ticket_id: str = ""
