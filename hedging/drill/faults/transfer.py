"""Money is moved out of the account."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "transfer"
SENTENCE = "money is moved out of the account"


def begin(world: "World") -> None:
    """Half of the margin is used after it."""
    world.venue.switches.margin_used = 0.5
    world.hits.add(NAME)


def end(world: "World") -> None:
    """It comes back."""
    world.venue.switches.margin_used = 0.02
