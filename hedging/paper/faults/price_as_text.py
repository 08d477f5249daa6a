"""Prices that are no numbers but words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.wrong_prices import PriceFault


class Text(StrEnum):
    """What is written."""

    NUMBER = "number"
    WORD = "word"


@dataclass(frozen=True)
class PriceAsText(PriceFault):
    """Prices in market data are text: the number in quotes, or a word (``text``)."""

    name: ClassVar[str] = "price_as_text"
    text: Text = Text.WORD

    def price(self, price: float) -> str:
        """As chosen."""
        return repr(price) if self.text is Text.NUMBER else "n/a"
