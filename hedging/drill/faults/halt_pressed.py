"""Somebody presses halt at a random instant."""

from functools import partial
from typing import TYPE_CHECKING

from hedging.drill.times import MILLISECOND
from hedging.model.trading import CommandKind, Role

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "halt_pressed"
SENTENCE = "somebody presses halt at a random instant"


def begin(world: "World") -> None:
    """Once."""
    world.after(world.rng.randrange(0, 8_000) * MILLISECOND, partial(_press, world))
    world.hits.add(NAME)


def _press(world: "World") -> None:
    world.people.ask(("vic", Role.VIEWER), CommandKind.HALT, reason="drill")
