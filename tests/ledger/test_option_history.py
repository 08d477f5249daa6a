"""Recorded options minute by minute, and the picture of a smile."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hedging.errors import LedgerError
from hedging.ledger import OptionRecords, Series, option_history
from hedging.model.instrument import OptionKind, Settlement
from hedging.model.smile import OptionPoint, SmileLimits, SmileRule, SmileView

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVER = NOON - timedelta(days=30)


@pytest.fixture
def records(tmp_path):
    opened = OptionRecords.open(tmp_path)
    yield opened
    opened.close()


def point(minutes=0.0, name="BTC-C", **changes):
    whole = OptionPoint(
        venue="deribit",
        instrument=name,
        at=NOON + timedelta(minutes=minutes),
        underlying="BTC",
        kind=OptionKind.CALL,
        settlement=Settlement.INVERSE,
        expiry=NOON + timedelta(days=36.5),
        strike=100_000.0,
        index=100_000.0,
        forward=100_500.0,
        mark=0.05,
        iv=0.6,
        delta=0.55,
        vega=12_000.0,
    )
    return replace(whole, **changes)


def test_points_come_back_as_columns_with_years_and_a_price_in_usd(records):
    records.put(
        [point(), point(name="L", settlement=Settlement.LINEAR, mark=700.0, kind=OptionKind.PUT)], EVER
    )
    found = records.history("deribit", "BTC", EVER)
    assert found.minute.tolist() == [int(NOON.timestamp()) // 60] * 2
    assert len(set(found.option.tolist())) == 2
    assert sorted(zip(found.sign.tolist(), found.price.tolist(), strict=True)) == [
        (-1.0, 700.0),
        (1.0, pytest.approx(5025.0)),
    ]
    assert found.years.tolist() == pytest.approx([0.1, 0.1])
    assert (found.delta.tolist(), found.vega.tolist()) == ([0.55, 0.55], [12_000.0, 12_000.0])


def test_a_minute_holds_one_point_of_an_option_the_last(records):
    records.put([point(0.2)], EVER)
    records.put([point(0.9, delta=0.6)], EVER)
    found = records.history("deribit", "BTC", EVER)
    assert found.delta.tolist() == [0.6]
    assert records.latest() == NOON


def test_only_whole_multiples_of_the_minutes_asked_for_are_read(records):
    records.put([point(minutes) for minutes in range(11)], EVER)
    minutes = records.history("deribit", "BTC", EVER, 5).minute
    assert (minutes - minutes[0]).tolist() == [0, 5, 10]
    assert records.history("deribit", "BTC", NOON + timedelta(minutes=6), 5).minute.size == 1
    assert records.history("deribit", "ETH", EVER).minute.size == 0
    assert records.history("okx", "BTC", EVER).minute.size == 0


def test_what_is_older_than_kept_goes_and_its_listing_with_it(records, tmp_path):
    old = point(name="OLD", expiry=NOON + timedelta(minutes=1))
    records.put([old, point()], EVER)
    records.put([point(10)], NOON + timedelta(minutes=5))
    assert records.history("deribit", "BTC", EVER).minute.size == 1
    with records._database.reading() as connection:
        listed = connection.exec_driver_sql("SELECT name FROM option_listed").scalars().all()
    assert listed == ["BTC-C"]


def test_a_backlog_is_forgotten_in_parts_and_the_oldest_first(records, monkeypatch):
    monkeypatch.setattr(option_history, "MOST_FORGOTTEN", 3)
    records.put([point(minutes) for minutes in range(8)], EVER)
    left = []
    for minutes in (8, 9, 10):
        records.put([point(minutes)], NOON + timedelta(minutes=8))
        found = records.history("deribit", "BTC", EVER).minute
        left.append(sorted((found - int(NOON.timestamp()) // 60).tolist()))
    assert left == [[3, 4, 5, 6, 7, 8], [6, 7, 8, 9], [8, 9, 10]]


@pytest.mark.parametrize("field", ["index", "forward", "mark", "iv", "delta", "vega"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_none_is_not_stored_nor_its_neighbours(records, field, value):
    with pytest.raises(LedgerError, match=field):
        records.put([point(), point(1, **{field: value})], EVER)
    assert records.latest() is None


@pytest.mark.parametrize("field", ["forward", "mark", "iv"])
def test_what_cannot_be_zero_is_refused_at_zero(records, field):
    with pytest.raises(LedgerError):
        records.put([point(**{field: 0.0})], EVER)
    assert records.latest() is None


def test_a_reading_that_is_too_large_is_refused(records, monkeypatch):
    monkeypatch.setattr(option_history, "MOST_ROWS", 2)
    records.put([point(minutes) for minutes in range(3)], EVER)
    with pytest.raises(LedgerError, match="less time"):
        records.history("deribit", "BTC", EVER)


def picture(**changes):
    whole = SmileView(
        underlying="BTC",
        at=NOON,
        rule=SmileRule.STICKY_STRIKE,
        limits=SmileLimits(),
        hedge_instrument="BTC-PERPETUAL",
        amount_label="USD",
        slices=(),
        without=(),
        effects=(),
        fits=(),
        fit_seconds=0.2,
    )
    return replace(whole, **changes)


def test_the_picture_is_the_latest_one(records, tmp_path):
    assert records.picture("BTC") is None
    assert records.picture_at("BTC") is None
    records.put_picture(picture())
    records.put_picture(picture(at=NOON + timedelta(minutes=1), rule=SmileRule.STICKY_MONEYNESS))
    found = records.picture("BTC")
    assert found is not None
    assert found.rule is SmileRule.STICKY_MONEYNESS
    assert records.picture_at("BTC") == NOON + timedelta(minutes=1)
    assert records.picture("ETH") is None
    with pytest.raises(LedgerError, match="fit_seconds"):
        records.put_picture(picture(fit_seconds=float("nan")))
    assert records.picture("BTC") == found


def test_the_series_and_the_options_share_a_file(tmp_path, records):
    series = Series.open(tmp_path)
    records.put([point()], EVER)
    assert series.view_sequence() == 0
    series.close()
