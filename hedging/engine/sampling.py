"""What is recorded of a moment: the engine's figures as points, and the marks of what is held or hedges."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

from hedging.decide import Assessment
from hedging.engine.desk_state import DeskState
from hedging.ledger.series_marks import FIELDS, MarkFrame
from hedging.ledger.series_points import (
    DriftPoint,
    ExposurePoint,
    LimitLine,
    LimitPoint,
    MarginPoint,
    Moment,
)
from hedging.model.book import Balance
from hedging.model.exposure import Drift, Exposure
from hedging.model.limits import Utilisation
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Gap

MOST_MARKS_A_SECOND = 120
"""Marks of more instruments are recorded less often: every n/120 s, rounded up."""

LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """References to all that is to be recorded of an instant: free to take, turned into points elsewhere.

    ``marks_of`` are keys of what is held or hedges; None where marks are not due.
    """

    at: datetime
    whole: Assessment
    rules: Rules
    accounts: tuple[str, ...]
    marks_of: frozenset[str] | None


class Pace:
    """When something is due: once in each second of the clock, and the marks once in several."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._slot: int | None = None

    def is_due(self, at: datetime) -> bool:
        """Whether the second of ``at`` has no sample yet; a clock that was put back begins anew."""
        before, self._second = self._second, int(at.timestamp())
        return self._second != before

    def are_marks_due(self, at: datetime, instruments: int) -> bool:
        """The same of the marks of so many instruments."""
        seconds = max(1, -(-instruments // MOST_MARKS_A_SECOND))
        before, self._slot = self._slot, int(at.timestamp()) // seconds
        return self._slot != before


def seen(desk: DeskState, whole: Assessment, pace: Pace) -> Seen | None:
    """What is there now, where a sample is due; on the event loop, so that nothing is computed here."""
    at = desk.now()
    if not pace.is_due(at):
        return None
    needed = desk.state.needed
    due = pace.are_marks_due(at, len(needed))
    return Seen(at, whole, desk.rules, desk.accounts, needed if due else None)


def moment(found: Seen) -> Moment:
    """The points of an instant."""
    whole, underlyings = found.whole, found.rules.underlyings
    gaps = {item.underlying: _gaps(item, whole.gaps) for item in underlyings}
    balances = whole.snapshot.balances
    return Moment(
        at=found.at,
        exposures=tuple(
            _exposure(item, whole.exposures.get(item.underlying), gaps[item.underlying])
            for item in underlyings
        ),
        drifts=tuple(
            _drift(item, whole.drifts.get(item.underlying), gaps[item.underlying]) for item in underlyings
        ),
        limits=tuple(_limit(each, whole.gaps) for each in whole.limits),
        margins=tuple(_margins(found.accounts, balances)),
        marks=_frame(found) if found.marks_of else None,
    )


def _gaps(item: UnderlyingRules, gaps: Iterable[Gap]) -> tuple[Gap, ...]:
    return tuple(gap for gap in gaps if gap.underlying in {None, item.underlying})


def _exposure(item: UnderlyingRules, found: Exposure | None, gaps: Sequence[Gap]) -> ExposurePoint:
    if found is None:
        return ExposurePoint(
            underlying=item.underlying,
            hedged_share=item.numeraire.hedged_share,
            gaps=len(gaps),
            missing=_why(gaps),
        )
    odd: list[str] = []
    return ExposurePoint(
        underlying=item.underlying,
        index_usd=_number("index_usd", found.index, odd),
        equity_coin=_number("equity_coin", found.equity, odd),
        delta_coin=_number("delta_coin", found.delta, odd),
        delta_net_coin=_number("delta_net_coin", found.delta_net, odd),
        delta_hedge_coin=_number("delta_hedge_coin", found.delta_hedge, odd),
        delta_after_expiry_coin=_number("delta_after_expiry_coin", found.delta_after_expiry, odd),
        smile_shift_coin=_number("smile_shift_coin", found.smile_shift, odd),
        gamma_coin=_number("gamma_coin", found.gamma_coin, odd),
        gamma_black_coin=_number("gamma_black_coin", found.gamma_black_coin, odd),
        vega_usd=_number("vega_usd", found.vega_usd, odd),
        theta_usd=_number("theta_usd", found.theta_usd, odd),
        gross_notional_usd=_number("gross_notional_usd", found.gross_notional_usd, odd),
        hedge_position_coin=_number("hedge_position_coin", found.hedge_position, odd),
        hedged_share=found.numeraire.hedged_share,
        gaps=len(gaps),
        missing="; ".join(odd) or None,
    )


def _drift(item: UnderlyingRules, found: Drift | None, gaps: Sequence[Gap]) -> DriftPoint:
    odd = [] if found else [_why(gaps)]
    if found and found.ratio_held is None:
        odd.append("no ratio: the primary delta is too small to divide by")
    return DriftPoint(
        underlying=item.underlying,
        state=found.state.value if found else None,
        band_lower_coin=item.band.lower,
        band_centre_coin=item.band.centre,
        band_upper_coin=item.band.upper,
        target_coin=_number("target_coin", found.target, odd) if found else None,
        beyond_coin=_number("beyond_coin", found.beyond_band, odd) if found else None,
        ratio_held=_number("ratio_held", found.ratio_held, odd) if found else None,
        ratio_wanted=_number("ratio_wanted", found.ratio_wanted, odd) if found else None,
        missing="; ".join(odd) or None,
    )


def _limit(found: Utilisation, gaps: Iterable[Gap]) -> LimitPoint:
    limit = found.limit
    touching = sum(1 for gap in gaps if limit.underlying in {None, gap.underlying} or gap.underlying is None)
    return LimitPoint(
        line=LimitLine(limit.scope.words, limit.measure.value, limit.soft, limit.hard, limit.unit),
        value=_number("value", found.value, []),
        level=found.level.value,
        gaps=touching,
    )


def _margins(accounts: Iterable[str], balances: Sequence[Balance]) -> Iterable[MarginPoint]:
    for account in accounts:
        own = [each for each in balances if each.account == account]
        if not own:
            yield MarginPoint(account=account, currency="", missing="no balance has arrived")
        for each in own:
            yield _margin(each)


def _margin(found: Balance) -> MarginPoint:
    odd: list[str] = []
    totals = found.delta_total
    single = totals[0][1] if len(totals) == 1 else None
    named = " ".join(f"{underlying}={value!r}" for underlying, value in totals)
    plain = len(totals) == 1 and totals[0][0] == found.currency
    if not totals:
        odd.append("no delta_total: none was sent, or it is older than the last fill")
    return MarginPoint(
        account=found.account,
        currency=found.currency,
        equity=_number("equity", found.equity, odd),
        available=_number("available", found.available, odd),
        initial_margin=_number("initial_margin", found.initial_margin, odd),
        maintenance_margin=_number("maintenance_margin", found.maintenance_margin, odd),
        delta_total_coin=_number("delta_total_coin", single, odd),
        delta_totals=None if plain else named or None,
        missing="; ".join(odd) or None,
    )


def _frame(found: Seen) -> MarkFrame:
    """One row an instrument, ordered by key so that the layout changes with the instruments alone."""
    quotes = found.whole.snapshot.quotes
    keys = sorted(found.marks_of or ())
    rows = [_marks(found.at, quotes.get(key)) for key in keys]
    return MarkFrame.of(found.at, [_venue_and_name(key) for key in keys], rows)


def _marks(at: datetime, quote: Quote | None) -> tuple[float | None, ...]:
    """In the order of ``series_marks.FIELDS``."""
    if quote is None:
        return (None,) * len(FIELDS)
    age = round((at - quote.received_at).total_seconds(), 3)
    return quote.mark, quote.index, quote.forward, quote.iv, quote.bid, quote.ask, age


def _venue_and_name(key: str) -> tuple[str, str]:
    venue, _, name = key.partition(":")
    return venue, name


def _number(name: str, value: float | None, odd: list[str]) -> float | None:
    """The value, or None with the reason noted where it is not finite: a record never stops the engine."""
    if value is None or isfinite(value):
        return value
    odd.append(f"{name} is {value}")
    return None


def _why(gaps: Sequence[Gap]) -> str:
    """The first reasons in words, and how many more there are."""
    if not gaps:
        return "not valued"
    text = "; ".join(gap.detail for gap in gaps[:2])
    more = f" and {len(gaps) - 2} more" if len(gaps) > 2 else ""
    return text[:LONGEST_REASON] + more
