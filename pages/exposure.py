"""Exposure: what am I exposed to now?"""

from components import export, topics
from components.board import Widget, WidgetKind, show
from components.guard import refuse_alone

WIDGETS = (
    Widget(id="tiles", kind=WidgetKind.TILES, topic=topics.TILES),
    Widget(id="profile", kind=WidgetKind.CHART, topic=topics.PROFILE, tabs=True),
    Widget(id="expiry", kind=WidgetKind.CHART, topic=topics.EXPIRY),
    Widget(
        id="strike",
        kind=WidgetKind.CHART,
        topic=topics.STRIKE_DELTA,
        label="delta",
        other=topics.STRIKE_GAMMA,
        other_label="gamma",
    ),
    Widget(
        id="numeraires",
        kind=WidgetKind.TABLE,
        topic=topics.NUMERAIRES,
        title="Numeraires side by side",
        plain=True,
    ),
    Widget(id="positions", kind=WidgetKind.TABLE, topic=topics.POSITIONS, title="Positions"),
    Widget(id="proof", kind=WidgetKind.PROOFS, topic=topics.PROOFS, title="Delta proof"),
    Widget(id="gaps", kind=WidgetKind.TABLE, topic=topics.GAPS, title="What could not be valued", plain=True),
)


def render() -> None:
    """Mount the board; everything on it is live. Below it, the book as files."""
    show("exposure", WIDGETS)
    export.show()


refuse_alone(__name__)
