"""What-if books by name on the Scenarios page: saved, loaded, overwritten, deleted."""

from dataclasses import replace
from datetime import datetime

import streamlit as st

from components import format as fmt
from components import session
from components.scenario_answer import missing
from components.scenario_asked import SHIFT, SPOT, TIME, UNDERLYING, VOL
from components.scenario_choice import Question
from hedging import clock
from hedging.desk import DOORWAY, Desk
from hedging.errors import BadInput, LedgerError
from hedging.ledger.saved import NameTaken, Overwrite, checked_name
from hedging.model.trading import Role
from hedging.model.view import View
from hedging.model.what_if import SavedScenario

NAME, SAVED = "what-if-name", "what-if-saved"


def form(view: View, asked: Question) -> None:
    """Save under a name, load, overwrite, delete."""
    desk = DOORWAY.standing.desk
    if desk is None:
        return
    try:
        names = desk.saved.names()
    except LedgerError as error:
        st.html(f'<div class="desk-line desk-said-refused">{fmt.escape_html(str(error))}</div>')
        return
    may_write = session.person(view.mode).role is not Role.VIEWER
    st.text_input(
        "Name", key=NAME, max_chars=60, placeholder="name of this what-if book", disabled=not may_write
    )
    waits = session.memo().overwriting
    waits = waits if waits == session.text_of(NAME).strip() else ""
    label = f"Overwrite {fmt.escape_markdown(waits)}" if waits else "Save"
    st.button(
        label,
        key="what-if-save",
        type="primary",
        disabled=not may_write,
        on_click=_save,
        args=(desk, view, asked),
    )
    if not names:
        st.html('<div class="desk-line">nothing is saved yet</div>')
        return
    st.selectbox("Saved", names, key=SAVED)
    with st.container(horizontal=True):
        st.button("Load", key="what-if-load", on_click=_load, args=(desk, view))
        st.button("Delete", key="what-if-delete", disabled=not may_write, on_click=_delete, args=(desk,))


def _save(desk: Desk, view: View, asked: Question) -> None:
    waits = session.memo().overwriting
    try:
        name = checked_name(session.text_of(NAME))
        overwrite = Overwrite.YES if waits == name else Overwrite.NO
        desk.saved.save(_saved(name, session.person(view.mode).name, asked), overwrite)
    except NameTaken as error:
        session.note_what_if(f"{error}: press Overwrite to replace it", overwriting=name)
    except (BadInput, LedgerError) as error:
        session.note_what_if(str(error))
    else:
        session.note_what_if(f"saved as {name!r}")


def _saved(name: str, author: str, asked: Question) -> SavedScenario:
    return SavedScenario(
        name=name,
        author=author,
        at=clock.utc_now(),
        underlying=asked.underlying,
        changes=asked.changes,
        spot_reach=asked.spot_reach,
        vol_reach=asked.vol_reach,
        vol_shift=asked.vol_shift.value,
        days=asked.days,
    )


def _load(desk: Desk, view: View) -> None:
    try:
        found = desk.saved.load(session.text_of(SAVED))
    except LedgerError as error:
        session.note_what_if(str(error))
        return
    if found is None:
        session.note_what_if(f"{session.text_of(SAVED)!r} is not there any more")
        return
    loaded = usable(found, view)
    others = tuple(each for each in session.memo().changes if each.underlying != found.underlying)
    session.note_changes((*others, *loaded.changes), said(found, loaded, view))
    for key, value in (
        (UNDERLYING, found.underlying), (SPOT, found.spot_reach), (VOL, found.vol_reach),
        (SHIFT, found.vol_shift), (TIME, found.days), (NAME, found.name),
    ):  # fmt: skip
        session.put(key, value)


def usable(found: SavedScenario, view: View) -> SavedScenario:
    """A saved what-if book without the changes whose instrument has expired."""
    at = _at(found, view)
    return replace(
        found, changes=tuple(each for each in found.changes if each.expiry is None or each.expiry > at)
    )


def said(found: SavedScenario, loaded: SavedScenario, view: View) -> str:
    """What was loaded, by whom it was saved, and what could not be loaded."""
    words = f"loaded {found.name!r}, saved by {found.author} on {found.at:%d %b %Y %H:%M} UTC"
    gone = [each for each in found.changes if each not in loaded.changes]
    if gone:
        listed = ", ".join(each.instrument.rpartition(":")[2] for each in gone)
        words += f"; left out, because expired: {listed}"
    if not any(each.underlying == found.underlying and each.exposure for each in view.underlyings):
        words += f"; {missing(view, found.underlying)}"
    return words


def _at(found: SavedScenario, view: View) -> datetime:
    each = next((one for one in view.underlyings if one.underlying == found.underlying), None)
    return each.exposure.at if each is not None and each.exposure is not None else view.at


def _delete(desk: Desk) -> None:
    name = session.text_of(SAVED)
    try:
        there = desk.saved.delete(name)
    except LedgerError as error:
        session.note_what_if(str(error))
        return
    session.note_what_if(f"deleted {name!r}" if there else f"{name!r} is not there any more")
