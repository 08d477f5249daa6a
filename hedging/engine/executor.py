"""Carries out an approved ticket, clip by clip: persist, fenced send, prove, settle, look again."""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.decide import Assessment, need
from hedging.engine.desk_state import DeskState
from hedging.engine.proving import look_up, prove
from hedging.errors import BadInput, VenueRejected, VenueUnclear
from hedging.ledger import Transaction
from hedging.model.exposure import DriftState, ProofVerdict
from hedging.model.instrument import Instrument
from hedging.model.rules import UnderlyingRules
from hedging.model.trading import (
    AutoMode,
    Fill,
    Order,
    OrderReport,
    OrderState,
    Refusal,
    Ticket,
    TicketState,
    TradingState,
)
from hedging.policy.sizing import coins_of, limit_price
from hedging.workflow import gates
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets
from hedging.workflow.authority import by_itself, lapsed
from hedging.workflow.gates.reduce_only import marked

PATIENCE = timedelta(seconds=4)  # how long a clip waits for fresh inputs before the ticket fails
RETRY_SECONDS = 0.05
WIRE_SECONDS = 0.5  # how long a judged order may wait for its turn; then its inputs are old
MOST_CLIPS = 100
DUST_SHARE = Decimal("0.001")  # of a ticket: not worth another order once the delta is inside its band
MOST_MISSES = 3  # orders in a row that nobody filled, before the ticket fails
MOST_FAILURES = 3  # automatic tickets in a row that failed, before automatic mode ends
WORTH_WAITING = frozenset({"C10", "C6", "C9"})
WORKING = frozenset({OrderState.SENT, OrderState.ACKED, OrderState.PARTIAL})
FILLED, REACHED = "filled", "the delta reached its target"
CAP_USED = "what is left of its turnover cap is less than the smallest order"


class NotSent(Exception):
    """Found at the last moment before the wire: nothing left."""


class Over(Exception):
    """There is no next clip; the text says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """A ticket that is being carried out; ``trips`` are the halts there had been when it began."""

    ticket: Ticket
    item: UnderlyingRules
    instrument: Instrument
    trips: int


def execute(desk: DeskState, ticket: Ticket) -> Coroutine[object, object, None]:
    """Send an approved or just started ticket in clips until its amount, the need or its time is over.

    Every way out leaves the ticket DONE or FAILED with the reason; LedgerError alone passes through,
    because then nothing may be sent. It is carried out under the rules that are in force now, when it is
    asked for, or not at all: others may take effect before its turn comes.
    """
    return _execute(desk, ticket, desk.item(ticket.underlying))


async def _execute(desk: DeskState, ticket: Ticket, item: UnderlyingRules) -> None:
    started = _begun(desk, ticket)
    if started is None:
        return
    instrument = desk.book.instruments[item.hedge_key]
    run = Run(started, item, instrument, desk.latches.trips)
    clip = misses = 0
    while misses < MOST_MISSES:
        await _settled(desk, item)
        try:
            order, refusal = await _pass_gates(desk, run, clip)
        except Over as over:
            _close(desk, started, str(over))
            return
        if refusal is not None:
            _close(desk, started, f"{refusal.control}: {refusal.reason}")
            return
        order = await _send(desk, order, instrument)
        if order.state is OrderState.REJECTED:
            _close(desk, started, f"the venue refused {order.client_id}: {order.detail}")
            return
        if order.state is OrderState.QUARANTINED:
            _close(desk, started, f"{order.client_id} is quarantined: {order.detail}")
            return
        clip += 1
        misses = 0 if order.filled else misses + 1
        await desk.try_reading_positions(item.account)
        await asyncio.sleep(desk.rules.execution.clip_pause_seconds)
    _close(desk, started, f"{misses} orders in a row found nobody at its worst price")


def _begun(desk: DeskState, ticket: Ticket) -> Ticket | None:
    """The ticket with its approval used; None where it ended, in time or by a halt, before its turn came."""
    current = desk.blotter.tickets.get(ticket.underlying)
    if current is None or current.id != ticket.id:
        return None
    if current.state is TicketState.EXECUTING:
        return current
    now = desk.now()
    begun = tickets.expire(current, now) if now >= current.expires_at else tickets.start(current, now)
    desk.blotter.put_ticket(begun)
    return begun if begun.state is TicketState.EXECUTING else None


async def _settled(desk: DeskState, item: UnderlyingRules) -> None:
    """Wait until positions are read after the last fill; the gates decide when it does not happen."""
    until = desk.now() + PATIENCE
    while not desk.book.settled(item.account) and desk.now() < until:
        await desk.try_reading_positions(item.account)
        if not desk.book.settled(item.account):
            await asyncio.sleep(RETRY_SECONDS)


def _filled(desk: DeskState, ticket: Ticket) -> Decimal:
    return sum(
        (order.filled for order in desk.blotter.recent.values() if order.ticket_id == ticket.id), Decimal(0)
    )


def _next_amount(desk: DeskState, run: Run, whole: Assessment, clip: int) -> Decimal:
    """Amount of the next clip; raises Over where there is none, also after a halt that was taken back."""
    ticket, instrument, leg = run.ticket, run.instrument, run.ticket.legs[0]
    if desk.blotter.status.state is TradingState.HALTED or desk.latches.trips != run.trips:
        raise Over("trading was halted")
    if desk.item(ticket.underlying) != run.item:
        raise Over("the terms that it was computed under are no longer in force")
    if desk.now() >= ticket.expires_at:
        raise Over("its time was over")
    if clip >= MOST_CLIPS:
        raise Over("a hundred clips did not fill it")
    rest = leg.amount - _filled(desk, ticket)
    quote = desk.book.quotes.get(instrument.key)
    current = whole.drifts.get(ticket.underlying)
    if rest < instrument.minimum:
        raise Over(FILLED)
    if current is None or quote is None or quote.mark is None:
        raise Over("the delta is not fully known")
    price = Decimal(str(quote.mark))
    wanted = min(rest, need(current, ticket, instrument, price))
    dust = leg.amount * DUST_SHARE if current.state is DriftState.INSIDE else Decimal(0)
    if wanted < max(instrument.minimum, dust):
        raise Over(REACHED)
    wanted = min(wanted, _allowed_by_itself(desk, ticket, instrument, whole, price))
    return orders.clip_amount(instrument, wanted, price, desk.rules.execution)


def _allowed_by_itself(
    desk: DeskState, ticket: Ticket, instrument: Instrument, whole: Assessment, price: Decimal
) -> Decimal:
    """Largest amount that may leave: all of it where a person approved; else what is left of the caps.

    Raises Over where automatic mode has ended since it approved the ticket, or the delta proof is red.
    """
    amount = ticket.legs[0].amount
    if not by_itself(ticket.decided_by):
        return amount
    auto = lapsed(desk.blotter.status.auto, desk.now())
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


async def _pass_gates(desk: DeskState, run: Run, clip: int) -> tuple[Order, Refusal | None]:
    """Size, judge and insert the attempt in one transaction; wait a little for inputs that need time.

    All of it is done once the transaction has its turn, so that nothing in it is older than the order;
    and again after each wait, because the need may have gone meanwhile. Raises Over.
    """
    ticket, item, instrument = run.ticket, run.item, run.instrument

    def judged(transaction: Transaction, live: tuple[Order, ...]) -> tuple[Order, Refusal | None]:
        now, whole = desk.now(), desk.assessment()
        amount = _next_amount(desk, run, whole, clip)
        order = orders.attempt(ticket, instrument, clip, amount, now, desk.rules.execution)
        order = replace(order, fence_at=min(order.fence_at, desk.blotter.fence_limit))
        order = _priced(desk, order, ticket, instrument)
        order = marked(order, desk.book.amount(item.account, instrument.name), instrument.kind)
        verdict = gates.judge(order, _gate_state(desk, item, instrument, whole, live, now))
        if verdict.refusal is None or verdict.refusal.control not in WORTH_WAITING:
            transaction.record("gates", "engine", order.client_id, list(verdict.verdicts))
        return orders.sent(order, now), verdict.refusal

    until = desk.now() + PATIENCE
    while True:
        order, refusal = desk.blotter.put_new_order(judged)
        patient = refusal is not None and refusal.control in WORTH_WAITING and desk.now() < until
        if not patient:
            return order, refusal
        await asyncio.sleep(RETRY_SECONDS)
        if refusal is not None and "position" in refusal.reason:
            await desk.try_reading_positions(item.account)


def _priced(desk: DeskState, order: Order, ticket: Ticket, instrument: Instrument) -> Order:
    """The order at the collar's edge of this moment, never worse than approved; unpriced, C3 refuses it."""
    quote = desk.book.quotes.get(instrument.key)
    if quote is None:
        return order
    try:
        price = limit_price(ticket.legs[0], instrument, quote, desk.rules.execution)
    except BadInput:
        return order
    return replace(order, limit_price=price)


def _gate_state(
    desk: DeskState,
    item: UnderlyingRules,
    instrument: Instrument,
    whole: Assessment,
    live: tuple[Order, ...],
    now: datetime,
) -> gates.GateState:
    book = desk.book
    return gates.GateState(
        now=now,
        rules=desk.rules,
        underlying=item,
        instrument=instrument,
        status=desk.blotter.status,
        latches=desk.latches.reasons(),
        quote=book.quotes.get(instrument.key),
        exposure=whole.exposures.get(item.underlying),
        position=book.amount(item.account, instrument.name),
        position_at=book.positions_at(item.account),
        last_fill_at=book.last_fill_at(item.account),
        balance=book.balance(item.account, instrument.settlement_currency),
        live=live,
        messages=tuple(desk.messages),
        clock_offset_seconds=book.clock_offset,
        scopes=whole.scopes,
        instruments=book.instruments,
    )


async def _send(desk: DeskState, order: Order, instrument: Instrument) -> Order:
    """Send a persisted attempt once, and come back when its state is proved."""
    session = desk.sessions[order.account].orders

    def guarded() -> tuple[OrderReport, tuple[Fill, ...]]:
        reasons = desk.latches.reasons()
        if reasons:
            raise NotSent(f"killed: {'; '.join(reasons)}")
        now = desk.now()
        waited = now - order.created_at
        if now >= order.fence_at or not timedelta(0) <= waited <= timedelta(seconds=WIRE_SECONDS):
            raise NotSent(f"it waited {waited.total_seconds():.1f} s for its turn, and its inputs are old")
        return session.submit(order, instrument)

    desk.messages.append(desk.now())
    try:
        report, fills = await session.run(guarded)
    except (NotSent, BadInput) as error:
        desk.blotter.put_order(orders.refused(_latest(desk, order), f"not sent: {error}", desk.now()))
    except VenueRejected as error:
        _use_caps(desk, order, Decimal(0))
        desk.blotter.put_order(orders.refused(_latest(desk, order), str(error), desk.now()))
    except VenueUnclear as error:
        desk.blotter.put_order(orders.unclear(_latest(desk, order), str(error), desk.now()))
        _use_caps(desk, order, order.amount)
        desk.wake()
        await prove(desk, order.client_id)
    else:
        booked, fresh = desk.blotter.book(orders.reported(_latest(desk, order), report), fills)
        for fill in fresh:
            desk.book.take_fill(fill, desk.now())
        if sum((fill.amount for fill in fills), Decimal(0)) < booked.filled:
            desk.book.unsettle(order.account, desk.now())
        _use_caps(desk, booked, booked.filled)
    if _latest(desk, order).state in WORKING:
        await look_up(desk, _latest(desk, order))
    desk.wake()
    return _latest(desk, order)


def _latest(desk: DeskState, order: Order) -> Order:
    return desk.blotter.recent.get(order.client_id, order)


def _use_caps(desk: DeskState, order: Order, amount: Decimal) -> None:
    """Count an automatic order that was sent, and the amount it may have traded, against its caps."""
    status = desk.blotter.status
    if status.auto.mode is not AutoMode.ARMED or not by_itself(order.approver):
        return
    price = order.average_price or order.limit_price
    coins = coins_of(desk.book.instruments[order.instrument_key], amount, price)
    used = replace(
        status.auto,
        orders_used=status.auto.orders_used + 1,
        turnover_used_usd=status.auto.turnover_used_usd + float(coins * price),
    )
    desk.blotter.put_status(replace(status, auto=used), f"{order.client_id} counted against the caps")


def _close(desk: DeskState, ticket: Ticket, why: str) -> None:
    """End the ticket in words: how much was filled and why no more."""
    leg = ticket.legs[0]
    filled = _filled(desk, ticket)
    good = why in {FILLED, REACHED}
    note = f"{filled:,f} of {leg.amount:,f} {leg.amount_unit} filled"
    note = note if why == FILLED else f"{note}; {why}"
    current = desk.blotter.tickets.get(ticket.underlying, ticket)
    if current.id != ticket.id or current.state is not TicketState.EXECUTING:
        return
    desk.blotter.put_ticket(tickets.finish(current, note) if good else tickets.fail(current, note))
    _count_failure(desk, ticket, "" if good else why)
    desk.wake()


def _count_failure(desk: DeskState, ticket: Ticket, why: str) -> None:
    """Pause after a failed ticket; automatic mode ends where its tickets fail again and again."""
    blotter = desk.blotter
    if not why:
        blotter.failed_in_a_row.pop(ticket.underlying, None)
        return
    blotter.failures[ticket.underlying] = desk.now()
    if not by_itself(ticket.decided_by):
        return
    count = blotter.failed_in_a_row.get(ticket.underlying, 0) + 1
    blotter.failed_in_a_row[ticket.underlying] = count
    if why == CAP_USED:
        desk.suspend_auto(why)
    elif count >= MOST_FAILURES:
        desk.suspend_auto(f"{count} tickets failed one after the other, the last because {why}")
