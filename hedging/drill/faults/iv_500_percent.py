"""The implied volatility is beyond 500 %."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "iv_500_percent"
SENTENCE = "the implied volatility is beyond 500 %"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Every option that has one."""
    del rng
    return {name: each if each.iv is None else replace(each, iv=5.2) for name, each in quotes.items()}
