"""The hedging instrument expires, orders in flight or not."""

from typing import TYPE_CHECKING

from hedging.drill.times import SECOND

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "early_expiry"
SENTENCE = "the hedging instrument expires, orders in flight or not"


def begin(world: "World") -> None:
    """Its cut-off passes; then it is settled."""
    world.after(14 * SECOND, world.delist)
    world.hits.add(NAME)
