"""The key may read and no longer trade."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "permission_lost"
SENTENCE = "the key may read and no longer trade"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del rng, order
    return Fate(2 * MILLISECOND, Heard.REFUSAL, 3 * MILLISECOND, "forbidden")
