"""Value at risk and expected shortfall on the Scenarios page: from recorded closes, and by delta-gamma."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np

from components import format as fmt
from components.scenario_answer import Answer
from components.scenario_words import Cell, table
from hedging.errors import BadInput
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.what_if import Close
from hedging.risk.returns import Returns, period_returns, realised_vol
from hedging.risk.value_at_risk import (
    Horizon,
    TailLoss,
    cornish_fisher,
    historical,
    monte_carlo,
    needed_observations,
)

HORIZONS: Mapping[str, int] = {"1 h": 1, "8 h": 8, "1 d": 24, "10 d": 240}
CONFIDENCES = (0.90, 0.95, 0.975, 0.99)
HOURS_PER_DAY = 24
DRAWS = 100_000
SEED = 20_261_122  # any: the same draws each time, so that the figure moves with the book alone


class Way(Enum):
    """How the tail is found."""

    HISTORICAL = "Recorded returns"
    DELTA_GAMMA = "Delta-gamma"


@dataclass(frozen=True, slots=True, kw_only=True)
class TailRow:
    """One way for one book: the losses, or why there are none."""

    way: Way
    book: str
    loss: TailLoss | None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """All rows, and what they rest on in words."""

    rows: tuple[TailRow, ...]
    basis: str


def tails(answer: Answer, closes: Sequence[Close], hours: int, confidence: float) -> Tails:
    """Every way for the book as it is and after the hedge; a refusal takes the place of its figure."""
    horizon = Horizon(confidence=confidence, days=hours / HOURS_PER_DAY)
    books: list[tuple[str, Exposure, tuple[PositionExposure, ...]]] = [
        (answer.before_words, answer.book.exposure, answer.book.positions)
    ]
    if answer.hedged is not None:
        books.append(("after the hedge", answer.hedged, answer.hedged_positions))
    try:
        spans = period_returns(closes, hours)
        hourly = period_returns(closes, 1)
    except BadInput as error:
        return Tails(rows=(), basis=str(error))
    rows = [
        _row(way, book, exposure, positions, (spans, hourly, horizon))
        for way in Way
        for book, exposure, positions in books
    ]
    return Tails(rows=tuple(rows), basis=_basis(closes, spans, hourly))


def _row(
    way: Way,
    book: str,
    exposure: Exposure,
    positions: Sequence[PositionExposure],
    data: tuple[Returns, Returns, Horizon],
) -> TailRow:
    spans, hourly, horizon = data
    try:
        if way is Way.HISTORICAL:
            needed = needed_observations(horizon.confidence)
            if len(spans.values) < needed:
                return TailRow(way=way, book=book, loss=None, refused=_too_few(spans, needed))
            return TailRow(way=way, book=book, loss=historical(exposure, positions, spans.values, horizon))
        return TailRow(way=way, book=book, loss=_delta_gamma(exposure, realised_vol(hourly), horizon))
    except BadInput as error:
        return TailRow(way=way, book=book, loss=None, refused=str(error))


def _delta_gamma(exposure: Exposure, vol: float, horizon: Horizon) -> TailLoss:
    """By four cumulants, and by draws where that expansion does not hold."""
    try:
        return cornish_fisher(exposure, vol, horizon)
    except BadInput:
        return monte_carlo(exposure, vol, horizon, DRAWS, np.random.default_rng(SEED))


def _too_few(spans: Returns, needed: int) -> str:
    days = needed * spans.hours / HOURS_PER_DAY
    return (
        f"{len(spans.values)} returns of {_span(spans.hours)} are recorded, {needed} are needed "
        f"({days:,.0f} days): take a shorter horizon or a lower confidence"
    )


def _span(hours: int) -> str:
    return next((words for words, each in HORIZONS.items() if each == hours), f"{hours} h")


def _basis(closes: Sequence[Close], spans: Returns, hourly: Returns) -> str:
    if not closes:
        return "no hourly close is recorded yet: the engine reads them at its start and every hour"
    words = (
        f"{len(closes)} hourly closes of {closes[0].instrument.partition(':')[2]} since "
        f"{closes[0].at:%d %b %H:%M} UTC; {len(spans.values)} returns of {_span(spans.hours)}, "
        "none overlapping"
    )
    if spans.missing:
        words += f"; {spans.missing} hours missing, no return spans them"
    try:
        return f"{words}; realised volatility {fmt.percent(realised_vol(hourly))} a year; implied ones held"
    except BadInput:
        return words


def tail_table(found: Tails, underlying: str) -> str:
    """The rows as HTML; a refusal stands in place of its figures."""
    if not found.rows:
        return f'<div class="desk-line" data-testid="tail-refused">{fmt.escape_html(found.basis)}</div>'
    head = ("", "Value at risk, USD", underlying, "Expected shortfall, USD", underlying)
    rows = [_cells(row) for row in found.rows if row.loss is not None]
    refused = {row.way: row.refused for row in found.rows if row.loss is None}
    body = table(head, rows, "tail") if rows else ""
    lines = "".join(
        f'<div class="desk-refusal" data-testid="tail-refused-{way.name.lower().replace("_", "-")}">'
        f"<b>{way.value}</b>: {fmt.escape_html(why)}</div>"
        for way, why in refused.items()
    )
    return (
        f'{body}{lines}<div class="desk-basis" data-testid="tail-basis">{fmt.escape_html(found.basis)}</div>'
    )


def _cells(row: TailRow) -> list[Cell]:
    loss = row.loss
    if loss is None:
        return []
    name = f"tail-{row.way.name.lower().replace('_', '-')}-{'after' if 'after' in row.book else 'before'}"
    method = f" ({loss.method.value.partition(', ')[2]})" if row.way is Way.DELTA_GAMMA else ""
    figures = (
        ("var-usd", fmt.plain(loss.value_at_risk_usd, 0), loss.value_at_risk_usd),
        ("var-coin", fmt.plain(loss.value_at_risk_coin, 3), loss.value_at_risk_coin),
        ("es-usd", fmt.plain(loss.expected_shortfall_usd, 0), loss.expected_shortfall_usd),
        ("es-coin", fmt.plain(loss.expected_shortfall_coin, 3), loss.expected_shortfall_coin),
    )
    return [
        Cell(text=f"{row.way.value}{method}, {row.book}"),
        *(Cell(text=text, id=f"{name}-{key}", value=value, plain=True) for key, text, value in figures),
    ]
