"""Prices stop while the connection stays up."""

from dataclasses import replace
from datetime import timedelta
from random import Random

from hedging.drill.fault import Quotes

NAME = "stale_feed"
SENTENCE = "prices stop while the connection stays up"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """As received three seconds ago, or a minute."""
    ago = timedelta(seconds=rng.choice((3, 60)))
    return {
        name: replace(
            each,
            venue_at=each.venue_at - ago,
            received_at=each.received_at - ago,
            touch_received_at=each.touch_received_at - ago,
        )
        for name, each in quotes.items()
    }
