"""The login has expired: orders are refused, reads fail."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "auth_expired"
SENTENCE = "the login has expired: orders are refused, reads fail"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del rng, order
    return Fate(2 * MILLISECOND, Heard.REFUSAL, 3 * MILLISECOND, "invalid token")


def read(rng: Random, what: Asked) -> Fate | None:
    """Every read."""
    del rng, what
    return Fate(None, Heard.NOTHING, 20 * MILLISECOND, "invalid token")
