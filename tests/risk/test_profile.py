"""The curve against spot: its middle is the present exposure, its P&L's slope is the dollar delta."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    exposure,
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

from hedging.errors import BadInput
from hedging.model.instrument import OptionKind
from hedging.model.limits import Numeraire
from hedging.risk.exposure import exposure as exposure_of
from hedging.risk.greeks import value_positions
from hedging.risk.profile import POINTS, ladder, profile

MIDDLE = POINTS // 2
SOON = NOW + timedelta(minutes=12)  # inside the settlement half hour

amounts = st.floats(-20, 20).filter(lambda amount: abs(amount) > 0.01)
strikes = st.floats(60_000, 150_000)
years = st.sampled_from([0.02, 0.1, 0.7])
kinds = st.sampled_from(OptionKind)
holdings = st.one_of(
    st.builds(lambda k, s, y, a: position(option(k, s, y), a), kinds, strikes, years, amounts),
    st.builds(lambda k, s, y, a: position(linear_option(k, s, y), a), kinds, strikes, years, amounts),
    st.builds(lambda k, s, a: position(option(k, s, expiry=SOON), a), kinds, strikes, amounts),
    st.builds(lambda a: position(future(expiry=SOON), a * 1e5), amounts),
    st.builds(lambda a: position(future(), a * 1e5), amounts),
    st.builds(lambda a: position(perpetual(), a * 1e5), amounts),
    st.builds(lambda a: position(linear_perpetual(), a), amounts),
)
books = st.lists(holdings, min_size=1, max_size=6)


def valued(held, share=0.0, equity=50.0):
    quotes = [quote(each.instrument, mark=0.01 if each.instrument.strike else INDEX) for each in held]
    found = value_positions(snapshot(held, quotes), frozenset(), 5.0)
    assert found.gaps == ()
    item = underlying_rules(numeraire=Numeraire(share))
    return exposure_of(item, found, [balance(equity=equity)], INDEX, NOW), found.positions


@given(held=books, share=st.floats(0, 1))
def test_the_middle_point_is_the_present_delta_and_no_profit(held, share):
    whole, positions = valued(held, share)
    curve = profile(whole, positions, None)
    assert len(curve.spots) == len(curve.delta_now) == len(curve.pnl_usd) == POINTS
    assert curve.spots[MIDDLE] == pytest.approx(INDEX)
    assert curve.delta_now[MIDDLE] == pytest.approx(whole.delta, abs=1e-9)
    assert curve.pnl_usd[MIDDLE] == pytest.approx(0.0, abs=1e-4)
    assert curve.delta_after_ticket is None


@given(
    held=st.lists(
        st.sampled_from(
            [
                position(option(OptionKind.CALL, 110_000.0, 0.7), -10),
                position(option(OptionKind.PUT, 80_000.0, 0.7), 7),
                position(linear_option(OptionKind.PUT, 95_000.0, 0.7), 12),
                position(perpetual(), -400_000),
                position(linear_perpetual(), 3),
            ]
        ),
        min_size=1,
        max_size=5,
        unique_by=lambda each: each.instrument.name,
    )
)
def test_the_slope_of_profit_is_the_delta_that_keeps_dollars(held):
    whole, positions = valued(held, share=1.0)
    curve = profile(whole, positions, None)
    step = curve.spots[1] - curve.spots[0]
    for point in range(2, POINTS - 2):
        profits = curve.pnl_usd[point - 2 : point + 3]
        slope = (profits[0] - 8 * profits[1] + 8 * profits[3] - profits[4]) / (12 * step)
        assert slope == pytest.approx(curve.delta_now[point], abs=2e-3)


def test_a_short_call_ends_short_its_coins_less_what_is_paid_in_coin():
    whole, positions = valued([position(option(OptionKind.CALL, 100_000.0), -10)])
    curve = profile(whole, positions, None)
    assert curve.delta_at_expiry[-1] == pytest.approx(-10 * 100_000 / 120_000)
    assert curve.delta_at_expiry[0] == 0.0


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("coins", [-6.5, 2.0])
def test_after_the_ticket_the_curve_is_that_of_the_book_with_the_hedge(share, coins):
    held = [position(option(OptionKind.CALL, 110_000.0), -10)]
    whole, positions = valued(held, share)
    hedged, hedged_positions = valued([*held, position(perpetual(), coins * INDEX)], share)
    after = profile(whole, positions, coins).delta_after_ticket
    assert after == pytest.approx(profile(hedged, hedged_positions, None).delta_now)


def test_a_settling_future_moves_only_by_what_is_not_fixed_yet():
    whole, positions = valued([position(future(expiry=NOW + timedelta(minutes=15)), 1_000_000)], 1.0, 0.0)
    curve = profile(whole, positions, None)
    assert curve.delta_now[MIDDLE] == pytest.approx(5.0)
    assert curve.pnl_usd[-1] == pytest.approx(5.0 * (1 - 1 / 1.2) * 120_000)


def test_a_linear_future_without_a_mark_is_refused():
    whole, positions = valued([position(linear_perpetual(), 1)])
    with pytest.raises(BadInput, match="without a mark"):
        profile(whole, [replace(positions[0], mark=None)], None)


def test_other_underlyings_are_left_out():
    _, positions = valued([position(perpetual(), 100_000)])
    curve = profile(exposure(0.0, underlying="ETH"), positions, None)
    assert set(curve.delta_now) == {0.0}


def test_the_ladder_sums_by_expiry_and_strike_and_adds_up_to_the_delta():
    near, far = option(OptionKind.CALL, 110_000.0, 0.1), option(OptionKind.PUT, 90_000.0, 0.5)
    put = option(OptionKind.PUT, 110_000.0, 0.1)
    held = [position(far, 1), position(near, -2), position(put, 3), position(perpetual(), 50_000)]
    whole, positions = valued(held)
    cells = ladder("BTC", positions)
    assert [(cell.expiry, cell.strike) for cell in cells] == [
        (None, None),
        (near.expiry, 110_000.0),
        (far.expiry, 90_000.0),
    ]
    assert sum(cell.delta for cell in cells) == pytest.approx(whole.delta_net)
    assert sum(cell.gamma_1pct for cell in cells) == pytest.approx(whole.gamma_black_coin * 0.01)
    assert ladder("ETH", positions) == ()
