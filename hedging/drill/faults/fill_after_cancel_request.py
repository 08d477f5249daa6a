"""An order trades once more when its cancel arrives."""

from typing import TYPE_CHECKING

from hedging.model.venue_profile import DeadMan, VenueProfile

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "fill_after_cancel_request"
SENTENCE = "an order trades once more when its cancel arrives"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.fills_after_cancel = True


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.fills_after_cancel = False


def possible(profile: VenueProfile) -> bool:
    """Only where orders may rest."""
    return profile.dead_man is DeadMan.CANCEL_ALL_AFTER
