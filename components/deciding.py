"""Deciding: the waiting tickets with their buttons, and the switch of automatic hedging."""

import zlib

import streamlit as st

from components import asking, board, session, tickets
from components import format as fmt
from components.session import Confirming
from components.strip import mark
from hedging.desk import DOORWAY, Person, Wish, permission
from hedging.model.trading import AutoMode, AutoSetting, CommandKind, Ticket
from hedging.model.view import View

POLL_SECONDS = 2.0
DECISIONS = frozenset({CommandKind.APPROVE, CommandKind.REJECT})
AUTO = frozenset({CommandKind.AUTO_ARM, CommandKind.AUTO_OFF, CommandKind.AUTO_SHADOW})


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


@st.fragment(run_every=POLL_SECONDS)
def automatic() -> None:
    """Automatic mode: what it is, what it would refuse now, and its three positions."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("auto", mark(view) if view else "", None)
    with st.container(border=True, key="auto-panel"):
        if desk is None or view is None:
            st.html('<div class="desk-line">automatic mode is off until an engine runs</div>')
            return
        st.html(panel(view))
        _positions(session.person(view.mode))
    asking.answers(only=AUTO)


def panel(view: View) -> str:
    """The automatic panel's words as HTML; outside words are escaped."""
    auto = view.auto
    rows = [
        f'<b data-testid="auto-mode">Automatic hedging: {auto.mode}</b>',
        f"<span>{_mode_words(auto)}</span>",
    ]
    if auto.mode is not AutoMode.OFF:
        until = f" until {fmt.clock_time(auto.until)} UTC" if auto.until else ""
        rows.append(
            f'<span class="desk-soft">set by {fmt.escape_html(auto.set_by)} '
            f"at {fmt.clock_time(auto.set_at)} UTC{until}</span>"
        )
    if auto.mode is AutoMode.ARMED:
        rows.append(
            f'<span>used <b data-testid="auto-orders">{auto.orders_used} of {auto.max_orders}</b> orders and '
            f"<b>{fmt.plain(auto.turnover_used_usd, 0)} of {fmt.plain(auto.max_turnover_usd, 0)}</b>"
            " USD</span>"
        )
        rows.append(_countdown(auto))
    if auto.ended_because:
        rows.append(f'<span class="desk-near">ended: {fmt.escape_html(auto.ended_because)}</span>')
    return f'<div class="desk-auto">{"".join(rows)}{_refusals(view)}</div>'


def _countdown(auto: AutoSetting) -> str:
    start, end = fmt.milliseconds(auto.set_at), fmt.milliseconds(auto.until)
    if start is None or end is None:
        return ""
    return (
        f'<span class="desk-countdown" style="margin-left:0" '
        f'data-desk-from="{start}" data-desk-until="{end}"></span>'
    )


def _mode_words(auto: AutoSetting) -> str:
    return {
        AutoMode.OFF: "A person approves every hedge.",
        AutoMode.SHADOW: "It decides and records, and never sends.",
        AutoMode.ARMED: "It approves by itself, inside these caps.",
    }[auto.mode]


def _refusals(view: View) -> str:
    if not view.auto_refusals:
        return '<span class="desk-good" data-testid="auto-ready">Nothing speaks against it now.</span>'
    items = "".join(f"<li>{fmt.escape_html(reason)}</li>" for reason in view.auto_refusals)
    head = '<span class="desk-near" data-testid="auto-refusals">It would refuse now, because</span>'
    return f"{head}<ul>{items}</ul>"


def _positions(who: Person) -> None:
    denied = permission(who, CommandKind.AUTO_ARM)
    why = fmt.escape_markdown(denied.reason) if denied else None
    locked = denied is not None
    st.number_input("Minutes", 1, 60, 15, key="auto-minutes", disabled=locked)
    st.number_input("Orders at most", 1, 200, 20, key="auto-orders", disabled=locked)
    st.number_input(
        "Turnover at most, USD",
        10_000,
        50_000_000,
        3_000_000,
        step=100_000,
        key="auto-turnover",
        disabled=locked,
    )
    with st.container(horizontal=True, key="auto-row"):
        st.button(
            "Off", key="auto-off", disabled=locked, help=why, on_click=_auto, args=(CommandKind.AUTO_OFF,)
        )
        st.button(
            "Shadow",
            key="auto-shadow",
            disabled=locked,
            help=why,
            on_click=_auto,
            args=(CommandKind.AUTO_SHADOW,),
        )
        st.button(
            "Arm",
            key="auto-arm",
            type="primary",
            disabled=locked,
            help=why,
            on_click=_auto,
            args=(CommandKind.AUTO_ARM,),
        )


def _auto(kind: CommandKind) -> None:
    wish = Wish(kind=kind)
    if kind is not CommandKind.AUTO_OFF:
        wish = Wish(
            kind=kind,
            minutes=int(session.number_of("auto-minutes")),
            max_orders=int(session.number_of("auto-orders")),
            max_turnover_usd=session.number_of("auto-turnover"),
        )
    asking.ask(wish)
