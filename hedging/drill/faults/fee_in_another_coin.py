"""Fees are charged in a third currency."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hedging.drill.world import World

NAME = "fee_in_another_coin"
SENTENCE = "fees are charged in a third currency"


def begin(world: "World") -> None:
    """Switch it on."""
    world.venue.switches.fee_currency = "BNB"


def end(world: "World") -> None:
    """Switch it off."""
    world.venue.switches.fee_currency = ""
