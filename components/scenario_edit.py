"""What-if positions on the Scenarios page: change, add, undo, reset, save by name; the live book stays."""

from collections.abc import Sequence

import streamlit as st

from components import format as fmt
from components import scenario_saved, session
from components.scenario_answer import Answer, NoAnswer, terms
from components.scenario_choice import Question
from components.scenario_words import difference_line
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import Instrument, Kind, OptionKind
from hedging.model.view import View
from hedging.model.what_if import Change, OptionTerms
from hedging.risk.what_if_book import nearest_vol, option_key

HELD, AMOUNT = "what-if-instrument", "what-if-amount"
EXPIRY, STRIKE, KIND, OPTION_AMOUNT, IV = (
    "what-if-expiry", "what-if-strike", "what-if-kind", "what-if-option-amount", "what-if-vol",
)  # fmt: skip


def show(view: View, asked: Question, found: Answer | NoAnswer) -> None:
    """The editor: two small forms, what differs, and what is saved."""
    st.html('<div class="desk-section">What-if positions</div>')
    said = session.memo().what_if_said
    if said:
        st.html(f'<div class="desk-line" data-testid="what-if-said">{fmt.escape_html(said)}</div>')
    with st.container(key="what-if-row", horizontal=True, vertical_alignment="center"):
        if isinstance(found, Answer):
            with st.popover("Change or add", key="what-if-change"):
                _instrument_form(view, found)
            with st.popover("Add an option", key="what-if-add"):
                _option_form(view, found)
        with st.popover("Saved", key="what-if-shelf"):
            scenario_saved.form(view, asked)
    _differences(found if isinstance(found, Answer) else None, asked)


def _differences(found: Answer | None, asked: Question) -> None:
    if not asked.changes:
        st.html(
            '<div class="desk-line" data-testid="no-differences">Nothing differs from the live book.</div>'
        )
        return
    for each in found.book.differences if found else ():
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"difference-{each.instrument.name}"
        ):
            st.html(difference_line(each))
            st.button(
                "Undo",
                key=f"undo-{each.account}-{each.instrument.key}",
                on_click=undo,
                args=(each.account, each.instrument.key),
            )
    for number, why in enumerate(found.book.refused if found else ()):
        st.html(
            f'<div class="desk-line desk-said-refused" data-testid="refused-{number}">'
            f"{fmt.escape_html(why)}</div>"
        )
    st.button("Back to the live book", key="what-if-reset", on_click=reset, args=(asked.underlying,))


def reset(underlying: str) -> None:
    """Drop every change of one underlying."""
    session.note_changes(tuple(each for each in session.memo().changes if each.underlying != underlying))


def undo(account: str, instrument: str) -> None:
    """Drop the change of one holding."""
    session.note_changes(_without(account, instrument))


def put(change: Change) -> None:
    """Add a change; a later one of the same holding replaces an earlier one."""
    session.note_changes((*_without(change.account, change.instrument), change))


def _without(account: str, instrument: str) -> tuple[Change, ...]:
    return tuple(
        each for each in session.memo().changes if (each.account, each.instrument) != (account, instrument)
    )


def _holdings(view: View, found: Answer) -> dict[str, tuple[str, Instrument, float]]:
    """What may be changed, by its words: everything held of the underlying, and its hedge."""
    own = [each for each in found.book.positions if each.instrument.kind is not Kind.SPOT]
    shown = {_words(each): (each.account, each.instrument, each.amount) for each in own}
    each_view = next(one for one in view.underlyings if one.underlying == found.live.underlying)
    account = own[0].account if own else "what if"
    held = {instrument.key for _, instrument, _ in shown.values()}
    for known in terms(view, each_view).values():
        if known.instrument.key not in held:
            shown[f"{known.instrument.name} · not held"] = (account, known.instrument, 0.0)
    return shown


def _words(each: PositionExposure) -> str:
    return f"{each.instrument.name} · {each.account}"


def _instrument_form(view: View, found: Answer) -> None:
    shown = _holdings(view, found)
    if not shown:
        st.html(f'<div class="desk-line">no {found.live.underlying} is held and no hedge has a price</div>')
        return
    chosen = st.selectbox("Instrument", list(shown), key=HELD)
    _, instrument, amount = shown[chosen]
    st.number_input(
        f"Amount instead of {fmt.plain(amount, 6).rstrip('0').rstrip('.')}, {instrument.amount_label}",
        key=AMOUNT,
        value=None,
        format="%g",
        placeholder="0 takes it out",
    )
    st.button("Put in", key="what-if-put", type="primary", on_click=_put_instrument, args=(shown,))


def _put_instrument(shown: dict[str, tuple[str, Instrument, float]]) -> None:
    chosen = shown.get(session.text_of(HELD))
    amount = session.optional_number(AMOUNT)
    if chosen is None or amount is None:
        session.note_what_if("write the amount that is to be held; 0 takes the position out")
        return
    account, instrument, _ = chosen
    put(
        Change(
            underlying=instrument.underlying,
            account=account,
            instrument=instrument.key,
            amount=amount,
            expiry=instrument.expiry,
        )
    )


def expiries(positions: Sequence[PositionExposure]) -> dict[str, PositionExposure]:
    """One held option of each expiry and settlement by its words: it gives the forward."""
    found: dict[str, PositionExposure] = {}
    options = [each for each in positions if each.instrument.kind is Kind.OPTION and each.forward is not None]
    for each in sorted(options, key=lambda each: each.years or 0.0):
        instrument = each.instrument
        found.setdefault(f"{fmt.expiry(instrument.expiry)} · in {instrument.settlement_currency}", each)
    return found


def _option_form(view: View, found: Answer) -> None:
    dated = expiries([each for each in view.positions if each.instrument.underlying == found.live.underlying])
    if not dated:
        st.html(
            '<div class="desk-line">the book holds no option: no forward and no volatility to value one</div>'
        )
        return
    like = dated[st.selectbox("Expiry", list(dated), key=EXPIRY)]
    step = 500.0 if found.live.index > 20_000 else 50.0 if found.live.index > 1_000 else 1.0
    strike = st.number_input(
        "Strike, USD", 0.01, 1e9, round(found.live.index / step) * step, step=step, format="%g", key=STRIKE
    )
    st.segmented_control("Kind", ("call", "put"), default="call", key=KIND)
    st.number_input("Amount, " + like.instrument.amount_label, key=OPTION_AMOUNT, value=None, format="%g")
    near = nearest_vol(view.positions, like, strike)
    st.number_input(
        "Implied volatility, %",
        0.1,
        500.0,
        None,
        key=IV,
        placeholder=f"{100 * near.vol:.1f}, from {near.instrument}" if near else "write one",
        help="Left blank: the mark volatility of the held option of that expiry with the nearest strike.",
    )
    st.button("Put in", key="what-if-put-option", type="primary", on_click=_put_option, args=(dated, view))


def _put_option(dated: dict[str, PositionExposure], view: View) -> None:
    like = dated.get(session.text_of(EXPIRY))
    amount, strike = session.optional_number(OPTION_AMOUNT), session.optional_number(STRIKE)
    if like is None or amount is None or strike is None or like.instrument.expiry is None:
        session.note_what_if("an option needs its expiry, strike and amount")
        return
    written = session.optional_number(IV)
    near = nearest_vol(view.positions, like, strike)
    if written is None and near is None:
        session.note_what_if("no volatility is known near that strike: write one")
        return
    vol = written / 100 if written is not None else near.vol if near else 0.0
    source = (
        "as written" if written is not None or near is None else f"of {near.instrument}, the nearest held"
    )
    kind = OptionKind.PUT if session.text_of(KIND) == "put" else OptionKind.CALL
    option = OptionTerms(
        expiry=like.instrument.expiry,
        strike=strike,
        kind=kind,
        settlement=like.instrument.settlement,
        vol=vol,
        vol_from=f"volatility {100 * vol:.1f} % {source}",
    )
    put(
        Change(
            underlying=like.instrument.underlying,
            account=like.account,
            instrument=option_key(like.instrument, strike, kind),
            amount=amount,
            expiry=option.expiry,
            option=option,
        )
    )
