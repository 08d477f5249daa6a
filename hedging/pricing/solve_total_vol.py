"""Solve the normalised Black price for s = σ√T, row by row in a shrinking set of open rows."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from hedging.pricing.arguments import FloatArray
from hedging.pricing.black76_kernel import ROOT_TWO_PI, log_moneyness
from hedging.pricing.normalised_black import log_complement, log_value, scaled_normal

MOST_STEPS = 64
"""More than enough for halving alone to reach ``SMALL_STEP`` from a bracket; 3 to 5 is what it takes."""

SMALL_STEP = 1e-5
"""A step of order-four convergence that is this small, relative to s, leaves an error below 1e-15 of s."""


class Region(IntEnum):
    """Which function of the price is nearest to a straight line in s."""

    WING = 0  # 1/ln b
    MIDDLE = 1  # b
    TOP = 2  # ln(e^(x/2) - b)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be met: ``x`` = -|ln(F/K)|, and ln of b and of its complement e^(x/2) - b (ln b first)."""

    x: FloatArray
    log_value: FloatArray
    log_complement: FloatArray

    @classmethod
    def of(
        cls, forward: FloatArray, strike: FloatArray, time_value: FloatArray, room: FloatArray
    ) -> "Target":
        """From the undiscounted ``time_value`` and the ``room`` up to the highest price, both in USD > 0."""
        log_scale = 0.5 * (np.log(forward) + np.log(strike))
        x = -np.abs(log_moneyness(forward, strike))
        return cls(x, np.log(time_value) - log_scale, np.log(room) - log_scale)


def total_vol(target: Target) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Total volatility s per row, and whether its iteration ended by itself; ``target`` one-dimensional."""
    regions, total = _regions_and_seeds(target)
    converged = np.zeros(total.shape, dtype=bool)
    for region in Region:
        rows = np.flatnonzero(regions == region)
        if rows.size:
            goal = (target.log_complement if region is Region.TOP else target.log_value)[rows]
            total[rows], converged[rows] = _solved(region, target.x[rows], goal, total[rows])
    return total, converged


def _regions_and_seeds(target: Target) -> tuple[NDArray[np.int8], FloatArray]:
    """Split at the steepest point s_c = √(2|x|) of b and at half its range, with a first guess for each."""
    size = -target.x
    value = np.exp(target.log_value)
    turn = np.sqrt(2 * size)
    slope = np.exp(-0.5 * size) / ROOT_TWO_PI
    at_turn = slope * (scaled_normal(np.zeros(())) - scaled_normal(-turn))
    top = target.log_value > np.log(0.5) - 0.5 * size
    wing = (value < at_turn) & ~top
    regions = np.where(top, Region.TOP, np.where(wing, Region.WING, Region.MIDDLE)).astype(np.int8)
    seed = turn + (value - at_turn) / slope
    if top.any():
        whole = np.logaddexp(-0.5 * size[top], 0.5 * size[top])
        seed[top] = np.maximum(-2 * ndtri(np.exp(target.log_complement[top] - whole)), turn[top])
    if wing.any():
        seed[wing] = _wing_seed(size[wing], target.log_value[wing], turn[wing])
    return regions, seed


def _wing_seed(size: FloatArray, log_goal: FloatArray, turn: FloatArray) -> FloatArray:
    """From b ~ (2π|x|/(3√3))·N(-|x|/(√3·s))³ as s falls to 0 (Jäckel 2015), kept below the turn."""
    cube = np.exp((log_goal - np.log(2 * np.pi * size / (3 * np.sqrt(3)))) / 3)
    depth = -ndtri(np.minimum(cube, 0.25))
    return np.asarray(np.minimum(size / (np.sqrt(3) * depth), turn), dtype=np.float64)


def _solved(
    region: Region, x: FloatArray, goal: FloatArray, seed: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    total = seed.copy()
    converged = np.zeros(seed.shape, dtype=bool)
    rows = np.arange(seed.size)
    s, low, high = seed, np.zeros(seed.shape), np.full(seed.shape, np.inf)
    for _ in range(MOST_STEPS):
        step = _step(region, x, s, goal)
        low, high = np.where(step > 0, s, low), np.where(step < 0, s, high)
        following = s + step
        done = np.abs(step) <= SMALL_STEP * s
        outside = ~(done | ((following > low) & (following < high)))
        if outside.any():
            halfway = np.where(np.isfinite(high), 0.5 * (low + high), 2 * s)
            following = np.where(outside, halfway, following)
        total[rows] = following
        converged[rows[done]] = True
        left = ~done
        if not left.any():
            break
        rows, x, goal = rows[left], x[left], goal[left]
        s, low, high = following[left], low[left], high[left]
    return total, converged


def _step(region: Region, x: FloatArray, s: FloatArray, goal: FloatArray) -> FloatArray:
    """Householder's step of order three for the region's f, with n = -f/f', c2 = f''/f', c3 = f'''/f'.

    It is n(1 + c2·n/2)/(1 + n(c2 + c3·n/6)); where that is no number or turns round, Newton's n.
    """
    inverse = 1 / s
    curve = x * x * inverse**3 - 0.25 * s  # b''/b'
    third = curve * curve - 3 * (x * inverse * inverse) ** 2 - 0.25  # b'''/b'
    if region is Region.TOP:
        log, ratio = log_complement(x, s)
        slope = -1 / ratio
        newton = (goal - log) / slope
        second, third = curve - slope, third - 3 * curve * slope + 2 * slope * slope
    elif region is Region.MIDDLE:
        log, ratio = log_value(x, s)
        newton = ratio * np.expm1(goal - log)
        second = curve
    else:
        log, ratio = log_value(x, s)
        slope = 1 / ratio
        bend = slope / log
        newton = (goal - log) * log / (goal * slope)
        second_log = curve - slope
        third_log = third - 3 * curve * slope + 2 * slope * slope
        second = second_log - 2 * bend
        third = third_log - 6 * bend * (second_log - bend)
    scale = (1 + 0.5 * second * newton) / (1 + newton * (second + third * newton / 6))
    return newton * np.where((scale > 0.1) & (scale < 10), scale, 1.0)
