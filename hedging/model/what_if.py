"""What a person changed in a book that is not held, the shocks beside it, and hourly closes."""

from dataclasses import dataclass
from datetime import datetime

from hedging.model.instrument import OptionKind, Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionTerms:
    """An option that need not be held: what makes it, and the volatility (a fraction) it is valued with.

    ``vol_from`` says in words where the volatility is from.
    """

    expiry: datetime
    strike: float
    kind: OptionKind
    settlement: Settlement
    vol: float
    vol_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """The amount (venue's unit, signed) that an account holds of an instrument instead of what it holds.

    ``instrument`` is the key, venue and name. ``option`` is given where the book does not know it.
    """

    underlying: str
    account: str
    instrument: str
    amount: float
    expiry: datetime | None = None
    option: OptionTerms | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedScenario:
    """Changes of a book and the shocks it was looked at under, by name; nothing acts on it.

    ``reach``: fractions of the spot and of volatility (as ``vol_shift`` says, by its value) to either
    side; ``days``: the time step's name on the screen's own scale.
    """

    name: str
    author: str
    at: datetime
    underlying: str
    changes: tuple[Change, ...]
    spot_reach: float
    vol_reach: float
    vol_shift: str
    days: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Last price in USD of one hour of one instrument (its key); ``at`` is the end of that hour."""

    instrument: str
    at: datetime
    price: float
