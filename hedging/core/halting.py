"""Halting: one way in, whoever or whatever asks for it."""

from hedging.core.effects import Latch
from hedging.core.turn import Turn
from hedging.model.trading import TicketState, TradingState
from hedging.workflow import authority
from hedging.workflow import ticket as tickets


def halt(turn: Turn, why: str, actor: str) -> None:
    """Latch, write it down, end automatic mode, close what waits; what rests is cancelled right after."""
    turn.do(Latch(why))
    turn.set(trips=turn.state.trips + 1)
    before = turn.state.status
    if (before.state, before.halted_because, before.resume_asked_by) != (TradingState.HALTED, why, ""):
        turn.put_status(authority.halted(before, why), why, actor)
    for ticket in tuple(turn.state.tickets.values()):
        if ticket.state is TicketState.PROPOSED:
            turn.put_ticket(tickets.supersede(ticket, f"halted: {why}"))
        elif ticket.state is TicketState.APPROVED:
            turn.put_ticket(tickets.fail(ticket, f"halted: {why}"))
