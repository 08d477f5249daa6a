"""Random numbers that are a function of what they are for, not of when they are asked for."""

import hashlib

import numpy as np
from numpy.typing import NDArray

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def key(seed: int, *parts: str | int) -> int:
    """A 64-bit key for a seed and what the numbers are for; slow, so keep it.

    >>> key(1, "BTC-PERPETUAL") == key(1, "BTC-PERPETUAL") != key(2, "BTC-PERPETUAL")
    True
    """
    text = "\x1f".join(str(part) for part in (seed, *parts))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def uniforms(stream: int, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """One uniform number in (0, 1) per entry of ``numbers``, from the stream of a key."""
    result: NDArray[np.float64] = (
        (_mixed(stream, numbers) >> np.uint64(11)).astype(np.float64) + 0.5
    ) * 2.0**-53
    return result


def uniform_pairs(stream: int, numbers: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two uniform numbers in (0, 1) per entry of ``numbers``, of 32 bits each, in one pass."""
    mixed = _mixed(stream, numbers)
    high = (mixed >> np.uint64(32)).astype(np.float64)
    low = (mixed & np.uint64(0xFFFFFFFF)).astype(np.float64)
    return (high + 0.5) * 2.0**-32, (low + 0.5) * 2.0**-32


def _mixed(stream: int, numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014)."""
    mixed = numbers.astype(np.uint64) * np.uint64(_GOLDEN) + np.uint64(stream & _MASK)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed
