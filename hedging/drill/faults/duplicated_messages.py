"""Pushed messages come two or three times."""

from random import Random

from hedging.drill.fault import Pushed
from hedging.drill.times import MILLISECOND

NAME = "duplicated_messages"
SENTENCE = "pushed messages come two or three times"


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Again, and perhaps once more."""
    del what
    return (9 * MILLISECOND, rng.randrange(10, 900) * MILLISECOND, rng.randrange(10, 4_000) * MILLISECOND)
