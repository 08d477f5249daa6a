"""Tests of the volatility that forecasts rest on, and of the forecasts that reach the view."""

from dataclasses import replace
from datetime import timedelta
from math import exp, sqrt

import nouns
import pytest
from nouns import NOW, balance, position, quote, rules, snapshot

from hedging.decide import assess
from hedging.engine.forecasting import Volatilities, leaving_band, remembered, with_forecasts
from hedging.model.instrument import OptionKind
from hedging.model.limits import Measure, NoForecast, VolSource
from hedging.risk.forecast import Bounds, Vol, forecast

MINUTE = sqrt(365 * 1440)


def fed(seconds=1.0, minutes=30, move=0.001, start=NOW):
    """An index that moves by ±move each minute, seen every so many seconds."""
    vols = Volatilities()
    for step in range(int(minutes * 60 / seconds) + 1):
        minute = int(step * seconds // 60)
        vols.take("BTC", start + timedelta(seconds=step * seconds), 100_000.0 * exp(move * (minute % 2)))
    return vols


@pytest.mark.parametrize("seconds", [0.2, 1.0, 30.0])
def test_a_return_spans_a_minute_however_often_the_index_is_seen(seconds):
    assert fed(seconds).realised("BTC") == pytest.approx(0.001 * MINUTE, rel=1e-9)


def test_below_twenty_minutes_there_is_no_realised_volatility():
    assert fed(minutes=19).realised("BTC") is None
    assert fed(minutes=20).realised("BTC") is not None
    assert fed().realised("ETH") is None


def test_an_index_that_stood_still_has_no_volatility_of_zero():
    assert fed(move=0.0).realised("BTC") is None


def test_a_gap_or_a_clock_set_back_is_no_return():
    vols = fed()
    known = vols.realised("BTC")
    vols.take("BTC", NOW + timedelta(hours=2), 200_000.0)
    vols.take("BTC", NOW, 100_000.0)
    assert vols.realised("BTC") == known


def test_samples_of_an_earlier_run_are_taken_up():
    vols = Volatilities()
    samples = [
        ("BTC", NOW + timedelta(seconds=step), 100_000.0 * exp(0.001 * (step // 60 % 2)))
        for step in range(1801)
    ]
    remembered([*samples[:900], ("BTC", NOW, None), *samples[900:]], vols)
    assert vols.realised("BTC") == pytest.approx(0.001 * MINUTE, rel=1e-9)


def book(*positions):
    call = nouns.option(OptionKind.CALL, 101_000.0)
    quotes = (quote(), quote(call, mark=0.05, iv=0.55))
    return assess(snapshot((*positions, position(call, 10)), quotes, (balance(),)), rules())


def test_the_options_volatility_stands_in_and_says_so():
    assert Volatilities().vol("BTC", book()) == Vol(0.55, VolSource.IMPLIED)
    assert fed().vol("BTC", book()).source is VolSource.REALISED
    nothing = assess(snapshot((), (quote(),), (balance(),)), rules())
    assert Volatilities().vol("BTC", nothing) is None


def test_the_limits_carry_their_forecasts():
    whole = book(position(nouns.perpetual(), -300_000))
    vol = Vol(0.6, VolSource.REALISED)
    found = {each.limit.measure: each for each in with_forecasts(whole, {"BTC": vol})}
    own = whole.exposures["BTC"]
    delta = found[Measure.DELTA]
    assert delta.forecast == forecast(own.delta, own.gamma_coin, Bounds(-30.0, 30.0), vol)
    assert delta.value == abs(own.delta)
    assert found[Measure.HEDGE_POSITION].forecast.refused is NoForecast.NO_SLOPE
    (missing,) = {each.forecast.refused for each in with_forecasts(whole, {}) if each is not None} - {
        NoForecast.NO_SLOPE
    }
    assert missing is NoForecast.UNKNOWN_VOL


def test_leaving_the_band_is_forecast_from_both_edges():
    whole = book(position(nouns.perpetual(), -300_000))
    vol, band = Vol(0.6, VolSource.REALISED), nouns.band(-20.0, 5.0)
    own = whole.exposures["BTC"]
    found = leaving_band("BTC", band, whole, vol)
    assert found == forecast(own.delta, own.gamma_coin, Bounds(-20.0, 5.0), vol)
    assert leaving_band("BTC", band, whole, None).refused is NoForecast.UNKNOWN_VOL
    blind = replace(whole, exposures={})
    assert leaving_band("BTC", band, blind, vol).refused is NoForecast.UNKNOWN_VALUE
