"""Tickets: what should be done, and who decides?"""

import streamlit as st

from components import automatic, deciding, topics
from components.board import Widget, WidgetKind, show
from components.guard import refuse_alone

ORDERS = (
    Widget(
        id="orders",
        kind=WidgetKind.TABLE,
        topic=topics.ORDERS,
        title="Orders, working and recent",
        plain=True,
    ),
    Widget(id="delta", kind=WidgetKind.CHART, topic=topics.DRIFT, tabs=True),
)
PAST = (Widget(id="past", kind=WidgetKind.TABLE, topic=topics.PAST, title="Past tickets"),)


def render() -> None:
    """Waiting cards and the automatic panel as native buttons; orders and the past live by the socket."""
    left, right = st.columns([3.2, 1], gap="small")
    with left:
        deciding.waiting()
        show("orders", ORDERS)
        show("past", PAST)
    with right:
        automatic.show()


refuse_alone(__name__)
