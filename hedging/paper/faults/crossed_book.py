"""A book whose buyers pay more than its sellers ask."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Levels
from hedging.paper.faults.wrong_books import BookFault


@dataclass(frozen=True)
class CrossedBook(BookFault):
    """The best bid stands above the best ask, by as much as it stood below."""

    name: ClassVar[str] = "crossed_book"

    def book(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """The bids moved up by twice the spread, on their tick."""
        if not bids or not asks:
            return bids, asks
        by = 2.0 * (asks[0][0] - bids[0][0])
        return [(round(price + by, 8), amount) for price, amount in bids], asks
