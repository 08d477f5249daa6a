"""All that one decision may look at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.model.book import Balance, Holding, Position
from hedging.model.market import Quote
from hedging.model.smile import MinimumVarianceFit, NoSmile, SmileSlice


class GapReason(StrEnum):
    """Why a figure is not there."""

    MISSING = "missing"
    STALE = "stale"
    NOT_FINITE = "not finite"
    UNPRICEABLE = "unpriceable"
    UNKNOWN_INSTRUMENT = "unknown instrument"
    UNREACHABLE = "unreachable"
    IMPLAUSIBLE = "implausible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Something that could not be valued; it blocks every automatic order that depends on it.

    ``underlying`` is None where the gap touches the whole book.
    """

    what: str
    reason: GapReason
    detail: str
    underlying: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexThen:
    """Lowest and highest index of an underlying, in USD, around ``at``, when a venue stated something."""

    underlying: str
    at: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Positions, balances and quotes (by instrument key) at one instant, with what is missing.

    ``holdings`` are the currencies of accounts that carry no margin of their own: coins, no money twice.
    ``indices_then``: where the index was another one when balances or positions were read; what the venue
    said of deltas then is compared with ours at that index.
    ``smiles``, ``without_smile`` (expiries that were looked at and have none) and ``minimum_variance`` are of
    the underlyings whose smile rule asks for them alone: no other decision depends on them.
    """

    at: datetime
    positions: tuple[Position, ...]
    balances: tuple[Balance, ...]
    quotes: Mapping[str, Quote]
    gaps: tuple[Gap, ...] = ()
    indices_then: tuple[IndexThen, ...] = ()
    smiles: tuple[SmileSlice, ...] = ()
    without_smile: tuple[NoSmile, ...] = ()
    minimum_variance: tuple[MinimumVarianceFit, ...] = ()
    holdings: tuple[Holding, ...] = ()

    @property
    def equities(self) -> tuple[Balance | Holding, ...]:
        """Every equity in its own currency: what counts as coins of an underlying."""
        return (*self.balances, *self.holdings)
