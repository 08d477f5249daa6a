"""The disk is full: every write of the ledger fails."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "disk_full"
SENTENCE = "the disk is full: every write of the ledger fails"


def begin(world: "World") -> None:
    """Switch it on."""
    world.store.trouble = "database or disk is full"


def end(world: "World") -> None:
    """Switch it off."""
    world.store.trouble = ""
