"""When a measure that moves with the spot leaves its bounds: first passage of a driftless Brownian motion.

A measure x(t) = x + slope·r(t) moves along a line with the spot's relative move r, whose variance is σ²t.
Until it leaves the bounds the book is taken to be left alone, and slope and σ to stay.
Source: W. Feller, "An Introduction to Probability Theory and Its Applications" II (1971), ch. X.5, for the
two barriers as a series of reflections; J.P. Morgan, "RiskMetrics Technical Document" (1996), section 5.2,
for the exponential weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, inf, isfinite, log, sqrt

import numpy as np

from hedging.errors import BadInput
from hedging.model.limits import Forecast, NoForecast, VolSource
from hedging.risk.valued import ValuedBook
from hedging.units import SECONDS_PER_YEAR

DECAY = 0.94
LEAST_RETURNS = 20  # their weights then add up to 1 - 0.94^20 = 0.71 of those of an endless series
HOURS_PER_YEAR = 365 * 24.0
SURE = 5.0  # standard deviations, in widths of the interval, after which staying inside has 1e-53 left
BISECTIONS = 40


@dataclass(frozen=True, slots=True)
class Vol:
    """A volatility a year, as a fraction, and where it is from."""

    value: float
    source: VolSource


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which a measure is to stay, in its own unit; infinite where a side is open."""

    lower: float
    upper: float


def ewma_vol(returns: Sequence[float], interval_seconds: float) -> float | None:
    """Volatility a year, a fraction, of relative moves over equal intervals, oldest first, mean 0.

    Weights 1, 0.94, 0.94², … go back from the newest; they are scaled to add up to 1. None below 20 returns.

    >>> round(ewma_vol([0.001] * 30, 60.0), 6)
    0.724621

    Raises BadInput where a return is not finite or at or below -1, or the interval is not positive.
    """
    if not 0 < interval_seconds < inf:
        raise BadInput(f"the interval of the returns is {interval_seconds} s; it has to be positive")
    odd = next((each for each in returns if not (isfinite(each) and each > -1)), None)
    if odd is not None:
        raise BadInput(f"a relative move of {odd} is none")
    if len(returns) < LEAST_RETURNS:
        return None
    total = weights = 0.0
    for each in returns:
        move = log(1 + each)
        total = DECAY * total + move * move
        weights = DECAY * weights + 1
    return sqrt(total / weights * SECONDS_PER_YEAR / interval_seconds)


def implied_vol(book: ValuedBook, underlying: str) -> float | None:
    """Volatility that the held option nearest to the money is valued with; None where none is held."""
    held, marks = book.holdings, book.marks
    own = held.place[book.derivatives(underlying)]
    options = own[held.option[own] & (marks.forward[own] > 0) & (marks.iv[own] > 0)]
    if not options.size:
        return None
    distance = np.abs(np.log(held.strike[options] / marks.forward[options]))
    return float(marks.iv[options[np.argmin(distance)]])


def leaves_within(distance: tuple[float, float], deviation: float) -> float:
    """Probability that a driftless Brownian motion has left an interval.

    Args:
        distance: from where it is now down to the lower bound and up to the upper, both positive, in its
            own unit; one of them may be infinite.
        deviation: standard deviation of its move over the time asked about, in the same unit.
    """
    below, above = distance
    if not deviation > 0:
        return 0.0
    if inf in distance:
        return erfc(min(distance) / (deviation * sqrt(2)))
    width = below + above
    if deviation > SURE * width:
        return 1.0
    found = _hits(below, width, deviation) + _hits(above, width, deviation)
    return min(1.0, max(0.0, found))


def _hits(distance: float, width: float, deviation: float) -> float:
    """Probability of reaching the bound at ``distance`` before the other one, ``width`` beyond it."""
    scale = deviation * sqrt(2)
    total = erfc(distance / scale)
    for turn in range(1, int(20 * deviation / width) + 3):  # what is left out is below erfc(25)
        total += erfc((2 * turn * width + distance) / scale) - erfc((2 * turn * width - distance) / scale)
    return total


def forecast(value: float, slope: float, bounds: Bounds, vol: Vol) -> Forecast:
    """Forecast of leaving ``bounds``.

    Args:
        value: of the measure now, signed, in its unit.
        slope: change of the measure for a relative move of the spot of 1, in the same unit; 0 stays.
        bounds: outside of which the measure is out.
        vol: a fraction a year.

    Raises BadInput where a number is not finite, the volatility is negative, or both bounds are infinite.
    """
    if not (isfinite(value) and isfinite(slope) and 0 <= vol.value < inf):
        raise BadInput(f"no forecast from value {value}, slope {slope} and volatility {vol.value}")
    if not (bounds.lower < bounds.upper and (isfinite(bounds.lower) or isfinite(bounds.upper))):
        raise BadInput(f"no forecast for bounds {bounds.lower} to {bounds.upper}")
    distance = (value - bounds.lower, bounds.upper - value)
    if min(distance) < 0:
        return Forecast(within_1h=1.0, within_8h=1.0, median_hours=0.0, vol=vol.value, vol_source=vol.source)
    yearly = abs(slope) * vol.value
    return Forecast(
        within_1h=leaves_within(distance, yearly * sqrt(1 / HOURS_PER_YEAR)),
        within_8h=leaves_within(distance, yearly * sqrt(8 / HOURS_PER_YEAR)),
        median_hours=_median_hours(distance, yearly),
        vol=vol.value,
        vol_source=vol.source,
    )


def _median_hours(distance: tuple[float, float], yearly: float) -> float | None:
    """Hours until it has left in half of all cases; None beyond a year."""
    if leaves_within(distance, yearly) < 0.5:
        return None
    low, high = 0.0, min(yearly, sum(distance))  # a deviation of the whole width has left in 99 % of cases
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if leaves_within(distance, middle) < 0.5:
            low = middle
        else:
            high = middle
    return (high / yearly) ** 2 * HOURS_PER_YEAR


def refused(why: NoForecast) -> Forecast:
    """No forecast, and why."""
    return Forecast(refused=why)


def words(found: Forecast) -> str:
    """The forecast in words.

    >>> words(Forecast(within_1h=0.0213, within_8h=0.41, median_hours=10.2, vol=0.55,
    ...                vol_source=VolSource.REALISED))
    '2 % within 1 h, 41 % within 8 h; as likely as not within 10 h'
    >>> words(refused(NoForecast.UNKNOWN_GAMMA))
    'no forecast: the gamma is not known'
    """
    if found.refused is not None or found.within_1h is None or found.within_8h is None:
        return f"no forecast: {found.refused}"
    if found.median_hours == 0:
        return "outside now"
    if found.median_hours is None:
        when = "less likely than not within a year"
    else:
        when = f"as likely as not within {_span(found.median_hours)}"
    return f"{_share(found.within_1h)} within 1 h, {_share(found.within_8h)} within 8 h; {when}"


def _share(probability: float) -> str:
    if probability < 0.001:
        return "below 0.1 %"
    return f"{probability:.1%}".replace("%", " %") if probability < 0.01 else f"{100 * probability:.0f} %"


def _span(hours: float) -> str:
    if hours < 1:
        return f"{max(1, round(hours * 60))} min"
    return f"{hours:.0f} h" if hours < 72 else f"{hours / 24:.0f} days"
