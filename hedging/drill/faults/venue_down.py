"""The exchange answers nothing at all."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard, Pushed
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "venue_down"
SENTENCE = "the exchange answers nothing at all"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    return Fate(None, Heard.NOTHING, rng.randrange(2_000, 8_000) * MILLISECOND, "no connection")


def read(rng: Random, what: Asked) -> Fate | None:
    """Every read."""
    del rng, what
    return Fate(None, Heard.NOTHING, 2_000 * MILLISECOND, "no connection")


def stream(rng: Random, what: Pushed) -> tuple[int, ...] | None:
    """Nothing is pushed."""
    del rng, what
    return ()
