"""Resting orders are rejected as if they would trade."""

from typing import TYPE_CHECKING

from hedging.model.venue_profile import DeadMan, VenueProfile

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "post_only_rejected"
SENTENCE = "resting orders are rejected as if they would trade"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.rejects_post_only = True


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.rejects_post_only = False


def possible(profile: VenueProfile) -> bool:
    """Only where orders may rest."""
    return profile.dead_man is DeadMan.CANCEL_ALL_AFTER
