"""What the board hands out: only prices a decision depends on wake one, and where each index was then."""

from dataclasses import replace
from datetime import timedelta

import nouns
import pytest

from bench.known_book import KnownBook
from hedging.model.instrument import OptionKind
from hedging.model.market import Quote

HEDGE = nouns.perpetual()
OPTION = nouns.option(OptionKind.CALL, 100_000.0)
ACCOUNT = "main"


def at(seconds):
    return nouns.NOW + timedelta(seconds=seconds)


def quote(instrument=HEDGE, seconds=0.0, **changes) -> Quote:
    when = {"venue_at": at(seconds), "received_at": at(seconds), "touch_received_at": at(seconds)}
    return nouns.quote(instrument, **when, **changes)


@pytest.fixture
def book():
    known = {each.key: each for each in (HEDGE, OPTION)}
    return KnownBook({ACCOUNT: "deribit"}, nouns.rules(), known, nouns.NOW)


def position(amount, instrument=HEDGE):
    return nouns.position(instrument, amount, received_at=nouns.NOW)


def test_only_what_a_decision_depends_on_makes_a_new_version(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    board = book.board
    assert board.names_at("deribit") == {HEDGE.name, OPTION.name}
    assert board.names_at("okx") == frozenset()
    before = board.version
    assert not board.take_quote(replace(quote(), instrument="ETH-PERPETUAL"))
    assert board.version == before
    assert board.take_quote(quote(OPTION))
    assert board.take_quote(quote())
    assert board.version == before + 2
    assert set(book.snapshot(at(1)).quotes) == {HEDGE.key, OPTION.key}
    assert board.quotes["deribit:ETH-PERPETUAL"].mark == 100_000.0


def test_what_is_no_longer_held_is_no_longer_needed(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    book.board.take_quote(quote(OPTION))
    assert OPTION.key in book.snapshot(at(0)).quotes
    book.take_positions(ACCOUNT, (), OPTION.expiry)
    assert book.state.needed == {HEDGE.key}
    assert OPTION.key not in book.snapshot(OPTION.expiry).quotes


def test_where_the_index_was_when_balances_and_positions_were_read(book):
    book.take_quote(quote(seconds=-5, index=100_000.0))
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_quote(quote(seconds=2, index=98_000.0))
    book.take_balances(ACCOUNT, (nouns.balance(received_at=at(3)),), at(3))
    book.take_quote(quote(seconds=6, index=97_000.0))
    found = book.snapshot(at(7)).indices_then
    assert [(then.underlying, then.at, then.low, then.high) for then in found] == [
        ("BTC", at(0), 100_000.0, 100_000.0),
        ("BTC", at(3.0), 98_000.0, 98_000.0),
    ]


def test_where_the_index_has_not_moved_nothing_is_said_of_it(book):
    book.take_quote(quote(seconds=-5, index=100_000.0))
    book.take_balances(ACCOUNT, (nouns.balance(received_at=at(0)),), at(0))
    book.take_quote(quote(seconds=1, index=100_005.0))
    assert book.snapshot(at(2)).indices_then == ()


def test_a_gap_that_stays_the_same_makes_no_new_version(book):
    gaps = book.snapshot(at(0)).gaps
    before = book.board.version
    book.board.take_gaps("okx", gaps)
    book.board.take_gaps("okx", gaps)
    book.board.take_gaps("main", ())
    assert book.board.version == before + 1
