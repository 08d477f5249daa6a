"""People approve what was on their screen a while ago."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "stale_approval"
SENTENCE = "people approve what was on their screen a while ago"


def begin(world: "World") -> None:
    """People behave so, and automatic mode is off."""
    world.people.stale = True
    world.people.switch_off()


def end(world: "World") -> None:
    """They stop it."""
    world.people.stale = False
