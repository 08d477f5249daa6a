"""Prices are negative."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "price_negative"
SENTENCE = "prices are negative"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Touch and mark."""
    del rng
    return {
        name: replace(each, bid=-(each.bid or 1), ask=-(each.ask or 1), mark=-(each.mark or 1))
        for name, each in quotes.items()
    }
