"""Writes what the engine sees: the view, a record a second, and every decision as part of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hedging.core.picture import controls
from hedging.decide import Assessment
from hedging.engine.desk_state import DeskState
from hedging.engine.forecasting import REMEMBERED, Volatilities, leaving_band, remembered, with_forecasts
from hedging.engine.sampling import Pace, Seen, moment, seen
from hedging.errors import UnpriceableError
from hedging.ledger import Series
from hedging.model.exposure import Exposure
from hedging.model.retention import Retention
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.trading import Decision, Ticket, TicketState, TradingState, TradingStatus
from hedging.model.view import (
    DecisionRun,
    Feed,
    HedgeMarket,
    Profile,
    UnderlyingView,
    VenueMode,
    View,
)
from hedging.risk.forecast import Vol
from hedging.risk.profile import ladder, profile
from hedging.workflow.authority import auto_refusals

FOR_A_MONTH = Retention()
MOST_CLOCK_OFFSET = 60.0
"""Seconds from the exchange's clock beyond which ours deletes nothing."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Which engine speaks: constant from its start."""

    book: str
    mode: VenueMode
    started_at: datetime


class DecisionRuns:
    """Folds successive equal decisions of an underlying into one run, so that every cycle is on record.

    A run ends when the outcome, the ticket or any check's verdict changes; its numbers are the latest.
    """

    def __init__(self) -> None:
        self._open: dict[str, DecisionRun] = {}
        self._changed: dict[tuple[str, datetime], DecisionRun] = {}

    def take(self, decision: Decision) -> None:
        """Count one cycle."""
        last = self._open.get(decision.underlying)
        same = last is not None and _shape(last.decision) == _shape(decision)
        first_at = last.first_at if last and same else decision.at
        cycles = last.cycles + 1 if last and same else 1
        run = DecisionRun(first_at=first_at, cycles=cycles, decision=decision)
        self._open[decision.underlying] = run
        self._changed[decision.underlying, first_at] = run

    def latest(self, underlying: str) -> Decision | None:
        """The newest decision of an underlying."""
        run = self._open.get(underlying)
        return run.decision if run else None

    def drain(self) -> tuple[DecisionRun, ...]:
        """Runs that grew since the last call."""
        changed, self._changed = self._changed, {}
        return tuple(changed.values())


class Publisher:
    """Builds and stores views; keeps the counters a view needs."""

    def __init__(
        self, desk: DeskState, series: Series, identity: Identity, retention: Retention = FOR_A_MONTH
    ) -> None:
        self._desk = desk
        self._series = series
        self._identity = identity
        self._sequence = series.view_sequence()
        self._pace = Pace()
        self._state = desk.state
        self._seen: Seen | None = None
        self._grown: tuple[DecisionRun, ...] = ()
        self._thinning = series.thinning(retention)
        self._vols = Volatilities()
        since = identity.started_at - REMEMBERED
        for item in desk.rules.underlyings:
            samples = series.samples(item.underlying, since)
            remembered(((s.underlying, s.at, s.index) for s in samples), self._vols)
        self.runs = DecisionRuns()

    def glance(self, whole: Assessment, *, ready: bool, status: str) -> View:
        """The picture of this moment without what takes long to draw; on the loop, whose state it reads."""
        desk = self._desk
        due = seen(desk, whole, self._pace)
        if due is not None:  # runs are handed over here, where they are taken: no thread loses one of them
            self._seen, self._grown = due, (*self._grown, *self.runs.drain())
        state, trading = desk.state, desk.state.status
        self._state = state
        self._sequence += 1
        blocked = [u.underlying for u in desk.rules.underlyings if u.underlying not in whole.exposures]
        recent = tuple(state.orders.values())[::-1]
        for name, found in whole.exposures.items():
            self._vols.take(name, found.at, found.index)
        vols = {item.underlying: self._vols.vol(item.underlying, whole) for item in desk.rules.underlyings}
        return View(
            sequence=self._sequence,
            at=desk.now(),
            book=self._identity.book,
            mode=self._identity.mode,
            engine_started_at=self._identity.started_at,
            ready=ready,
            status=status,
            trading_state=trading.state,
            halted_because=trading.halted_because,
            resume_asked_by=trading.resume_asked_by,
            auto=trading.auto,
            auto_refusals=auto_refusals(trading, whole.proofs, recent, blocked),
            feeds=self._feeds(),
            gaps=whole.gaps,
            underlyings=tuple(
                self._underlying(item, whole, vols[item.underlying]) for item in desk.rules.underlyings
            ),
            positions=(),
            limits=with_forecasts(whole, vols),
            tickets=tuple(state.tickets.values()),
            orders=recent[:12],
            balances=whole.snapshot.balances if whole.snapshot else (),
            hedges=tuple(self._hedges(whole)),
            terms=desk.terms,
            proposals=desk.proposals,
            reduced_because=trading.reduced_because,
            reduced_by=trading.reduced_by,
            lifts_at=_lifts_at(trading, desk.rules),
            shadow_seconds_needed=desk.rules.auto.shadow_minutes * 60,
        )

    def _hedges(self, whole: Assessment) -> Iterator[HedgeMarket]:
        """Each configured hedge with the quote that the exposures were computed with."""
        for item in self._desk.rules.underlyings:
            instrument = self._desk.places.instruments.get(item.hedge_key)
            if instrument is not None and whole.snapshot is not None:
                yield HedgeMarket(instrument=instrument, quote=whole.snapshot.quotes.get(item.hedge_key))

    def show(self, glance: View, whole: Assessment) -> View:
        """Draw the rest of a picture, write it, the sample that is due and a small part of the thinning.

        Runs beside the loop (a large book takes long to draw, and the disk blocks), one call at a time:
        ``glance`` is called again when the one before has been shown.
        """
        view = replace(drawn(glance, whole), controls=controls(self._state, whole, glance.at))
        self._series.put_view(view)
        if self._seen is not None:
            found, self._seen = self._seen, None
            self._series.add(moment(found))
            grown, self._grown = self._grown, ()
            self._series.put_decision_runs(grown)
        offset = self._desk.clock_offset
        if offset is None or abs(offset) <= MOST_CLOCK_OFFSET:
            self._thinning.step(view.at)
        return view

    def _underlying(self, item: UnderlyingRules, whole: Assessment, vol: Vol | None) -> UnderlyingView:
        return UnderlyingView(
            underlying=item.underlying,
            exposure=whole.exposures.get(item.underlying),
            drift=whole.drifts.get(item.underlying),
            profile=None,
            ladder=(),
            proofs=tuple(p for p in whole.proofs if p.underlying == item.underlying),
            decision=self.runs.latest(item.underlying),
            hedge_instrument=item.hedge_instrument,
            leaving_band=leaving_band(item.underlying, item.band, whole, vol),
        )

    def _feeds(self) -> tuple[Feed, ...]:
        state, quotes, ages = self._desk.state, self._desk.board.quotes, self._desk.rules.ages
        held = [quotes.get(key) for key in state.needed]
        marks = None if None in held else min((q.received_at for q in held if q), default=None)
        touches = [quotes.get(item.hedge_key) for item in self._desk.rules.underlyings]
        touch = None if None in touches else min((q.touch_received_at for q in touches if q), default=None)
        positions = [account.positions_at for account in state.accounts.values()]
        margins = [account.balances_at for account in state.accounts.values()]
        return (
            Feed(name="prices", received_at=touch, limit_seconds=ages.touch),
            Feed(name="marks", received_at=marks, limit_seconds=ages.marks),
            Feed(name="positions", received_at=_oldest(positions), limit_seconds=ages.position),
            Feed(name="margin", received_at=_oldest(margins), limit_seconds=ages.margin),
        )


def drawn(glance: View, whole: Assessment) -> View:
    """A picture with the positions, profiles and ladders of the assessment it was taken of."""
    waiting = {each.underlying: each for each in glance.tickets if each.state is TicketState.PROPOSED}
    return replace(
        glance,
        positions=whole.positions,
        underlyings=tuple(_drawn(each, whole, waiting.get(each.underlying)) for each in glance.underlyings),
    )


def _drawn(shown: UnderlyingView, whole: Assessment, waiting: Ticket | None) -> UnderlyingView:
    if shown.exposure is None:
        return shown
    hedge = waiting.delta_after - waiting.delta_before if waiting else None
    return replace(
        shown,
        profile=_profile(shown.exposure, whole, hedge),
        ladder=ladder(shown.underlying, whole.positions),
    )


def _profile(found: Exposure, whole: Assessment, hedge: float | None) -> Profile | None:
    try:
        return profile(found, whole.positions, hedge)
    except UnpriceableError:
        return None


def _oldest(times: list[datetime | None]) -> datetime | None:
    known = [at for at in times if at is not None]
    return min(known) if known and len(known) == len(times) else None


def _lifts_at(status: TradingStatus, rules: Rules) -> datetime | None:
    """When reducing ends by itself while the market stays sane."""
    if status.state is not TradingState.REDUCING or status.quiet_since is None:
        return None
    return status.quiet_since + timedelta(seconds=rules.market.quiet_seconds)


def _shape(decision: Decision) -> tuple[object, ...]:
    checks = tuple((verdict.check, verdict.passed) for verdict in decision.verdicts)
    return decision.outcome, decision.ticket_id, checks
