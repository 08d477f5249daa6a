"""How far from target, and how did it get there: delta and hedge ratio through time, hedges marked."""

from collections.abc import Sequence
from datetime import datetime

from components import format as fmt
from components.payload import Chart, Json, axis, base_layout
from hedging.model.trading import Ticket, TicketState
from hedging.model.view import ExposureSample

POINTS = 900
HEDGED = frozenset({TicketState.EXECUTING, TicketState.DONE, TicketState.FAILED})


def thin(samples: Sequence[ExposureSample], most: int = POINTS) -> tuple[ExposureSample, ...]:
    """Every n-th sample and always the last, so that a chart stays under ``most`` points."""
    if len(samples) <= most:
        return tuple(samples)
    step = -(-len(samples) // most)
    kept = list(samples[::step])
    if kept[-1] is not samples[-1]:
        kept.append(samples[-1])
    return tuple(kept)


def delta(
    underlying: str, samples: Sequence[ExposureSample], tickets: Sequence[Ticket], convention: str = ""
) -> Chart:
    """Delta through time with its band; each hedge is a marker with its ticket."""
    title = f"{underlying} delta and its band"
    if not samples:
        return Chart(
            title=title, unit=underlying, empty="no history yet: the first point comes with the next cycle"
        )
    shown = thin(samples)
    times = [_time(each.at) for each in shown]
    band = {"width": 1, "color": "@faint", "shape": "hv"}
    traces: list[Json] = [
        _series(times, [_brief(each.band_lower) for each in shown], "band, lower", band),
        _series(times, [_brief(each.band_upper) for each in shown], "band, upper", band)
        | {"fill": "tonexty", "fillcolor": "@band"},
        _series(times, [_brief(each.delta) for each in shown], "delta", {"width": 2.2, "color": "@long"}),
    ]
    marks = hedges(underlying, shown, tickets)
    if marks is not None:
        traces.append(marks)
    layout = base_layout(
        f"drift-{underlying}",
        xaxis=axis("", type="date", zeroline=False),
        yaxis=axis(underlying, zeroline=True),
    )
    which = f"{underlying}, {convention}" if convention else underlying
    return Chart(title=title, unit=f"{which}; times in UTC", data=tuple(traces), layout=layout)


def ratio(underlying: str, samples: Sequence[ExposureSample]) -> Chart:
    """Hedge ratio held and wanted through time."""
    title = f"{underlying} hedge ratio, held and wanted"
    if not any(each.ratio_held is not None for each in samples):
        return Chart(
            title=title, unit="ratio", empty="no hedge ratio yet: the primary delta is not known or too small"
        )
    shown = thin(samples)
    times = [_time(each.at) for each in shown]
    traces = (
        _series(times, [_brief(e.ratio_held) for e in shown], "held", {"width": 2.2, "color": "@long"}),
        _series(
            times,
            [_brief(e.ratio_wanted) for e in shown],
            "wanted",
            {"width": 1.6, "color": "@third", "dash": "dash"},
        ),
    )
    layout = base_layout(
        f"ratio-{underlying}",
        xaxis=axis("", type="date", zeroline=False),
        yaxis=axis("ratio", zeroline=False),
    )
    return Chart(title=title, unit="ratio", data=traces, layout=layout)


def hedges(underlying: str, samples: Sequence[ExposureSample], tickets: Sequence[Ticket]) -> Json | None:
    """Markers of this underlying's hedges inside the window, at the delta that held then; or None."""
    first = samples[0].at
    done = [
        ticket
        for ticket in tickets
        if ticket.underlying == underlying
        and not ticket.shadow
        and ticket.state in HEDGED
        and _decided(ticket) >= first
    ]
    if not done:
        return None
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "hedge",
        "x": [_time(_decided(ticket)) for ticket in done],
        "y": [_brief(ticket.delta_before) for ticket in done],
        "text": [f"{ticket.id}: {ticket.sentence}"[:160].replace("<", "‹") for ticket in done],
        "marker": {
            "size": 11,
            "symbol": "triangle-down",
            "color": "@third",
            "line": {"width": 1.5, "color": "@ground"},
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _decided(ticket: Ticket) -> datetime:
    return ticket.decided_at or ticket.created_at


def _series(times: Sequence[str], values: Sequence[float | None], name: str, line: Json) -> dict[str, object]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": times,
        "y": values,
        "line": line,
        "connectgaps": False,
        "showlegend": not name.startswith("band"),
        "hovertemplate": "%{y:.3f}",
    }


def _time(at: datetime) -> str:
    return fmt.chart_time(at)


def _brief(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
