"""All limits as bars: how full, where soft begins, what hard means."""

from dataclasses import dataclass

from components import format as fmt
from components.theme import Tone
from components.tiles import used
from hedging.model.limits import BreachLevel, Measure, Utilisation
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
    ordered = sorted(view.limits, key=lambda each: (each.limit.underlying, -(used(each) or 0.0)))
    return Bars(bars=tuple(_bar(each) for each in ordered))


def _bar(each: Utilisation) -> Bar:
    limit = each.limit
    word, tone = _WORDS[each.level]
    return Bar(
        id=f"limit-{limit.underlying}-{limit.measure}".replace(" ", "-"),
        underlying=limit.underlying,
        measure=limit.measure,
        share=used(each),
        soft_share=limit.soft / limit.hard if limit.hard > 0 else 1.0,
        value=_text(limit.measure, each.value),
        soft=_text(limit.measure, limit.soft),
        hard=_text(limit.measure, limit.hard),
        unit=unit(limit.measure, limit.underlying),
        word=word,
        tone=tone,
    )


def unit(measure: Measure, underlying: str) -> str:
    """The desk's unit of a measure."""
    return {
        Measure.DELTA: underlying,
        Measure.GAMMA_1PCT: f"{underlying} / 1 %",
        Measure.VEGA: "USD / pt",
        Measure.GROSS_NOTIONAL: "USD",
        Measure.HEDGE_POSITION: underlying,
    }[measure]


def _text(measure: Measure, value: float | None) -> str:
    if value is None:
        return fmt.UNKNOWN
    scaled = fmt.vega_per_point(value) if measure is Measure.VEGA else value
    money = measure in (Measure.VEGA, Measure.GROSS_NOTIONAL)
    return (fmt.compact_usd(scaled) if money else fmt.coin(scaled)).removeprefix("+")
