"""Proposing other terms: native inputs, what would change in words, what it would do at once, and why."""

import zlib
from collections.abc import Callable, Iterable

import streamlit as st

from components import asking, board, session
from components import format as fmt
from components.limit_bars import unit
from components.strip import mark
from components.terms_draft import (
    Bounds,
    Draft,
    Unfit,
    limit_sentences,
    limits_of,
    premises,
    shown,
    terms_of,
)
from components.terms_effect import at_once
from components.terms_keys import key_of
from components.terms_waiting import effect_html
from components.terms_words import changes
from hedging.desk import DOORWAY, Desk, Wish, permission
from hedging.model.limits import WHOLE_BOOK, HedgeTarget, Measure, Scope, ScopeKind
from hedging.model.smile import SmileRule
from hedging.model.terms import Terms, TermsChange, TermsVersion
from hedging.model.trading import CommandKind
from hedging.model.view import View
from hedging.workflow.terms import change_text, changed
from hedging.workflow.terms_checks import flaws

POLL_SECONDS = 3.0
CHOICE, REASON = "terms-choice", "terms-why"
WIDER = "accounts, venues, book"
COINS, DOLLARS, SHARE = "keep my coins", "keep my dollars", "hedge x %"
TARGETS = {
    HedgeTarget.EDGE: "its edge",
    HedgeTarget.CENTRE: "its centre",
    HedgeTarget.PART: "part of the way",
}
WIDER_MEASURES = (
    Measure.DELTA,
    Measure.GAMMA_1PCT,
    Measure.VEGA,
    Measure.THETA,
    Measure.GROSS_NOTIONAL,
    Measure.NET_NOTIONAL,
    Measure.LEVERAGE,
)


@st.fragment(run_every=POLL_SECONDS)
def propose() -> None:
    """The form on the left; on the right what it says and would do, the reason, and the button."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("terms-form", mark(view) if view else "", None)
    if desk is None or view is None or view.terms is None:
        st.html('<div class="desk-line">a change can be proposed once the engine says which terms hold</div>')
        return
    with st.container(border=True, key="terms-form"):
        left, right = st.columns([1.75, 1], gap="medium")
        with left:
            change = _inputs(view, view.terms)
        with right:
            _answer(desk, view, view.terms, change)


def _inputs(view: View, version: TermsVersion) -> TermsChange | Unfit:
    names = [each.underlying for each in version.terms.underlyings]
    with st.container(horizontal=True, vertical_alignment="center", key="terms-head"):
        st.html('<div class="desk-section">Propose a change of</div>')
        choice = st.segmented_control(
            "Change",
            [*names, WIDER],
            default=names[0],
            required=True,
            key=CHOICE,
            label_visibility="collapsed",
        )
    base = version.terms.of(str(choice))
    if base is None:
        return _wider_inputs(view, version)
    made = terms_of(_own_inputs(base, version.number), base)
    return made if isinstance(made, Unfit) else TermsChange(underlyings=(made,))


def _own_inputs(base: Terms, number: int) -> Draft:
    name, band = base.underlying, base.band

    def key(what: str) -> str:
        return f"terms-{name}-{number}-{what}"

    with st.container(horizontal=True, vertical_alignment="bottom", key="terms-what"):
        percent = _numeraire(base, key)
        smile = st.selectbox(
            "Smile rule", list(SmileRule), index=list(SmileRule).index(base.smile), key=key("smile"),
            width=150,
        )  # fmt: skip
        order = _number(f"Largest order, {name}", base.max_order_coin, key("order"))
        lower = _number(f"Band from, {name}", band.lower, key("lower"))
        centre = _number("centre", band.centre, key("centre"))
        upper = _number("to", band.upper, key("upper"))
        target = st.selectbox(
            "A hedge goes to", list(TARGETS), index=list(TARGETS).index(band.target), key=key("target"),
            format_func=lambda each: TARGETS[HedgeTarget(each)], width=136,
        )  # fmt: skip
        way: float | None = 100 * band.share
        if target is HedgeTarget.PART:
            way = _number("% of the way to its centre", 100 * band.share, key("way"))
    scope = Scope(ScopeKind.UNDERLYING, name)
    held = {limit.measure: shown(limit) for limit in base.limits}
    empty = [Bounds(scope=scope, measure=each, soft=None, hard=None) for each in Measure]
    return Draft(
        hedged_percent=percent,
        lower=lower,
        centre=centre,
        upper=upper,
        target=HedgeTarget(target),
        way_percent=way,
        smile=smile or base.smile,
        max_order_coin=order,
        limits=_limit_inputs([held.get(each.measure, each) for each in empty], f"terms-{name}-{number}"),
    )


def _numeraire(base: Terms, key: Callable[[str], str]) -> float | None:
    share = base.numeraire.hedged_share
    held = COINS if share == 0 else DOLLARS if share == 1 else SHARE
    choices = (COINS, DOLLARS, SHARE)
    chosen = st.selectbox("Numeraire", choices, index=choices.index(held), key=key("numeraire"), width=170)
    if chosen == SHARE:
        return _number("% of equity", 100 * share if held == SHARE else 50.0, key("share"))
    return 0.0 if chosen == COINS else 100.0


def _number(label: str, value: float | None, key: str) -> float | None:
    return st.number_input(label, value=value, key=key, format="%g", step=None, width=92)


def _limit_inputs(rows: Iterable[Bounds], prefix: str) -> tuple[Bounds, ...]:
    """Two inputs for each limit, four limits a line; both empty: no limit."""
    every = list(rows)
    typed = []
    for start in range(0, len(every), 4):
        for column, each in zip(st.columns(4, gap="small"), every[start : start + 4], strict=False):
            coin = each.scope.name if each.scope.kind is ScopeKind.UNDERLYING else "USD"
            of = "" if each.scope.kind is ScopeKind.UNDERLYING else f"{each.scope.words} "
            key = f"{prefix}-{each.scope.words}-{each.measure}".replace(" ", "-")
            label = f"{of}{each.measure}: soft, hard, {unit(each.measure, coin)}"
            column.html(f'<div class="desk-input-label">{fmt.escape_html(label)}</div>')
            with column.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-row"):
                soft = _bound_input(f"{of}{each.measure}, soft", each.soft, f"{key}-soft")
                hard = _bound_input(f"{of}{each.measure}, hard", each.hard, f"{key}-hard")
            typed.append(Bounds(scope=each.scope, measure=each.measure, soft=soft, hard=hard))
    return tuple(typed)


def _bound_input(label: str, value: float | None, key: str) -> float | None:
    return st.number_input(
        fmt.escape_markdown(label), value=value, key=key, format="%g", placeholder="none",
        label_visibility="collapsed",
    )  # fmt: skip


def _wider_inputs(view: View, version: TermsVersion) -> TermsChange | Unfit:
    prefix = f"terms-wider-{version.number}"
    base = version.terms.wider
    typed = _limit_inputs([shown(limit) for limit in base], prefix)
    known = premises(view)
    scopes = [
        WHOLE_BOOK,
        *(Scope(ScopeKind.ACCOUNT, name) for name in sorted(known.accounts)),
        *(Scope(ScopeKind.VENUE, name) for name in sorted(known.venues)),
    ]
    with st.container(horizontal=True, vertical_alignment="bottom", key="terms-add"):
        scope = st.selectbox(
            "One more limit on", scopes, key=f"{prefix}-scope", width=190,
            format_func=lambda each: fmt.escape_markdown(each.words),
        )  # fmt: skip
        measure = st.selectbox("of", WIDER_MEASURES, key=f"{prefix}-measure", width=170)
        soft = _number(f"soft, {unit(Measure(measure), 'USD')}", None, f"{prefix}-soft")
        hard = _number("hard", None, f"{prefix}-hard")
    more = Bounds(scope=scope, measure=Measure(measure), soft=soft, hard=hard)
    if more.soft is not None or more.hard is not None:
        kept = [each for each in typed if (each.scope, each.measure) != (more.scope, more.measure)]
        typed = (*kept, more)
    wrong = tuple(limit_sentences(typed))
    return Unfit(wrong) if wrong else TermsChange(wider=limits_of(typed, base))


def _answer(desk: Desk, view: View, version: TermsVersion, change: TermsChange | Unfit) -> None:
    """Before → after in words, what it would do at once; then the reason and the button."""
    problems = change.sentences if isinstance(change, Unfit) else found_wrong(view, version, change)
    differs = False
    if not isinstance(change, Unfit):
        after = changed(version.terms, change)
        lines = changes(version.terms, after)
        twin = next((each.number for each in view.proposals if each.terms == after), None)
        differs = bool(lines) and twin is None
        st.html(_changes_html([line.sentence for line in lines], version))
        if twin is not None:
            st.html(f'<div class="desk-line">This very change waits as version {twin}.</div>')
        if differs and not problems:
            st.html(effect_html(at_once(view, desk.smiles(view), after), view))
    if problems:
        items = "".join(f"<li>{fmt.escape_html(each)}</li>" for each in problems)
        st.html(f'<div class="desk-line desk-said-refused" data-testid="terms-wrong"><ul>{items}</ul></div>')
    _submit(view, version, change, ready=differs and not problems)
    asking.answers(only=frozenset({CommandKind.PROPOSE_TERMS}))


def _changes_html(lines: list[str], version: TermsVersion) -> str:
    if not lines:
        words = f"Nothing differs from version {version.number}, which is in force."
        return f'<div class="desk-line" data-testid="terms-same">{words}</div>'
    items = "".join(f"<li>{fmt.escape_html(line)}</li>" for line in lines)
    return f'<div class="desk-terms"><ul data-testid="terms-changes">{items}</ul></div>'


def found_wrong(view: View, version: TermsVersion, change: TermsChange) -> tuple[str, ...]:
    """What the engine would refuse a change for, in sentences; it checks again."""
    found = flaws(changed(version.terms, change), premises(view))
    return tuple(_sentence(each) for each in found)


def _sentence(flaw: str) -> str:
    """A reason that starts with a place in the configuration, with the place as a desk calls it."""
    place, _, reason = flaw.partition(": ")
    words = place.removeprefix("underlyings.").replace(".", " ").replace("_", " ")
    return f"{words}: {reason}".rstrip(".") + "."


def _submit(view: View, version: TermsVersion, change: TermsChange | Unfit, *, ready: bool) -> None:
    denied = permission(session.person(view.mode), CommandKind.PROPOSE_TERMS)
    body = change_text(change) if ready and not isinstance(change, Unfit) else ""
    st.text_input(
        "Reason", key=REASON, placeholder="why it should change", max_chars=300, label_visibility="collapsed",
        disabled=denied is not None,
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", key="terms-submit"):
        st.button(
            "Propose",
            key="terms-propose",
            type="primary",
            disabled=not body or denied is not None,
            help=fmt.escape_markdown(denied.reason) if denied else None,
            on_click=_ask,
            args=(body, version.number, version.content_hash),
        )
        st.html('<div class="desk-soft">A second person, with the role risk, approves it.</div>')


def _ask(body: str, number: int, content_hash: str) -> None:
    """Ask for exactly the change that stood in words beside the button."""
    reason = session.text_of(REASON).strip()
    if not reason:
        session.deny(CommandKind.PROPOSE_TERMS, "a proposal needs its reason in words")
        return
    wish = Wish(
        kind=CommandKind.PROPOSE_TERMS, ref_version=number, ref_hash=content_hash, reason=reason, body=body
    )
    desk = DOORWAY.standing.desk
    latest = next((version.number for version in desk.terms(limit=1)), 0) if desk else 0
    said = zlib.crc32(f"{body}\n{reason}".encode())
    asking.ask(wish, key_of(f"propose-terms:{latest}:{content_hash[:12]}:{said:08x}:{_name()}"))


def _name() -> str:
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    return session.person(view.mode if view else None).name
