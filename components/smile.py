"""The smile of an underlying: fitted curves, quoted volatilities, the fit's quality, what a rule moves."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from components import format as fmt
from components.payload import Cell, Chart, Column, Json, Row, Table, axis, base_layout
from components.theme import Tone, tone_of
from hedging.model.smile import DrawnSlice, NoSmile, RuleEffect, SmileSlice, SmileView

NOT_YET = "no smile has been fitted yet: it comes with the first round over the option chain"
DRAWN = 4  # expiries that are drawn unasked; the legend shows the others
LINES = (
    ("@long", "solid", "circle"),
    ("@short", "dash", "diamond"),
    ("@third", "dot", "square"),
    ("@good", "dashdot", "triangle-up"),
    ("@near", "longdash", "x"),
    ("@soft", "longdashdot", "cross"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that is shown of one picture of a smile."""

    chart: Chart
    slices: Table
    rules: Table


class Drawings:
    """Draws each picture once, however many views come while it holds."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[SmileView | None, str, Drawing]] = {}

    def of(self, underlying: str, view: SmileView | None, now: datetime) -> Drawing:
        """The drawing of this very picture, with its age where it is too old."""
        kept, age = self._kept.get(underlying), too_old(view, now)
        if kept is not None and kept[0] is view and kept[1] == age:
            return kept[2]
        chart, fits, hedges = figure(underlying, view), slices(view), rules(view, underlying)
        if age:
            chart = replace(chart, unit=f"{age}; {chart.unit}")
            fits, hedges = (replace(each, caption=f"{age}; {each.caption}") for each in (fits, hedges))
        made = Drawing(chart=chart, slices=fits, rules=hedges)
        self._kept[underlying] = (view, age, made)
        return made


def too_old(view: SmileView | None, now: datetime) -> str:
    """The age of a picture in steps of 10 s once it may not be hedged on any more; empty before."""
    age = (now - view.at).total_seconds() if view else 0.0
    if view is None or age <= view.limits.oldest_seconds:
        return ""
    return f"▲ {fmt.duration(timedelta(seconds=age // 10 * 10))} old"


def figure(underlying: str, view: SmileView | None) -> Chart:
    """Curve and quotes of each expiry against the strike; coin-settled first, then the nearest."""
    title = f"{underlying} smile: fitted SVI curve and quoted volatility"
    if view is None:
        return Chart(title=title, unit="", empty=NOT_YET)
    drawn = sorted(view.slices, key=lambda each: _order(each.slice))
    if not drawn:
        return Chart(title=title, unit="", empty=_why_none(view))
    traces: list[Json] = []
    for number, each in enumerate(drawn):
        traces += _traces(each, LINES[number % len(LINES)], shown=number < DRAWN)
    layout = base_layout(
        f"smile-{underlying}",
        hovermode="closest",
        xaxis=axis("strike, USD", tickformat=",.0f", nticks=9, zeroline=False),
        yaxis=axis("volatility, %", zeroline=False),
    )
    unit = f"% against strike in USD; fitted at {fmt.clock_time(view.at)} UTC"
    return Chart(title=title, unit=unit, data=tuple(traces), layout=layout)


def _order(found: SmileSlice) -> tuple[bool, datetime]:
    return found.settlement_currency != found.underlying, found.expiry


def _why_none(view: SmileView) -> str:
    reasons = [f"{fmt.expiry(each.expiry)}: {each.reason}" for each in view.without[:3]]
    return view.trouble or "; ".join(reasons) or NOT_YET


def _traces(each: DrawnSlice, style: tuple[str, str, str], *, shown: bool) -> list[Json]:
    colour, dash, symbol = style
    name = label(each.slice.expiry, each.slice.settlement_currency, each.slice.underlying)
    forward = each.slice.forward
    line: Json = {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "legendgroup": name,
        "visible": True if shown else "legendonly",
        "line": {"color": colour, "width": 2, "dash": dash},
        "x": [strike(forward, k) for k in each.curve_k],
        "y": [_percent(vol) for vol in each.curve_vol],
        "hovertemplate": f"{name} curve: %{{y:.2f}} % at %{{x:,.0f}}<extra></extra>",
    }
    heaviest = max(each.quote_weight, default=1.0) or 1.0
    quotes: Json = {
        "type": "scatter",
        "mode": "markers",
        "name": f"{name} quotes",
        "legendgroup": name,
        "visible": True if shown else "legendonly",
        "showlegend": False,
        "marker": {
            "color": colour,
            "symbol": symbol,
            "size": [round(4 + 5 * (weight / heaviest) ** 0.5, 1) for weight in each.quote_weight],
            "line": {"width": 1, "color": "@ground"},
        },
        "x": [strike(forward, k) for k in each.quote_k],
        "y": [_percent(vol) for vol in each.quote_vol],
        "hovertemplate": f"{name} quoted: %{{y:.2f}} % at %{{x:,.0f}}<extra></extra>",
    }
    return [line, quotes]


def label(expiry: datetime, currency: str, underlying: str) -> str:
    """An expiry's name; with the currency where it is not settled in the coin."""
    return fmt.expiry(expiry) if currency == underlying else f"{fmt.expiry(expiry)} {currency}"


def strike(forward: float, k: float) -> float:
    """Strike in USD of a log-moneyness.

    >>> strike(100_000.0, 0.0)
    100000.0
    """
    return float(f"{forward * math.exp(k):.6g}")


def _percent(vol: float) -> float:
    return float(f"{vol * 100:.5g}")


SLICE_COLUMNS = (
    Column(id="expiry", label="Expiry"),
    Column(id="error", label="Fit error", unit="vol pt", number=True),
    Column(id="quotes", label="Quotes", number=True),
    Column(id="left_out", label="Left out", number=True),
    Column(id="range", label="Strikes", unit="USD", number=True),
    Column(id="words", label="Riskless profit found, or why there is no fit", wide=True),
)


def slices(view: SmileView | None) -> Table:
    """How good the fit of each expiry is; an expiry without one has its reason."""
    if view is None:
        return Table(columns=SLICE_COLUMNS, rows=(), empty=NOT_YET)
    rows = [(each.slice.expiry, _fitted(each, view)) for each in view.slices]
    rows += [(each.expiry, _refused(each)) for each in view.without]
    ordered = tuple(row for _, row in sorted(rows, key=_when))
    return Table(
        columns=SLICE_COLUMNS,
        rows=ordered,
        empty=_why_none(view),
        caption=_allowed(view),
        foot=view.trouble,
    )


def _allowed(view: SmileView) -> str:
    error = fmt.plain(view.limits.worst_error_vol * 100, 2)
    return (
        f"{view.underlying}; allowed: error {error} vol pt, age {view.limits.oldest_seconds:g} s; "
        f"at {fmt.clock_time(view.at)} UTC"
    )


def _when(row: tuple[datetime, Row]) -> datetime:
    return row[0]


def _fitted(each: DrawnSlice, view: SmileView) -> Row:
    found = each.slice
    poor = found.error_vol > view.limits.worst_error_vol
    words = "; ".join(each.words) or "none: no butterfly, no calendar spread"
    low, high = strike(found.forward, found.lowest_k), strike(found.forward, found.highest_k)
    cells = (
        Cell(label(found.expiry, found.settlement_currency, found.underlying), found.expiry.timestamp()),
        Cell(fmt.plain(found.error_vol * 100, 2), found.error_vol * 100, Tone.NEAR if poor else Tone.PLAIN,
             "root mean square, weighted by vega"),
        Cell(str(found.quotes), float(found.quotes)),
        Cell(str(found.left_out), float(found.left_out), note="no two-sided market, or no volatility in it"),
        Cell(f"{fmt.plain(low, 0)} … {fmt.plain(high, 0)}", low),
        Cell(words, words, Tone.NEAR if each.words else Tone.GOOD),
    )  # fmt: skip
    return Row(id=f"{found.venue}:{found.settlement_currency}:{found.expiry.isoformat()}", cells=cells)


def _refused(each: NoSmile) -> Row:
    unknown = Cell(fmt.UNKNOWN, None, Tone.UNKNOWN)
    words = f"no fit: {each.reason}"
    cells = (
        Cell(label(each.expiry, each.settlement_currency, each.underlying), each.expiry.timestamp()),
        unknown, unknown, unknown, unknown, Cell(words, words, Tone.UNKNOWN),
    )  # fmt: skip
    return Row(id=f"{each.venue}:{each.settlement_currency}:{each.expiry.isoformat()}", cells=cells)


def rules(view: SmileView | None, underlying: str) -> Table:
    """The book under each smile rule: delta, the hedge it asks for, what the choice moves in contracts."""
    columns = _rule_columns(underlying, view.amount_label if view else "")
    if view is None:
        return Table(columns=columns, rows=(), empty=NOT_YET)
    return Table(
        columns=columns,
        rows=tuple(_rule(each) for each in view.effects),
        empty=view.trouble or "no hedge can be compared yet",
        caption=f"hedged with {view.hedge_instrument}; at {fmt.clock_time(view.at)} UTC",
        foot=". ".join(f"{each.rule}: {each.refused}" for each in view.effects if each.refused),
    )


def _rule_columns(underlying: str, amount_unit: str) -> tuple[Column, ...]:
    return (
        Column(id="rule", label="Smile rule"),
        Column(id="delta", label="Delta", unit=underlying, number=True),
        Column(id="hedge", label="Hedge", unit=underlying, number=True),
        Column(id="amount", label="Order", unit=amount_unit, number=True),
        Column(id="effect", label="Moves the order by", unit=amount_unit, number=True),
        Column(id="lots", label="", unit="lots", number=True),
        Column(id="why", label="", wide=True),
    )


def _rule(each: RuleEffect) -> Row:
    name = f"● {each.rule}" if each.chosen else each.rule.value
    tone = Tone.GOOD if each.chosen else Tone.PLAIN
    figures = (
        (each.delta, fmt.coin(each.delta)),
        (each.hedge, "inside" if each.hedge == 0 else fmt.coin(each.hedge)),
        (each.hedge_amount, fmt.signed(each.hedge_amount, 0)),
        (each.effect_amount, fmt.signed(each.effect_amount, 0)),
        (each.effect_lots, fmt.signed(each.effect_lots, 1)),
    )
    cells = tuple(Cell(text, value, tone_of(value)) for value, text in figures)
    why = "refused, see below" if each.refused else each.rule.sentence
    return Row(
        id=each.rule,
        cells=(
            Cell(name, each.rule.value, tone, "in force" if each.chosen else ""),
            *cells,
            Cell(why, why, Tone.UNKNOWN if each.refused else Tone.PLAIN, each.refused),
        ),
    )
