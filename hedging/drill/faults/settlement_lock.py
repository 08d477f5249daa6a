"""The exchange settles and accepts no order."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "settlement_lock"
SENTENCE = "the exchange settles and accepts no order"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.closed = "settlement in progress"


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.closed = ""
