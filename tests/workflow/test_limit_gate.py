"""Tests of the gate on every hard limit of every scope: at its bound, in the worst case, and shrinking."""

from dataclasses import replace
from decimal import Decimal
from math import nan

import nouns
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import BTC, INDEX, gate_state, order, perpetual, rules, underlying_rules

from hedging.model.instrument import OptionKind
from hedging.model.limits import WHOLE_BOOK, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.trading import OrderState
from hedging.risk.scopes import Part, ScopeParts
from hedging.units import Side
from hedging.workflow.gates import limits
from hedging.workflow.gates.limits import check

ACCOUNT, OTHER = Scope(ScopeKind.ACCOUNT, "main"), Scope(ScopeKind.ACCOUNT, "other")
VENUE, OKX = Scope(ScopeKind.VENUE, "deribit"), Scope(ScopeKind.VENUE, "okx")
ETH = Scope(ScopeKind.UNDERLYING, "ETH")
POSITION = Limit(scope=BTC, measure=Measure.HEDGE_POSITION, soft=40.0, hard=60.0)
LINEAR = nouns.linear_perpetual()
COIN = 100_000  # dollars of the perpetual for one coin at INDEX


def part(**figures):
    return Part(index=INDEX, **figures)


def state(measure, hard, own, scope=BTC, equity=50 * INDEX, parts=None, **changes):
    """A gate state with one hard limit on a scope whose parts are given."""
    limit = Limit(scope=scope, measure=measure, soft=hard, hard=hard)
    inside = scope.kind is ScopeKind.UNDERLYING
    item = underlying_rules(limits=(POSITION, limit) if inside else (POSITION,))
    found = ScopeParts(scope, {"BTC": own} if parts is None else parts, equity)
    return gate_state(
        underlying=item,
        **{
            "rules": rules(item, wider=() if inside else (limit,)),
            "scopes": {BTC: ScopeParts(BTC, {"BTC": part()}, equity), scope: found},
            **changes,
        },
    )


def trade(coins, **changes):
    side = Side.BUY if coins > 0 else Side.SELL
    return order(amount=Decimal(round(abs(coins) * COIN)), side=side, **changes)


def live(coins, number=1, **changes):
    return trade(
        coins,
        **{"client_id": f"live-{number}", "state": OrderState.UNKNOWN, "instrument": "BTC-OTHER", **changes},
    )


OTHERS = {
    "deribit:BTC-PERPETUAL": perpetual(),
    "deribit:BTC-OTHER": perpetual(name="BTC-OTHER"),
    "deribit:ETH-OTHER": perpetual(name="ETH-OTHER", underlying="ETH"),
}

SCOPES = nouns.scopes(nouns.exposure(8.0))

# measure, the book's figures, hard limit that a purchase of one coin of the inverse perpetual just reaches
REACHED = [
    (Measure.DELTA, part(delta=8.0), 9.0),
    (Measure.GAMMA_1PCT, part(gamma=-300.0), 3.01),
    (Measure.GROSS_NOTIONAL, part(gross=5e6), 5.1e6),
    (Measure.NET_NOTIONAL, part(net=5e6), 5.1e6),
    (Measure.LEVERAGE, part(gross=1e7), 10.1e6 / (50 * INDEX)),
]

HEDGE = (Measure.HEDGE_POSITION, part(hedge=8.0), 9.0)


@pytest.mark.parametrize(("measure", "own", "hard"), REACHED)
def test_an_order_may_reach_a_hard_limit_and_not_pass_it(measure, own, hard):
    assert check(trade(1.0), state(measure, hard * (1 + 1e-12), own)) is None
    refused = check(trade(1.0001), state(measure, hard, own))
    assert refused is not None
    assert (refused.control, measure.value in refused.reason) == ("C5", True)


@pytest.mark.parametrize(("measure", "own", "hard"), REACHED)
def test_a_breached_measure_is_not_made_worse_but_may_shrink(measure, own, hard):
    breached = state(measure, hard / 10, own, position=Decimal(30 * COIN))
    assert check(trade(1.0), breached) is not None
    assert check(trade(-1.0), breached) is None


@pytest.mark.parametrize("scope", [ACCOUNT, VENUE, WHOLE_BOOK], ids=lambda scope: scope.words)
@pytest.mark.parametrize(
    ("measure", "own", "hard"), [*REACHED, (Measure.HEDGE_POSITION, part(hedge=8.0), 9.0)]
)
def test_every_scope_that_the_order_is_in_counts(scope, measure, own, hard):
    in_dollars = measure in {Measure.DELTA, Measure.GAMMA_1PCT, Measure.HEDGE_POSITION}
    bound = hard * (INDEX if in_dollars else 1.0)
    assert check(trade(1.0), state(measure, bound * (1 + 1e-12), own, scope)) is None
    assert check(trade(1.0001), state(measure, bound, own, scope)) is not None


@pytest.mark.parametrize("scope", [OTHER, OKX, ETH], ids=lambda scope: scope.words)
def test_a_scope_that_the_order_is_not_in_does_not(scope):
    far = Limit(scope=scope, measure=Measure.GROSS_NOTIONAL, soft=1.0, hard=1.0)
    known = ScopeParts(scope, {"BTC": part(gross=1e9), "ETH": part(gross=1e9)}, 1.0)
    assert check(trade(1.0), gate_state(rules=rules(wider=(far,)), scopes={**SCOPES, scope: known})) is None


@pytest.mark.parametrize("measure", [Measure.VEGA, Measure.THETA])
def test_a_future_leaves_vega_and_theta_alone_also_where_they_are_not_known(measure):
    for own in (part(vega=5e9, theta=5e9), part(vega=nan, theta=nan)):
        assert check(trade(1.0), state(measure, 1.0, own)) is None
    assert check(trade(1.0), state(measure, 1.0, None, scope=ACCOUNT)) is None


def test_a_linear_future_leaves_gamma_alone_and_an_inverse_one_adds_its_coin():
    own = part(gamma=-300.0)
    linear = order(instrument=LINEAR.name, amount=Decimal(1), side=Side.BUY)
    assert check(linear, state(Measure.GAMMA_1PCT, 1.0, own, instrument=LINEAR)) is None
    assert check(trade(1.0), state(Measure.GAMMA_1PCT, 1.0, own)) is not None
    dollars = state(Measure.GAMMA_1PCT, 1.0, own)
    item = replace(dollars.underlying, numeraire=Numeraire(1.0))
    kept = replace(dollars, underlying=item, rules=replace(dollars.rules, underlyings=(item,)))
    assert check(trade(1.0), kept) is None  # keep my dollars: the coin it is paid in is hedged too


@pytest.mark.parametrize("figure", [None, part(delta=nan, gross=nan)])
@pytest.mark.parametrize("measure", [Measure.DELTA, Measure.GROSS_NOTIONAL])
def test_what_is_not_known_and_would_grow_refuses(measure, figure):
    for scope in (BTC, WHOLE_BOOK):
        refused = check(trade(1.0), state(measure, 1e12, figure, scope))
        assert refused is not None
        assert "not known" in refused.reason
    missing = replace(state(measure, 1e12, figure), scopes={})
    assert check(trade(1.0), missing) is not None


def test_another_underlying_that_is_not_known_refuses_what_grows_and_not_what_shrinks():
    parts = {"BTC": part(delta=8.0, gross=8e5), "ETH": None}
    book = state(Measure.DELTA, 1e12, None, WHOLE_BOOK, parts=parts)
    assert check(trade(1.0), book) is not None
    assert check(trade(-1.0), book) is None


@pytest.mark.parametrize("equity", [None, 0.0, -1.0])
def test_leverage_without_equity_refuses_what_grows(equity):
    book = state(Measure.LEVERAGE, 1e9, part(gross=1e6), equity=equity, position=Decimal(5 * COIN))
    assert check(trade(1.0), book) is not None
    assert check(trade(-1.0), book) is None


def test_an_order_that_only_turns_its_position_adds_no_gross():
    book = state(Measure.GROSS_NOTIONAL, 5e5, part(gross=5e5), position=Decimal(5 * COIN))
    assert check(trade(-10.0), book) is None  # from +5 to -5
    assert check(trade(-10.01), book) is not None


def test_crossing_zero_is_judged_by_where_it_ends():
    assert check(trade(-13.0), state(Measure.DELTA, 7.0, part(delta=6.0))) is None
    assert check(trade(-13.1), state(Measure.DELTA, 7.0, part(delta=6.0))) is not None
    breached = state(Measure.DELTA, 5.0, part(delta=8.0))
    assert check(trade(-15.0), breached) is None  # still beyond, but less so
    assert check(trade(-16.1), breached) is not None


@pytest.mark.parametrize(
    ("alive", "passes"),
    [
        ((), True),
        ((live(2.0),), False),  # what may fill the same way counts
        ((live(-2.0),), True),  # what may fill the other way is not counted on, nor against it
        ((live(1.0), live(1.0, 2)), False),
        ((live(2.0, filled=Decimal(2 * COIN)),), True),  # what has filled is in the position
    ],
)
def test_orders_that_may_still_fill_count_in_the_worst_way(alive, passes):
    book = state(Measure.DELTA, 10.0, part(delta=8.0), live=alive, instruments=OTHERS)
    assert (check(trade(1.0), book) is None) is passes


def test_an_order_the_other_way_is_not_counted_on_to_make_room():
    book = state(Measure.DELTA, 10.0, part(delta=-1.0), live=(live(-5.0),), instruments=OTHERS)
    assert check(trade(15.0), book) is not None  # alone it would end at +14


@pytest.mark.parametrize("coins", [2.0, -2.0])
def test_every_order_alive_adds_to_the_gross_notional(coins):
    alone = state(Measure.GROSS_NOTIONAL, 1e6 * (1 + 1e-12), part(gross=9e5))
    assert check(trade(1.0), alone) is None
    assert check(trade(1.0), replace(alone, live=(live(coins),), instruments=OTHERS)) is not None


def test_an_order_in_another_underlying_counts_in_the_book_where_it_makes_it_larger():
    parts = {"BTC": part(delta=8.0), "ETH": Part(delta=100.0, index=4_000.0)}
    hard = 9 * INDEX + 101 * 4_000.0
    book = state(Measure.DELTA, hard, None, WHOLE_BOOK, parts=parts, instruments=OTHERS)

    def eth(side):
        return order(
            client_id="eth", underlying="ETH", instrument="ETH-OTHER", side=side, amount=Decimal(8_000),
            limit_price=Decimal(4_000), state=OrderState.SENT,
        )  # fmt: skip

    assert check(trade(1.0), book) is None
    assert check(trade(1.0), replace(book, live=(eth(Side.SELL),))) is None
    assert check(trade(1.0), replace(book, live=(eth(Side.BUY),))) is not None


def test_an_order_alive_whose_instrument_is_not_known_refuses():
    book = state(Measure.DELTA, 1e9, part(delta=8.0), live=(live(1.0),))
    refused = check(trade(1.0), book)
    assert refused is not None
    assert "live-1" in refused.reason


@pytest.mark.parametrize("missing", [{"quote": None}, {"position": None}, {"quote": nouns.quote(bid=None)}])
def test_without_price_or_position_it_refuses(missing):
    assert check(trade(1.0), state(Measure.DELTA, 1e9, part(delta=8.0), **missing)) is not None


def test_an_option_whose_greeks_are_not_known_here_is_refused_by_limits_on_them():
    call = nouns.option(OptionKind.CALL, 100_000.0)
    bought = order(instrument=call.name, amount=Decimal("0.1"), limit_price=Decimal("0.05"))
    for measure in (Measure.VEGA, Measure.GAMMA_1PCT, Measure.THETA, Measure.DELTA):
        found = check(bought, state(measure, 1e12, part(), instrument=call))
        assert found is not None


def test_what_other_accounts_hold_of_the_hedge_counts_towards_its_limit():
    item = underlying_rules(limits=(POSITION,))
    held = ScopeParts(BTC, {"BTC": part(delta=59.0, hedge=59.0)}, 50 * INDEX)  # none of it in this account
    state_of = gate_state(underlying=item, rules=rules(item), scopes={BTC: held}, position=Decimal(0))
    assert check(trade(0.9), state_of) is None
    assert "63 BTC" in check(trade(4.0), state_of).value
    assert check(trade(-4.0), state_of) is None


coins = st.floats(-40.0, 40.0).filter(lambda x: abs(x) > 1e-3)


@given(
    delta=st.floats(-60.0, 60.0), bought=coins, alive=st.lists(coins, max_size=3), hard=st.floats(1.0, 50.0)
)
def test_whatever_fills_no_passed_order_makes_a_breach(delta, bought, alive, hard):
    others = tuple(live(each, number) for number, each in enumerate(alive))
    mine = trade(bought)
    book = state(Measure.DELTA, hard, part(delta=delta), live=others, instruments=OTHERS)
    if check(mine, book) is not None:
        return
    own = float(mine.amount) / COIN * mine.side
    moves = [float(each.amount) / COIN * each.side for each in others]
    for filled in range(2 ** len(moves)):
        before = delta + sum(move for bit, move in enumerate(moves) if filled >> bit & 1)
        assert abs(before + own) <= max(abs(before), hard) + 1e-6


def test_it_is_asked_with_the_others():
    from hedging.workflow.gates import GATES

    assert limits in GATES
