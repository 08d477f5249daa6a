"""Automatic hedging: what it is, how far its shadow time and caps are used, why not, and its positions."""

import math

import streamlit as st

from components import asking, board, session
from components import format as fmt
from components.strip import mark
from hedging.desk import DOORWAY, Person, Wish, permission
from hedging.model.trading import AutoMode, AutoSetting, CommandKind
from hedging.model.view import View
from hedging.workflow.terms import same_person

POLL_SECONDS = 2.0
AUTO = frozenset({CommandKind.AUTO_ARM, CommandKind.AUTO_OFF, CommandKind.AUTO_SHADOW})


@st.fragment(run_every=POLL_SECONDS)
def show() -> None:
    """The panel: words and bars, then the three positions as native buttons."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("auto", mark(view) if view else "", None)
    with st.container(border=True, key="auto-panel"):
        if desk is None or view is None:
            st.html('<div class="desk-line">automatic mode is off until an engine runs</div>')
            return
        st.html(panel(view))
        _positions(session.person(view.mode), view.auto)
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
    rows += _caps(auto) if auto.mode is AutoMode.ARMED else [_shadow(view)]
    if auto.ended_because:
        rows.append(f'<span class="desk-near">ended: {fmt.escape_html(auto.ended_because)}</span>')
    if auto.tripped_by_use:
        rows.append(
            f'<span class="desk-near" data-testid="auto-tripped">{fmt.escape_html(_another(auto))}</span>'
        )
    return f'<div class="desk-auto">{"".join(rows)}{_refusals(view)}</div>'


def _mode_words(auto: AutoSetting) -> str:
    return {
        AutoMode.OFF: "A person approves every hedge.",
        AutoMode.SHADOW: "It decides and records, and never sends.",
        AutoMode.ARMED: "It approves by itself, inside these caps.",
    }[auto.mode]


def _caps(auto: AutoSetting) -> list[str]:
    """What is used of each cap, as bars, and the time that is left."""
    orders = f'<b data-testid="auto-orders">{auto.orders_used} of {auto.max_orders}</b> orders used'
    turnover = (
        f'<b data-testid="auto-turnover">{fmt.plain(auto.turnover_used_usd, 0)} of '
        f"{fmt.plain(auto.max_turnover_usd, 0)}</b> USD turnover used"
    )
    return [
        _bar(orders, auto.orders_used, auto.max_orders),
        _bar(turnover, auto.turnover_used_usd, auto.max_turnover_usd),
        _countdown(auto),
    ]


def _shadow(view: View) -> str:
    """Shadow time seen of what arming takes; what it takes is not known before the engine says so."""
    seen, needed = view.auto.shadow_seconds_seen, view.shadow_seconds_needed
    if needed is None:
        return (
            f'<span data-testid="auto-shadow-seen">{_minutes(seen)} min seen in shadow; '
            "how much arming takes is not known yet</span>"
        )
    if needed <= 0:
        said = f"{_minutes(seen)} min seen in shadow; arming takes none"
        return f'<span data-testid="auto-shadow-seen">{said}</span>'
    words = f'<b data-testid="auto-shadow-seen">{_minutes(seen)} of {_minutes(needed)} min</b> seen in shadow'
    enough = "" if seen >= needed else ", arming takes the rest"
    return _bar(f"{words}{enough}", min(seen, needed), needed)


def _minutes(seconds: float) -> str:
    """Whole minutes, never rounded up: what is not there yet isn't claimed.

    >>> _minutes(3599.0), _minutes(90.0)
    ('59', '1')
    """
    return str(math.floor(seconds / 60))


def _bar(words: str, used: float, most: float) -> str:
    share = min(1.0, used / most) if most > 0 else 1.0
    return (
        f'<span class="desk-auto-bar"><span>{words}</span><i class="desk-bar-track" style="display:block">'
        f'<i class="desk-bar-fill" style="width:{share * 100:.1f}%"></i></i></span>'
    )


def _countdown(auto: AutoSetting) -> str:
    start, end = fmt.milliseconds(auto.set_at), fmt.milliseconds(auto.until)
    if start is None or end is None:
        return ""
    return (
        f'<span class="desk-countdown" style="margin-left:0" '
        f'data-desk-from="{start}" data-desk-until="{end}"></span>'
    )


def _another(auto: AutoSetting) -> str:
    """Why one person may not arm now (C8)."""
    return (
        f"Another person than {auto.tripped_armed_by} must arm it: "
        f"what they armed repeated itself, {auto.tripped_by_use}."
    )


def _refusals(view: View) -> str:
    if not view.auto_refusals:
        return '<span class="desk-good" data-testid="auto-ready">Nothing speaks against it now.</span>'
    items = "".join(f"<li>{fmt.escape_html(reason)}</li>" for reason in view.auto_refusals)
    head = '<span class="desk-near" data-testid="auto-refusals">It would refuse now, because</span>'
    return f"{head}<ul>{items}</ul>"


def _positions(who: Person, auto: AutoSetting) -> None:
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
    same = bool(auto.tripped_by_use) and same_person(auto.tripped_armed_by, who.name)
    with st.container(horizontal=True, key="auto-row"):
        st.button("Off", key="auto-off", on_click=_auto, args=(CommandKind.AUTO_OFF,))
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
            disabled=locked or same,
            help=fmt.escape_markdown(_another(auto)) if same else why,
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
