"""The pure chain from a snapshot to a decision: value, sum, compare with the band, propose."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import inf, isfinite

from hedging.errors import BadInput
from hedging.model.exposure import DeltaProof, Drift, DriftState, Exposure, PositionExposure
from hedging.model.instrument import Instrument
from hedging.model.limits import Scope, Utilisation
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Gap, GapReason, Snapshot
from hedging.model.trading import (
    Decision,
    Order,
    OrderState,
    Outcome,
    Ticket,
    TicketState,
    TradingState,
    Verdict,
)
from hedging.policy.band import FixedBand
from hedging.policy.sizing import SizedHedge, coins_of, size
from hedging.risk.drift import drift
from hedging.risk.exposure import exposure
from hedging.risk.greeks import value_positions
from hedging.risk.holdings import NOTHING_HELD, Holdings
from hedging.risk.limits import utilisations
from hedging.risk.plausible import far_from_index
from hedging.risk.proof import proofs
from hedging.risk.scopes import ScopeParts, scope_parts
from hedging.risk.smile_shift import with_smiles
from hedging.risk.valued import ValuedBook
from hedging.units import Side
from hedging.workflow.ticket import WORKING, content_hash

STALE_SHARE = 0.25  # a waiting ticket whose size is off by more than this share is replaced
AFTER_REJECTION = timedelta(seconds=60)
WORSE_AFTER_REJECTION = 0.2  # of the band's width: then it is proposed again at once


@dataclass(frozen=True, slots=True)
class Assessment:
    """Everything the snapshot says of the book, computed once per cycle, and the snapshot itself."""

    snapshot: Snapshot
    book: ValuedBook
    gaps: tuple[Gap, ...]
    exposures: Mapping[str, Exposure]
    drifts: Mapping[str, Drift]
    proofs: tuple[DeltaProof, ...]
    limits: tuple[Utilisation, ...]
    scopes: Mapping[Scope, ScopeParts]

    @property
    def positions(self) -> tuple[PositionExposure, ...]:
        """The valued positions as rows."""
        return self.book.positions


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a decision about one underlying must know beside the snapshot.

    ``settled``: positions were read after the last fill. ``rejected``: when a person last said no, and
    the delta in coin at which they did. ``failed_at``: when a ticket failed, while that is recent.
    """

    now: datetime
    inputs_hash: str
    instrument: Instrument | None
    ticket: Ticket | None
    live: tuple[Order, ...]
    state: TradingState
    settled: bool
    rejected: tuple[datetime, float] | None
    failed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with the ticket it proposes and the waiting one it replaces, where there are any."""

    decision: Decision
    proposal: Ticket | None = None
    superseded: str = ""


def assess(snapshot: Snapshot, rules: Rules, known: Holdings = NOTHING_HELD) -> Assessment:
    """Value the book of one snapshot: positions, exposures, drifts, proofs, limits and gaps.

    An underlying with a gap of its own, or with one that touches the whole book, has no exposure; so has
    one whose hedge has no fresh price, whose coin balance is not known where it counts, or whose sum is
    no finite number. ``known``: columns of an earlier snapshot, to be used again where they still hold.
    """
    hedges = frozenset(item.hedge_key for item in rules.underlyings)
    book, smile_gaps = with_smiles(
        value_positions(snapshot, hedges, rules.ages.marks, known), snapshot, rules
    )
    gaps = [*snapshot.gaps, *book.gaps]
    exposures: dict[str, Exposure] = {}
    drifts: dict[str, Drift] = {}
    found_proofs: list[DeltaProof] = []
    for item in rules.underlyings:
        gaps += [*_hedge_gaps(item, snapshot, rules.ages.marks), *_equity_gaps(item, snapshot, book.holdings)]
        unvalued = frozenset(gap.what for gap in gaps if gap.underlying in {None, item.underlying})
        found_proofs += proofs(item.underlying, book, snapshot, unvalued)
        without_smile = [gap for gap in smile_gaps if gap.underlying == item.underlying]
        gaps += without_smile  # what the exchange's own delta is compared with knows no smile
        quote = snapshot.quotes.get(item.hedge_key)
        if quote is not None and quote.index is not None and not (unvalued or without_smile):
            whole = exposure(item, book, snapshot.equities, quote.index, snapshot.at)
            if isfinite(whole.delta + whole.delta_net + whole.equity + whole.gamma_coin):
                exposures[item.underlying] = whole
                drifts[item.underlying] = drift(whole, item.band)
            else:
                gaps.append(
                    _gap(item, item.underlying, GapReason.NOT_FINITE, "its delta is no finite number")
                )
    scopes = scope_parts(rules, exposures, gaps, book, snapshot.equities)
    return Assessment(
        snapshot,
        book,
        tuple(gaps),
        exposures,
        drifts,
        tuple(found_proofs),
        utilisations(rules.limits, scopes),
        scopes,
    )


def decide(
    rules: Rules, item: UnderlyingRules, snapshot: Snapshot, found: Assessment, now: Situation
) -> Decided:
    """Decide about one underlying: nothing, keep what runs, propose, or say what forbids it."""
    trace: list[Verdict] = []
    current = found.drifts.get(item.underlying)
    gaps = [gap for gap in found.gaps if gap.underlying in {None, item.underlying}]
    if current is None:
        trace.append(Verdict(check="inputs", passed=False, reason="; ".join(gap.detail for gap in gaps[:3])))
        return Decided(_decision(item, now, Outcome.UNVALUED, trace, None))
    trace.append(Verdict(check="inputs", passed=True, reason=f"{len(snapshot.quotes)} quotes, none missing"))
    band = _band_words(current)
    inside = current.state is DriftState.INSIDE
    trace.append(
        Verdict(
            check="band",
            passed=inside,
            reason=f"{item.underlying} delta is {current.delta:+.2f}, band {band}",
        )
    )
    waiting = _waiting(now)
    if now.ticket and now.ticket.state in WORKING:
        trace.append(Verdict(check="ticket", passed=True, reason=f"{now.ticket.id} is being executed"))
        return Decided(_decision(item, now, Outcome.KEEP, trace, current, now.ticket.id))
    if inside:
        if waiting:
            trace.append(Verdict(check="ticket", passed=True, reason=f"{waiting.id} is no longer needed"))
            decision = _decision(item, now, Outcome.SUPERSEDE, trace, current, waiting.id)
            return Decided(decision, superseded="the delta came back inside its band")
        return Decided(_decision(item, now, Outcome.NOTHING, trace, current))
    blocked = _blocked(item, current, now)
    if blocked:
        trace.append(Verdict(check="may act", passed=False, reason=blocked))
        return Decided(_decision(item, now, Outcome.BLOCKED, trace, current, waiting.id if waiting else ""))
    return _propose(rules, item, snapshot, found, now, trace)


def _propose(
    rules: Rules,
    item: UnderlyingRules,
    snapshot: Snapshot,
    found: Assessment,
    now: Situation,
    trace: list[Verdict],
) -> Decided:
    current = found.drifts[item.underlying]
    waiting = _waiting(now)
    try:
        hedge = _sized(rules, item, snapshot, current, now)
    except BadInput as error:
        trace.append(Verdict(check="sizing", passed=False, reason=str(error)))
        return Decided(_decision(item, now, Outcome.BLOCKED, trace, current, waiting.id if waiting else ""))
    why_stale = _outdated(waiting, hedge) if waiting else ""
    if waiting and not why_stale:
        trace.append(Verdict(check="ticket", passed=True, reason=f"{waiting.id} still fits and waits"))
        return Decided(_decision(item, now, Outcome.KEEP, trace, current, waiting.id))
    ticket = _ticket(rules, item, found, now, hedge)
    trace.append(Verdict(check="sizing", passed=True, reason=ticket.sentence))
    decision = _decision(item, now, Outcome.PROPOSE, trace, current, ticket.id)
    return Decided(decision, proposal=ticket, superseded=why_stale)


def _sized(
    rules: Rules, item: UnderlyingRules, snapshot: Snapshot, current: Drift, now: Situation
) -> SizedHedge:
    quote = snapshot.quotes.get(item.hedge_key)
    if now.instrument is None or quote is None:
        raise BadInput(f"the hedging instrument {item.hedge_instrument} is not known at the venue")
    age = (snapshot.at - quote.touch_received_at).total_seconds()
    if abs(age) > rules.ages.touch:
        raise BadInput(
            f"the touch of {item.hedge_instrument} is {age:.1f} s old, allowed are {rules.ages.touch:g} s"
        )
    held = sum(
        (
            position.amount
            for position in snapshot.positions
            if position.instrument.name == item.hedge_instrument and position.account == item.account
        ),
        Decimal(0),
    )
    change = FixedBand(item.band).change_wanted(current)
    hedge = size(item.account, now.instrument, quote, change, held, rules.execution)
    if hedge is None:
        raise BadInput(f"the hedge of {change:+g} {item.underlying} rounds to less than the smallest order")
    return hedge


def _blocked(item: UnderlyingRules, current: Drift, now: Situation) -> str:
    """The first reason why nothing may be proposed now, or nothing."""
    unproved = [o for o in now.live if o.state in {OrderState.UNKNOWN, OrderState.QUARANTINED}]
    reasons = (
        (now.state is TradingState.HALTED, "trading is halted"),
        (bool(unproved), "; ".join(f"order {o.client_id} is {o.state.value}: {o.detail}" for o in unproved)),
        (bool(now.live), "; ".join(f"order {order.client_id} is still working" for order in now.live)),
        (not now.settled, "the position has not been read again since the last fill"),
        (now.failed_at is not None, "a ticket has just failed; waiting a few seconds before the next"),
    )
    return next((reason for holds, reason in reasons if holds), _after_rejection(item, current, now))


def _after_rejection(item: UnderlyingRules, current: Drift, now: Situation) -> str:
    if now.rejected is None:
        return ""
    at, delta = now.rejected
    now_off, then_off = current.delta - item.band.centre, delta - item.band.centre
    width = item.band.upper - item.band.lower
    worse = abs(now_off) - abs(then_off) > WORSE_AFTER_REJECTION * width or now_off * then_off < 0
    if worse or now.now - at >= AFTER_REJECTION:
        return ""
    wait = (AFTER_REJECTION - (now.now - at)).total_seconds()
    return f"a person rejected this hedge; it is proposed again in {wait:.0f} s, or when it gets worse"


def _outdated(waiting: Ticket, hedge: SizedHedge) -> str:
    leg = waiting.legs[0]
    if leg.side is not hedge.leg.side:
        return "the delta is now on the other side"
    off = abs(hedge.leg.quantity_coin - leg.quantity_coin) / leg.quantity_coin
    if off > STALE_SHARE:
        return f"the size needed is now {hedge.leg.quantity_coin:.2f} instead of {leg.quantity_coin:.2f}"
    gone = (hedge.leg.reference_price - leg.worst_price) * leg.side > 0
    return "the market has moved past its worst price" if gone else ""


def _ticket(
    rules: Rules, item: UnderlyingRules, found: Assessment, now: Situation, hedge: SizedHedge
) -> Ticket:
    current = found.drifts[item.underlying]
    whole = found.exposures[item.underlying]
    expires_at = now.now + timedelta(seconds=rules.execution.ticket_seconds)
    leg = hedge.leg
    after = current.delta + hedge.delta_change
    verb = "buy" if leg.side is Side.BUY else "sell"
    sentence = (
        f"{item.underlying} delta is {current.delta:+.1f}, band {_band_words(current)}; "
        f"{verb} {leg.quantity_coin:.1f} {item.underlying} of {leg.instrument} "
        f"at {leg.worst_price:,f} or better; "
        f"delta after: {after:+.1f}; cost ≈ {hedge.cost_usd:,.0f} USD"
    )
    return Ticket(
        id=f"T{now.now:%y%m%d%H%M%S}{now.now.microsecond // 1000:03d}-{item.underlying}",
        version=1,
        underlying=item.underlying,
        state=TicketState.PROPOSED,
        created_at=now.now,
        expires_at=expires_at,
        legs=(leg,),
        delta_before=current.delta,
        delta_after=after,
        band_lower=item.band.lower,
        band_upper=item.band.upper,
        target=current.target,
        index=whole.index,
        cost_usd=hedge.cost_usd,
        numeraire=f"{item.numeraire.sentence}, {item.smile.value}",
        sentence=sentence,
        reason=_because(item.underlying, current, found),
        inputs_hash=now.inputs_hash,
        content_hash=content_hash((leg,), expires_at, now.inputs_hash),
    )


def need(current: Drift, ticket: Ticket, instrument: Instrument, price: Decimal) -> Decimal:
    """Venue amount that the present delta still needs on the ticket's side to reach the ticket's target.

    Never negative: 0 once the delta is at or past the target, so that a clip cannot over-hedge.
    """
    change = (ticket.target - current.delta) * ticket.legs[0].side
    if not (change > 0 and price > 0):
        return Decimal(0)
    one = coins_of(instrument, instrument.lot, price)
    return Decimal(str(change)) // one * instrument.lot


def _because(underlying: str, current: Drift, found: Assessment) -> str:
    way = "above" if current.state is DriftState.ABOVE else "below"
    own = [
        position
        for position in found.positions
        if position.instrument.underlying == underlying and position.delta_net * current.beyond_band > 0
    ]
    own.sort(key=lambda position: -abs(position.delta_net))
    parts = [f"{p.amount:+,.12g} {p.instrument.name} ({p.delta_net:+.1f})" for p in own[:2]]
    text = f"the delta is {abs(current.beyond_band):.1f} {underlying} {way} its band"
    return f"{text}; the largest parts are {' and '.join(parts)}" if parts else text


def _band_words(current: Drift) -> str:
    band = current.band
    if band.lower == -band.upper:
        return f"±{band.upper:g}"
    return f"{band.lower:+g} to {band.upper:+g}"


def _waiting(now: Situation) -> Ticket | None:
    return now.ticket if now.ticket and now.ticket.state is TicketState.PROPOSED else None


def _hedge_gaps(item: UnderlyingRules, snapshot: Snapshot, max_age: float) -> Iterator[Gap]:
    """What is wrong with the prices of the hedge, also while none of it is held."""
    name = item.hedge_instrument
    quote = snapshot.quotes.get(item.hedge_key)
    if quote is None:
        yield _gap(item, name, GapReason.MISSING, f"no quote for {name} has arrived")
        return
    age = (snapshot.at - quote.received_at).total_seconds()
    if abs(age) > max_age:
        detail = f"the index with {name} is {age:.0f} s old, allowed are {max_age:g} s"
        yield _gap(item, name, GapReason.STALE, detail)
    for what, value in (("mark price", quote.mark), ("index price", quote.index)):
        if value is None:
            yield _gap(item, name, GapReason.MISSING, f"no {what} has arrived with {name}")
        elif not 0 < value < inf:
            yield _gap(item, name, GapReason.NOT_FINITE, f"the {what} with {name} is {value}")
    if quote.mark and quote.index and 0 < quote.mark < inf and 0 < quote.index < inf:
        odd = far_from_index(f"the mark price of {name}", quote.mark, quote.index)
        if odd:
            yield _gap(item, name, GapReason.IMPLAUSIBLE, odd)


def _equity_gaps(item: UnderlyingRules, snapshot: Snapshot, holdings: Holdings) -> Iterator[Gap]:
    """Coin balances that count and are not there, or are no number."""
    coin = item.underlying
    needed = set(holdings.coin_accounts.get(coin, ()))
    if item.numeraire.hedged_share > 0:
        needed.add(item.account)
    own = [each for each in snapshot.equities if each.currency == coin]
    for account in sorted(needed - {balance.account for balance in own}):
        yield _gap(item, coin, GapReason.MISSING, f"the {coin} balance of {account} is not known")
    for balance in own:
        if not isfinite(balance.equity):
            detail = f"the {coin} equity of {balance.account} is {balance.equity}"
            yield _gap(item, coin, GapReason.NOT_FINITE, detail)


def _gap(item: UnderlyingRules, what: str, reason: GapReason, detail: str) -> Gap:
    return Gap(what=what, reason=reason, detail=detail, underlying=item.underlying)


def _decision(
    item: UnderlyingRules,
    now: Situation,
    outcome: Outcome,
    trace: list[Verdict],
    current: Drift | None,
    ticket_id: str = "",
) -> Decision:
    return Decision(
        at=now.now,
        underlying=item.underlying,
        outcome=outcome,
        reason=trace[-1].reason,
        verdicts=tuple(trace),
        inputs_hash=now.inputs_hash,
        delta=current.delta if current else None,
        ticket_id=ticket_id,
    )
