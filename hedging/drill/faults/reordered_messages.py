"""Pushed messages overtake each other."""

from random import Random

from hedging.drill.fault import Pushed
from hedging.drill.times import MILLISECOND

NAME = "reordered_messages"
SENTENCE = "pushed messages overtake each other"


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Anything up to two seconds."""
    del what
    return (rng.randrange(1, 2_000) * MILLISECOND,)
