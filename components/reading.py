"""The ledger page's pieces: filters over the log, the decision trace, verification and export."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import streamlit as st

from components import format as fmt
from components import ledger_log, session
from hedging.desk import Desk
from hedging.errors import LedgerError, LedgerTampered
from hedging.model.view import DecisionRun, Record

MOST_RECORDS = 2_000
ROW_PX = 31
ALL = "all"
KINDS = (ALL, "ticket", "command", "order", "fill", "trading", "lease")


def log(desk: Desk) -> None:
    """What happened, newest first, narrowed by kind, actor and words."""
    kind_box, actor_box, words_box, fresh_box = st.columns([1, 1, 2.4, 0.8], vertical_alignment="bottom")
    kind = kind_box.selectbox("Kind", KINDS, key="ledger-kind")
    actor = actor_box.text_input("Actor", key="ledger-actor", placeholder="anyone")
    words = words_box.text_input(
        "Words", key="ledger-words", placeholder="any words in the sentence or the body"
    )
    fresh_box.button("Read again", key="ledger-fresh", width="stretch")
    records = desk.records(MOST_RECORDS, kind=None if kind == ALL else kind, actor=actor.strip() or None)
    shown = [record for record in records if ledger_log.matches(record, words)]
    if not shown:
        st.html('<div class="desk-line" data-testid="log-empty">nothing in the ledger matches</div>')
        return
    table(shown)


def table(shown: Sequence[Record]) -> None:
    """The records; choosing a row shows its body and its place in the chain."""
    picked = st.dataframe(
        dict(ledger_log.columns(shown)),
        key="ledger-table",
        height=_height(len(shown), 270),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "What happened": st.column_config.TextColumn(width=700),
            "No.": st.column_config.NumberColumn(width=60, format="%d"),
            "UTC": st.column_config.TextColumn(width=140),
            "Kind": st.column_config.TextColumn(width=80),
            "Actor": st.column_config.TextColumn(width=90),
            "Reference": st.column_config.TextColumn(width=150),
            "Hash": st.column_config.TextColumn(width=100),
        },
    )
    rows = picked.selection.rows
    if rows and rows[0] < len(shown):
        record = shown[rows[0]]
        st.code(record.body, language="json", wrap_lines=True)
        st.html(
            f'<div class="desk-line">record {record.sequence} · '
            f"previous hash {fmt.escape_html(record.previous_hash)} · "
            f"hash {fmt.escape_html(record.hash)}</div>"
        )


def _height(rows: int, most: int) -> int:
    """Height of a table in px: as many rows as there are, up to ``most``."""
    return min(most, ROW_PX * (rows + 1) + 3)


def traces(desk: Desk, underlyings: Sequence[str], now: datetime) -> None:
    """Why did it hedge, and why not: the runs of the last hours and the checks of the chosen one."""
    coin_box, hours_box = st.columns([1, 1, 5], vertical_alignment="bottom")[:2]
    coin = coin_box.selectbox("Coin", underlyings, key="trace-coin")
    hours = hours_box.selectbox("Back", (1, 2, 6, 24), key="trace-hours", format_func="{} h".format)
    runs = desk.decision_runs(coin, now - timedelta(hours=hours), now + timedelta(minutes=1))
    if not runs:
        st.html('<div class="desk-line" data-testid="trace-empty">no decision in this window</div>')
        return
    left, right = st.columns([1.2, 1])
    with left:
        picked = st.dataframe(
            dict(ledger_log.run_columns(runs)),
            key="trace-table",
            height=_height(len(runs), 260),
            hide_index=True,
            on_select="rerun",
            selection_mode="single-row",
        )
    with right:
        st.html(ledger_log.trace(_chosen(runs, picked.selection.rows)))


def _chosen(runs: Sequence[DecisionRun], rows: Sequence[int]) -> DecisionRun:
    return runs[rows[0]] if rows and rows[0] < len(runs) else runs[0]


def chain(desk: Desk) -> None:
    """Verify the whole chain on demand, and export it."""
    with st.container(horizontal=True, vertical_alignment="center", key="ledger-chain"):
        st.button("Verify the chain", key="ledger-verify", on_click=_verify, args=(desk,))
        st.download_button(
            "Export CSV",
            data=lambda: ledger_log.as_csv(desk.records(1_000_000)),
            file_name="ledger.csv",
            mime="text/csv",
            key="ledger-export",
            on_click="ignore",
        )
        words = session.memo().proof
        if words:
            st.html(f'<div class="desk-line" data-testid="chain">{fmt.escape_html(words)}</div>')


def _verify(desk: Desk) -> None:
    try:
        session.note_proof(
            f"{desk.verify_chain():,} records verify, from the first to the last, without a gap"
        )
    except LedgerTampered as error:
        session.note_proof(f"THE CHAIN DOES NOT VERIFY: {error}")
    except LedgerError as error:
        session.note_proof(f"the chain could not be read: {error}")
