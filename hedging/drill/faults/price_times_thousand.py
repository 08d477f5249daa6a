"""Prices are a thousand times too high."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "price_times_thousand"
SENTENCE = "prices are a thousand times too high"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Touch and mark."""
    del rng
    return {
        name: replace(each, bid=1e3 * (each.bid or 1), ask=1e3 * (each.ask or 1), mark=1e3 * (each.mark or 1))
        for name, each in quotes.items()
    }
