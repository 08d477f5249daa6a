"""Books that are not held: the live tuple stays, and a proposed hedge does what it says."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import inf, nan

import pytest
from nouns import (
    INDEX,
    NOW,
    balance,
    exposure,
    future,
    linear_perpetual,
    option,
    perpetual,
    position,
    quote,
    snapshot,
    underlying_rules,
)

from hedging.errors import BadInput
from hedging.model.instrument import Kind, OptionKind
from hedging.risk.exposure import exposure as exposure_of
from hedging.risk.greeks import value_positions
from hedging.risk.scenario import Shocks, scenario
from hedging.risk.what_if import added, before_and_after, hedge_position, removed, scaled

GRID = Shocks(spots=(-0.2, 0.0, 0.1), vols=(0.0, 0.1))


def valued(*held):
    quotes = [quote(each.instrument, mark=0.05 if each.instrument.strike else INDEX) for each in held]
    found = value_positions(snapshot(held, quotes), frozenset(), 5.0)
    return exposure_of(underlying_rules(), found, [balance()], INDEX, NOW), found.positions


CALL = position(option(OptionKind.CALL, 100_000.0), 10)
FUTURE = position(future(), 2e5)


def test_positions_come_and_go_and_the_live_book_stays():
    whole, live = valued(CALL, FUTURE)
    before = tuple(live)
    without = removed(live, "main", "BTC-FUTURE")
    assert [each.instrument.name for each in without] == ["BTC-100000-CALL"]
    again = added(without, *[each for each in live if each.instrument.name == "BTC-FUTURE"])
    whole_again, as_it_was = (scenario(whole, book, GRID).pnl_usd for book in (again, live))
    assert whole_again == pytest.approx(as_it_was, rel=1e-12)
    assert live == before
    assert removed((CALL, FUTURE), "main", "BTC-FUTURE") == (CALL,)
    assert added((CALL,), FUTURE) == (CALL, FUTURE)


def test_what_is_not_held_cannot_be_taken_out():
    with pytest.raises(BadInput, match="other holds no BTC-FUTURE"):
        removed((FUTURE,), "other", "BTC-FUTURE")


def test_spot_is_equity_and_no_what_if_position():
    spot = position(perpetual(kind=Kind.SPOT), 1)
    with pytest.raises(BadInput, match="spot"):
        added((), spot)
    with pytest.raises(BadInput, match="spot"):
        removed((spot,), "main", "BTC-PERPETUAL")


def test_a_scaled_position_is_the_valuation_of_the_scaled_amount():
    _, one = valued(CALL)
    _, other = valued(replace(CALL, amount=CALL.amount * -3))
    for name in ("amount", "quantity_coin", "delta_black", "delta_net", "gamma_coin", "vega_usd"):
        wanted = getattr(other[0], name)
        assert getattr(scaled(one[0], -30.0), name) == pytest.approx(wanted, rel=1e-14), name
    assert scaled(one[0], -30.0).notional_usd == pytest.approx(other[0].notional_usd, rel=1e-14)
    assert scaled(one[0], -30.0).value_usd == pytest.approx(other[0].value_usd, rel=1e-14)
    with pytest.raises(BadInput):
        scaled(one[0], nan)
    with pytest.raises(BadInput):
        scaled(replace(one[0], amount=0.0), 1.0)


@pytest.mark.parametrize(
    "instrument",
    [
        perpetual(),
        perpetual(multiplier=Decimal(100)),
        linear_perpetual(),
        linear_perpetual(multiplier=Decimal("0.01")),
        future(days=9),
    ],
)
def test_a_hedge_is_the_position_the_venue_would_report(instrument):
    """Valued like any other; it costs nothing at first, and turns the delta by what was asked."""
    whole, live = valued(CALL)
    hedge = hedge_position(whole, "main", instrument, -4.0, INDEX)
    _, reported = valued(replace(FUTURE, instrument=instrument, amount=Decimal(repr(hedge.amount))))
    assert replace(reported[0], is_hedge=True) == hedge
    both = before_and_after(whole, live, hedge, GRID)
    assert both.after.pnl_usd[0, 0, 1] == 0.0
    assert both.after.delta_coin[0, 0, 1] - both.before.delta_coin[0, 0, 1] == pytest.approx(-4.0, rel=1e-12)
    assert both.after.pnl_usd[0, 0, 2] < both.before.pnl_usd[0, 0, 2]
    assert both.before.pnl_usd == pytest.approx(scenario(whole, live, GRID).pnl_usd, rel=0)


def test_a_hedge_that_is_none_is_refused():
    whole = exposure()
    for instrument, coins, mark in (
        (option(OptionKind.CALL, 1.0), 1.0, INDEX),
        (perpetual(), nan, INDEX),
        (perpetual(), 1.0, 0.0),
        (perpetual(), 1.0, inf),
        (future(expiry=NOW - timedelta(seconds=1)), 1.0, INDEX),
    ):
        with pytest.raises(BadInput):
            hedge_position(whole, "main", instrument, coins, mark)
