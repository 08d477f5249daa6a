"""Hard limits are lowered under what is held."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "limit_lowered"
SENTENCE = "hard limits are lowered under what is held"


def begin(world: "World") -> None:
    """To a fifth, until the end of it."""
    world.lower_limits(0.2)
    world.hits.add(NAME)


def end(world: "World") -> None:
    """As they were."""
    world.lower_limits(1.0)
