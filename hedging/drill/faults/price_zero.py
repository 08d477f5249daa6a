"""Prices are 0."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "price_zero"
SENTENCE = "prices are 0"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Touch and mark."""
    del rng
    return {name: replace(each, bid=0.0, ask=0.0, mark=0.0) for name, each in quotes.items()}
