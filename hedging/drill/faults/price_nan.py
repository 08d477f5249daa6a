"""Prices are no number."""

from dataclasses import replace
from math import nan
from random import Random

from hedging.drill.fault import Quotes

NAME = "price_nan"
SENTENCE = "prices are no number"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Touch and mark."""
    del rng
    return {name: replace(each, bid=nan, ask=nan, mark=nan) for name, each in quotes.items()}
