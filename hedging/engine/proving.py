"""Finds out what became of an order whose request got no answer; never sends it again."""

import asyncio

from hedging.engine.desk_state import DeskState
from hedging.errors import VenueError
from hedging.model.trading import Order, OrderState
from hedging.workflow import order as orders

FIRST_WAIT_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 3.0


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
    except VenueError as error:
        desk.latest_trouble = str(error)
        return
    current = desk.blotter.recent.get(order.client_id, order)
    if report is None:
        await _not_found(desk, current)
        return
    found, fresh = desk.blotter.book(orders.reported(current, report), fills)
    for fill in fresh:
        desk.book.take_fill(fill, desk.now())
    if found.state in orders.TERMINAL:
        await desk.try_reading_positions(order.account)


async def _not_found(desk: DeskState, order: Order) -> None:
    after = orders.not_found(order, desk.now(), desk.rules.execution)
    if after.state is OrderState.ABSENT:
        before = desk.book.amount(order.account, order.instrument)
        await desk.try_reading_positions(order.account)
        if desk.book.amount(order.account, order.instrument) != before:
            after = orders.quarantined(after, "not found, yet the position moved", desk.now())
    desk.blotter.put_order(after)
