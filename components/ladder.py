"""Where the delta and the gamma sit: by expiry, and by strike within the expiry."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from components import format as fmt
from components.payload import Chart, Json, axis, base_layout
from hedging.model.view import LadderCell, UnderlyingView


class Greek(StrEnum):
    """Which figure of a ladder cell is drawn."""

    DELTA = "delta"
    GAMMA = "gamma"


def by_expiry(each: UnderlyingView) -> Chart:
    """Delta (bars up) and gamma (second panel) by expiry."""
    name = each.underlying
    title, unit = f"{name} delta and gamma by expiry", f"{name}; {name} / 1 %"
    if not each.ladder:
        return Chart(title=title, unit=unit, empty="no valued position")
    expiries = sorted({cell.expiry for cell in each.ladder}, key=_order)
    labels = [label(expiry) for expiry in expiries]
    delta, gamma = _sums(each.ladder, Greek.DELTA), _sums(each.ladder, Greek.GAMMA)
    traces = (
        bars(labels, [delta[expiry] for expiry in expiries], "delta", "y"),
        bars(labels, [gamma[expiry] for expiry in expiries], "gamma for 1 %", "y2"),
    )
    layout = base_layout(
        f"expiry-{name}",
        showlegend=False,
        xaxis=axis("", type="category", anchor="y2"),
        yaxis=axis("delta", domain=[0.56, 1.0], zeroline=True, nticks=5),
        yaxis2=axis("gamma / 1 %", domain=[0.0, 0.44], zeroline=True, nticks=5),
        bargap=0.35,
    )
    return Chart(title=title, unit=unit, data=traces, layout=layout)


def by_strike(each: UnderlyingView, greek: Greek) -> Chart:
    """Heat-map of one Greek over strike and expiry."""
    name = each.underlying
    unit = name if greek is Greek.DELTA else f"{name} / 1 %"
    title = f"{name} {greek} by strike and expiry"
    cells = [cell for cell in each.ladder if cell.strike is not None]
    if not cells:
        return Chart(title=title, unit=unit, empty="no valued option")
    strikes = sorted({cell.strike for cell in cells if cell.strike is not None})
    expiries = sorted({cell.expiry for cell in cells}, key=_order)
    found: dict[tuple[datetime | None, float | None], float] = defaultdict(float)
    for cell in cells:
        found[cell.expiry, cell.strike] += _figure(cell, greek)
    z = [[found.get((expiry, strike)) for strike in strikes] for expiry in expiries]
    reach = max((abs(value) for row in z for value in row if value is not None), default=1.0) or 1.0
    return Chart(
        title=title,
        unit=unit,
        data=(_heat(strikes, expiries, z, reach, unit),),
        layout=_heat_layout(name, greek),
    )


def _heat(
    strikes: list[float],
    expiries: list[datetime | None],
    z: list[list[float | None]],
    reach: float,
    unit: str,
) -> Json:
    return {
        "type": "heatmap",
        "x": [f"{strike:,.0f}" for strike in strikes],
        "y": [label(expiry) for expiry in expiries],
        "z": [[None if value is None else float(f"{value:.5g}") for value in row] for row in z],
        "text": [["" if value is None else fmt.coin(value) for value in row] for row in z],
        "texttemplate": "%{text}" if len(strikes) <= 12 else "",
        "textfont": {"size": 11},
        "zmin": -reach,
        "zmax": reach,
        "xgap": 2,
        "ygap": 2,
        "showscale": False,
        "colorscale": [[0, "@heat_short"], [0.5, "@heat_mid"], [1, "@heat_long"]],
        "hovertemplate": f"strike %{{x}}, %{{y}}<br>%{{text}} {unit}<extra></extra>",
    }


def _heat_layout(name: str, greek: Greek) -> Json:
    return base_layout(
        f"strike-{name}-{greek}",
        hovermode="closest",
        showlegend=False,
        xaxis=axis("strike, USD", type="category", showgrid=False, nticks=10),
        yaxis=axis("", type="category", showgrid=False),
    )


def bars(labels: list[str], values: list[float], name: str, yaxis: str) -> Json:
    """Signed bars: long plain blue, short orange with hatching."""
    return {
        "type": "bar",
        "x": labels,
        "y": [float(f"{value:.6g}") for value in values],
        "name": name,
        "yaxis": yaxis,
        "marker": {
            "color": ["@long" if value >= 0 else "@short" for value in values],
            "pattern": {
                "shape": ["" if value >= 0 else "/" for value in values],
                "fgcolor": "@ground",
                "size": 6,
                "solidity": 0.35,
            },
        },
        "hovertemplate": "%{y:+.3f}",
    }


def label(expiry: datetime | None) -> str:
    """Expiry on an axis; perpetual and spot have none."""
    return "perp, spot" if expiry is None else fmt.expiry(expiry)


def _order(expiry: datetime | None) -> float:
    return -1.0 if expiry is None else expiry.timestamp()


def _figure(cell: LadderCell, greek: Greek) -> float:
    return cell.delta if greek is Greek.DELTA else cell.gamma_1pct


def _sums(cells: tuple[LadderCell, ...], greek: Greek) -> Mapping[datetime | None, float]:
    sums: dict[datetime | None, float] = defaultdict(float)
    for cell in cells:
        sums[cell.expiry] += _figure(cell, greek)
    return sums
