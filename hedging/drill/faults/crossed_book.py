"""The best bid is above the best ask."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "crossed_book"
SENTENCE = "the best bid is above the best ask"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Bid and ask change places."""
    del rng
    return {name: replace(each, bid=each.ask, ask=each.bid) for name, each in quotes.items()}
