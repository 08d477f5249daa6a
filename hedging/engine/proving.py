"""Finds out what became of an order whose request got no answer; never sends it again."""

import asyncio
from datetime import timedelta

from hedging.engine.desk_state import DeskState
from hedging.errors import BadInput, VenueError, VenueUnreachable
from hedging.model.trading import Order, OrderState
from hedging.workflow import order as orders

FIRST_WAIT_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 3.0
SINCE_BEFORE = timedelta(seconds=2)  # the two clocks may differ


async def prove(desk: DeskState, client_id: str) -> Order:
    """Look an UNKNOWN order up by its client id until it is found, proved absent, or quarantined."""
    wait = FIRST_WAIT_SECONDS
    while True:
        order = desk.blotter.recent[client_id]
        if order.state is not OrderState.UNKNOWN:
            return order
        await look_up(desk, order)
        desk.wake()
        await asyncio.sleep(wait)
        wait = min(LONGEST_WAIT_SECONDS, wait * 1.7)


async def look_up(desk: DeskState, order: Order) -> None:
    """Ask the venue once for an order of ours and take in what it says."""
    session = desk.sessions[order.account].reads
    try:
        report = await session.run(session.find, order)
        fills = await session.run(session.fills_of, report.venue_id) if report else ()
    except VenueUnreachable as error:
        desk.latest_trouble = str(error)
        return
    except (VenueError, BadInput) as error:  # asking again will not help: two of them, or not listed
        now = desk.now()
        desk.blotter.put_order(orders.quarantined(_latest(desk, order), str(error), now))
        return
    current = _latest(desk, order)
    if report is None:
        await _not_found(desk, current)
        return
    found, fresh = desk.blotter.book(orders.reported(current, report), fills)
    for fill in fresh:
        desk.book.take_fill(fill, desk.now())
    if found.state in orders.TERMINAL:
        await desk.try_reading_positions(order.account)


async def _not_found(desk: DeskState, order: Order) -> None:
    """Take in that the venue does not know it; ABSENT only if neither trades nor position tell otherwise."""
    after = orders.not_found(order, desk.now(), desk.rules.execution)
    if after.state is OrderState.ABSENT:
        try:
            await _read_what_it_did(desk, order)
        except VenueError as error:
            desk.latest_trouble = str(error)
            return
        if _latest(desk, order) != order:
            return
        if desk.book.has_moved(order.account, order.instrument):
            after = orders.quarantined(after, "not found, yet the position moved", desk.now())
    desk.blotter.put_order(after)


async def _read_what_it_did(desk: DeskState, order: Order) -> None:
    """Read the account's trades since the order, which books a fill of it, and the positions."""
    reads = desk.sessions[order.account].reads
    instrument = desk.book.instruments.get(order.instrument_key)
    if instrument is not None:
        since = order.created_at - SINCE_BEFORE
        desk.take_fills(await reads.run(reads.fills, instrument.settlement_currency, since))
    await desk.read_positions(order.account)


def _latest(desk: DeskState, order: Order) -> Order:
    return desk.blotter.recent.get(order.client_id, order)
