"""The private stream stays connected and says nothing."""

from random import Random

from hedging.drill.fault import Pushed

NAME = "silent_stream"
SENTENCE = "the private stream stays connected and says nothing"


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Nothing."""
    del what, rng
    return ()
