"""A volatility from quotes where the venue states none: which price is taken, and every refusal in words."""

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import INDEX, NOW, linear_option, option, perpetual, position, quote, snapshot

from hedging.model.instrument import OptionKind
from hedging.model.smile import IvSource
from hedging.model.snapshot import Gap, GapReason
from hedging.pricing import black76
from hedging.risk.greeks import at_other_prices, value_positions
from hedging.risk.implied import ImpliedVol, NoImpliedVol, OptionMarket, implied, vols_of_quotes

FORWARD, STRIKE, YEARS, VOL = 101_000.0, 110_000.0, 0.1, 0.55
CALL = option(OptionKind.CALL, STRIKE, YEARS)


def price(vol=VOL, kind=OptionKind.CALL):
    return float(black76.price(float(kind), FORWARD, STRIKE, YEARS, vol))


def coin_quote(instrument=CALL, spread=0.002, **changes):
    fair = price() / FORWARD
    whole = quote(
        instrument,
        bid=fair * (1 - spread),
        ask=fair * (1 + spread),
        mark=price(0.60) / FORWARD,
        forward=FORWARD,
        iv=None,
    )
    return replace(whole, **changes)


def only(instrument, made, max_touch_seconds=5.0):
    [found] = vols_of_quotes([(instrument, made)], NOW, max_touch_seconds)
    return found


def test_the_mid_counts_before_the_mark_price():
    found = only(CALL, coin_quote())
    assert isinstance(found, ImpliedVol)
    assert found.source is IvSource.QUOTES
    assert found.vol == pytest.approx(VOL, abs=1e-9)


def test_a_linear_option_is_priced_in_dollars():
    instrument = linear_option(OptionKind.PUT, STRIKE, YEARS)
    fair = price(kind=OptionKind.PUT)
    found = only(instrument, quote(instrument, bid=fair, ask=fair, mark=None, forward=FORWARD, iv=None))
    assert isinstance(found, ImpliedVol)
    assert found.vol == pytest.approx(VOL, abs=1e-9)


@pytest.mark.parametrize(
    "changes",
    [
        {"bid": None},
        {"ask": None},
        {"bid": 0.2, "ask": 0.1},
        {"bid": 0.0},
        {"bid": math.nan},
        {"ask": math.inf},
        {"bid": -0.1},
        {"ask": 1.5},
        {"bid": 0.0001, "ask": 0.2},
        {"touch_received_at": NOW - timedelta(seconds=6)},
    ],
)
def test_without_a_market_the_mark_price_is_taken(changes):
    found = only(CALL, coin_quote(**changes))
    assert isinstance(found, ImpliedVol)
    assert found.source is IvSource.MARK_PRICE
    assert found.vol == pytest.approx(0.60, abs=1e-9)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mark": None}, "no mark price"),
        ({"mark": math.nan}, "price is not a finite number"),
        ({"mark": 0.0}, "price is zero"),
        ({"mark": -0.1}, "price is negative"),
        ({"mark": 1.2}, "at or above the most an option can cost"),
        ({"mark": 0.97}, "above 500%"),
        ({"bid": 0.0001, "ask": 0.2, "mark": None}, "of volatility apart, allowed are 25%"),
        ({"bid": 0.2, "ask": 0.1, "mark": None}, "are no market"),
        ({"bid": 0.9, "ask": 1.5, "mark": None}, "give no volatility: price is at or above"),
    ],
)
def test_where_neither_gives_one_the_gap_says_why(changes, words):
    found = only(CALL, coin_quote(**{"bid": None, **changes}))
    assert isinstance(found, Gap)
    assert found.reason is GapReason.UNPRICEABLE
    assert words in found.detail
    assert CALL.name in found.detail
    assert (found.what, found.underlying) == (CALL.name, "BTC")


@pytest.mark.parametrize(
    ("forward", "reason"),
    [(None, GapReason.MISSING), (math.nan, GapReason.NOT_FINITE), (0.0, GapReason.NOT_FINITE)],
)
def test_without_a_forward_there_is_none(forward, reason):
    found = only(CALL, coin_quote(forward=forward))
    assert isinstance(found, Gap)
    assert found.reason is reason


def test_an_expired_option_and_what_is_none_have_no_volatility():
    late = option(OptionKind.CALL, STRIKE, 0.1, expiry=NOW - timedelta(seconds=1))
    found = only(late, coin_quote(late))
    assert isinstance(found, Gap)
    assert "has expired" in found.detail
    assert isinstance(only(perpetual(), quote()), Gap)


def test_a_price_below_intrinsic_value_is_refused():
    deep = option(OptionKind.CALL, 50_000.0, YEARS)
    below = (FORWARD - 50_000.0) / FORWARD * 0.99
    found = only(deep, quote(deep, bid=below, ask=below, mark=below, forward=FORWARD, iv=None))
    assert isinstance(found, Gap)
    assert "below intrinsic" in found.detail


def test_rows_keep_their_order_and_none_costs_another():
    bad = coin_quote(forward=None)
    found = vols_of_quotes([(CALL, coin_quote()), (CALL, bad), (CALL, coin_quote(bid=None))], NOW, 5.0)
    assert [type(one) for one in found] == [ImpliedVol, Gap, ImpliedVol]
    assert vols_of_quotes([], NOW, 5.0) == ()
    assert implied([]) == ()


def test_a_market_of_wrong_numbers_is_refused_not_raised():
    market = OptionMarket(
        name="X", kind=OptionKind.CALL, forward=INDEX, strike=-1.0, years=1.0, bid=1.0, ask=1.1, mark=1.0
    )
    [found] = implied([market])
    assert isinstance(found, NoImpliedVol)
    assert "strike" in found.reason


def test_a_position_without_a_stated_volatility_is_valued_by_its_quotes():
    put = linear_option(OptionKind.PUT, STRIKE, YEARS)
    held = [position(CALL, 3), position(put, 1), position(CALL, -1)]
    stated = quote(put, forward=FORWARD, mark=price(kind=OptionKind.PUT), iv=VOL)
    bare = value_positions(snapshot(held, [coin_quote(), stated]), frozenset(), 5.0)
    whole = value_positions(snapshot(held, [coin_quote(iv=VOL), stated]), frozenset(), 5.0)
    assert bare.gaps == ()
    assert [row.iv_source for row in bare.positions] == [IvSource.QUOTES, IvSource.MARK, IvSource.QUOTES]
    assert [row.iv_source for row in whole.positions] == [IvSource.MARK] * 3
    for ours, theirs in zip(bare.positions, whole.positions, strict=True):
        assert ours.iv == pytest.approx(theirs.iv, abs=1e-9)
        assert ours.delta_net == pytest.approx(theirs.delta_net, rel=1e-8)
    by_mark = value_positions(snapshot(held[:1], [coin_quote(bid=None)]), frozenset(), 5.0)
    assert by_mark.positions[0].iv_source is IvSource.MARK_PRICE
    assert at_other_prices(bare, NOW, 1.01).positions[0].iv_source is IvSource.QUOTES


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mark": 0.0, "bid": None}, "none follows from its prices: it has no fresh bid and ask"),
        ({"mark": None}, "no mark price"),
        ({"index": None}, "no index price"),
        ({"forward": None}, "no forward"),
        ({"received_at": NOW - timedelta(seconds=6)}, "6 s old"),
        ({"forward": INDEX * 3}, "more than 2 times apart"),
        ({"iv": math.nan}, "volatility of"),
    ],
)
def test_what_lacks_more_than_its_volatility_is_the_gap_it_was(changes, words):
    found = value_positions(snapshot([position(CALL, 3)], [coin_quote(**changes)]), frozenset(), 5.0)
    [gap] = found.gaps
    assert words in gap.detail
    assert found.positions == ()
