"""Our clock is ten seconds ahead."""

from typing import TYPE_CHECKING

from hedging.drill.times import SECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "clock_ahead_10s"
SENTENCE = "our clock is ten seconds ahead"


def begin(world: "World") -> None:
    """Set it."""
    world.clock_skew = 10 * SECOND
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Set it right."""
    world.clock_skew = 0
