"""Positions are answered as of three seconds ago."""

from random import Random

from hedging.drill.fault import Asked, Fate
from hedging.drill.times import MILLISECOND, SECOND

NAME = "positions_old"
SENTENCE = "positions are answered as of three seconds ago"


def read(rng: Random, what: Asked) -> Fate | None:
    """Positions alone."""
    del rng
    return Fate(5 * MILLISECOND, old=3 * SECOND, why="old") if what is Asked.POSITIONS else None
