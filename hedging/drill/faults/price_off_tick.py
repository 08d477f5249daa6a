"""Prices lie between two ticks."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "price_off_tick"
SENTENCE = "prices lie between two ticks"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """By a fraction of a tick."""
    del rng
    return {
        name: replace(each, bid=(each.bid or 1) + 0.13, ask=(each.ask or 1) + 0.17)
        for name, each in quotes.items()
    }
