"""The simulated crowd's depth: books around a fair price, wider and thinner the more stressed the market is.

A level at a given price keeps its amount for a while, so that one book differs from the next in some levels
only, as a real one does. Everything is a function of the instrument's key, the time and the fair price.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hedging.paper.listing import Listing, ListingKind, SettlementPeriod
from hedging.paper.market_hash import uniform_pairs
from hedging.paper.market_nouns import Level, SyntheticBook
from hedging.paper.market_ticks import TickLadder, decimals
from hedging.paper.process import SECOND_NS

MILLISECOND_NS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """Shape of the books of one sort of instrument in a calm market.

    ``half_spread`` as a fraction of the price; ``stressed_spread`` what full stress adds to it; ``ticks`` a
    fixed part in ticks; ``density`` occupied levels per tick; ``coins`` mean amount of a level in coin;
    ``period_ns`` between refreshes; ``life_ns`` of a level's amount.
    """

    half_spread: float
    stressed_spread: float
    ticks: float
    density: float
    coins: float
    period_ns: int
    life_ns: int
    levels: int = 25


_PERPETUAL = Depth(
    half_spread=0.0,
    stressed_spread=3e-4,
    ticks=0.2,
    density=0.5,
    coins=1.2,
    period_ns=200 * MILLISECOND_NS,
    life_ns=3 * SECOND_NS,
)
_LINEAR_PERPETUAL = Depth(
    half_spread=0.5e-5,
    stressed_spread=4e-4,
    ticks=0.2,
    density=0.6,
    coins=0.4,
    period_ns=200 * MILLISECOND_NS,
    life_ns=3 * SECOND_NS,
)
_SPOT = Depth(
    half_spread=2e-5,
    stressed_spread=4e-4,
    ticks=0.2,
    density=0.5,
    coins=0.15,
    period_ns=400 * MILLISECOND_NS,
    life_ns=4 * SECOND_NS,
)
_FUTURE = Depth(
    half_spread=4e-5,
    stressed_spread=8e-4,
    ticks=0.5,
    density=0.25,
    coins=0.35,
    period_ns=400 * MILLISECOND_NS,
    life_ns=6 * SECOND_NS,
)
_OPTION = Depth(
    half_spread=0.003,
    stressed_spread=0.02,
    ticks=0.5,
    density=0.7,
    coins=6.0,
    period_ns=SECOND_NS,
    life_ns=20 * SECOND_NS,
    levels=22,
)
_FAR_OPTION_PERIOD_NS = 2 * SECOND_NS
_OPTION_VOLATILITY_SPREAD = 0.004  # half of it, calm, in volatility
_COIN_SCALE = {"BTC": 1.0, "ETH": 15.0}  # an ETH level holds this many times the coins of a BTC one
_LINEAR_OPTION_SHARE = 0.3
_LIFE_STAGGER_NS = 777_767_777  # so that the levels of a book change one after another
_SIDES = np.array([[0], [1]])
_STRESS_THINS_AMOUNT = 0.85
_STRESS_THINS_LEVELS = 6.0
_STRESS_WIDENS_OPTIONS = 4.0


class Fair(NamedTuple):
    """What a book is built around: price, its change per 1.00 of volatility (options), stress 0 … 1."""

    price: float
    vega: float
    stress: float


class BookMaker:
    """Builds the books of one instrument.

    Args:
        listing: the instrument.
        stream: key of its random numbers.
    """

    def __init__(self, listing: Listing, stream: int) -> None:
        self.listing = listing
        self.ladder = TickLadder.of(listing)
        self._stream = stream
        self._depth = _depth(listing)
        option_far = (
            listing.kind is ListingKind.OPTION and listing.settlement_period is SettlementPeriod.MONTH
        )
        self.period_ns = _FAR_OPTION_PERIOD_NS if option_far else self._depth.period_ns
        slots = self.period_ns // (100 * MILLISECOND_NS)
        self.phase_ns = (stream % slots) * 100 * MILLISECOND_NS
        self._lot_decimals = decimals(listing.min_trade_amount)

    def refreshed_ns(self, at_ns: int) -> int:
        """Time of the last refresh on the instrument's own grid, at or before ``at_ns``."""
        return (at_ns - self.phase_ns) // self.period_ns * self.period_ns + self.phase_ns

    def book(self, fair: Fair, at_ns: int, sequence: int) -> SyntheticBook:
        """The book as refreshed at ``at_ns`` around ``fair``."""
        depth = self._depth
        density = depth.density / (1.0 + _STRESS_THINS_LEVELS * fair.stress)
        away = np.arange(math.ceil(depth.levels / density), dtype=np.int64)
        bid, ask = self.touch(fair)
        rungs = np.stack((bid - away, ask + away))
        age = (at_ns + rungs * _LIFE_STAGGER_NS % depth.life_ns) // depth.life_ns
        chosen, luck = uniform_pairs(self._stream, (rungs * 2 + _SIDES) * 1_000_003 + age)
        chosen[:, 0] = -1.0  # the touch is always there
        chosen[0, rungs[0] < 1] = 2.0  # nobody bids less than one tick
        kept = np.sort(chosen.argsort(axis=1)[:, : depth.levels], axis=1)
        rungs = np.take_along_axis(rungs, kept, axis=1)
        sizes = self._sizes(np.take_along_axis(luck, kept, axis=1), kept / len(away), fair)
        real = int((rungs[0] >= 1).sum())
        prices = self.ladder.prices(rungs)
        return SyntheticBook(
            bids=tuple(map(Level, prices[0, :real].tolist(), sizes[0, :real].tolist())),
            asks=tuple(map(Level, prices[1].tolist(), sizes[1].tolist())),
            sequence=sequence,
        )

    def touch(self, fair: Fair) -> tuple[int, int]:
        """Rungs of the best bid and ask; a bid below rung 1 means that nobody bids."""
        half = self.half_spread(fair)
        bid = self.ladder.floor(fair.price - half)
        return bid, max(self.ladder.ceil(fair.price + half), bid + 1, 1)

    def half_spread(self, fair: Fair) -> float:
        """Half the distance between the crowd's bid and ask, in the instrument's unit of price."""
        depth = self._depth
        tick = self.ladder.tick(fair.price)
        if self.listing.kind is ListingKind.OPTION:
            calm = _OPTION_VOLATILITY_SPREAD * fair.vega + depth.half_spread * fair.price + depth.ticks * tick
            return calm * (
                1.0 + _STRESS_WIDENS_OPTIONS * fair.stress
            ) + depth.stressed_spread * fair.stress * (fair.price)
        share = depth.half_spread + depth.stressed_spread * fair.stress
        return depth.ticks * tick + share * fair.price

    def amount(self, coins: NDArray[np.float64], price: float) -> NDArray[np.float64]:
        """Amounts in the venue's unit, whole lots and at least one, for sizes in coin."""
        inverse_future = self.listing.inverse and self.listing.kind is not ListingKind.OPTION
        lot = self.listing.min_trade_amount
        lots = np.maximum(1.0, np.round(coins * (price if inverse_future else 1.0) / lot))
        rounded: NDArray[np.float64] = np.round(lots * lot, self._lot_decimals)
        return rounded

    @property
    def typical_coins(self) -> float:
        """Mean size of a level in coin, calm."""
        linear_option = self.listing.kind is ListingKind.OPTION and not self.listing.inverse
        share = _LINEAR_OPTION_SHARE if linear_option else 1.0
        return self._depth.coins * _COIN_SCALE[self.listing.underlying] * share

    def _sizes(
        self, luck: NDArray[np.float64], distance: NDArray[np.float64], fair: Fair
    ) -> NDArray[np.float64]:
        """Amounts that grow with the distance from the touch (0 … 1) and scatter exponentially.

        Distance, stress and price enter in coarse steps: an amount should not change with every tick.
        """
        growth = 0.6 + 1.2 * np.floor(4.0 * distance) / 4.0
        thinned = 1.0 - _STRESS_THINS_AMOUNT * round(fair.stress, 1)
        coins = self.typical_coins * thinned * growth * (0.2 - 0.8 * np.log(luck))
        return self.amount(coins, float(f"{fair.price:.1e}"))


def _depth(listing: Listing) -> Depth:
    if listing.kind is ListingKind.PERPETUAL:
        return _PERPETUAL if listing.inverse else _LINEAR_PERPETUAL
    return {ListingKind.SPOT: _SPOT, ListingKind.FUTURE: _FUTURE, ListingKind.OPTION: _OPTION}[listing.kind]
