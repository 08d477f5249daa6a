"""Two engines want the book, and the one that has it is frozen or killed."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import SECOND
from hedging.model.venue_profile import Fence

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "two_engines"
SENTENCE = "two engines want the book, and the one that has it is frozen or killed"


def begin(world: "World") -> None:
    """Again and again."""
    for number in range(2):
        world.after(number * 5 * SECOND, partial(_trouble, world))
    world.hits.add(NAME)


def _trouble(world: "World") -> None:
    rng = world.rng
    holder = next((each for each in world.processes if each.state is not None), None)
    if holder is None:
        return
    if rng.random() < 0.4:
        holder.die("kill -9")
    elif rng.random() < 0.5:
        holder.freeze(world.now + rng.randrange(10, 40) * SECOND)
    else:
        holder.freeze_at_wire = (rng.randrange(10, 40) * SECOND, world.profile.fence is not Fence.NONE)
