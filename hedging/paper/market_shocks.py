"""What was done to the market by hand: price and volatility shocks, each from its simulated time on."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput
from hedging.paper.process import COINS, REALISED_HALF_LIFE_NS, SECOND_NS, YEAR_NS

FloatArray = NDArray[np.float64]

_LARGEST_MOVE = 10.0
_LARGEST_SHIFT = 5.0
_AVERAGE_WEIGHT = 1.0 - 0.5 ** (SECOND_NS / REALISED_HALF_LIFE_NS)


@dataclass(frozen=True, slots=True)
class PriceShock:
    """A move of the log price of one underlying."""

    at_ns: int
    coin: int
    log_move: float


@dataclass(frozen=True, slots=True)
class VolShock:
    """A parallel move of implied volatility; it stays where it has no half-life."""

    at_ns: int
    coin: int
    absolute: float
    half_life_ns: int | None


@dataclass(slots=True)
class Shocks:
    """All shocks so far; every answer depends on the time asked for alone."""

    prices: list[PriceShock] = field(default_factory=list)
    vols: list[VolShock] = field(default_factory=list)

    def add_price(self, at_ns: int, underlying: str, relative: float) -> None:
        """Record a relative move, such as -0.08.

        Raises:
            BadInput: when the underlying is unknown or the move not in (-1, 10].
        """
        if not -1.0 < relative <= _LARGEST_MOVE:
            raise BadInput(f"a price shock of {relative}: give a fraction above -1, such as -0.08")
        self.prices.append(PriceShock(at_ns, coin_number(underlying), math.log1p(relative)))

    def add_vol(
        self, at_ns: int, underlying: str, absolute: float, half_life_seconds: float | None = None
    ) -> None:
        """Record a move of volatility, 0.05 for five points; it decays when given a half-life.

        Raises:
            BadInput: when the underlying is unknown, the move not in [-5, 5], the half-life not positive.
        """
        if not abs(absolute) <= _LARGEST_SHIFT:
            raise BadInput(f"a volatility shock of {absolute}: give a fraction in [-5, 5], such as 0.05")
        if half_life_seconds is not None and not (math.isfinite(half_life_seconds) and half_life_seconds > 0):
            raise BadInput(f"a half-life of {half_life_seconds} s: give a positive number, or none")
        half_life_ns = None if half_life_seconds is None else int(half_life_seconds * SECOND_NS)
        self.vols.append(VolShock(at_ns, coin_number(underlying), absolute, half_life_ns))

    def log_moves(self, times_ns: NDArray[np.int64]) -> FloatArray:
        """Sum of the log moves up to each time, shape (n, 2)."""
        moves = np.zeros((len(times_ns), len(COINS)))
        for shock in self.prices:
            moves[:, shock.coin] += np.where(times_ns >= shock.at_ns, shock.log_move, 0.0)
        return moves

    def energy(self, at_ns: int) -> FloatArray:
        """What the price shocks add to the averaged squared return, per year, shape (2,)."""
        total = np.zeros(len(COINS))
        for shock in self.prices:
            if shock.at_ns <= at_ns:
                decay = 0.5 ** ((at_ns - shock.at_ns) / REALISED_HALF_LIFE_NS)
                total[shock.coin] += shock.log_move**2 * _AVERAGE_WEIGHT * (YEAR_NS / SECOND_NS) * decay
        return total

    def vol_shift(self, at_ns: int, coin: int) -> float:
        """Parallel shift of the implied volatility in force."""
        total = 0.0
        for shock in self.vols:
            if shock.coin == coin and shock.at_ns <= at_ns:
                half_life = shock.half_life_ns
                total += shock.absolute * (0.5 ** ((at_ns - shock.at_ns) / half_life) if half_life else 1.0)
        return min(total, _LARGEST_SHIFT)

    def last_ns(self, at_ns: int, coin: int) -> int:
        """Time of the last shock of an underlying up to ``at_ns``; 0 when there was none."""
        times = [shock.at_ns for shock in self.prices if shock.coin == coin]
        times += [shock.at_ns for shock in self.vols if shock.coin == coin]
        return max((time for time in times if time <= at_ns), default=0)

    def count(self, at_ns: int) -> int:
        """Number of shocks up to ``at_ns``."""
        past = sum(shock.at_ns <= at_ns for shock in self.prices)
        return past + sum(shock.at_ns <= at_ns for shock in self.vols)


def coin_number(underlying: str) -> int:
    """Column of an underlying in the arrays of the process.

    Raises:
        BadInput: when it is unknown.
    """
    if underlying not in COINS:
        raise BadInput(f"no underlying {underlying!r} here: the market has {', '.join(COINS)}")
    return COINS.index(underlying)
