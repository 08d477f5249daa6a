"""What became of each order: answers, look-ups until it is proved, and every fill once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.core import sweeps
from hedging.core.account import unsettled, with_fill
from hedging.core.effects import LookUp, NoteConflict
from hedging.core.events import (
    Answered,
    CancelFailed,
    Cancelled,
    FillsArrived,
    Found,
    LookUpFailed,
    Missing,
    NotSent,
    Refused,
    Reported,
    Unclear,
)
from hedging.core.queries import QueryKind
from hedging.core.state import Search
from hedging.core.turn import Turn
from hedging.model.gates import AutomaticExecution
from hedging.model.instrument import Instrument
from hedging.model.trading import AutoMode, Fill, Order, OrderReport, OrderState, Ticket
from hedging.model.venue_profile import Fence
from hedging.policy.sizing import coins_of
from hedging.workflow import order as orders
from hedging.workflow.authority import by_itself

FIRST_WAIT_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 3.0
GROWTH = 1.7
HEARD_SECONDS = 5.0  # between two looks at an order that rests
UNFENCED_SECONDS = 60.0  # without a time fence absence is no proof: after this a person has to look
REMEMBERED_COUNTS = 100
KEPT_EXECUTIONS = timedelta(hours=1)
SINCE_BEFORE = timedelta(seconds=2)  # the two clocks may differ
OPEN_STATES = frozenset({OrderState.SENT, OrderState.ACKED, OrderState.PARTIAL})


def take_answer(turn: Turn, event: Answered) -> None:
    """The venue took the order on."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    booked = _book(turn, order, event.report, event.fills)
    _use_caps(turn, booked, booked.filled)
    if booked.state in OPEN_STATES:
        search_soon(turn, booked)


def take_refusal(turn: Turn, event: Refused | NotSent) -> None:
    """Nothing of the order was accepted; only one that left counts against the caps."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    held_back = isinstance(event, NotSent)
    if not held_back:
        _use_caps(turn, order, Decimal(0))
    why = f"not sent: {event.why}" if held_back else event.why
    _put(turn, orders.refused(order, why, turn.now))


def take_silence(turn: Turn, event: Unclear) -> None:
    """The order left and nobody can say what became of it: search, never send again."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    _put(turn, orders.unclear(order, event.why, turn.now))
    _use_caps(turn, order, order.amount)
    search_soon(turn, order)


def take_found(turn: Turn, event: Found) -> None:
    """A look-up found it."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    _searched(turn, order)
    found = _book(turn, order, event.report, event.fills)
    if found.state in orders.TERMINAL:
        sweeps.ask(turn, found.account, QueryKind.POSITIONS)


def take_missing(turn: Turn, event: Missing) -> None:
    """The venue does not know it: absent only by its fence, a second denial, and trades and position."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    _searched(turn, order)
    if order.state is not OrderState.UNKNOWN:
        return
    profile = turn.state.setup.profiles[order.venue]
    if profile.fence is Fence.NONE:
        if (turn.now - order.created_at).total_seconds() >= UNFENCED_SECONDS:
            why = f"{profile.name} has no time fence, and does not know it: it may still arrive"
            _put(turn, orders.quarantined(order, why, turn.now))
        return
    after = orders.not_found(order, event.asked_at, turn.state.rules.execution)
    if after.state is not OrderState.ABSENT:
        _put(turn, after)
        return
    search = turn.state.searches[order.client_id]
    if search.absent_since is None:
        turn.put_search(order.client_id, replace(search, absent_since=turn.now))
    _ask_what_it_did(turn, order, fills_read=False, positions_read=False)


def _ask_what_it_did(turn: Turn, order: Order, *, fills_read: bool, positions_read: bool) -> None:
    """Read the trades since the order, and the positions; nothing where the same query is under way."""
    if not fills_read:
        sweeps.ask(turn, order.account, QueryKind.FILLS, order.created_at - SINCE_BEFORE)
    if not positions_read:
        sweeps.ask(turn, order.account, QueryKind.POSITIONS)


def conclude_absence(turn: Turn) -> None:
    """ABSENT, once trades and positions that were read after the last denial do not contradict it."""
    for client_id, search in tuple(turn.state.searches.items()):
        order, since = turn.state.orders.get(client_id), search.absent_since
        if order is None or since is None or order.state is not OrderState.UNKNOWN:
            continue
        account = turn.state.accounts[order.account]
        fills_read = account.fills_read_at is not None and account.fills_read_at >= since
        odd = account.mismatches.get(order.instrument)
        positions_read = account.positions_at is not None and account.positions_at >= since
        if not account.failures:  # what was under way when it was denied says nothing: ask again after it
            _ask_what_it_did(turn, order, fills_read=fills_read, positions_read=positions_read)
        if not fills_read:
            continue
        if odd is not None and odd.sweeps > 1:
            _put(turn, orders.quarantined(order, "not found, yet the position moved", turn.now))
        elif odd is None and positions_read:
            denied = orders.not_found(order, since, turn.state.rules.execution)
            _put(turn, denied)


def take_failed_look_up(turn: Turn, event: LookUpFailed) -> None:
    """Nothing was learnt; where asking again will not help, a person has to look."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    _asked_once(turn, order)
    if event.hopeless:
        turn.set(to_prove=turn.state.to_prove - {order.client_id})
        _put(turn, orders.quarantined(order, event.why, turn.now))


def take_cancel(turn: Turn, event: Cancelled | CancelFailed) -> None:
    """A cancel is a wish, not a proof: the venue's report counts, and otherwise a look-up."""
    order = _known(turn, event.client_id)
    if order is None:
        return
    if isinstance(event, Cancelled) and event.report is not None:
        order = _book(turn, order, event.report, ())
    if order.state in orders.LIVE or order.filled != _booked(turn, order):
        search_soon(turn, order)


def take_report(turn: Turn, event: Reported) -> None:
    """The stream's word on an order; one whose answer is still under way is left alone."""
    order = turn.state.orders.get(event.report.client_id)
    if order is not None and order.state is not OrderState.SENT:
        _book(turn, order, event.report, ())


def take_fills(turn: Turn, event: FillsArrived) -> None:
    """Book what is new: ours to its order, a foreign one as what it is, which ends automatic mode."""
    by_order: dict[str, list[Fill]] = {}
    for fill in event.fills:
        by_order.setdefault(fill.client_id, []).append(fill)
    for client_id, fills in by_order.items():
        order = turn.state.orders.get(client_id) if client_id else None
        fresh = book_fills(turn, fills)
        if order is None:
            trades = turn.state.accounts
            for fill in (each for each in fresh if trades[each.account].trades):
                turn.end_auto(f"a trade that we did not send: {fill.amount} {fill.instrument}")
        elif fresh:
            _put(turn, orders.filled_late(order, turn.state.fills_of(client_id), turn.now))
    if event.swept:
        account = turn.state.accounts[event.swept]
        turn.put_account(replace(account, fills_read_at=event.asked_at or turn.now))


def book_fills(turn: Turn, fills: Iterable[Fill]) -> tuple[Fill, ...]:
    """Store and count each fill that is not known; a second, other report of one is only recorded."""
    fresh = []
    for fill in fills:
        booked = turn.state.fills.get((fill.account, fill.trade_id))
        if booked is None:
            turn.add_fill(fill)
            if fill.client_id:
                turn.count_today(fill.venue, trades=1)
            order = turn.state.orders.get(fill.client_id) if fill.client_id else None
            sent_at = order.sent_at if order is not None else None
            counted = with_fill(turn.state.accounts[fill.account], fill, turn.now, sent_at)
            turn.put_account(counted)
            if counted.positions is None:
                sweeps.ask(turn, fill.account, QueryKind.POSITIONS)
            fresh.append(fill)
        elif _content(booked) != _content(fill):
            turn.store(NoteConflict(fill))
    return tuple(fresh)


def search_soon(turn: Turn, order: Order) -> None:
    """Look an order up at once, and then at a growing pace."""
    known = turn.state.searches.get(order.client_id) or Search(next_at=turn.now, wait_seconds=0)
    soon = replace(known, next_at=turn.now, wait_seconds=FIRST_WAIT_SECONDS)
    turn.put_search(order.client_id, soon)


def look_up(turn: Turn) -> None:
    """Ask about every order whose look-up is due."""
    for client_id, search in tuple(turn.state.searches.items()):
        order = turn.state.orders.get(client_id)
        if order is None or not _wants_search(turn, order):
            turn.put_search(client_id, None)
        elif not search.asking and turn.now >= search.next_at:
            if order.state is OrderState.SENT:  # its request was never answered, not even by a failure
                order = orders.unclear(order, "nothing was heard of its request", turn.now)
                turn.put_order(order)
            turn.put_search(client_id, replace(search, asking=True))
            turn.do(LookUp(order))


def _wants_search(turn: Turn, order: Order) -> bool:
    """While an order is not over, and until each trade of one that is has been booked."""
    if order.state in {OrderState.NEW, OrderState.QUARANTINED}:
        return False
    return order.state in orders.LIVE or order.filled != _booked(turn, order)


def _searched(turn: Turn, order: Order) -> None:
    """The venue answered a look-up."""
    turn.set(to_prove=turn.state.to_prove - {order.client_id})
    _asked_once(turn, order)


def _asked_once(turn: Turn, order: Order) -> None:
    """A look-up is over: the next one waits longer."""
    search = turn.state.searches.get(order.client_id)
    if search is None:
        return
    wait = HEARD_SECONDS if order.state in {OrderState.ACKED, OrderState.PARTIAL} else search.wait_seconds
    grown = min(LONGEST_WAIT_SECONDS, search.wait_seconds * GROWTH)
    again = replace(search, asking=False, next_at=turn.now + timedelta(seconds=wait), wait_seconds=grown)
    turn.put_search(order.client_id, again)


def _known(turn: Turn, client_id: str) -> Order | None:
    """An order of ours; the venue's word on any other one is recorded and believed to be foreign."""
    order = turn.state.orders.get(client_id)
    if order is None:
        turn.note("stray answer", client_id, "the venue answered about an order that is not in memory")
    return order


def _book(turn: Turn, order: Order, report: OrderReport, fills: tuple[Fill, ...]) -> Order:
    """Take in a report and its fills; where they do not add up, it is searched and nothing is settled."""
    book_fills(turn, fills)
    after = orders.filled_late(orders.reported(order, report), turn.state.fills_of(order.client_id), turn.now)
    _put(turn, after)
    if after.filled != _booked(turn, after):
        turn.put_account(unsettled(turn.state.accounts[order.account], turn.now))
        search_soon(turn, after)
    return after


def _booked(turn: Turn, order: Order) -> Decimal:
    return sum((fill.amount for fill in turn.state.fills_of(order.client_id)), Decimal(0))


def _put(turn: Turn, order: Order) -> None:
    turn.put_order(order)
    if order.client_id in turn.state.counted:
        _use_caps(turn, order, order.filled)
    if order.state is OrderState.QUARANTINED:
        turn.end_auto(f"order {order.client_id} is quarantined: {order.detail}")


def _use_caps(turn: Turn, order: Order, amount: Decimal) -> None:
    """Count an automatic order that was sent, and the amount it may have traded, against its caps.

    What is found to have traded later is added then. What automatic mode has repeated counts also where it
    has ended before the answer came (C8).
    """
    instrument = turn.state.instrument(order)
    before = turn.state.counted.get(order.client_id)
    if not by_itself(order.approver) or instrument is None or (before is not None and amount <= before):
        return
    more = _worth_usd(order, amount - (before or Decimal(0)), instrument)
    kept = dict(list(turn.state.counted.items())[-REMEMBERED_COUNTS:])
    turn.set(counted={**kept, order.client_id: amount})
    auto = turn.state.status.auto
    if auto.mode is AutoMode.ARMED:
        used = replace(
            auto,
            orders_used=auto.orders_used + (before is None),
            turnover_used_usd=auto.turnover_used_usd + more,
        )
        turn.set_auto(used, f"{order.client_id} counted against the caps")
    ticket = turn.state.tickets.get(order.underlying)
    own = ticket if ticket is not None and ticket.id == order.ticket_id else None
    sent = execution_of(order, amount - (before or Decimal(0)), instrument, own, turn.now)
    recent = (each for each in turn.state.automatic if turn.now - each.at < KEPT_EXECUTIONS)
    turn.set(automatic=(*recent, sent))


def execution_of(
    order: Order, amount: Decimal, instrument: Instrument, ticket: Ticket | None, at: datetime
) -> AutomaticExecution:
    """What an order of automatic mode adds to its history (C8); ``amount``: what it traded, or may have."""
    usd = _worth_usd(order, amount, instrument)
    target = ticket.legs[0] if ticket is not None else None
    return AutomaticExecution(
        ticket_id=order.ticket_id,
        at=at,
        instrument=order.instrument_key,
        side=order.side,
        usd=usd,
        target_usd=float(target.quantity_coin * target.reference_price) if target else usd,
    )


def _worth_usd(order: Order, amount: Decimal, instrument: Instrument) -> float:
    price = order.average_price or order.limit_price
    return float(coins_of(instrument, amount, price) * price)


def _content(fill: Fill) -> tuple[object, ...]:
    return fill.instrument, fill.side, fill.amount, fill.price
