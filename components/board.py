"""The live board: a component that is mounted once and fed by the socket, never by a script run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import streamlit as st

from components import assets

_BOARD_JS = """
export default async function ({ parentElement, data }) {
  const { mount, unmount } = await import(new URL(data.base + "/board.js", location.origin).href);
  mount(parentElement, data);
  return () => unmount(parentElement);
}
"""
_LINK_JS = """
export default async function ({ parentElement, data, setStateValue }) {
  const { link, unlink } = await import(new URL(data.base + "/board.js", location.origin).href);
  link(parentElement, data, setStateValue);
  return () => unlink(parentElement);
}
"""


class WidgetKind(StrEnum):
    """What a widget draws."""

    STRIP = "strip"
    TILES = "tiles"
    CHART = "chart"
    TABLE = "table"
    BARS = "bars"
    PROOFS = "proofs"
    CHECKS = "checks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """One widget: ``id`` is its grid area, ``topic`` its feed; ``{u}`` stands for the chosen underlying.

    ``other`` is a second topic that a switch in the head changes to; ``tabs`` shows the underlyings.
    """

    id: str
    kind: WidgetKind
    topic: str
    title: str = ""
    label: str = ""
    other: str = ""
    other_label: str = ""
    tabs: bool = False
    plain: bool = False

    def spec(self) -> Mapping[str, object]:
        """The widget as the browser reads it."""
        return {name: getattr(self, name) for name in self.__slots__}


def show(page: str, widgets: Sequence[Widget]) -> None:
    """Mount a page's board; its layout is the CSS grid named after the page."""
    board = st.components.v2.component("desk_board", js=_BOARD_JS, isolate_styles=False)
    board(
        key=f"board:{page}",
        data={"base": assets.base(), "page": page, "widgets": [widget.spec() for widget in widgets]},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTickets:
    """What the browser needs to reach our own routes: a single-use socket ticket and a halt ticket."""

    socket: str
    halt: str


def link(key: str, seen: str, tickets: LinkTickets | None) -> None:
    """Mount the invisible link: it brings tickets, and reruns its fragment when ``seen`` is outdated."""
    component = st.components.v2.component("desk_link", js=_LINK_JS, isolate_styles=False)
    component(
        key=f"link:{key}",
        data={
            "base": assets.base(),
            "ticket": tickets.socket if tickets else "",
            "halt": tickets.halt if tickets else "",
            "seen": seen,
            "watch": tickets is None,
        },
        default={"seen": None},
        on_seen_change=_nothing,
    )


def _nothing() -> None:
    """A state value needs a callback; the rerun itself is the effect."""
