"""The engine dies at a numbered commit or at the wire, before or after it."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "crash_at_boundary"
SENTENCE = "the engine dies at a numbered commit or at the wire, before or after it"


def begin(world: "World") -> None:
    """The plan has the number."""
    del world
