"""The answer to an order or a read ends in the middle."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "truncated_json"
SENTENCE = "the answer to an order or a read ends in the middle"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.randrange(2, 40) * MILLISECOND,
        Heard.NOTHING,
        rng.randrange(40, 90) * MILLISECOND,
        "truncated JSON",
    )


def read(rng: Random, what: Asked) -> Fate | None:
    """Some reads fail too."""
    del what
    return Fate(None, Heard.NOTHING, 30 * MILLISECOND, "truncated JSON") if rng.random() < 0.3 else None
