"""Public trades between others: random, at the touch, and the same whenever they are asked for."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from hedging.paper.liquidity import BookMaker
from hedging.paper.listing import ListingKind
from hedging.paper.market_hash import key, uniforms
from hedging.paper.market_nouns import Print, SyntheticBook
from hedging.paper.process import MINUTE_NS, SECOND_NS
from hedging.units import Side

_PER_SECOND = {
    ListingKind.PERPETUAL: 0.6,
    ListingKind.SPOT: 0.1,
    ListingKind.FUTURE: 0.04,
    ListingKind.OPTION: 0.001,
}
BookAt = Callable[[str, int], SyntheticBook]


class Tape:
    """Draws the prints of the given instruments, at most one a second each."""

    def __init__(self, seed: int, makers: Sequence[BookMaker]) -> None:
        self._stream = key(seed, "prints")
        self._makers = makers
        self._ids = np.array(
            [key(seed, "prints", maker.listing.name) >> 2 for maker in makers], dtype=np.int64
        )
        self._rates: NDArray[np.float64] = np.array([_PER_SECOND[maker.listing.kind] for maker in makers])

    def prints(self, since_ns: int, until_ns: int, book_at: BookAt) -> list[Print]:
        """Prints in (since, until], oldest first, but of the last minute only."""
        since_ns = max(since_ns, until_ns - MINUTE_NS)
        found = []
        for second in range(since_ns // SECOND_NS, until_ns // SECOND_NS + 1):
            for row in np.flatnonzero(uniforms(self._stream, self._ids + second) < self._rates).tolist():
                at_ns = second * SECOND_NS + int(self._luck(row, second, 1) * SECOND_NS)
                if since_ns < at_ns <= until_ns:
                    found += self._print(row, second, at_ns, book_at)
        return sorted(found, key=lambda one: (one.time_ns, one.name))

    def _luck(self, row: int, second: int, purpose: int) -> float:
        number = np.array([self._ids[row] + second])
        return float(uniforms(self._stream ^ (0x1000193 * purpose), number)[0])

    def _print(self, row: int, second: int, at_ns: int, book_at: BookAt) -> list[Print]:
        """The print, or none where nobody quotes on the side that would be hit."""
        maker = self._makers[row]
        side = Side.BUY if self._luck(row, second, 2) < 0.5 else Side.SELL
        book = book_at(maker.listing.name, at_ns)
        levels = book.asks if side is Side.BUY else book.bids
        if not levels:
            return []
        wanted = maker.typical_coins * 0.3 * -math.log(self._luck(row, second, 3))
        amount = float(maker.amount(np.array([wanted]), levels[0].price)[0])
        return [Print(maker.listing.name, at_ns, levels[0].price, min(amount, levels[0].amount), side)]
