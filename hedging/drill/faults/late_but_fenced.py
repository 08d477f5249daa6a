"""An order is accepted seconds later, just inside its time fence."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "late_but_fenced"
SENTENCE = "an order is accepted seconds later, just inside its time fence"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.randrange(1_500, 4_900) * MILLISECOND,
        Heard.NOTHING,
        rng.randrange(500, 1_500) * MILLISECOND,
        "timeout",
    )
