"""What the live book trusts: reads after the last fill, changes our fills explain, inputs young enough."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from hedging.engine.live_book import LiveBook
from hedging.model.book import Balance, Position
from hedging.model.instrument import AmountUnit, Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote
from hedging.model.rules import AgeRules
from hedging.model.snapshot import GapReason
from hedging.model.trading import Fill
from hedging.units import Side

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ACCOUNT = "desk"
AGES = AgeRules(position=10.0, margin=30.0, settle=3.0)
PERPETUAL = Instrument(
    venue="deribit",
    name="BTC-PERPETUAL",
    symbol="BTC/USD:BTC",
    kind=Kind.PERPETUAL,
    settlement=Settlement.INVERSE,
    underlying="BTC",
    settlement_currency="BTC",
    amount_unit=AmountUnit.USD,
    lot=Decimal(10),
    minimum=Decimal(10),
    tick=Decimal("0.5"),
)
OPTION = replace(
    PERPETUAL,
    name="BTC-27NOV26-100000-C",
    kind=Kind.OPTION,
    amount_unit=AmountUnit.COIN,
    expiry=NOON + timedelta(days=5),
    strike=100_000.0,
    option_kind=OptionKind.CALL,
)


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def position(amount, instrument=PERPETUAL, account=ACCOUNT):
    return Position(
        account=account,
        instrument=instrument,
        amount=Decimal(amount),
        average_price=None,
        floating_pnl=None,
        venue_delta=None,
        received_at=NOON,
    )


def fill(amount, side=Side.BUY, instrument=PERPETUAL.name):
    return Fill(
        trade_id="1",
        client_id="T1-0-0",
        venue_order_id="V1",
        venue="deribit",
        account=ACCOUNT,
        instrument=instrument,
        side=side,
        amount=Decimal(amount),
        price=Decimal(100_000),
        fee=Decimal(0),
        fee_currency="BTC",
        at=NOON,
    )


def balance(seconds, currency="BTC", equity=60.0):
    return Balance(
        account=ACCOUNT,
        currency=currency,
        equity=equity,
        available=equity,
        initial_margin=1.0,
        maintenance_margin=0.5,
        delta_total=((currency, 4.2),),
        received_at=at(seconds),
    )


def quote(name, seconds=0.0, mark=100_000.0):
    return Quote(
        venue="deribit",
        instrument=name,
        bid=None,
        ask=None,
        bid_size=None,
        ask_size=None,
        mark=mark,
        index=None,
        forward=None,
        iv=None,
        venue_delta=None,
        venue_at=at(seconds),
        received_at=at(seconds),
        touch_received_at=at(seconds),
    )


@pytest.fixture
def book():
    made = LiveBook([ACCOUNT], [PERPETUAL.key], AGES)
    made.instruments = {PERPETUAL.name: PERPETUAL, OPTION.name: OPTION}
    return made


# --- positions: settled, explained, odd ---------------------------------------------------------------------


def test_nothing_is_settled_before_the_first_read(book):
    assert not book.settled(ACCOUNT)
    assert book.amount(ACCOUNT, PERPETUAL.name) is None
    assert book.take_positions(ACCOUNT, (position(500),), at(0)) == ()
    assert book.settled(ACCOUNT)
    assert book.amount(ACCOUNT, PERPETUAL.name) == 500
    assert book.amount(ACCOUNT, OPTION.name) == 0


def test_a_fill_unsettles_until_a_read_asked_for_after_it(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    assert not book.settled(ACCOUNT)
    assert book.take_positions(ACCOUNT, (position(600),), at(1)) == (), "asked for in the fill's own instant"
    assert not book.settled(ACCOUNT)
    assert book.amount(ACCOUNT, PERPETUAL.name) == 500
    assert book.take_positions(ACCOUNT, (position(600),), at(1.001)) == ()
    assert book.settled(ACCOUNT)
    assert book.amount(ACCOUNT, PERPETUAL.name) == 600
    assert book.last_fill_at(ACCOUNT) == at(1)
    assert book.positions_at(ACCOUNT) == at(1.001)


def test_a_read_asked_for_in_the_instant_of_a_fill_does_not_settle_it(book):
    book.take_positions(ACCOUNT, (position(500),), at(1))
    book.take_fill(fill(100), at(1))
    assert not book.settled(ACCOUNT)


@pytest.mark.parametrize(("side", "after"), [(Side.BUY, 600), (Side.SELL, 400)])
def test_own_fills_explain_a_change_by_their_side(book, side, after):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(60, side), at(1))
    book.take_fill(fill(40, side), at(1))
    assert book.take_positions(ACCOUNT, (position(after),), at(2)) == ()
    assert book.settled(ACCOUNT)


def test_a_read_from_before_the_fill_reached_the_positions_is_not_taken_for_a_change(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    assert book.take_positions(ACCOUNT, (position(500),), at(3.9)) == ()
    assert not book.settled(ACCOUNT)
    assert book.amount(ACCOUNT, PERPETUAL.name) == 500
    odd = book.take_positions(ACCOUNT, (position(500),), at(4.0))
    assert odd == ("BTC-PERPETUAL went from +500 to +500 without a fill of ours",)
    assert book.settled(ACCOUNT)


def test_a_change_without_any_fill_is_named_at_once_and_only_once(book):
    book.take_positions(ACCOUNT, (position(500), position(-3, OPTION)), at(0))
    odd = book.take_positions(ACCOUNT, (position(700),), at(2))
    assert odd == (
        "BTC-27NOV26-100000-C went from -3 to +0 without a fill of ours",
        "BTC-PERPETUAL went from +500 to +700 without a fill of ours",
    )
    assert book.amount(ACCOUNT, PERPETUAL.name) == 700
    assert book.take_positions(ACCOUNT, (position(700),), at(4)) == ()


def test_fills_count_towards_one_read_only(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    book.take_positions(ACCOUNT, (position(600),), at(2))
    odd = book.take_positions(ACCOUNT, (position(700),), at(9))
    assert len(odd) == 1
    assert "+600 to +700" in odd[0]


def test_an_expired_option_may_vanish_and_a_living_one_may_not(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    expiry = OPTION.expiry
    assert book.take_positions(ACCOUNT, (), expiry) == ()
    book.take_positions(ACCOUNT, (position(-3, OPTION),), expiry)
    assert book.take_positions(ACCOUNT, (), expiry - timedelta(milliseconds=1)) != ()


def test_an_option_bought_after_the_last_read_may_have_settled_before_the_next(book):
    expiry = OPTION.expiry
    book.take_positions(ACCOUNT, (position(500),), expiry - timedelta(seconds=20))
    book.take_fill(fill(2, instrument=OPTION.name), expiry - timedelta(seconds=10))
    assert book.take_positions(ACCOUNT, (position(500),), expiry) == ()
    book.take_fill(fill(2, instrument=OPTION.name), expiry + timedelta(seconds=1))
    (odd,) = book.take_positions(ACCOUNT, (position(600),), expiry + timedelta(seconds=9))
    assert odd.startswith(PERPETUAL.name)


def test_a_living_option_that_was_bought_must_be_in_the_next_read(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(2, instrument=OPTION.name), at(10))
    (odd,) = book.take_positions(ACCOUNT, (position(500),), at(20))
    assert odd.startswith(OPTION.name)


def test_accounts_do_not_explain_each_other():
    book = LiveBook([ACCOUNT, "second"], [PERPETUAL.key], AGES)
    book.take_positions("second", (position(500, account="second"),), at(0))
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    assert not book.settled(ACCOUNT)
    assert book.settled("second")
    assert len(book.take_positions("second", (position(600, account="second"),), at(2))) == 1


# --- quotes -------------------------------------------------------------------------------------------------


def test_only_what_a_decision_depends_on_makes_a_new_version(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    assert book.needed() == {PERPETUAL.key, OPTION.key}
    assert book.names_at("deribit") == {PERPETUAL.name, OPTION.name}
    assert book.names_at("okx") == frozenset()
    before = book.version
    assert not book.take_quote(quote("ETH-PERPETUAL"))
    assert book.version == before
    assert book.take_quote(quote(OPTION.name))
    assert book.take_quote(quote(PERPETUAL.name))
    assert book.version == before + 2
    assert set(book.snapshot(NOON).quotes) == {PERPETUAL.key, OPTION.key}
    assert book.quotes["deribit:ETH-PERPETUAL"].mark == 100_000.0


def test_what_is_no_longer_held_is_no_longer_needed(book):
    book.take_positions(ACCOUNT, (position(-3, OPTION),), at(0))
    book.take_quote(quote(OPTION.name))
    book.take_positions(ACCOUNT, (), at(2))
    assert book.needed() == {PERPETUAL.key}
    assert OPTION.key not in book.snapshot(at(2)).quotes


# --- balances -----------------------------------------------------------------------------------------------


def test_a_pushed_balance_replaces_its_currency_and_leaves_the_floor_its_age(book):
    book.take_balances(ACCOUNT, (balance(0), balance(0, "USDC")), at(0))
    book.take_balance(balance(5, equity=59.0))
    assert book.balance(ACCOUNT, "BTC").equity == 59.0
    assert book.balance(ACCOUNT, "USDC").equity == 60.0
    assert book.balances_at(ACCOUNT) == at(0)


def test_a_pushed_balance_before_the_first_read_is_not_a_balance(book):
    version = book.version
    book.take_balance(balance(1))
    assert book.balance(ACCOUNT, "BTC") is None
    book.take_balances(ACCOUNT, (balance(2),), at(2))
    book.take_balance(balance(3, "ETH"))
    assert book.balance(ACCOUNT, "ETH") is None
    assert book.version == version + 1


def test_a_delta_from_before_the_last_fill_is_not_comparable(book):
    book.take_balances(ACCOUNT, (balance(0), balance(2, "USDC")), at(0))
    book.take_fill(fill(100), at(1))
    before, after = book.snapshot(at(2)).balances
    assert before.delta_total == ()
    assert before.equity == 60.0
    assert after.delta_total == (("USDC", 4.2),)
    book.take_balance(balance(1))
    assert book.snapshot(at(2)).balances[0].delta_total == (), "received in the fill's own instant"
    book.take_balance(balance(1.001))
    assert book.snapshot(at(2)).balances[0].delta_total == (("BTC", 4.2),)


# --- gaps ---------------------------------------------------------------------------------------------------


def test_what_was_never_read_is_missing_for_the_whole_book(book):
    gaps = book.snapshot(NOON).gaps
    assert [(gap.what, gap.reason, gap.underlying) for gap in gaps] == [
        ("positions", GapReason.MISSING, None),
        ("balances", GapReason.MISSING, None),
    ]
    assert gaps[0].detail == "the positions of desk have not been read"


def test_reads_grow_stale_at_their_own_limits(book):
    book.take_positions(ACCOUNT, (), at(0))
    book.take_balances(ACCOUNT, (), at(0))
    assert book.snapshot(at(10)).gaps == ()
    late = book.snapshot(at(10.5)).gaps
    assert [(gap.what, gap.reason) for gap in late] == [("positions", GapReason.STALE)]
    assert "10 s old, allowed are 10 s" in late[0].detail
    assert [gap.what for gap in book.snapshot(at(30.5)).gaps] == ["positions", "balances"]


def test_one_account_that_was_not_read_is_a_gap_though_the_other_was():
    book = LiveBook([ACCOUNT, "second"], [PERPETUAL.key], AGES)
    book.take_positions(ACCOUNT, (), at(0))
    book.take_balances(ACCOUNT, (), at(0))
    assert {gap.detail for gap in book.snapshot(at(1)).gaps} == {
        "the positions of second have not been read",
        "the balances of second have not been read",
    }


def test_a_refused_read_does_not_make_the_positions_younger(book):
    book.take_positions(ACCOUNT, (position(500),), at(0))
    book.take_fill(fill(100), at(1))
    book.take_positions(ACCOUNT, (position(500),), at(2))
    assert book.positions_at(ACCOUNT) == at(0)


# --- the index of what was said -----------------------------------------------------------------------------


def with_index(seconds, index):
    return replace(quote(PERPETUAL.name, seconds), index=index)


def test_a_snapshot_says_where_the_index_was_when_balances_and_positions_were_read(book):
    book.instruments = {PERPETUAL.key: PERPETUAL}
    book.take_quote(with_index(-5, 100_000.0))
    book.take_positions(ACCOUNT, (position(500),), at(0))  # received at noon
    book.take_quote(with_index(2.0, 98_000.0))
    book.take_balances(ACCOUNT, (balance(3.0),), at(3))
    book.take_quote(with_index(6.0, 97_000.0))
    found = book.snapshot(at(7)).indices_then
    assert [(then.underlying, then.at, then.low, then.high) for then in found] == [
        ("BTC", at(0), 100_000.0, 100_000.0),
        ("BTC", at(3.0), 98_000.0, 98_000.0),
    ]


def test_where_the_index_has_not_moved_nothing_is_said_of_it(book):
    book.instruments = {PERPETUAL.key: PERPETUAL}
    book.take_quote(with_index(-5, 100_000.0))
    book.take_balances(ACCOUNT, (balance(0.0),), at(0))
    book.take_quote(with_index(1.0, 100_005.0))
    assert book.snapshot(at(2)).indices_then == ()


def test_a_black_total_from_before_a_fill_is_left_out_too(book):
    said = replace(balance(0.0), delta_black=(("BTC", 4.4),))
    book.take_balances(ACCOUNT, (said,), at(0))
    assert book.snapshot(at(0)).balances[0].delta_black == (("BTC", 4.4),)
    book.take_fill(fill(100), at(1))
    assert book.snapshot(at(2)).balances[0].delta_black == ()
