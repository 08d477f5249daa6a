"""The demo page's faults: what is on with its time left, and all there are, by what they break."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import streamlit as st

from components import format as fmt
from components import session, showing
from hedging import clock
from hedging.errors import VenueError
from hedging.paper.control_client import ControlClient, FaultRow
from hedging.paper.faults.calls import Group

POLL_SECONDS = 2.0
ENDLESS = "until switched off"
SPANS = {"30 s": 30.0, "1 min": 60.0, "5 min": 300.0, ENDLESS: 0.0}
_GROUPS = tuple(group.value for group in Group)


def show() -> None:
    """What is on, then the list of all with its filter."""
    if showing.control() is None:
        st.html(
            f'<div class="desk-section">Faults of the exchange</div><div class="desk-line">'
            f"{showing.NO_CONTROL}</div>"
        )
        return
    on_now()
    _catalogue()


@st.fragment(run_every=POLL_SECONDS)
def on_now() -> None:
    """Faults that are on, each with its switch and time left, and the switch for all of them."""
    rows = _rows()
    on = [row for row in rows or () if row.is_on]
    with st.container(
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
        key="demo-faults-head",
    ):
        count = f"{len(on)} on" if on else "none is on"
        st.html(
            '<div class="desk-section">Faults of the exchange: '
            f'<span data-testid="faults-on" data-value="{len(on)}">{count}</span></div>'
        )
        st.button(
            "All faults off",
            key="demo-clear",
            type="primary" if on else "secondary",
            on_click=showing.do,
            args=("all faults off", _clear),
        )
    for row in on:
        press, words = st.columns([1, 5], gap="small", vertical_alignment="center")
        press.button("Off", key=f"demo-off-{row.name}", on_click=_off, args=(row.name,), width="stretch")
        words.html(on_line(row))


def _catalogue() -> None:
    rows = _rows()
    if rows is None:
        return
    words, span = st.columns([1.7, 1], gap="small")
    words.text_input(
        "Filter",
        key="demo-fault-filter",
        placeholder=f"filter {len(rows)} faults by words, Enter",
        label_visibility="collapsed",
    )
    span.selectbox("For how long", tuple(SPANS), index=1, key="demo-fault-span", label_visibility="collapsed")
    shown = matching(rows, session.text_of("demo-fault-filter"))
    with st.container(height=400, border=True, key="demo-faults"):
        if not shown:
            st.html('<div class="desk-line" data-testid="faults-none">no fault has these words</div>')
        for group, members in grouped(shown):
            st.html(heading(group, len(members)))
            for row in members:
                _switch_row(row)


def _switch_row(row: FaultRow) -> None:
    press, words = st.columns([1, 5], gap="small", vertical_alignment="center")
    press.button(
        "On" if row.lasting else "Do it",
        key=f"demo-switch-{row.name}",
        on_click=_on,
        args=(row.name, row.lasting),
        width="stretch",
    )
    words.html(line(row))


def _rows() -> Sequence[FaultRow] | None:
    """Every fault of the exchange; None, said on screen, where it does not answer."""
    client = showing.control()
    if client is None:
        return None
    try:
        return client.faults()
    except VenueError as error:
        st.html(f'<div class="desk-line desk-said-refused">{fmt.escape_html(str(error))}</div>')
        return None


def matching(rows: Sequence[FaultRow], words: str) -> list[FaultRow]:
    """Faults in whose name, group or sentence every word occurs."""
    wanted = words.lower().split()
    return [
        row
        for row in rows
        if all(word in f"{_name(row.name)} {row.group} {row.sentence}".lower() for word in wanted)
    ]


def grouped(rows: Sequence[FaultRow]) -> Iterator[tuple[str, list[FaultRow]]]:
    """Groups in the exchange's own order, one that is not known last; names in the alphabet's."""

    def place(row: FaultRow) -> tuple[int, str]:
        return (_GROUPS.index(row.group) if row.group in _GROUPS else len(_GROUPS), row.group)

    for _, members in groupby(sorted(rows, key=lambda row: (*place(row), row.name)), key=place):
        held = list(members)
        yield held[0].group, held


def heading(group: str, count: int) -> str:
    """A group's heading as HTML."""
    name = fmt.escape_html(group.capitalize() or "Others")
    return (
        f'<div class="desk-fault-group" data-testid="fault-group-{fmt.escape_html(group)}">{name} '
        f'<span class="desk-soft">{count}</span></div>'
    )


def line(row: FaultRow) -> str:
    """A fault in words as HTML, with its parameters; outside words are escaped."""
    parameters = ", ".join(f"{name} {value}" for name, value in row.parameters.items())
    extra = f' <span class="desk-soft">({fmt.escape_html(parameters)})</span>' if parameters else ""
    sentence = fmt.escape_html(row.sentence.replace("``", ""))
    return (
        f'<div class="desk-line desk-fault" data-testid="fault-{fmt.escape_html(row.name)}">'
        f"<b>{fmt.escape_html(_name(row.name))}</b>: {sentence}{extra}</div>"
    )


def on_line(row: FaultRow) -> str:
    """A fault that is on as HTML: its name, how often it struck and the time left."""
    name = fmt.escape_html(row.name)
    struck = "has not struck yet" if not row.hits else f"struck {row.hits} time{'s' * (row.hits > 1)}"
    return (
        f'<div class="desk-line desk-fault desk-fault-on" data-testid="fault-on-{name}" '
        f'title="{fmt.escape_html(row.sentence)}"><b>{fmt.escape_html(_name(row.name))}</b> '
        f'<span class="desk-soft">{struck}</span>{_left(row.left_seconds)}</div>'
    )


def _left(seconds: float | None) -> str:
    """The time left, counted down by the page; or that there is no end."""
    if seconds is None:
        return f'<span class="desk-soft desk-fault-left">{ENDLESS}</span>'
    now = clock.utc_now()
    start, end = fmt.milliseconds(now), fmt.milliseconds(now + timedelta(seconds=seconds))
    return (
        f'<span class="desk-countdown desk-fault-left" data-desk-from="{start}" data-desk-until="{end}">'
        f"{fmt.duration(timedelta(seconds=seconds))} left</span>"
    )


def _name(name: str) -> str:
    return name.replace("_", " ")


def _clear(client: ControlClient) -> object:
    return client.clear_faults()


def _off(name: str) -> None:
    showing.do(f"fault {_name(name)} off", lambda client: client.clear_fault(name))


def _on(name: str, lasting: bool) -> None:  # noqa: FBT001 - a callback carries what the screen showed
    if not lasting:
        showing.do(f"fault {_name(name)}", lambda client: client.set_fault(name))
        return
    span = session.text_of("demo-fault-span") or ENDLESS
    seconds = SPANS.get(span, 0.0)
    showing.do(f"fault {_name(name)} on, {span}", lambda client: client.set_fault(name, for_seconds=seconds))
