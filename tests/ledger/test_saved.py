"""What-if books by name, and hourly closes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hedging.errors import BadInput, LedgerError
from hedging.ledger import Closes, SavedScenarios, Series, saved
from hedging.ledger.saved import NameTaken, Overwrite, checked_name
from hedging.model.instrument import OptionKind, Settlement
from hedging.model.what_if import Change, Close, OptionTerms, SavedScenario

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OPTION = OptionTerms(
    expiry=NOW + timedelta(days=30),
    strike=110_000.0,
    kind=OptionKind.CALL,
    settlement=Settlement.INVERSE,
    vol=0.551,
    vol_from="nearest",
)
CRASH = SavedScenario(
    name="crash",
    author="Tessa",
    at=NOW,
    underlying="BTC",
    changes=(
        Change(underlying="BTC", account="main", instrument="deribit:BTC-PERPETUAL", amount=-1000.0),
        Change(
            underlying="BTC",
            account="main",
            instrument="deribit:X",
            amount=0.1 + 0.2,
            expiry=OPTION.expiry,
            option=OPTION,
        ),
    ),
    spot_reach=0.2,
    vol_reach=0.3,
    vol_shift="absolute",
    days="7 d",
)


@pytest.fixture
def shelf(tmp_path):
    opened = SavedScenarios.open(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def closes(tmp_path):
    opened = Closes.open(tmp_path)
    yield opened
    opened.close()


def test_what_is_saved_comes_back_equal(shelf):
    shelf.save(CRASH)
    shelf.save(replace(CRASH, name="a rally", changes=()))
    assert shelf.load("crash") == CRASH
    assert shelf.names() == ("a rally", "crash")


def test_a_name_in_use_is_only_replaced_when_that_is_asked_for(shelf):
    shelf.save(CRASH)
    other = replace(CRASH, author="Rafael", changes=())
    with pytest.raises(NameTaken, match="saved by Tessa already"):
        shelf.save(other)
    assert shelf.load("crash") == CRASH
    shelf.save(other, Overwrite.YES)
    assert shelf.load("crash") == other
    assert shelf.names() == ("crash",)


def test_what_is_deleted_is_gone(shelf):
    shelf.save(CRASH)
    assert shelf.delete("crash")
    assert not shelf.delete("crash")
    assert shelf.load("crash") is None


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "a\nb", "a\x00b"])
def test_what_is_no_name_is_refused(shelf, name):
    with pytest.raises(BadInput):
        checked_name(name)
    with pytest.raises(BadInput):
        shelf.save(replace(CRASH, name=name))
    assert shelf.names() == ()


def test_sixty_letters_are_a_name():
    assert checked_name(" " + "x" * 60 + " ") == "x" * 60


def test_an_untrimmed_name_is_refused(shelf):
    with pytest.raises(BadInput, match="blanks"):
        shelf.save(replace(CRASH, name=" crash"))


def test_a_number_that_is_none_is_not_stored(shelf):
    with pytest.raises(LedgerError, match="amount"):
        shelf.save(replace(CRASH, changes=(replace(CRASH.changes[0], amount=float("nan")),)))
    assert shelf.names() == ()


def test_there_is_a_bound(shelf, monkeypatch):
    monkeypatch.setattr(saved, "MOST_SAVED", 1)
    shelf.save(CRASH)
    with pytest.raises(LedgerError, match="delete some"):
        shelf.save(replace(CRASH, name="second"))
    shelf.save(CRASH, Overwrite.YES)


def test_the_series_and_the_shelf_share_a_file(tmp_path, shelf):
    series = Series.open(tmp_path)
    assert series.view_sequence() == 0
    shelf.save(CRASH)
    series.close()


def close(hours, price=100_000.0, instrument="deribit:BTC-PERPETUAL"):
    return Close(instrument=instrument, at=NOW + timedelta(hours=hours), price=price)


def test_closes_come_back_in_order_and_by_instrument(closes):
    closes.put([close(2, 2.5), close(1, 1.5)], NOW)
    closes.put([close(1, 9.0, "deribit:ETH-PERPETUAL")], NOW)
    assert closes.since("deribit:BTC-PERPETUAL", NOW) == (close(1, 1.5), close(2, 2.5))
    assert closes.since("deribit:BTC-PERPETUAL", NOW + timedelta(hours=2)) == (close(2, 2.5),)
    assert closes.latest("deribit:BTC-PERPETUAL") == NOW + timedelta(hours=2)
    assert closes.latest("deribit:SOL-PERPETUAL") is None


def test_the_same_hour_again_replaces_it_and_what_is_too_old_goes(closes):
    closes.put([close(-50), close(1)], NOW - timedelta(days=90))
    closes.put([close(1, 7.0)], NOW)
    assert closes.since("deribit:BTC-PERPETUAL", NOW - timedelta(days=90)) == (close(1, 7.0),)


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none_is_not_stored(closes, price):
    with pytest.raises(LedgerError):
        closes.put([close(1), close(2, price)], NOW)
    assert closes.latest("deribit:BTC-PERPETUAL") is None


def test_closes_of_two_instruments_at_once_are_refused(closes):
    with pytest.raises(BadInput, match="several instruments"):
        closes.put([close(1), close(1, instrument="deribit:ETH-PERPETUAL")], NOW)
