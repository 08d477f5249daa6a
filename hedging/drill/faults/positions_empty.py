"""Positions are answered as an empty list."""

from random import Random

from hedging.drill.fault import Asked, Fate
from hedging.drill.times import MILLISECOND

NAME = "positions_empty"
SENTENCE = "positions are answered as an empty list"


def read(rng: Random, what: Asked) -> Fate | None:
    """Positions alone."""
    del rng
    return Fate(5 * MILLISECOND, empty=True, why="empty") if what is Asked.POSITIONS else None
