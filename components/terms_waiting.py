"""Proposed terms that wait: what would change, what it would do at once, and who may decide."""

from collections.abc import Mapping, Sequence

import streamlit as st

from components import asking, board, session
from components import format as fmt
from components.session import Confirming
from components.strip import mark
from components.terms_effect import Line, at_once
from components.terms_keys import key_of
from components.terms_words import Changed, changes
from components.theme import Tone
from hedging.desk import DOORWAY, Person, Wish, permission
from hedging.model.smile import SmileView
from hedging.model.terms import TermsVersion
from hedging.model.trading import CommandKind
from hedging.model.view import View
from hedging.workflow.terms import same_person

POLL_SECONDS = 2.0
DECISIONS = frozenset({CommandKind.APPROVE_TERMS, CommandKind.REJECT_TERMS, CommandKind.WITHDRAW_TERMS})
_MARKS = {Tone.BREACH: "▲ ", Tone.NEAR: "▲ ", Tone.UNKNOWN: "? "}


@st.fragment(run_every=POLL_SECONDS)
def waiting() -> None:
    """Cards of the proposals that wait, each with its native buttons."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("terms", mark(view) if view else "", None)
    if desk is None or view is None:
        st.html('<div class="desk-line">starting: the terms come with the engine\'s first view</div>')
        return
    who = session.person(view.mode)
    if not view.proposals:
        st.html(
            '<div class="desk-line" data-testid="no-proposal">No change of terms waits for a decision.</div>'
        )
    for version in view.proposals:
        _card(version, view, desk.smiles(view), who)
    asking.answers(only=DECISIONS)


def _card(version: TermsVersion, view: View, smiles: Mapping[str, SmileView], who: Person) -> None:
    with st.container(border=True, key=f"terms-card-{version.number}"):
        st.html(card(version, view, smiles))
        asked = session.memo().confirming
        if asked is not None and asked.ticket_id == _id(version):
            _confirmation(version, asked)
        else:
            _buttons(version, view, who)


def card(version: TermsVersion, view: View, smiles: Mapping[str, SmileView]) -> str:
    """A proposal as HTML; every outside word in it is escaped."""
    number = version.number
    lines = [f"<li>{fmt.escape_html(one.sentence)}</li>" for one in _changes(version, view)]
    return (
        f'<div class="desk-card desk-terms" data-testid="proposal-{number}">'
        f'<div class="desk-card-head"><b>Version {number}</b><span class="desk-chip desk-wait">waits</span>'
        f'<span class="desk-soft">proposed by {fmt.escape_html(version.author)} at '
        f"{fmt.date_time(version.at)} UTC, on version {version.based_on}</span></div>"
        f'<ul data-testid="proposal-changes-{number}">{"".join(lines)}</ul>'
        f'<p class="desk-reason">because: {fmt.escape_html(version.reason)}</p>'
        f"{effect_html(at_once(view, smiles, version.terms), view)}</div>"
    )


def _changes(version: TermsVersion, view: View) -> Sequence[Changed]:
    return changes(view.terms.terms, version.terms) if view.terms else ()


def effect_html(lines: Sequence[Line], view: View) -> str:
    """What it would do at once, as HTML; the mark says what the colour does."""
    if not lines:
        return ""
    items = "".join(
        f'<li class="desk-{line.tone}">{_MARKS.get(line.tone, "")}{fmt.escape_html(line.text)}</li>'
        for line in lines
    )
    return (
        f'<div class="desk-soft">At once, on the book of {fmt.clock_time(view.at)} UTC:</div>'
        f'<ul data-testid="at-once">{items}</ul>'
    )


def obstacle(version: TermsVersion, view: View, who: Person) -> str:
    """Why this person cannot approve this proposal now; empty where nothing forbids it."""
    denied = permission(who, CommandKind.APPROVE_TERMS)
    if same_person(who.name, version.author):
        return "You proposed this: a second person, with the role risk, approves or rejects it."
    if denied is not None:
        return f"{denied.reason}.".capitalize()
    if view.terms is not None and version.based_on != view.terms.number:
        return f"Version {view.terms.number} is in force since: it has to be proposed again on that one."
    return ""


def _buttons(version: TermsVersion, view: View, who: Person) -> None:
    number = version.number
    why = obstacle(version, view, who)
    if why:
        st.html(f'<div class="desk-line" data-testid="cannot-approve">{fmt.escape_html(why)}</div>')
    args = (number, version.content_hash)
    with st.container(horizontal=True, vertical_alignment="center", key=f"terms-row-{number}"):
        st.button(
            "Approve …",
            key=f"terms-approve-{number}",
            type="primary",
            disabled=bool(why),
            on_click=session.confirm,
            args=(Confirming(ticket_id=_id(version), version=number, content_hash=version.content_hash),),
        )
        mine = same_person(who.name, version.author)
        locked = not mine and permission(who, CommandKind.REJECT_TERMS) is not None
        st.text_input(
            "Reason",
            key=f"terms-reason-{number}",
            placeholder="reason for withdrawing" if mine else "reason for rejecting",
            label_visibility="collapsed",
            max_chars=300,
            disabled=locked,
        )
        if mine:
            st.button("Withdraw", key=f"terms-withdraw-{number}", on_click=_withdraw, args=args)
        else:
            st.button("Reject", key=f"terms-reject-{number}", disabled=locked, on_click=_reject, args=args)


def _confirmation(version: TermsVersion, asked: Confirming) -> None:
    changed = asked.content_hash != version.content_hash
    words = (
        "The proposal has changed since it was shown: look again."
        if changed
        else f"Bring exactly version {version.number} into force: automatic hedging goes off, "
        "and tickets that rest on what changes are closed."
    )
    with st.container(horizontal=True, vertical_alignment="center", key=f"terms-row-{version.number}"):
        st.button(
            "Confirm approval",
            key=f"terms-confirm-{version.number}",
            type="primary",
            disabled=changed,
            on_click=_approve,
            args=(asked,),
        )
        st.button("Back", key=f"terms-back-{version.number}", on_click=session.confirm, args=(None,))
        st.html(f'<div class="desk-line" data-testid="confirming-terms">{words}</div>')


def _id(version: TermsVersion) -> str:
    return f"terms:{version.number}"


def _approve(asked: Confirming) -> None:
    wish = Wish(kind=CommandKind.APPROVE_TERMS, ref_version=asked.version, ref_hash=asked.content_hash)
    asking.ask(wish, key_of(f"approve-terms:{asked.version}:{asked.content_hash[:12]}:{_name()}"))
    session.confirm_closed()


def _reject(number: int, content_hash: str) -> None:
    reason = session.text_of(f"terms-reason-{number}").strip()
    if not reason:
        session.deny(CommandKind.REJECT_TERMS, "a rejection needs its reason in words")
        return
    wish = Wish(kind=CommandKind.REJECT_TERMS, ref_version=number, ref_hash=content_hash, reason=reason)
    asking.ask(wish, key_of(f"reject-terms:{number}:{content_hash[:12]}:{_name()}"))


def _withdraw(number: int, content_hash: str) -> None:
    reason = session.text_of(f"terms-reason-{number}").strip()
    wish = Wish(kind=CommandKind.WITHDRAW_TERMS, ref_version=number, ref_hash=content_hash, reason=reason)
    asking.ask(wish, key_of(f"withdraw-terms:{number}:{content_hash[:12]}:{_name()}"))


def _name() -> str:
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    return session.person(view.mode if view else None).name
