"""Releases what a person has looked at: nothing that the exchange still works is let go."""

from dataclasses import replace

from hedging.engine.desk_state import DeskState
from hedging.errors import VenueError
from hedging.model.trading import Command, CommandState, Order, OrderState
from hedging.workflow import authority


async def release(desk: DeskState, command: Command) -> None:
    """End the quarantined orders that ``command`` names by id or instrument, and answer it.

    Refused where the role does not allow it, nothing matches, the exchange does not answer, an order may
    still work there, or the position is not settled afterwards.
    """
    state, answer = await _outcome(desk, command)
    desk.blotter.settle(command, state, answer)
    desk.wake()


async def _outcome(desk: DeskState, command: Command) -> tuple[CommandState, str]:
    late = authority.too_late(command, desk.now())
    refusal = authority.may(command.role, command.kind) or authority.nameless(command) or late
    if refusal is not None:
        return CommandState.REFUSED, refusal.reason
    quarantined = [o for o in desk.blotter.live.values() if o.state is OrderState.QUARANTINED]
    held = [order for order in quarantined if command.ref in {order.client_id, order.instrument}]
    if not held:
        return CommandState.REFUSED, f"nothing quarantined matches {command.ref!r}"
    for order in held:
        why_not = await _still_works(desk, order)
        if why_not:
            return CommandState.REFUSED, why_not
    for account in {order.account for order in held}:
        await desk.try_reading_positions(account)
        if not desk.book.settled(account):
            return CommandState.REFUSED, f"the positions of {account} could not be read again; try once more"
    for order in held:
        words = f"released by {command.user}: {command.reason or 'looked at'}"
        desk.blotter.put_order(replace(order, state=OrderState.CANCELLED, detail=words))
    return CommandState.DONE, f"{len(held)} released; the exchange says that nothing of it works any more"


async def _still_works(desk: DeskState, order: Order) -> str:
    """Why the order may still fill at the exchange, or nothing."""
    fence = desk.rules.execution.venue_lag_seconds
    if (desk.now() - order.fence_at).total_seconds() < fence:
        return f"{order.client_id} may still arrive until its time fence has passed; try again in a moment"
    reads = desk.sessions[order.account].reads
    try:
        listed = await reads.run(reads.open_orders)
    except VenueError as error:
        return f"the exchange did not say what works there: {error}"
    if any(report.client_id == order.client_id for report in listed):
        return f"{order.client_id} still works at the exchange; cancel it there first"
    return ""
