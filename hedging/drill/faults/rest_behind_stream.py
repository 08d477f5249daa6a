"""Reads answer from up to three seconds ago."""

from random import Random

from hedging.drill.fault import Asked, Fate
from hedging.drill.times import MILLISECOND

NAME = "rest_behind_stream"
SENTENCE = "reads answer from up to three seconds ago"


def read(rng: Random, what: Asked) -> Fate | None:
    """Positions, trades and orders."""
    if what in {Asked.CLOCK, Asked.CANCEL, Asked.KEEP_ALIVE, Asked.BALANCES}:
        return None
    return Fate(5 * MILLISECOND, old=rng.randrange(200, 2_900) * MILLISECOND, why="an old answer")
