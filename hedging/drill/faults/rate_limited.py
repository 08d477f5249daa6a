"""The exchange refuses requests because there were too many."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "rate_limited"
SENTENCE = "the exchange refuses requests because there were too many"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.5:
        return None
    return Fate(2 * MILLISECOND, Heard.REFUSAL, 3 * MILLISECOND, "429 too many requests")


def read(rng: Random, what: Asked) -> Fate | None:
    """Half of all reads."""
    del what
    return (
        Fate(None, Heard.NOTHING, 20 * MILLISECOND, "429 too many requests") if rng.random() < 0.5 else None
    )
