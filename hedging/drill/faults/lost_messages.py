"""A fifth to a half of the pushed messages is lost."""

from random import Random

from hedging.drill.fault import Pushed

NAME = "lost_messages"
SENTENCE = "a fifth to a half of the pushed messages is lost"


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Lost, or as usual."""
    del what
    return () if rng.random() < 0.4 else None
