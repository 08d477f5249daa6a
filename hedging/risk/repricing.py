"""Sums of a netted book's coins, dollars and Greeks at other spots, volatilities and times.

Works on whole rows of spots in place, in chunks that stay in the processor's cache.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from hedging.pricing.black76 import CHUNK, ROOT_TWO_PI, log_moneyness
from hedging.risk.fast_normal import LOWEST_EXPONENT, NODES, NormalRoom
from hedging.risk.netting import FloatArray, NettedFutures, NettedOptions, unfixed_share

DAYS_PER_YEAR = 365.0
LEAST_TOTAL = 1e-12  # σ√T below which an option is its intrinsic value


class Sums(NamedTuple):
    """Sums over part of the book, per spot.

    Coins gained (inverse) and dollars gained (linear); net transaction delta in coin of what is settled
    in coin, and of the rest; gamma as ``gamma_coin`` of Black's delta; vega in USD.
    """

    coins: FloatArray
    dollars: FloatArray
    net_inverse: FloatArray
    net_other: FloatArray
    gamma_coin: FloatArray
    vega_usd: FloatArray


def futures_sums(held: NettedFutures, moves: FloatArray, days: float) -> Sums:
    """Sums over perpetuals and futures, ``days`` later; those that have expired have no delta left."""
    now, then = unfixed_share(held.years), unfixed_share(held.years - days / DAYS_PER_YEAR)
    fixed, floating = held.coins * held.fixed_usd, held.coins * (1 - held.fixed_usd)
    shrink = 1 / (1 + moves)  # N dollars are N/S coins, and gain N(1/S0 - 1/S)

    def net(inverse: FloatArray) -> FloatArray:
        each = then * inverse
        total: FloatArray = (fixed @ each) * shrink + floating @ each
        return total

    return Sums(
        coins=(fixed @ now) * (moves * shrink),
        dollars=((floating * held.mark) @ now) * moves,
        net_inverse=net(held.inverse),
        net_other=net(1 - held.inverse),
        gamma_coin=np.zeros_like(moves),
        vega_usd=np.zeros_like(moves),
    )


class Day(NamedTuple):
    """Weights of the rows at one time: of N(d1), of N(d2), of the density; and what has no volatility."""

    root: FloatArray
    first: FloatArray
    second: FloatArray
    gamma: FloatArray
    vega: FloatArray
    line: FloatArray
    coins: FloatArray
    dollars: FloatArray
    inverse: float
    other: float


class Repricing:
    """The rows of a netted book with what no shock changes, and the arrays that the cells are worked in.

    With ρ = K/F and shock s a call is worth N(d1) − ρN(d2)/(1+s) coins. Only the changes of N(d1) and
    N(d2) since now are summed (by matrix products over the rows), so a zero shock is exactly 0.
    """

    def __init__(self, held: NettedOptions, moves: FloatArray) -> None:
        self._held = held
        self._growth = 1 + moves
        self._shrink = 1 / self._growth
        self._less = -moves * self._shrink  # 1/(1+s) - 1
        self._moves = moves
        self._log_moves = np.log1p(moves)
        self._ratio = held.strike / held.forward
        self._log_ratio = log_moneyness(held.forward, held.strike)
        self._now = unfixed_share(held.years)
        rows = max(1, 2 * CHUNK // moves.size)
        self._chunks = [slice(start, start + rows) for start in range(0, held.vol.size, rows)]
        self._room = tuple(np.empty((rows, moves.size)) for _ in range(4))
        self._normal = NormalRoom(rows, moves.size)
        total = np.maximum(held.vol * np.sqrt(held.years), LEAST_TOTAL)
        middle = (self._log_ratio / total + 0.5 * total) * NODES
        first, second = middle[:, None], (middle - total * NODES)[:, None]
        column = NormalRoom(middle.size, 1)
        self._first = column.distribution(first, np.empty_like(first))[:, 0]
        self._second = column.distribution(second, np.empty_like(second))[:, 0]

    def at_day(self, days: float) -> "Day":
        """What depends on the time step alone, worked out once for all volatilities."""
        held, ratio, now = self._held, self._ratio, self._now
        years = np.maximum(held.years - days / DAYS_PER_YEAR, 0.0)
        then = unfixed_share(years)
        inverse, linear = held.inverse, 1 - held.inverse
        gains = np.stack([held.calls * inverse * now, held.calls * linear * now * held.forward])
        first = np.vstack([gains, held.calls * linear * then])
        second = np.vstack([gains, held.calls * inverse * then]) * ratio
        puts_inverse, puts_linear = held.puts * inverse, held.puts * linear
        start = second @ self._second
        worth = gains @ (self._first - ratio * self._second)
        return Day(
            root=np.sqrt(years),
            first=first,
            second=second,
            gamma=held.calls * then / ROOT_TWO_PI,
            vega=held.calls * then * held.forward * np.sqrt(years) / ROOT_TWO_PI,
            line=-start[:2, None] * self._less,
            coins=((puts_inverse * now) @ ratio) * self._less,
            dollars=(worth[1] - (puts_linear * now) @ held.forward) * self._moves,
            inverse=float(start[2] - (puts_inverse * then) @ ratio),
            other=float(first[2] @ self._first - puts_linear @ then),
        )

    def part(self, day: "Day", vols: FloatArray) -> Sums:
        """Sums over all options at that day with these volatilities."""
        total = np.maximum(vols * day.root, LEAST_TOTAL)
        curvature = np.stack([day.gamma / total, day.vega])
        first, second, dense = (np.zeros((k, self._moves.size)) for k in (3, 3, 2))
        for rows, (n1, n2, density) in self._terms(total):
            first += day.first[:, rows] @ n1
            second += day.second[:, rows] @ n2
            dense += curvature[:, rows] @ density
        gained = first[:2] - second[:2] * self._shrink + day.line
        return Sums(
            coins=gained[0] + day.coins,
            dollars=self._growth * gained[1] + day.dollars,
            net_inverse=(second[2] + day.inverse) * self._shrink,
            net_other=first[2] + day.other,
            gamma_coin=dense[0],
            vega_usd=dense[1] * self._growth,
        )

    def _terms(self, total: FloatArray) -> Iterator[tuple[slice, tuple[FloatArray, FloatArray, FloatArray]]]:
        """Per chunk of rows: the changes of N(d1) and N(d2) since now, and exp(−d1²/2), in place."""
        middle = (self._log_ratio / total + 0.5 * total) * NODES
        speed, apart = NODES / total, total * NODES
        for rows in self._chunks:
            size = middle[rows].size
            d1, d2, n1, n2 = (room[:size] for room in self._room)
            np.multiply(speed[rows, None], self._log_moves, out=d1)
            d1 += middle[rows, None]
            np.subtract(d1, apart[rows, None], out=d2)
            self._normal.distribution(d1, n1)
            n1 -= self._first[rows, None]
            self._normal.distribution(d2, n2)
            n2 -= self._second[rows, None]
            d1 *= d1
            d1 *= -0.5 / NODES**2
            np.maximum(d1, LOWEST_EXPONENT, out=d1)
            np.exp(d1, out=d1)
            yield rows, (n1, n2, d1)
