"""Orders trade in part."""

from decimal import Decimal
from random import Random

from hedging.model.trading import Order

NAME = "partial_fills"
SENTENCE = "orders trade in part"


def share(rng: Random, order: Order) -> Decimal | None:
    """Something between a tenth and most of it."""
    del order
    return Decimal(rng.randrange(1, 9)) / 10
