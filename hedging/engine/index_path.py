"""Where the index of each underlying was in the last seconds: what a venue said then is compared at it."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from hedging.model.snapshot import IndexThen

KEPT = timedelta(seconds=40)  # balances older than that are a gap
AROUND = timedelta(seconds=0.5)  # a statement and a price of one instant arrive this far apart at most
SAME = 2e-4  # of the index: no delta is off for less
PRUNED = 1_000  # prices, after which the old ones are looked for


class IndexPath:
    """Index prices by underlying as they arrived, each kept from when it changed."""

    def __init__(self) -> None:
        self._times: dict[str, list[datetime]] = {}
        self._prices: dict[str, list[float]] = {}

    def add(self, underlying: str, at: datetime, price: float) -> None:
        """Note a price, in USD; one from before the last noted is left out."""
        times, prices = self._times.setdefault(underlying, []), self._prices.setdefault(underlying, [])
        if prices and (prices[-1] == price or at < times[-1]):
            return
        times.append(at)
        prices.append(price)
        if len(times) > PRUNED:
            old = max(0, bisect_right(times, at - KEPT) - 1)
            del times[:old], prices[:old]

    def then(self, instants: Iterable[datetime]) -> Iterator[IndexThen]:
        """Lowest and highest price around each instant, where one of them is not the present price.

        Nothing is said of an instant before the oldest price that is known.
        """
        for at in sorted(set(instants)):
            for underlying, times in self._times.items():
                if at + AROUND < times[0]:
                    continue
                prices = self._prices[underlying]
                first = max(0, bisect_left(times, at - AROUND) - 1)
                seen = prices[first : max(first + 1, bisect_right(times, at + AROUND))]
                low, high, now = min(seen), max(seen), prices[-1]
                if max(now - low, high - now) > SAME * now:
                    yield IndexThen(underlying=underlying, at=at, low=low, high=high)
