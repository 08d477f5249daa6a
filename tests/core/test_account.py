"""What is believed of an account: reads after the last fill, changes that fills explain, ages of both."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import nouns
import pytest

from bench.known_book import KnownBook
from hedging.core import events as happened
from hedging.model.instrument import OptionKind
from hedging.model.rules import AgeRules
from hedging.model.snapshot import GapReason
from hedging.model.trading import Fill, TradingState
from hedging.units import Side

HEDGE = nouns.perpetual()
OPTION = nouns.option(OptionKind.CALL, 100_000.0)
ACCOUNT = "main"
RULES = nouns.rules(ages=AgeRules(position=10.0, margin=30.0, settle=3.0))
KNOWN = {each.key: each for each in (HEDGE, OPTION)}


def at(seconds):
    return nouns.NOW + timedelta(seconds=seconds)


def position(amount, instrument=HEDGE, account=ACCOUNT):
    return nouns.position(instrument, amount, account=account)


def fill(amount, side=Side.BUY, instrument=HEDGE.name, trade_id="1"):
    return Fill(
        trade_id=trade_id, client_id="T1-0-0", venue_order_id="V1", venue="deribit", account=ACCOUNT,
        instrument=instrument, side=side, amount=Decimal(amount), price=Decimal(100_000), fee=Decimal(0),
        fee_currency="BTC", at=at(8),
    )  # fmt: skip


def balance(seconds, currency="BTC", equity=60.0, **more):
    return nouns.balance(currency, equity, delta_total=((currency, 4.2),), received_at=at(seconds), **more)


@pytest.fixture
def book():
    return KnownBook({ACCOUNT: "deribit"}, RULES, KNOWN, nouns.NOW)


def told(book, account=ACCOUNT):
    return book.state.accounts[account]


def swept(book, now):
    """Every fill was read again, and there is none that was not known."""
    book.happen(happened.FillsArrived((), ACCOUNT, now), now)


def test_nothing_is_settled_before_the_first_read(book):
    assert not told(book).settled
    assert told(book).amount(HEDGE.name) is None
    assert book.take_positions(ACCOUNT, (position(500),), at(0)) == ()
    assert told(book).settled
    assert told(book).amount(HEDGE.name) == 500
    assert told(book).amount(OPTION.name) == 0


def test_a_fill_unsettles_until_a_read_asked_for_after_it(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    assert not told(book).settled
    book.take_positions(ACCOUNT, (position(600),), at(1))
    assert not told(book).settled, "asked for in the fill's own instant"
    assert told(book).amount(HEDGE.name) == 500
    book.take_positions(ACCOUNT, (position(600),), at(1.001))
    assert told(book).settled
    assert told(book).amount(HEDGE.name) == 600
    assert told(book).last_fill_at == at(1)
    assert told(book).positions_at == at(1.001)


@pytest.mark.parametrize(("side", "after"), [(Side.BUY, 600), (Side.SELL, 400)])
def test_fills_explain_a_change_by_their_side(book, side, after):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(60, side), at(1))
    book.take_fill(fill(40, side, trade_id="2"), at(1))
    assert book.take_positions(ACCOUNT, (position(after),), at(2)) == ()
    assert told(book).settled


def test_a_read_from_before_the_fill_reached_the_positions_is_not_taken_for_a_change(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    book.take_positions(ACCOUNT, (position(500),), at(2))
    assert not told(book).settled
    assert book.state.status.state is TradingState.ACTIVE
    book.take_positions(ACCOUNT, (position(600),), at(4))
    assert told(book).settled
    assert told(book).mismatches == {}
    assert book.state.status.state is TradingState.ACTIVE


def test_a_change_without_any_fill_halts_after_two_sweeps_and_is_believed(book):
    book.take_positions(ACCOUNT, (position(500), position(-3, OPTION)), at(0))
    assert book.take_positions(ACCOUNT, (position(700),), at(2)) == ()
    assert not told(book).settled
    swept(book, at(3))
    odd = book.take_positions(ACCOUNT, (position(700),), at(5))
    assert {words.partition(" without")[0] for words in odd} == {
        f"{OPTION.name} went from -3 to +0",
        "BTC-PERPETUAL went from +500 to +700",
    }
    assert told(book).amount(HEDGE.name) == 700
    assert book.state.status.state is TradingState.HALTED
    assert book.take_positions(ACCOUNT, (position(700),), at(7)) == ()


def test_without_a_sweep_of_fills_in_between_nothing_is_believed(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    for second in (2, 4, 6, 8):
        assert book.take_positions(ACCOUNT, (position(700),), at(second)) == ()
    assert told(book).amount(HEDGE.name) == 500


def test_fills_count_towards_one_read_only(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    book.take_positions(ACCOUNT, (position(600),), at(2))
    book.take_positions(ACCOUNT, (position(700),), at(9))
    assert "+600 to +700" in told(book).mismatches[HEDGE.name].words


def test_an_expired_option_may_vanish_and_a_living_one_may_not(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    book.take_positions(ACCOUNT, (), OPTION.expiry - timedelta(milliseconds=1))
    assert OPTION.name in told(book).mismatches
    book.take_positions(ACCOUNT, (), OPTION.expiry)
    assert told(book).mismatches == {}
    assert told(book).positions == {}


def test_an_option_bought_after_the_last_read_may_have_settled_before_the_next(book):
    expiry = OPTION.expiry
    book.take_positions(ACCOUNT, (position(500),), expiry - timedelta(seconds=20))
    book.take_fill(fill(2, instrument=OPTION.name), expiry - timedelta(seconds=10))
    book.take_positions(ACCOUNT, (position(500),), expiry)
    assert told(book).settled


def test_a_living_option_that_was_bought_must_be_in_the_next_read(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(2, instrument=OPTION.name), at(10))
    book.take_positions(ACCOUNT, (position(500),), at(20))
    assert list(told(book).mismatches) == [OPTION.name]


def test_accounts_do_not_explain_each_other():
    book = KnownBook({ACCOUNT: "deribit", "second": "deribit"}, RULES, KNOWN, nouns.NOW)
    book.take_positions("second", (position(500, account="second"),), at(0))
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    assert not told(book).settled
    assert told(book, "second").settled
    book.take_positions("second", (position(600, account="second"),), at(2))
    assert not told(book, "second").settled


def test_a_pushed_balance_replaces_its_currency_and_leaves_the_floor_its_age(book):
    book.take_balances(ACCOUNT, (balance(0), balance(0, "USDC")), at(0))
    book.take_balance(balance(5, equity=59.0))
    assert told(book).balance("BTC").equity == 59.0
    assert told(book).balance("USDC").equity == 60.0
    assert told(book).balances_at == at(0)


def test_a_pushed_balance_before_the_first_read_is_not_a_balance(book):
    book.take_balance(balance(1))
    assert told(book).balance("BTC") is None
    book.take_balances(ACCOUNT, (balance(2),), at(2))
    book.take_balance(balance(3, "ETH"))
    assert told(book).balance("ETH") is None


def test_a_delta_from_before_the_last_fill_is_not_comparable(book):
    black = (("BTC", 4.4),)
    said = replace(balance(0), delta_black=black)
    book.take_balances(ACCOUNT, (said, balance(2, "USDC")), at(0))
    assert book.snapshot(at(0)).balances[0].delta_black == black
    book.take_fill(fill(100), at(1))
    before, after = book.snapshot(at(2)).balances
    assert (before.delta_total, before.delta_black, before.equity) == ((), (), 60.0)
    assert after.delta_total == (("USDC", 4.2),)
    book.take_balance(balance(1))
    assert book.snapshot(at(2)).balances[0].delta_total == (), "received in the fill's own instant"
    book.take_balance(balance(1.001))
    assert book.snapshot(at(2)).balances[0].delta_total == (("BTC", 4.2),)


def test_what_was_never_read_is_missing_for_the_whole_book(book):
    gaps = book.snapshot(nouns.NOW).gaps
    assert [(gap.what, gap.reason, gap.underlying) for gap in gaps] == [
        ("positions", GapReason.MISSING, None),
        ("balances", GapReason.MISSING, None),
    ]
    assert gaps[0].detail == "the positions of main have not been read"


def test_reads_grow_stale_at_their_own_limits(book):
    book.take_positions(ACCOUNT, (), at(0))
    book.take_balances(ACCOUNT, (), at(0))
    assert book.snapshot(at(10)).gaps == ()
    late = book.snapshot(at(10.5)).gaps
    assert [(gap.what, gap.reason) for gap in late] == [("positions", GapReason.STALE)]
    assert "10 s old, allowed are 10 s" in late[0].detail
    assert [gap.what for gap in book.snapshot(at(30.5)).gaps] == ["positions", "balances"]


def test_a_refused_read_does_not_make_the_positions_younger(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    book.take_positions(ACCOUNT, (position(500),), at(2))
    assert told(book).positions_at == at(0)


@pytest.mark.parametrize("traded_at", [-20.0, -0.01, 0.0, 1.5])
def test_a_trade_from_before_the_first_read_is_not_counted_twice(book, traded_at):
    """After a start the sweep tells of what traded before it, and the first read had that in it."""
    book.take_positions(ACCOUNT, (position(600),), at(0))
    book.take_fill(replace(fill(100), at=at(traded_at)), at(2))
    assert not told(book).settled
    for second in (3, 5, 7, 9, 11):
        swept(book, at(second))
        book.take_positions(ACCOUNT, (position(600),), at(second + 0.5))
    assert told(book).amount(HEDGE.name) == 600
    assert told(book).settled
    assert book.state.status.state is TradingState.ACTIVE


def test_a_trade_from_before_an_amount_that_was_believed_does_not_contradict_it(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_positions(ACCOUNT, (position(700),), at(10))
    swept(book, at(11))
    book.take_positions(ACCOUNT, (position(700),), at(14))
    assert told(book).amount(HEDGE.name) == 700
    book.take_fill(replace(fill(200), at=at(9)), at(15))
    book.take_positions(ACCOUNT, (position(700),), at(16))
    assert told(book).settled
