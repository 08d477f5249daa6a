"""Prices stop while the connection stays up."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hedging.drill.fault import Quotes

NAME = "stale_feed"
SENTENCE = "prices stop while the connection stays up"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """As received a minute ago."""
    del rng
    return {
        name: replace(
            each,
            venue_at=each.venue_at - timedelta(minutes=1),
            received_at=each.received_at - timedelta(minutes=1),
            touch_received_at=each.touch_received_at - timedelta(minutes=1),
        )
        for name, each in quotes.items()
    }
