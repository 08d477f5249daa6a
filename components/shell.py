"""The UI script: who acts, the status strip with Halt, navigation; every page runs inside this frame."""

import secrets

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from components import asking, banner, board, people, session, topics
from components.format import escape_html
from components.navigation import MENU
from components.strip import mark
from hedging.desk import DOORWAY, Person, Phase
from hedging.live import HALT_TICKETS, SOCKET_TICKETS, Holder
from hedging.model.trading import CommandKind, Role
from hedging.model.view import VenueMode, View

HEARTBEAT_SECONDS = 6.0 + secrets.randbelow(200) / 100  # jittered, so that many viewers do not beat at once


def main() -> None:
    """Draw the frame, then the page inside it."""
    st.set_page_config(page_title="Hedge monitor", layout="wide", menu_items={"About": "Hedge monitor"})
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    who = _who(view)
    page = _page()
    with st.container(key="desk-strip"):
        board.show("strip", [board.Widget(id="strip", kind=board.WidgetKind.STRIP, topic=topics.STRIP)])
    with st.container(key="desk-heartbeat"):
        _heartbeat(who)
    _halted(has_control=bool(DOORWAY.standing.control_url), has_view=view is not None)
    page.run()


def _page() -> StreamlitPage:
    entries = MENU.entries(paper=bool(DOORWAY.standing.control_url))
    shown = [
        st.Page(entry.render, title=entry.title, url_path=entry.path, default=number == 0)
        for number, entry in enumerate(entries)
    ]
    return st.navigation(shown, position="top")


def _who(view: View | None) -> Person:
    mode = view.mode if view else None
    with st.container(key="desk-who", horizontal=True, vertical_alignment="center"):
        if mode is VenueMode.PAPER:
            st.selectbox(
                "Acting as",
                [each.name for each in people.PAPER_PEOPLE],
                format_func=_person_words,
                key=session.person_key(),
                label_visibility="collapsed",
                width=180,
            )
        who = session.person(mode)
        if mode in (VenueMode.LIVE, VenueMode.TESTNET):
            st.html(f'<span class="desk-who">{escape_html(who.name)} · {who.role}</span>')
    return who


def _person_words(name: str) -> str:
    return f"{name} · {people.paper_person(name).role}"


@st.fragment(run_every=HEARTBEAT_SECONDS)
def _heartbeat(who: Person) -> None:
    """Bring fresh tickets to the page, and make it alive again after a restart."""
    holder = Holder(who.name, who.role)
    tickets_now = board.LinkTickets(socket=SOCKET_TICKETS.issue(holder), halt=HALT_TICKETS.issue(holder))
    board.link("heartbeat", "", tickets_now)


@st.fragment(run_every=5.0)
def _halted(*, has_control: bool, has_view: bool) -> None:
    """While trading is halted or only reduces: why, and the way back."""
    standing = DOORWAY.standing
    view = standing.desk.read() if standing.desk and standing.phase is Phase.RUNNING else None
    board.link("halted", mark(view) if view else standing.phase, None)
    if has_control != bool(standing.control_url) or has_view != (view is not None):
        st.rerun()  # the engine or the paper exchange came or went: so do the picker and the demo page
    if view is None or not (words := banner.banner(view)):
        return
    with st.container(key="desk-halted", horizontal=True, vertical_alignment="center"):
        st.html(words)
        label = "Confirm resume" if view.resume_asked_by else "Ask to resume"
        who = session.person(view.mode)
        st.button(
            label,
            key="shell-resume",
            disabled=who.role is not Role.RISK,
            on_click=asking.ask,
            args=(asking.plain(CommandKind.RESUME),),
        )
    asking.answers(only=frozenset({CommandKind.RESUME}))


if __name__ == "__main__":
    main()
