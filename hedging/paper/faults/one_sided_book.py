"""A book with one side."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.base import Levels
from hedging.paper.faults.wrong_books import BookFault


class Missing(StrEnum):
    """The side that is gone."""

    BIDS = "bids"
    ASKS = "asks"


@dataclass(frozen=True)
class OneSidedBook(BookFault):
    """One side of every book is empty (``missing``: bids or asks)."""

    name: ClassVar[str] = "one_sided_book"
    missing: Missing = Missing.BIDS

    def book(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Without the chosen side."""
        return ([], asks) if self.missing is Missing.BIDS else (bids, [])
