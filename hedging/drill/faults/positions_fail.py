"""Reads of positions fail."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND

NAME = "positions_fail"
SENTENCE = "reads of positions fail"


def read(rng: Random, what: Asked) -> Fate | None:
    """Positions alone."""
    del rng
    failed = Fate(None, Heard.NOTHING, 40 * MILLISECOND, "HTTP 500")
    return failed if what is Asked.POSITIONS else None
