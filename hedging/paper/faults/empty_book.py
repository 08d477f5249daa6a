"""A book without anybody."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.base import Levels
from hedging.paper.faults.wrong_books import BookFault


@dataclass(frozen=True)
class EmptyBook(BookFault):
    """Nobody bids and nobody offers: books are empty, best prices 0."""

    name: ClassVar[str] = "empty_book"

    def book(self, bids: Levels, asks: Levels) -> tuple[Levels, Levels]:
        """Nothing."""
        del bids, asks
        return [], []
