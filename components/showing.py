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
from hedging.paper.control_client import ControlClient

ACROSS = 3  # buttons beside each other
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
    Shock("ETH −6 %", "ETH", relative=-0.06),
    Shock("BTC vol +10 pts", "BTC", vol_points=10),
    Shock("BTC +8 %", "BTC", relative=0.08),
    Shock("ETH +6 %", "ETH", relative=0.06),
    Shock("BTC vol −10 pts", "BTC", vol_points=-10),
)


def control() -> ControlClient | None:
    """The way to the paper exchange's switchboard, where there is one."""
    standing = DOORWAY.standing
    return ControlClient(standing.control_url, standing.control_token) if standing.control_url else None


def do(what: str, deed: Callable[[ControlClient], object]) -> None:
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
        do(chosen.label, lambda client: client.price_shock(chosen.underlying, chosen.relative))
    else:
        do(chosen.label, lambda client: client.vol_shock(chosen.underlying, chosen.vol_points / 100))


def shocks() -> None:
    """The market's buttons."""
    st.html('<div class="desk-section">Move the market</div>')
    for start in range(0, len(SHOCKS), ACROSS):
        columns = st.columns(ACROSS, gap="small")
        for column, each in zip(columns, SHOCKS[start : start + ACROSS], strict=True):
            column.button(each.label, key=f"demo-{each.label}", on_click=shock, args=(each,), width="stretch")


def trade(view: View | None) -> None:
    """A trade by hand in the demo account, as if someone had used another screen."""
    st.html('<div class="desk-section">Trade by hand in the demo account</div>')
    names = instruments(view)
    if not names:
        st.html('<div class="desk-line">the instruments come with the engine\'s first view</div>')
        return
    name, side = st.columns([1.7, 1], gap="small")
    name.selectbox("Instrument", names, key="demo-instrument", label_visibility="collapsed")
    side.selectbox("Side", ("buy", "sell"), key="demo-side", label_visibility="collapsed")
    amount, press = st.columns([1.7, 1], gap="small", vertical_alignment="bottom")
    amount.number_input(
        "Amount: USD, or coin for options",
        0.1,
        5_000_000.0,
        100_000.0,
        key="demo-amount",
    )
    press.button("Trade at market", key="demo-trade", on_click=_trade, width="stretch")


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
    do(f"{side} {amount:,g} of {name}", lambda client: client.trade(name, side, amount))


def said() -> None:
    """What came of the last thing done here."""
    words = session.memo().shown
    if words:
        tone = "refused" if "refused" in words else "done"
        st.html(
            f'<div class="desk-line desk-said-{tone}" data-testid="demo-said">{fmt.escape_html(words)}</div>'
        )
