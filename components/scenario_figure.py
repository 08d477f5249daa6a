"""The scenario grid as a heat-map: one figure of one book over spot and volatility, numbers in the cells."""

import numpy as np
from numpy.typing import NDArray

from components import format as fmt
from components.payload import Chart, Json, axis, base_layout
from components.scenario_answer import Answer, difference
from components.scenario_choice import SHIFT_WORDS, Show, Side, Unit
from hedging.risk.scenario import Surface, VolShift, WorstCell

FloatArray = NDArray[np.float64]
BRIGHT = 0.6  # of the largest figure: from there on a cell's colour is light


def figure(answer: Answer, show: Show, unit: Unit, side: Side) -> Chart:
    """The heat-map of one figure; where no hedge is asked for, a side that needs one says so."""
    book = {Side.BEFORE: answer.before_words, Side.DIFFERENCE: "what the hedge changes"}.get(side, side.value)
    title = f"{answer.live.underlying} {_figure_words(show)}, {book}"
    surface = side_of(answer, side)
    if surface is None:
        return Chart(title=title, unit="", empty=answer.hedge.words)
    values, unit_words = values_of(surface, show, unit)
    grid = values[0]
    reach = _reach(grid)
    return Chart(
        title=title,
        unit=unit_words,
        data=(_heat(surface, grid, f"{show.value} {{}} {unit_words}"), _labels(surface, grid, reach)),
        layout=_layout(surface, side, show, _worst(answer, show, side)),
    )


def slice_figure(answer: Answer, show: Show, unit: Unit) -> Chart:
    """The same figure against spot alone, volatility unchanged: as it is, and after the hedge."""
    name = answer.live.underlying
    title = f"{name} {_figure_words(show)} against spot"
    before, unit_words = values_of(answer.before.surface, show, unit)
    place = answer.before.surface.shocks.vols.index(0.0)
    spots = [float(f"{spot:.7g}") for spot in answer.before.surface.spots]
    lines = [_line(spots, before[0, place], answer.before_words, {"color": "@long", "width": 2.4})]
    if answer.after is not None:
        after, _ = values_of(answer.after.surface, show, unit)
        dashed = {"color": "@third", "width": 2, "dash": "dash"}
        lines.append(_line(spots, after[0, place], "after the hedge", dashed))
    here: Json = {
        "type": "line",
        "x0": answer.live.index,
        "x1": answer.live.index,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": "@faint", "width": 1, "dash": "dot"},
    }
    layout = base_layout(
        f"slice-{name}-{show.value}-{unit.value}",
        xaxis=axis("spot, USD", tickformat=",.0f", nticks=6, zeroline=False),
        yaxis=axis(unit_words, zeroline=True, nticks=6),
        shapes=[here],
    )
    return Chart(title=title, unit="volatility unchanged", data=tuple(lines), layout=layout)


def _line(spots: list[float], values: FloatArray, label: str, line: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label,
        "line": line,
        "x": spots,
        "y": [float(f"{value:.7g}") for value in values],
        "hovertemplate": "%{y:+,.4~g}",
    }


def side_of(answer: Answer, side: Side) -> Surface | None:
    """The surface of one side, None where it needs a hedge that there is not."""
    if side is Side.BEFORE:
        return answer.before.surface
    if answer.after is None:
        return None
    if side is Side.AFTER:
        return answer.after.surface
    return difference(answer.before.surface, answer.after.surface)


def values_of(surface: Surface, show: Show, unit: Unit) -> tuple[FloatArray, str]:
    """A figure in desk units with their name: gamma for 1 %, vega for a volatility point."""
    coin = unit is Unit.COIN
    name = surface.underlying if coin else "USD"
    if show is Show.PNL:
        return (surface.pnl_coin if coin else surface.pnl_usd), name
    if show is Show.DELTA:
        return (surface.delta_coin if coin else surface.delta_usd), name
    if show is Show.GAMMA:
        return (surface.gamma_coin if coin else surface.gamma_usd) / 100, f"{name} / 1 %"
    return (surface.vega_coin if coin else surface.vega_usd) / 100, f"{name} / pt"


def _figure_words(show: Show) -> str:
    return show.value if show is Show.PNL else show.value.lower()


def brief(value: float, reach: float) -> str:
    """A cell's figure with its sign, short, with the digits that matter beside the largest one.

    >>> brief(-1_463_210.0, 2e6), brief(-25_400.0, 2e6), brief(0.0, 2e6), brief(-0.0312, 0.5)
    ('−1.46 M', '−25 k', '0', '−0.031')
    >>> brief(3.0, 2e6)
    '+3'
    """
    if value == 0:
        return "0"
    size = abs(value)
    for bound, unit in ((1e6, "M"), (1e3, "k")):
        if size >= bound and reach >= 10_000:
            scaled = value / bound
            digits = 2 if unit == "M" and abs(scaled) < 10 else 1 if unit == "M" or abs(scaled) < 10 else 0
            return f"{fmt.signed(scaled, digits)} {unit}"
    digits = 0 if reach >= 1000 else 1 if reach >= 20 else 2 if reach >= 1 else 3
    return fmt.signed(value, digits)


def spot_label(move: float, index: float) -> str:
    """A column of the grid: the relative move and the spot it leads to."""
    words = "now" if move == 0 else f"{fmt.signed(100 * move, _digits(100 * move))} %"
    return f"{words}<br>{index * (1 + move):,.0f}"


def vol_label(shift: float, kind: VolShift) -> str:
    """A row of the grid: the volatility's shift."""
    if shift == 0:
        return "now"
    unit = "%" if kind is VolShift.RELATIVE else "pts"
    return f"{fmt.signed(100 * shift, _digits(100 * shift))} {unit}"


def _digits(value: float) -> int:
    return next((digits for digits in (0, 1, 2) if abs(value - round(value, digits)) < 1e-9), 3)


def _reach(grid: FloatArray) -> float:
    return float(np.abs(grid).max()) or 1.0


def _labels(surface: Surface, grid: FloatArray, reach: float) -> Json:
    """The numbers in the cells: dark ink where the cell is bright."""
    columns, rows = _axes(surface)
    return {
        "type": "scatter",
        "mode": "text",
        "x": columns * len(rows),
        "y": [row for row in rows for _ in columns],
        "text": [brief(float(value), reach) for value in grid.flat],
        "textfont": {
            "size": 11.5,
            "color": ["@heat_ink" if abs(value) > BRIGHT * reach else "@text" for value in grid.flat],
        },
        "hoverinfo": "skip",
    }


def _axes(surface: Surface) -> tuple[list[str], list[str]]:
    shocks = surface.shocks
    columns = [spot_label(move, surface.index) for move in shocks.spots]
    return columns, [vol_label(shift, shocks.vol_shift) for shift in shocks.vols]


def _heat(surface: Surface, grid: FloatArray, words: str) -> Json:
    shocks = surface.shocks
    columns, rows = _axes(surface)
    reach = _reach(grid)
    return {
        "type": "heatmap",
        "name": words.split(" ", 1)[0],
        "x": columns,
        "y": rows,
        "z": [[float(f"{value:.8g}") for value in row] for row in grid],
        "hovertext": [
            [
                f"{_spot_words(move, surface)}<br>{_vol_words(shift, shocks.vol_shift)}<br>"
                f"<b>{words.format(exact(float(value)))}</b>"
                for move, value in zip(shocks.spots, row, strict=True)
            ]
            for shift, row in zip(shocks.vols, grid, strict=True)
        ],
        "hoverinfo": "text",
        "zmin": -reach,
        "zmax": reach,
        "xgap": 1,
        "ygap": 1,
        "showscale": False,
        "colorscale": [[0, "@heat_short"], [0.5, "@heat_mid"], [1, "@heat_long"]],
    }


def exact(value: float) -> str:
    """A figure with every digit that means something.

    >>> exact(-1463210.4), exact(0.031249)
    ('−1,463,210', '+0.03125')
    """
    size = abs(value)
    return fmt.signed(value, 0 if size >= 100_000 else 1 if size >= 1000 else 3 if size >= 1 else 5)


def _spot_words(move: float, surface: Surface) -> str:
    at = f"{surface.index * (1 + move):,.0f} USD"
    if move == 0:
        return f"{surface.underlying} unchanged at {at}"
    return f"{surface.underlying} {fmt.signed(100 * move, _digits(100 * move))} % to {at}"


def _vol_words(shift: float, kind: VolShift) -> str:
    if shift == 0:
        return "volatility unchanged"
    return f"volatility {fmt.signed(100 * shift, _digits(100 * shift))} {SHIFT_WORDS[kind]}"


def _worst(answer: Answer, show: Show, side: Side) -> WorstCell | None:
    """The cell that the sentence above names, where this grid shows it."""
    grid = {Side.BEFORE: answer.before, Side.AFTER: answer.after}.get(side)
    return grid.worst if grid is not None and show is Show.PNL else None


def _layout(surface: Surface, side: Side, show: Show, worst: WorstCell | None) -> Json:
    shocks = surface.shocks
    shapes = [_frame(shocks.spots.index(0.0), shocks.vols.index(0.0), "@text", "dot")]
    if worst is not None:
        shapes.append(_frame(shocks.spots.index(worst.spot), shocks.vols.index(worst.vol), "@text", "solid"))
    return base_layout(
        f"scenario-{surface.underlying}-{show.value}-{side.value}",
        hovermode="closest",
        showlegend=False,
        xaxis=axis("", type="category", showgrid=False, tickangle=0, range=_whole(len(shocks.spots))),
        yaxis=axis("implied volatility", type="category", showgrid=False, range=_whole(len(shocks.vols))),
        shapes=shapes,
        margin={"l": 62, "r": 8, "t": 4, "b": 38},
    )


def _whole(count: int) -> list[float]:
    """Range of an axis that shows all of its categories and nothing beside them."""
    return [-0.5, count - 0.5]


def _frame(column: int, row: int, colour: str, dash: str) -> Json:
    """An outline of one cell: unchanged (dotted), worst (solid)."""
    return {
        "type": "rect",
        "x0": column - 0.5,
        "x1": column + 0.5,
        "y0": row - 0.5,
        "y1": row + 0.5,
        "line": {"color": colour, "width": 2, "dash": dash},
    }
