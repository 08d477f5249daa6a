"""The ledger can be read and not written."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "read_only"
SENTENCE = "the ledger can be read and not written"


def begin(world: "World") -> None:
    """Switch it on."""
    world.store.trouble = "attempt to write a readonly database"


def end(world: "World") -> None:
    """Switch it off."""
    world.store.trouble = ""
