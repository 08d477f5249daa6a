"""Prices of nothing."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.wrong_prices import PriceFault


@dataclass(frozen=True)
class PriceZero(PriceFault):
    """Prices in market data are 0."""

    name: ClassVar[str] = "price_zero"

    def price(self, price: float) -> float:
        """Nothing."""
        del price
        return 0.0
