"""Orders that need a person: what is blocked, what to look up, and the release by risk."""

import zlib
from collections.abc import Mapping

import streamlit as st

from components import asking, orders, session
from components import format as fmt
from components.terms_keys import key_of
from hedging.desk import Person, Wish, permission
from hedging.model.instrument import Instrument
from hedging.model.trading import CommandKind, Order, OrderState
from hedging.model.view import View
from hedging.units import Side


def cards(view: View, who: Person) -> None:
    """One card for each quarantined order; nothing where there is none."""
    held = [order for order in view.orders if order.state is OrderState.QUARANTINED]
    if not held:
        return
    st.html(f'<div class="desk-section">Needs a person: {len(held)}</div>')
    known = orders.instruments(view)
    for order in held:
        with st.container(border=True, key=f"tickets-held-{order.client_id}"):
            st.html(words(order, known))
            _release(order, who)


def words(order: Order, known: Mapping[str, Instrument]) -> str:
    """A quarantined order as HTML: what is blocked, why, and what to do; outside words are escaped."""
    instrument = known.get(order.instrument_key)
    unit = f" {instrument.amount_label}" if instrument else ""
    side = "buy" if order.side is Side.BUY else "sell"
    amount = f"{side} {fmt.decimal(order.amount)}{unit}, of which {fmt.decimal(order.filled)} is booked"
    why = order.detail or "what the exchange says of it does not fit together"
    name = fmt.escape_html(order.client_id)
    return (
        f'<div class="desk-card" data-testid="held-{name}">'
        f'<p class="desk-sentence"><span class="desk-word desk-breach">QUARANTINED</span> '
        f"No order goes to {fmt.escape_html(order.instrument)} until a person of risk has looked.</p>"
        f'<p class="desk-reason">Order <b>{name}</b> ({fmt.escape_html(amount)}): {fmt.escape_html(why)}.</p>'
        f"<p>Next: look it up on the exchange's own screen, account {fmt.escape_html(order.account)}, and "
        "cancel it there if it still works. Then write what was found and release it: the engine asks the "
        "exchange once more, and takes it as over with what is booked.</p></div>"
    )


def _release(order: Order, who: Person) -> None:
    denied = permission(who, CommandKind.RELEASE)
    with st.container(horizontal=True, vertical_alignment="center", key=f"tickets-heldrow-{order.client_id}"):
        st.text_input(
            "What was found",
            key=_reason_key(order.client_id),
            placeholder="what was found at the exchange",
            label_visibility="collapsed",
            max_chars=300,
            disabled=denied is not None,
        )
        st.button(
            "Release",
            key=f"tickets-release-{order.client_id}",
            disabled=denied is not None,
            help=fmt.escape_markdown(denied.reason) if denied else None,
            on_click=_ask,
            args=(order.client_id, who.name),
        )


def _reason_key(client_id: str) -> str:
    return f"tickets-found-{client_id}"


def _ask(client_id: str, name: str) -> None:
    reason = session.text_of(_reason_key(client_id))
    key = key_of(f"release:{client_id}:{name}:{zlib.crc32(reason.encode()):08x}")
    asking.ask(Wish(kind=CommandKind.RELEASE, ref=client_id, reason=reason), key=key)
