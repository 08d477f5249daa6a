"""Sums of a netted book's coins, dollars and Greeks at other spots, volatilities and times.

Works on a row of spots for many options at once, in place, in chunks that stay in the processor's cache.
"""

from dataclasses import fields
from itertools import pairwise
from math import ceil
from typing import NamedTuple

import numpy as np

from hedging.pricing.black76 import ROOT_TWO_PI, log_moneyness
from hedging.risk.fast_normal import FAR, SERIES_SCALE, Memory, NormalRoom
from hedging.risk.netting import FloatArray, NettedFutures, NettedOptions, unfixed_share

DAYS_PER_YEAR = 365.0
LEAST_TOTAL = 1e-12  # σ√T below which an option is its intrinsic value
MOST_TOTAL = 1e6  # and above which N(d1) is 1 and N(d2) 0 whatever the strike
CELLS = 13_000
"""Options times spots in a chunk: its arrays, of 8 bytes a value, fit the second-level cache together."""


class Sums(NamedTuple):
    """Sums over part of the book, each of shape (spots,) or (vols, spots).

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
    """What one time step makes of the rows.

    Weights of (worth, delta): ``first`` of N(d1), ``second`` of N(d2), ``series`` of the series of both;
    ``curved`` that of e^(−d1²/2) in gamma, to be divided by σ√T, and ``vega`` that in vega.
    ``puts_…``: the lines that puts are less than calls, worth and delta.
    """

    root: FloatArray
    first: FloatArray
    second: FloatArray
    series: FloatArray
    curved: FloatArray
    vega: FloatArray
    puts_coins: float
    puts_dollars: float
    puts_inverse: float
    puts_linear: float


class Cells(NamedTuple):
    """Sums over the options of one settlement, each of shape (vols, spots, 2).

    ``first`` of N(d1) and ``second`` of K/F·N(d2), by (worth, delta) weights; ``density`` (gamma, vega).
    """

    first: FloatArray
    second: FloatArray
    density: FloatArray


class Chunk(NamedTuple):
    """Rows that are worked on together, all settled alike."""

    rows: slice
    room: NormalRoom


class Repricing:
    """The rows of a netted book with what no shock changes, and the arrays that the cells are worked in.

    With ρ = K/F and shock s a call is worth N(d1) − ρN(d2)/(1+s) coins, or (1+s)N(d1) − ρN(d2) forwards.
    What it gains is the difference to the cell without a shock, which is worked out by the same operations
    to the last bit, so that a zero shock gains exactly 0. ``held`` are the options, inverse ones first.
    """

    def __init__(self, held: NettedOptions, moves: FloatArray) -> None:
        order = np.argsort(-held.inverse, kind="stable")
        self.held = NettedOptions(*(getattr(held, field.name)[order] for field in fields(held)))
        self._moves, places = np.unique(np.append(moves, 0.0), return_inverse=True)
        self._shown, self._still = places[:-1], places[-1]
        self._ratio = self.held.strike / self.held.forward
        self._log_ratio = log_moneyness(self.held.forward, self.held.strike)
        border = int(np.count_nonzero(self.held.inverse))
        inverse, linear = _chunks(((0, border), (border, order.size)), self._moves.size)
        self._chunks, self._inverse = inverse + linear, len(inverse)
        self._growth = 1 + self._moves[:, None]
        log_moves = np.log1p(self._moves)
        self._reach = float(np.abs(log_moves).max())
        # d = lines @ (1/σ√T, ln(F/K)/σ√T + σ√T/2, σ√T): d1 in the upper half, d2 = d1 − σ√T in the lower
        upper = np.column_stack([log_moves, np.ones_like(log_moves), np.zeros_like(log_moves)])
        self._lines = np.vstack([upper, upper - np.array([0.0, 0.0, 1.0])])
        self._today = self._day(0.0)
        self._now = self._cells(self._today, self.held.vol[None, :])

    def at_day(self, days: float, vols: FloatArray) -> Sums:
        """Sums over all options in ``days``, with ``vols`` of shape (vols, rows) in the order of ``held``."""
        day = self._day(days) if days else self._today
        known = np.array([days == 0 and np.array_equal(row, self.held.vol) for row in vols])
        cells = np.empty((6, len(vols), self._moves.size, 2))
        cells[:, known] = self._now
        cells[:, ~known] = self._cells(day, vols[~known])
        inverse, linear = Cells(*cells[:3]), Cells(*cells[3:])
        start = self._now[:, 0, self._still, 0]
        worth = start[0] - start[1], start[3] - start[4]
        growth = 1 + self._moves
        shrink = 1 / growth
        density = inverse.density + linear.density
        sums = Sums(
            coins=inverse.first[..., 0]
            - inverse.second[..., 0] * shrink
            - worth[0]
            - day.puts_coins * (self._moves * shrink),
            dollars=growth * linear.first[..., 0]
            - linear.second[..., 0]
            - worth[1]
            - day.puts_dollars * self._moves,
            net_inverse=(inverse.second[..., 1] - day.puts_inverse) * shrink,
            net_other=linear.first[..., 1] - day.puts_linear,
            gamma_coin=density[..., 0],
            vega_usd=density[..., 1] * growth,
        )
        return Sums(*(column[:, self._shown] for column in sums))

    def _day(self, days: float) -> Day:
        held, inverse = self.held, self.held.inverse > 0
        years = np.maximum(held.years - days / DAYS_PER_YEAR, 0.0)
        now, then, root = unfixed_share(held.years), unfixed_share(years), np.sqrt(years)
        unit = np.where(inverse, 1.0, held.forward)  # a coin, or the dollars of the unmoved forward
        first = np.column_stack([held.calls * now * unit, held.calls * then])
        curved = held.calls * then / ROOT_TWO_PI
        strikes = held.puts * self._ratio
        return Day(
            root=root,
            first=first,
            second=first * self._ratio[:, None],
            series=first * SERIES_SCALE,
            curved=curved,
            vega=curved * held.forward * root,
            puts_coins=float((strikes * now)[inverse].sum()),
            puts_dollars=float((held.puts * now * held.forward)[~inverse].sum()),
            puts_inverse=float((strikes * then)[inverse].sum()),
            puts_linear=float((held.puts * then)[~inverse].sum()),
        )

    def _cells(self, day: Day, vols: FloatArray) -> FloatArray:
        """``Cells`` of inverse and then of linear options, of shape (6, vols, spots, 2)."""
        spots = self._moves.size
        found = np.zeros((2, 3, len(vols), spots, 2))
        if self._chunks:
            total = np.clip(vols * day.root, LEAST_TOTAL, MOST_TOTAL)
            lever = 1 / total
            middle = self._log_ratio * lever + 0.5 * total
            widest = np.abs(middle) + self._reach * lever
            far = np.maximum.reduceat(widest, [chunk.rows.start for chunk in self._chunks], axis=1) > FAR
            parts = np.stack([lever, middle, total], axis=1)
            curved = np.stack([day.curved * lever, np.broadcast_to(day.vega, lever.shape)], axis=2)
            weights = [(day.first[c.rows], day.second[c.rows], day.series[c.rows]) for c in self._chunks]
            each = np.empty((len(self._chunks), 5, spots, 2))
            for place in range(len(vols)):
                for number, chunk in enumerate(self._chunks):
                    np.matmul(self._lines, parts[place, :, chunk.rows], out=chunk.room.arguments)
                    chunk.room.fill(far=bool(far[place, number]))
                    _sum_up(chunk.room, (*weights[number], curved[place, chunk.rows]), each[number])
                self._gather(each, found[:, :, place])
        return found.reshape(6, len(vols), spots, 2)

    def _gather(self, each: FloatArray, found: FloatArray) -> None:
        """Add up what the chunks of one volatility came to, inverse and linear ones apart."""
        for sums, chunks in zip(found, (each[: self._inverse], each[self._inverse :]), strict=True):
            first, second, series, other_series, density = chunks.sum(axis=0)
            np.add(first, series, out=sums[0])
            # N(d2)'s series is that of φ(d1) times F/K·(1+s); K/F is in the weight of N(d2) already
            np.add(second, self._growth * other_series, out=sums[1])
            sums[2] = density


def _sum_up(room: NormalRoom, weights: tuple[FloatArray, ...], out: FloatArray) -> None:
    """Weighted sums over the rows: nodes of N(d1) and of N(d2), series of both, density."""
    spots = room.density.shape[0]
    np.matmul(room.nodes[:spots], weights[0], out=out[0])
    np.matmul(room.nodes[spots:], weights[1], out=out[1])
    np.matmul(room.series, weights[2], out=out[2:4].reshape(2 * spots, 2))
    np.matmul(room.density, weights[3], out=out[4])


def _chunks(settled: tuple[tuple[int, int], ...], spots: int) -> tuple[tuple[Chunk, ...], ...]:
    """Rows of each (start, stop) in equal chunks, all in the same memory, as one is done after the other."""
    most = max(1, CELLS // spots)
    ranges = [
        [slice(int(low), int(high)) for low, high in pairwise(_even(start, stop, most))]
        for start, stop in settled
    ]
    memory = Memory(spots * max((rows.stop - rows.start for part in ranges for rows in part), default=0))
    return tuple(
        tuple(Chunk(rows, memory.room(spots, rows.stop - rows.start)) for rows in part) for part in ranges
    )


def _even(start: int, stop: int, most: int) -> FloatArray:
    """Edges of the fewest equal parts that are no longer than ``most``."""
    edges: FloatArray = np.linspace(start, stop, ceil((stop - start) / most) + 1).round()
    return edges
