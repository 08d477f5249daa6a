"""The exchange ignores the reduce-only mark."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "reduce_only_ignored"
SENTENCE = "the exchange ignores the reduce-only mark"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.ignores_reduce_only = True


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.ignores_reduce_only = False
