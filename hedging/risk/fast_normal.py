"""The normal distribution function for grids: a table and a short series instead of an error function each.

N(x) = N(x0) + φ(x)·u·(1 + ux/2 + (u²x² − u²)/6) + R with x0 the nearest node and u = x − x0: the Taylor
series of N around x itself, so that the density which a grid needs anyway serves here too (M. Abramowitz and
I. Stegun, Handbook of Mathematical Functions, 1964, 26.2). With 1,024 nodes a unit |u| <= 2⁻¹¹ and
|R| <= u⁴/24 · max|(x³ − 3x)φ(x)| < 1.4e-15; rounding adds 4e-16. That is an absolute error: in the tail it
is not the relative precision of ``scipy.special.ndtr``, so use it for sums.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from hedging.pricing.arguments import FloatArray, aligned_rows

IntArray = NDArray[np.int64]

NODE_BITS = 10
REACH = 8.5  # beyond it the table holds its end, 0 or 1 to the last digit of 1

LARGEST = 2.0**41
"""Size of an argument up to which adding ``_SHIFT`` finds its nearest node."""

FAR = 37.0
"""Up to this size e^(−x²/2) is no underflow, which the exponential would work out slowly."""

LOWEST_EXPONENT = -0.5 * FAR**2  # e to it is 1e-297: nothing, beside 1

SERIES_SCALE = float(1 / (6 * np.sqrt(2 * np.pi)))
"""What ``NormalRoom.fill`` leaves out of its series; the weights of a sum carry it instead."""

_ENDS = int(REACH * 2**NODE_BITS)
_TABLE = ndtr(np.arange(-_ENDS, _ENDS + 1) / 2**NODE_BITS)
# Added to x it pushes out all digits below the nodes' spacing; the last bits then count the nodes.
_SHIFT = 1.5 * 2.0 ** (52 - NODE_BITS)
_FIRST_NODE = int(np.array([_SHIFT]).view(np.int64)[0]) - _ENDS


@dataclass(frozen=True, slots=True, eq=False)
class NormalRoom:
    """Working arrays for the d1 and d2 of Black's formula, so that a grid allocates nothing while it runs.

    ``arguments`` is given d1 in the upper half of its rows and d2 in the lower, before ``fill``. After it,
    with c = SERIES_SCALE: N(d1) = ``nodes`` + c·``series`` in the upper half; N(d2) = ``nodes`` +
    c·F/K·``series`` in the lower, as φ(d2) = φ(d1)·F/K, for |ln(F/K)| up to 600; ``density`` = e^(−d1²/2).
    """

    arguments: FloatArray
    nodes: FloatArray
    density: FloatArray
    _shifted: FloatArray
    _place: IntArray

    @property
    def series(self) -> FloatArray:
        """Where ``fill`` leaves the series: in the place of the arguments."""
        return self.arguments

    def fill(self, *, far: bool) -> None:
        """Work the arguments out, |d| <= LARGEST; ``far``: whether a d1 may lie beyond ``FAR``."""
        x, u, density, place = self.arguments, self._shifted, self.density, self._place
        upper = x[: density.shape[0]]
        np.multiply(upper, upper, out=density)
        density *= -0.5
        if far:
            np.maximum(density, LOWEST_EXPONENT, out=density)
        np.exp(density, out=density)
        np.add(x, _SHIFT, out=u)
        np.subtract(u.view(np.int64), _FIRST_NODE, out=place)
        u -= _SHIFT
        np.subtract(x, u, out=u)
        _TABLE.take(place, out=self.nodes, mode="clip")
        # 6(1 + ux/2 + (u²x² − u²)/6) = (ux + 3/2)² − u² + 15/4
        x *= u
        x += 1.5
        x *= x
        square = place.view(np.float64)  # not needed as places any more
        np.multiply(u, u, out=square)
        x -= square
        x += 3.75
        x *= u
        halves = x.reshape(2, *density.shape)
        halves *= density


class Memory:
    """The memory of rooms that are not used at the same time, of up to ``size`` values in each half."""

    def __init__(self, size: int) -> None:
        self._parts = tuple(aligned_rows(5, 2 * size))

    def room(self, spots: int, rows: int) -> NormalRoom:
        """A room of 2 · ``spots`` by ``rows``; whatever was in the memory is lost."""
        whole = [part[: 2 * spots * rows].reshape(2 * spots, rows) for part in self._parts]
        return NormalRoom(
            arguments=whole[0],
            nodes=whole[1],
            density=whole[2][:spots],
            _shifted=whole[3],
            _place=whole[4].view(np.int64),
        )
