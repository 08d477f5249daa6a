"""How full each limit is, and when it would be passed if nobody traded."""

from collections.abc import Iterable, Mapping
from math import inf, isfinite

from hedging.model.limits import (
    COIN_MEASURES,
    BreachLevel,
    Forecast,
    Limit,
    Measure,
    NoForecast,
    Scope,
    ScopeKind,
    Utilisation,
)
from hedging.risk.forecast import Bounds, Vol, forecast, refused
from hedging.risk.scopes import ScopeParts


def measured(measure: Measure, found: ScopeParts) -> float | None:
    """Value of ``measure`` on a scope in the unit its limits are set in, never negative; None if not known.

    Leverage has no value on equity that is not known, or that is gone.
    """
    total = 0.0
    several = found.scope.kind is not ScopeKind.UNDERLYING
    for part in found.parts.values():
        if part is None:
            return None
        total += part.figure(measure) * (part.index if several and measure in COIN_MEASURES else 1.0)
    if measure is Measure.LEVERAGE:
        if found.equity_usd is None or found.equity_usd <= 0:
            return None
        total /= found.equity_usd
    return total if isfinite(total) else None


def utilisations(limits: Iterable[Limit], scopes: Mapping[Scope, ScopeParts]) -> tuple[Utilisation, ...]:
    """Each limit beside its present value, fullest first; what is not known ranks as full."""
    found = [_utilisation(limit, scopes.get(limit.scope)) for limit in limits]
    return tuple(sorted(found, key=_rank))


def _utilisation(limit: Limit, found: ScopeParts | None) -> Utilisation:
    value = measured(limit.measure, found) if found else None
    return Utilisation(limit=limit, value=value, level=_level(limit, value, found))


def _level(limit: Limit, value: float | None, found: ScopeParts | None) -> BreachLevel:
    if value is None:
        return BreachLevel.HARD if found and _broke(limit.measure, found) else BreachLevel.UNKNOWN
    if value > limit.hard:
        return BreachLevel.HARD
    return BreachLevel.SOFT if value > limit.soft else BreachLevel.INSIDE


def _broke(measure: Measure, found: ScopeParts) -> bool:
    """Whether it is a leverage on equity that is known to be gone."""
    gone = found.equity_usd is not None and found.equity_usd <= 0
    held = any(part is not None and part.gross > 0 for part in found.parts.values())
    return measure is Measure.LEVERAGE and gone and held


def _rank(each: Utilisation) -> float:
    if each.share is not None:
        return -each.share
    return -inf if each.level is BreachLevel.HARD else -1.0


def forecast_of(limit: Limit, found: ScopeParts | None, vol: Vol | None) -> Forecast:
    """When the measure passes its hard limit if nobody trades; delta and notionals of one underlying alone.

    Gamma, vega and theta move with the spot along no line that is known here; leverage moves by equity too.
    """
    if limit.measure not in {Measure.DELTA, Measure.NET_NOTIONAL, Measure.GROSS_NOTIONAL}:
        return refused(NoForecast.NO_SLOPE)
    if limit.underlying is None:
        return refused(NoForecast.SEVERAL_UNDERLYINGS)
    part = found.parts.get(limit.underlying) if found else None
    if part is None or not isfinite(part.figure(limit.measure)):
        return refused(NoForecast.UNKNOWN_VALUE)
    both = Bounds(-limit.hard, limit.hard)
    value, slope, bounds = {
        Measure.DELTA: (part.delta, part.gamma, both),
        Measure.NET_NOTIONAL: (part.net, part.coin_net, both),
        Measure.GROSS_NOTIONAL: (part.gross, part.coin_gross, Bounds(-inf, limit.hard)),
    }[limit.measure]
    if not isfinite(slope):
        return refused(NoForecast.UNKNOWN_GAMMA)
    return refused(NoForecast.UNKNOWN_VOL) if vol is None else forecast(value, slope, bounds, vol)
