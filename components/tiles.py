"""One tile per underlying: what am I exposed to now, and is that inside the band?"""

from dataclasses import dataclass

from components import format as fmt
from components.numeraires import convention
from components.orders import UNCLEAR
from components.payload import Value
from components.proofs import PROOF_TONE, off_by, worst
from components.strip import WAITING
from components.theme import Tone, tone_of
from hedging.model.exposure import DeltaProof, Drift, DriftState, Exposure, Road
from hedging.model.limits import BreachLevel, Measure, Utilisation
from hedging.model.trading import Outcome
from hedging.model.view import UnderlyingView, View

LIKELY = 0.5  # from this chance within 8 h on a forecast is a warning


@dataclass(frozen=True, slots=True, kw_only=True)
class BandGauge:
    """Where the delta lies on a scale that shows the whole band; all in coin."""

    lower: float
    centre: float
    upper: float
    delta: float
    word: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """An underlying at a glance; figures are unknown, never zero, while gaps forbid a number."""

    underlying: str
    delta: Value
    delta_usd: Value
    index: Value
    gauge: BandGauge | None
    values: tuple[Value, ...]
    proof: Value
    decision: Value
    waiting: str = ""
    incomplete: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """All tiles, or why there are none."""

    tiles: tuple[Tile, ...]
    empty: str = ""


def tiles(view: View) -> Tiles:
    """The exposure tiles of a view."""
    return Tiles(
        tiles=tuple(_tile(view, each) for each in view.underlyings),
        empty="no position and no balance: nothing to be exposed to",
    )


def _tile(view: View, each: UnderlyingView) -> Tile:
    name, exposure = each.underlying, each.exposure
    why = _missing(view, name)
    unclear = [order for order in view.orders if order.underlying == name and order.state in UNCLEAR]
    warning = f"{len(unclear)} order of unknown outcome: the delta may be wrong by it" if unclear else ""
    delta = exposure.delta if exposure else None
    delta_usd = exposure.delta * exposure.index if exposure else None
    return Tile(
        underlying=name,
        delta=_value(f"delta-{name}", _delta_label(view, name), fmt.coin(delta), delta, name, note=why),
        delta_usd=_value(
            f"delta-usd-{name}", "Net delta", fmt.compact_usd(delta_usd), delta_usd, "USD", note=why
        ),
        index=Value(
            id=f"index-{name}",
            label="Index",
            text=fmt.price(exposure.index if exposure else None),
            value=exposure.index if exposure else None,
            unit="USD",
        ),
        gauge=_gauge(each.drift, unclear=bool(unclear)),
        values=_values(view, each, why),
        proof=_proof(name, each.proofs),
        decision=_decision(each),
        waiting=next((t.id for t in view.tickets if t.underlying == name and t.state in WAITING), ""),
        incomplete=why,
        warning=warning,
    )


def _delta_label(view: View, name: str) -> str:
    words = convention(view, name)
    return f"Net delta, {words}" if words else "Net delta"


def _value(test_id: str, label: str, text: str, value: float | None, unit: str, *, note: str = "") -> Value:
    return Value(
        id=test_id,
        label=label,
        text=text,
        value=value,
        unit=unit,
        tone=tone_of(value),
        note=note if value is None else "",
    )


def _values(view: View, each: UnderlyingView, why: str) -> tuple[Value, ...]:
    name, exposure, drift = each.underlying, each.exposure, each.drift
    gamma = fmt.gamma_per_percent(exposure.gamma_coin) if exposure else None
    vega = fmt.vega_per_point(exposure.vega_usd) if exposure else None
    theta = fmt.theta_per_day(exposure.theta_usd) if exposure else None
    return (
        _ratio_value(f"ratio-held-{name}", "Ratio held", drift.ratio_held if drift else None, why),
        _ratio_value(f"ratio-wanted-{name}", "Ratio wanted", drift.ratio_wanted if drift else None, why),
        _leaving(each),
        _after_expiry(name, exposure, why),
        _value(f"gamma-{name}", "Gamma", fmt.coin(gamma), gamma, f"{name} / 1 %", note=why),
        _value(f"vega-{name}", "Vega", fmt.compact_usd(vega), vega, "USD / pt", note=why),
        _value(f"theta-{name}", "Theta", fmt.compact_usd(theta), theta, "USD / day", note=why),
        _utilisation(name, view.limits),
    )


def _after_expiry(name: str, exposure: Exposure | None, why: str) -> Value:
    """The delta that is left once the next expiry has settled, with the time to it."""
    test_id = f"after-expiry-{name}"
    if exposure is None:
        return _value(test_id, "After expiry", fmt.UNKNOWN, None, name, note=why)
    if exposure.next_expiry is None or exposure.delta_after_expiry is None:
        return Value(
            id=test_id,
            label="After expiry",
            text="nothing expires",
            tone=Tone.PLAIN,
            note="no option, no future",
        )
    left = fmt.time_left(exposure.next_expiry - exposure.at)
    after = exposure.delta_after_expiry
    return Value(
        id=test_id,
        label=f"After expiry in {left}",
        text=fmt.coin(after),
        value=after,
        unit=name,
        tone=tone_of(after),
        note=f"the delta without what settles on {fmt.date_time(exposure.next_expiry)} UTC",
    )


def _leaving(each: UnderlyingView) -> Value:
    """The chance that the delta, left alone, leaves its band within 8 h."""
    test_id, found = f"leaving-{each.underlying}", each.leaving_band
    label = "Leaves its band"
    if found is None or found.within_8h is None or found.within_1h is None:
        reason = found.refused if found and found.refused else "there is no forecast yet"
        return Value(id=test_id, label=label, text=fmt.UNKNOWN, tone=Tone.UNKNOWN, note=reason)
    if found.median_hours == 0:
        return Value(id=test_id, label=label, text="outside", value=1.0, unit="now", tone=Tone.NEAR)
    return Value(
        id=test_id,
        label=label,
        text=f"{'▲ ' if found.within_8h >= LIKELY else ''}{fmt.chance(found.within_8h)}",
        value=found.within_8h,
        unit="in 8 h",
        tone=Tone.NEAR if found.within_8h >= LIKELY else Tone.PLAIN,
        note=f"{fmt.chance(found.within_1h)} within 1 h; if nobody trades, at a volatility of "
        f"{fmt.percent(found.vol, 0)} ({found.vol_source})",
    )


def _ratio_value(test_id: str, label: str, value: float | None, why: str) -> Value:
    note = why or "the position to hedge is small beside its band: a ratio would say nothing"
    return Value(
        id=test_id,
        label=label,
        text=fmt.ratio(value),
        value=value,
        tone=Tone.PLAIN if value is not None else Tone.UNKNOWN,
        note="" if value is not None else note,
    )


def used(each: Utilisation) -> float | None:
    """Share of the hard limit that is used, or None where the value is not known."""
    if each.value is None or each.limit.hard <= 0:
        return None
    return abs(each.value) / each.limit.hard


def _utilisation(name: str, limits: tuple[Utilisation, ...]) -> Value:
    mine = [
        each for each in limits if each.limit.underlying == name and each.limit.measure is not Measure.DELTA
    ]
    mine = mine or [each for each in limits if each.limit.underlying == name]
    test_id = f"used-{name}"
    if any(used(each) is None for each in mine) or not mine:
        note = "a limit's value is not known" if mine else "no limit is set"
        return Value(id=test_id, label="Limits used", text=fmt.UNKNOWN, tone=Tone.UNKNOWN, note=note)
    fullest = max(mine, key=lambda each: used(each) or 0.0)
    share = used(fullest)
    tone = {BreachLevel.HARD: Tone.BREACH, BreachLevel.SOFT: Tone.NEAR}.get(fullest.level, Tone.PLAIN)
    return Value(
        id=test_id,
        label="Fullest limit",
        text=fmt.percent(share, 0),
        value=share,
        unit=fullest.limit.measure,
        tone=tone,
        note=f"{fullest.limit.measure}: {fullest.level}",
    )


def _gauge(drift: Drift | None, *, unclear: bool) -> BandGauge | None:
    if drift is None:
        return None
    word, tone = {
        DriftState.INSIDE: ("inside the band", Tone.GOOD),
        DriftState.ABOVE: (f"{fmt.coin(abs(drift.beyond_band)).lstrip('+')} above the band", Tone.BREACH),
        DriftState.BELOW: (f"{fmt.coin(abs(drift.beyond_band)).lstrip('+')} below the band", Tone.BREACH),
    }[drift.state]
    if unclear and drift.state is DriftState.INSIDE:
        word, tone = "not certain", Tone.UNKNOWN
    return BandGauge(
        lower=drift.band.lower,
        centre=drift.band.centre,
        upper=drift.band.upper,
        delta=drift.delta,
        word=word,
        tone=tone,
    )


def _missing(view: View, name: str) -> str:
    gaps = [gap for gap in view.gaps if gap.underlying in (None, name)]
    if not gaps:
        return ""
    first = f"{gaps[0].what}: {gaps[0].reason}"
    return first if len(gaps) == 1 else f"{first}, and {len(gaps) - 1} more"


def _proof(name: str, proofs: tuple[DeltaProof, ...]) -> Value:
    verdict = worst(proofs)
    net = [off for proof in proofs if proof.road is Road.NET and (off := off_by(proof)) is not None]
    note = (
        f"our net transaction delta minus the exchange's own: {fmt.signed(sum(net), 4)} {name}"
        if net
        else "nothing to compare"
    )
    return Value(
        id=f"proof-{name}",
        label="Exchange",
        text=verdict,
        value=sum(net) if net else None,
        unit=name,
        tone=PROOF_TONE[verdict],
        note=note,
    )


_OUTCOME_WORDS = {
    Outcome.NOTHING: "nothing to do",
    Outcome.PROPOSE: "proposes",
    Outcome.KEEP: "keeps the ticket",
    Outcome.SUPERSEDE: "replaces the ticket",
    Outcome.BLOCKED: "blocked",
    Outcome.UNVALUED: "not valued",
}
_OUTCOME_TONE = {Outcome.BLOCKED: Tone.BREACH, Outcome.UNVALUED: Tone.UNKNOWN, Outcome.PROPOSE: Tone.NEAR}


def _decision(each: UnderlyingView) -> Value:
    decision, test_id = each.decision, f"decision-{each.underlying}"
    if decision is None:
        return Value(id=test_id, label="Decision", text="no decision yet", tone=Tone.UNKNOWN)
    return Value(
        id=test_id,
        label=_OUTCOME_WORDS[decision.outcome],
        text=decision.reason,
        tone=_OUTCOME_TONE.get(decision.outcome, Tone.PLAIN),
        note=f"decided {fmt.clock_time(decision.at)} UTC",
    )
