"""Our clock is a second behind."""

from typing import TYPE_CHECKING

from hedging.drill.times import SECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "clock_behind_1s"
SENTENCE = "our clock is a second behind"


def begin(world: "World") -> None:
    """Set it."""
    world.clock_skew = -SECOND
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Set it right."""
    world.clock_skew = 0
