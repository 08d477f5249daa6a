from datetime import UTC, datetime, timedelta

from hedging.engine.index_path import IndexPath

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def path(*prices):
    """A path of (seconds before NOW, price)."""
    made = IndexPath()
    for before, price in prices:
        made.add("BTC", NOW - timedelta(seconds=before), price)
    return made


def around(made, before):
    return [(then.low, then.high) for then in made.then([NOW - timedelta(seconds=before)])]


def test_a_statement_from_before_a_jump_is_of_the_price_before_it():
    assert around(path((9, 100.0), (0.2, 98.0)), 5.0) == [(100.0, 100.0)]


def test_near_a_jump_both_prices_may_be_the_one_of_the_statement():
    assert around(path((9, 100.0), (1.0, 98.0), (0.1, 97.0)), 1.3) == [(98.0, 100.0)]
    assert around(path((9, 100.0), (1.0, 98.0), (0.1, 97.0)), 0.8) == [(98.0, 100.0)]
    assert around(path((9, 100.0), (3.0, 98.0), (0.1, 97.0)), 2.0) == [(98.0, 98.0)]


def test_where_the_price_is_still_that_one_nothing_is_said():
    assert around(path((9, 100.0), (5, 100.01)), 4.0) == []


def test_of_a_time_before_the_first_price_nothing_is_known():
    assert around(path((2, 100.0), (0.2, 98.0)), 5.0) == []


def test_a_price_that_stays_is_kept_from_when_it_came():
    made = path((30, 100.0), *((before / 10, 100.0) for before in range(200, 10, -1)), (0.2, 98.0))
    assert around(made, 25.0) == [(100.0, 100.0)]


def test_old_prices_are_forgotten_but_for_the_one_in_force():
    made = IndexPath()
    for number in range(5_000):
        made.add("BTC", NOW + timedelta(seconds=number * 0.1), 100.0 + number % 7)
    assert len(made._times["BTC"]) <= 1_001
    last = NOW + timedelta(seconds=499.9)
    assert [then.high for then in made.then([last - timedelta(seconds=39)])] == [106.0]


def test_an_older_price_does_not_come_after_a_newer_one():
    made = path((2, 100.0), (1, 98.0), (1.5, 100.0))
    assert around(made, 0.2) == []
