"""Delta against spot: now, at expiry, after the waiting ticket, with the present spot and the band."""

from components import format as fmt
from components.payload import Chart, Json, axis, base_layout
from hedging.model.view import UnderlyingView


def figure(each: UnderlyingView, convention: str = "") -> Chart:
    """The delta profile of one underlying; ``convention`` says which delta it is."""
    name, profile = each.underlying, each.profile
    title, unit = f"{name} delta against spot", f"{name}, {convention}" if convention else name
    if profile is None or each.exposure is None:
        return Chart(title=title, unit=unit, empty="unknown until every position is valued")
    traces = [
        _line(profile.spots, profile.delta_now, "now", {"color": "@long", "width": 2.5}),
        _line(
            profile.spots,
            profile.delta_at_expiry,
            "at expiry",
            {"color": "@soft", "width": 1.3, "dash": "dot"},
        ),
    ]
    if profile.delta_after_ticket is not None:
        line = {"color": "@third", "width": 2, "dash": "dash"}
        traces.append(_line(profile.spots, profile.delta_after_ticket, "after the ticket", line))
    traces.append(_here(each.exposure.index, each.exposure.delta, name))
    return Chart(title=title, unit=unit, data=tuple(traces), layout=_layout(each))


def _line(xs: tuple[float, ...], ys: tuple[float, ...], label: str, line: Json) -> Json:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label,
        "line": line,
        "x": [_brief(x) for x in xs],
        "y": [_brief(y) for y in ys],
        "hovertemplate": "%{y:+.3f}",
    }


def _brief(number: float) -> float:
    return float(f"{number:.6g}")


def _here(index: float, delta: float, name: str) -> Json:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "here",
        "x": [index],
        "y": [delta],
        "showlegend": False,
        "marker": {"size": 9, "color": "@text", "line": {"color": "@ground", "width": 2}},
        "hovertemplate": f"here {fmt.coin(delta)} {name}<extra></extra>",
    }


def _layout(each: UnderlyingView) -> Json:
    shapes: list[Json] = []
    if each.exposure is not None:
        shapes.append(
            {
                "type": "line",
                "x0": each.exposure.index,
                "x1": each.exposure.index,
                "y0": 0,
                "y1": 1,
                "yref": "paper",
                "line": {"color": "@faint", "width": 1, "dash": "dot"},
            }
        )
    if each.drift is not None:
        shapes.append(band_shape(each.drift.band.lower, each.drift.band.upper))
    return base_layout(
        f"profile-{each.underlying}",
        xaxis=axis("spot, USD", tickformat=",.0f", nticks=7, zeroline=False),
        yaxis=axis(each.underlying, zeroline=True),
        shapes=shapes,
    )


def band_shape(lower: float, upper: float) -> Json:
    """The band as a shaded strip across the whole chart."""
    return {
        "type": "rect",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": lower,
        "y1": upper,
        "layer": "below",
        "fillcolor": "@band",
        "line": {"width": 1, "color": "@line"},
    }
