"""The life of one order attempt, as pure transitions: what is proved, and what is not.

NEW → SENT → ACKED | PARTIAL | FILLED | CANCELLED | REJECTED | UNKNOWN; UNKNOWN → found, or ABSENT once the
venue's time fence and lag have passed and two reads at least two seconds apart did not find it, with no
fill in between. Whatever contradicts itself is QUARANTINED and waits for a person.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.errors import WorkflowError
from hedging.model.instrument import AmountUnit, Instrument
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Fill, Order, OrderReport, OrderState, Ticket

TERMINAL = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.ABSENT})
LIVE = frozenset(OrderState) - TERMINAL
UNPROVED = frozenset({OrderState.NEW, OrderState.SENT, OrderState.UNKNOWN})
BETWEEN_LOOKUPS = timedelta(seconds=2)


def client_id(ticket_id: str, leg: int, clip: int) -> str:
    """Id of the attempt at the venue, derived so that a restart finds it (at most 32 characters).

    >>> client_id("T20261122-0007", 0, 2)
    'T20261122-0007-0-2'
    """
    return f"{ticket_id}-{leg}-{clip}"


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
    """Take in what the venue says; a contradiction quarantines, an older report changes nothing."""
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
    """The venue parsed the order and said no."""
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
    return replace(order, not_found_at=seen[-2:] if not proved else seen, state=state, updated_at=now)


def filled_late(order: Order, fills: tuple[Fill, ...], now: datetime) -> Order:
    """Compare an order with its booked fills: more than it admits, once it is over, quarantines."""
    booked = sum((fill.amount for fill in fills), Decimal(0))
    if booked <= order.filled:
        return order
    if order.state in TERMINAL:
        return quarantined(
            replace(order, filled=booked), f"{booked} filled, but it ended {order.state.value}", now
        )
    state = OrderState.FILLED if booked >= order.amount else OrderState.PARTIAL
    return replace(order, filled=booked, state=state, updated_at=now)


def quarantined(order: Order, why: str, now: datetime) -> Order:
    """Block the order's instrument until a person has looked."""
    return replace(order, state=OrderState.QUARANTINED, detail=why, updated_at=now)


def worst_case(order: Order) -> Decimal:
    """Signed amount that may still come to the position through this order."""
    if order.state in TERMINAL:
        return Decimal(0)
    return (order.amount - order.filled) * order.side


def clip_amount(instrument: Instrument, remaining: Decimal, price: Decimal, rules: ExecutionRules) -> Decimal:
    """Amount of the next clip: at most ``clip_usd``, and never leaving a rest below the minimum."""
    usd = Decimal(str(rules.clip_usd))
    largest = usd if instrument.amount_unit is AmountUnit.USD else usd / price / instrument.multiplier
    largest = max(instrument.minimum, largest // instrument.lot * instrument.lot)
    return remaining if remaining < largest + instrument.minimum else largest


def _contradiction(order: Order, report: OrderReport) -> str:
    if report.client_id != order.client_id or report.instrument != order.instrument:
        return f"the venue's report is for {report.client_id} in {report.instrument}"
    if order.venue_id and report.venue_id != order.venue_id:
        return f"a second order {report.venue_id} carries the id of {order.venue_id}"
    if report.filled > order.amount:
        return f"{report.filled} filled of {order.amount}"
    if order.state in TERMINAL and report.filled > order.filled:
        return f"filled {report.filled} after it ended {order.state.value} at {order.filled}"
    return ""
