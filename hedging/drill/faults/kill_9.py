"""The engine's process is killed at random instants."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "kill_9"
SENTENCE = "the engine's process is killed at random instants"


def begin(world: "World") -> None:
    """One to three times."""
    for _ in range(world.rng.randrange(1, 4)):
        process = world.rng.choice(world.processes)
        world.after(world.rng.randrange(0, 9_000) * MILLISECOND, partial(process.die, "kill -9"))
    world.hits.add(NAME)
