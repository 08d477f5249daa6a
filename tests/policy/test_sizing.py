"""Sizing: on the grid, towards zero, inside the collar, whatever the market sends."""

import random
from decimal import Decimal
from math import inf, isfinite, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import INDEX, future, leg, linear_perpetual, option, perpetual, quote

from hedging.errors import BadInput
from hedging.model.instrument import AmountUnit, Kind, OptionKind
from hedging.model.rules import ExecutionRules
from hedging.policy.sizing import (
    amount_for,
    coins_of,
    collar,
    limit_price,
    lot_in_coin,
    references,
    size,
    worst_price,
)
from hedging.units import Side

RULES = ExecutionRules()
NONE_HELD = Decimal(0)
instruments = st.sampled_from(
    [perpetual(), linear_perpetual(), future(), perpetual(lot=Decimal(1000), minimum=Decimal(5000))]
)
changes = st.floats(-500, 500).filter(lambda change: abs(change) > 1e-9)


def sized(instrument, change, held=NONE_HELD, seen=None):
    return size("main", instrument, seen or quote(instrument), change, held, RULES)


@given(instrument=instruments, change=changes, mark=st.floats(99_600, 100_400))
def test_a_hedge_is_on_the_grid_in_the_stated_direction_and_not_past_its_target(instrument, change, mark):
    hedge = sized(instrument, change, seen=quote(instrument, mark=mark))
    if hedge is None:
        assert abs(change) < lot_in_coin(instrument, mark) * (1 + 1e-9)
        return
    assert hedge.leg.side == (1 if change > 0 else -1)
    assert hedge.leg.amount % instrument.lot == 0
    assert hedge.leg.amount >= instrument.minimum
    assert 0 < hedge.delta_change * hedge.leg.side <= abs(change) * (1 + 1e-12)
    assert abs(change) - abs(hedge.delta_change) < lot_in_coin(instrument, mark) * (1 + 1e-9)
    assert hedge.leg.worst_price % instrument.tick_at(hedge.leg.worst_price) == 0
    assert hedge.cost_usd > 0


def test_an_inverse_amount_is_dollars_and_a_linear_one_coins():
    inverse, linear = sized(perpetual(), -9.3), sized(linear_perpetual(), -9.3)
    assert (inverse.leg.amount, inverse.leg.amount_unit) == (Decimal(930_000), "USD")
    assert (linear.leg.amount, linear.leg.amount_unit) == (Decimal("9.3"), "BTC")
    assert inverse.leg.quantity_coin == linear.leg.quantity_coin == Decimal("9.3")
    assert inverse.leg.side is Side.SELL


def test_a_multiplier_is_coins_per_unit():
    thousand = linear_perpetual(lot=Decimal(1), minimum=Decimal(1), multiplier=Decimal(1000))
    assert amount_for(thousand, 5500.0, 1.0) == 5
    assert coins_of(thousand, Decimal(5), Decimal(1)) == 5000


def test_less_than_the_minimum_is_nothing():
    assert amount_for(perpetual(minimum=Decimal(50)), 0.0004999, INDEX) == 0
    assert amount_for(perpetual(minimum=Decimal(50)), 0.0005, INDEX) == 50
    assert sized(perpetual(), 0.00009) is None


def test_the_cost_is_the_fee_and_half_the_spread():
    hedge = sized(perpetual(), 3.0, seen=quote(bid=99_990.0, ask=100_010.0))
    assert hedge.cost_usd == pytest.approx(300_000 * (0.0005 + 0.0001))


@pytest.mark.parametrize(
    ("held", "change", "reduces"),
    [
        (300_000, -3.0, True),
        (299_990, -3.0, False),
        (300_000, 3.0, False),
        (-300_000, 3.0, True),
        (0, 3.0, False),
    ],
)
def test_reduce_only_where_the_hedge_only_shrinks_the_position(held, change, reduces):
    assert sized(perpetual(), change, Decimal(held)).leg.reduce_only is reduces


@pytest.mark.parametrize("mark", [INDEX * 1000, INDEX / 1000, INDEX * 1.01, nan, inf, 0.0, -INDEX, None])
def test_a_mark_that_the_market_contradicts_does_not_size_the_hedge(mark):
    hedge = sized(perpetual(), -3.0, seen=quote(mark=mark))
    assert hedge.leg.amount == Decimal(300_000)


def test_a_lot_of_few_dollars_still_has_coins():
    dear = quote(bid=999_999.5, ask=1_000_000.5, mark=1e6, index=1e6)
    hedge = size("main", perpetual(), dear, 0.00001, NONE_HELD, RULES)
    assert hedge.leg.quantity_coin == Decimal("0.00001")


@pytest.mark.parametrize("change", [nan, inf, -inf, 1e13])
def test_an_absurd_change_is_refused(change):
    with pytest.raises(BadInput):
        sized(perpetual(), change)


@pytest.mark.parametrize(
    "instrument", [option(OptionKind.CALL, INDEX), perpetual(kind=Kind.SPOT, name="BTC_USDC")]
)
def test_only_perpetuals_and_futures_hedge_one_for_one(instrument):
    with pytest.raises(BadInput, match="perpetual or a future"):
        sized(instrument, 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bid": None},
        {"ask": None},
        {"bid": nan},
        {"ask": inf},
        {"bid": 0.0},
        {"bid": -5.0},
        {"bid": 100_001.0},
        {"bid": 1e8, "ask": 1e8 + 1},
        {"mark": None, "index": None},
        {"mark": nan, "index": inf},
        {"mark": 101_000.0, "index": 99_000.0},
    ],
)
def test_no_market_no_reference(wrong):
    with pytest.raises(BadInput, match="BTC-PERPETUAL"):
        references(quote(**wrong), RULES)


@pytest.mark.parametrize(("mark", "fine"), [(100_500.0, True), (100_500.5, False), (99_500.5, True)])
def test_two_of_mid_mark_and_index_agree_within_fifty_basis_points(mark, fine):
    seen = quote(mark=mark, index=None)
    if fine:
        assert references(seen, RULES).price == INDEX
    else:
        with pytest.raises(BadInput):
            references(seen, RULES)


@pytest.mark.parametrize(
    ("half_spread", "lowest", "highest"),
    [(0.5, "99798.5", "100201.5"), (200.0, "99200.0", "100800.0"), (400.0, "99000.0", "101000.0")],
)
def test_the_collar_is_three_half_spreads_and_twenty_basis_points_or_one_percent(
    half_spread, lowest, highest
):
    reference = references(quote(bid=INDEX - half_spread, ask=INDEX + half_spread), RULES)
    edges = collar(reference, RULES)
    assert (edges.lowest, edges.highest) == (Decimal(lowest), Decimal(highest))
    assert worst_price(perpetual(), Side.SELL, reference, RULES) == edges.lowest
    assert worst_price(perpetual(), Side.BUY, reference, RULES) == edges.highest


def test_a_tick_wider_than_the_collar_leaves_no_price():
    coarse = perpetual(tick=Decimal(70_000))
    with pytest.raises(BadInput, match="no tick"):
        sized(coarse, 1.0)


def test_the_limit_follows_the_market_for_the_better_and_keeps_the_approved_worst():
    approved = leg(side=Side.SELL, worst_price=Decimal("99798.5"))
    risen = quote(bid=INDEX + 9.5, ask=INDEX + 10.5)
    fallen = quote(bid=INDEX - 10.5, ask=INDEX - 9.5)
    assert limit_price(approved, perpetual(), risen, RULES) == Decimal("99808.5")
    assert limit_price(approved, perpetual(), fallen, RULES) == Decimal("99798.5")
    bought = leg(side=Side.BUY, worst_price=Decimal("100201.5"))
    assert limit_price(bought, perpetual(), risen, RULES) == Decimal("100201.5")
    assert limit_price(bought, perpetual(), fallen, RULES) == Decimal("100191.0")


def faulty(random_source, price):
    fault = random_source.randrange(10)
    wrong = (None, nan, inf, -inf, 0.0, -price, price * 1000, price / 1000, price * 1.02, price)
    return wrong[fault]


def test_a_hundred_thousand_fuzzed_quotes_give_no_price_outside_the_collar():
    source = random.Random(7)
    instrument = perpetual()
    accepted = outside = 0
    for _ in range(100_000):
        true = source.uniform(1_000, 200_000)
        fields = {
            "bid": true - source.uniform(0.25, 50),
            "ask": true + source.uniform(0.25, 50),
            "mark": true * source.uniform(0.999, 1.001),
            "index": true * source.uniform(0.999, 1.001),
        }
        for name in source.sample(sorted(fields), source.randrange(3)):
            fields[name] = faulty(source, true)
        seen = quote(**fields)
        try:
            hedge = sized(instrument, source.uniform(-10, 10), seen=seen)
        except BadInput:
            continue
        if hedge is None:
            continue
        accepted += 1
        reference = (seen.bid + seen.ask) / 2
        confirmed = any(
            value is not None and isfinite(value) and abs(value / reference - 1) <= 0.005
            for value in (seen.mark, seen.index)
        )
        away = abs(float(hedge.leg.worst_price) - reference)
        allowed = min(0.01 * reference, 1.5 * (seen.ask - seen.bid) + 0.002 * reference)
        outside += not confirmed or away > allowed * (1 + 1e-9) or hedge.leg.worst_price <= 0
    assert accepted > 20_000
    assert outside == 0


@pytest.mark.parametrize(
    ("unit", "multiplier", "label", "amount", "coins"),
    [
        (AmountUnit.USD, "1", "USD", "930000", "9.3"),
        (AmountUnit.USD, "100", "contracts of 100 USD", "9300", "9.3"),  # OKX, Binance: BTC
        (AmountUnit.USD, "10", "contracts of 10 USD", "93000", "9.3"),
        (AmountUnit.COIN, "1", "BTC", "9", "9"),
        (AmountUnit.COIN, "0.01", "contracts of 0.01 BTC", "930", "9.3"),
    ],
)
def test_contracts_are_counted_by_what_one_is_worth(unit, multiplier, label, amount, coins):
    one = Decimal(1)
    instrument = perpetual(amount_unit=unit, multiplier=Decimal(multiplier), lot=one, minimum=one)
    assert instrument.amount_label == label
    assert amount_for(instrument, 9.3, INDEX) == Decimal(amount)
    assert coins_of(instrument, Decimal(amount), Decimal(str(INDEX))) == Decimal(coins)
    hedge = sized(instrument, -9.3)
    assert (hedge.leg.amount, hedge.leg.amount_unit, hedge.leg.quantity_coin) == (
        Decimal(amount),
        label,
        Decimal(coins),
    )
