"""Forecasts of every limit and band, with a volatility the engine has seen, or else that of its options."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hedging.decide import Assessment
from hedging.model.limits import Band, Forecast, NoForecast, Utilisation, VolSource
from hedging.risk.forecast import Bounds, Vol, ewma_vol, forecast, implied_vol, refused
from hedging.risk.limits import forecast_of

SPAN = timedelta(seconds=60)  # of a return: 0.94 then remembers about a quarter of an hour
LONGEST_SPAN = timedelta(seconds=66)  # a longer one has a gap in it, and is no return
KEPT = 180  # returns: three hours, of which the oldest weigh next to nothing
REMEMBERED = timedelta(hours=3)


@dataclass(slots=True)
class _Spot:
    last: tuple[datetime, float] | None = None
    returns: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))


class Volatilities:
    """Realised volatility of each index from what the engine saw of it, a return a minute."""

    def __init__(self) -> None:
        self._spots: dict[str, _Spot] = {}

    def take(self, underlying: str, at: datetime, index: float) -> None:
        """Take an index in USD; later than the last one taken, as often as it is known."""
        spot = self._spots.setdefault(underlying, _Spot())
        if spot.last is None or not spot.last[0] < at <= spot.last[0] + LONGEST_SPAN:
            spot.last = (at, index)  # the first, one after a gap, or after the clock went back
        elif at - spot.last[0] >= SPAN:
            spot.returns.append(index / spot.last[1] - 1)
            spot.last = (at, index)

    def realised(self, underlying: str) -> float | None:
        """Volatility a year, a fraction; None below twenty minutes, or where the index stood still."""
        spot = self._spots.get(underlying)
        found = ewma_vol(tuple(spot.returns), SPAN.total_seconds()) if spot else None
        return found or None

    def vol(self, underlying: str, whole: Assessment) -> Vol | None:
        """The realised one, or that of the held option nearest to the money; None where there is neither."""
        realised = self.realised(underlying)
        if realised is not None:
            return Vol(realised, VolSource.REALISED)
        implied = implied_vol(whole.book, underlying)
        return None if implied is None else Vol(implied, VolSource.IMPLIED)


def with_forecasts(whole: Assessment, vols: Mapping[str, Vol | None]) -> tuple[Utilisation, ...]:
    """The limits of one cycle, each with the forecast of its hard bound."""
    return tuple(_with_forecast(each, whole, vols) for each in whole.limits)


def _with_forecast(each: Utilisation, whole: Assessment, vols: Mapping[str, Vol | None]) -> Utilisation:
    limit = each.limit
    vol = vols.get(limit.underlying) if limit.underlying else None
    return replace(each, forecast=forecast_of(limit, whole.scopes.get(limit.scope), vol))


def leaving_band(underlying: str, band: Band, whole: Assessment, vol: Vol | None) -> Forecast:
    """When the delta of an underlying, left alone, leaves its band."""
    found = whole.exposures.get(underlying)
    if found is None:
        return refused(NoForecast.UNKNOWN_VALUE)
    if vol is None:
        return refused(NoForecast.UNKNOWN_VOL)
    return forecast(found.delta, found.gamma_coin, Bounds(band.lower, band.upper), vol)


def remembered(samples: Iterable[tuple[str, datetime, float | None]], vols: Volatilities) -> None:
    """Take samples of an earlier run, oldest first, so that a restart forgets no volatility."""
    for underlying, at, index in samples:
        if index is not None:
            vols.take(underlying, at, index)
