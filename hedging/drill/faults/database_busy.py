"""The ledger is locked for moments: writes fail."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "database_busy"
SENTENCE = "the ledger is locked for moments: writes fail"


def begin(world: "World") -> None:
    """Again and again for half a second."""
    for _ in range(6):
        start = world.rng.randrange(0, 8_000) * MILLISECOND
        world.after(start, partial(_set, world, "database is locked"))
        world.after(start + 400 * MILLISECOND, partial(_set, world, ""))


def end(world: "World") -> None:
    """Free again."""
    _set(world, "")


def _set(world: "World", words: str) -> None:
    world.store.trouble = words
