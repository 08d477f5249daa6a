"""Messages keep coming, with prices of ten seconds ago."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hedging.drill.fault import Quotes

NAME = "book_frozen"
SENTENCE = "messages keep coming, with prices of ten seconds ago"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """By the exchange's own clock alone."""
    del rng
    return {
        name: replace(each, venue_at=each.venue_at - timedelta(seconds=10)) for name, each in quotes.items()
    }
