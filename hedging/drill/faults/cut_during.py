"""The connection breaks in the middle of the answer to an order."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "cut_during"
SENTENCE = "the connection breaks in the middle of the answer to an order"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.randrange(2, 40) * MILLISECOND,
        Heard.NOTHING,
        rng.randrange(40, 90) * MILLISECOND,
        "half an answer",
    )
