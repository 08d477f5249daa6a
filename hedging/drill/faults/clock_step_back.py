"""Our clock is set back by one to ten seconds in the middle of it all."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import SECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "clock_step_back"
SENTENCE = "our clock is set back by one to ten seconds in the middle of it all"


def begin(world: "World") -> None:
    """Ahead first, then back."""
    world.clock_skew = world.rng.randrange(1, 11) * SECOND
    world.after(world.rng.randrange(1, 6) * SECOND, partial(end, world))
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Set it back."""
    world.clock_skew = 0
