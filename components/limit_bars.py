"""All limits of all scopes as bars, and each band: how full, where soft begins, when it may be passed."""

from dataclasses import dataclass

from components import format as fmt
from components.theme import Tone
from components.tiles import LIKELY, used
from hedging.model.exposure import Drift, DriftState
from hedging.model.limits import COIN_MEASURES, BreachLevel, Forecast, Limit, Measure, ScopeKind, Utilisation
from hedging.model.view import UnderlyingView, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """A forecast in words, or that there is none; ``note`` on hover says more or why."""

    text: str
    tone: Tone
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One limit, or one band: ``share`` of the hard limit or of the way to the band's edge; None is unknown.

    ``soft_share`` is where soft begins, ``band_share`` where the band ends inside a delta limit; None where
    there is none of them. ``group`` is what kind of scope it is on.
    """

    id: str
    group: str
    underlying: str
    measure: str
    share: float | None
    soft_share: float | None
    band_share: float | None
    value: str
    bounds: str
    unit: str
    word: str
    tone: Tone
    forecast: Outlook


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """All bars, or why there are none."""

    bars: tuple[Bar, ...]
    empty: str = "no limit is set: automatic hedging stays off"


_WORDS = {
    BreachLevel.INSIDE: ("inside", Tone.GOOD),
    BreachLevel.SOFT: ("above soft", Tone.NEAR),
    BreachLevel.HARD: ("BREACH", Tone.BREACH),
    BreachLevel.UNKNOWN: ("unknown", Tone.UNKNOWN),
}
SHORTENED = 100_000.0  # dollars from which a bound is written in thousands or millions
_KINDS = tuple(ScopeKind)
_MEASURES = tuple(Measure)


def bars(view: View) -> Bars:
    """Bands and limits: underlyings first, then accounts, venues and the book, in an order that stays."""
    found = []
    for each in view.underlyings:
        found.append(_band(each))
        own = [one for one in view.limits if one.limit.underlying == each.underlying]
        found += [_bar(one, each.drift) for one in _ordered(own)]
    names = {each.underlying for each in view.underlyings}
    rest = [one for one in view.limits if one.limit.underlying not in names]
    found += [_bar(one, None) for one in _ordered(rest)]
    return Bars(bars=tuple(found) if view.limits else ())


def _ordered(limits: list[Utilisation]) -> list[Utilisation]:
    def key(each: Utilisation) -> tuple[int, str, int]:
        scope = each.limit.scope
        return _KINDS.index(scope.kind), scope.name, _MEASURES.index(each.limit.measure)

    return sorted(limits, key=key)


def _bar(each: Utilisation, drift: Drift | None) -> Bar:
    limit = each.limit
    word, tone = _WORDS[each.level]
    return Bar(
        id=f"limit-{limit.scope.words}-{limit.measure}".replace(" ", "-"),
        group=limit.scope.kind,
        underlying=limit.scope.name or limit.scope.words,
        measure=limit.measure,
        share=used(each),
        soft_share=limit.soft / limit.hard if limit.hard > 0 else 1.0,
        band_share=_band_share(limit, drift),
        value=text(limit, each.value),
        bounds=f"soft {bound(limit, limit.soft)} · hard {bound(limit, limit.hard)}",
        unit=unit(limit.measure, limit.underlying or "USD"),
        word=word,
        tone=tone,
        forecast=outlook(each.forecast, "pass the hard limit"),
    )


def _band_share(limit: Limit, drift: Drift | None) -> float | None:
    """Where the band ends inside a delta limit, on the side on which the delta is."""
    if drift is None or limit.measure is not Measure.DELTA or limit.hard <= 0:
        return None
    edge = drift.band.upper if drift.delta >= 0 else -drift.band.lower
    return min(1.0, max(0.0, edge / limit.hard))


def _band(each: UnderlyingView) -> Bar:
    """How far the delta is on its way from the band's centre to its edge."""
    name, drift = each.underlying, each.drift
    word, tone = ("unknown", Tone.UNKNOWN) if drift is None else _where(drift)
    return Bar(
        id=f"band-{name}",
        group=ScopeKind.UNDERLYING,
        underlying=name,
        measure="delta in its band",
        share=None if drift is None else _way(drift),
        soft_share=None,
        band_share=None,
        value=fmt.coin(drift.delta if drift else None),
        bounds=f"{fmt.number(drift.band.lower)} … {fmt.number(drift.band.upper)}" if drift else "",
        unit=name,
        word=word,
        tone=tone,
        forecast=outlook(each.leaving_band, "leave the band"),
    )


def _way(drift: Drift) -> float:
    band = drift.band
    edge = band.upper - band.centre if drift.delta >= band.centre else band.centre - band.lower
    return abs(drift.delta - band.centre) / edge if edge > 0 else 1.0


def _where(drift: Drift) -> tuple[str, Tone]:
    beyond = fmt.coin(abs(drift.beyond_band)).removeprefix("+")
    return {
        DriftState.INSIDE: ("inside", Tone.GOOD),
        DriftState.ABOVE: (f"{beyond} above", Tone.BREACH),
        DriftState.BELOW: (f"{beyond} below", Tone.BREACH),
    }[drift.state]


def outlook(found: Forecast | None, what: str) -> Outlook:
    """A forecast in words: the chance within 8 h and 1 h that the measure does ``what``."""
    if found is None or found.refused is not None or found.within_8h is None or found.within_1h is None:
        why = found.refused if found and found.refused else "the engine has sent none"
        return Outlook(text=f"no forecast: {why}", tone=Tone.UNKNOWN, note=why)
    if found.median_hours == 0:
        return Outlook(text="▲ outside now", tone=Tone.NEAR, note="")
    likely = found.within_8h >= LIKELY
    mark = "▲ " if likely else ""
    near = "" if found.within_8h < 0.005 else f", {fmt.chance(found.within_1h)} within 1 h"
    return Outlook(
        text=f"{mark}{fmt.chance(found.within_8h)} chance to {what} within 8 h{near}",
        tone=Tone.NEAR if likely else Tone.PLAIN,
        note=_basis(found),
    )


def _basis(found: Forecast) -> str:
    even = "" if found.median_hours is None else f"as likely as not within {_hours(found.median_hours)}; "
    return f"{even}if nobody trades, at a volatility of {fmt.percent(found.vol, 0)} ({found.vol_source})"


def _hours(hours: float) -> str:
    return f"{max(1, round(hours * 60))} min" if hours < 1 else f"{hours:.0f} h"


def unit(measure: Measure, underlying: str) -> str:
    """The desk's unit of a measure."""
    return {
        Measure.DELTA: underlying,
        Measure.GAMMA_1PCT: f"{underlying} / 1 %",
        Measure.VEGA: "USD / pt",
        Measure.THETA: "USD / day",
        Measure.GROSS_NOTIONAL: "USD",
        Measure.NET_NOTIONAL: "USD",
        Measure.LEVERAGE: "× equity",
        Measure.HEDGE_POSITION: underlying,
    }[measure]


def text(limit: Limit, value: float | None) -> str:
    """A limit's value or bound as the desk writes it, without its unit."""
    if value is None:
        return fmt.UNKNOWN
    scaled = _DESK_UNIT.get(limit.measure, float)(value)
    return (fmt.compact_usd(scaled) if _in_dollars(limit) else fmt.coin(scaled)).removeprefix("+")


def bound(limit: Limit, value: float) -> str:
    """A bound in the desk's unit, without it; large ones are shortened."""
    scaled = _DESK_UNIT.get(limit.measure, float)(value)
    return text(limit, value) if _in_dollars(limit) and scaled >= SHORTENED else fmt.number(scaled)


def exact(limit: Limit, value: float) -> str:
    """A bound in the desk's unit, without it, to the last digit that was set."""
    return fmt.number(_DESK_UNIT.get(limit.measure, float)(value))


def _in_dollars(limit: Limit) -> bool:
    return limit.measure in _MONEY or (limit.underlying is None and limit.measure in COIN_MEASURES)


_DESK_UNIT = {Measure.VEGA: fmt.vega_per_point, Measure.THETA: fmt.theta_per_day}
_MONEY = frozenset({Measure.VEGA, Measure.THETA, Measure.GROSS_NOTIONAL, Measure.NET_NOTIONAL})
