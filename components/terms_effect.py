"""What a change of terms would do at once: to the delta and its hedge, and to every limit that it moves."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import isclose

from components import format as fmt
from components.limit_bars import bound, text, unit
from components.numeraires import NoHedging, hedging_of
from components.theme import Tone
from hedging.model.exposure import DriftState, Exposure
from hedging.model.limits import Limit, Measure, Scope, ScopeKind, Utilisation
from hedging.model.smile import SmileRule, SmileView
from hedging.model.terms import DeskTerms, Terms
from hedging.model.view import UnderlyingView, View
from hedging.risk.drift import drift
from hedging.risk.exposure import Basis, summed

Place = tuple[Scope, Measure]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence and what its colour says."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Unknown:
    """Why the delta under the changed terms is not known."""

    reason: str


def at_once(view: View, smiles: Mapping[str, SmileView], after: DeskTerms) -> tuple[Line, ...]:
    """What these terms would do the moment they were in force, beside those that are; empty without any."""
    if view.terms is None:
        return ()
    before = view.terms.terms
    found: list[Line] = []
    moved: dict[Place, float | None] = {}
    for each in view.underlyings:
        old, new = before.of(each.underlying), after.of(each.underlying)
        if old is None or new is None or old == new:
            continue
        delta = delta_under(view, each, new, smiles.get(each.underlying))
        found.append(_hedge_line(view, each, new, delta))
        moved |= _moved(view, each, old, new, delta)
    present = {(each.limit.scope, each.limit.measure): each.value for each in view.limits}
    moved = {place: value for place, value in moved.items() if not _same(value, present.get(place))}
    return (*found, *_limit_lines(view, before, after, moved))


def _same(value: float | None, present: float | None) -> bool:
    if value is None or present is None:
        return value is present
    return isclose(value, abs(present), rel_tol=1e-9, abs_tol=1e-12)


def delta_under(view: View, each: UnderlyingView, new: Terms, smile: SmileView | None) -> Exposure | Unknown:
    """The exposure with the delta of another numeraire and smile rule; gamma as it is."""
    now = each.exposure
    if now is None:
        return Unknown("the delta is not known until every position is valued")
    shift = _shift(view, now, new, smile)
    if isinstance(shift, Unknown):
        return shift
    delta = now.delta_net + new.numeraire.hedged_share * now.equity + shift
    return replace(
        now, numeraire=new.numeraire, delta=delta, delta_primary=delta - now.delta_hedge, smile_shift=shift
    )


def _shift(view: View, now: Exposure, new: Terms, smile: SmileView | None) -> float | Unknown:
    old = view.terms.terms.of(now.underlying) if view.terms else None
    if old is not None and old.smile is new.smile:
        return now.smile_shift
    if new.smile is SmileRule.STICKY_STRIKE:
        return 0.0
    row = next((one for one in smile.effects if one.rule is new.smile), None) if smile else None
    if row is None:
        return Unknown(f"no {new.smile} delta has been worked out yet")
    return Unknown(row.refused) if row.shift is None else row.shift


def _hedge_line(view: View, each: UnderlyingView, new: Terms, delta: Exposure | Unknown) -> Line:
    name = each.underlying
    if isinstance(delta, Unknown):
        return Line(f"{name}: what it would ask for is not known: {delta.reason}.", Tone.UNKNOWN)
    found = drift(delta, new.band)
    where = f"{fmt.number(new.band.lower)} … {fmt.number(new.band.upper)}"
    lies = f"{name} delta {fmt.coin(delta.delta)}"
    if found.state is DriftState.INSIDE:
        return Line(f"{lies} lies inside the band {where}: no hedge is asked for.", Tone.GOOD)
    beyond = fmt.coin(abs(found.beyond_band)).removeprefix("+")
    outside = f"{lies} lies {beyond} outside the band {where}"
    hedging = hedging_of(view, each, new.band)
    if isinstance(hedging, NoHedging):
        return Line(f"{outside}: a hedge is asked for, its size is not known: {hedging.reason}.", Tone.NEAR)
    change = found.target - found.delta
    amount = hedging.amount_for(abs(change))
    if not amount:
        return Line(f"{outside}, by less than a lot: no hedge is asked for.", Tone.PLAIN)
    side = "buy" if change > 0 else "sell"
    size = f"{fmt.decimal(amount)} {hedging.instrument.amount_label} of {hedging.instrument.name}"
    coins = fmt.coin(hedging.coins_of(amount)).removeprefix("+")
    return Line(f"{outside}: it would ask to {side} {coins} {name} ({size}).", Tone.NEAR)


def _moved(
    view: View, each: UnderlyingView, old: Terms, new: Terms, delta: Exposure | Unknown
) -> dict[Place, float | None]:
    """Values that the new terms would measure otherwise; None where they are not known."""
    place = {
        m: (Scope(ScopeKind.UNDERLYING, each.underlying), m) for m in (Measure.DELTA, Measure.GAMMA_1PCT)
    }
    if isinstance(delta, Unknown):
        return dict.fromkeys(place.values()) if each.exposure is None else {place[Measure.DELTA]: None}
    found: dict[Place, float | None] = {place[Measure.DELTA]: abs(delta.delta)}
    if old.numeraire != new.numeraire:
        basis = Basis(each.underlying, new.numeraire, delta.index, delta.equity, delta.at)
        found[place[Measure.GAMMA_1PCT]] = abs(
            fmt.gamma_per_percent(summed(basis, view.positions).gamma_coin)
        )
    return found


def _limit_lines(
    view: View, before: DeskTerms, after: DeskTerms, moved: Mapping[Place, float | None]
) -> Iterator[Line]:
    was = {(limit.scope, limit.measure): limit for limit in before.limits}
    now = {(each.limit.scope, each.limit.measure): each for each in view.limits}
    concerned = [
        limit
        for limit in after.limits
        if was.get((limit.scope, limit.measure)) != limit or (limit.scope, limit.measure) in moved
    ]
    passed = False
    for limit in concerned:
        place = (limit.scope, limit.measure)
        line = _limit_line(limit, _value(moved, now, place), known=place in now or place in moved)
        passed = passed or line is not None
        if line is not None:
            yield line
    if concerned and not passed:
        yield Line("No limit that it moves would be passed at once.", Tone.GOOD)
    for place, limit in was.items():
        if place not in {(one.scope, one.measure) for one in after.limits}:
            yield Line(f"{limit.scope.words} {limit.measure} would have no limit any more.", Tone.NEAR)


def _value(
    moved: Mapping[Place, float | None], now: Mapping[Place, Utilisation], place: Place
) -> float | None:
    if place in moved:
        return moved[place]
    return now[place].value if place in now else None


def _limit_line(limit: Limit, value: float | None, *, known: bool) -> Line | None:
    name = f"{limit.scope.words} {limit.measure}"
    if value is None:
        why = "its value is not known now" if known else "it is measured once the limit is in force"
        return Line(f"{name}: whether it would be passed is not known, {why}.", Tone.UNKNOWN)
    named = unit(limit.measure, limit.underlying or "USD")
    if abs(value) > limit.hard:
        return Line(
            f"{name} would be IN BREACH at once: {text(limit, value)} of {bound(limit, limit.hard)} {named}.",
            Tone.BREACH,
        )
    if abs(value) > limit.soft:
        return Line(
            f"{name} would be above its soft limit at once: {text(limit, value)} of "
            f"{bound(limit, limit.soft)} {named}.",
            Tone.NEAR,
        )
    return None
