"""An order is accepted 5 to 60 seconds later, long after the timeout."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "late_accept"
SENTENCE = "an order is accepted 5 to 60 seconds later, long after the timeout"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.randrange(5_000, 60_000) * MILLISECOND,
        Heard.NOTHING,
        rng.randrange(2_000, 8_000) * MILLISECOND,
        "timeout",
    )
