"""The marks of all instruments at one instant as one compact row.

A row an instrument a second would be 100 million rows a day for 1,200 instruments. Here the names stand
once in a *layout*, used by every frame until the instruments change, and a frame is a zlib-compressed
block of float64, column by column; every number comes back bit for bit.
"""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TypeAlias

import numpy as np

from hedging.errors import LedgerError

FloatArray: TypeAlias = "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"

FIELDS = ("mark", "index_usd", "forward_usd", "iv", "bid", "ask", "age_seconds")
"""Columns of a frame; ``age_seconds`` is how long before the frame the quote had arrived."""

_STORED = np.dtype("<f8")


@dataclass(frozen=True, slots=True)
class Layout:
    """Which instruments a frame is of, as (venue, the venue's name of it)."""

    instruments: tuple[tuple[str, str], ...]

    @property
    def body(self) -> str:
        """The names as JSON."""
        return json.dumps(self.instruments, separators=(",", ":"))

    @property
    def digest(self) -> str:
        """Hex SHA-256 of ``body``."""
        return hashlib.sha256(self.body.encode()).hexdigest()

    @classmethod
    def read(cls, body: str) -> "Layout":
        """The layout whose ``body`` it is."""
        return cls(tuple((venue, name) for venue, name in json.loads(body)))


@dataclass(frozen=True, slots=True, eq=False)
class MarkFrame:
    """``values`` is (FIELDS, instruments) in the units of ``hedging.model.market.Quote``.

    NaN: the venue did not send it (no age: no quote has arrived at all). Infinite: what it sent was no
    finite number. Neither is ever given out as a number.
    """

    at: datetime
    layout: Layout
    values: FloatArray

    @classmethod
    def of(
        cls, at: datetime, instruments: Sequence[tuple[str, str]], rows: Sequence[Sequence[float | None]]
    ) -> "MarkFrame":
        """A frame of one row of FIELDS an instrument; None where the venue sent nothing."""
        values = np.array(rows, dtype=np.float64)
        for row, place in np.argwhere(~np.isfinite(values)).tolist():
            if rows[row][place] is not None:
                values[row, place] = np.inf
        return cls(at, Layout(tuple(instruments)), np.ascontiguousarray(values.T))

    def packed(self) -> bytes:
        """The block as it is stored."""
        return zlib.compress(self.values.astype(_STORED).tobytes(), 1)


def unpacked(at: datetime, layout: Layout, body: bytes) -> MarkFrame:
    """The frame that ``packed`` made; raises LedgerError where the block is not one of this layout."""
    try:
        flat = np.frombuffer(zlib.decompress(body), dtype=_STORED)
        values = flat.reshape(len(FIELDS), len(layout.instruments)).astype(np.float64)
    except (zlib.error, ValueError) as error:
        raise LedgerError(f"the marks of {at.isoformat()} cannot be read: {error}") from error
    return MarkFrame(at, layout, values)


def missing(values: FloatArray) -> list[str | None]:
    """For each instrument, what has no number and why; None where all FIELDS are there."""
    absent, odd = np.isnan(values), np.isinf(values)
    whole = ~(absent | odd).any(axis=0)
    texts: list[str | None] = [None] * values.shape[1]
    for place in np.flatnonzero(~whole).tolist():
        texts[place] = _reason(tuple(absent[:, place].tolist()), tuple(odd[:, place].tolist()))
    return texts


@cache
def _reason(absent: tuple[bool, ...], odd: tuple[bool, ...]) -> str:
    if absent[-1]:
        return "no quote has arrived"
    parts = []
    for words, which in (("not sent", absent), ("not a finite number", odd)):
        names = [name for name, holds in zip(FIELDS, which, strict=True) if holds]
        if names:
            parts.append(f"{words}: {', '.join(names)}")
    return "; ".join(parts)
