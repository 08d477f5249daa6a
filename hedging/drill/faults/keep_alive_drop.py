"""The kept connection is gone: a request is lost or accepted, and nobody knows."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "keep_alive_drop"
SENTENCE = "the kept connection is gone: a request is lost or accepted, and nobody knows"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.choice((None, 3 * MILLISECOND)),
        Heard.NOTHING,
        rng.randrange(5, 60) * MILLISECOND,
        "connection dropped",
    )
