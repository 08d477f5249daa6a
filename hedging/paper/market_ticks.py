"""An instrument's grid of prices, counted in rungs: rung 0 is price 0, the next rung one tick higher."""

import math
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from hedging.paper.listing import Listing

_SLACK = 1e-7  # of a tick: a price this close to a rung is on it


@dataclass(frozen=True, slots=True)
class TickLadder:
    """Prices on the grid; segment i starts at ``starts[i]`` (rung ``rungs[i]``) with tick ``ticks[i]``."""

    starts: tuple[float, ...]
    ticks: tuple[float, ...]
    rungs: tuple[int, ...]
    decimals: int

    @classmethod
    def of(cls, listing: Listing) -> "TickLadder":
        """Ladder of an instrument: its tick, then the steps above their prices.

        >>> from hedging.paper.listing import listings
        >>> rows = listings(1_795_361_400 * 10**9, {"BTC": 103_400.0, "ETH": 3_420.0})
        >>> option = next(row for row in rows if row.name == "BTC-27NOV26-100000-C")
        >>> TickLadder.of(option).prices(np.array([49, 50, 51])).tolist()
        [0.0049, 0.005, 0.0055]
        """
        return _ladder(listing.tick_size, listing.tick_size_steps)

    def floor(self, price: float) -> int:
        """Highest rung at or below ``price``; negative below zero."""
        return math.floor(self._position(price) + _SLACK)

    def ceil(self, price: float) -> int:
        """Lowest rung at or above ``price``."""
        return math.ceil(self._position(price) - _SLACK)

    def holds(self, price: float) -> bool:
        """Whether ``price`` lies on the grid."""
        return self.floor(price) == self.ceil(price)

    def tick(self, price: float) -> float:
        """Tick that applies to the next price above ``price``."""
        return self.ticks[self._segment(price)]

    def prices(self, rungs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Prices of the given rungs, as the decimal numbers they are written as."""
        raw: NDArray[np.float64] = rungs.astype(np.float64) * self.ticks[0]
        for start, tick, first in zip(self.starts[1:], self.ticks[1:], self.rungs[1:], strict=True):
            raw = np.where(rungs >= first, start + (rungs - first) * tick, raw)
        rounded: NDArray[np.float64] = raw.round(self.decimals)
        return rounded

    def _segment(self, price: float) -> int:
        return max(0, sum(price >= start * (1 - 1e-12) for start in self.starts) - 1)

    def _position(self, price: float) -> float:
        at = self._segment(price)
        return self.rungs[at] + (price - self.starts[at]) / self.ticks[at]


@cache
def _ladder(tick_size: float, steps: tuple[tuple[float, float], ...]) -> TickLadder:
    starts, ticks, rungs = [0.0], [tick_size], [0]
    for above, tick in steps:
        rungs.append(rungs[-1] + round((above - starts[-1]) / ticks[-1]))
        starts.append(above)
        ticks.append(tick)
    return TickLadder(tuple(starts), tuple(ticks), tuple(rungs), max(map(decimals, (*ticks, *starts))))


def decimals(number: float) -> int:
    """Decimal places a number is written with.

    >>> decimals(0.0005), decimals(10.0)
    (4, 0)
    """
    return max(0, -int(Decimal(str(number)).normalize().as_tuple().exponent))
