"""The exchange closes a part of the hedge."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "liquidation"
SENTENCE = "the exchange closes a part of the hedge"


def begin(world: "World") -> None:
    """Half of it."""
    hedge = world.market.listed.hedge
    held = world.venue.amount("main", hedge.name)
    amount = (held / 2) // hedge.lot * hedge.lot
    if amount:
        world.venue.trade_outside("main", hedge.name, -amount, world.now)
    world.hits.add(NAME)
