"""Bars of limits and bands: shares, scopes, forecasts in words, and what is not known."""

from dataclasses import replace

import pytest

from components import format as fmt
from components import limit_bars
from components.theme import Tone
from hedging.model.exposure import DriftState
from hedging.model.limits import (
    WHOLE_BOOK,
    BreachLevel,
    Forecast,
    Limit,
    Measure,
    NoForecast,
    VolSource,
)


@pytest.fixture
def view(fake):
    return fake.step()


def bar_of(view, name):
    return next(bar for bar in limit_bars.bars(view).bars if bar.id == name)


def only(view, utilisation):
    return replace(view, limits=(utilisation,))


def limit_on(view, measure):
    return next(each for each in view.limits if each.limit.measure is measure)


def test_share_of_the_hard_limit_and_its_word(view):
    delta = limit_on(view, Measure.DELTA)
    full = replace(delta, value=delta.limit.hard * 1.5, level=BreachLevel.HARD)
    bar = bar_of(only(view, full), "limit-BTC-delta")
    assert bar.share == pytest.approx(1.5)
    assert (bar.word, bar.tone) == ("BREACH", Tone.BREACH)
    assert bar.soft_share == pytest.approx(0.75)
    assert bar.bounds == "soft 15 · hard 20"


def test_vega_is_per_point(view):
    bar = bar_of(only(view, replace(limit_on(view, Measure.VEGA), value=123_400.0)), "limit-BTC-vega")
    assert (bar.value, bar.unit) == ("1,234", "USD / pt")
    assert bar.bounds == "soft 30,000 · hard 40,000"


def test_an_unknown_value_is_grey(view):
    unknown = replace(limit_on(view, Measure.DELTA), value=None, level=BreachLevel.UNKNOWN)
    bar = bar_of(only(view, unknown), "limit-BTC-delta")
    assert (bar.share, bar.value, bar.tone) == (None, fmt.UNKNOWN, Tone.UNKNOWN)


def test_scopes_come_in_groups_and_in_an_order_that_stays(view):
    bars = limit_bars.bars(view).bars
    groups = list(dict.fromkeys(bar.group for bar in bars))
    assert groups == ["underlying", "account", "venue", "book"]
    fuller = replace(view, limits=tuple(reversed(view.limits)))
    assert [bar.id for bar in limit_bars.bars(fuller).bars] == [bar.id for bar in bars]


def test_a_coin_measure_of_the_whole_book_is_in_dollars(view):
    delta = limit_on(view, Measure.DELTA)
    limit = Limit(scope=WHOLE_BOOK, measure=Measure.DELTA, soft=1e6, hard=2e6)
    bar = bar_of(only(view, replace(delta, limit=limit, value=1.2e6)), "limit-whole-book-delta")
    assert (bar.value, bar.unit, bar.bounds) == ("1.20 M", "USD", "soft 1.00 M · hard 2.00 M")


class TestBand:
    def test_it_lies_inside_the_delta_limit_on_the_deltas_side(self, view):
        each = view.underlyings[0]
        lopsided = replace(each.drift, delta=-3.0, band=replace(each.drift.band, lower=-4.0, upper=8.0))
        changed = replace(view, underlyings=(replace(each, drift=lopsided),))
        assert bar_of(changed, "limit-BTC-delta").band_share == pytest.approx(4.0 / 20.0)
        above = replace(view, underlyings=(replace(each, drift=replace(lopsided, delta=3.0)),))
        assert bar_of(above, "limit-BTC-delta").band_share == pytest.approx(8.0 / 20.0)
        assert bar_of(view, "limit-BTC-vega").band_share is None

    def test_its_bar_is_full_at_the_edge_on_the_deltas_side(self, view):
        each = view.underlyings[0]
        band = replace(each.drift.band, lower=-4.0, centre=2.0, upper=8.0)
        inside = replace(each.drift, delta=-1.0, band=band, state=DriftState.INSIDE, beyond_band=0.0)
        bar = bar_of(replace(view, underlyings=(replace(each, drift=inside),)), "band-BTC")
        assert bar.share == pytest.approx(0.5)
        assert (bar.word, bar.tone, bar.bounds) == ("inside", Tone.GOOD, "−4 … 8")

    def test_an_unknown_delta_has_no_share(self, fake):
        fake.blackout = True
        bar = bar_of(fake.step(), "band-BTC")
        assert (bar.share, bar.word, bar.tone) == (None, "unknown", Tone.UNKNOWN)


class TestOutlook:
    def forecast(self, **changes):
        whole = Forecast(
            within_1h=0.18, within_8h=0.604, median_hours=5.7, vol=0.52, vol_source=VolSource.REALISED
        )
        return replace(whole, **changes)

    def test_a_likely_breach_is_said_in_words_with_a_mark(self):
        found = limit_bars.outlook(self.forecast(), "pass the hard limit")
        assert found.text == "▲ 60 % chance to pass the hard limit within 8 h, 18 % within 1 h"
        assert found.tone is Tone.NEAR
        assert "as likely as not within 6 h" in found.note
        assert "52 %" in found.note

    def test_an_unlikely_one_is_plain(self):
        found = limit_bars.outlook(self.forecast(within_8h=0.04, within_1h=0.0001), "leave the band")
        assert found.text == "4 % chance to leave the band within 8 h, below 1 % within 1 h"
        assert found.tone is Tone.PLAIN

    def test_outside_now_is_no_forecast(self):
        now = self.forecast(within_1h=1.0, within_8h=1.0, median_hours=0.0)
        assert limit_bars.outlook(now, "leave the band").text == "▲ outside now"

    @pytest.mark.parametrize("why", list(NoForecast))
    def test_none_has_its_reason(self, why):
        found = limit_bars.outlook(Forecast(refused=why), "leave the band")
        assert (found.text, found.tone, found.note) == (f"no forecast: {why}", Tone.UNKNOWN, why)


def test_no_limit_is_an_empty_state_of_its_own(view):
    found = limit_bars.bars(replace(view, limits=()))
    assert found.bars == ()
    assert "automatic hedging stays off" in found.empty
