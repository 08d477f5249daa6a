"""Pushed messages come 2 to 20 seconds late."""

from random import Random

from hedging.drill.fault import Pushed
from hedging.drill.times import MILLISECOND

NAME = "delayed_messages"
SENTENCE = "pushed messages come 2 to 20 seconds late"


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Late."""
    del what
    return (rng.randrange(2_000, 20_000) * MILLISECOND,)
