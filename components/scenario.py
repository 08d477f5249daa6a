"""The Scenarios page's frame: the row of choices, the grid with its sentences, the tails beside it."""

import msgspec
import streamlit as st

from components import assets, scenario_edit, session
from components import format as fmt
from components.payload import Chart
from components.scenario_answer import Answer, NoAnswer, kept_answer, key_of
from components.scenario_asked import SHIFT, SHOW, SIDE, SPOT, TIME, UNDERLYING, UNIT, VOL, drawing, question
from components.scenario_choice import (
    NEXT_EXPIRY,
    NOW,
    SHIFT_WORDS,
    SPOT_REACHES,
    VOL_REACHES,
    Question,
    Show,
    Side,
    Unit,
    next_expiry,
    reach,
    steps,
)
from components.scenario_figure import figure, slice_figure
from components.scenario_kept import Kept
from components.scenario_tail import CONFIDENCES, HORIZONS, Tails, tail_table, tails
from components.scenario_words import exposures, sentences
from hedging.desk import DOORWAY, Desk
from hedging.errors import LedgerError
from hedging.model.view import View
from hedging.risk.scenario import VolShift
from hedging.venues.history import LONGEST

REFRESH_SECONDS = 5.0
TAILS: Kept[Tails] = Kept()
HORIZON, CONFIDENCE = "scenario-horizon", "scenario-confidence"
_SHEET_JS = """
export default async function ({ parentElement, data }) {
  const { sheet, unsheet } = await import(new URL(data.base + "/scenario.js", location.origin).href);
  sheet(parentElement, data);
  return () => unsheet(parentElement);
}
"""


def page() -> None:
    """The whole page, or why there is nothing to show yet."""
    view = _view()
    if view is None:
        st.html(
            '<div class="desk-line" data-testid="scenario-starting">'
            "starting: scenarios come with the engine's first view</div>"
        )
        return
    if not view.underlyings:
        st.html('<div class="desk-line" data-testid="scenario-starting">no underlying is configured</div>')
        return
    _body()


@st.fragment(run_every=REFRESH_SECONDS)
def _body() -> None:
    """Everything on the page, from the newest view: a press redraws it at once, the clock every 5 s."""
    view = _view()
    if view is None or not view.underlyings:
        return
    _choices(view)
    asked = question(view)
    found = kept_answer(view, asked)
    left, right = st.columns([2.35, 1], gap="small")
    with left:
        _grid(view, asked, found)
        _tails(view, asked, found)
    with right:
        if isinstance(found, Answer):
            show, unit, _ = drawing()
            st.html(f'<div class="desk-panel desk-live desk-sheet-table">{exposures(found)}</div>')
            _sheet("slice", slice_figure(found, show, unit))
        scenario_edit.show(view, asked, found)


def _view() -> View | None:
    desk = DOORWAY.standing.desk
    return desk.read() if desk else None


def _choices(view: View) -> None:
    asked = question(view)
    with st.container(key="scenario-choices", horizontal=True, vertical_alignment="bottom"):
        names = [each.underlying for each in view.underlyings]
        st.segmented_control("Underlying", names, default=names[0], required=True, key=UNDERLYING)
        st.segmented_control(
            "Show", [each.value for each in Show], default=Show.PNL.value, required=True, key=SHOW
        )
        st.segmented_control(
            "In", [each.value for each in Unit], default=Unit.USD.value, required=True, key=UNIT
        )
        st.segmented_control(
            "Book", [each.value for each in Side], default=Side.BEFORE.value, required=True, key=SIDE
        )
        st.selectbox(
            "Spot", SPOT_REACHES, index=2, key=SPOT, format_func=lambda each: f"± {100 * each:g} %", width=96
        )
        st.selectbox(
            "Volatility",
            VOL_REACHES,
            index=2,
            key=VOL,
            format_func=lambda each: f"± {100 * each:g}",
            width=84,
        )
        st.selectbox(
            "Volatility moves in", [each.value for each in VolShift], key=SHIFT,
            format_func=lambda each: SHIFT_WORDS[VolShift(each)], width=196,
        )  # fmt: skip
        st.select_slider(
            "Time forward", steps(view.positions, asked.underlying), value=NOW, key=TIME,
            format_func=lambda each: time_label(each, view, asked.underlying),
        )  # fmt: skip


def time_label(step: str, view: View, underlying: str) -> str:
    """A step of the time scale; the next expiry by its date."""
    first = next_expiry(view.positions, underlying)
    if step != NEXT_EXPIRY or first is None:
        return step
    return f"after {fmt.expiry(first.instrument.expiry)}"


def time_words(question_now: Question, view: View) -> str:
    """The time step inside a sentence."""
    label = time_label(question_now.days, view, question_now.underlying)
    return {NOW: "at once"}.get(question_now.days, label if label.startswith("after") else f"in {label}")


def _grid(view: View, asked: Question, found: Answer | NoAnswer) -> None:
    """The sentences and the heat-map."""
    show, unit, side = drawing()
    if isinstance(found, NoAnswer):
        why = f"no scenario of {asked.underlying}: {found.reason}"
        st.html(
            '<div class="desk-line desk-said-refused" data-testid="scenario-unknown">'
            f"{fmt.escape_html(why)}</div>"
        )
        title = f"{asked.underlying} {show.value}"
        _sheet("scenario", Chart(title=title, unit="", empty="unknown until every position is valued"))
        return
    st.html(sentences(found, time_words(asked, view)))
    _sheet("scenario", figure(found, show, unit, side))


def _sheet(name: str, chart: Chart) -> None:
    """A chart that stays mounted while the page does."""
    component = st.components.v2.component("desk_sheet", js=_SHEET_JS, isolate_styles=False)
    component(
        key=f"sheet:{name}", data={"base": assets.base(), "id": name, "chart": msgspec.to_builtins(chart)}
    )


def _tail_choices() -> None:
    with st.container(key="scenario-tail-row", horizontal=True, vertical_alignment="center"):
        st.html('<div class="desk-section">Value at risk and expected shortfall</div>')
        st.segmented_control(
            "Horizon", list(HORIZONS), default="1 h", required=True, key=HORIZON, label_visibility="collapsed"
        )
        st.segmented_control(
            "Confidence", CONFIDENCES, default=0.95, required=True, key=CONFIDENCE,
            format_func=lambda each: f"{100 * each:g} %", label_visibility="collapsed",
        )  # fmt: skip


def _tails(view: View, asked: Question, found: Answer | NoAnswer) -> None:
    """Value at risk and expected shortfall, or why there is none."""
    desk = DOORWAY.standing.desk
    _tail_choices()
    if desk is None or isinstance(found, NoAnswer):
        return
    words = _tail_words(desk, view, asked, found)
    st.html(f'<div class="desk-panel desk-live desk-sheet-table">{words}</div>')


def _tail_words(desk: Desk, view: View, asked: Question, found: Answer) -> str:
    name = found.live.underlying
    hedge = next((each.instrument for each in view.hedges if each.instrument.underlying == name), None)
    if hedge is None:
        return '<div class="desk-line">the hedging instrument is not known yet</div>'
    try:
        closes = desk.closes(hedge.key, view.at - LONGEST)
    except LedgerError as error:
        return f'<div class="desk-line desk-said-refused">{fmt.escape_html(str(error))}</div>'
    hours = HORIZONS.get(session.text_of(HORIZON), 1)
    confidence = reach(CONFIDENCES, session.number_of(CONFIDENCE), 0.95)
    book = key_of(view, Question(underlying=name, changes=asked.changes))
    key = (book, hours, confidence, len(closes), closes[-1].at if closes else None)
    return tail_table(TAILS.value(key, lambda: tails(found, closes, hours, confidence)), name)
