"""The smile as figure and tables: curve, quotes, violations and refusals, the hedge under each rule."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fake_smile import smile_view
from fake_terms import terms_of

from components import format as fmt
from components import smile
from components.theme import Tone
from hedging.model.smile import SmileRule


@pytest.fixture
def view():
    return smile_view(terms_of("BTC", 5.0), 100_000.0, 11.0, datetime(2026, 11, 20, 12, tzinfo=UTC))


def test_each_expiry_has_a_curve_and_its_quotes_in_percent_against_strikes(view):
    chart = smile.figure("BTC", view)
    drawn = view.slices[0]
    line, quotes = chart.data[:2]
    assert len(chart.data) == 2 * len(view.slices)
    assert line["y"] == pytest.approx([100 * vol for vol in drawn.curve_vol], rel=1e-4)
    assert quotes["y"] == pytest.approx([100 * vol for vol in drawn.quote_vol], rel=1e-4)
    assert quotes["x"][5] == pytest.approx(drawn.slice.forward, rel=1e-5)
    assert line["legendgroup"] == quotes["legendgroup"] == "23 Dec 26"


def test_expiries_differ_by_more_than_colour(view):
    lines = smile.figure("BTC", view).data[::2]
    assert len({line["line"]["dash"] for line in lines}) == len(lines)


def test_heavier_quotes_are_larger(view):
    sizes = smile.figure("BTC", view).data[1]["marker"]["size"]
    assert sizes[5] == max(sizes) > min(sizes)


def test_a_picture_is_drawn_once_and_a_newer_one_at_once(view):
    drawings = smile.Drawings()
    first = drawings.of("BTC", view, view.at)
    assert drawings.of("BTC", view, view.at + timedelta(seconds=59)) is first
    assert drawings.of("BTC", replace(view), view.at) is not first
    assert drawings.of("BTC", None, view.at).chart.empty == smile.NOT_YET


def test_a_picture_that_is_too_old_carries_its_age(view):
    drawn = smile.Drawings().of("BTC", view, view.at + timedelta(seconds=95))
    for words in (drawn.chart.unit, drawn.slices.caption, drawn.rules.caption):
        assert words.startswith("▲ 1 min 30 s old; ")


def test_before_the_first_fit_it_says_so_everywhere():
    assert smile.figure("BTC", None).empty == smile.NOT_YET
    assert smile.slices(None).empty == smile.NOT_YET
    assert smile.rules(None, "BTC").empty == smile.NOT_YET


def test_without_a_slice_the_reasons_stand_in_the_chart(view):
    chart = smile.figure("BTC", replace(view, slices=()))
    assert "4 usable quotes, at least 6 are needed" in chart.empty
    assert (
        smile.figure("BTC", replace(view, slices=(), trouble="the venue is away")).empty
        == "the venue is away"
    )


def test_violations_are_words_and_a_refused_expiry_has_its_reason_and_no_number(view):
    rows = smile.slices(view).rows
    assert [row.cells[0].text for row in rows] == ["22 Nov 26", "23 Dec 26", "24 Feb 27"]
    refused, clean, odd = rows
    assert refused.cells[1].text == fmt.UNKNOWN
    assert refused.cells[1].value is None
    assert "at least 6 are needed" in refused.cells[-1].text
    assert clean.cells[-1].text.startswith("none")
    assert "a butterfly costs less than nothing" in odd.cells[-1].text
    assert odd.cells[-1].tone is Tone.NEAR


def test_a_poor_fit_is_marked(view):
    poor = replace(view.slices[0], slice=replace(view.slices[0].slice, error_vol=0.02))
    row = smile.slices(replace(view, slices=(poor,), without=())).rows[0]
    assert (row.cells[1].text, row.cells[1].tone) == ("2.00", Tone.NEAR)


def test_the_effect_of_a_rule_is_in_the_hedges_own_unit_and_a_refused_one_has_no_number(view):
    table = smile.rules(view, "BTC")
    ids = [column.id for column in table.columns]
    strike, moneyness, variance = (dict(zip(ids, row.cells, strict=True)) for row in table.rows)
    assert table.columns[ids.index("effect")].unit == "USD"
    assert strike["rule"].text == "● sticky strike"
    assert moneyness["rule"].text == "sticky moneyness"
    assert moneyness["delta"].value == pytest.approx(11.0 - 0.84)
    assert moneyness["effect"].value == pytest.approx(84_000.0)
    assert moneyness["lots"].value == pytest.approx(8_400.0)
    assert all(variance[name].value is None for name in ("delta", "hedge", "amount", "effect", "lots"))
    assert variance["why"].text == "refused, see below"
    assert "minimum variance: the minimum-variance delta of calls has not been fitted yet" in table.foot
    assert {row.id for row in table.rows} == set(SmileRule)
