"""I8: an approval is used once, for exactly the hashed ticket, before its expiry."""

from hedging.core.effects import PutTicket
from hedging.drill.facts import Stored
from hedging.model.trading import AutoMode, Command, CommandKind, CommandState, Role, Ticket, TicketState
from hedging.workflow.authority import by_itself
from hedging.workflow.ticket import content_hash

ID = "I8"
SENTENCE = "an approval is used once, for exactly the hashed ticket, before its expiry"
MAY_APPROVE = frozenset({Role.TRADER, Role.RISK})
USED = frozenset({TicketState.EXECUTING, TicketState.DONE, TicketState.FAILED})


def stored(now: Stored) -> str:
    """Whatever begins to be executed was approved, as it is, by somebody who may."""
    for change in now.changes:
        if isinstance(change, PutTicket) and change.ticket.state is TicketState.EXECUTING:
            wrong = _wrong(change.ticket, now)
            if wrong:
                return f"{change.ticket.id} {wrong}"
    return ""


def _wrong(ticket: Ticket, now: Stored) -> str:
    known = now.before.tickets.get(ticket.id)
    if known is not None and known.state in USED:
        return f"is executed although it was {known.state}"
    if ticket.content_hash != content_hash(ticket.legs, ticket.expires_at, ticket.inputs_hash):
        return "does not match its hash"
    if now.now >= ticket.expires_at:
        return "had expired"
    if by_itself(ticket.decided_by):
        armed = now.before.status.auto.mode is AutoMode.ARMED
        return "" if armed else "was approved by automatic mode, which is not armed"
    used = [each for each in now.after.commands.values() if _approves(each, ticket)]
    return "" if len(used) == 1 else f"has {len(used)} approvals that fit"


def _approves(command: Command, ticket: Ticket) -> bool:
    return (
        command.kind is CommandKind.APPROVE
        and command.state is CommandState.DONE
        and command.role in MAY_APPROVE
        and (command.ref, command.ref_hash) == (ticket.id, ticket.content_hash)
        and command.ref_version == ticket.version - 2
        and ticket.decided_by.startswith(command.user)
    )
