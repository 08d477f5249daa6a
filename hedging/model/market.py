"""What the market shows of one instrument: prices, volatility, and when each was true."""

from dataclasses import dataclass
from datetime import datetime

from hedging.model.exposure import Convention
from hedging.model.instrument import key


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Latest prices of one instrument; a value the venue did not send is None.

    Prices are in the instrument's own price unit (coin for inverse options, USD otherwise),
    ``index`` and ``forward`` in USD, sizes in the venue's amount unit, ``iv`` a fraction,
    ``venue_delta`` Black in coin per unit. ``venue_at`` is the venue's clock, ``received_at`` ours;
    ``touch_received_at`` is when bid and ask last arrived.
    """

    venue: str
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
    def key(self) -> str:
        """Key of the instrument it is of."""
        return key(self.venue, self.instrument)

    @property
    def mid(self) -> float | None:
        """Middle of the touch, where both sides are there and not crossed."""
        if self.bid is None or self.ask is None or self.bid > self.ask:
            return None
        return (self.bid + self.ask) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueGreeks:
    """Greeks of one option as its venue states them, per coin of the underlying, in one convention.

    BLACK: ``delta`` in coin, ``gamma`` coin per USD, ``vega`` and ``theta`` in ``currency`` (dollars).
    PREMIUM_ADJUSTED: of the price in coin, which is ``currency``: ``delta`` in coin, ``gamma`` coin per
    relative move of 1. Vega per 1.00 of volatility, theta per year of 365 days, whatever the venue's own
    scale was. ``iv`` is the mark's, a fraction. ``venue_at`` is None where the answer carried no time.
    """

    instrument: str
    delta: float
    gamma: float
    vega: float
    theta: float
    convention: Convention
    currency: str
    iv: float | None
    forward: float | None
    venue_at: datetime | None
    received_at: datetime
