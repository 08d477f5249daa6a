"""The resting orders of one instrument: what a size would trade at."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PriceLevel:
    """A price, in the instrument's own price unit, and the size resting there, in the venue's amount unit."""

    price: float
    size: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderBook:
    """The whole of a book as a venue sent it: ``bids`` from the highest, ``asks`` from the lowest.

    At least one side has a level, and the sides do not cross. ``sequence`` is the venue's number of this
    state, None where it counts none; ``venue_at`` is the venue's clock, ``received_at`` ours.
    """

    venue: str
    instrument: str
    bids: tuple[PriceLevel, ...]
    asks: tuple[PriceLevel, ...]
    sequence: int | None
    venue_at: datetime
    received_at: datetime
