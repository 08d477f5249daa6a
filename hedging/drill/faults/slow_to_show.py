"""Reads show orders and trades only seconds after they were made."""

from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "slow_to_show"
SENTENCE = "reads show orders and trades only seconds after they were made"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.slow_to_show = 2_500 * MILLISECOND
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.slow_to_show = 0
