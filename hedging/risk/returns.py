"""Returns of a spot over whole hours from hourly closes; none spans an hour that is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from math import isfinite, sqrt

import numpy as np

from hedging.errors import BadInput
from hedging.model.what_if import Close
from hedging.risk.value_at_risk import TooFewObservations

HOUR = timedelta(hours=1)
HOURS_PER_YEAR = 365 * 24
LEAST_FOR_VOL = 48  # hourly returns: the standard error of a volatility is then a tenth of it


@dataclass(frozen=True, slots=True)
class Returns:
    """Relative moves, as fractions, of successive spans of ``hours`` that do not overlap; oldest first.

    ``missing``: hours between the first and the last close of which there is none.
    """

    hours: int
    values: tuple[float, ...]
    missing: int


def period_returns(closes: Sequence[Close], hours: int) -> Returns:
    """Returns over spans of ``hours``, counted back from the newest close of each unbroken run of hours.

    Args:
        closes: hourly closes of one instrument, oldest first, an hour or more apart.
        hours: length of a span, at least 1.

    Raises BadInput where closes are not in order or not whole hours apart, or a price is no positive number.
    """
    if hours < 1:
        raise BadInput(f"a span of {hours} hours is none; give 1 or more")
    values: list[float] = []
    missing = 0
    run: list[float] = []
    for before, close in zip((None, *closes), closes, strict=False):
        if not (isfinite(close.price) and close.price > 0):
            raise BadInput(f"the close of {close.instrument} at {close.at:%d %b %H:%M} is {close.price}")
        apart = HOUR if before is None else close.at - before.at
        if apart < HOUR or apart % HOUR:
            raise BadInput(f"the closes of {close.instrument} at {close.at:%d %b %H:%M} are {apart} apart")
        if apart > HOUR:
            missing += apart // HOUR - 1
            values += _spans(run, hours)
            run = []
        run.append(close.price)
    values += _spans(run, hours)
    return Returns(hours, tuple(values), missing)


def _spans(run: Sequence[float], hours: int) -> list[float]:
    ends = run[::-1][::hours][::-1]
    return [after / before - 1 for before, after in pairwise(ends)]


def realised_vol(hourly: Returns) -> float:
    """Volatility a year, a fraction, of hourly returns with mean 0: the root of their mean square.

    Raises TooFewObservations below 48 of them, BadInput where their span is not an hour.
    """
    if hourly.hours != 1:
        raise BadInput(f"a realised volatility is made of hourly returns, not of {hourly.hours} hours'")
    count = len(hourly.values)
    if count < LEAST_FOR_VOL:
        raise TooFewObservations(
            f"{count} hourly returns are too few for a realised volatility: {LEAST_FOR_VOL} are needed"
        )
    moves = np.log1p(np.array(hourly.values))
    return sqrt(float(np.mean(moves * moves)) * HOURS_PER_YEAR)
