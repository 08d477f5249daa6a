"""What a person has typed into the form: whole terms, or a sentence for each thing that is not one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import isfinite

from components import format as fmt
from components.limit_bars import unit
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.smile import SmileRule
from hedging.model.terms import Terms
from hedging.model.view import View
from hedging.policy.sizing import lot_in_coin
from hedging.workflow.terms_checks import Premises

Scale = Callable[[float], float]
_TO_DESK: dict[Measure, Scale] = {Measure.VEGA: fmt.vega_per_point, Measure.THETA: fmt.theta_per_day}
_FROM_DESK: dict[Measure, Scale] = {Measure.VEGA: fmt.vega_from_point, Measure.THETA: fmt.theta_from_day}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Both bounds of one limit as typed, in the desk's unit; both None: no limit."""

    scope: Scope
    measure: Measure
    soft: float | None
    hard: float | None

    @property
    def words(self) -> str:
        """What it is a limit of, with its unit."""
        coin = self.scope.name if self.scope.name and self.scope.kind is ScopeKind.UNDERLYING else "USD"
        return f"{self.scope.words} {self.measure} ({unit(self.measure, coin)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The form of one underlying: coin, per cent of equity, per cent of the way to the centre."""

    hedged_percent: float | None
    lower: float | None
    centre: float | None
    upper: float | None
    target: HedgeTarget
    way_percent: float | None
    smile: SmileRule
    max_order_coin: float | None
    limits: tuple[Bounds, ...]


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why what was typed is no terms, one sentence each."""

    sentences: tuple[str, ...]


def shown(limit: Limit) -> Bounds:
    """A limit as the form shows it."""
    scale = _TO_DESK.get(limit.measure, float)
    return Bounds(scope=limit.scope, measure=limit.measure, soft=scale(limit.soft), hard=scale(limit.hard))


def terms_of(draft: Draft, base: Terms) -> Terms | Unfit:
    """The terms that a draft on top of ``base`` says; figures that were not touched stay as they are."""
    name = base.underlying
    wrong = [*_numbers(draft, name), *limit_sentences(draft.limits)]
    if wrong or draft.lower is None or draft.centre is None or draft.upper is None:
        return Unfit(tuple(wrong))
    if draft.max_order_coin is None or draft.hedged_percent is None or draft.way_percent is None:
        return Unfit(tuple(wrong))
    band = Band(
        lower=draft.lower,
        centre=draft.centre,
        upper=draft.upper,
        target=draft.target,
        share=draft.way_percent / 100 if draft.target is HedgeTarget.PART else base.band.share,
    )
    return replace(
        base,
        numeraire=Numeraire(draft.hedged_percent / 100),
        band=band,
        smile=draft.smile,
        limits=limits_of(draft.limits, base.limits),
        max_order_coin=draft.max_order_coin,
    )


def limits_of(typed: tuple[Bounds, ...], base: tuple[Limit, ...]) -> tuple[Limit, ...]:
    """The limits that were typed, in the base's order and then the new ones."""
    before = {(limit.scope, limit.measure): limit for limit in base}
    found = {(each.scope, each.measure): _limit(each, before) for each in typed}
    order = [*before, *(place for place in found if place not in before)]
    return tuple(limit for place in order if (limit := found.get(place)) is not None)


def _limit(each: Bounds, before: dict[tuple[Scope, Measure], Limit]) -> Limit | None:
    if each.soft is None or each.hard is None:
        return None
    old = before.get((each.scope, each.measure))
    if old is not None and shown(old) == each:
        return old
    scale = _FROM_DESK.get(each.measure, float)
    return Limit(scope=each.scope, measure=each.measure, soft=scale(each.soft), hard=scale(each.hard))


def limit_sentences(typed: tuple[Bounds, ...]) -> Iterator[str]:
    """What is wrong with bounds as typed."""
    for each in typed:
        if (each.soft is None) != (each.hard is None):
            yield f"{each.words}: give both bounds, or neither for no limit."
        elif each.soft is not None and each.hard is not None:
            if not (isfinite(each.soft) and isfinite(each.hard) and each.soft > 0):
                yield f"{each.words}: both bounds have to be above zero."
            elif each.soft > each.hard:
                soft, hard = fmt.number(each.soft), fmt.number(each.hard)
                yield f"{each.words}: the soft bound {soft} lies above the hard bound {hard}."


def _numbers(draft: Draft, name: str) -> Iterator[str]:
    edges = (draft.lower, draft.centre, draft.upper)
    if None in edges:
        yield f"{name} band: give its lower edge, its centre and its upper edge in {name}."
    elif not _rising(*edges):
        yield f"{name} band: the lower edge has to lie below the centre, and the centre below the upper edge."
    if draft.hedged_percent is None or not 0 <= draft.hedged_percent <= 100:
        yield f"{name} numeraire: give the share of equity to hedge, from 0 to 100 %."
    if draft.target is HedgeTarget.PART and not 0 <= (draft.way_percent or -1.0) <= 100:
        yield f"{name} band: say how far towards the centre a hedge goes, from 0 to 100 %."
    if draft.max_order_coin is None or not draft.max_order_coin > 0:
        yield f"{name} largest order: give a number of {name} above zero."


def _rising(lower: float | None, centre: float | None, upper: float | None) -> bool:
    return lower is not None and centre is not None and upper is not None and lower < centre < upper


def premises(view: View) -> Premises:
    """What terms are held against, as far as the view knows it."""
    lots = {}
    for each in view.underlyings:
        market = next((one for one in view.hedges if one.instrument.name == each.hedge_instrument), None)
        mark = market.quote.mark if market and market.quote else None
        lots[each.underlying] = lot_in_coin(market.instrument, mark) if market and mark else None
    scopes = [each.limit.scope for each in view.limits]
    named = {
        kind: frozenset(s.name for s in scopes if s.kind is kind)
        for kind in (ScopeKind.ACCOUNT, ScopeKind.VENUE)
    }
    held = [each.instrument for each in view.positions] + [each.instrument for each in view.hedges]
    return Premises(
        lots=lots,
        accounts=named[ScopeKind.ACCOUNT]
        | {each.account for each in view.positions}
        | {each.account for each in view.balances},
        venues=named[ScopeKind.VENUE] | {each.venue for each in held},
    )
