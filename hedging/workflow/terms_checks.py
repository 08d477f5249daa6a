"""Whether terms may be used at all: every reason why not, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from hedging.errors import BadInput
from hedging.model.limits import Band, Limit, Measure, ScopeKind
from hedging.model.terms import DeskTerms, Terms
from hedging.policy.band import FixedBand

REQUIRED = (Measure.HEDGE_POSITION, Measure.DELTA)
IN_LOTS = frozenset({Measure.HEDGE_POSITION, Measure.DELTA})


@dataclass(frozen=True, slots=True)
class Premises:
    """What terms are held against.

    ``lots``: delta in coin of one lot of each underlying's hedge, None while it is not known; their keys
    are the underlyings of the desk. Names of its accounts and venues.
    """

    lots: Mapping[str, float | None]
    accounts: frozenset[str]
    venues: frozenset[str]


def flaws(terms: DeskTerms, premises: Premises) -> tuple[str, ...]:
    """Why these terms cannot be used, all reasons; empty where they can."""
    return tuple(_flaws(terms, premises))


def _flaws(terms: DeskTerms, premises: Premises) -> Iterator[str]:
    names = [each.underlying for each in terms.underlyings]
    if sorted(names) != sorted(premises.lots):
        yield f"the terms are of {_joined(names)}, the desk hedges {_joined(premises.lots)}"
    for each in terms.underlyings:
        place = f"underlyings.{each.underlying}"
        if not 0 <= each.numeraire.hedged_share <= 1:
            yield f"{place}.numeraire: the hedged share {each.numeraire.hedged_share:g} is not within 0 to 1"
        own = tuple(_limit_flaws(f"{place}.limits", each.limits))
        yield from own
        yield from _own_limits(place, each)
        yield from _band_flaws(f"{place}.band", each.band)
        if not own:
            yield from _lot_flaws(place, each, premises.lots.get(each.underlying))
    yield from _limit_flaws("limits", terms.wider)
    yield from _places(terms.wider, premises)


def _limit_flaws(place: str, limits: tuple[Limit, ...]) -> Iterator[str]:
    seen = set()
    for limit in limits:
        name = f"{place}: {limit.scope.words} {limit.measure}"
        if not (isfinite(limit.soft) and isfinite(limit.hard) and limit.soft > 0):
            yield f"{name}: soft {limit.soft:g} and hard {limit.hard:g} have to be finite and positive"
        elif limit.soft > limit.hard:
            yield f"{name}: the soft limit {limit.soft:g} lies above the hard limit {limit.hard:g}"
        if (limit.scope, limit.measure) in seen:
            yield f"{name}: there are two limits of it"
        seen.add((limit.scope, limit.measure))


def _own_limits(place: str, terms: Terms) -> Iterator[str]:
    measures = {limit.measure for limit in terms.limits}
    for measure in REQUIRED:
        if measure not in measures:
            yield f"{place}.limits: a limit of {measure} is required; no order passes without it"
    for limit in terms.limits:
        if limit.underlying != terms.underlying:
            yield f"{place}.limits: a limit of {limit.scope.words} does not belong to {terms.underlying}"


def _band_flaws(place: str, band: Band) -> Iterator[str]:
    edges = (band.lower, band.centre, band.upper)
    if not (all(map(isfinite, edges)) and band.lower < band.centre < band.upper):
        yield f"{place}: it needs lower < centre < upper, got {', '.join(f'{each:g}' for each in edges)}"
    if not 0 <= band.share <= 1:
        yield f"{place}.share: {band.share:g} is not within 0 to 1"


def _lot_flaws(place: str, terms: Terms, lot: float | None) -> Iterator[str]:
    hard = {limit.measure: limit.hard for limit in terms.limits}
    widest = max(abs(terms.band.lower), abs(terms.band.upper))
    if widest > hard.get(Measure.DELTA, widest):
        yield f"{place}.band: it reaches {widest:g}, beyond the hard delta limit {hard[Measure.DELTA]:g}"
    largest = terms.max_order_coin
    if not (isfinite(largest) and largest > 0):
        yield f"{place}.max_order_coin: {largest:g} is no positive number"
    elif largest > hard.get(Measure.HEDGE_POSITION, largest):
        bound = hard[Measure.HEDGE_POSITION]
        yield f"{place}.max_order_coin: {largest:g} is beyond the hard limit {bound:g} of the hedge position"
    if lot is None:
        yield f"{place}: the delta of one lot is not known now; ask again once the hedge has a price"
        return
    try:
        FixedBand(terms.band).check_lot(lot)
    except BadInput as error:
        yield f"{place}.band: {error}"
    for measure in sorted(IN_LOTS & hard.keys()):
        if hard[measure] < lot:
            yield (
                f"{place}.limits: the hard limit of {measure} is {hard[measure]:g} {terms.underlying}, "
                f"less than one lot ({lot:g}); raise it"
            )


def _places(limits: Iterable[Limit], premises: Premises) -> Iterator[str]:
    known = {ScopeKind.ACCOUNT: premises.accounts, ScopeKind.VENUE: premises.venues}
    for limit in limits:
        scope = limit.scope
        if scope.kind is ScopeKind.UNDERLYING:
            yield f"limits: {scope.words} {limit.measure} belongs among the limits of its underlying"
        elif scope.kind is ScopeKind.BOOK:
            if scope.name:
                yield f"limits: the whole book has no name of its own, found {scope.name!r}"
        elif scope.name not in known[scope.kind]:
            yield f"limits: there is no {scope.words}; the desk has {_joined(known[scope.kind])}"


def _joined(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"
