"""From the quotes of option chains to one fitted curve for each expiry, or why there is none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from math import exp

import numpy as np

from hedging.model.smile import (
    ChainQuote,
    DrawnSlice,
    NoSmile,
    SmileLimits,
    SmileSlice,
    SmileSource,
    SmileViolation,
    SmileViolationKind,
)
from hedging.pricing import svi
from hedging.pricing.svi_fit import NoFit, SviFit, fit_svi
from hedging.risk.smile_points import SmilePoints, quote_violations, smile_points, why_left_out

SETTLING = timedelta(minutes=30)  # the delivery price is being averaged: the quotes are of something else
SAMPLES = 41
BEYOND = 0.15  # of the range of strikes that is drawn on either side of it
DIGITS = 6

_KINDS = {
    svi.ViolationKind.NEGATIVE_VARIANCE: SmileViolationKind.NEGATIVE_VARIANCE,
    svi.ViolationKind.WING_TOO_STEEP: SmileViolationKind.WING_TOO_STEEP,
    svi.ViolationKind.BUTTERFLY: SmileViolationKind.BUTTERFLY,
    svi.ViolationKind.CALENDAR: SmileViolationKind.CALENDAR,
}

Chain = tuple[str, str, str]  # underlying, venue, settlement currency


@dataclass(frozen=True, slots=True)
class FittedSmiles:
    """Slices in the order of chain and expiry, each with what it is drawn from; expiries without one."""

    drawn: tuple[DrawnSlice, ...]
    without: tuple[NoSmile, ...]

    @property
    def slices(self) -> tuple[SmileSlice, ...]:
        """The slices alone."""
        return tuple(each.slice for each in self.drawn)


def fitted_smiles(
    quotes: Sequence[ChainQuote], at: datetime, limits: SmileLimits, near: Sequence[SmileSlice] = ()
) -> FittedSmiles:
    """One slice for each underlying, venue, settlement currency and expiry that is quoted at ``at``.

    A quote that cannot be used costs only itself; one that is there twice counts once, the newer. ``near``
    are slices of a little earlier, from which the search begins: it takes a quarter of the time.
    """
    starts = {(_chain(each), each.expiry): _start(each) for each in near}
    grouped: dict[tuple[Chain, datetime], list[ChainQuote]] = {}
    for quote in quotes:
        chain = (quote.underlying, quote.venue, quote.settlement_currency)
        grouped.setdefault((chain, quote.expiry), []).append(quote)
    drawn: list[DrawnSlice] = []
    without: list[NoSmile] = []
    for (chain, expiry), own in sorted(grouped.items(), key=lambda pair: pair[0]):
        found = _fitted((chain, expiry), own, (at, limits), starts.get((chain, expiry)))
        if isinstance(found, NoSmile):
            without.append(found)
        else:
            drawn.append(found)
    return FittedSmiles(tuple(_with_calendars(drawn)), tuple(without))


def raw(slice_: SmileSlice) -> svi.RawSvi:
    """The parameters as the formulas take them."""
    return svi.RawSvi(slice_.a, slice_.b, slice_.rho, slice_.m, slice_.sigma)


def violation_words(violation: SmileViolation) -> str:
    """One arbitrage in words.

    >>> butterfly = {"source": SmileSource.QUOTES, "kind": SmileViolationKind.BUTTERFLY}
    >>> violation_words(SmileViolation(**butterfly, k=0.1, strike=110_000.0, amount=-0.012))
    'quotes: a butterfly costs less than nothing at 110,000 (1.2 vol points too high in the middle)'
    """
    if violation.source is SmileSource.QUOTES:
        by = f"{-violation.amount * 100:.1f} vol points too high in the middle"
    else:
        by = f"by {violation.amount:.2g}"
    return f"{violation.source}: {violation.kind} at {violation.strike:,.0f} ({by})"


def _start(slice_: SmileSlice) -> SviFit | None:
    """A slice as the fit it was; None where it can be arbitraged."""
    calendar_or_quotes = all(
        each.source is SmileSource.QUOTES or each.kind is SmileViolationKind.CALENDAR
        for each in slice_.violations
    )
    return SviFit(raw(slice_), slice_.error_vol, ()) if calendar_or_quotes else None


def _fitted(
    place: tuple[Chain, datetime],
    quotes: Sequence[ChainQuote],
    now: tuple[datetime, SmileLimits],
    start: SviFit | None,
) -> DrawnSlice | NoSmile:
    (chain, expiry), (at, limits) = place, now

    def none(reason: str) -> NoSmile:
        underlying, venue, currency = chain
        return NoSmile(
            underlying=underlying,
            venue=venue,
            settlement_currency=currency,
            expiry=expiry,
            reason=reason,
            at=at,
        )

    if expiry - at <= SETTLING:
        return none("it expires within the half hour in which its delivery price is averaged, or has expired")
    points = smile_points(quotes, at, limits.oldest_seconds)
    if not isinstance(points, SmilePoints):
        return none(f"none of its {len(quotes)} quotes can be used: {why_left_out(points)}")
    if points.k.size < limits.least_quotes:
        why = why_left_out(points.left_out)
        left = f" ({why})" if why else ""
        return none(f"{points.k.size} strikes are quoted, a fit takes {limits.least_quotes}{left}")
    try:
        found = fit_svi(points.quotes, points.years, start)
    except (np.linalg.LinAlgError, ValueError) as error:
        return none(f"the fit failed in its numbers: {error}")
    if isinstance(found, NoFit):
        return none(found.value)
    return _drawn(_slice(chain, expiry, points, found), points)


def _slice(chain: Chain, expiry: datetime, points: SmilePoints, found: SviFit) -> SmileSlice:
    underlying, venue, currency = chain
    in_curve = tuple(
        SmileViolation(
            source=SmileSource.CURVE,
            kind=_KINDS[each.kind],
            k=each.k,
            strike=points.forward * exp(each.k),
            amount=each.amount,
        )
        for each in found.violations
    )
    return SmileSlice(
        underlying=underlying,
        venue=venue,
        settlement_currency=currency,
        expiry=expiry,
        a=found.slice.a,
        b=found.slice.b,
        rho=found.slice.rho,
        m=found.slice.m,
        sigma=found.slice.sigma,
        forward=points.forward,
        years=points.years,
        quotes=points.k.size,
        left_out=points.left_out.total(),
        lowest_k=float(points.k.min()),
        highest_k=float(points.k.max()),
        error_vol=found.rms_vol,
        violations=(*in_curve, *quote_violations(points)),
        fitted_at=points.oldest,
    )


def _drawn(slice_: SmileSlice, points: SmilePoints) -> DrawnSlice:
    margin = BEYOND * (slice_.highest_k - slice_.lowest_k)
    at = np.linspace(slice_.lowest_k - margin, slice_.highest_k + margin, SAMPLES)
    left_out = why_left_out(points.left_out)
    return DrawnSlice(
        slice=slice_,
        quote_k=_rounded(points.k),
        quote_vol=_rounded(points.vol),
        quote_weight=_rounded(points.vega / points.vega.sum()),
        curve_k=_rounded(at),
        curve_vol=_rounded(svi.implied_vol(raw(slice_), at, slice_.years)),
        words=(f"left out: {left_out}",) if left_out else (),
    )


def _rounded(values: np.typing.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(np.round(values, DIGITS).tolist())


def _with_calendars(drawn: Sequence[DrawnSlice]) -> Sequence[DrawnSlice]:
    """The same, where a later slice of a chain has less variance than the one before noted with the earlier.

    Only between strikes that are quoted in both: beyond them two curves are extrapolations of their own.
    """
    noted = list(drawn)
    for place, (early, late) in enumerate(pairwise(drawn)):
        near, far = early.slice, late.slice
        if _chain(near) == _chain(far):
            crossed = _crossing(near, far)
            if crossed is not None:
                held = (*near.violations, crossed)
                noted[place] = replace(early, slice=replace(near, violations=held))
    return [
        replace(each, words=(*map(violation_words, each.slice.violations), *each.words)) for each in noted
    ]


def _chain(slice_: SmileSlice) -> Chain:
    return slice_.underlying, slice_.venue, slice_.settlement_currency


def _crossing(near: SmileSlice, far: SmileSlice) -> SmileViolation | None:
    low, high = max(near.lowest_k, far.lowest_k), min(near.highest_k, far.highest_k)
    if low >= high:
        return None
    at = np.linspace(low, high, 201)
    gain = svi.total_variance(raw(far), at) - svi.total_variance(raw(near), at)
    worst = int(np.argmin(gain))
    if gain[worst] >= 0:
        return None
    return SmileViolation(
        source=SmileSource.CURVE,
        kind=SmileViolationKind.CALENDAR,
        k=float(at[worst]),
        strike=near.forward * exp(float(at[worst])),
        amount=float(gain[worst]),
    )
