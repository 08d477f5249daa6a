"""Which arguments no price exists for, as a typed reason per row."""

from enum import IntEnum
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hedging.errors import UnpriceableError

FloatArray = NDArray[np.float64]
CodeArray = NDArray[np.int8]

LINE = 8  # doubles in a line of the processor's cache

NOTHING_LEFT = 1e-100
"""Total volatility σ√T under which an option is its intrinsic value and nothing else."""


class Unpriceable(IntEnum):
    """Why a row has no price or no Greeks; zero means that it has."""

    PRICEABLE = 0
    SIGN = 1
    FORWARD = 2
    STRIKE = 3
    YEARS_NOT_FINITE = 4
    EXPIRED = 5
    VOL = 6
    RATE = 7
    KINK = 8
    OUT_OF_RANGE = 9

    @property
    def text(self) -> str:
        """What is wrong and what to do, for a screen or a file."""
        return _TEXTS[self]


_TEXTS = {
    Unpriceable.PRICEABLE: "",
    Unpriceable.SIGN: "kind is neither call (+1) nor put (-1); correct it",
    Unpriceable.FORWARD: "forward is not a positive finite number; give the forward of the expiry",
    Unpriceable.STRIKE: "strike is not a positive finite number; correct it",
    Unpriceable.YEARS_NOT_FINITE: "years is not a finite number; give the time to expiry in years of 365 d",
    Unpriceable.EXPIRED: "years is negative: the option has expired; remove the row",
    Unpriceable.VOL: "vol is not a finite number of at least 0; give it as a fraction (0.6 for 60 %)",
    Unpriceable.RATE: "rate is not a finite number; give a continuous yearly rate, 0 where there is none",
    Unpriceable.KINK: (
        "forward equals strike with no time or volatility left: gamma does not exist; "
        "use the value at settlement instead"
    ),
    Unpriceable.OUT_OF_RANGE: "the result is outside the range of a double; check the units of the row",
}


def aligned_rows(rows: int, size: int) -> FloatArray:
    """Uninitialised memory of shape (rows, size) whose rows all begin on a line of the processor's cache.

    Across lines, NumPy's loops are up to half as fast. Where ``size`` is no multiple of a line the rows lie
    apart, so the array as a whole is then not contiguous.
    """
    width = -(-size // LINE) * LINE
    memory = np.empty(rows * width + LINE)
    begin = -(memory.ctypes.data // memory.itemsize) % LINE
    return memory[begin : begin + rows * width].reshape(rows, width)[:, :size]


def as_floats(*values: ArrayLike) -> tuple[FloatArray, ...]:
    """The arguments as float64 arrays of one common shape; a masked entry becomes NaN, never its filler.

    Raises UnpriceableError when a value is no number or the shapes do not fit each other.
    """
    try:
        arrays = [_as_float(value) for value in values]
        return cast("tuple[FloatArray, ...]", tuple(np.broadcast_arrays(*arrays)))
    except (TypeError, ValueError) as error:
        raise UnpriceableError(f"the arguments are no arrays of numbers of one shape: {error}") from error


def _as_float(value: ArrayLike) -> FloatArray:
    if isinstance(value, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(value), np.nan, np.ma.getdata(value).astype(np.float64))
    return np.asarray(value, dtype=np.float64)


def require_finite(**named: FloatArray) -> None:
    """Raise UnpriceableError that names the first argument which holds a value that is no finite number."""
    for name, values in named.items():
        wrong = ~np.isfinite(values)
        if wrong.any():
            raise UnpriceableError(f"{name} {values[wrong][0]} is not a finite number; correct it")


def require_positive(**named: FloatArray) -> None:
    """Raise UnpriceableError that names the first argument which is not positive and finite throughout."""
    for name, values in named.items():
        wrong = ~((values > 0) & (values < np.inf))
        if wrong.any():
            raise UnpriceableError(f"{name} {values[wrong][0]} is not a positive finite number; correct it")


def unpriceable(
    sign: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    vol: ArrayLike,
    rate: ArrayLike = 0.0,
) -> CodeArray:
    """Reason per row why it has no Greeks, as codes of ``Unpriceable`` in the broadcast shape.

    ``KINK`` alone leaves the price defined (it is zero). Years = 0 and vol = 0 are intrinsic value.

    >>> [Unpriceable(code).name for code in unpriceable([1, 1, 1], [100.0, -1.0, float("nan")], 90, 0.1, 0.5)]
    ['PRICEABLE', 'FORWARD', 'FORWARD']

    Raises UnpriceableError when an argument is no array of numbers.
    """
    s, f, k, t, v, r = as_floats(sign, forward, strike, years, vol, rate)
    codes = np.zeros(s.shape, dtype=np.int8)
    with np.errstate(all="ignore"):
        kink = (f == k) & (v * np.sqrt(np.abs(t)) < NOTHING_LEFT)
        rules = (  # the later rule wins, so the first argument that is wrong is named
            (kink, Unpriceable.KINK),
            (~np.isfinite(r), Unpriceable.RATE),
            (~((v >= 0) & (v < np.inf)), Unpriceable.VOL),
            (t < 0, Unpriceable.EXPIRED),
            (~np.isfinite(t), Unpriceable.YEARS_NOT_FINITE),
            (~((k > 0) & (k < np.inf)), Unpriceable.STRIKE),
            (~((f > 0) & (f < np.inf)), Unpriceable.FORWARD),
            (np.abs(s) != 1, Unpriceable.SIGN),
        )
    for wrong, reason in rules:
        codes[wrong] = reason
    return codes


def refuse(codes: CodeArray, arrays: tuple[FloatArray, ...]) -> None:
    """Raise UnpriceableError that names the first wrong row, its reason and its arguments."""
    wrong = np.flatnonzero(codes)
    if wrong.size == 0:
        return
    row = int(wrong[0])
    reason = Unpriceable(int(codes.flat[row]))
    shown = ", ".join(
        f"{name} {array.flat[row]!s}"
        for name, array in zip(("sign", "forward", "strike", "years", "vol", "rate"), arrays, strict=False)
    )
    raise UnpriceableError(f"{reason.text} (row {row} of {codes.size}, {wrong.size} wrong: {shown})")
