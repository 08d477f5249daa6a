"""From a press to a command: one way for every button, and the engine's answer beside it."""

from datetime import timedelta

import streamlit as st

from components import session
from components.format import escape_html
from components.session import Asked
from hedging import clock
from hedging.desk import DOORWAY, Denied, Wish
from hedging.model.trading import Command, CommandKind, CommandState

SHOWN_FOR = timedelta(minutes=2)


def plain(kind: CommandKind) -> Wish:
    """A wish that speaks of the whole book."""
    return Wish(kind=kind)


def ask(wish: Wish, key: str = "") -> None:
    """Append the wish in the name of who acts now; show a refusal where it never left.

    ``key`` makes it one command however often it is pressed; without one the session's own is used.
    """
    desk = DOORWAY.standing.desk
    if desk is None:
        session.deny(wish.kind, "there is no engine to ask yet")
        return
    view = desk.read()
    who = session.person(view.mode if view else None)
    answer = desk.act(who, wish, key or f"{wish.kind}:{session.form_key()}")
    if isinstance(answer, Denied):
        session.deny(wish.kind, answer.reason)
    else:
        session.remember(Asked(key=answer.key, kind=answer.kind, ref=answer.ref))


def answers(only: frozenset[CommandKind]) -> None:
    """What was asked in this session, and what the engine answered."""
    kept = session.memo()
    desk = DOORWAY.standing.desk
    if kept.denied is not None and kept.denied.kind in only:
        said = escape_html(kept.denied.reason)
        st.html(f'<div class="desk-line desk-said-refused" data-testid="denied">{said}</div>')
    if desk is None:
        return
    for asked in reversed(kept.asked):
        command = desk.command(asked.key)
        if command is not None and command.kind in only and _is_recent(command):
            st.html(line(command))


def _is_recent(command: Command) -> bool:
    return command.state is CommandState.PENDING or clock.utc_now() - command.at < SHOWN_FOR


def line(command: Command) -> str:
    """One command and its answer as HTML; outside words are escaped."""
    said = {
        CommandState.PENDING: "waiting for the engine",
        CommandState.DONE: f"done: {command.answer}" if command.answer else "done",
        CommandState.REFUSED: f"refused: {command.answer}",
    }[command.state]
    ref = f" {command.ref}" if command.ref else ""
    return (
        f'<div class="desk-line desk-said-{command.state}" data-testid="answer" data-state="{command.state}">'
        f"{escape_html(command.user)} asked <b>{escape_html(command.kind + ref)}</b> "
        f"at {command.at:%H:%M:%S} UTC → engine: <b>{escape_html(said)}</b></div>"
    )
