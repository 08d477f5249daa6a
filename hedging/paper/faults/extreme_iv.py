"""Volatilities that nobody trades at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

from hedging.paper.faults.base import Between
from hedging.paper.faults.wrong_prices import MarketDataFault

_KEYS = frozenset({"mark_iv", "bid_iv", "ask_iv"})


@dataclass(frozen=True)
class ExtremeIv(MarketDataFault):
    """Every implied volatility is stated as ``level`` percent, 0 to 500; prices stay."""

    name: ClassVar[str] = "extreme_iv"
    level: Annotated[float, Between(0.0, 500.0)] = 500.0

    def row(self, row: Mapping[str, object]) -> Mapping[str, object]:
        """Where there is one."""
        if "mark_iv" not in row:
            return row
        return {key: self.level if key in _KEYS else value for key, value in row.items()}
