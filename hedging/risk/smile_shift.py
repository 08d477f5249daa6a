"""What a smile rule adds to the delta of each position, in coin, and what forbids that it is known.

Black's delta leaves each strike its volatility. Where volatility moves with the forward, the position gains
vega·dσ/dF beside it (QUANT §3): −(vega/F)·σ'(k) where the smile moves along, vega/(F√T)·(a + bΔ + cΔ²) by
minimum variance. A coin-settled option's net delta is less by its price in coin under every rule alike, so
what is added is the same number of coins for both; so is the exchange's averaging, which is in the vega.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from hedging.model.instrument import Instrument, OptionKind
from hedging.model.rules import Rules
from hedging.model.smile import (
    MinimumVarianceFit,
    NoSmile,
    SmileLimits,
    SmileRule,
    SmileSlice,
    SmileSource,
    SmileViolationKind,
)
from hedging.model.snapshot import Gap, GapReason, Snapshot
from hedging.pricing import black76, svi
from hedging.pricing.smile_deltas import (
    BlackPoint,
    HullWhite,
    Stickiness,
    minimum_variance_delta,
    smile_delta,
)
from hedging.risk.holdings import BoolArray, FloatArray, IntArray
from hedging.risk.smile import raw
from hedging.risk.valued import ValuedBook

_FORBIDDEN = frozenset(
    {
        SmileViolationKind.BUTTERFLY,
        SmileViolationKind.WING_TOO_STEEP,
        SmileViolationKind.NEGATIVE_VARIANCE,
    }
)


@dataclass(frozen=True, slots=True)
class Smiles:
    """What is known of the smiles at one instant."""

    slices: tuple[SmileSlice, ...] = ()
    without: tuple[NoSmile, ...] = ()
    fits: tuple[MinimumVarianceFit, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SmileShift:
    """Coins that a rule adds to each position of a book, shape (n,), and what of them is not known.

    0 for what is no option of the underlying; NaN where the position has no value, or a gap says why.
    """

    shift: FloatArray
    gaps: tuple[Gap, ...]


def smile_shift(
    rule: SmileRule, underlying: str, book: ValuedBook, known: Smiles, now: tuple[datetime, SmileLimits]
) -> SmileShift:
    """The shift of each position of ``underlying`` under ``rule`` at an instant, within limits.

    One Gap for each expiry, or kind of option, whose slice or fit may not be used, and nothing in its place.
    """
    shift = np.zeros(book.holdings.place.size)
    rows = _options(book, underlying)
    if rule is SmileRule.STICKY_STRIKE or not rows.size:
        return SmileShift(shift, ())
    if rule is SmileRule.STICKY_MONEYNESS:
        per_vega, gaps = _moneyness(underlying, book, rows, known, now)
    else:
        per_vega, gaps = _minimum_variance(underlying, book, rows, known.fits, now)
    own = np.flatnonzero(_flags(book, rows)[book.holdings.place])
    shift[own] = book.columns.vega[own] * per_vega[book.holdings.place[own]]
    return SmileShift(shift, gaps)


def with_smiles(book: ValuedBook, snapshot: Snapshot, rules: Rules) -> tuple[ValuedBook, tuple[Gap, ...]]:
    """The book with the shift of each underlying's own smile rule, and what of that is not known."""
    shifted = [item for item in rules.underlyings if item.smile is not SmileRule.STICKY_STRIKE]
    if not shifted:
        return book, ()
    known = Smiles(snapshot.smiles, snapshot.without_smile, snapshot.minimum_variance)
    now = (snapshot.at, rules.smile)
    found = [smile_shift(item.smile, item.underlying, book, known, now) for item in shifted]
    columns = replace(book.columns, smile_shift=np.sum([one.shift for one in found], axis=0))
    return replace(book, columns=columns), tuple(gap for one in found for gap in one.gaps)


def asked_for(known: Smiles, rules: Rules) -> Smiles:
    """What of ``known`` the rules in force hedge with: the rest is none of a decision's inputs."""
    moving = {item.underlying for item in rules.underlyings if item.smile is SmileRule.STICKY_MONEYNESS}
    fitted = {item.underlying for item in rules.underlyings if item.smile is SmileRule.MINIMUM_VARIANCE}
    return Smiles(
        tuple(each for each in known.slices if each.underlying in moving),
        tuple(each for each in known.without if each.underlying in moving),
        tuple(each for each in known.fits if each.underlying in fitted),
    )


def unusable(slice_: SmileSlice, at: datetime, limits: SmileLimits) -> tuple[GapReason, str] | None:
    """Why a slice may not be hedged on, None where it may."""
    age = (at - slice_.fitted_at).total_seconds()
    if not abs(age) <= limits.oldest_seconds:
        return GapReason.STALE, f"its quotes are {age:.0f} s old, allowed are {limits.oldest_seconds:g} s"
    wrong = next(
        (v for v in slice_.violations if v.source is SmileSource.CURVE and v.kind in _FORBIDDEN), None
    )
    if wrong is not None:
        return (
            GapReason.IMPLAUSIBLE,
            f"the fitted curve can be arbitraged: {wrong.kind} at {wrong.strike:,.0f}",
        )
    if not slice_.error_vol <= limits.worst_error_vol:
        error, worst = slice_.error_vol * 100, limits.worst_error_vol * 100
        return GapReason.IMPLAUSIBLE, f"it misses its quotes by {error:.2f} vol points, allowed are {worst:g}"
    if slice_.quotes < limits.least_quotes:
        return GapReason.IMPLAUSIBLE, f"it rests on {slice_.quotes} strikes, at least {limits.least_quotes}"
    return None


def why_not(
    rule: SmileRule, underlying: str, fits: Sequence[MinimumVarianceFit], now: tuple[datetime, SmileLimits]
) -> str | None:
    """Why ``rule`` may not be chosen for an underlying now, None where it may.

    Minimum variance alone is refused beforehand; a smile that is missing is a gap of its expiry.
    """
    if rule is not SmileRule.MINIMUM_VARIANCE:
        return None
    by_kind = {fit.kind: fit for fit in fits if fit.underlying == underlying}
    reasons = [_unfit(by_kind.get(kind), kind, now) for kind in OptionKind]
    return next((reason[1] for reason in reasons if isinstance(reason, tuple)), None)


def _options(book: ValuedBook, underlying: str) -> IntArray:
    """Rows of the instruments that are options of an underlying and have a value."""
    holdings = book.holdings
    own = holdings.own.get(underlying)
    if own is None:
        return np.empty(0, dtype=np.intp)
    held = _flags(book, holdings.place[own[book.valued[own]]])
    return np.flatnonzero(held & holdings.option)


def _flags(book: ValuedBook, rows: IntArray) -> BoolArray:
    """Per instrument, shape (m,): whether it is one of ``rows``."""
    flags = np.zeros(len(book.holdings.keys), dtype=np.bool_)
    flags[rows] = True
    return flags


def _moneyness(
    underlying: str, book: ValuedBook, rows: IntArray, known: Smiles, now: tuple[datetime, SmileLimits]
) -> tuple[FloatArray, tuple[Gap, ...]]:
    """Per instrument, shape (m,): coins per USD of vega, −σ'(k)/F; NaN where a gap says why."""
    slices = {_place_of(each): each for each in known.slices}
    reasons = {_place_of(each): each for each in known.without}
    per_vega = np.full(len(book.holdings.keys), np.nan)
    gaps: list[Gap] = []
    for place, members in _by_expiry(book, rows).items():
        slice_ = slices.get(place)
        wrong = _lacking(reasons.get(place)) if slice_ is None else unusable(slice_, *now)
        if slice_ is None or wrong is not None:
            gaps.append(_gap(underlying, place, wrong or _lacking(None)))
            continue
        forward = book.marks.forward[members]
        k = -black76.log_moneyness(forward, book.holdings.strike[members])
        slope = svi.vol_slope(raw(slice_), k, slice_.years)
        per_vega[members] = smile_delta(BlackPoint(0.0, 1.0, forward), slope, Stickiness.STICKY_MONEYNESS)
    return per_vega, tuple(gaps)


def _minimum_variance(
    underlying: str,
    book: ValuedBook,
    rows: IntArray,
    fits: Sequence[MinimumVarianceFit],
    now: tuple[datetime, SmileLimits],
) -> tuple[FloatArray, tuple[Gap, ...]]:
    """Per instrument, shape (m,): coins per USD of vega, (a + bΔ + cΔ²)/(F√T); NaN where a gap says why."""
    by_kind = {fit.kind: fit for fit in fits if fit.underlying == underlying}
    per_vega = np.full(len(book.holdings.keys), np.nan)
    gaps: list[Gap] = []
    for kind in OptionKind:
        members = rows[book.holdings.sign[rows] == kind]
        if not members.size:
            continue
        rule = _unfit(by_kind.get(kind), kind, now)
        if isinstance(rule, tuple):
            gaps.append(
                Gap(
                    what=f"{underlying} minimum variance of {_PLURAL[kind]}",
                    reason=rule[0],
                    detail=f"{underlying}: {rule[1]}",
                    underlying=underlying,
                )
            )
            continue
        forward, years = book.marks.forward[members], book.marks.years[members]
        black = black76.core_greeks(
            float(kind), forward, book.holdings.strike[members], years, book.marks.iv[members]
        )
        with_unit_vega = BlackPoint(black.delta, 1.0, forward)
        per_vega[members] = minimum_variance_delta(with_unit_vega, years, rule) - black.delta
    return per_vega, tuple(gaps)


_PLURAL: Mapping[OptionKind, str] = {OptionKind.CALL: "calls", OptionKind.PUT: "puts"}


def _unfit(
    fit: MinimumVarianceFit | None, kind: OptionKind, now: tuple[datetime, SmileLimits]
) -> HullWhite | tuple[GapReason, str]:
    """The coefficients of a fit, or why they may not be used."""
    at, limits = now
    what = f"the minimum-variance delta of {_PLURAL[kind]}"
    if fit is None:
        return GapReason.MISSING, f"{what} has not been fitted yet; choose another smile rule meanwhile"
    if fit.refused or fit.a is None or fit.b is None or fit.c is None:
        return GapReason.IMPLAUSIBLE, f"{what} is refused: {fit.refused or 'it has no coefficients'}"
    age = abs(at - fit.fitted_at)
    if not age <= timedelta(hours=limits.oldest_fit_hours):
        hours = age.total_seconds() / 3600
        return (
            GapReason.STALE,
            f"{what} was fitted {hours:.0f} h ago, allowed are {limits.oldest_fit_hours:g} h",
        )
    if not np.isfinite([fit.a, fit.b, fit.c]).all():
        return GapReason.NOT_FINITE, f"{what} has coefficients that are no finite numbers"
    return HullWhite(fit.a, fit.b, fit.c)


Place = tuple[str, str, str, datetime | None]  # underlying, venue, settlement currency, expiry


def _place_of(what: SmileSlice | NoSmile | Instrument) -> Place:
    return what.underlying, what.venue, what.settlement_currency, what.expiry


def _by_expiry(book: ValuedBook, rows: IntArray) -> Mapping[Place, IntArray]:
    grouped: dict[Place, list[int]] = {}
    for row in rows.tolist():
        grouped.setdefault(_place_of(book.holdings.instruments[row]), []).append(row)
    return {place: np.array(members, dtype=np.intp) for place, members in grouped.items()}


def _lacking(without: NoSmile | None) -> tuple[GapReason, str]:
    return GapReason.MISSING, "none has been fitted yet" if without is None else without.reason


def _gap(underlying: str, place: Place, wrong: tuple[GapReason, str]) -> Gap:
    _, venue, currency, expiry = place
    when = "without expiry" if expiry is None else f"{expiry:%d %b %Y}"
    return Gap(
        what=f"{underlying} smile {when}",
        reason=wrong[0],
        detail=f"no smile of the {underlying} options of {when} in {currency} at {venue}: {wrong[1]}",
        underlying=underlying,
    )
