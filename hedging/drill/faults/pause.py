"""The engine's process stands still for 1 to 120 seconds, with or without effects in flight."""

from typing import TYPE_CHECKING

from hedging.drill.times import SECOND
from hedging.model.venue_profile import Fence

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "pause"
SENTENCE = "the engine's process stands still for 1 to 120 seconds, with or without effects in flight"


def begin(world: "World") -> None:
    """At once, before its next order, or between its last look and the wire."""
    rng = world.rng
    length = rng.choice((rng.randrange(1, 8), rng.randrange(8, 30), rng.randrange(30, 121))) * SECOND
    process = world.processes[0]
    where = rng.randrange(3)
    if where == 0:
        process.freeze(world.now + length)
    else:
        looked = where == 2 and world.profile.fence is not Fence.NONE
        process.freeze_at_wire = (length, looked)
    world.hits.add(NAME)
