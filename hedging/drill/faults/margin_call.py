"""The margin of the account is nearly used up."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "margin_call"
SENTENCE = "the margin of the account is nearly used up"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.margin_used = 0.95
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.margin_used = 0.02
