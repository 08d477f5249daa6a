"""Figures that no market shows: a wrong unit, sign or scale, not a price (control C17)."""

import numpy as np

from hedging.model.instrument import Instrument, Kind
from hedging.model.market import Quote
from hedging.risk.holdings import BoolArray, FloatArray, Holdings

LOWEST_IV = 0.01
HIGHEST_IV = 5.0
MOST_APART = 2.0  # a forward, or a future's mark, over the index, and the index over it


def plausible(holdings: Holdings, mark: FloatArray, index: FloatArray, forward: FloatArray) -> BoolArray:
    """Per instrument: the price that its delta rests on lies within a factor of two of the index."""
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):  # others see what is no number
        ratio = np.where(holdings.option, forward, mark) / index
    near: BoolArray = (ratio >= 1 / MOST_APART) & (ratio <= MOST_APART)
    return near


def plausible_iv(iv: FloatArray) -> BoolArray:
    """Volatilities, as fractions, from 1 % to 500 %."""
    inside: BoolArray = (iv >= LOWEST_IV) & (iv <= HIGHEST_IV)
    return inside


def implausible(instrument: Instrument, quote: Quote) -> str:
    """What no market shows of an instrument whose figures are all there, in words, or nothing."""
    if quote.index is None:
        return ""
    option = instrument.kind is Kind.OPTION
    price, what = (quote.forward, "forward") if option else (quote.mark, "mark price")
    if option and quote.iv is not None and not LOWEST_IV <= quote.iv <= HIGHEST_IV:
        return (
            f"the mark volatility of {instrument.name} is {quote.iv:.4%}, plausible are {LOWEST_IV:.0%} to "
            f"{HIGHEST_IV:.0%}: a wrong unit?"
        )
    return "" if price is None else far_from_index(f"the {what} of {instrument.name}", price, quote.index)


def far_from_index(what: str, price: float, index: float) -> str:
    """That a price and the index are not of one unit, in words, or nothing; both in USD, above 0.

    >>> far_from_index("the mark", 100_020.0, 100_000.0)
    ''
    >>> far_from_index("the mark", 100.02, 100_000.0)
    'the mark is 100.02 beside an index of 100000, more than 2 times apart: a wrong unit?'
    """
    if 1 / MOST_APART <= price / index <= MOST_APART:
        return ""
    apart = f"more than {MOST_APART:g} times apart"
    return f"{what} is {price:g} beside an index of {index:g}, {apart}: a wrong unit?"
