"""Prices that are no numbers."""

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from hedging.paper.faults.wrong_prices import PriceFault


@dataclass(frozen=True)
class PriceNan(PriceFault):
    """Prices in market data are NaN, written as such."""

    name: ClassVar[str] = "price_nan"

    def price(self, price: float) -> msgspec.Raw:
        """As Python writes and reads it; not JSON."""
        del price
        return msgspec.Raw(b"NaN")
