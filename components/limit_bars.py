"""All limits as bars: how full, where soft begins, what hard means."""

from dataclasses import dataclass

from components import format as fmt
from components.theme import Tone
from components.tiles import used
from hedging.model.limits import COIN_MEASURES, BreachLevel, Limit, Measure, Utilisation
from hedging.model.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One limit: ``share`` and ``soft_share`` are of the hard limit; share None is unknown."""

    id: str
    underlying: str
    measure: str
    share: float | None
    soft_share: float
    value: str
    soft: str
    hard: str
    unit: str
    word: str
    tone: Tone


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


def bars(view: View) -> Bars:
    """Utilisation bars of every limit, fullest first within their underlying."""
    ordered = sorted(view.limits, key=lambda each: (each.limit.scope.words, -(used(each) or 0.0)))
    return Bars(bars=tuple(_bar(each) for each in ordered))


def _bar(each: Utilisation) -> Bar:
    limit = each.limit
    word, tone = _WORDS[each.level]
    return Bar(
        id=f"limit-{limit.scope.words}-{limit.measure}".replace(" ", "-"),
        underlying=limit.scope.words,
        measure=limit.measure,
        share=used(each),
        soft_share=limit.soft / limit.hard if limit.hard > 0 else 1.0,
        value=_text(limit, each.value),
        soft=_text(limit, limit.soft),
        hard=_text(limit, limit.hard),
        unit=unit(limit.measure, limit.underlying or "USD"),
        word=word,
        tone=tone,
    )


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


def _text(limit: Limit, value: float | None) -> str:
    if value is None:
        return fmt.UNKNOWN
    scaled = _DESK_UNIT.get(limit.measure, float)(value)
    money = limit.measure in _MONEY or (limit.underlying is None and limit.measure in COIN_MEASURES)
    return (fmt.compact_usd(scaled) if money else fmt.coin(scaled)).removeprefix("+")


_DESK_UNIT = {Measure.VEGA: fmt.vega_per_point, Measure.THETA: fmt.theta_per_day}
_MONEY = frozenset({Measure.VEGA, Measure.THETA, Measure.GROSS_NOTIONAL, Measure.NET_NOTIONAL})
