"""Carries approved tickets out, clip by clip: persist, fenced send, prove, settle, look again."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.core import sweeps
from hedging.core.effects import InsertAttempt, Submit
from hedging.core.picture import gate_state
from hedging.core.queries import QueryKind
from hedging.core.state import FENCE_MARGIN, Run, Search
from hedging.core.turn import Turn, without
from hedging.decide import Assessment, need
from hedging.errors import BadInput
from hedging.model.exposure import DriftState, ProofVerdict
from hedging.model.instrument import Instrument
from hedging.model.trading import (
    AutoMode,
    Lifetime,
    Order,
    OrderState,
    Refusal,
    Ticket,
    TicketState,
    TradingState,
)
from hedging.policy.execution_style import Asked, approach, pause_seconds
from hedging.policy.sizing import coins_of
from hedging.workflow import gates
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets
from hedging.workflow.authority import by_itself, lapsed, tripped
from hedging.workflow.gates import repeats
from hedging.workflow.gates.reduce_only import marked

PATIENCE = timedelta(seconds=8)  # how long a clip waits for fresh inputs before the ticket fails
RETRY = timedelta(seconds=0.02)  # at most so often, whatever happens
LONGEST_RETRY = timedelta(seconds=0.5)  # and so often where nothing happens: inputs come as events
WIRE = timedelta(seconds=0.5)  # how long a judged order may wait for its turn; then its inputs are old
ANSWER_WITHIN = timedelta(seconds=15)  # a request that was never answered is looked for after this
MOST_CLIPS = 100
DUST_SHARE = Decimal("0.001")  # of a ticket: not worth another order once the delta is inside its band
MOST_MISSES = 3  # orders in a row that nobody filled, before the ticket fails
MOST_FAILURES = 3  # automatic tickets in a row that failed, before automatic mode ends
WORTH_WAITING = frozenset({"C10", "C6", "C9", "C14", "C13"})
FILLED, REACHED = "filled", "the delta reached its target"
CAP_USED = "what is left of its turnover cap is less than the smallest order"


class Over(Exception):
    """There is no next clip; the text says why."""


class NotYet(Exception):
    """The next clip cannot be sized now; fresh inputs may change that."""


def begin(turn: Turn, ticket: Ticket) -> None:
    """Start to carry out a ticket whose approval has just been used, under the rules of now."""
    item = turn.state.setup.item(ticket.underlying)
    turn.put_run(Run(ticket_id=ticket.id, item=item, trips=turn.state.trips))


def advance(turn: Turn) -> None:
    """Bring every run as far as it can go now."""
    for underlying in tuple(turn.state.runs):
        _advance(turn, underlying)


def next_times(run: Run, now: datetime) -> tuple[datetime, ...]:
    """When a run wants to be looked at again, beside what happens to its order."""
    if run.order:
        return ()
    if run.resume_at is not None and run.resume_at > now:
        return (run.resume_at,)
    return ((run.tried_at or now) + (RETRY if run.early else LONGEST_RETRY),)


def _advance(turn: Turn, underlying: str) -> None:
    run = turn.state.runs[underlying]
    ticket = turn.state.tickets.get(underlying)
    if ticket is None or ticket.id != run.ticket_id or ticket.state is not TicketState.EXECUTING:
        turn.set(runs=without(turn.state.runs, underlying))
        return
    if run.order:
        following = _after_order(turn, run, ticket)
        if following is None:
            return
        run = following
    if run.misses >= MOST_MISSES:
        _close(turn, ticket, f"{run.misses} orders in a row found nobody at its worst price")
    elif run.resume_at is None or turn.now >= run.resume_at:
        _try_next(turn, run, ticket)


def _after_order(turn: Turn, run: Run, ticket: Ticket) -> Run | None:
    """The run once its order is over; None while it is not, or where it ended the ticket."""
    order = turn.state.orders[run.order]
    if order.state is OrderState.QUARANTINED:
        _close(turn, ticket, f"{order.client_id} is quarantined: {order.detail}")
        return None
    if order.state in orders.LIVE:
        return None
    rested = order.lifetime is Lifetime.RESTING
    if order.state is OrderState.REJECTED and not rested:
        _close(turn, ticket, f"the venue refused {order.client_id}: {order.detail}")
        return None
    pause = timedelta(seconds=pause_seconds(turn.state.rules.execution, order.client_id))
    following = replace(
        run,
        order="",
        clip=run.clip + 1,
        misses=0 if order.filled or rested else run.misses + 1,
        crossing=rested,
        resume_at=turn.now if rested else turn.now + pause,
        patient_until=None,
        tried_at=None,
    )
    turn.put_run(following)
    sweeps.ask(turn, order.account, QueryKind.POSITIONS)
    return following


def _try_next(turn: Turn, run: Run, ticket: Ticket) -> None:
    """Size, judge and insert the next attempt; wait a little for inputs that need time."""
    if run.tried_at is not None and turn.now - run.tried_at < RETRY:
        turn.put_run(replace(run, early=True))
        return
    patient_until = run.patient_until or turn.now + PATIENCE
    run = replace(run, patient_until=patient_until, tried_at=turn.now, early=False)
    turn.put_run(run)
    account = turn.state.accounts[run.item.account]
    if not account.settled:
        sweeps.ask(turn, account.name, QueryKind.POSITIONS)
        if turn.now < patient_until and not _stopped(turn, run):
            return
    try:
        order, refusal = _judged(turn, run, ticket)
    except Over as over:
        _close(turn, ticket, str(over))
        return
    except NotYet as unknown:
        if turn.now >= patient_until:
            _close(turn, ticket, str(unknown))
        return
    if refusal is None:
        _insert(turn, run, order)
    elif refusal.control not in WORTH_WAITING or turn.now >= patient_until:
        if refusal.control == repeats.CONTROL:
            auto = tripped(turn.state.status.auto, refusal.reason)
            turn.set_auto(auto, f"automatic hedging off: {auto.ended_because}")
        _close(turn, ticket, f"{refusal.control}: {refusal.reason}")


def _stopped(turn: Turn, run: Run) -> bool:
    halted = turn.state.status.state is TradingState.HALTED
    return halted or bool(turn.state.latches) or turn.state.trips != run.trips


def _judged(turn: Turn, run: Run, ticket: Ticket) -> tuple[Order, Refusal | None]:
    """The next attempt as the gates see it. Raises Over where there is none, NotYet where it waits."""
    state, now = turn.state, turn.now
    instrument = state.setup.instruments[run.item.hedge_key]
    whole = turn.assessment()
    wanted = _wanted(turn, run, ticket, instrument, whole)
    order = orders.attempt(ticket, instrument, run.clip, wanted, now, state.rules.execution)
    order = replace(order, fence_at=min(order.fence_at, state.lease_until - FENCE_MARGIN))
    quote = state.market.quotes.get(instrument.key)
    if quote is not None:
        crossing = run.crossing or not state.setup.profiles[run.item.venue].guards_resting_orders
        asked = Asked(leg=ticket.legs[0], instrument=instrument, wanted=wanted, crossing=crossing)
        try:
            found = approach(asked, quote, state.rules.execution)
        except BadInput:
            pass  # without a price of its own, the collar refuses it
        else:
            order = replace(order, amount=found.amount, limit_price=found.price, lifetime=found.lifetime)
    order = marked(order, state.accounts[run.item.account].amount(instrument.name), instrument.kind)
    verdict = gates.judge(order, gate_state(state, run.item, whole, now))
    if verdict.refusal is None or verdict.refusal.control not in WORTH_WAITING:
        turn.note("gates", order.client_id, list(verdict.verdicts))
    return order, verdict.refusal


def _insert(turn: Turn, run: Run, order: Order) -> None:
    """Reserve its place in every limit and store it; it leaves after that is durable."""
    live = tuple(sorted((each.client_id, each.state.value) for each in turn.state.live))
    leaving = orders.sent(order, turn.now)
    turn.store(InsertAttempt(leaving, live))
    turn.keep_order(leaving)
    turn.put_search(
        order.client_id, Search(next_at=turn.now + ANSWER_WITHIN, wait_seconds=ANSWER_WITHIN.total_seconds())
    )
    turn.put_run(replace(run, order=order.client_id))
    turn.count_message(order.venue)
    turn.count_today(order.venue, orders=1)
    turn.do(Submit(leaving, turn.now + WIRE))


def _wanted(turn: Turn, run: Run, ticket: Ticket, instrument: Instrument, whole: Assessment) -> Decimal:
    """What the next order is for; raises Over where there is none, also after a halt that was taken back.

    Raises NotYet while the delta or the mark is not known.
    """
    state, leg = turn.state, ticket.legs[0]
    if _stopped(turn, run):
        raise Over("trading was halted")
    if state.setup.item(ticket.underlying) != run.item:
        raise Over("the terms that it was computed under are no longer in force")
    if turn.now >= ticket.expires_at:
        raise Over("its time was over")
    if run.clip >= MOST_CLIPS:
        raise Over("a hundred clips did not fill it")
    rest = leg.amount - _filled(turn, ticket)
    quote = state.market.quotes.get(instrument.key)
    current = whole.drifts.get(ticket.underlying)
    if rest < instrument.minimum:
        raise Over(FILLED)
    if current is None or quote is None or quote.mark is None:
        raise NotYet("the delta is not fully known")
    price = Decimal(str(quote.mark))
    wanted = min(rest, need(current, ticket, instrument, price))
    dust = leg.amount * DUST_SHARE if current.state is DriftState.INSIDE else Decimal(0)
    if wanted < max(instrument.minimum, dust):
        raise Over(REACHED)
    return min(wanted, _allowed_by_itself(turn, ticket, instrument, whole, price))


def _allowed_by_itself(
    turn: Turn, ticket: Ticket, instrument: Instrument, whole: Assessment, price: Decimal
) -> Decimal:
    """Largest amount that may leave: all of it where a person approved; else what is left of the caps.

    Raises Over where automatic mode has ended since it approved the ticket, or the delta proof is red.
    """
    amount = ticket.legs[0].amount
    if not by_itself(ticket.decided_by):
        return amount
    auto = lapsed(turn.state.status.auto, turn.now)
    if auto.mode is not AutoMode.ARMED:
        raise Over(f"automatic hedging is off: {auto.ended_because}")
    proofs = [proof for proof in whole.proofs if proof.underlying == ticket.underlying]
    if any(proof.verdict is ProofVerdict.RED for proof in proofs):
        raise Over("the delta proof became red")
    left = Decimal(str(auto.max_turnover_usd - auto.turnover_used_usd))
    one = coins_of(instrument, instrument.lot, price) * price
    allowed = left // one * instrument.lot
    if allowed < instrument.minimum:
        raise Over(CAP_USED)
    return min(amount, allowed)


def _filled(turn: Turn, ticket: Ticket) -> Decimal:
    own = (order.filled for order in turn.state.orders.values() if order.ticket_id == ticket.id)
    return sum(own, Decimal(0))


def _close(turn: Turn, ticket: Ticket, why: str) -> None:
    """End the ticket in words: how much was filled and why no more."""
    leg = ticket.legs[0]
    good = why in {FILLED, REACHED}
    note = f"{_filled(turn, ticket):,f} of {leg.amount:,f} {leg.amount_unit} filled"
    note = note if why == FILLED else f"{note}; {why}"
    turn.put_ticket(tickets.finish(ticket, note) if good else tickets.fail(ticket, note))
    turn.set(runs=without(turn.state.runs, ticket.underlying))
    _count_failure(turn, ticket, "" if good else why)


def _count_failure(turn: Turn, ticket: Ticket, why: str) -> None:
    """Pause after a failed ticket; automatic mode ends where its tickets fail again and again."""
    state = turn.state
    if not why:
        turn.set(failed_in_a_row=without(state.failed_in_a_row, ticket.underlying))
        return
    turn.set(failures={**state.failures, ticket.underlying: turn.now})
    if not by_itself(ticket.decided_by):
        return
    count = state.failed_in_a_row.get(ticket.underlying, 0) + 1
    turn.set(failed_in_a_row={**state.failed_in_a_row, ticket.underlying: count})
    if why == CAP_USED:
        turn.end_auto(why)
    elif count >= MOST_FAILURES:
        turn.end_auto(f"{count} tickets failed one after the other, the last because {why}")
