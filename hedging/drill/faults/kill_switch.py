"""The kill file is set at a random instant."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "kill_switch"
SENTENCE = "the kill file is set at a random instant"


def begin(world: "World") -> None:
    """Once."""
    world.after(world.rng.randrange(0, 8_000) * MILLISECOND, partial(_set, world))
    world.hits.add(NAME)


def _set(world: "World") -> None:
    world.kill_file = "somebody: drill"
    world.wake()
    world.watch.file_set()
