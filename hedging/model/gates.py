"""What the pre-trade checks read beside the book, and what they show of themselves on screen."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hedging.units import Side


class BoundKind(StrEnum):
    """On which side of its bound a figure is allowed."""

    MOST = "at most"
    LEAST = "at least"


OF_THE_ORDER = "each order's own"  # a reading's value where only an order brings the figure


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure a gate compares: what is used now, the bound, and the unit of both; None is not known.

    A value in words under a bound in words must equal it; OF_THE_ORDER is what each order brings.
    """

    name: str
    value: float | str | None
    bound: float | str | None
    unit: str = ""
    kind: BoundKind = BoundKind.MOST


@dataclass(frozen=True, slots=True)
class Executed:
    """A fill of ours in one instrument: when, and at which price in the instrument's unit (C3)."""

    at: datetime
    price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AutomaticExecution:
    """One order that automatic mode sent (C8).

    ``instrument`` is its key; ``usd`` what it traded, or may have; ``target_usd`` what its ticket set out to
    trade in all. Orders of one ticket are one execution of the strategy.
    """

    ticket_id: str
    at: datetime
    instrument: str
    side: Side
    usd: float
    target_usd: float


class TroubleKind(StrEnum):
    """What keeps a venue from being traded at."""

    DOWN = "down"
    NO_ACCESS = "no access"  # the key was refused, expired or lost a permission
    MAINTENANCE = "maintenance"
    LOCKED = "locked"  # settlement, or the account


@dataclass(frozen=True, slots=True)
class VenueTrouble:
    """Why nothing may be sent to a venue, in kind and in words."""

    kind: TroubleKind
    why: str


@dataclass(frozen=True, slots=True)
class IndexAt:
    """An index price in USD and when it was received."""

    at: datetime
    price: float
