"""Deciding: what needs a person, the waiting tickets, each with its buttons."""

import zlib

import streamlit as st

from components import asking, board, quarantine, session, tickets
from components import format as fmt
from components.session import Confirming
from components.strip import mark
from hedging.desk import DOORWAY, Person, Wish, permission
from hedging.model.trading import CommandKind, Ticket
from hedging.model.view import View

POLL_SECONDS = 2.0
DECISIONS = frozenset({CommandKind.APPROVE, CommandKind.REJECT, CommandKind.RELEASE})


@st.fragment(run_every=POLL_SECONDS)
def waiting() -> None:
    """Cards of the tickets that wait, each with its native buttons."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("tickets", mark(view) if view else "", None)
    if desk is None or view is None:
        st.html('<div class="desk-line">starting: tickets come with the engine\'s first view</div>')
        return
    who = session.person(view.mode)
    quarantine.cards(view, who)
    shown = tickets.waiting(view)
    st.html(f'<div class="desk-section">Waiting for a decision: {len(shown)}</div>')
    if not shown:
        st.html(
            f'<div class="desk-line" data-testid="no-tickets">{fmt.escape_html(nothing_waits(view))}</div>'
        )
    for ticket in shown:
        _card(ticket, who)
    asking.answers(only=DECISIONS)


def nothing_waits(view: View) -> str:
    """Why no ticket waits, from the engine's own decisions."""
    reasons = [
        f"{each.underlying}: {each.decision.reason}" for each in view.underlyings if each.decision is not None
    ]
    return "No ticket waits. " + ("; ".join(reasons) if reasons else "The engine has decided nothing yet.")


def _card(ticket: Ticket, who: Person) -> None:
    with st.container(border=True, key=f"tickets-card-{ticket.id}"):
        st.html(tickets.card(ticket))
        asked = session.memo().confirming
        if asked is not None and asked.ticket_id == ticket.id:
            _confirmation(ticket, asked)
        else:
            _buttons(ticket, who)


def _buttons(ticket: Ticket, who: Person) -> None:
    denied = permission(who, CommandKind.APPROVE)
    why = fmt.escape_markdown(denied.reason) if denied else None
    reason_key = f"tickets-reason-{ticket.id}"
    with st.container(horizontal=True, vertical_alignment="center", key=f"tickets-row-{ticket.id}"):
        st.button(
            "Approve …",
            key=f"tickets-approve-{ticket.id}",
            type="primary",
            disabled=denied is not None,
            help=why,
            on_click=session.confirm,
            args=(Confirming(ticket_id=ticket.id, version=ticket.version, content_hash=ticket.content_hash),),
        )
        st.text_input(
            "Reason for rejecting",
            key=reason_key,
            placeholder="reason for rejecting",
            label_visibility="collapsed",
            max_chars=300,
            disabled=denied is not None,
        )
        st.button(
            "Reject",
            key=f"tickets-reject-{ticket.id}",
            disabled=denied is not None,
            help=why,
            on_click=_reject,
            args=(ticket.id, ticket.version, ticket.content_hash),
        )


def _confirmation(ticket: Ticket, asked: Confirming) -> None:
    changed = asked.content_hash != ticket.content_hash
    words = "The ticket has changed since it was shown: look again." if changed else _what(ticket)
    with st.container(horizontal=True, vertical_alignment="center", key=f"tickets-row-{ticket.id}"):
        st.button(
            "Confirm approval",
            key=f"tickets-confirm-{ticket.id}",
            type="primary",
            disabled=changed,
            on_click=_approve,
            args=(asked,),
        )
        st.button("Back", key=f"tickets-back-{ticket.id}", on_click=session.confirm, args=(None,))
        st.html(f'<div class="desk-line" data-testid="confirming">{fmt.escape_html(words)}</div>')


def _what(ticket: Ticket) -> str:
    legs = "; ".join(
        f"{leg.side.name.lower()} {fmt.decimal(leg.amount)} {leg.amount_unit.upper()} of {leg.instrument} "
        f"at {fmt.decimal(leg.worst_price)} or better"
        for leg in ticket.legs
    )
    return f"Send exactly this: {legs}."


def _approve(asked: Confirming) -> None:
    wish = Wish(
        kind=CommandKind.APPROVE, ref=asked.ticket_id, ref_version=asked.version, ref_hash=asked.content_hash
    )
    asking.ask(wish, key=f"approve:{asked.ticket_id}:{asked.version}:{asked.content_hash[:12]}:{_name()}")
    session.confirm_closed()


def _reject(ticket_id: str, version: int, content_hash: str) -> None:
    reason = session.text_of(f"tickets-reason-{ticket_id}")
    wish = Wish(
        kind=CommandKind.REJECT, ref=ticket_id, ref_version=version, ref_hash=content_hash, reason=reason
    )
    # The reason is part of the key: a rejection refused for want of one can be asked again with one.
    asking.ask(wish, key=f"reject:{ticket_id}:{version}:{_name()}:{zlib.crc32(reason.encode()):08x}")


def _name() -> str:
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    return session.person(view.mode if view else None).name
