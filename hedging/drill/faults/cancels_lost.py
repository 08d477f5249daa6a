"""Cancels are carried out or lost, and nothing is heard of them."""

from random import Random

from hedging.drill.fault import Asked, Fate, Heard
from hedging.drill.times import MILLISECOND
from hedging.model.venue_profile import DeadMan, VenueProfile

NAME = "cancels_lost"
SENTENCE = "cancels are carried out or lost, and nothing is heard of them"


def read(rng: Random, what: Asked) -> Fate | None:
    """Cancels alone."""
    lost = Fate(rng.choice((None, 3 * MILLISECOND)), Heard.NOTHING, 500 * MILLISECOND, "timeout")
    return lost if what is Asked.CANCEL else None


def possible(profile: VenueProfile) -> bool:
    """Only where orders may rest."""
    return profile.dead_man is DeadMan.CANCEL_ALL_AFTER
