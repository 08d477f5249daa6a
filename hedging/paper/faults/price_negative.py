"""Prices below nothing."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.wrong_prices import PriceFault


@dataclass(frozen=True)
class PriceNegative(PriceFault):
    """Prices in market data are negative."""

    name: ClassVar[str] = "price_negative"

    def price(self, price: float) -> float:
        """The same below zero."""
        return -price
