"""An order never arrives, and nothing is heard."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "timeout_before_accept"
SENTENCE = "an order never arrives, and nothing is heard"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(None, Heard.NOTHING, rng.randrange(2_000, 8_000) * MILLISECOND, "timeout")
