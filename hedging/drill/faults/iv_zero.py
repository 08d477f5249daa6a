"""The implied volatility is 0."""

from dataclasses import replace
from random import Random

from hedging.drill.fault import Quotes

NAME = "iv_zero"
SENTENCE = "the implied volatility is 0"


def quotes(rng: Random, quotes: Quotes) -> Quotes | None:
    """Every option that has one."""
    del rng
    return {name: each if each.iv is None else replace(each, iv=0.0) for name, each in quotes.items()}
