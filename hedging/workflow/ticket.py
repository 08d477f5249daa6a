"""The life of a proposal, as pure transitions.

::

    PROPOSED ──approve──▶ APPROVED ──start──▶ EXECUTING ──finish──▶ DONE
       │ │ │                 │                    └──────fail─────▶ FAILED
       │ │ └─supersede─▶ SUPERSEDED
       │ └───expire────▶ EXPIRED  ◀──expire── APPROVED
       └─────reject────▶ REJECTED

Every transition returns a new ticket with the next version; anything else raises WorkflowError.
"""

import hashlib
import json
from dataclasses import replace
from datetime import datetime

from hedging.errors import WorkflowError
from hedging.model.trading import Leg, Ticket, TicketState

WAITING = frozenset({TicketState.PROPOSED})
WORKING = frozenset({TicketState.APPROVED, TicketState.EXECUTING})
OPEN = WAITING | WORKING


def content_hash(legs: tuple[Leg, ...], expires_at: datetime, inputs_hash: str) -> str:
    """SHA-256 over exactly what a person approves: legs, worst prices, expiry and inputs."""
    body = [
        [
            leg.account,
            leg.instrument,
            leg.side.name,
            str(leg.amount),
            str(leg.worst_price),
            leg.reduce_only,
        ]
        for leg in legs
    ]
    text = json.dumps([body, expires_at.isoformat(), inputs_hash], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def approve(ticket: Ticket, user: str, seen: tuple[int, str], now: datetime) -> Ticket:
    """Approve exactly the ticket the person saw: ``seen`` is the version and content hash on the card."""
    _require(ticket, {TicketState.PROPOSED}, "approve")
    if not user.strip():
        raise WorkflowError("an approval needs the name of a person")
    if seen != (ticket.version, ticket.content_hash):
        raise WorkflowError(f"{ticket.id} has changed since it was shown; look at it again")
    _require_whole(ticket)
    if now >= ticket.expires_at:
        raise WorkflowError(f"{ticket.id} expired at {ticket.expires_at:%H:%M:%S} UTC")
    return _decided(ticket, TicketState.APPROVED, user, now, "")


def reject(ticket: Ticket, user: str, reason: str, now: datetime) -> Ticket:
    """Reject with a reason in words."""
    _require(ticket, {TicketState.PROPOSED}, "reject")
    if not reason.strip():
        raise WorkflowError("a rejection needs a reason; say why in a few words")
    return _decided(ticket, TicketState.REJECTED, user, now, reason.strip())


def expire(ticket: Ticket, now: datetime) -> Ticket:
    """Let a ticket that nobody used run out; raises before its time."""
    _require(ticket, {TicketState.PROPOSED, TicketState.APPROVED}, "expire")
    if now < ticket.expires_at:
        raise WorkflowError(f"{ticket.id} is good until {ticket.expires_at:%H:%M:%S} UTC")
    return _moved(ticket, TicketState.EXPIRED, "nobody used it in time")


def supersede(ticket: Ticket, why: str) -> Ticket:
    """Replace a waiting ticket that the market has made wrong."""
    _require(ticket, {TicketState.PROPOSED}, "supersede")
    return _moved(ticket, TicketState.SUPERSEDED, why)


def start(ticket: Ticket, now: datetime) -> Ticket:
    """Use the approval: once, for exactly what was approved, and before the ticket expires."""
    _require(ticket, {TicketState.APPROVED}, "execute")
    _require_whole(ticket)
    if now >= ticket.expires_at:
        raise WorkflowError(f"{ticket.id} expired at {ticket.expires_at:%H:%M:%S} UTC before it was sent")
    return _moved(ticket, TicketState.EXECUTING, ticket.note)


def finish(ticket: Ticket, note: str) -> Ticket:
    """Close a ticket whose hedge is done."""
    _require(ticket, {TicketState.EXECUTING}, "finish")
    return _moved(ticket, TicketState.DONE, note)


def fail(ticket: Ticket, why: str) -> Ticket:
    """Close a ticket that could not be carried out in full; what was filled stays filled."""
    _require(ticket, {TicketState.APPROVED, TicketState.EXECUTING}, "fail")
    return _moved(ticket, TicketState.FAILED, why)


def _require(ticket: Ticket, states: set[TicketState], step: str) -> None:
    if ticket.state not in states:
        raise WorkflowError(f"cannot {step} {ticket.id}: it is {ticket.state.value}")


def _require_whole(ticket: Ticket) -> None:
    if ticket.content_hash != content_hash(ticket.legs, ticket.expires_at, ticket.inputs_hash):
        raise WorkflowError(f"{ticket.id} does not match its own hash; it must not be executed")


def _moved(ticket: Ticket, state: TicketState, note: str) -> Ticket:
    return replace(ticket, state=state, version=ticket.version + 1, note=note)


def _decided(ticket: Ticket, state: TicketState, user: str, now: datetime, note: str) -> Ticket:
    return replace(_moved(ticket, state, note), decided_by=user, decided_at=now)
