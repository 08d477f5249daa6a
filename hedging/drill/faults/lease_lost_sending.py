"""The engine is frozen between its last look and the wire until another one has the lease."""

from typing import TYPE_CHECKING

from hedging.drill.times import SECOND
from hedging.model.venue_profile import Fence

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "lease_lost_sending"
SENTENCE = "the engine is frozen between its last look and the wire until another one has the lease"


def begin(world: "World") -> None:
    """Before its next order."""
    for process in world.processes:
        process.freeze_at_wire = (world.rng.randrange(16, 25) * SECOND, world.profile.fence is not Fence.NONE)
