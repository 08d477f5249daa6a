"""Two people approve at once."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "two_approvers"
SENTENCE = "two people approve at once"


def begin(world: "World") -> None:
    """People behave so, and automatic mode is off."""
    world.people.two_approvers = True
    world.people.switch_off()


def end(world: "World") -> None:
    """They stop it."""
    world.people.two_approvers = False
