"""People click twice."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "double_click"
SENTENCE = "people click twice"


def begin(world: "World") -> None:
    """People behave so, and automatic mode is off."""
    world.people.double_clicks = True
    world.people.switch_off()


def end(world: "World") -> None:
    """They stop it."""
    world.people.double_clicks = False
