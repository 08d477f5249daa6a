"""Limits & settings: what is allowed, who said so, and what would another choice do?"""

import streamlit as st

from components import terms_form, terms_history, terms_waiting, topics
from components.board import Widget, WidgetKind, show
from components.guard import refuse_alone

BARS = (Widget(id="limits", kind=WidgetKind.BARS, topic=topics.LIMITS, title="Limits and bands"),)
CHECKS = (Widget(id="checks", kind=WidgetKind.CHECKS, topic=topics.CHECKS, title="Controls"),)
TERMS = (Widget(id="terms", kind=WidgetKind.TABLE, topic=topics.TERMS, title="Terms", plain=True),)
SMILE = (
    Widget(id="smile", kind=WidgetKind.CHART, topic=topics.SMILE, tabs=True),
    Widget(
        id="rules",
        kind=WidgetKind.TABLE,
        topic=topics.SMILE_RULES,
        title="Hedge under each smile rule",
        plain=True,
    ),
    Widget(
        id="slices", kind=WidgetKind.TABLE, topic=topics.SMILE_SLICES, title="Fit of each expiry", plain=True
    ),
)


def render() -> None:
    """Use of limits, terms in force and checks, live; proposing and deciding natively; smiles, history."""
    left, right = st.columns([1.5, 1], gap="small")
    with left:
        show("limits", BARS)
    with right:
        show("terms", TERMS)
        terms_waiting.waiting()
    show("checks", CHECKS)
    terms_form.propose()
    show("smile", SMILE)
    terms_history.history()


refuse_alone(__name__)
