"""The demo page's pieces: move the market, trade by hand, switch faults; on the paper exchange alone."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from components import format as fmt
from components import session
from hedging.desk import DOORWAY
from hedging.errors import VenueError
from hedging.model.trading import Role
from hedging.model.view import VenueMode, View
from hedging.paper.control_client import ControlClient, FaultRow

NO_CONTROL = "there is no paper exchange to control"


@dataclass(frozen=True, slots=True)
class Shock:
    """One button: its words, and the relative move or the volatility points of one underlying."""

    label: str
    underlying: str
    relative: float = 0.0
    vol_points: float = 0.0


SHOCKS = (
    Shock("BTC −8 %", "BTC", relative=-0.08),
    Shock("BTC +8 %", "BTC", relative=0.08),
    Shock("ETH −6 %", "ETH", relative=-0.06),
    Shock("ETH +6 %", "ETH", relative=0.06),
    Shock("BTC vol +10 pts", "BTC", vol_points=10),
    Shock("BTC vol −10 pts", "BTC", vol_points=-10),
)


def control() -> ControlClient | None:
    """The way to the paper exchange's switchboard, where there is one."""
    standing = DOORWAY.standing
    return ControlClient(standing.control_url, standing.control_token) if standing.control_url else None


def _do(what: str, deed: Callable[[ControlClient], object]) -> None:
    """Do one thing to the paper market in the name of who acts now, and say what came of it."""
    client = control()
    if client is None or session.person(VenueMode.PAPER).role is Role.VIEWER:
        session.note_shown(f"{what}: refused, {NO_CONTROL if client is None else 'a viewer only looks'}")
        return
    try:
        deed(client)
    except VenueError as error:
        session.note_shown(f"{what}: refused, {error}")
        return
    session.note_shown(f"{what}: done")


def shock(chosen: Shock) -> None:
    """Move the market as the button says."""
    if chosen.relative:
        _do(chosen.label, lambda client: client.price_shock(chosen.underlying, chosen.relative))
    else:
        _do(chosen.label, lambda client: client.vol_shock(chosen.underlying, chosen.vol_points / 100))


def shocks() -> None:
    """The market's buttons."""
    st.html('<div class="desk-section">Move the market</div>')
    for start in range(0, len(SHOCKS), 2):
        columns = st.columns(2, gap="small")
        for column, each in zip(columns, SHOCKS[start : start + 2], strict=True):
            column.button(each.label, key=f"demo-{each.label}", on_click=shock, args=(each,), width="stretch")


def trade(view: View | None) -> None:
    """A trade by hand in the demo account, as if someone had used another screen."""
    st.html('<div class="desk-section">Trade by hand in the demo account</div>')
    names = instruments(view)
    if not names:
        st.html('<div class="desk-line">the instruments come with the engine\'s first view</div>')
        return
    st.selectbox("Instrument", names, key="demo-instrument")
    side, amount = st.columns(2, gap="small")
    side.selectbox("Side", ("buy", "sell"), key="demo-side")
    amount.number_input(
        "Amount",
        0.1,
        5_000_000.0,
        100_000.0,
        key="demo-amount",
        help="USD for inverse perpetuals, coin for options",
    )
    st.button("Trade at market", key="demo-trade", on_click=_trade, width="stretch")


def instruments(view: View | None) -> Sequence[str]:
    """Hedge instruments first, then everything the book holds."""
    if view is None:
        return ()
    hedges = [each.hedge_instrument for each in view.underlyings if each.hedge_instrument]
    held = sorted({each.instrument.name for each in view.positions} - set(hedges))
    return [*hedges, *held]


def _trade() -> None:
    name, side = session.text_of("demo-instrument"), session.text_of("demo-side")
    amount = session.number_of("demo-amount")
    _do(f"{side} {amount:,g} of {name}", lambda client: client.trade(name, side, amount))


def said() -> None:
    """What came of the last thing done here."""
    words = session.memo().shown
    if words:
        tone = "refused" if "refused" in words else "done"
        st.html(
            f'<div class="desk-line desk-said-{tone}" data-testid="demo-said">{fmt.escape_html(words)}</div>'
        )


def faults() -> None:
    """Every fault that the exchange knows, with its sentence and its switch."""
    st.html('<div class="desk-section">Faults of the exchange</div>')
    client = control()
    if client is None:
        st.html(f'<div class="desk-line">{NO_CONTROL}</div>')
        return
    try:
        rows = client.faults()
    except VenueError as error:
        st.html(f'<div class="desk-line desk-said-refused">{fmt.escape_html(str(error))}</div>')
        return
    for row in rows:
        press, words = st.columns([1.2, 3], gap="small", vertical_alignment="center")
        press.button(
            "Switch off" if row.is_on else "Switch on",
            key=f"demo-switch-{row.name}",
            type="primary" if row.is_on else "secondary",
            on_click=_switch,
            args=(row.name, row.is_on),
            width="stretch",
        )
        words.html(fault_line(row))
    st.button("All faults off", key="demo-clear", on_click=_do, args=("all faults off", _clear))


def _clear(client: ControlClient) -> object:
    return client.clear_faults()


def _switch(name: str, was_on: bool) -> None:  # noqa: FBT001 - a callback carries what the screen showed
    if was_on:
        _do(f"fault {name} off", lambda client: client.clear_fault(name))
    else:
        _do(f"fault {name} on", lambda client: client.set_fault(name))


def fault_line(row: FaultRow) -> str:
    """A fault in words as HTML, with its parameters; outside words are escaped."""
    parameters = ", ".join(f"{name} {value}" for name, value in row.parameters.items())
    extra = f' <span class="desk-soft">({fmt.escape_html(parameters)})</span>' if parameters else ""
    mark = '<b class="desk-near">ON</b> ' if row.is_on else ""
    name, sentence = fmt.escape_html(row.name), fmt.escape_html(row.sentence.replace("``", ""))
    return (
        f'<div class="desk-line desk-fault" data-testid="fault-{name}">'
        f"{mark}<b>{name.replace('_', ' ')}</b>: {sentence}{extra}</div>"
    )
