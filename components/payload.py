"""What goes to the browser: figures written out, with the raw number, the unit and what colour means."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.theme import Tone

Json = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One figure: ``text`` as shown, ``value`` raw in ``unit``, ``note`` on hover."""

    id: str
    label: str
    text: str
    value: float | None = None
    unit: str = ""
    tone: Tone = Tone.PLAIN
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A table's column; numbers are right-aligned and sort by their raw value."""

    id: str
    label: str
    unit: str = ""
    number: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: text as shown, the raw value it sorts and exports by, tone and hover."""

    text: str
    value: float | str | None = None
    tone: Tone = Tone.PLAIN
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row with a stable id; ``group`` is what the table can be narrowed to."""

    id: str
    cells: tuple[Cell, ...]
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table with what it says when it has no rows; ``caption`` stands beside its title."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    caption: str = ""
    foot: str = ""
    foot_tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A Plotly figure whose colours are tokens; ``empty`` replaces it when there is nothing to draw."""

    title: str
    unit: str
    data: tuple[Json, ...] = ()
    layout: Json = field(default_factory=dict)
    empty: str = ""


def axis(title: str, **more: object) -> Json:
    """An axis in the desk's style."""
    return {
        "title": {"text": title, "font": {"size": 11, "color": "@soft"}, "standoff": 6},
        "gridcolor": "@grid",
        "linecolor": "@line",
        "zerolinecolor": "@faint",
        "tickfont": {"size": 11, "color": "@soft"},
        "automargin": True,
        **more,
    }


def base_layout(revision: str, **more: object) -> Json:
    """A layout in the desk's style; ``revision`` stays equal for as long as a zoom should."""
    return {
        "uirevision": revision,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 46, "r": 12, "t": 6, "b": 34},
        "font": {"color": "@text", "size": 12, "family": "Source Sans, sans-serif"},
        "hovermode": "x unified",
        "hoverlabel": {"bgcolor": "@raised", "bordercolor": "@line", "font": {"color": "@text", "size": 12}},
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom", "font": {"size": 11}},
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": "@faint", "activecolor": "@text"},
        "showlegend": True,
        **more,
    }
