"""Prices that nobody can ask for."""

from dataclasses import dataclass
from typing import ClassVar

from hedging.paper.faults.wrong_prices import PriceFault


@dataclass(frozen=True)
class PriceOffTick(PriceFault):
    """Prices in market data lie between the ticks."""

    name: ClassVar[str] = "price_off_tick"

    def price(self, price: float) -> float:
        """A little higher, by less than any tick."""
        return price + (0.123 if price >= 10.0 else 0.0000123)
