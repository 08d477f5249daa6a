"""Side by side: each numeraire's hedge leaves nothing of what it keeps, and moves what it does not."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    linear_option,
    linear_perpetual,
    option,
    perpetual,
    position,
    quote,
    snapshot,
    underlying_rules,
)

from hedging.errors import BadInput
from hedging.model.instrument import OptionKind
from hedging.model.limits import Band, HedgeTarget
from hedging.policy.sizing import amount_for, coins_of
from hedging.risk.exposure import exposure as exposure_of
from hedging.risk.greeks import value_positions
from hedging.risk.numeraires import Hedging, side_by_side

TO_ZERO = Band(lower=-1e-9, centre=0.0, upper=1e-9, target=HedgeTarget.CENTRE)


def valued(*held, equity=50.0):
    quotes = [quote(each.instrument, mark=0.05 if each.instrument.strike else INDEX) for each in held]
    found = value_positions(snapshot(held, quotes), frozenset(), 5.0)
    return exposure_of(underlying_rules(), found, [balance(equity=equity)], INDEX, NOW), found.positions


def hedging(instrument, band=TO_ZERO, mark=INDEX):
    return Hedging(
        account="main",
        instrument=instrument,
        mark=mark,
        band=band,
        amount_for=lambda coins: amount_for(instrument, coins, mark),
        coins_of=lambda amount: float(coins_of(instrument, amount, Decimal(str(mark)))),
    )


@pytest.mark.parametrize("instrument", [perpetual(), linear_perpetual()])
@given(
    amount=st.integers(-40, 40).filter(bool),
    strike=st.sampled_from([80_000.0, 100_000.0, 130_000.0]),
    make=st.sampled_from([option, linear_option]),
    equity=st.floats(5, 90),
)
def test_each_hedge_keeps_what_its_numeraire_keeps(instrument, amount, strike, make, equity):
    whole, held = valued(position(make(OptionKind.PUT, strike), amount), equity=equity)
    coin, dollar = side_by_side(whole, held, hedging(instrument))
    assert coin.delta == pytest.approx(whole.delta_net)
    assert dollar.delta == pytest.approx(whole.delta_net + equity)
    slack = 1.2 * float(instrument.lot) / (INDEX if instrument.amount_unit.value == "usd" else 1) + 1e-9
    for row, kept in ((coin, "coin"), (dollar, "usd")):
        assert row.hedge_coin == pytest.approx(-row.delta, abs=slack)
        assert row.hedge_amount * int(-row.delta > 0 or -1) >= 0
        # after its hedge the odd part of ±1 % is gone: what is left is curvature, alike on both sides
        down, up = getattr(row.down_hedged, kept), getattr(row.up_hedged, kept)
        unit = INDEX if kept == "usd" else 1
        allowed = 0.02 * slack + 2e-4 * (abs(amount) * 0.2 + abs(row.hedge_coin))
        assert abs(up - down) <= unit * allowed
    # the two hedges differ by the whole equity
    assert dollar.hedge_coin - coin.hedge_coin == pytest.approx(-equity, abs=2 * slack)
    assert (coin.down, coin.up) == (dollar.down, dollar.up)


def test_coins_kept_still_move_in_dollars_and_dollars_kept_in_coins():
    whole, held = valued(position(perpetual(), 1_000_000))
    coin, part, dollar = side_by_side(whole, held, hedging(perpetual()), share=0.5)
    assert (coin.hedge_coin, coin.hedge_amount) == (-10.0, Decimal(-1_000_000))
    assert (part.hedge_coin, part.hedge_amount) == (-35.0, Decimal(-3_500_000))
    assert (dollar.hedge_coin, dollar.hedge_amount) == (-60.0, Decimal(-6_000_000))
    assert coin.up.coin == pytest.approx(10 * (1 - 1 / 1.01))
    assert coin.up.usd == pytest.approx(60 * 1000)
    assert coin.up_hedged.coin == pytest.approx(0.0, abs=1e-12)
    assert coin.up_hedged.usd == pytest.approx(50 * 1000)
    assert coin.down_hedged.usd == pytest.approx(-50 * 1000)
    assert dollar.up_hedged.usd == pytest.approx(0.0, abs=1e-6)
    assert dollar.up_hedged.coin == pytest.approx(-50 * (1 - 1 / 1.01))
    assert part.numeraire.hedged_share == 0.5


def test_inside_the_band_nothing_is_asked_for():
    whole, held = valued(position(perpetual(), 1_000_000))
    wide = Band(lower=-20.0, centre=0.0, upper=20.0, target=HedgeTarget.EDGE)
    coin, dollar = side_by_side(whole, held, hedging(perpetual(), wide))
    assert (coin.hedge_coin, coin.hedge_amount) == (0.0, Decimal(0))
    assert coin.up_hedged == coin.up
    assert dollar.hedge_coin == pytest.approx(-60 + 0.98 * 20, abs=1e-3)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(share):
    whole, held = valued(position(perpetual(), 1_000_000))
    with pytest.raises(BadInput, match="hedged share"):
        side_by_side(whole, held, hedging(perpetual()), share)
