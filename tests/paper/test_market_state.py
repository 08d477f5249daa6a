"""The market as a whole: reproducible, consistent with Black, through shocks, settlement and expiries."""

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from hedging.errors import BadInput
from hedging.paper.listing import ListingKind, OptionType
from hedging.paper.market import Mark, Market
from hedging.paper.process import DEFAULT_STEP_NS, MINUTE_NS, SECOND_NS, YEAR_NS

HOUR_NS = 60 * MINUTE_NS
DAY_NS = 24 * HOUR_NS


def at(day: int, hour: int, minute: int = 0, second: int = 0) -> int:
    return int(datetime(2026, 11, day, hour, minute, second, tzinfo=UTC).timestamp()) * SECOND_NS


START_NS = at(22, 15, 30) + 123_456_789


@pytest.fixture
def market() -> Market:
    return Market(7, START_NS)


def option_expiries(market: Market) -> list[int]:
    return sorted({row.expiration_ns for row in market.listings.values() if row.strike is not None})


def fingerprint(market: Market) -> tuple[object, ...]:
    names = list(market.listings)
    return (
        names,
        market.marks(names),
        [market.book(name) for name in names[::17]],
        market.prints(market.now_ns - 20 * SECOND_NS),
        [market.funding(f"{coin}-PERPETUAL") for coin in ("BTC", "ETH")],
        market.candles("BTC-PERPETUAL", market.now_ns - HOUR_NS, market.now_ns, 5),
        market.historical_volatility("ETH"),
        market.delivery_prices("eth_usdc"),
        [market.settlement_index(name) for name in ("btc_usd", "btc_usdc")],
    )


def played(seed: int, pause_ns: int) -> Market:
    """The same commands at the same times, with looks and steps in between as often as asked."""
    market = Market(seed, at(23, 7, 40))
    commands = {
        at(23, 7, 43, 11): lambda: market.price_shock("BTC", -0.08),
        at(23, 7, 47): lambda: market.vol_shock("BTC", 0.1),
        at(23, 7, 48, 1): lambda: market.vol_shock("ETH", 0.2, half_life_seconds=300),
        at(23, 8, 1) + 777: lambda: market.price_shock("ETH", 0.03),
    }
    for stop in [*commands, at(23, 8, 1, 40)]:
        while market.now_ns + pause_ns < stop:
            market.advance(market.now_ns + pause_ns)
            market.book("BTC-PERPETUAL")
            market.changed(market.now_ns - SECOND_NS)
        market.advance(stop)
        if stop in commands:
            commands[stop]()
    return market


def test_same_seed_and_commands_give_the_same_market_however_it_is_advanced() -> None:
    assert fingerprint(played(3, DAY_NS)) == fingerprint(played(3, 7_770_000_000))


def test_another_seed_gives_another_market() -> None:
    one, other = Market(1, START_NS), Market(2, START_NS)
    for market in (one, other):
        market.advance(START_NS + MINUTE_NS)
    assert one.index("btc_usd") != other.index("btc_usd")
    assert one.book("BTC-PERPETUAL") != other.book("BTC-PERPETUAL")


def test_it_starts_at_the_stated_prices(market: Market) -> None:
    assert market.index("btc_usd") == pytest.approx(103_400.0, rel=1e-12)
    assert market.index("eth_usd") == pytest.approx(3_420.0, rel=1e-12)
    assert market.index("btc_usdc") == pytest.approx(103_400.0, rel=2e-3)


def black(sign: float, forward: float, strike: float, years: float, vol: float) -> tuple[float, float]:
    """Price and delta, written out."""
    total = vol * math.sqrt(years)
    d1 = math.log(forward / strike) / total + total / 2
    cumulative = [0.5 * math.erfc(-sign * d / math.sqrt(2)) for d in (d1, d1 - total)]
    return sign * (forward * cumulative[0] - strike * cumulative[1]), sign * cumulative[0]


def test_option_marks_are_black_on_the_forward(market: Market) -> None:
    options = [row for row in market.listings.values() if row.kind is ListingKind.OPTION]
    now_ns = market.now_ns // DEFAULT_STEP_NS * DEFAULT_STEP_NS
    for row in options[::7]:
        mark = market.mark(row.name)
        assert mark.mark_iv is not None
        assert row.strike is not None
        years = (row.expiration_ns - now_ns) / YEAR_NS
        sign = 1.0 if row.option_type is OptionType.CALL else -1.0
        price, delta = black(sign, mark.underlying_price, row.strike, years, mark.mark_iv)
        expected = price / mark.underlying_price if row.inverse else price
        assert mark.mark_price == pytest.approx(
            expected, rel=1e-7, abs=1e-10 * (1 if row.inverse else 1e5)
        ), row
        assert mark.delta == pytest.approx(delta, rel=1e-9, abs=1e-12), row
        assert mark.interest_rate == 0.0


def test_greeks_are_the_derivatives_in_deribits_units(market: Market) -> None:
    name = next(name for name in market.listings if name.startswith("ETH-25JUN27") and name.endswith("-C"))
    row, mark = market.listings[name], market.mark(name)
    assert row.strike is not None
    assert mark.mark_iv is not None
    years = (row.expiration_ns - market.now_ns // DEFAULT_STEP_NS * DEFAULT_STEP_NS) / YEAR_NS
    forward, vol = mark.underlying_price, mark.mark_iv

    def value(f: float = forward, t: float = years, v: float = vol) -> float:
        return black(1.0, f, row.strike or math.nan, t, v)[0]

    bump = forward * 1e-4
    gamma = (value(forward + bump) - 2 * value() + value(forward - bump)) / bump**2
    assert mark.gamma == pytest.approx(gamma, rel=1e-4)
    assert mark.vega == pytest.approx((value(v=vol + 1e-4) - value(v=vol - 1e-4)) / 2e-4 / 100, rel=1e-6)
    day = 1.0 / 365
    assert mark.theta == pytest.approx((value(t=years - 1e-4) - value(t=years + 1e-4)) / 2e-4 * day, rel=1e-6)
    assert mark.rho == pytest.approx(years * (forward * (mark.delta or 0.0) - value()) / 100, rel=1e-9)


def test_theta_is_that_of_the_lifetime_under_a_day() -> None:
    market = Market(4, at(22, 20))
    market.advance(at(23, 2))
    name = next(name for name in market.listings if name.startswith("BTC-23NOV26") and name.endswith("-C"))
    mark = market.mark(name)
    assert mark.theta is not None
    assert mark.vega is not None
    assert mark.mark_iv is not None
    years = 6 * HOUR_NS / YEAR_NS  # -θ·T = vega·σ/2 when the rate is 0
    assert -mark.theta == pytest.approx(mark.vega * 100 * mark.mark_iv / 2, rel=1e-9)
    assert years < 1 / 365


def test_options_name_the_future_they_are_priced_on(market: Market) -> None:
    marks = {mark.name: mark for mark in market.marks(list(market.listings))}
    for row in market.listings.values():
        mark = marks[row.name]
        if row.kind is not ListingKind.OPTION:
            assert mark.underlying_index == row.index_name
            assert (mark.mark_iv, mark.gamma, mark.delta) == (None, None, 1.0)
            continue
        tag = row.name.split("-")[1]
        if row.inverse and f"{row.underlying}-{tag}" in marks:
            assert mark.underlying_index == f"{row.underlying}-{tag}"
            assert mark.underlying_price == marks[mark.underlying_index].mark_price
        else:
            assert mark.underlying_index.startswith("SYN.")


def test_each_future_has_its_own_basis(market: Market) -> None:
    bases = []
    for _ in range(30):
        market.advance(market.now_ns + 10 * MINUTE_NS)
        futures = [row.name for row in market.listings.values() if row.kind is ListingKind.FUTURE]
        bases.append([math.log(mark.mark_price / mark.index_price) for mark in market.marks(futures)])
    changes = np.diff(np.array(bases)[:, :4], axis=0)
    assert np.abs(np.corrcoef(changes.T) - np.eye(4)).max() < 0.8
    assert changes.std(axis=0).min() > 1e-6


def test_greeks_are_undefined_for_what_is_not_listed(market: Market) -> None:
    for ask in (market.mark, market.book, lambda name: market.candles(name, 0, 1, 1)):
        with pytest.raises(BadInput, match="not listed"):
            ask("BTC-1JAN20-1-C")
    with pytest.raises(BadInput):
        market.index("sol_usd")
    with pytest.raises(BadInput):
        market.funding("BTC-25DEC26")
    with pytest.raises(BadInput):
        market.advance(market.now_ns - 1)
    with pytest.raises(BadInput):
        market.candles("BTC-PERPETUAL", 0, 1, 0)


# --- settlement ---------------------------------------------------------------------------------------


def test_expiries_roll_and_new_ones_are_listed(market: Market) -> None:
    before = dict(market.listings)
    market.advance(at(23, 7, 59, 59))
    assert set(market.listings) == set(before)
    market.advance(at(23, 8))
    gone = {name for name in before if "-23NOV26-" in name}
    assert gone
    assert not gone & set(market.listings)
    assert gone <= set(market.expired)
    assert any("-25NOV26-" in name for name in market.listings)
    assert all(row.expiration_ns > market.now_ns for row in market.listings.values())
    market = Market(7, at(27, 7, 30))
    assert (
        "BTC-27NOV26" not in market.listings
    )  # what expires within the day is not listed any more at a start
    market = Market(7, at(26, 7, 55))
    market.advance(at(27, 8, 1))
    futures = [name for name, row in market.listings.items() if row.kind is ListingKind.FUTURE]
    assert len(futures) == 8
    assert "BTC-4DEC26" in futures
    assert "BTC-27NOV26" in market.expired


def test_delivery_price_is_the_average_of_the_half_hour() -> None:
    market = Market(5, at(23, 7))
    market.advance(at(23, 7, 30))
    samples = []
    for second in range(1800):
        market.advance(at(23, 7, 30) + second * SECOND_NS)
        if second == 900:
            market.price_shock("BTC", 0.05)
        samples.append(market.index("btc_usd"))
        if second in {3, 900, 1799}:
            assert market.settlement_index("btc_usd") == pytest.approx(np.mean(samples[:-1]), rel=1e-9)
    market.advance(at(23, 8))
    delivered = market.delivery_prices("btc_usd")[0]
    assert delivered.date == date(2026, 11, 23)
    assert delivered.price == pytest.approx(np.mean(samples), rel=1e-9)
    assert market.settlement_index("btc_usd") == market.index("btc_usd")
    assert delivered.price != pytest.approx(market.index("btc_usd"), rel=1e-6)


def test_the_days_before_the_start_have_delivery_prices(market: Market) -> None:
    delivered = market.delivery_prices("btc_usd")
    assert [row.date for row in delivered[:3]] == [
        date(2026, 11, 22) - timedelta(days=day) for day in range(3)
    ]
    assert all(math.isfinite(row.price) and row.price > 0 for row in delivered)


def test_delta_decays_linearly_in_the_last_half_hour() -> None:
    market = Market(5, at(26, 15))  # 27 November has a future and options
    market.advance(at(27, 7, 29))
    call = next(
        row.name
        for row in market.listings.values()
        if row.name.startswith("BTC-27NOV26-") and row.option_type is OptionType.CALL and row.strike
        if row.strike < 0.93 * market.index("btc_usd")
    )
    assert market.mark(call).delta == pytest.approx(1.0, abs=1e-3)
    for minutes in (6, 15, 24):
        market.advance(at(27, 7, 30 + minutes))
        left = 1.0 - minutes / 30
        assert market.mark(call).delta == pytest.approx(left, abs=1e-3)
        assert market.mark("BTC-27NOV26").delta == pytest.approx(left, abs=1e-9)
        assert market.mark("BTC-25DEC26").delta == 1.0
        assert market.mark("BTC-PERPETUAL").delta == 1.0


def test_the_expiring_forward_moves_by_the_undecayed_part_and_ends_at_the_average() -> None:
    market = Market(5, at(26, 15))
    market.advance(at(27, 7, 45))
    before, index = market.mark("BTC-27NOV26").mark_price, market.index("btc_usd")
    market.price_shock("BTC", 0.02)
    assert (market.mark("BTC-27NOV26").mark_price - before) / (0.02 * index) == pytest.approx(0.5, abs=0.01)
    market.advance(at(27, 7, 59, 59))
    average = market.settlement_index("btc_usd")
    assert market.mark("BTC-27NOV26").mark_price == pytest.approx(average, rel=1e-4)


# --- shocks -------------------------------------------------------------------------------------------


def test_a_price_shock_moves_everything_at_once(market: Market) -> None:
    market.advance(START_NS + 3 * SECOND_NS)
    names = [row.name for row in market.listings.values() if row.kind is not ListingKind.OPTION]
    before = {mark.name: mark for mark in market.marks(names)}
    market.price_shock("BTC", -0.08)
    for name in names:
        factor = 0.92 if name.startswith("BTC") else 1.0
        assert market.mark(name).mark_price == pytest.approx(before[name].mark_price * factor, rel=1e-9), name
    assert market.stress("BTC") == 1.0
    assert market.stress("ETH") < 0.3
    middle = market.book("BTC-PERPETUAL")
    assert middle.bids[0].price == pytest.approx(market.mark("BTC-PERPETUAL").mark_price, rel=1e-3)
    market.advance(market.now_ns + HOUR_NS)
    assert market.stress("BTC") < 0.4
    assert market.index("btc_usd") == pytest.approx(103_400 * 0.92, rel=0.03)


def test_a_vol_shock_moves_the_money_in_parallel_and_stays(market: Market) -> None:
    expiries = option_expiries(market)

    def at_the_money() -> list[float]:
        return [market.iv("BTC", expiry, market.forward("BTC", expiry)) for expiry in expiries]

    before, eth = at_the_money(), market.iv("ETH", expiries[3], 3_400.0)
    market.vol_shock("BTC", 0.07)
    assert np.subtract(at_the_money(), before) == pytest.approx([0.07] * len(expiries), abs=1e-9)
    assert market.iv("ETH", expiries[3], 3_400.0) == pytest.approx(eth, rel=1e-7)
    name = next(name for name in market.listings if name.startswith("BTC-25JUN27-"))
    strike = market.listings[name].strike
    assert strike is not None
    assert market.mark(name).mark_iv == pytest.approx(
        market.iv("BTC", market.listings[name].expiration_ns, strike), rel=1e-5
    )
    market.vol_shock("BTC", -0.07)
    assert at_the_money() == pytest.approx(before, abs=1e-9)


def test_a_vol_shock_with_a_half_life_decays(market: Market) -> None:
    expiry = option_expiries(market)[-1]
    calm = Market(7, START_NS)
    market.vol_shock("BTC", 0.08, half_life_seconds=60)
    for minutes in (1, 2, 3):
        for one in (market, calm):
            one.advance(START_NS + minutes * MINUTE_NS)
        forward = calm.forward("BTC", expiry)
        shift = market.iv("BTC", expiry, forward) - calm.iv("BTC", expiry, forward)
        assert shift == pytest.approx(0.08 * 0.5**minutes, rel=1e-3)


@pytest.mark.parametrize("relative", [-1.0, -2.0, float("nan"), float("inf"), 11.0])
def test_a_senseless_price_shock_is_refused(market: Market, relative: float) -> None:
    with pytest.raises(BadInput):
        market.price_shock("BTC", relative)


def test_other_senseless_shocks_are_refused(market: Market) -> None:
    with pytest.raises(BadInput):
        market.price_shock("SOL", 0.1)
    with pytest.raises(BadInput):
        market.vol_shock("BTC", float("nan"))
    with pytest.raises(BadInput):
        market.vol_shock("BTC", 0.1, half_life_seconds=0.0)


# --- funding and the past -----------------------------------------------------------------------------


def test_funding_has_the_sign_of_the_premium_and_adds_up(market: Market) -> None:
    seen = set()
    for _ in range(60):
        market.advance(market.now_ns + 20 * MINUTE_NS)
        mark, funding = market.mark("BTC-PERPETUAL"), market.funding("BTC-PERPETUAL")
        premium = mark.mark_price / mark.index_price - 1.0
        assert funding.interest_value == pytest.approx(premium, abs=1e-9)
        expected = math.copysign(max(abs(premium) - 0.00025, 0.0), premium)
        assert funding.current_funding == pytest.approx(expected, abs=1e-9)
        seen.add(int(np.sign(funding.current_funding)))
    assert seen == {-1, 0, 1}
    now_ns = market.now_ns
    hours = [(now_ns - (hour + 1) * HOUR_NS, now_ns - hour * HOUR_NS) for hour in range(8)]
    parts = [market.funding_rate_value("BTC-PERPETUAL", *span) for span in hours]
    assert sum(parts) == pytest.approx(market.funding("BTC-PERPETUAL").funding_8h, abs=1e-12)
    assert any(parts)


def test_accrued_funding_is_the_integral_of_the_rate(market: Market) -> None:
    market.advance(at(22, 16))
    total = 0.0
    for _ in range(3600):
        total += market.funding("ETH-PERPETUAL").current_funding / (8 * 3600)
        market.advance(market.now_ns + SECOND_NS)
    accrued = market.funding_rate_value("ETH-PERPETUAL", at(22, 16), market.now_ns)
    assert accrued == pytest.approx(total, rel=1e-6)
    assert accrued != 0.0


@pytest.mark.parametrize("name", ["BTC-PERPETUAL", "ETH_USDC-PERPETUAL", "BTC-25DEC26", "BTC_USDC"])
def test_candles_are_full_from_the_start(market: Market, name: str) -> None:
    market.advance(at(22, 15, 47, 12))
    bars = market.candles(name, at(21, 16), market.now_ns, 60)
    assert len(bars) == 24
    for bar in bars:
        assert bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
        assert bar.volume > 0
        assert bar.time_ms % 3_600_000 == 0
    last = market.candles(name, at(22, 15, 47), market.now_ns, 1)
    assert len(last) == 1
    assert last[0].close == pytest.approx(market.mark(name).mark_price, rel=1e-6)


def test_candles_hold_the_extremes_that_were_seen(market: Market) -> None:
    market.advance(at(22, 15, 40))
    seen = []
    for _ in range(600):
        seen.append(market.mark("BTC-PERPETUAL").mark_price)
        market.advance(market.now_ns + DEFAULT_STEP_NS)
    bar = market.candles("BTC-PERPETUAL", at(22, 15, 40), at(22, 15, 41), 1)[0]
    assert (bar.open, bar.high, bar.low) == pytest.approx((seen[0], max(seen), min(seen)), rel=1e-9)


def test_options_have_no_candles(market: Market) -> None:
    name = next(name for name, row in market.listings.items() if row.kind is ListingKind.OPTION)
    assert market.candles(name, 0, market.now_ns, 60) == []


def test_historical_volatility_is_in_percent_and_hourly(market: Market) -> None:
    points = market.historical_volatility("BTC")
    assert len(points) > 100
    assert np.diff([point.time_ms for point in points]).tolist() == [3_600_000] * (len(points) - 1)
    assert 25 < np.median([point.percent for point in points]) < 110


def _numbers(mark: Mark) -> list[float]:
    figures = [mark.mark_price, mark.index_price, mark.underlying_price, mark.mark_iv, mark.delta]
    return [
        figure for figure in (*figures, mark.gamma, mark.vega, mark.theta, mark.rho) if figure is not None
    ]


def test_a_month_of_stress_stays_finite() -> None:
    market = Market(13, START_NS, liveliness=3.0, step_ns=MINUTE_NS)
    for day in range(1, 32):
        market.advance(START_NS + day * DAY_NS)
        if day % 5 == 0:
            market.price_shock("BTC", -0.2 if day % 2 else 0.3)
            market.vol_shock("ETH", 0.4 if day % 2 else -0.5)
        marks = market.marks(list(market.listings))
        assert np.isfinite(np.concatenate([_numbers(mark) for mark in marks])).all()
        assert min(mark.mark_price for mark in marks) >= 0.0
        assert 700 < len(market.listings) < 1_500
        assert len([row for row in market.listings.values() if row.kind is ListingKind.FUTURE]) == 8
    assert len(market.delivery_prices("btc_usd")) >= 31
    assert market.candles("ETH-PERPETUAL", START_NS, market.now_ns, 1440)
