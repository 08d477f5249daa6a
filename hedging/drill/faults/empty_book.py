"""Nobody bids or asks."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "empty_book"
SENTENCE = "nobody bids or asks"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """No touch."""
    del rng
    return {
        name: replace(each, bid=None, ask=None, bid_size=None, ask_size=None) for name, each in quotes.items()
    }
