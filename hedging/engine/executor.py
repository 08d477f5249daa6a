"""Carries out an approved ticket, clip by clip: persist, fenced send, prove, settle, look again."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.decide import Assessment, need
from hedging.engine.desk_state import DeskState
from hedging.engine.proving import prove
from hedging.errors import BadInput, VenueRejected, VenueUnclear
from hedging.ledger import Transaction
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
from hedging.policy.sizing import limit_price
from hedging.workflow import gates
from hedging.workflow import order as orders
from hedging.workflow import ticket as tickets

PATIENCE = timedelta(seconds=4)  # how long a clip waits for fresh inputs before the ticket fails
RETRY_SECONDS = 0.05
WORTH_WAITING = frozenset({"C10", "C6", "C9"})


class Killed(Exception):
    """A latch was found set at the last moment: nothing left."""


async def execute(desk: DeskState, ticket: Ticket) -> None:
    """Send an approved or just started ticket in clips until its amount, the need or its time is over.

    Every way out leaves the ticket DONE or FAILED with the reason; LedgerError alone passes through,
    because then nothing may be sent.
    """
    item = desk.item(ticket.underlying)
    instrument = desk.book.instruments[ticket.legs[0].instrument]
    if desk.now() >= ticket.expires_at and ticket.state is TicketState.APPROVED:
        desk.blotter.put_ticket(tickets.expire(ticket, desk.now()))
        return
    started = ticket
    if ticket.state is TicketState.APPROVED:
        started = tickets.start(ticket, desk.now())
        desk.blotter.put_ticket(started)
    clip = 0
    while True:
        await _settled(desk, item)
        amount, over = _next_amount(desk, started, instrument, clip)
        if over:
            _close(desk, started, over)
            return
        order, refusal = await _pass_gates(desk, started, item, instrument, clip, amount)
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
        await desk.try_reading_positions(item.account)
        await asyncio.sleep(desk.rules.execution.clip_pause_seconds)


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


def _next_amount(desk: DeskState, ticket: Ticket, instrument: Instrument, clip: int) -> tuple[Decimal, str]:
    """Amount of the next clip, or why there is none."""
    leg = ticket.legs[0]
    if desk.blotter.status.state is TradingState.HALTED:
        return Decimal(0), "trading was halted"
    if desk.now() >= ticket.expires_at:
        return Decimal(0), "its time was over"
    rest = leg.amount - _filled(desk, ticket)
    quote = desk.book.quotes.get(leg.instrument)
    current = desk.assessment().drifts.get(ticket.underlying)
    if current is None or quote is None or quote.mark is None:
        return Decimal(0), "the delta is not fully known"
    price = Decimal(str(quote.mark))
    wanted = min(rest, need(current, ticket, instrument, price))
    if wanted < instrument.minimum:
        return Decimal(0), "filled" if rest < instrument.minimum else "the delta reached its target"
    if clip >= 100:
        return Decimal(0), "a hundred clips did not fill it"
    return orders.clip_amount(instrument, wanted, price, desk.rules.execution), ""


async def _pass_gates(
    desk: DeskState, ticket: Ticket, item: UnderlyingRules, instrument: Instrument, clip: int, amount: Decimal
) -> tuple[Order, Refusal | None]:
    """Judge and insert the attempt in one transaction; wait a little for inputs that only need time."""
    until = desk.now() + PATIENCE
    while True:
        now = desk.now()
        fresh = orders.attempt(ticket, instrument, clip, amount, now, desk.rules.execution)
        fresh = replace(fresh, fence_at=min(fresh.fence_at, desk.blotter.fence_limit))
        fresh = _priced(desk, fresh, ticket, instrument)
        whole = desk.assessment()

        def judged(
            transaction: Transaction,
            live: tuple[Order, ...],
            order: Order = fresh,
            at: datetime = now,
            whole: Assessment = whole,
        ) -> tuple[Order, Refusal | None]:
            verdict = gates.judge(order, _gate_state(desk, item, instrument, whole, live, at))
            if verdict.refusal is None or verdict.refusal.control not in WORTH_WAITING:
                transaction.record("gates", "engine", order.client_id, list(verdict.verdicts))
            return orders.sent(order, at), verdict.refusal

        order, refusal = desk.blotter.put_new_order(judged)
        patient = refusal is not None and refusal.control in WORTH_WAITING and desk.now() < until
        if not patient:
            return order, refusal
        await asyncio.sleep(RETRY_SECONDS)
        if refusal is not None and "position" in refusal.reason:
            await desk.try_reading_positions(item.account)


def _priced(desk: DeskState, order: Order, ticket: Ticket, instrument: Instrument) -> Order:
    """The order at the collar's edge of this moment, never worse than approved; unpriced, C3 refuses it."""
    quote = desk.book.quotes.get(instrument.name)
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
        quote=book.quotes.get(instrument.name),
        exposure=whole.exposures.get(item.underlying),
        position=book.amount(item.account, instrument.name),
        position_at=book.positions_at(item.account),
        last_fill_at=book.last_fill_at(item.account),
        balance=book.balance(item.account, instrument.settlement_currency),
        live=live,
        messages=tuple(desk.messages),
        clock_offset_seconds=book.clock_offset,
    )


async def _send(desk: DeskState, order: Order, instrument: Instrument) -> Order:
    """Send a persisted attempt once, and come back when its state is proved."""
    session = desk.sessions[order.account].orders

    def guarded() -> tuple[OrderReport, tuple[Fill, ...]]:
        reasons = desk.latches.reasons()
        if reasons:
            raise Killed("; ".join(reasons))
        return session.submit(order, instrument)

    desk.messages.append(desk.now())
    try:
        report, fills = await session.run(guarded)
    except Killed as error:
        desk.blotter.put_order(orders.refused(order, f"not sent, killed: {error}", desk.now()))
    except VenueRejected as error:
        desk.blotter.put_order(orders.refused(_latest(desk, order), str(error), desk.now()))
    except VenueUnclear as error:
        desk.blotter.put_order(orders.unclear(_latest(desk, order), str(error), desk.now()))
        desk.wake()
        await prove(desk, order.client_id)
    else:
        booked, fresh = desk.blotter.book(orders.reported(_latest(desk, order), report), fills)
        for fill in fresh:
            desk.book.take_fill(fill, desk.now())
        _use_caps(desk, booked)
    desk.wake()
    return _latest(desk, order)


def _latest(desk: DeskState, order: Order) -> Order:
    return desk.blotter.recent.get(order.client_id, order)


def _use_caps(desk: DeskState, order: Order) -> None:
    """Count an automatic order against the caps it was armed with."""
    status = desk.blotter.status
    if status.auto.mode is not AutoMode.ARMED or not order.approver.startswith("auto"):
        return
    price = order.average_price or order.limit_price
    instrument = desk.book.instruments[order.instrument]
    coins = order.filled / price if instrument.amount_unit.value == "usd" else order.filled
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
    good = why in {"filled", "the delta reached its target"}
    note = f"{filled:,f} of {leg.amount:,f} {leg.amount_unit} filled"
    note = note if why == "filled" else f"{note}; {why}"
    current = desk.blotter.tickets.get(ticket.underlying, ticket)
    if current.id != ticket.id or current.state is not TicketState.EXECUTING:
        return
    desk.blotter.put_ticket(tickets.finish(current, note) if good else tickets.fail(current, note))
    if not good:
        desk.blotter.failures[ticket.underlying] = desk.now()
    desk.wake()
