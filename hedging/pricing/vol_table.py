"""Total volatility s = σ√T of ordinary out-of-the-money prices: a table for the start, one step to the end.

With u = |ln(F/K)| and b the normalised price, ln(s/u) is smooth in r = ln(b/u) and y = u + b, also towards
the money (u to 0) and into the wing (b to 0). A second-order Taylor table of it is right to about 1e-5, from
where one Householder step of order three on ln b leaves less than 1e-13. Every step is looked at: a row whose
step was larger, or whose arguments lie outside the table, is left to ``solve_total_vol``, which also makes
the table, once, in 15 ms.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hedging.pricing import solve_total_vol
from hedging.pricing.arguments import FloatArray
from hedging.pricing.black76_kernel import ROOT_TWO_PI
from hedging.pricing.normal_tail import mills_ratio

LOW_R, STEP_R, NODES_R = -26.0, 0.08, 475
LOW_Y, STEP_Y, NODES_Y = 0.04, 0.04, 110
NOT_TOO_SHORT = 0.015
"""Total volatility from which the difference of two tails keeps its digits without a series."""
DEEPEST = 9.0  # |h| + t up to which the table is used
SMALL_STEP = 1e-5


def ordinary_total_vol(u: FloatArray, b: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Total volatility for u = |ln(F/K)| and the normalised out-of-the-money price b, and where it is found.

    Both one-dimensional and of any value: what is outside the table, or not a number, is not found.
    """
    s, log_b = _start(u, b)
    h, t, work = u / s, 0.5 * s, np.empty(u.shape)
    far, near = h + t, h - t
    found = (far < DEEPEST) & (s > NOT_TOO_SHORT)
    np.minimum(far, DEEPEST, out=far)
    side = np.minimum(np.abs(near), DEEPEST)
    ratio = mills_ratio(side, np.empty(u.shape), work)
    over = np.flatnonzero(near < 0)  # N(-near) is above one half there
    if over.size:
        z = side[over]
        ratio[over] = ROOT_TWO_PI * np.exp(0.5 * z * z) - ratio[over]
    ratio -= mills_ratio(far, side, work)  # b/b', b' the slope by s
    squares = h * h
    squares += t * t
    squares *= 0.5
    newton = log_b
    newton += squares
    newton -= np.log(ratio * (1 / ROOT_TWO_PI))
    newton *= ratio
    slope = np.reciprocal(ratio, out=ratio)
    curve = (h * h - t * t) / s  # b''/b'
    third = curve * curve
    third -= 3 * (h / s) ** 2
    third -= 0.25
    third -= slope * (3 * curve - 2 * slope)
    curve -= slope
    step = newton * (1 + 0.5 * curve * newton) / (1 + newton * (curve + newton * third / 6))
    found &= np.abs(step) < SMALL_STEP * s
    s += step
    return s, found


def _start(u: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First guess of s, and ln b; no number where it is outside the table."""
    log_u, log_b = np.log(u), np.log(b)
    r = log_b - log_u
    r -= LOW_R
    r *= 1 / STEP_R
    y = u + b
    y -= LOW_Y
    y *= 1 / STEP_Y
    inside = (r >= 0) & (r <= NODES_R - 1) & (y >= -1) & (y <= NODES_Y - 1)
    if not inside.all():
        r[~inside], y[~inside] = 0.0, 0.0
        log_u[~inside] = np.nan
    row, column = np.rint(r), np.maximum(np.rint(y), 0.0)
    r -= row
    y -= column
    row *= NODES_Y
    row += column
    place = row.astype(np.intp)
    value, by_r, by_y, by_rr, by_ry, by_yy = (part.take(place) for part in _table())
    # Taylor: f + r(f_r + r·f_rr/2 + y·f_ry) + y(f_y + y·f_yy/2), in units of the steps
    by_rr *= r
    by_rr += by_r
    by_ry *= y
    by_rr += by_ry
    by_rr *= r
    by_yy *= y
    by_yy += by_y
    by_yy *= y
    by_rr += by_yy
    by_rr += value
    by_rr += log_u
    return np.exp(by_rr), log_b


@cache
def _table() -> tuple[FloatArray, ...]:
    """ln(s/u) at the nodes, its first derivatives, half its second and the mixed one, by steps."""
    r = LOW_R + STEP_R * np.arange(-1, NODES_R + 1)[:, None]
    y = np.maximum(LOW_Y + STEP_Y * np.arange(-1, NODES_Y + 1), 1e-9)[None, :]
    with np.errstate(all="ignore"):
        u = y / (1 + np.exp(r))
        log_b = np.log(u) + r
        room = np.exp(-0.5 * u) - np.exp(log_b)
        possible = room > 1e-3
        goal = solve_total_vol.Target(-u[possible], log_b[possible], np.log(room[possible]))
        s, converged = solve_total_vol.total_vol(goal)
        f = np.full(u.shape, np.nan)
        f[possible] = np.where(converged, np.log(s / u[possible]), np.nan)
    inner = f[1:-1, 1:-1]
    up, down, right, left = f[2:, 1:-1], f[:-2, 1:-1], f[1:-1, 2:], f[1:-1, :-2]
    mixed = 0.25 * (f[2:, 2:] - f[2:, :-2] - f[:-2, 2:] + f[:-2, :-2])
    parts = (
        inner,
        0.5 * (up - down),
        0.5 * (right - left),
        0.5 * (up - 2 * inner + down),
        mixed,
        0.5 * (right - 2 * inner + left),
    )
    return tuple(np.ascontiguousarray(part).reshape(-1) for part in parts)
