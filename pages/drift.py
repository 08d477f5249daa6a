"""Drift: how far from target, and how did it get there?"""

from components import topics
from components.board import Widget, WidgetKind, show
from components.guard import refuse_alone

WIDGETS = (
    Widget(id="delta", kind=WidgetKind.CHART, topic=topics.DRIFT, tabs=True),
    Widget(id="ratio", kind=WidgetKind.CHART, topic=topics.RATIO),
    Widget(id="limits", kind=WidgetKind.BARS, topic=topics.LIMITS, title="Limits and bands"),
)


def render() -> None:
    """Mount the board; everything on it is live."""
    show("drift", WIDGETS)


refuse_alone(__name__)
