"""Orders and reads are answered with a page of HTML; orders may have been accepted."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order

NAME = "error_page"
SENTENCE = "orders and reads are answered with a page of HTML; orders may have been accepted"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.choice((None, 3 * MILLISECOND)), Heard.NOTHING, rng.randrange(2, 40) * MILLISECOND, "an HTML page"
    )


def read(rng: Random, what: Asked) -> Fate | None:
    """Some reads fail too."""
    del what
    return Fate(None, Heard.NOTHING, 30 * MILLISECOND, "an HTML page") if rng.random() < 0.3 else None
