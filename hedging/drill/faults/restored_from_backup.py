"""The engine is stopped, and the ledger is restored from a backup some seconds old."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.store import Rows
from hedging.drill.times import MILLISECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "restored_from_backup"
SENTENCE = "the engine is stopped, and the ledger is restored from a backup some seconds old"


def begin(world: "World") -> None:
    """The backup is made now and put back later."""
    saved = world.store.rows.copy()
    world.after(world.rng.randrange(2_000, 7_000) * MILLISECOND, partial(_restore, world, saved))
    world.hits.add(NAME)


def _restore(world: "World", saved: Rows) -> None:
    world.watch.losing = True
    for process in world.processes:
        process.die("stopped for a restore")
    world.store.rows = saved
