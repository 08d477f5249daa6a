"""The one place that touches session state: who acts, what is being confirmed, what was asked."""

import os
import uuid
from dataclasses import dataclass, replace

import streamlit as st

from components import people
from hedging.desk import Person
from hedging.model.trading import CommandKind
from hedging.model.view import VenueMode
from hedging.model.what_if import Change

_PERSON = "desk:person"
_MEMO = "desk:memo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A command that this session has asked for, to be followed to its answer."""

    key: str
    kind: CommandKind
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirming:
    """The very ticket that the confirmation speaks of: id, version and content as shown."""

    ticket_id: str
    version: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that went nowhere, and why."""

    kind: CommandKind
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """What a session keeps between script runs."""

    confirming: Confirming | None = None
    asked: tuple[Asked, ...] = ()
    denied: Refused | None = None
    form_key: str = ""
    proof: str = ""
    shown: str = ""
    changes: tuple[Change, ...] = ()
    what_if_said: str = ""
    overwriting: str = ""


def person(mode: VenueMode | None) -> Person:
    """Who acts: on paper the picker's choice, otherwise whom the server was told, and a guest only looks."""
    if mode is VenueMode.PAPER:
        return people.paper_person(text_of(_PERSON))
    return people.GUEST if mode is None else people.operator(os.environ.get(people.OPERATOR_VARIABLE, ""))


def person_key() -> str:
    """Widget key of the picker."""
    return _PERSON


def memo() -> Memo:
    """What this session keeps."""
    kept = st.session_state.get(_MEMO)
    return kept if isinstance(kept, Memo) else Memo(form_key=uuid.uuid4().hex)


def keep(kept: Memo) -> None:
    """Replace what this session keeps."""
    st.session_state[_MEMO] = kept


def confirm(ticket: Confirming | None) -> None:
    """Open the confirmation of one ticket, or close it."""
    keep(replace(memo(), confirming=ticket, denied=None))


def confirm_closed() -> None:
    """Close the confirmation and leave what was said about it."""
    keep(replace(memo(), confirming=None))


def remember(asked: Asked) -> None:
    """Follow a command to its answer; the form that made it gets a new key."""
    kept = memo()
    others = tuple(each for each in kept.asked if each.key != asked.key)
    keep(replace(kept, asked=(*others, asked)[-4:], denied=None, form_key=uuid.uuid4().hex))


def deny(kind: CommandKind, reason: str) -> None:
    """Show why a wish went nowhere."""
    keep(replace(memo(), denied=Refused(kind, reason)))


def note_proof(words: str) -> None:
    """Keep the outcome of the last chain verification."""
    keep(replace(memo(), proof=words))


def note_shown(words: str) -> None:
    """Keep what came of the last thing done to the paper market."""
    keep(replace(memo(), shown=words))


def note_changes(changes: tuple[Change, ...], words: str = "") -> None:
    """Keep what differs from the live book in this session's what-if book, and what is said about it."""
    keep(replace(memo(), changes=changes, what_if_said=words, overwriting=""))


def note_what_if(words: str, overwriting: str = "") -> None:
    """Keep what came of saving or loading; ``overwriting`` is the name that waits for a second press."""
    keep(replace(memo(), what_if_said=words, overwriting=overwriting))


def put(key: str, value: str | float) -> None:
    """Set what a widget shows; only before the widget is drawn, so from a callback."""
    st.session_state[key] = value


def form_key() -> str:
    """Key of the wish now being written: the same until it is sent, so that a double click is one command."""
    kept = memo()
    if not kept.form_key:
        kept = replace(kept, form_key=uuid.uuid4().hex)
    keep(kept)
    return kept.form_key


def text_of(key: str) -> str:
    """What stands in a text input now."""
    value = st.session_state.get(key, "")
    return value if isinstance(value, str) else ""


def number_of(key: str) -> float:
    """What stands in a number input now; 0 where there is none."""
    value = st.session_state.get(key, 0)
    return float(value) if isinstance(value, int | float) else 0.0


def optional_number(key: str) -> float | None:
    """What stands in a number input now; None where nothing does."""
    value = st.session_state.get(key)
    return float(value) if isinstance(value, int | float) else None
