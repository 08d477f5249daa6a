"""One side of the book is empty."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "one_sided_book"
SENTENCE = "one side of the book is empty"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """No ask."""
    del rng
    return {name: replace(each, ask=None, ask_size=None) for name, each in quotes.items()}
