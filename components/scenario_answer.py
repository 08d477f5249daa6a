"""What the app's own process computes for the Scenarios page, from the latest view; never the engine."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from components import format as fmt
from components.scenario_choice import Question, days_of, shocks
from components.scenario_kept import Kept
from hedging.errors import BadInput
from hedging.model.exposure import DriftState, Exposure, PositionExposure
from hedging.model.instrument import Instrument
from hedging.model.trading import Ticket, TicketState
from hedging.model.view import UnderlyingView, View
from hedging.policy.sizing import amount_for, coins_of
from hedging.risk.drift import drift
from hedging.risk.exposure import Basis, summed
from hedging.risk.scenario import Surface, WorstCell, scenario, worst
from hedging.risk.what_if import added, hedge_position
from hedging.risk.what_if_book import Terms, WhatIfBook, what_if_book
from hedging.units import Side as TradeSide


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """The hedge that is put in: its position, or None with the reason in ``words``."""

    position: PositionExposure | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """One book's surface with its worst cell."""

    surface: Surface
    worst: WorstCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Everything the page shows of one underlying; ``at`` is the instant of the book."""

    at: datetime
    days: float
    live: Exposure
    book: WhatIfBook
    hedge: Hedge
    hedged: Exposure | None
    hedged_positions: tuple[PositionExposure, ...]
    before: Grid
    after: Grid | None

    @property
    def before_words(self) -> str:
        """What the book without the hedge is called."""
        return "with your changes" if self.book.differences else "as it is"


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is no number."""

    reason: str


KEPT: Kept[Answer | NoAnswer] = Kept()


def key_of(view: View, question: Question) -> Hashable:
    """What an answer depends on: the very view, and the question."""
    return (view.book, view.engine_started_at, view.sequence, question)


def kept_answer(view: View, question: Question) -> Answer | NoAnswer:
    """The answer for this very view, computed once for all who ask."""
    return KEPT.value(key_of(view, question), lambda: answer(view, question))


def answer(view: View, question: Question) -> Answer | NoAnswer:
    """Compute everything from one view; a gap of the underlying leaves no number, and says why."""
    name = question.underlying
    each = next((one for one in view.underlyings if one.underlying == name), None)
    if each is None or each.exposure is None:
        return NoAnswer(missing(view, name))
    try:
        return _answer(view, each, each.exposure, question)
    except BadInput as error:
        return NoAnswer(str(error))


def missing(view: View, underlying: str) -> str:
    """Why an underlying has no exposure, from the view's gaps."""
    own = [gap.detail for gap in view.gaps if gap.underlying in {None, underlying}]
    if not own:
        return f"the exposure of {underlying} is not known yet"
    more = f" (and {len(own) - 3} more)" if len(own) > 3 else ""
    return "; ".join(own[:3]) + more


def _answer(view: View, each: UnderlyingView, live: Exposure, question: Question) -> Answer:
    listed = terms(view, each)
    book = what_if_book(live, view.positions, question.changes, listed)
    days = days_of(question.days, book.positions, live.underlying)
    grid = shocks(question, days)
    hedge = hedge_of(view, each, book, listed)
    before = _grid(book.exposure, book.positions, question, days)
    if hedge.position is None:
        return Answer(
            at=live.at, days=days, live=live, book=book, hedge=hedge, hedged=None, hedged_positions=(),
            before=before, after=None,
        )  # fmt: skip
    positions = added(book.positions, hedge.position)
    basis = Basis(live.underlying, live.numeraire, live.index, live.equity, live.at)
    surface = scenario(book.exposure, positions, grid)
    return Answer(
        at=live.at,
        days=days,
        live=live,
        book=book,
        hedge=hedge,
        hedged=summed(basis, positions),
        hedged_positions=positions,
        before=before,
        after=Grid(surface=surface, worst=worst(surface)),
    )


def _grid(
    exposure: Exposure, positions: tuple[PositionExposure, ...], question: Question, days: float
) -> Grid:
    surface = scenario(exposure, positions, shocks(question, days))
    return Grid(surface=surface, worst=worst(surface))


def terms(view: View, each: UnderlyingView) -> Mapping[str, Terms]:
    """The configured hedge of an underlying by its key, held or not, where it has a price."""
    found = {}
    for market in view.hedges:
        instrument, quote = market.instrument, market.quote
        if instrument.underlying == each.underlying and quote is not None and quote.mark is not None:
            found[instrument.key] = Terms(instrument=instrument, mark=quote.mark, is_hedge=True)
    for position in view.positions:
        if position.is_hedge and position.instrument.underlying == each.underlying:
            known = Terms(instrument=position.instrument, mark=position.mark, is_hedge=True)
            found.setdefault(position.instrument.key, known)
    return found


def hedge_of(view: View, each: UnderlyingView, book: WhatIfBook, listed: Mapping[str, Terms]) -> Hedge:
    """The waiting ticket's hedge of the live book; of a changed book the one that its band asks for."""
    found = next((one for one in listed.values() if one.instrument.name == each.hedge_instrument), None)
    if found is None or found.mark is None:
        return Hedge(position=None, words=f"no hedge: {each.hedge_instrument} has no price now")
    ticket = waiting(view, each.underlying)
    if ticket is not None and not book.differences:
        return _of_ticket(book.exposure, ticket, found.instrument, found.mark)
    return _of_band(view, each, book, found.instrument, found.mark)


def waiting(view: View, underlying: str) -> Ticket | None:
    """The ticket of an underlying that waits for a decision."""
    return next(
        (
            ticket
            for ticket in view.tickets
            if ticket.underlying == underlying and ticket.state is TicketState.PROPOSED
        ),
        None,
    )


def _of_ticket(exposure: Exposure, ticket: Ticket, instrument: Instrument, mark: float) -> Hedge:
    legs = [leg for leg in ticket.legs if leg.instrument == instrument.name]
    if len(legs) != len(ticket.legs):
        return Hedge(position=None, words=f"ticket {ticket.id} trades more than {instrument.name}: not shown")
    coins = sum(float(leg.quantity_coin) * leg.side for leg in legs)
    return Hedge(
        position=hedge_position(exposure, legs[0].account, instrument, coins, mark),
        words=f"ticket {ticket.id}: {_trade(coins, instrument)}",
    )


def _of_band(
    view: View, each: UnderlyingView, book: WhatIfBook, instrument: Instrument, mark: float
) -> Hedge:
    if each.drift is None:
        return Hedge(position=None, words="no hedge: the band is not known")
    band = each.drift.band
    now = drift(book.exposure, band)
    where = f"{_short(band.lower)} to {_short(band.upper)} {each.underlying}"
    if now.state is DriftState.INSIDE:
        return Hedge(
            position=None, words=f"no hedge is asked for: {fmt.coin(now.delta)} is inside the band {where}"
        )
    change = now.target - now.delta
    amount = amount_for(instrument, abs(change), mark)
    if amount == 0:
        return Hedge(
            position=None, words=f"no hedge: {_short(change)} {each.underlying} is less than one lot"
        )
    coins = float(coins_of(instrument, amount, Decimal(str(mark)))) * (1 if change > 0 else -1)
    account = next((p.account for p in view.positions if p.instrument == instrument), "what if")
    return Hedge(
        position=hedge_position(book.exposure, account, instrument, coins, mark),
        words=f"the band {where} asks to {_trade(coins, instrument)}",
    )


def _short(value: float) -> str:
    return f"{value:+g}".replace("-", fmt.MINUS)


def _trade(coins: float, instrument: Instrument) -> str:
    side = TradeSide.BUY if coins > 0 else TradeSide.SELL
    return f"{side.name.lower()} {abs(coins):,.4g} {instrument.underlying} of {instrument.name}"


def difference(before: Surface, after: Surface) -> Surface:
    """What the hedge changes, cell by cell."""
    return replace(
        before,
        pnl_usd=after.pnl_usd - before.pnl_usd,
        delta_coin=after.delta_coin - before.delta_coin,
        gamma_coin=after.gamma_coin - before.gamma_coin,
        vega_usd=after.vega_usd - before.vega_usd,
    )
