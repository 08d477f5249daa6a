"""Demo: show me. Shocks, a trade by hand and faults; only where there is a paper exchange."""

import streamlit as st

from components import fault_switches, showing, topics
from components.board import Widget, WidgetKind, show
from components.guard import refuse_alone
from hedging.desk import DOORWAY

WIDGETS = (
    Widget(id="tiles", kind=WidgetKind.TILES, topic=topics.TILES),
    Widget(id="delta", kind=WidgetKind.CHART, topic=topics.DRIFT, tabs=True),
    Widget(
        id="orders",
        kind=WidgetKind.TABLE,
        topic=topics.ORDERS,
        title="Orders, working and recent",
        plain=True,
    ),
)


def render() -> None:
    """Switches on the left; on the right what the book makes of them."""
    desk = DOORWAY.standing.desk
    left, right = st.columns([1, 2.2], gap="small")
    with right:
        show("demo", WIDGETS)
    with left:
        showing.shocks()
        showing.said()
        showing.trade(desk.read() if desk else None)
        fault_switches.show()


refuse_alone(__name__)
