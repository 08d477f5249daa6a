"""The hedging instrument is delisted: its positions and orders are gone, and no order is accepted."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "delisting"
SENTENCE = "the hedging instrument is delisted: its positions and orders are gone, and no order is accepted"


def begin(world: "World") -> None:
    """At once, for good."""
    world.venue.switches.expired = True
    world.delist()
    world.hits.add(NAME)
