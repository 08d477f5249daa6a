"""One delta per underlying: compared with finite differences of the account's wealth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    future,
    linear_option,
    linear_perpetual,
    option,
    perpetual,
    position,
    quote,
    snapshot,
    underlying_rules,
)

from hedging.model.instrument import AmountUnit, Kind, OptionKind, Settlement
from hedging.model.limits import Numeraire
from hedging.pricing import black76
from hedging.risk.exposure import exposure
from hedging.risk.greeks import value_positions
from hedging.units import years_between

FUTURE_BASIS = 1.02


def forward_of(instrument, spot):
    return spot * (FUTURE_BASIS if instrument.kind is Kind.FUTURE else 1.0)


def wealth(held, coins, spot, vol=0.6):
    """Coins C + Σ q·p + inverse profit, and the dollars of linear positions; entries at INDEX."""
    dollars = 0.0
    for each in held:
        instrument, amount = each.instrument, float(each.amount)
        forward = forward_of(instrument, spot)
        entry = forward_of(instrument, INDEX)
        inverse = instrument.settlement is Settlement.INVERSE
        if instrument.kind is Kind.OPTION:
            years = years_between(NOW, instrument.expiry)
            price = float(black76.price(instrument.option_kind, forward, instrument.strike, years, vol))
            gain = amount * price / forward if inverse else amount * price
        elif instrument.amount_unit is AmountUnit.USD:
            gain = amount * (1 / entry - 1 / forward)
        else:
            gain = amount * (forward - entry)
        coins, dollars = (coins + gain, dollars) if inverse else (coins, dollars + gain)
    return coins, dollars


def of_book(held, coins, share, spot=INDEX, vol=0.6):
    """Exposure of the book at ``spot``; its equity is that of the wealth there."""
    quotes = [
        quote(
            each.instrument,
            index=spot,
            forward=forward_of(each.instrument, spot),
            mark=0.01 if each.instrument.kind is Kind.OPTION else forward_of(each.instrument, spot),
            iv=vol,
        )
        for each in held
    ]
    valued = value_positions(snapshot(held, quotes), frozenset({"BTC-PERPETUAL"}), 5.0)
    assert valued.gaps == ()
    equity, _ = wealth(held, coins, spot, vol)
    item = underlying_rules(numeraire=Numeraire(share))
    return exposure(item, valued, [balance(equity=equity)], spot, NOW)


amounts = st.floats(-20, 20, allow_nan=False).filter(lambda amount: abs(amount) > 0.01)
strikes = st.floats(60_000, 150_000)
kinds = st.sampled_from(OptionKind)
holdings = st.one_of(
    st.builds(lambda k, s, a: position(option(k, s), a), kinds, strikes, amounts),
    st.builds(lambda k, s, a: position(linear_option(k, s), a), kinds, strikes, amounts),
    st.builds(lambda a: position(perpetual(), a * 1e5), amounts),
    st.builds(lambda a: position(future(), a * 1e5), amounts),
    st.builds(lambda a: position(linear_perpetual(), a), amounts),
)
books = st.lists(holdings, min_size=1, max_size=6, unique_by=lambda each: each.instrument.name)
STEP = 1e-4


def size_of(held):
    """Coins in the book, regardless of sign."""
    return sum(
        abs(float(each.amount)) / (INDEX if each.instrument.amount_unit is AmountUnit.USD else 1)
        for each in held
    )


@given(held=books, coins=st.floats(0, 200))
def test_keeping_dollars_the_delta_is_the_slope_of_wealth_in_dollars(held, coins):
    def dollars(spot):
        in_coin, in_usd = wealth(held, coins, spot)
        return spot * in_coin + in_usd

    slope = (dollars(INDEX * (1 + STEP)) - dollars(INDEX * (1 - STEP))) / (2 * STEP * INDEX)
    scale = 1 + coins + size_of(held)
    assert of_book(held, coins, 1.0).delta == pytest.approx(slope, abs=1e-6 * scale)


@given(held=books, coins=st.floats(0, 200))
def test_keeping_coins_the_delta_is_the_slope_of_wealth_in_coin(held, coins):
    def in_coin(spot):
        coin, usd = wealth(held, coins, spot)
        return coin + usd / INDEX  # dollars earned are turned into coin at the present price

    slope = (in_coin(INDEX * (1 + STEP)) - in_coin(INDEX * (1 - STEP))) / (2 * STEP)
    scale = 1 + size_of(held)
    assert of_book(held, coins, 0.0).delta == pytest.approx(slope, abs=1e-6 * scale)


@given(held=books, coins=st.floats(0, 200), share=st.floats(0, 1))
def test_gamma_is_the_slope_of_delta_under_the_same_numeraire(held, coins, share):
    up = of_book(held, coins, share, INDEX * (1 + STEP)).delta
    down = of_book(held, coins, share, INDEX * (1 - STEP)).delta
    scale = 1 + coins + size_of(held)
    assert of_book(held, coins, share).gamma_coin == pytest.approx((up - down) / (2 * STEP), abs=2e-6 * scale)


@given(held=books, coins=st.floats(0, 200), share=st.floats(0, 1))
def test_gamma_is_the_stated_formula(held, coins, share):
    found = of_book(held, coins, share)
    net_inverse = of_book([h for h in held if h.instrument.settlement is Settlement.INVERSE], coins, share)
    assert found.gamma_coin == pytest.approx(
        found.gamma_black_coin - (1 - share) * net_inverse.delta_net, abs=1e-9
    )


@given(held=books, coins=st.floats(0, 200), share=st.floats(0, 1))
def test_delta_splits_into_hedges_and_the_primary_position(held, coins, share):
    found = of_book(held, coins, share)
    assert found.delta == pytest.approx(found.delta_net + share * found.equity, abs=1e-9)
    assert found.delta == pytest.approx(found.delta_primary + found.delta_hedge, abs=1e-9)


def test_vega_and_theta_have_the_sign_of_the_position():
    short = of_book([position(option(OptionKind.CALL, 100_000.0), -10)], 50, 0.0)
    assert short.vega_usd < 0 < short.theta_usd


def test_flat_in_coin_and_flat_in_dollars_differ_by_the_equity():
    held = [position(option(OptionKind.CALL, 110_000.0), -10)]
    coin, usd = of_book(held, 50, 0.0), of_book(held, 50, 1.0)
    assert usd.delta - coin.delta == pytest.approx(coin.equity)
    flattened = [*held, position(perpetual(), -usd.delta * INDEX)]
    assert of_book(flattened, 50, 1.0).delta == pytest.approx(0, abs=1e-9)


def test_other_underlyings_and_currencies_do_not_count():
    ether = perpetual(name="ETH-PERPETUAL", underlying="ETH", settlement_currency="ETH")
    seen = snapshot([position(ether, 1000)], [quote(ether, mark=3000.0, index=3000.0)])
    valued = value_positions(seen, frozenset(), 5.0)
    found = exposure(underlying_rules(), valued, [balance("USDC", 1e6)], INDEX, NOW)
    assert (found.delta, found.equity, found.gross_notional_usd) == (0.0, 0.0, 0.0)


def test_spot_counts_as_equity_and_not_as_a_derivative():
    held = perpetual(name="BTC_USDC", kind=Kind.SPOT, amount_unit=AmountUnit.COIN)
    valued = value_positions(snapshot([position(held, 2)], [quote(held)]), frozenset(), 5.0)
    dollars = exposure(underlying_rules(numeraire=Numeraire(1.0)), valued, [], INDEX, NOW)
    assert (dollars.delta, dollars.equity, dollars.delta_net) == (2.0, 2.0, 0.0)
