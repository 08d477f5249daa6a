"""The exchange says of an order that its status is unknown, accepted or not."""

from random import Random

from hedging.drill.fault import Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.trading import Order
from hedging.model.venue_profile import VenueProfile

NAME = "unknown_status"
SENTENCE = "the exchange says of an order that its status is unknown, accepted or not"


def submit(rng: Random, order: Order) -> Fate | None:
    """The fate of an order."""
    del order
    if rng.random() < 0.3:
        return None
    return Fate(
        rng.choice((None, 3 * MILLISECOND)),
        Heard.NOTHING,
        rng.randrange(2, 40) * MILLISECOND,
        "execution status unknown",
    )


def possible(profile: VenueProfile) -> bool:
    """Where a venue answers so."""
    return profile.unknown_status
