"""An order that has ended trades once more, seconds later."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "fill_after_cancel_ack"
SENTENCE = "an order that has ended trades once more, seconds later"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.fills_after_ack = True


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.fills_after_ack = False
