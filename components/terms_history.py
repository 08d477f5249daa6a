"""Every version of the terms, newest first: who, when, why, and what it changed in words."""

from collections.abc import Sequence

import streamlit as st

from components import board
from components import format as fmt
from components.strip import mark
from components.terms_words import STATE_WORDS, changes, fate
from hedging.desk import DOORWAY
from hedging.errors import LedgerError
from hedging.model.terms import TermsState, TermsVersion

POLL_SECONDS = 5.0
_TONES = {
    TermsState.IN_FORCE: "good",
    TermsState.PROPOSED: "near",
    TermsState.REJECTED: "near",
    TermsState.WITHDRAWN: "soft",
    TermsState.SUPERSEDED: "soft",
}


@st.fragment(run_every=POLL_SECONDS)
def history() -> None:
    """The table, read from the ledger."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    board.link("terms-history", mark(view) if view else "", None)
    st.html('<div class="desk-section">Versions of the terms</div>')
    if desk is None:
        st.html('<div class="desk-line">starting: the ledger opens with the engine</div>')
        return
    try:
        versions = desk.terms()
    except LedgerError as error:
        st.html(f'<div class="desk-line desk-said-refused">{fmt.escape_html(str(error))}</div>')
        return
    st.html(f'<div class="desk-panel desk-versions">{table(versions)}</div>')


def table(versions: Sequence[TermsVersion]) -> str:
    """The versions as HTML; every outside word in it is escaped."""
    if not versions:
        return '<div class="desk-empty" data-testid="no-versions">the ledger holds no version yet</div>'
    by_number = {version.number: version for version in versions}
    rows = "".join(_row(version, by_number.get(version.based_on)) for version in versions)
    return (
        '<table class="desk-legs desk-figures-table" data-testid="table-versions"><thead><tr>'
        "<th>Version</th><th>State</th><th>Proposed, UTC</th><th>By</th><th>Approved by</th>"
        "<th>What changed</th><th>Why</th><th>What became of it</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )


def _row(version: TermsVersion, base: TermsVersion | None) -> str:
    what = "<br>".join(fmt.escape_html(line) for line in what_changed(version, base))
    cells = (
        f'<td class="n">{version.number}</td>',
        f'<td class="desk-{_TONES[version.state]}">{STATE_WORDS[version.state]}</td>',
        f"<td>{fmt.date_time(version.at)}</td>",
        f"<td>{fmt.escape_html(version.author)}</td>",
        f"<td>{fmt.escape_html(version.approver or fmt.UNKNOWN)}</td>",
        f'<td class="desk-wrap">{what}</td>',
        f'<td class="desk-wrap">{fmt.escape_html(version.reason)}</td>',
        f'<td class="desk-wrap">{fmt.escape_html(fate(version))}</td>',
    )
    return f'<tr data-row="{version.number}">{"".join(cells)}</tr>'


def what_changed(version: TermsVersion, base: TermsVersion | None) -> tuple[str, ...]:
    """A version's changes against the one that it was written on, one line each."""
    if version.based_on == 0:
        return ("the first terms of this book",)
    if base is None:
        return (f"against version {version.based_on}, which is not among the latest",)
    return tuple(one.sentence for one in changes(base.terms, version.terms)) or ("nothing",)
