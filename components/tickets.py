"""Tickets: the waiting card in words and numbers, and the past."""

from datetime import datetime

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.theme import Tone, tone_of
from hedging.model.trading import Leg, Ticket, TicketState
from hedging.model.view import View
from hedging.units import Side

OVER = frozenset(
    {TicketState.REJECTED, TicketState.EXPIRED, TicketState.SUPERSEDED, TicketState.DONE, TicketState.FAILED}
)


def waiting(view: View) -> tuple[Ticket, ...]:
    """Tickets that wait for a person, oldest first."""
    found = [ticket for ticket in view.tickets if ticket.state is TicketState.PROPOSED]
    return tuple(sorted(found, key=lambda ticket: ticket.created_at))


def card(ticket: Ticket) -> str:
    """A waiting ticket as HTML; every outside word in it is escaped."""
    test_id = fmt.escape_html(ticket.id)
    legs = "".join(_leg(leg) for leg in ticket.legs)
    shadow = '<span class="desk-chip">shadow: would have been sent by itself</span>' if ticket.shadow else ""
    return (
        f'<div class="desk-card" data-testid="ticket-{test_id}" data-ticket="{test_id}">'
        f'<div class="desk-card-head"><b>{test_id}</b>'
        f'<span class="desk-chip">{fmt.escape_html(ticket.underlying)}: '
        f"{fmt.escape_html(ticket.numeraire)}</span>{shadow}"
        f'<span class="desk-soft">proposed {fmt.clock_time(ticket.created_at)} UTC by '
        f"{fmt.escape_html(ticket.proposed_by)}</span>{_countdown(ticket)}</div>"
        f'<p class="desk-sentence" data-testid="sentence-{test_id}">{fmt.escape_html(ticket.sentence)}</p>'
        f'<p class="desk-reason">{fmt.escape_html(ticket.reason)}</p>'
        f'<div class="desk-card-body">{_before_after(ticket)}'
        '<table class="desk-legs"><thead><tr><th>Side</th><th>Instrument</th><th class="n">Amount</th>'
        '<th class="n">Worst price</th><th class="n">Reference</th><th>Account</th></tr></thead>'
        f"<tbody>{legs}</tbody></table></div></div>"
    )


def _countdown(ticket: Ticket) -> str:
    start, end = fmt.milliseconds(ticket.created_at), fmt.milliseconds(ticket.expires_at)
    return (
        f'<span class="desk-countdown" data-desk-from="{start}" data-desk-until="{end}" '
        f'data-testid="expiry-{fmt.escape_html(ticket.id)}">'
        f"expires {fmt.clock_time(ticket.expires_at)} UTC</span>"
    )


def _leg(leg: Leg) -> str:
    tone = "long" if leg.side is Side.BUY else "short"
    word = "Buy" if leg.side is Side.BUY else "Sell"
    cells = (
        f'<td class="desk-{tone}">{word}{" · reduce only" if leg.reduce_only else ""}</td>',
        f"<td>{fmt.escape_html(leg.instrument)}</td>",
        f'<td class="n">{fmt.decimal(leg.amount)} {fmt.escape_html(leg.amount_unit.upper())}'
        f' <span class="desk-soft">= {leg.quantity_coin:.4f} coin</span></td>',
        f'<td class="n">{fmt.decimal(leg.worst_price)}</td>',
        f'<td class="n">{fmt.decimal(leg.reference_price)}</td>',
        f"<td>{fmt.escape_html(leg.account)}</td>",
    )
    return f"<tr>{''.join(cells)}</tr>"


def _before_after(ticket: Ticket) -> str:
    """Delta before and after on the band's own scale, with the numbers."""
    low = min(ticket.delta_before, ticket.delta_after, ticket.band_lower)
    high = max(ticket.delta_before, ticket.delta_after, ticket.band_upper)
    span = (high - low) * 1.16 or 1.0
    start = low - (high - low) * 0.08

    def at(value: float) -> str:
        return f"{(value - start) / span * 100:.1f}%"

    width = f"{(ticket.band_upper - ticket.band_lower) / span * 100:.1f}%"
    name = fmt.escape_html(ticket.underlying)
    test_id = fmt.escape_html(ticket.id)
    return (
        '<div class="desk-beforeafter"><div class="desk-figures">'
        f'<span>before <b data-testid="before-{test_id}" data-value="{ticket.delta_before!r}">'
        f'{fmt.coin(ticket.delta_before)}</b></span><span>after <b data-testid="after-{test_id}" '
        f'data-value="{ticket.delta_after!r}">{fmt.coin(ticket.delta_after)}</b> {name}</span>'
        f"<span>band {fmt.coin(ticket.band_lower)} … {fmt.coin(ticket.band_upper)}</span>"
        f'<span>cost <b data-testid="cost-{test_id}" data-value="{ticket.cost_usd!r}">'
        f"{fmt.plain(ticket.cost_usd, 0)}</b> USD</span></div>"
        f'<div class="desk-track">'
        f'<i class="desk-track-band" style="left:{at(ticket.band_lower)};width:{width}"></i>'
        f'<i class="desk-track-before" style="left:{at(ticket.delta_before)}" title="before"></i>'
        f'<i class="desk-track-after" style="left:{at(ticket.delta_after)}" title="after"></i></div></div>'
    )


PAST_COLUMNS = (
    Column(id="id", label="Ticket"),
    Column(id="at", label="Proposed, UTC"),
    Column(id="state", label="Outcome"),
    Column(id="sentence", label="What", wide=True),
    Column(id="before", label="Before", unit="coin", number=True),
    Column(id="after", label="Planned", unit="coin", number=True),
    Column(id="cost", label="Cost", unit="USD", number=True),
    Column(id="who", label="Decided by"),
    Column(id="note", label="Why", wide=True),
)


def past(tickets: tuple[Ticket, ...]) -> Table:
    """Tickets that are over, newest first."""
    over = sorted((ticket for ticket in tickets if ticket.state in OVER), key=_when, reverse=True)
    return Table(
        columns=PAST_COLUMNS, rows=tuple(_past(ticket) for ticket in over), empty="no ticket is over yet"
    )


def _when(ticket: Ticket) -> datetime:
    return ticket.created_at


def _past(ticket: Ticket) -> Row:
    tone = {TicketState.DONE: Tone.GOOD, TicketState.FAILED: Tone.BREACH}.get(ticket.state, Tone.PLAIN)
    state = f"{ticket.state}{' (shadow)' if ticket.shadow else ''}"
    cells = (
        Cell(ticket.id, ticket.id),
        Cell(fmt.clock_time(ticket.created_at), ticket.created_at.timestamp()),
        Cell(state, state, tone),
        Cell(ticket.sentence, ticket.sentence),
        Cell(fmt.coin(ticket.delta_before), ticket.delta_before, tone_of(ticket.delta_before)),
        Cell(fmt.coin(ticket.delta_after), ticket.delta_after, tone_of(ticket.delta_after)),
        Cell(fmt.plain(ticket.cost_usd, 0), ticket.cost_usd),
        Cell(ticket.decided_by, ticket.decided_by),
        Cell(ticket.note, ticket.note),
    )
    return Row(id=ticket.id, cells=cells, group=ticket.underlying)
