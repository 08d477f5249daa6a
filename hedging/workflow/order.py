"""The life of one order attempt, as pure transitions: what is proved, and what is not.

NEW → SENT → ACKED | PARTIAL | FILLED | CANCELLED | REJECTED | UNKNOWN; UNKNOWN → found, or ABSENT once the
venue's time fence and lag have passed and two reads at least two seconds apart did not find it, with no
fill in between. Whatever contradicts itself is QUARANTINED and waits for a person.
"""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.errors import WorkflowError
from hedging.model.instrument import Instrument
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Fill, Order, OrderReport, OrderState, Ticket

TERMINAL = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.ABSENT})
LIVE = frozenset(OrderState) - TERMINAL
NEVER_THERE = frozenset({OrderState.NEW, OrderState.REJECTED, OrderState.ABSENT})
UNPROVED = frozenset({OrderState.NEW, OrderState.SENT, OrderState.UNKNOWN})
_OURS = re.compile(r"T\d{15}-[A-Z0-9]+-\d+-\d+")
BETWEEN_LOOKUPS = timedelta(seconds=2)


def client_id(ticket_id: str, leg: int, clip: int) -> str:
    """Id of the attempt at the venue, derived so that a restart finds it (at most 32 characters).

    >>> client_id("T20261122-0007", 0, 2)
    'T20261122-0007-0-2'
    """
    return f"{ticket_id}-{leg}-{clip}"


def is_ours(text: str) -> bool:
    """Whether a label at the venue has the form of our client ids.

    >>> is_ours("T261122103000123-BTC-0-2"), is_ours("by hand")
    (True, False)
    """
    return _OURS.fullmatch(text) is not None


def attempt(
    ticket: Ticket, instrument: Instrument, clip: int, amount: Decimal, now: datetime, rules: ExecutionRules
) -> Order:
    """The order row of one clip of a ticket's first leg; it must be stored before anything is sent."""
    leg = ticket.legs[0]
    return Order(
        client_id=client_id(ticket.id, 0, clip),
        ticket_id=ticket.id,
        leg=0,
        clip=clip,
        account=leg.account,
        venue=instrument.venue,
        instrument=instrument.name,
        underlying=ticket.underlying,
        side=leg.side,
        amount=amount,
        limit_price=leg.worst_price,
        reduce_only=leg.reduce_only,
        state=OrderState.NEW,
        created_at=now,
        fence_at=now + timedelta(seconds=rules.order_fence_seconds),
        actor="engine",
        approver=ticket.decided_by,
        decision_price=leg.reference_price,
        updated_at=now,
    )


def sent(order: Order, now: datetime) -> Order:
    """Mark that the request is about to leave; stored before the first byte does."""
    if order.state is not OrderState.NEW:
        raise WorkflowError(f"{order.client_id} is {order.state.value}: an attempt is sent once")
    return replace(order, state=OrderState.SENT, sent_at=now, updated_at=now)


def reported(order: Order, report: OrderReport) -> Order:
    """Take in what the venue says; a contradiction quarantines, an older report changes nothing.

    A filled amount never shrinks, and an order that is over never works again.
    """
    contradiction = _contradiction(order, report)
    if contradiction:
        return quarantined(order, contradiction, report.at)
    if order.state is OrderState.QUARANTINED or report.filled < order.filled:
        return order
    if order.state in TERMINAL:
        average = order.average_price or report.average_price
        return replace(order, venue_id=report.venue_id, average_price=average)
    return replace(
        order,
        state=report.state,
        venue_id=report.venue_id,
        filled=report.filled,
        average_price=report.average_price if report.filled else order.average_price,
        updated_at=report.at,
        detail=report.detail or order.detail,
    )


def refused(order: Order, why: str, now: datetime) -> Order:
    """The venue parsed the order and said no; what it had already taken on before contradicts that."""
    if order.state is OrderState.REJECTED:
        return order
    if order.state not in {OrderState.NEW, OrderState.SENT}:
        return quarantined(order, f"refused ({why}) although it was {order.state.value}", now)
    return replace(order, state=OrderState.REJECTED, detail=why, updated_at=now)


def unclear(order: Order, why: str, now: datetime) -> Order:
    """The request left and no parsed answer came: it may have been accepted."""
    if order.state is not OrderState.SENT:
        return order
    return replace(order, state=OrderState.UNKNOWN, detail=why, updated_at=now)


def not_found(order: Order, now: datetime, rules: ExecutionRules) -> Order:
    """One parsed read in which the venue does not know the order; ABSENT when that is proof (C1.2)."""
    if order.state is not OrderState.UNKNOWN:
        return order
    provable_from = order.fence_at + timedelta(seconds=rules.venue_lag_seconds)
    if now < provable_from:
        return order
    seen = (*order.not_found_at, now)
    proved = len(seen) >= 2 and seen[-1] - seen[0] >= BETWEEN_LOOKUPS and order.filled == 0
    state = OrderState.ABSENT if proved else OrderState.UNKNOWN
    return replace(order, not_found_at=(seen[0], seen[-1])[: len(seen)], state=state, updated_at=now)


def filled_late(order: Order, fills: tuple[Fill, ...], now: datetime) -> Order:
    """Compare an order with its booked fills: more than it admits, once it is over, quarantines.

    So does a fill on the other side or in another instrument, and more than was ordered. An order in
    quarantine takes the amount and stays there.
    """
    strange = [fill for fill in fills if (fill.side, fill.instrument) != (order.side, order.instrument)]
    if strange:
        return quarantined(order, f"fill {strange[0].trade_id} is not of this side and instrument", now)
    booked = sum((fill.amount for fill in fills), Decimal(0))
    if booked <= order.filled:
        return order
    if order.state in TERMINAL or booked > order.amount:
        why = f"{booked} filled of {order.amount}, and it was {order.state.value}"
        return quarantined(replace(order, filled=booked), why, now)
    if order.state is OrderState.QUARANTINED:
        return replace(order, filled=booked, updated_at=now)
    state = OrderState.FILLED if booked >= order.amount else OrderState.PARTIAL
    return replace(order, filled=booked, state=state, updated_at=now)


def quarantined(order: Order, why: str, now: datetime) -> Order:
    """Block the order's instrument until a person has looked; the first reason is kept."""
    if order.state is OrderState.QUARANTINED:
        return order
    return replace(order, state=OrderState.QUARANTINED, detail=why, updated_at=now)


def worst_case(order: Order) -> Decimal:
    """Signed amount that may still come to the position through this order."""
    if order.state in TERMINAL:
        return Decimal(0)
    return max(order.amount - order.filled, Decimal(0)) * order.side


def _contradiction(order: Order, report: OrderReport) -> str:
    """The first way in which a report cannot be true of the order, or nothing."""
    was, now = order.state, report.state
    shrunk = report.amount < order.amount and not order.reduce_only  # a venue may cut a reduce-only order
    checks = (
        (
            (report.client_id, report.instrument) != (order.client_id, order.instrument),
            f"the venue's report is for {report.client_id} in {report.instrument}",
        ),
        (
            order.venue_id not in {"", report.venue_id},
            f"a second order {report.venue_id} carries the id of {order.venue_id}",
        ),
        (
            report.amount > order.amount or shrunk,
            f"the venue has it with an amount of {report.amount} instead of {order.amount}",
        ),
        (
            not 0 <= report.filled <= report.amount,
            f"{report.filled} filled of {report.amount}",
        ),
        (
            was in TERMINAL and report.filled > order.filled,
            f"filled {report.filled} after it ended {was.value} at {order.filled}",
        ),
        (
            was in NEVER_THERE and now is not OrderState.REJECTED,
            f"the venue knows it as {now.value}, although it was {was.value}",
        ),
        (
            now is OrderState.REJECTED and order.filled > 0,
            f"the venue says rejected, after {order.filled} filled",
        ),
    )
    return next((why for wrong, why in checks if wrong), "")
