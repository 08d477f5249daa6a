"""Prices in a wrong unit."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.wrong_prices import PriceFault


@dataclass(frozen=True)
class PriceTimesThousand(PriceFault):
    """Prices in market data are a thousand times too high."""

    name: ClassVar[str] = "price_times_thousand"

    def price(self, price: float) -> float:
        """A thousand times."""
        return 1000.0 * price
