"""Independent reference numbers, and a slow scalar twin of Black-76 at 90 digits."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"


@dataclass(frozen=True)
class Vectors:
    """Rows of one reference file."""

    rows: list[dict[str, str]]

    def column(self, name: str) -> NDArray[np.float64]:
        """A column as doubles; a blank cell is NaN."""
        return np.array([float(row[name]) if row[name] else np.nan for row in self.rows])

    def words(self, name: str) -> NDArray[np.str_]:
        """A column as text."""
        return np.array([row[name] for row in self.rows])

    @property
    def sign(self) -> NDArray[np.float64]:
        """+1 for a call, -1 for a put."""
        return np.where(self.words("cp") == "c", 1.0, -1.0)

    def worst(self, error: NDArray[np.float64], allowed: NDArray[np.float64] | float) -> str:
        """Every input of the row that is furthest outside, or nothing where all are inside."""
        with np.errstate(all="ignore"):
            excess = np.where(error <= allowed, 0.0, error / np.maximum(allowed, 1e-320))
        excess = np.where(np.isnan(error), np.inf, excess)
        if not excess.any():
            return ""
        row = int(np.argmax(excess))
        return f"row {row}: {error[row]:.3g} is {excess[row]:.3g} times what is allowed; {self.rows[row]}"


@pytest.fixture(scope="session")
def vectors() -> Callable[[str], Vectors]:
    def read(name: str) -> Vectors:
        path = VECTORS / f"{name}.csv"
        if not path.exists():
            pytest.skip(f"the reference numbers {path.name} are not on this machine")
        with path.open(newline="") as file:
            return Vectors(list(csv.DictReader(file)))

    return read


def twin_price(sign: int, forward: object, strike: float, years: object, vol: object, rate: float) -> object:
    """Black-76 as in the textbook, scalar, at 90 digits."""
    mpmath.mp.dps = 90
    f, k, t, v, r = (mpmath.mpf(part) for part in (forward, strike, years, vol, rate))
    d1 = mpmath.log(f / k) / (v * mpmath.sqrt(t)) + v * mpmath.sqrt(t) / 2
    d2 = d1 - v * mpmath.sqrt(t)
    return mpmath.exp(-r * t) * sign * (f * mpmath.ncdf(sign * d1) - k * mpmath.ncdf(sign * d2))


@pytest.fixture(scope="session")
def twin() -> Callable[..., object]:
    return twin_price
