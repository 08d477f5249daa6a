"""The numeraire panel: the same numbers as the risk layer's, at most once a second, or why there are none."""

from dataclasses import replace
from datetime import timedelta

import pytest

from components import numeraires
from components.numeraires import NoHedging, Paced
from hedging.model.limits import Numeraire
from hedging.risk.numeraires import side_by_side


@pytest.fixture
def view(fake):
    return fake.step()


def under(view, share):
    each = view.underlyings[0]
    exposure = replace(each.exposure, numeraire=Numeraire(share))
    return replace(view, underlyings=(replace(each, exposure=exposure), *view.underlyings[1:]))


@pytest.mark.parametrize(("share", "third"), [(0.0, 0.5), (1.0, 0.5), (0.25, 0.25)])
def test_the_panel_shows_what_side_by_side_finds_in_the_same_view(view, share, third):
    view = under(view, share)
    each = view.underlyings[0]
    own = tuple(p for p in view.positions if p.instrument.underlying == "BTC")
    expected = side_by_side(each.exposure, own, numeraires.hedging_of(view, each), third)
    shown = numeraires.table(view, each)
    ids = [column.id for column in shown.columns]
    assert len(shown.rows) == 1 + len(expected) == 4
    for row, wanted in zip(shown.rows[1:], expected, strict=True):
        cells = dict(zip(ids, (cell.value for cell in row.cells), strict=True))
        assert cells["delta"] == wanted.delta
        assert cells["hedge"] == wanted.hedge_coin
        assert cells["amount"] == float(wanted.hedge_amount)
        assert (cells["down_coin"], cells["down_usd"]) == (wanted.down_hedged.coin, wanted.down_hedged.usd)
        assert (cells["up_coin"], cells["up_usd"]) == (wanted.up_hedged.coin, wanted.up_hedged.usd)
    now = shown.rows[0].cells
    assert [cell.value for cell in now[4:]] == [
        expected[0].down.coin, expected[0].down.usd, expected[0].up.coin, expected[0].up.usd
    ]  # fmt: skip


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_one_in_force_is_marked_and_no_other(view, share):
    each = under(view, share).underlyings[0]
    marked = [row for row in numeraires.table(view, each).rows if row.id.endswith("-chosen")]
    assert [row.cells[0].value for row in marked] == [Numeraire(share).sentence]
    assert marked[0].cells[0].text.startswith("● ")


def test_unknown_exposure_has_no_row_but_a_reason(fake):
    fake.blackout = True
    view = fake.step()
    shown = numeraires.table(view, view.underlyings[0])
    assert shown.rows == ()
    assert "valued" in shown.empty


def test_a_hedge_without_a_price_is_said(view):
    bare = replace(view, hedges=tuple(replace(each, quote=None) for each in view.hedges))
    assert numeraires.hedging_of(bare, bare.underlyings[0]) == NoHedging("BTC-PERPETUAL has no price now")
    assert numeraires.table(bare, bare.underlyings[0]).empty == "BTC-PERPETUAL has no price now"


class TestPaced:
    def test_once_a_second_however_many_views(self, view):
        built = []
        panel = Paced(lambda view, each: built.append(view.at) or numeraires.table(view, each))
        each = view.underlyings[0]
        first = panel.table(view, each)
        soon = replace(view, at=view.at + timedelta(seconds=0.9))
        assert panel.table(soon, each) is first
        assert panel.table(replace(view, at=view.at + timedelta(seconds=1)), each) is not first
        assert len(built) == 2

    def test_new_terms_and_an_exposure_that_went_are_shown_at_once(self, view):
        panel = Paced(numeraires.table)
        each = view.underlyings[0]
        panel.table(view, each)
        assert panel.table(view, replace(each, exposure=None)).rows == ()
        newer = replace(view, terms=replace(view.terms, number=2))
        assert panel.table(newer, each).rows

    def test_a_clock_that_went_back_shows_the_new_view(self, view):
        panel = Paced(numeraires.table)
        each = view.underlyings[0]
        first = panel.table(view, each)
        assert panel.table(replace(view, at=view.at - timedelta(seconds=5)), each) is not first
