"""The exchange answers an order with status 500 and accepts none."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "server_error"
SENTENCE = "the exchange answers an order with status 500 and accepts none"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(None, Heard.NOTHING, rng.randrange(2, 40) * MILLISECOND, "HTTP 500")
