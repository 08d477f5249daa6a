"""Depth that is not there when it is reached for."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from hedging.errors import BadInput
from hedging.paper.faults.base import Fault


@dataclass(frozen=True)
class PartialFills(Fault):
    """Only ``share`` of an order trades; the rest stays in the book, or is cancelled if it may not rest."""

    name: ClassVar[str] = "partial_fills"
    share: float = 0.4

    def __post_init__(self) -> None:
        if not 0.0 <= self.share <= 1.0:
            raise BadInput(f"the share {self.share} is not between 0 and 1")

    @property
    def fill_share(self) -> Decimal:
        """As chosen."""
        return Decimal(str(self.share))
