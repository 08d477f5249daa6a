"""The stochastic process behind the simulated market, for both underlyings at once.

Log spot: Bates (1996), a Heston (1993) variance by full-truncation Euler (Lord, Koekkoek, van Dijk, 2010)
plus common jumps. Around it Ornstein-Uhlenbeck processes, stepped exactly: premium of the perpetuals, carry
of the forwards, a deviation of each expiry of its own, and the price of USDC.

The path is drawn in blocks from one PCG64 generator, so it depends on seed, start and step alone: not on how
often anybody looks, and not on any clock.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from hedging.errors import BadInput

FloatArray = NDArray[np.float64]

SECOND_NS = 1_000_000_000
MINUTE_NS = 60 * SECOND_NS
YEAR_NS = 365 * 86_400 * SECOND_NS
DEFAULT_STEP_NS = SECOND_NS // 10
ROWS_PER_BLOCK = 60  # rows of the slow grid
WARM_UP_NS = 7 * 86_400 * SECOND_NS
KEPT_NS = 40 * MINUTE_NS  # past that can be asked for: the settlement half hour and some
EXPIRY_SLOTS = 32
FUNDING_PERIOD_NS = 8 * 3600 * SECOND_NS
FUNDING_DEAD_BAND = 0.00025
FUNDING_LIMIT = 0.005

_JUMPS_PER_YEAR = 12.0
_JUMP_MEAN = -0.01
_JUMP_DEVIATION = 0.025


@dataclass(frozen=True, slots=True)
class CoinDynamics:
    """Annual parameters of one underlying; ``jump_scale`` multiplies the common jump."""

    volatility: float
    mean_reversion: float
    vol_of_variance: float
    jump_scale: float

    @property
    def long_variance(self) -> float:
        """Long-run variance of the diffusion: the total less the jumps' part."""
        jumps = _JUMPS_PER_YEAR * (_JUMP_MEAN**2 + _JUMP_DEVIATION**2) * self.jump_scale**2
        return self.volatility**2 - jumps


COINS = ("BTC", "ETH")
DYNAMICS = (CoinDynamics(0.60, 8.0, 0.8, 1.0), CoinDynamics(0.75, 8.0, 1.0, 1.25))
PERPETUALS = ("BTC-PERPETUAL", "ETH-PERPETUAL", "BTC_USDC-PERPETUAL", "ETH_USDC-PERPETUAL")
_CORRELATION = np.array(  # spot BTC, spot ETH, variance BTC, variance ETH
    [
        [1.00, 0.85, -0.50, -0.42],
        [0.85, 1.00, -0.42, -0.50],
        [-0.50, -0.42, 1.00, 0.80],
        [-0.42, -0.50, 0.80, 1.00],
    ]
)
_CHOLESKY = np.linalg.cholesky(_CORRELATION)


class _MeanReverting:
    """An Ornstein-Uhlenbeck process, or an exponential average, on a grid, a block of rows at a time."""

    def __init__(self, half_life_ns: float, deviation: float, grid_ns: int) -> None:
        decay = 0.5 ** (grid_ns / half_life_ns)
        powers = decay ** np.arange(ROWS_PER_BLOCK + 1)
        lag = np.subtract.outer(np.arange(ROWS_PER_BLOCK), np.arange(ROWS_PER_BLOCK))
        self._weights = np.where(lag >= 0, powers[np.maximum(lag, 0)], 0.0)
        self._start_weight = powers[1:, None]
        self._noise = deviation * math.sqrt(1.0 - decay * decay)
        self._average = 1.0 - decay

    def path(self, start: FloatArray, normals: FloatArray) -> FloatArray:
        """Rows 1 … m of the process that is ``start`` (c) at row 0; ``normals`` (m, c)."""
        return cast("FloatArray", self._start_weight * start + self._noise * (self._weights @ normals))

    def averages(self, start: FloatArray, inputs: FloatArray) -> FloatArray:
        """Rows 1 … m of the exponentially weighted average of ``inputs`` (m, c)."""
        return cast("FloatArray", self._start_weight * start + self._average * (self._weights @ inputs))


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of path; fast rows lie ``step_ns`` apart, slow rows ``slow_ns``, the first at ``start_ns``."""

    start_ns: int
    end_ns: int
    step_ns: int
    slow_ns: int
    log_spot: FloatArray  # (fast, 2)
    variance: FloatArray  # (fast, 2), per year
    premium: FloatArray  # (slow, 4) of PERPETUALS over their index
    accrued: FloatArray  # (slow, 4) funding accrued since the path began, fraction of notional
    stable: FloatArray  # (slow, 1) log price of USDC in USD
    carry: FloatArray  # (slow, 2) per year
    slots: FloatArray  # (slow, 2 × EXPIRY_SLOTS) standard normal
    realised: FloatArray  # (slow, 2) exponentially averaged squared return, per year


@dataclass(frozen=True, slots=True)
class State:
    """The path at one instant; arrays as in ``Block`` without the first axis."""

    log_spot: FloatArray
    variance: FloatArray
    premium: FloatArray
    accrued: FloatArray
    stable: float
    carry: FloatArray
    slots: FloatArray  # (2, EXPIRY_SLOTS)
    realised: FloatArray


@dataclass(slots=True)
class _Row:
    """The last row of a block, from which the next starts."""

    log_spot: FloatArray
    variance: list[float]
    premium_fast: FloatArray
    premium_slow: FloatArray
    accrued: FloatArray
    stable: FloatArray
    carry: FloatArray
    slots: FloatArray
    realised: FloatArray


@dataclass(frozen=True, slots=True)
class _Grid:
    """Spacing of the rows of a block, and the processes on it."""

    step_ns: int
    slow_ns: int
    premium_fast: _MeanReverting
    premium_slow: _MeanReverting
    stable: _MeanReverting
    carry: _MeanReverting
    slots: _MeanReverting
    realised: _MeanReverting

    @property
    def steps_per_row(self) -> int:
        return self.slow_ns // self.step_ns


PREMIUM_MEAN = 0.8e-4
CARRY_MEAN = 0.07
REALISED_HALF_LIFE_NS = MINUTE_NS


def _grid(step_ns: int) -> _Grid:
    if step_ns <= 0 or MINUTE_NS % step_ns or (step_ns < SECOND_NS and SECOND_NS % step_ns):
        raise BadInput(
            f"a step of {step_ns} ns: give one that divides a second or is whole seconds in a minute"
        )
    slow_ns = max(step_ns, SECOND_NS)
    hour_ns = 60 * MINUTE_NS
    return _Grid(
        step_ns=step_ns,
        slow_ns=slow_ns,
        premium_fast=_MeanReverting(2 * MINUTE_NS, 1.2e-4, slow_ns),
        premium_slow=_MeanReverting(6 * hour_ns, 2.5e-4, slow_ns),
        stable=_MeanReverting(hour_ns, 2e-4, slow_ns),
        carry=_MeanReverting(72 * hour_ns, 0.02, slow_ns),
        slots=_MeanReverting(hour_ns / 2, 1.0, slow_ns),
        realised=_MeanReverting(REALISED_HALF_LIFE_NS, 0.0, slow_ns),
    )


def funding_rate(premium: FloatArray) -> FloatArray:
    """Deribit's eight-hour funding rate for a premium: nothing inside ±0.025 %, capped at ±0.5 %."""
    outside = np.maximum(premium - FUNDING_DEAD_BAND, 0.0) + np.minimum(premium + FUNDING_DEAD_BAND, 0.0)
    return cast("FloatArray", np.clip(outside, -FUNDING_LIMIT, FUNDING_LIMIT))


class MarketProcess:
    """The seeded path from a week before ``start_ns`` on; past ``KEPT_NS`` it forgets.

    Args:
        seed: any non-negative integer.
        start_ns: simulated start, ns UTC.
        liveliness: factor on the volatility of the spot path (not on the implied one), positive.
        step_ns: fast step; a second must be a multiple of it, or it is whole seconds dividing a minute.
    """

    def __init__(
        self, seed: int, start_ns: int, liveliness: float = 1.0, step_ns: int = DEFAULT_STEP_NS
    ) -> None:
        if not (math.isfinite(liveliness) and liveliness > 0):
            raise BadInput(
                f"a liveliness of {liveliness}: give a positive number, 1 for a real market's pace"
            )
        if seed < 0:
            raise BadInput(f"the seed {seed} is negative: give 0 or more")
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._liveliness = liveliness
        self._live_grid = _grid(step_ns)
        self._row = self._first_row()
        self._blocks: deque[Block] = deque()
        self.warm_up: tuple[Block, ...] = self._warmed(start_ns // MINUTE_NS * MINUTE_NS)
        self._blocks.append(self.warm_up[-1])
        self._blocks.append(self._next_block(self._live_grid, self.warm_up[-1].end_ns))

    def _first_row(self) -> _Row:
        long_run = [coin.long_variance for coin in DYNAMICS]
        return _Row(
            log_spot=np.zeros(2),
            variance=long_run,
            premium_fast=np.zeros(4),
            premium_slow=np.zeros(4),
            accrued=np.zeros(4),
            stable=np.zeros(1),
            carry=np.zeros(2),
            slots=self._random.standard_normal(2 * EXPIRY_SLOTS),
            realised=np.array(long_run) * self._liveliness**2,
        )

    def _warmed(self, until_ns: int) -> tuple[Block, ...]:
        grid = _grid(MINUTE_NS)
        span = ROWS_PER_BLOCK * MINUTE_NS
        return tuple(self._next_block(grid, at) for at in range(until_ns - WARM_UP_NS, until_ns, span))

    def advance(self, to_ns: int) -> list[Block]:
        """Extend the path to cover ``to_ns``; the blocks that this completes, oldest first."""
        finished: list[Block] = []
        while self._blocks[-1].end_ns <= to_ns:
            finished.append(self._blocks[-1])
            self._blocks.append(self._next_block(self._live_grid, self._blocks[-1].end_ns))
        while self._blocks[0].end_ns < to_ns - KEPT_NS:
            self._blocks.popleft()
        return finished

    def blocks(self, start_ns: int, end_ns: int) -> list[Block]:
        """The kept blocks that overlap [start, end)."""
        return [block for block in self._blocks if block.end_ns > start_ns and block.start_ns < end_ns]

    def state(self, at_ns: int) -> State:
        """The path at ``at_ns``, held constant between rows; the oldest kept row for anything before it."""
        block = next((one for one in reversed(self._blocks) if one.start_ns <= at_ns), self._blocks[0])
        since = max(0, at_ns - block.start_ns)
        fast, slow = since // block.step_ns, since // block.slow_ns
        return State(
            log_spot=block.log_spot[fast],
            variance=block.variance[fast],
            premium=block.premium[slow],
            accrued=block.accrued[slow],
            stable=float(block.stable[slow, 0]),
            carry=block.carry[slow],
            slots=block.slots[slow].reshape(2, EXPIRY_SLOTS),
            realised=block.realised[slow],
        )

    def _next_block(self, grid: _Grid, start_ns: int) -> Block:
        row, draw = self._row, self._random.standard_normal
        rows, ratio = ROWS_PER_BLOCK, grid.steps_per_row
        years = grid.step_ns / YEAR_NS
        shocks = draw((rows * ratio, 4)) @ _CHOLESKY.T
        variance, last_variance = self._variance(shocks[:, 2:], years)
        drift = 0.5 * self._liveliness**2 * years
        returns = self._liveliness * math.sqrt(years) * np.sqrt(variance[:-1]) * shocks[:, :2]
        returns -= drift * variance[:-1]
        self._add_jump(returns, years)
        log_spot = row.log_spot + np.concatenate((np.zeros((1, 2)), np.cumsum(returns, axis=0)))
        squared = np.add.reduceat(returns**2, np.arange(0, rows * ratio, ratio)) * (YEAR_NS / grid.slow_ns)
        premium_fast = _rows(row.premium_fast, grid.premium_fast.path(row.premium_fast, draw((rows, 4))))
        premium_slow = _rows(row.premium_slow, grid.premium_slow.path(row.premium_slow, draw((rows, 4))))
        premium = PREMIUM_MEAN + premium_fast + premium_slow
        paid = funding_rate(premium[:-1]) * (grid.slow_ns / FUNDING_PERIOD_NS)
        accrued = row.accrued + np.concatenate((np.zeros((1, 4)), np.cumsum(paid, axis=0)))
        stable = _rows(row.stable, grid.stable.path(row.stable, draw((rows, 1))))
        carry = _rows(row.carry, grid.carry.path(row.carry, draw((rows, 2))))
        slots = _rows(row.slots, grid.slots.path(row.slots, draw((rows, 2 * EXPIRY_SLOTS))))
        realised = _rows(row.realised, grid.realised.averages(row.realised, squared))
        self._row = _Row(
            log_spot=log_spot[-1],
            variance=last_variance,
            premium_fast=premium_fast[-1],
            premium_slow=premium_slow[-1],
            accrued=accrued[-1],
            stable=stable[-1],
            carry=carry[-1],
            slots=slots[-1],
            realised=realised[-1],
        )
        return Block(
            start_ns=start_ns,
            end_ns=start_ns + rows * grid.slow_ns,
            step_ns=grid.step_ns,
            slow_ns=grid.slow_ns,
            log_spot=log_spot[:-1],
            variance=variance[:-1],
            premium=premium[:-1],
            accrued=accrued[:-1],
            stable=stable[:-1],
            carry=CARRY_MEAN + carry[:-1],
            slots=slots[:-1],
            realised=realised[:-1],
        )

    def _variance(self, normals: FloatArray, years: float) -> tuple[FloatArray, list[float]]:
        """Truncated variance of both underlyings at the rows 0 … n, and the last row before truncation."""
        paths = [
            _full_truncation(coin, start, normals[:, at].tolist(), years)
            for at, (coin, start) in enumerate(zip(DYNAMICS, self._row.variance, strict=True))
        ]
        return np.array([positive for positive, _ in paths]).T, [last for _, last in paths]

    def _add_jump(self, returns: FloatArray, years: float) -> None:
        """At most one jump, common to both, in a block; the same number of draws whether it comes or not."""
        chance, place = self._random.random(2)
        size = _JUMP_MEAN + _JUMP_DEVIATION * float(self._random.standard_normal())
        scale = np.array([coin.jump_scale for coin in DYNAMICS])
        if chance < _JUMPS_PER_YEAR * years * len(returns):
            returns[int(place * len(returns))] += size * scale
        mean_move = np.expm1(_JUMP_MEAN * scale + 0.5 * (_JUMP_DEVIATION * scale) ** 2)
        returns -= _JUMPS_PER_YEAR * years * mean_move


def _rows(first: FloatArray, rest: FloatArray) -> FloatArray:
    return np.concatenate((first[None, :], rest))


def _full_truncation(
    coin: CoinDynamics, start: float, normals: Sequence[float], years: float
) -> tuple[list[float], float]:
    """Positive part at rows 0 … n of Euler steps whose coefficients see nothing else; the last as it is."""
    pull, target = coin.mean_reversion * years, coin.long_variance
    noise = coin.vol_of_variance * math.sqrt(years)
    value = start
    positive = max(value, 0.0)
    path = [positive]
    for normal in normals:
        value += pull * (target - positive) + noise * math.sqrt(positive) * normal
        positive = max(value, 0.0)
        path.append(positive)
    return path, value
