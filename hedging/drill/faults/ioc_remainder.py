"""Orders find nobody and end with nothing traded."""

from decimal import Decimal
from random import Random

from hedging.model.trading import Order

NAME = "ioc_remainder"
SENTENCE = "orders find nobody and end with nothing traded"


def share(rng: Random, order: Order) -> Decimal | None:
    """Mostly nothing."""
    del order
    return Decimal(0) if rng.random() < 0.7 else Decimal("0.3")
