"""The simulated market: one object that answers every question about prices at its simulated time."""

import math
from collections.abc import Mapping, Sequence

from hedging.errors import BadInput
from hedging.paper.listing import Listing, ListingKind, listings
from hedging.paper.market_nouns import (
    Candle,
    DeliveryPrice,
    Funding,
    Level,
    Mark,
    Print,
    SyntheticBook,
    VolatilityPoint,
)

__all__ = [
    "Candle",
    "DeliveryPrice",
    "Funding",
    "Level",
    "Mark",
    "Market",
    "Print",
    "SyntheticBook",
    "VolatilityPoint",
]

START_SPOT = {"BTC": 103_400.0, "ETH": 3_420.0}


class Market:
    """Skeleton: constant prices behind the final signatures."""

    def __init__(self, seed: int, start_ns: int, liveliness: float = 1.0) -> None:
        self._seed = seed
        self._liveliness = liveliness
        self._spot = dict(START_SPOT)
        self.now_ns = start_ns
        self.listings: Mapping[str, Listing] = {row.name: row for row in listings(start_ns, START_SPOT)}
        self.expired: Mapping[str, Listing] = {}

    def advance(self, to_ns: int) -> None:
        """Move simulated time forward to ``to_ns``."""
        self.now_ns = to_ns

    def index(self, index_name: str) -> float:
        """Index price in USD (or USDC)."""
        return self._spot[index_name.split("_", maxsplit=1)[0].upper()]

    def settlement_index(self, index_name: str) -> float:
        """Average of the index since 07:30 UTC while inside the settlement half hour, else the index."""
        return self.index(index_name)

    def delivery_prices(self, index_name: str) -> list[DeliveryPrice]:
        """Delivery prices so far, newest first."""
        del index_name
        return []

    def mark(self, name: str) -> Mark:
        """Mark of one listed instrument."""
        listing = self._listing(name)
        spot = self._spot[listing.underlying]
        if listing.kind is not ListingKind.OPTION:
            return Mark(name, spot, spot, spot, listing.index_name, delta=1.0)
        coin = 0.05
        price = coin if listing.inverse else coin * spot
        return Mark(
            name, price, spot, spot, "SYN." + name.rsplit("-", 2)[0], 0.6, 0.0, 0.5, 1e-5, 100.0, -50.0, 20.0
        )

    def marks(self, names: Sequence[str]) -> list[Mark]:
        """Marks of many listed instruments, in the order of ``names``."""
        return [self.mark(name) for name in names]

    def funding(self, name: str) -> Funding:
        """Funding of a perpetual now."""
        self._listing(name)
        return Funding(0.0, 0.0, 0.0)

    def funding_rate_value(self, name: str, start_ns: int, end_ns: int) -> float:
        """Funding accrued by a perpetual between two times, as a fraction of notional."""
        del start_ns, end_ns
        self._listing(name)
        return 0.0

    def historical_volatility(self, underlying: str) -> list[VolatilityPoint]:
        """Hourly realised volatility in percent."""
        del underlying
        return [VolatilityPoint(self.now_ns // 1_000_000, 60.0)]

    def candles(self, name: str, start_ns: int, end_ns: int, resolution_minutes: int) -> list[Candle]:
        """Bars of one instrument."""
        del name, start_ns, end_ns, resolution_minutes
        return []

    def book(self, name: str) -> SyntheticBook:
        """Synthetic depth of one instrument."""
        listing = self._listing(name)
        tick = listing.tick_size_steps[-1][1] if listing.tick_size_steps else listing.tick_size
        middle = round(self.mark(name).mark_price / tick)
        amount = listing.min_trade_amount * 1000
        return SyntheticBook(
            tuple(Level(round((middle - 1 - rung) * tick, 6), amount) for rung in range(25)),
            tuple(Level(round((middle + 1 + rung) * tick, 6), amount) for rung in range(25)),
            self.now_ns // 1000,
        )

    def changed(self, since_ns: int) -> set[str]:
        """Names whose book was refreshed in (since, now]."""
        return set(self.listings) if self.now_ns > since_ns else set()

    def prints(self, since_ns: int) -> list[Print]:
        """Public trades in (since, now], oldest first; at most the last minute."""
        del since_ns
        return []

    def stress(self, underlying: str) -> float:
        """Stress of the market from 0 (calm) to 1."""
        del underlying
        return 0.0

    def price_shock(self, underlying: str, relative: float) -> None:
        """Move index, spot, forwards and perpetual of one underlying at once."""
        if not math.isfinite(relative) or relative <= -1.0:
            raise BadInput(f"a price shock of {relative}: give a fraction above -1, such as -0.08")
        self._spot[underlying] *= 1.0 + relative

    def vol_shock(self, underlying: str, absolute: float) -> None:
        """Move the implied volatility of one underlying in parallel."""
        del underlying, absolute

    def _listing(self, name: str) -> Listing:
        if name not in self.listings:
            raise BadInput(f"{name!r} is not listed now")
        return self.listings[name]
