"""Tests of limits on every scope: against a scalar twin over rows; what is not known is never zero."""

from dataclasses import replace
from math import inf, nan

import pytest
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
    rules,
    snapshot,
    underlying_rules,
)

from hedging.decide import assess
from hedging.model.book import Holding
from hedging.model.instrument import Kind, OptionKind, Settlement
from hedging.model.limits import (
    WHOLE_BOOK,
    BreachLevel,
    Limit,
    Measure,
    NoForecast,
    Numeraire,
    Scope,
    ScopeKind,
    VolSource,
)
from hedging.model.rules import AccountPlace
from hedging.model.snapshot import Gap, GapReason
from hedging.risk.forecast import Bounds, Vol, forecast
from hedging.risk.limits import forecast_of, measured, utilisations
from hedging.risk.scopes import Part, ScopeParts

BTC, ETH = Scope(ScopeKind.UNDERLYING, "BTC"), Scope(ScopeKind.UNDERLYING, "ETH")
MAIN, SECOND = Scope(ScopeKind.ACCOUNT, "main"), Scope(ScopeKind.ACCOUNT, "second")
DERIBIT, OKX = Scope(ScopeKind.VENUE, "deribit"), Scope(ScopeKind.VENUE, "okx")
ETH_INDEX = 4_000.0
SHARES = {"BTC": 0.25, "ETH": 0.0, "SOL": 0.0}

CALL = option(OptionKind.CALL, 105_000.0)
PUT = linear_option(OptionKind.PUT, 90_000.0, venue="okx")
ETH_PERPETUAL = perpetual(name="ETH-PERPETUAL", underlying="ETH", settlement_currency="ETH")
ETH_PUT = option(OptionKind.PUT, 4_100.0, name="ETH-PUT", underlying="ETH", settlement_currency="ETH")
SOL = linear_perpetual(name="SOL-PERPETUAL", underlying="SOL", venue="okx")
SPOT = linear_perpetual(name="BTC-SPOT", kind=Kind.SPOT, venue="okx")


def limit(scope, measure, soft=1.0, hard=2.0):
    return Limit(scope=scope, measure=measure, soft=soft, hard=hard)


def wider(*measures):
    scopes = (MAIN, SECOND, DERIBIT, OKX, WHOLE_BOOK)
    return tuple(limit(scope, measure) for scope in scopes for measure in measures or Measure)


def desk_rules(**changes):
    whole = rules(
        underlyings=(
            underlying_rules(
                numeraire=Numeraire(SHARES["BTC"]), limits=tuple(limit(BTC, measure) for measure in Measure)
            ),
            underlying_rules(
                underlying="ETH",
                hedge_instrument="ETH-PERPETUAL",
                limits=tuple(limit(ETH, measure) for measure in Measure),
            ),
        ),
        wider=wider(),
        accounts=(AccountPlace("main", "deribit"), AccountPlace("second", "okx")),
    )
    return replace(whole, **changes)


def eth(listed, **changes):
    prices = {"index": ETH_INDEX, "forward": ETH_INDEX, "mark": ETH_INDEX, "bid": 3_999.5, "ask": 4_000.5}
    return quote(listed, **{**prices, **changes})


QUOTES = (
    quote(),
    quote(CALL, mark=0.05, forward=101_000.0),
    quote(PUT, mark=3_000.0, forward=101_000.0),
    quote(SPOT),
    eth(ETH_PERPETUAL),
    eth(ETH_PUT, mark=0.06),
    quote(SOL, mark=200.0, index=199.0),
)
HELD = (
    position(perpetual(), -300_000),
    position(CALL, 12),
    position(PUT, -7, account="second"),
    position(SPOT, 3, account="second"),
    position(ETH_PERPETUAL, 90_000),
    position(ETH_PUT, -40),
    position(SOL, -500, account="second"),
)
BALANCES = (
    balance("BTC", 20.0),
    balance("ETH", 100.0),
    balance("USDC", 400_000.0, account="second"),
    balance("BTC", 1.5, account="second"),
)


def seen(positions=HELD, quotes=QUOTES, balances=BALANCES, **changes):
    return assess(snapshot(positions, quotes, balances), desk_rules(**changes))


def by(found):
    return {(each.limit.scope, each.limit.measure): each for each in found.limits}


def naive(found, account_of, underlying):
    """What one underlying adds to a scope, row by row."""
    rows = [p for p in found.positions if account_of(p.account) and p.instrument.underlying == underlying]
    derivatives = [p for p in rows if p.instrument.kind is not Kind.SPOT]
    equity = sum(p.quantity_coin for p in rows if p.instrument.kind is Kind.SPOT)
    equity += sum(b.equity for b in BALANCES if b.currency == underlying and account_of(b.account))
    share = SHARES[underlying]
    signs = [(p.instrument.option_kind or 1) * (1 if p.amount > 0 else -1) for p in derivatives]
    inverse = sum(p.delta_net for p in derivatives if p.instrument.settlement is Settlement.INVERSE)
    return {
        Measure.DELTA: abs(sum(p.delta_net for p in derivatives) + share * equity),
        Measure.GAMMA_1PCT: abs(sum(p.gamma_coin for p in derivatives) - (1 - share) * inverse) / 100,
        Measure.VEGA: abs(sum(p.vega_usd for p in derivatives)),
        Measure.THETA: abs(sum(p.theta_usd for p in derivatives)),
        Measure.GROSS_NOTIONAL: sum(p.notional_usd for p in derivatives),
        Measure.NET_NOTIONAL: abs(sum(s * p.notional_usd for s, p in zip(signs, derivatives, strict=True))),
        Measure.HEDGE_POSITION: abs(sum(p.quantity_coin for p in derivatives if p.is_hedge)),
    }


INDICES = {"BTC": INDEX, "ETH": ETH_INDEX, "SOL": 199.0}
IN_COIN = {Measure.DELTA, Measure.GAMMA_1PCT, Measure.HEDGE_POSITION}
ACCOUNTS = {
    MAIN: {"main"},
    SECOND: {"second"},
    DERIBIT: {"main"},
    OKX: {"second"},
    WHOLE_BOOK: {"main", "second"},
}


@pytest.mark.parametrize("scope", ACCOUNTS, ids=lambda scope: scope.words)
def test_a_wider_scope_adds_up_its_underlyings_in_dollars(scope):
    found = seen()
    for measure in set(Measure) - {Measure.LEVERAGE}:
        total = 0.0
        for name, index in INDICES.items():
            part = naive(found, ACCOUNTS[scope].__contains__, name)[measure]
            total += part * (index if measure in IN_COIN else 1.0)
        assert by(found)[scope, measure].value == pytest.approx(total, rel=1e-12), measure
    assert by(found)[scope, Measure.GROSS_NOTIONAL].value > 0


def test_within_one_underlying_everything_nets_in_coin():
    found = seen()
    expected = naive(found, {"main", "second"}.__contains__, "BTC")
    whole = by(found)
    for measure, value in expected.items():
        assert whole[BTC, measure].value == pytest.approx(value, rel=1e-12), measure
    assert whole[BTC, Measure.LEVERAGE].value == pytest.approx(
        expected[Measure.GROSS_NOTIONAL] / (24.5 * INDEX)
    )


def test_underlyings_do_not_net_against_each_other():
    long_btc, short_eth = position(perpetual(), 400_000), position(ETH_PERPETUAL, -400_000)
    found = by(seen((long_btc, short_eth)))
    assert found[WHOLE_BOOK, Measure.NET_NOTIONAL].value == pytest.approx(800_000)
    assert found[BTC, Measure.NET_NOTIONAL].value == pytest.approx(400_000)


def test_a_put_counts_against_a_call_in_the_net_notional():
    put = option(OptionKind.PUT, 105_000.0)
    quotes = (*QUOTES, quote(put, mark=0.05, forward=101_000.0))
    found = by(seen((position(CALL, 3), position(put, 3)), quotes))
    assert found[BTC, Measure.NET_NOTIONAL].value == 0.0
    assert found[BTC, Measure.GROSS_NOTIONAL].value == pytest.approx(6 * INDEX)


def test_leverage_is_gross_over_the_equity_of_the_scope():
    found = by(seen())
    gross = found[WHOLE_BOOK, Measure.GROSS_NOTIONAL].value
    equity = 24.5 * INDEX + 100 * ETH_INDEX + 400_000  # the spot among the coins, a USDC as a dollar
    assert found[WHOLE_BOOK, Measure.LEVERAGE].value == pytest.approx(gross / equity)
    second = found[OKX, Measure.GROSS_NOTIONAL].value / (4.5 * INDEX + 400_000)
    assert found[OKX, Measure.LEVERAGE].value == pytest.approx(second)


def test_coins_beside_a_balance_count_as_delta_and_as_no_money_twice():
    coins = Holding(
        account="second", currency="BTC", equity=2.0, available=None, initial_margin=None,
        maintenance_margin=None, received_at=NOW,
    )  # fmt: skip
    money = balance("USD", 700_000.0, account="second")  # margined as a whole: the coins are in it
    held = (position(PUT, -7, account="second"),)
    whole = assess(snapshot(held, QUOTES, (balance(), money), holdings=(coins,)), desk_rules())
    found = by(whole)
    gross = found[SECOND, Measure.GROSS_NOTIONAL].value
    assert found[SECOND, Measure.LEVERAGE].value == pytest.approx(gross / 700_000.0)
    put = whole.positions[0].delta_net
    assert found[SECOND, Measure.DELTA].value == pytest.approx(abs(put + 0.25 * 2.0) * INDEX)


@pytest.mark.parametrize("equity", [0.0, -3.0])
def test_leverage_on_equity_that_is_gone_is_a_breach_and_no_number(equity):
    held = (position(perpetual(), 100_000),)
    found = by(seen(held, balances=(balance("BTC", equity), balance("ETH", 0.0))))
    for scope in (MAIN, BTC):
        gone = found[scope, Measure.LEVERAGE]
        assert (gone.value, gone.level) == (None, BreachLevel.HARD)


def test_leverage_without_a_balance_or_without_its_price_is_unknown():
    held = (position(perpetual(), 100_000),)
    for others in ((balance("BTC"),), (balance("BTC"), balance("XRP", 10.0, account="second"))):
        found = by(seen(held, balances=others))
        unknown = found[WHOLE_BOOK, Measure.LEVERAGE]
        assert (unknown.value, unknown.level) == (None, BreachLevel.UNKNOWN)
        assert found[MAIN, Measure.LEVERAGE].value == pytest.approx(100_000 / (50 * INDEX))


def test_an_underlying_that_is_not_valued_leaves_the_scopes_that_hold_it_unknown():
    without = tuple(each for each in QUOTES if each.instrument != "ETH-PUT")
    found = by(seen(quotes=without))
    for scope in (ETH, MAIN, DERIBIT, WHOLE_BOOK):
        for measure in Measure:
            unknown = found[scope, measure]
            assert (unknown.value, unknown.level) == (None, BreachLevel.UNKNOWN), (scope, measure)
    for scope in (BTC, SECOND, OKX):
        assert all(found[scope, measure].value is not None for measure in Measure)


def test_an_underlying_without_rules_counts_too_and_its_gap_is_not_zero():
    held = (position(SOL, -500, account="second"),)
    assert by(seen(held))[WHOLE_BOOK, Measure.DELTA].value == pytest.approx(500 * 199.0 + 0.25 * 21.5 * INDEX)
    without = tuple(each for each in QUOTES if each.instrument != "SOL-PERPETUAL")
    found = by(seen(held, quotes=without))
    for scope in (WHOLE_BOOK, SECOND, OKX):
        assert found[scope, Measure.GROSS_NOTIONAL].level is BreachLevel.UNKNOWN
    assert found[MAIN, Measure.GROSS_NOTIONAL].value == 0.0


def test_a_gap_of_the_whole_book_leaves_nothing_known():
    gap = Gap(what="positions", reason=GapReason.STALE, detail="old", underlying=None)
    found = assess(snapshot(HELD, QUOTES, BALANCES, gaps=(gap,)), desk_rules())
    assert {each.level for each in found.limits} == {BreachLevel.UNKNOWN}
    empty = assess(snapshot((), QUOTES, BALANCES, gaps=(gap,)), desk_rules())
    assert {each.value for each in empty.limits} == {None}


def test_a_book_that_holds_nothing_uses_nothing():
    found = by(seen((), balances=(balance("BTC", 0.0), balance("USDC", 5.0, account="second"))))
    assert found[WHOLE_BOOK, Measure.DELTA].value == 0.0
    assert found[SECOND, Measure.LEVERAGE].value == 0.0
    empty = found[MAIN, Measure.LEVERAGE]  # no equity, and nothing held on it
    assert (empty.value, empty.level) == (None, BreachLevel.UNKNOWN)


@pytest.mark.parametrize(
    ("delta", "level"),
    [
        (10.0, BreachLevel.INSIDE),
        (-10.01, BreachLevel.SOFT),
        (30.0, BreachLevel.SOFT),
        (30.01, BreachLevel.HARD),
        (-31.0, BreachLevel.HARD),
        (nan, BreachLevel.UNKNOWN),
        (inf, BreachLevel.UNKNOWN),
    ],
)
def test_how_full_a_limit_is(delta, level):
    parts = ScopeParts(BTC, {"BTC": Part(delta=delta, index=INDEX)}, 1.0)
    (found,) = utilisations([limit(BTC, Measure.DELTA, 10.0, 30.0)], {BTC: parts})
    assert found.level is level
    assert found.value == (None if level is BreachLevel.UNKNOWN else abs(delta))


def test_the_fullest_comes_first_and_what_is_not_known_ranks_as_full():
    def one(name, share):
        scope = Scope(ScopeKind.ACCOUNT, name)
        part = None if share is None else Part(gross=share, index=1.0)
        return limit(scope, Measure.GROSS_NOTIONAL, 0.5, 1.0), (scope, ScopeParts(scope, {"BTC": part}, None))

    made = [one("half", 0.5), one("full", 1.2), one("unknown", None), one("nearly", 0.99)]
    found = utilisations([each for each, _ in made], dict(scope for _, scope in made))
    assert [each.limit.scope.name for each in found] == ["full", "unknown", "nearly", "half"]


def test_a_scope_that_was_not_measured_is_unknown():
    (found,) = utilisations([limit(MAIN, Measure.VEGA)], {})
    assert (found.value, found.level) == (None, BreachLevel.UNKNOWN)


VOL = Vol(0.6, VolSource.REALISED)
PART = Part(delta=3.0, gamma=400.0, gross=9e5, net=-5e5, coin_gross=4e5, coin_net=-2e5, index=INDEX)


@pytest.mark.parametrize(
    ("measure", "hard", "expected"),
    [
        (Measure.DELTA, 5.0, (3.0, 400.0, Bounds(-5.0, 5.0))),
        (Measure.NET_NOTIONAL, 5.05e5, (-5e5, -2e5, Bounds(-5.05e5, 5.05e5))),
        (Measure.GROSS_NOTIONAL, 9.05e5, (9e5, 4e5, Bounds(-inf, 9.05e5))),
    ],
)
def test_what_moves_with_the_spot_is_forecast_along_its_own_slope(measure, hard, expected):
    found = forecast_of(limit(BTC, measure, hard, hard), ScopeParts(BTC, {"BTC": PART}, None), VOL)
    assert found == forecast(*expected, VOL)
    assert 0 < found.within_8h < 1


@pytest.mark.parametrize(
    ("scope", "measure", "part", "vol", "why"),
    [
        *(
            (BTC, measure, PART, VOL, NoForecast.NO_SLOPE)
            for measure in sorted(
                set(Measure) - {Measure.DELTA, Measure.NET_NOTIONAL, Measure.GROSS_NOTIONAL}
            )
        ),
        (WHOLE_BOOK, Measure.DELTA, PART, VOL, NoForecast.SEVERAL_UNDERLYINGS),
        (BTC, Measure.DELTA, None, VOL, NoForecast.UNKNOWN_VALUE),
        (BTC, Measure.DELTA, replace(PART, delta=nan), VOL, NoForecast.UNKNOWN_VALUE),
        (BTC, Measure.DELTA, replace(PART, gamma=nan), VOL, NoForecast.UNKNOWN_GAMMA),
        (BTC, Measure.DELTA, PART, None, NoForecast.UNKNOWN_VOL),
    ],
)
def test_what_cannot_be_forecast_says_why(scope, measure, part, vol, why):
    found = forecast_of(limit(scope, measure), ScopeParts(scope, {"BTC": part}, None), vol)
    assert (found.refused, found.within_1h, found.within_8h) == (why, None, None)


def test_a_change_of_what_is_not_known_stays_unknown():
    change = Part(delta=1.0, index=INDEX)
    unknown = ScopeParts(BTC, {"BTC": None}, None).with_change("BTC", change)
    assert measured(Measure.DELTA, unknown) is None
    known = ScopeParts(MAIN, {"BTC": PART}, None).with_change("BTC", change)
    assert measured(Measure.DELTA, known) == 4.0 * INDEX
    fresh = ScopeParts(MAIN, {}, None).with_change("BTC", change)
    assert measured(Measure.DELTA, fresh) == 1.0 * INDEX
