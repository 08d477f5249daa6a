"""The exchange states deltas with the wrong sign."""

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING

from hedging.drill.fault import Quotes

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "greeks_sign"
SENTENCE = "the exchange states deltas with the wrong sign"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.delta_factor = -1.0
    world.hits.add(NAME)


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.delta_factor = 1.0


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Also of options."""
    del rng
    return {
        name: each if each.venue_delta is None else replace(each, venue_delta=-each.venue_delta)
        for name, each in quotes.items()
    }
