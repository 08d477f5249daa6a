"""The Scenarios page inside AppTest: choices, what-if positions, saving, tails, and what is not known."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest
from valued_views import CALL, PERPETUAL, PUT, held_snapshot, valued_view

from components import session
from hedging.desk import DOORWAY, Desk, Phase, Standing
from hedging.ledger import Closes, SavedScenarios, Series
from hedging.model.what_if import Change, Close, SavedScenario

VIEW = valued_view()
LIVE = VIEW.underlyings[0].exposure


def run_page():
    from pages import scenarios

    scenarios.render()


@pytest.fixture
def series(tmp_path):
    opened = Series.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def desk(series, tmp_path):
    opened = Desk.open(tmp_path, has_demo=False)
    DOORWAY.set(Standing(phase=Phase.RUNNING, note="running", desk=opened))
    yield opened
    DOORWAY.set(Standing())
    opened.close()


@pytest.fixture
def page(series, desk):
    series.put_view(VIEW)
    return AppTest.from_function(run_page, default_timeout=20).run()


def text(test):
    return "\n".join(element.proto.body for element in test.get("html"))


def number(test, name):
    found = re.search(rf'data-testid="{name}" data-value="([^"]+)"', text(test))
    return float(found.group(1)) if found else None


def chart(test, name="scenario"):
    """What the sheet of this name was given."""
    import json

    for element in test.get("bidi_component"):
        data = json.loads(element.proto.json)
        if data.get("id") == name:
            return data["chart"]
    raise AssertionError(f"no sheet {name}")


def test_the_book_stands_with_its_worst_cell_and_its_hedge(page):
    assert not page.exception
    assert number(page, "live-delta") == LIVE.delta
    assert abs(number(page, "hedged-delta")) <= 5
    assert number(page, "worst-before") < 0
    assert number(page, "worst-after") != number(page, "worst-before")
    assert "keep my coins" in text(page)
    assert "book of" in text(page)


def test_zero_shock_is_nothing_and_the_grid_has_its_size(page):
    drawn = chart(page)
    assert (len(drawn["data"][0]["z"]), len(drawn["data"][0]["z"][0])) == (9, 17)
    assert drawn["data"][0]["z"][4][8] == 0.0
    assert drawn["data"][1]["text"][4 * 17 + 8] == "0"


@pytest.mark.parametrize(
    ("key", "value", "title", "unit"),
    [
        ("scenario-show", "Delta", "BTC delta, as it is", "USD"),
        ("scenario-show", "Gamma", "BTC gamma, as it is", "USD / 1 %"),
        ("scenario-unit", "coin", "BTC P&L, as it is", "BTC"),
        ("scenario-side", "after the hedge", "BTC P&L, after the hedge", "USD"),
        ("scenario-side", "difference", "BTC P&L, what the hedge changes", "USD"),
    ],
)
def test_every_switch_changes_the_figure(page, key, value, title, unit):
    page.segmented_control(key=key).set_value(value).run()
    assert not page.exception
    assert (chart(page)["title"], chart(page)["unit"]) == (title, unit)


def test_the_ranges_and_the_shift_change_the_axes(page):
    page.selectbox(key="scenario-spot").set_value(0.5).run()
    page.selectbox(key="scenario-vol").set_value(0.1).run()
    page.selectbox(key="scenario-shift").set_value("relative").run()
    drawn = chart(page)["data"][0]
    assert drawn["x"][0].startswith("−50 %")
    assert drawn["y"][-1] == "+10 %"
    assert "% of itself" in text(page)


def test_time_forward_reaches_beyond_the_next_expiry(page):
    at_once = number(page, "worst-before")
    page.select_slider(key="scenario-days").set_value("next expiry").run()
    assert f"after {PUT.expiry.day} {PUT.expiry:%b %y}" in text(page)
    assert number(page, "worst-before") != at_once


class TestWhatIf:
    def put(self, page, instrument, amount):
        words = next(
            each for each in page.selectbox(key="what-if-instrument").options if each.startswith(instrument)
        )
        page.selectbox(key="what-if-instrument").set_value(words)
        page.number_input(key="what-if-amount").set_value(amount)
        page.button(key="what-if-put").click().run()
        assert not page.exception
        return page

    def test_a_change_stands_beside_the_live_book_and_is_undone(self, page):
        self.put(page, CALL.name, -5.0)
        assert number(page, "live-delta") == LIVE.delta
        assert number(page, "what-if-delta") != LIVE.delta
        assert number(page, f"difference-{CALL.name}") == -5.0
        assert "With your changes, at worst" in text(page)
        page.button(key=f"undo-main-{CALL.key}").click().run()
        assert number(page, "what-if-delta") is None
        assert "Nothing differs" in text(page)

    def test_reset_goes_back_to_the_live_book(self, page):
        self.put(self.put(page, CALL.name, -5.0), PUT.name, 0.0)
        assert number(page, f"difference-{PUT.name}") == 0.0
        page.button(key="what-if-reset").click().run()
        assert "Nothing differs" in text(page)

    def test_without_an_amount_nothing_is_put_in(self, page):
        page.button(key="what-if-put").click().run()
        assert "write the amount" in text(page)
        assert "Nothing differs" in text(page)

    def test_an_option_is_added_with_the_volatility_of_its_neighbour(self, page):
        page.number_input(key="what-if-strike").set_value(95_000.0)
        page.number_input(key="what-if-option-amount").set_value(-10.0)
        page.button(key="what-if-put-option").click().run()
        assert not page.exception
        assert "volatility 68.1 % of BTC-90000-PUT, the nearest held" in text(page)
        assert number(page, "what-if-vega") < number(page, "live-vega")

    def test_an_option_is_added_with_a_volatility_of_ones_own(self, page):
        page.number_input(key="what-if-option-amount").set_value(1.0)
        page.number_input(key="what-if-vol").set_value(42.0)
        page.segmented_control(key="what-if-kind").set_value("put")
        page.button(key="what-if-put-option").click().run()
        assert "volatility 42.0 % as written" in text(page)

    def test_changes_of_one_underlying_are_not_put_into_another(self, page, series):
        self.put(page, CALL.name, -5.0)
        other = replace(
            VIEW.underlyings[0],
            underlying="ETH",
            exposure=replace(LIVE, underlying="ETH"),
            hedge_instrument="X",
        )
        series.put_view(replace(VIEW, sequence=8, underlyings=(*VIEW.underlyings, other)))
        page.run()
        page.segmented_control(key="scenario-underlying").set_value("ETH").run()
        assert not page.exception
        assert "Nothing differs" in text(page)


class TestSaved:
    def save(self, page, name):
        page.text_input(key="what-if-name").set_value(name).run()
        return page.button(key="what-if-save").click().run()

    def test_saved_loaded_and_deleted(self, page, desk):
        TestWhatIf().put(page, CALL.name, -5.0)
        page.selectbox(key="scenario-spot").set_value(0.5).run()
        self.save(page, "  crash ")
        assert "saved as &#x27;crash&#x27;" in text(page)
        assert desk.saved.load("crash").changes[0].amount == -5.0
        page.button(key="what-if-reset").click().run()
        page.selectbox(key="scenario-spot").set_value(0.1).run()
        page.button(key="what-if-load").click().run()
        assert not page.exception
        assert number(page, f"difference-{CALL.name}") == -5.0
        assert page.selectbox(key="scenario-spot").value == 0.5
        page.button(key="what-if-delete").click().run()
        assert desk.saved.names() == ()

    def test_a_name_in_use_asks_before_it_is_overwritten(self, page, desk):
        self.save(page, "crash")
        first = desk.saved.load("crash")
        TestWhatIf().put(page, CALL.name, -5.0)
        page.button(key="what-if-save").click().run()
        assert "overwrite it, or rename" in text(page)
        assert desk.saved.load("crash") == first
        assert page.button(key="what-if-save").label == "Overwrite crash"
        page.button(key="what-if-save").click().run()
        assert desk.saved.load("crash").changes[0].amount == -5.0

    def test_another_name_is_not_taken_for_a_yes(self, page, desk):
        self.save(page, "crash")
        page.button(key="what-if-save").click().run()
        self.save(page, "other")
        assert desk.saved.names() == ("crash", "other")

    def test_no_name_is_no_saving(self, page, desk):
        self.save(page, "   ")
        assert "needs a name" in text(page)
        assert desk.saved.names() == ()

    def test_an_instrument_that_has_expired_is_left_out_with_a_sentence(self, page, tmp_path, series):
        gone = Change(
            underlying="BTC",
            account="main",
            instrument="deribit:BTC-OLD-C",
            amount=1.0,
            expiry=VIEW.at - timedelta(days=1),
        )
        kept = Change(underlying="BTC", account="main", instrument=CALL.key, amount=-5.0, expiry=CALL.expiry)
        shelf = SavedScenarios.open(tmp_path)
        shelf.save(
            SavedScenario(
                name="old", author="Rafael", at=datetime(2026, 1, 2, tzinfo=UTC), underlying="BTC",
                changes=(gone, kept), spot_reach=0.2, vol_reach=0.2, vol_shift="absolute", days="now",
            )
        )  # fmt: skip
        shelf.close()
        page.run()
        page.button(key="what-if-load").click().run()
        assert not page.exception
        assert "left out, because expired: BTC-OLD-C" in text(page)
        assert number(page, f"difference-{CALL.name}") == -5.0

    def test_a_viewer_may_play_and_load_and_not_write(self, series, desk):
        series.put_view(VIEW)
        test = AppTest.from_function(run_page, default_timeout=20)
        test.session_state[session.person_key()] = "Vera"
        test.run()
        assert test.button(key="what-if-save").disabled
        assert not test.button(key="what-if-put").disabled

    def test_hostile_names_stay_words(self, page):
        self.save(page, "<img src=x>")
        assert "<img" not in text(page)


class TestTails:
    def record(self, tmp_path, hours=168):
        kept = Closes.open(tmp_path)
        first = VIEW.at - timedelta(hours=hours)
        made = [
            Close(
                instrument=PERPETUAL.key,
                at=first + timedelta(hours=n),
                price=100_000.0 * (1 + 0.01 * (n % 3)),
            )
            for n in range(hours)
        ]
        kept.put(made, first)
        kept.close()

    def test_without_closes_the_reason_is_said(self, page):
        assert number(page, "tail-historical-before-var-usd") is None
        assert "no hourly close is recorded yet" in text(page)

    def test_with_closes_there_are_figures_and_the_tail_decides_how_many_are_needed(self, page, tmp_path):
        self.record(tmp_path)
        page.run()
        assert number(page, "tail-historical-before-var-usd") > 0
        assert number(page, "tail-delta-gamma-after-es-coin") is not None
        page.segmented_control(key="scenario-confidence").set_value(0.99).run()
        assert number(page, "tail-historical-before-var-usd") is None
        assert "250 are needed" in text(page)
        page.segmented_control(key="scenario-horizon").set_value("10 d").run()
        assert "returns of 10 d are recorded" in text(page)


class TestNothingKnown:
    def test_before_the_first_view(self, desk):
        test = AppTest.from_function(run_page, default_timeout=20).run()
        assert "first view" in text(test)

    def test_a_gap_leaves_no_number_but_the_reason(self, series, desk):
        series.put_view(valued_view(held_snapshot(balances=()), sequence=9))
        test = AppTest.from_function(run_page, default_timeout=20).run()
        assert not test.exception
        assert "no scenario of BTC: the BTC balance of main is not known" in text(test)
        assert chart(test)["empty"] == "unknown until every position is valued"
        assert number(test, "live-delta") is None
        assert number(test, "worst-before") is None

    def test_a_shelf_that_cannot_be_read_is_said(self, page, desk, monkeypatch):
        from hedging.errors import LedgerError

        def broken(*_):
            raise LedgerError("the disk failed")

        monkeypatch.setattr(desk.saved, "names", broken)
        monkeypatch.setattr(desk, "closes", broken)
        page.run()
        assert not page.exception
        assert text(page).count("the disk failed") == 2
