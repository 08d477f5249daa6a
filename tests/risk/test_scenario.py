"""The grid: nothing at no shock, the sum of its positions, and each cell what a whole revaluation says."""

from dataclasses import replace
from datetime import timedelta
from math import nan

import mpmath
import numpy as np
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
from scipy.special import ndtr

from hedging.errors import BadInput
from hedging.model.instrument import Kind, OptionKind, Settlement
from hedging.model.limits import Numeraire
from hedging.pricing import black76
from hedging.risk import exposure as exposure_module
from hedging.risk import netting, repricing
from hedging.risk import scenario as scenario_module
from hedging.risk.fast_normal import SERIES_SCALE, Memory
from hedging.risk.greeks import value_positions
from hedging.risk.netting import NettedFutures, OptionRows, netted, netted_book, netted_columns, unfixed_share
from hedging.risk.profile import profile
from hedging.risk.scenario import LOWEST_VOL, Shocks, VolShift, netted_scenario, scenario, worst
from hedging.risk.what_if import before_and_after, hedge_position

SOON = NOW + timedelta(minutes=12)  # inside the settlement half hour
CALL, PUT = OptionKind.CALL, OptionKind.PUT
GRID = Shocks(spots=(-0.3, -0.01, 0.0, 0.02, 0.4), vols=(-0.2, 0.0, 0.15), days=(0.0, 3.0, 20.0))

amounts = st.floats(-20, 20).filter(lambda amount: abs(amount) > 0.01)
strikes = st.sampled_from([60_000.0, 90_000.0, 100_000.0, 104_000.0, 160_000.0])
years = st.sampled_from([0.02, 0.1, 0.7])
kinds = st.sampled_from(OptionKind)
shares = st.sampled_from([0.0, 0.35, 1.0])
lasting = st.one_of(
    st.builds(lambda k, s, y, a: position(option(k, s, y), a), kinds, strikes, years, amounts),
    st.builds(lambda k, s, y, a: position(linear_option(k, s, y), a), kinds, strikes, years, amounts),
    st.builds(lambda a: position(future(days=90), a * 1e5), amounts),
    st.builds(lambda a: position(perpetual(), a * 1e5), amounts),
    st.builds(lambda a: position(linear_perpetual(), a), amounts),
)
soon = st.one_of(
    st.builds(lambda k, s, a: position(option(k, s, expiry=SOON), a), kinds, strikes, amounts),
    st.builds(lambda a: position(future(expiry=SOON), a * 1e5), amounts),
)
books = st.lists(st.one_of(lasting, soon), min_size=1, max_size=8)


def market(held, spot=0.0, vol=0.0, at=NOW):
    """Quotes of what is held with spot and volatility moved; every forward 3 % over the index."""
    return [
        quote(
            each.instrument,
            mark=0.01 if each.instrument.strike else 1.01 * INDEX * (1 + spot),
            index=INDEX * (1 + spot),
            forward=1.03 * INDEX * (1 + spot),
            iv=0.6 + 0.1 * (each.instrument.option_kind is PUT) + vol,
            received_at=at,
        )
        for each in held
    ]


def valued(held, share=0.0, equity=50.0, **moved):
    at = moved.get("at", NOW)
    found = value_positions(snapshot(held, market(held, **moved), at=at), frozenset(), 5.0)
    assert found.gaps == ()
    item = underlying_rules(numeraire=Numeraire(share))
    index = INDEX * (1 + moved.get("spot", 0.0))
    return exposure_module.exposure(item, found, [balance(equity=equity)], index, at), found.positions


def scale(positions):
    return sum(each.notional_usd for each in positions)


@given(held=books, share=shares, kind=st.sampled_from(VolShift))
def test_no_shock_is_exactly_no_profit_and_the_present_greeks(held, share, kind):
    whole, positions = valued(held, share)
    surface = scenario(whole, positions, replace(GRID, vol_shift=kind))
    assert surface.pnl_usd[0, 1, 2] == 0.0
    assert surface.pnl_coin[0, 1, 2] == 0.0
    coins = scale(positions) / INDEX + whole.equity
    assert surface.delta_coin[0, 1, 2] == pytest.approx(whole.delta, abs=1e-12 * coins)
    gammas = sum(abs(p.gamma_coin) for p in positions) + coins
    assert surface.gamma_coin[0, 1, 2] == pytest.approx(whole.gamma_coin, abs=1e-12 * gammas)
    assert surface.vega_usd[0, 1, 2] == pytest.approx(whole.vega_usd, abs=1e-12 * scale(positions))


@given(held=st.lists(lasting, min_size=1, max_size=8), share=shares, equity=st.floats(-30, 80))
def test_every_cell_is_a_whole_revaluation(held, share, equity):
    """value_positions on a snapshot that was moved gives the same worth and the same exposure."""
    whole, positions = valued(held, share, equity)
    shocks = Shocks(spots=(-0.3, 0.02, 0.4), vols=(-0.2, 0.15), days=(0.0, 3.0))
    surface = scenario(whole, positions, shocks)
    start = worths(positions, INDEX)
    size = scale(positions) + abs(equity) * INDEX
    for d, days in enumerate(shocks.days):
        for v, vol in enumerate(shocks.vols):
            for s, spot in enumerate(shocks.spots):
                at = NOW + timedelta(days=days)
                then, moved = valued(held, share, equity, spot=spot, vol=vol, at=at)
                after = worths(moved, INDEX * (1 + spot))
                futures = floating(positions, spot)
                coins = after[0] - start[0] + futures[0]
                dollars = after[1] - start[1] + futures[1]
                gained = coins * then.index + dollars + share * equity * (then.index - INDEX)
                cell = (d, v, s)
                assert surface.pnl_usd[cell] == pytest.approx(gained, abs=1e-12 * size)
                delta = then.delta + share * coins  # the moved snapshot's equity lacks what was gained
                assert surface.delta_coin[cell] == pytest.approx(delta, abs=1e-12 * size / INDEX)
                assert surface.gamma_coin[cell] == pytest.approx(then.gamma_coin, abs=1e-11 * size / INDEX)
                assert surface.vega_usd[cell] == pytest.approx(then.vega_usd, abs=1e-12 * size)
                assert surface.delta_usd[cell] == pytest.approx(delta * then.index, abs=1e-12 * size)


def worths(positions, index):
    """Coins and dollars that the options are worth."""
    options = [p for p in positions if p.instrument.kind is Kind.OPTION]
    coins = sum(p.value_usd / index for p in options if p.instrument.settlement_currency == "BTC")
    return coins, sum(p.value_usd for p in options if p.instrument.settlement_currency != "BTC")


def floating(positions, spot):
    """Coins and dollars that futures gain: N(1/S0 − 1/S) and q(S − S0), written out."""
    coins = dollars = 0.0
    for each in positions:
        if each.instrument.kind is Kind.OPTION:
            continue
        if each.instrument.amount_unit.value == "usd":
            coins += each.amount * (1 / each.mark - 1 / (each.mark * (1 + spot)))
        else:
            dollars += each.amount * each.mark * spot
    return coins, dollars


@given(first=books, second=books, share=shares)
def test_a_book_is_the_sum_of_its_parts(first, second, share):
    whole, positions = valued([*first, *second], share, equity=0.0)
    parts = [valued(part, share, equity=0.0) for part in (first, second)]
    together = scenario(whole, positions, GRID)
    apart = [scenario(*part, GRID) for part in parts]
    for name in ("pnl_usd", "delta_coin", "gamma_coin", "vega_usd"):
        summed = sum(getattr(each, name) for each in apart)
        size = np.abs(summed).max() + scale(positions) * (1 if "usd" in name else 1 / INDEX)
        assert np.abs(getattr(together, name) - summed).max() <= 1e-12 * size, name


@given(held=books, coins=st.floats(-30, 30).filter(lambda coins: abs(coins) > 0.01), share=shares)
def test_after_a_hedge_the_book_is_itself_and_the_hedge(held, coins, share):
    whole, positions = valued(held, share)
    hedge = hedge_position(whole, "main", perpetual(), coins, 1.01 * INDEX)
    both = before_and_after(whole, positions, hedge, GRID)
    alone = scenario(replace(whole, equity=0.0), (hedge,), GRID)
    size = scale(positions) + (abs(whole.equity) + abs(coins)) * INDEX
    for name in ("pnl_usd", "delta_coin", "gamma_coin", "vega_usd"):
        gained = getattr(both.after, name) - getattr(both.before, name)
        allowed = 1e-12 * size / (1 if "usd" in name else INDEX)
        assert gained == pytest.approx(getattr(alone, name), abs=allowed), name
    assert (both.after.pnl_usd[0, 1, 2], both.before.pnl_usd[0, 1, 2]) == (0.0, 0.0)
    assert not np.allclose(both.after.delta_coin, both.before.delta_coin)


@given(held=st.lists(lasting, min_size=1, max_size=6), share=shares)
def test_delta_is_the_slope_of_the_profit_and_gamma_that_of_delta(held, share):
    whole, positions = valued(held, share)
    step = 1e-5
    surface = scenario(whole, positions, Shocks(spots=(-step, 0.0, step)))
    size = scale(positions) + 50 * INDEX
    pnl, delta = surface.pnl_usd[0, 0], surface.delta_coin[0, 0]
    basis = sum(  # linear P&L is in units of the forward or mark; its delta is counted at the index
        p.delta_net * ((p.forward or p.mark) - INDEX)
        for p in positions
        if p.instrument.settlement_currency != "BTC"
    )
    assert (pnl[2] - pnl[0]) / (2 * step) == pytest.approx(delta[1] * INDEX + basis, abs=1e-6 * size)
    slope = (delta[2] - delta[0]) / (2 * step)
    assert slope == pytest.approx(surface.gamma_coin[0, 0, 1], abs=1e-5 * size / INDEX)


@given(held=books, share=shares)
def test_without_time_and_volatility_it_is_the_profile(held, share):
    whole, positions = valued(held, share)
    curve = profile(whole, positions, None)
    spots = tuple(spot / INDEX - 1 for spot in curve.spots)
    surface = scenario(whole, positions, Shocks(spots=spots))
    dollars = scenario(replace(whole, numeraire=Numeraire(1.0)), positions, Shocks(spots=spots))
    size = scale(positions) + 50 * INDEX
    assert surface.delta_coin[0, 0] == pytest.approx(curve.delta_now, abs=1e-11 * size / INDEX)
    assert dollars.pnl_usd[0, 0] == pytest.approx(curve.pnl_usd, abs=1e-11 * size)


@given(held=books, share=st.floats(0, 1))
def test_numeraires_lie_on_one_line(held, share):
    whole, positions = valued(held)
    coin, between, dollar = (
        scenario(replace(whole, numeraire=Numeraire(x)), positions, GRID) for x in (0.0, share, 1.0)
    )
    for name in ("pnl_usd", "delta_coin", "gamma_coin"):
        mixed = (1 - share) * getattr(coin, name) + share * getattr(dollar, name)
        assert getattr(between, name) == pytest.approx(mixed, rel=1e-11, abs=1e-11 * np.abs(mixed).max())
    translated = whole.equity * INDEX * np.array(GRID.spots)
    assert dollar.pnl_usd - coin.pnl_usd == pytest.approx(
        np.broadcast_to(translated, coin.pnl_usd.shape), abs=1e-5
    )


@pytest.mark.parametrize("make", [option, linear_option])
@pytest.mark.parametrize("kind", OptionKind)
def test_what_expires_within_the_step_settles_at_intrinsic(make, kind):
    """And is gone: no delta, gamma or vega is left of it, while the coins it paid count."""
    held = [position(make(kind, 100_000.0, years=2 / 365), 7)]
    whole, positions = valued(held, share=1.0, equity=0.0)
    surface = scenario(whole, positions, replace(GRID, days=(0.0, 2.0, 5.0)))
    inverse = positions[0].instrument.settlement_currency == "BTC"
    forward = np.array(GRID.spots) * 1.03 * INDEX + 1.03 * INDEX
    paid = 7 * np.maximum(kind * (forward - 100_000.0), 0.0)
    start = positions[0].value_usd
    expected = (paid / forward - start / INDEX) * surface.spots if inverse else paid - start
    for day in (1, 2):
        for vol in range(3):
            assert surface.pnl_usd[day, vol] == pytest.approx(expected, abs=1e-9 * 7 * INDEX)
            coins = paid / forward - start / INDEX if inverse else 0 * paid
            assert surface.delta_coin[day, vol] == pytest.approx(coins, abs=1e-12)
    assert not surface.gamma_coin[1:].any()
    assert not surface.vega_usd[1:].any()


def test_each_expiry_has_its_own_shift_of_volatility():
    held = [position(option(CALL, 100_000.0, years=days / 365), 1) for days in (0.5, 30, 120)]
    for kind, moved in (
        (VolShift.ABSOLUTE, [0.7, 0.7, 0.7]),
        (VolShift.RELATIVE, [0.66, 0.66, 0.66]),
        (VolShift.ROOT_TIME, [0.6 + 0.1 * 30**0.5, 0.7, 0.65]),
    ):
        for each, vol in zip(held, moved, strict=True):
            whole, positions = valued([each], equity=0.0)
            years_left = positions[0].years
            surface = scenario(whole, positions, Shocks(spots=(0.0,), vols=(0.1,), vol_shift=kind))
            worth = [float(black76.price(1, 1.03 * INDEX, 100_000.0, years_left, v)) for v in (0.6, vol)]
            gained = (worth[1] - worth[0]) / (1.03 * INDEX)
            assert surface.pnl_coin[0, 0, 0] == pytest.approx(gained, abs=1e-14), (kind, vol)
            assert not surface.floored


def test_no_shift_takes_a_volatility_below_the_floor_and_it_is_said():
    whole, positions = valued([position(option(CALL, 100_000.0), 1)], equity=0.0)
    surface = scenario(whole, positions, Shocks(spots=(0.0,), vols=(-2.0, LOWEST_VOL - 0.6)))
    assert surface.floored
    assert surface.pnl_usd[0, 0] == pytest.approx(surface.pnl_usd[0, 1], rel=1e-9)


def test_calls_and_puts_of_a_strike_are_one_row_unless_the_venue_marks_them_apart():
    held = [
        position(option(k, 100_000.0), a, account=name)
        for k in OptionKind
        for a, name in ((1, "a"), (2, "b"))
    ]
    _, positions = valued(held)
    assert netted("BTC", positions, NOW).options.vol.size == 2  # 60 % and 70 %
    same = tuple(replace(each, iv=0.6) for each in positions)
    assert netted("BTC", same, NOW).options.calls.tolist() == [6.0]
    assert netted("BTC", same, NOW).options.puts.tolist() == [3.0]
    apart = tuple(replace(same[0], **{name: value}) for name, value in (("iv", 0.5), ("forward", 99_000.0)))
    assert netted("BTC", (*same, *apart), NOW).options.calls.tolist() == [6.0, 1.0, 1.0]
    assert netted("ETH", same, NOW).options.vol.size == 0


def test_what_is_already_fixed_of_a_delivery_price_does_not_move():
    whole, positions = valued([position(future(expiry=SOON), 1e5)], equity=0.0)
    surface = scenario(whole, positions, Shocks(spots=(0.1,)))
    share = 12 / 30
    assert surface.pnl_coin[0, 0, 0] == pytest.approx(share * 1e5 / (1.01 * INDEX) * (1 - 1 / 1.1), rel=1e-12)
    assert unfixed_share(np.array([np.inf, 0.0, -1.0])).tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize(
    "changes",
    [
        {"spots": ()},
        {"spots": (-1.0,)},
        {"spots": (nan,)},
        {"vols": (float("inf"),)},
        {"days": (-1.0,)},
        {"vols": (-1.0,), "vol_shift": VolShift.RELATIVE},
        {"spots": (0.1,) * 2000, "vols": (0.1,) * 1000},
    ],
)
def test_axes_that_are_none_are_refused(changes):
    with pytest.raises(BadInput):
        replace(GRID, **changes)


@pytest.mark.parametrize("changes", [{"iv": None}, {"forward": nan}, {"years": None}, {"quantity_coin": nan}])
def test_a_position_that_cannot_be_repriced_is_refused_by_name(changes):
    whole, positions = valued([position(option(CALL, 100_000.0), 1)])
    with pytest.raises(BadInput, match="BTC-100000-CALL"):
        scenario(whole, (replace(positions[0], **changes),), GRID)


@pytest.mark.parametrize("changes", [{"index": nan}, {"index": 0.0}, {"equity": nan}])
def test_an_exposure_without_index_or_equity_is_refused(changes):
    whole, positions = valued([position(perpetual(), 1e5)])
    with pytest.raises(BadInput):
        scenario(replace(whole, **changes), positions, GRID)


def test_the_worst_cell_is_named_in_words():
    whole, positions = valued([position(option(CALL, 100_000.0), -10)])
    found = worst(scenario(whole, positions, GRID))
    assert (found.spot, found.vol, found.days) == (0.4, 0.15, 0.0)
    assert found.sentence == (
        f"loses most of 45 cells: {found.pnl_coin:+,.4g} BTC ({found.pnl_usd:+,.0f} USD) with "
        "BTC +40 % to 140,000 USD, volatility +15 points, at once (keep my coins)"
    )
    dollars = replace(whole, numeraire=Numeraire(1.0))
    later = Shocks(spots=(0.0,), vols=(-0.1,), days=(3.0,), vol_shift=VolShift.ROOT_TIME)
    found = worst(scenario(dollars, positions, later))
    assert found.sentence == (
        f"gains least of 1 cells: {found.pnl_usd:+,.0f} USD ({found.pnl_coin:+,.4g} BTC) with "
        "BTC unchanged at 100,000 USD, volatility -10 points at 30 days, 3 days from now (keep my dollars)"
    )


@given(
    x=st.lists(st.tuples(st.floats(-45, 45), st.floats(1e-6, 12.0)), min_size=1, max_size=30),
    spots=st.integers(1, 3),
)
def test_the_normal_distribution_is_right_to_the_last_digits(x, spots):
    d1 = np.tile([first for first, _ in x], (spots, 1))
    total = np.array([apart for _, apart in x])
    room = Memory(2 * d1.size).room(spots, len(x))
    room.arguments[:spots], room.arguments[spots:] = d1, d1 - total
    room.fill(far=True)
    series = room.series * SERIES_SCALE
    ratio = np.exp(total * (d1 - total / 2))  # F/K, as ln(F/K) = σ√T(d1 − σ√T/2)
    first, second = room.nodes[:spots] + series[:spots], room.nodes[spots:] + ratio * series[spots:]
    assert np.abs(first - ndtr(d1)).max() <= 1.8e-15
    assert np.abs(second - ndtr(d1 - total)).max() <= 1.8e-15
    assert room.density == pytest.approx(np.exp(-(d1**2) / 2), rel=1e-13, abs=1e-290)


@pytest.mark.parametrize("place", range(4))
def test_the_series_of_the_table_is_as_near_as_it_says(place):
    """60 digits, halfway between nodes, where the series ends farthest off."""
    mpmath.mp.dps = 60
    centres = np.linspace(-8.0, 8.0, 801) + place * 2.5e-4
    x = np.floor(centres * 1024) / 1024 + 2**-11 * (1 - 1e-9)
    room = Memory(2 * x.size).room(1, x.size)
    room.arguments[...] = x
    room.fill(far=False)
    ours = room.nodes[0] + SERIES_SCALE * room.series[0]
    error = [
        abs(float(mpmath.ncdf(exact) - value)) for exact, value in zip(x.tolist(), ours.tolist(), strict=True)
    ]
    assert max(error) <= 1.8e-15
    assert max(error) > 2e-16  # the nodes alone would not do, and the halfway points are hit


def test_the_grid_is_what_scipy_says_in_every_corner():
    """Minutes to expiry, 400 % of volatility, deep wings: every cell from ndtr, option by option."""
    rng = np.random.default_rng(11)
    count = 700
    years = np.exp(rng.uniform(np.log(60 / 31_536_000), np.log(3.0), count))
    vol, forward = rng.uniform(0.03, 4.0, count), 1e5 * (1 + rng.uniform(-0.05, 0.2, count))
    strike = forward * np.exp(np.clip(rng.normal(0, 3, count) * vol * np.sqrt(years), -3, 3))
    inverse, put = rng.integers(0, 2, count).astype(float), rng.integers(0, 2, count).astype(float)
    coins = rng.normal(0, 5, count)
    nothing = NettedFutures(*np.empty((5, 0)))
    book = netted_columns("BTC", NOW, OptionRows(coins, put, inverse, forward, strike, years, vol), nothing)
    whole, _ = valued([], equity=0.0)
    shocks = Shocks(spots=(-0.9, -0.2, 0.0, 1e-6, 0.5, 9.0), vols=(-0.1, 0.0, 2.0))
    surface = netted_scenario(whole, book, shocks)
    share = np.clip(years * 365 * 48, 0, 1)
    gross = np.abs(coins).sum()

    def worth(spot, shift):
        f, v = forward * (1 + spot), np.maximum(vol + shift, np.minimum(vol, LOWEST_VOL)) * np.sqrt(years)
        d1 = black76.log_moneyness(f, strike) / v + v / 2
        noise = 1e-13 + 1e-15 * (1 + np.abs(d1)) / v  # what the last digit of F(1 + s)/K is of the density
        sign = 1 - 2 * put
        first, second = sign * ndtr(sign * d1), sign * ndtr(sign * (d1 - v))
        paid = np.where(inverse > 0, first - strike / f * second, f * first - strike * second)
        net = np.where(inverse > 0, strike / f * second, first)
        density = np.exp(-(d1**2) / 2) / np.sqrt(2 * np.pi)
        return paid, net, density / v - inverse * net, f * density * np.sqrt(years), noise

    start = worth(0.0, 0.0)[0]
    for v, shift in enumerate(shocks.vols):
        for s, spot in enumerate(shocks.spots):
            paid, net, gamma, vega, noise = worth(spot, shift)
            gained = coins * share * (paid - start) * np.where(inverse > 0, INDEX * (1 + spot), 1.0)
            size = gross * INDEX * (1 + spot) * (1 + (strike / forward / (1 + spot)).max())
            assert surface.pnl_usd[0, v, s] == pytest.approx(gained.sum(), abs=1e-14 * size)
            assert surface.delta_coin[0, v, s] == pytest.approx(
                (coins * share * net).sum(), abs=1e-14 * size / INDEX
            )
            for ours, each in ((surface.gamma_coin, gamma), (surface.vega_usd, vega)):
                expected = coins * share * each
                allowed = (np.abs(coins * each) * noise).sum() + 1e-14 * size / INDEX
                assert ours[0, v, s] == pytest.approx(expected.sum(), abs=allowed)
    assert surface.pnl_usd[0, 1, 2] == 0.0


def test_no_shock_is_no_profit_however_the_rows_and_spots_are_cut_up(monkeypatch):
    kinds = (option, linear_option)
    held = [
        position(make(kind, strike, years_left), 3.7 - place)
        for make in kinds
        for kind in OptionKind
        for place, strike in enumerate((7e4, 9e4, 1e5, 1.3e5))
        for years_left in (0.01, 0.1, 1.0)
    ]
    whole, positions = valued(held, share=0.4)
    spots = (0.3, 0.0, -0.2, 0.0, 0.1, -0.0, 1e-9)
    shocks = Shocks(spots=spots, vols=(0.1, 0.0, -0.1, 0.0), days=(1.0, 0.0))
    expected = scenario(whole, positions, shocks)
    for cells in (1, 7, 40, 10**6):
        monkeypatch.setattr(repricing, "CELLS", cells)
        surface = scenario(whole, positions, shocks)
        for place in (1, 3, 5):
            assert (surface.pnl_usd[1, 1::2, place] == 0.0).all()
            assert (surface.pnl_usd[:, 1, place] == surface.pnl_usd[:, 3, place]).all()
        size = 1e-14 * scale(positions)
        assert surface.pnl_usd == pytest.approx(expected.pnl_usd, abs=size)
        assert surface.delta_usd == pytest.approx(expected.delta_usd, abs=size)
    alone = [
        scenario(whole, positions, Shocks(spots=(spot,), vols=(0.1,))).pnl_usd[0, 0, 0] for spot in spots
    ]
    assert alone == pytest.approx(expected.pnl_usd[1, 0], abs=1e-14 * scale(positions))


def test_many_shifts_are_worked_out_in_parts(monkeypatch):
    whole, positions = valued([position(option(CALL, 90_000.0), 2)])
    shocks = Shocks(spots=(0.1, 0.2), vols=tuple(0.01 * step for step in range(7)))
    expected = scenario(whole, positions, shocks)
    monkeypatch.setattr(scenario_module, "SHIFTS_AT_ONCE", 3)
    assert scenario(whole, positions, shocks).pnl_usd == pytest.approx(expected.pnl_usd, rel=1e-12)


def test_columns_are_netted_like_positions(monkeypatch):
    held = [
        position(make(kind, strike, left), amount)
        for make in (option, linear_option)
        for kind in OptionKind
        for strike in (9e4, 1e5)
        for left in (0.1, 0.7)
        for amount in (3.0, -1.5)
    ]
    held += [position(perpetual(), 1e5), position(perpetual(), 2e5), position(linear_perpetual(), 2)]
    _, positions = valued(held)
    from_rows = netted("BTC", positions, NOW)
    options = [p for p in positions if p.instrument.kind is Kind.OPTION]
    rows = OptionRows(
        *np.array(
            [
                (
                    p.quantity_coin,
                    p.instrument.option_kind is PUT,
                    p.instrument.settlement is Settlement.INVERSE,
                    p.forward,
                    p.instrument.strike,
                    p.years,
                    p.iv,
                )
                for p in options
            ],
            dtype=float,
        ).T.copy()
    )
    for mixer in (None, np.uint64(0)):  # with 0 all rows are mixed into one number, and told apart by value
        if mixer is not None:
            monkeypatch.setattr(netting, "_MIXER", mixer)
        book = netted_columns("BTC", NOW, rows, from_rows.futures)
        for ours, theirs in ((book.options, from_rows.options), (book.futures, from_rows.futures)):
            assert table(ours) == pytest.approx(table(theirs), rel=1e-14)
    assert from_rows.options.calls.size == 16
    assert from_rows.futures.coins.size == 2


@given(held=books)
def test_a_valued_book_is_netted_like_its_rows(held):
    held = [*held, *held[:2]]  # one instrument twice
    book = value_positions(snapshot(held, market(held)), frozenset(), 5.0)
    ours, theirs = netted_book("BTC", book, NOW), netted("BTC", book.positions, NOW)
    for one, other in ((ours.options, theirs.options), (ours.futures, theirs.futures)):
        assert table(one) == pytest.approx(table(other), rel=1e-13, abs=1e-12)
    assert netted_book("ETH", book, NOW).options.vol.size == 0


def test_a_position_without_a_value_is_refused_by_name():
    held = [position(option(CALL, 90_000.0), 2), position(option(PUT, 80_000.0), 2)]
    quotes = [
        replace(each, iv=None, forward=None) if "PUT" in each.instrument else each for each in market(held)
    ]
    book = value_positions(snapshot(held, quotes), frozenset(), 5.0)
    with pytest.raises(BadInput, match="BTC-80000-PUT"):
        netted_book("BTC", book, NOW)


def table(netted_rows):
    """Columns as rows in an order of their own."""
    columns = np.stack([getattr(netted_rows, name) for name in netted_rows.__slots__])
    return columns[:, np.lexsort(columns)]


@pytest.mark.parametrize("name", ["coins", "forward", "strike", "years", "vol"])
def test_a_column_with_a_number_that_is_none_is_refused(name):
    good = dict.fromkeys(OptionRows.__slots__, np.ones(3))
    bad = OptionRows(**(good | {name: np.array([1.0, nan, 1.0])}))
    with pytest.raises(BadInput, match=name):
        netted_columns("BTC", NOW, bad, NettedFutures(*np.empty((5, 0))))


@pytest.mark.parametrize("name", ["coins", "mark", "years"])
def test_a_future_with_a_number_that_is_none_is_refused(name):
    good = dict.fromkeys(NettedFutures.__slots__, np.ones(2)) | {"years": np.array([np.inf, 0.1])}
    bad = NettedFutures(**(good | {name: np.array([1.0, nan])}))
    with pytest.raises(BadInput, match=name):
        netted_columns("BTC", NOW, OptionRows(*np.empty((7, 0))), bad)
    fine = netted_columns("BTC", NOW, OptionRows(*np.empty((7, 0))), NettedFutures(**good))
    assert fine.futures.coins.size == 2


def test_a_shift_to_no_finite_volatility_is_refused():
    whole, positions = valued([position(option(CALL, 90_000.0, years=0.01), 2)])
    with pytest.raises(BadInput, match="smaller shifts"):
        scenario(whole, positions, Shocks(spots=(0.0,), vols=(1e308,), vol_shift=VolShift.ROOT_TIME))
