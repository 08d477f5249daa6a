"""Sentences and tables of the Scenarios page as HTML; every word from outside is escaped."""

from collections.abc import Sequence
from dataclasses import dataclass

from components import format as fmt
from components.scenario_answer import Answer, Grid
from components.scenario_choice import SHIFT_WORDS
from components.theme import tone_of
from hedging.model.exposure import Exposure
from hedging.risk.what_if_book import Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell of a table: its text, the raw number where it is one, its test name; plain: no tone."""

    text: str
    id: str = ""
    value: float | None = None
    plain: bool = False


def table(head: Sequence[str], rows: Sequence[Sequence[Cell]], test_id: str) -> str:
    """A plain table: first column words, the others right-aligned figures."""
    heads = "".join(
        f'<th class="{"n" if place else ""}">{fmt.escape_html(word)}</th>' for place, word in enumerate(head)
    )
    body = "".join(f"<tr>{''.join(_td(cell, place) for place, cell in enumerate(row))}</tr>" for row in rows)
    return (
        f'<table class="desk-table desk-figures-table" data-testid="{test_id}">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


def _td(cell: Cell, place: int) -> str:
    if not place:
        return f"<td>{fmt.escape_html(cell.text)}</td>"
    value = "" if cell.value is None else f' data-value="{cell.value!r}"'
    tone = "plain" if cell.plain else tone_of(cell.value)
    text = fmt.escape_html(cell.text)
    return f'<td class="n desk-{tone}" data-testid="{cell.id}"{value}>{text}</td>'


def worst_words(grid: Grid, days: str) -> str:
    """The cell that loses most (or gains least), in a desk's words: what it costs, and where it lies."""
    surface, cell = grid.surface, grid.worst
    name = surface.underlying
    loss = cell.pnl_usd  # in coin it has the same sign
    coins = f"{fmt.coin(abs(cell.pnl_coin)).lstrip('+')} {name}"
    dollars = f"{fmt.plain(abs(loss), 0)} USD"
    keeps = surface.numeraire.hedged_share == 0
    figure = f"{coins} ({dollars})" if keeps else f"{dollars} ({coins})"
    spot = surface.index * (1 + cell.spot)
    where = (
        f"{name} unchanged at {spot:,.0f} USD"
        if cell.spot == 0
        else f"{name} {fmt.signed(100 * cell.spot, 1).removesuffix('.0')} % to {spot:,.0f} USD"
    )
    vol = (
        "volatility unchanged"
        if cell.vol == 0
        else f"volatility {fmt.signed(100 * cell.vol, 1).removesuffix('.0')} "
        f"{SHIFT_WORDS[surface.shocks.vol_shift]}"
    )
    return f"{'loses' if loss < 0 else 'gains'} {figure} at {where}, {vol}, {days}"


def sentences(answer: Answer, days: str) -> str:
    """Above the grid: the worst cell as it is and after the hedge, the numeraire, the age of the book."""
    at = fmt.milliseconds(answer.at)
    before, after = answer.before, answer.after
    lines = [
        _worst_line(
            "before", answer.before_words.capitalize(), worst_words(before, days), before.worst.pnl_usd
        )
    ]
    if after is not None:
        better = after.worst.pnl_usd - before.worst.pnl_usd
        judged = f"; {fmt.plain(abs(better), 0)} USD {'better' if better >= 0 else 'worse'}"
        words = worst_words(after, days) + judged
        lines.append(_worst_line("after", "After the hedge", words, after.worst.pnl_usd))
    notes = " · some volatilities stop at 1 %" if before.surface.floored else ""
    if answer.book.exposure.smile_shift:
        shift = f"{fmt.coin(answer.book.exposure.smile_shift)} {answer.live.underlying}"
        notes += f" · the smile's {shift} are in the exposure, not in the grid"
    foot = (
        f'<p class="desk-soft"><span data-testid="scenario-numeraire">'
        f"{fmt.escape_html(answer.live.numeraire.sentence)}</span>"
        f' · <span data-testid="scenario-hedge">{fmt.escape_html(answer.hedge.words)}</span>'
        f"{fmt.escape_html(notes)}"
        f' · book of <span data-testid="scenario-at" data-value="{at}">{fmt.clock_time(answer.at)} UTC</span>'
        f'<span class="desk-age-since" data-testid="scenario-age" data-desk-since="{at}"></span></p>'
    )
    return f'<div class="desk-sentences"><div class="desk-live">{"".join(lines)}</div>{foot}</div>'


def _worst_line(side: str, label: str, words: str, pnl_usd: float) -> str:
    return (
        f'<p data-testid="worst-{side}" data-value="{pnl_usd!r}" data-unit="USD">'
        f"<span>{fmt.escape_html(label)}, at worst:</span> <b>{fmt.escape_html(words)}</b></p>"
    )


def exposures(answer: Answer) -> str:
    """Exposure of the live book, of the what-if book, and of that after the hedge, side by side."""
    columns = [("live", answer.live)]
    heads = ["", "Live book"]
    if answer.book.differences:
        columns.append(("what-if", answer.book.exposure))
        heads.append("What-if")
    if answer.hedged is not None:
        columns.append(("hedged", answer.hedged))
        heads.append("After hedge")
    name = answer.live.underlying
    rows: list[list[Cell]] = []
    for label, key, unit, text in _MEASURES:
        counted = unit.replace("{u}", name)
        row = [Cell(text=f"{label}, {counted}")]
        for column, exposure in columns:
            value = _measure(key, exposure)
            row.append(Cell(text=text(value), id=f"{column}-{key}", value=value))
        rows.append(row)
    return table(heads, rows, "what-if-exposure")


_MEASURES = (
    ("Delta", "delta", "{u}", fmt.coin),
    ("Delta", "delta-usd", "USD", fmt.usd),
    ("Gamma", "gamma", "{u} / 1 %", fmt.coin),
    ("Vega", "vega", "USD / pt", fmt.usd),
    ("Theta", "theta", "USD / day", fmt.usd),
)


def _measure(key: str, exposure: Exposure) -> float:
    return {
        "delta": exposure.delta,
        "delta-usd": exposure.delta * exposure.index,
        "gamma": fmt.gamma_per_percent(exposure.gamma_coin),
        "vega": fmt.vega_per_point(exposure.vega_usd),
        "theta": fmt.theta_per_day(exposure.theta_usd),
    }[key]


def difference_line(each: Difference) -> str:
    """One holding that differs from the live book."""
    unit = fmt.escape_html(each.instrument.amount_label)
    note = f' <span class="desk-soft">{fmt.escape_html(each.note)}</span>' if each.note else ""
    return (
        f'<div class="desk-difference" data-testid="difference-{fmt.escape_html(each.instrument.name)}" '
        f'data-value="{each.after!r}"><b>{fmt.escape_html(each.instrument.name)}</b> '
        f"{fmt.plain(each.before, digits(each.before))} → <b>{fmt.plain(each.after, digits(each.after))}</b> "
        f"{unit}{note}</div>"
    )


def digits(amount: float) -> int:
    """Digits after the point that an amount needs, at most six."""
    return next((places for places in range(6) if abs(amount - round(amount, places)) < 1e-9), 6)
