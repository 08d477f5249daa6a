"""What the market shows of one instrument: prices, volatility, and when each was true."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Latest prices of one instrument; a value the venue did not send is None.

    Prices are in the instrument's own price unit (coin for inverse options, USD otherwise),
    ``index`` and ``forward`` in USD, sizes in the venue's amount unit, ``iv`` a fraction,
    ``venue_delta`` Black in coin per unit. ``venue_at`` is the venue's clock, ``received_at`` ours;
    ``touch_received_at`` is when bid and ask last arrived.
    """

    instrument: str
    bid: float | None
    ask: float | None
    bid_size: float | None
    ask_size: float | None
    mark: float | None
    index: float | None
    forward: float | None
    iv: float | None
    venue_delta: float | None
    venue_at: datetime
    received_at: datetime
    touch_received_at: datetime

    @property
    def mid(self) -> float | None:
        """Middle of the touch, where both sides are there and not crossed."""
        if self.bid is None or self.ask is None or self.bid > self.ask:
            return None
        return (self.bid + self.ask) / 2
