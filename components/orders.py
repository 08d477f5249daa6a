"""Orders, working and recent: what became of each, what it cost against the decision, what to do next."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from components import format as fmt
from components.payload import Cell, Column, Row, Table
from components.theme import Tone
from hedging.model.instrument import Instrument
from hedging.model.trading import Lifetime, Order, OrderState
from hedging.model.view import View
from hedging.units import Side
from hedging.workflow.slippage import priced_in_dollars, slippage

SETTLED = frozenset({OrderState.FILLED, OrderState.CANCELLED, OrderState.REJECTED, OrderState.ABSENT})
UNCLEAR = frozenset({OrderState.UNKNOWN, OrderState.QUARANTINED})
COLUMNS = (
    Column(id="ticket", label="Ticket"),
    Column(id="instrument", label="Instrument"),
    Column(id="side", label="Side"),
    Column(id="filled", label="Filled", number=True),
    Column(id="progress", label="", number=True),
    Column(id="life", label="Lifetime"),
    Column(id="state", label="State"),
    Column(id="price", label="Limit", unit="USD", number=True),
    Column(id="average", label="Average", unit="USD", number=True),
    Column(id="slip", label="Slippage", unit="bp", number=True),
    Column(id="slip_usd", label="Slippage", unit="USD", number=True),
    Column(id="who", label="Approved by"),
    Column(id="at", label="Sent, UTC"),
    Column(id="next", label="What next", wide=True),
)
FOOT = "slippage: against the price at decision, a cost where positive"
_TONE = {
    OrderState.UNKNOWN: Tone.BREACH,
    OrderState.QUARANTINED: Tone.BREACH,
    OrderState.PARTIAL: Tone.NEAR,
    OrderState.REJECTED: Tone.NEAR,
    OrderState.FILLED: Tone.GOOD,
}
_WORDS = {
    OrderState.NEW: "not sent yet",
    OrderState.SENT: "sent, no answer yet",
    OrderState.ACKED: "accepted",
    OrderState.PARTIAL: "partly filled",
    OrderState.FILLED: "filled",
    OrderState.CANCELLED: "cancelled",
    OrderState.REJECTED: "rejected",
    OrderState.UNKNOWN: "UNKNOWN",
    OrderState.ABSENT: "never arrived",
    OrderState.QUARANTINED: "QUARANTINED",
}
_LIFE = {Lifetime.RESTING: "resting", Lifetime.IMMEDIATE: "at once"}


def table(view: View) -> Table:
    """Orders of the running tickets and every order whose outcome is not settled."""
    known = instruments(view)
    listed = sorted(view.orders, key=_working_first, reverse=True)
    rows = tuple(_row(order, known.get(order.instrument_key)) for order in listed)
    return Table(columns=COLUMNS, rows=rows, empty="no order has been sent", foot=_foot(listed))


def _foot(listed: Sequence[Order]) -> str:
    """What is not clear, in sentences; else what slippage means."""
    unclear = [f"{order.client_id}: {what_next(order)}" for order in listed if order.state in UNCLEAR]
    return "; ".join(unclear) or (FOOT if listed else "")


def instruments(view: View) -> Mapping[str, Instrument]:
    """Instruments that the view names, by key."""
    held = [each.instrument for each in view.positions] + [each.instrument for each in view.hedges]
    return {each.key: each for each in held}


def state_words(order: Order) -> str:
    """The order's state in a desk's words."""
    if order.state is OrderState.ACKED and order.lifetime is Lifetime.RESTING:
        return "resting in the book"
    if order.state is OrderState.CANCELLED and order.filled > 0:
        return "cancelled, partly filled"
    return _WORDS[order.state]


def what_next(order: Order) -> str:
    """What happens or has to be done about an order that is not clear; empty where it is."""
    if order.state is OrderState.UNKNOWN:
        return f"the exchange is being asked what became of it; until then {order.instrument} gets no other"
    if order.state is OrderState.QUARANTINED:
        return "look it up at the exchange, then risk releases it by the card above"
    return order.detail


def _working_first(order: Order) -> tuple[bool, datetime]:
    return (order.state not in SETTLED, order.created_at)


def _row(order: Order, instrument: Instrument | None) -> Row:
    share = float(order.filled / order.amount) if order.amount else 0.0
    side = "Buy" if order.side is Side.BUY else "Sell"
    sent = order.sent_at or order.created_at
    state = state_words(order)
    life = _LIFE[order.lifetime]
    what = what_next(order)
    cells = (
        Cell(order.ticket_id, order.ticket_id),
        Cell(order.instrument, order.instrument),
        Cell(side, side, Tone.LONG if order.side is Side.BUY else Tone.SHORT),
        Cell(_filled(order, instrument), float(order.filled)),
        Cell(fmt.percent(share, 0), share, note="progress"),
        Cell(life, life),
        Cell(state, order.state, _TONE.get(order.state, Tone.PLAIN), order.detail),
        _price(float(order.limit_price), instrument),
        _price(None if order.average_price is None else float(order.average_price), instrument),
        *_slippage(order, instrument),
        Cell(order.approver or order.actor, order.approver),
        Cell(fmt.clock_time(sent), sent.timestamp()),
        Cell(what, what),
    )
    return Row(id=order.client_id, cells=cells, group=order.underlying)


def _filled(order: Order, instrument: Instrument | None) -> str:
    unit = f" {instrument.amount_label}" if instrument else ""
    return f"{fmt.decimal(order.filled)} / {fmt.decimal(order.amount)}{unit}"


def _price(price: float | None, instrument: Instrument | None) -> Cell:
    """A price; one that is not in dollars says in what."""
    if price is None:
        return Cell(fmt.UNKNOWN, tone=Tone.UNKNOWN, note="nothing is filled yet")
    if instrument is None or priced_in_dollars(instrument):
        return Cell(fmt.price(price), price)
    return Cell(f"{fmt.price(price)} {instrument.settlement_currency}", price)


def _slippage(order: Order, instrument: Instrument | None) -> tuple[Cell, Cell]:
    found = slippage(order, instrument)
    if found is None:
        none = Cell(fmt.UNKNOWN, tone=Tone.UNKNOWN, note="nothing is filled yet")
        return none, none
    note = f"decided at {fmt.decimal(order.decision_price)}"
    tone = Tone.NEAR if found.basis_points > 0 else Tone.PLAIN
    points = Cell(fmt.signed(found.basis_points, 1), found.basis_points, tone, note)
    if found.usd is None:
        return points, Cell(fmt.UNKNOWN, tone=Tone.UNKNOWN, note="not known in dollars")
    return points, Cell(fmt.signed(found.usd, 0 if abs(found.usd) >= 100 else 2), found.usd, tone, note)
