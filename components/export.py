"""The book as two files that anyone can value again, and the command that does it."""

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

import streamlit as st

from components import format as fmt
from hedging.desk import DOORWAY
from hedging.model.book import Position
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import Kind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Snapshot
from hedging.model.view import View
from hedging.offline import export_book

REFRESH_SECONDS = 10.0
POSITIONS, MARKET = "positions.csv", "market.csv"
COMMAND = f"python -m hedging exposure --positions {POSITIONS} --market {MARKET}"


def snapshot_of(view: View) -> Snapshot:
    """The snapshot that the view's exposures are of, as far as it decides them.

    Each valued position comes with the inputs that valued it, each hedge with its quote, and every gap as it
    is: what has no number on the screen gets none from the files.
    """
    at = as_of(view)
    received = _marks_at(view, at)
    quotes = {each.instrument.key: _quote(view, each, at, received) for each in view.positions}
    for market in view.hedges:
        if market.quote is not None:
            quotes[market.instrument.key] = market.quote
    return Snapshot(
        at=at,
        positions=tuple(_position(view, each, at) for each in view.positions),
        balances=view.balances,
        quotes=quotes,
        gaps=view.gaps,
    )


def as_of(view: View) -> datetime:
    """The instant of the exposures; of the view where there is none."""
    return next((each.exposure.at for each in view.underlyings if each.exposure is not None), view.at)


def book_files(view: View) -> tuple[str, str]:
    """Texts of the positions and the market file."""
    return export_book(snapshot_of(view), [market.instrument for market in view.hedges])


def archive(view: View) -> bytes:
    """Both files in one zip, with the commands to value them."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in zip((POSITIONS, MARKET), book_files(view), strict=True):
            packed.writestr(name, text)
        packed.writestr("README.txt", "\n".join(("To value this book again:", *commands(view), "")))
    return held.getvalue()


def commands(view: View) -> tuple[str, ...]:
    """One command for each numeraire in use, naming the underlyings whose row it is for."""
    shares: dict[float, list[str]] = {}
    for each in view.underlyings:
        if each.exposure is not None:
            shares.setdefault(each.exposure.numeraire.hedged_share, []).append(each.underlying)
    if not shares:
        return (COMMAND,)
    alone = len(shares) == 1
    return tuple(
        f"{COMMAND} --numeraire {_numeraire_word(share)}" + ("" if alone else f"  # {', '.join(names)}")
        for share, names in sorted(shares.items())
    )


def beside(view: View) -> str:
    """What the screen's delta holds that the files do not say: the shift of a smile rule."""
    shifts = [
        f"{fmt.coin(each.exposure.smile_shift)} {each.underlying}"
        for each in view.underlyings
        if each.exposure is not None and each.exposure.smile_shift
    ]
    return f" without the smile rule's {', '.join(shifts)}" if shifts else ""


def _numeraire_word(share: float) -> str:
    return {0.0: "coin", 1.0: "usd"}.get(share, f"{100 * share:.12g}")


@st.fragment(run_every=REFRESH_SECONDS)
def show() -> None:
    """The button and the command, in one line; the command changes with the numeraire."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    if desk is None or view is None:
        return
    with st.container(key="export-row", horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Export this book",
            data=_newest,
            file_name="book.zip",
            mime="application/zip",
            key="export-book",
            on_click="ignore",
        )
        words = "".join(f"<code>{fmt.escape_html(each)}</code>" for each in commands(view))
        words += fmt.escape_html(beside(view))
        st.html(
            '<div class="desk-export">'
            f"<span>positions and marks as two files; to work the exposure out again:</span>{words}</div>"
        )


def _newest() -> bytes:
    """The book as it is when the button is pressed."""
    desk = DOORWAY.standing.desk
    view = desk.read() if desk else None
    return archive(view) if view is not None else b""


def _marks_at(view: View, at: datetime) -> datetime:
    """When the oldest mark in use came; the view knows no other, and a valued one is never too old."""
    return next((feed.received_at for feed in view.feeds if feed.name == "marks" and feed.received_at), at)


def _index(view: View, underlying: str) -> float | None:
    found: Sequence[float] = [
        each.exposure.index
        for each in view.underlyings
        if each.underlying == underlying and each.exposure is not None
    ]
    return found[0] if found else None


def _position(view: View, each: PositionExposure, at: datetime) -> Position:
    floating = each.value_usd
    if each.instrument.kind in {Kind.OPTION, Kind.SPOT} or floating is None:
        floating = None
    elif each.instrument.settlement is Settlement.INVERSE:
        index = _position_index(view, each)
        floating = None if index is None else floating / index
    return Position(
        account=each.account,
        instrument=each.instrument,
        amount=Decimal(repr(each.amount)),
        average_price=None,
        floating_pnl=floating,
        venue_delta=None,
        received_at=at,
    )


def _position_index(view: View, each: PositionExposure) -> float | None:
    """The index that a position was valued with: its notional is its coins at that index."""
    if each.quantity_coin:
        return each.notional_usd / abs(each.quantity_coin)
    return _index(view, each.instrument.underlying)


def _quote(view: View, each: PositionExposure, at: datetime, received: datetime) -> Quote:
    return Quote(
        venue=each.instrument.venue,
        instrument=each.instrument.name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=each.mark,
        index=_position_index(view, each),
        forward=each.forward,
        iv=each.iv,
        venue_delta=None,
        venue_at=at,
        received_at=received,
        touch_received_at=received,
    )
