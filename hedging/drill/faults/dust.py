"""Orders trade but for a last lot or two."""

from decimal import Decimal
from random import Random

from hedging.model.trading import Order

NAME = "dust"
SENTENCE = "orders trade but for a last lot or two"


def share(rng: Random, order: Order) -> Decimal | None:
    """Nearly all of it."""
    del order, rng
    return Decimal("0.995")
