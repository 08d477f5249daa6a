"""Somebody trades by hand in the account that hedges."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "position_by_hand"
SENTENCE = "somebody trades by hand in the account that hedges"


def begin(world: "World") -> None:
    """Once, at once."""
    world.trade_outside("main", world.rng.choice((-1, 1)) * world.rng.randrange(50, 300) / 100)
    world.hits.add(NAME)
