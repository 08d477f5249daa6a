"""Each gate at its boundary and one step beyond."""

from dataclasses import replace
from decimal import Decimal
from math import inf, nan

import pytest
from nouns import (
    INDEX,
    NOW,
    balance,
    exposure,
    gate_state,
    linear_perpetual,
    order,
    perpetual,
    quote,
    seconds,
    underlying_rules,
)

from hedging.model.rules import ExecutionRules, Rules
from hedging.model.trading import OrderState, TradingState, TradingStatus
from hedging.units import Side
from hedging.workflow.gates import (
    GATES,
    age,
    collar,
    duplicates,
    judge,
    kill,
    margin,
    messages,
    order_value,
    position,
    trading_state,
)

REDUCING = TradingStatus(state=TradingState.REDUCING)
HALTED = TradingStatus(state=TradingState.HALTED, halted_because="drill")


def with_execution(**changes):
    return Rules(underlyings=(underlying_rules(),), execution=replace(ExecutionRules(), **changes))


def test_a_plain_order_passes_every_gate_and_every_gate_is_recorded():
    found = judge(order(), gate_state())
    assert found.refusal is None
    assert [verdict.passed for verdict in found.verdicts] == [True] * len(GATES)
    assert len({verdict.check for verdict in found.verdicts}) == len(GATES)


def test_the_first_refusal_decides_and_the_others_are_recorded():
    found = judge(order(limit_price=Decimal(50_000)), gate_state(latches=("drill",), status=HALTED))
    assert found.refusal.control == "C1"
    assert [v.check[:2] for v in found.verdicts if not v.passed] == ["C1", "C2", "C3"]
    assert all(verdict.reason for verdict in found.verdicts if not verdict.passed)


def test_c1_any_latch_stops_everything():
    assert kill.check(order(), gate_state(latches=("file: ann",))).control == "C1"
    assert kill.check(order(), gate_state()) is None


# C2


def test_c2_halted_sends_nothing_not_even_what_shrinks():
    state = gate_state(status=HALTED, exposure=exposure(8.0), position=Decimal(500_000))
    assert "drill" in trading_state.check(order(), state).reason


@pytest.mark.parametrize(
    ("delta", "held", "passes"),
    [
        (8.0, 500_000, True),
        (8.0, 0, False),
        (8.0, -500_000, False),
        (-8.0, 500_000, False),
        (1.0, 500_000, True),
        (0.99, 500_000, False),
        (8.0, 100_000, True),
        (8.0, 99_990, False),
        (0.0, 0, False),
        (nan, 500_000, False),
    ],
)
def test_c2_reducing_lets_through_only_what_shrinks_both(delta, held, passes):
    state = gate_state(status=REDUCING, exposure=exposure(delta), position=Decimal(held))
    assert (trading_state.check(order(), state) is None) is passes


@pytest.mark.parametrize("unknown", [{"exposure": None}, {"position": None}, {"quote": None}])
def test_c2_reducing_needs_to_know_what_it_reduces(unknown):
    state = gate_state(**{"status": REDUCING, "position": Decimal(500_000), **unknown})
    assert trading_state.check(order(), state) is not None


# C3

TICK = Decimal("0.5")


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(
    ("price", "passes"),
    [("99798.5", True), ("99798.0", False), ("100201.5", True), ("100202.0", False), ("100000.3", False)],
)
def test_c3_the_collar_binds_on_both_sides_to_the_tick(side, price, passes):
    found = collar.check(order(side=side, limit_price=Decimal(price)), gate_state())
    assert (found is None) is passes


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "-Infinity", "100000000"])
def test_c3_a_price_that_is_none_is_refused(price):
    assert collar.check(order(limit_price=Decimal(price)), gate_state()).control == "C3"


def test_c3_without_a_market_nothing_goes():
    assert collar.check(order(), gate_state(quote=None)) is not None
    assert collar.check(order(), gate_state(quote=quote(bid=None))) is not None


# C4


@pytest.mark.parametrize(
    ("instrument", "amount", "passes"),
    [
        (perpetual(), "10", True),
        (perpetual(), "5", False),
        (perpetual(), "15", False),
        (perpetual(), "0", False),
        (perpetual(), "-10", False),
        (perpetual(), "NaN", False),
        (perpetual(), "Infinity", False),
        (perpetual(minimum=Decimal(50)), "40", False),
        (perpetual(), "250000", True),
        (perpetual(), "250010", False),
        (linear_perpetual(), "2.500", True),
        (linear_perpetual(), "2.501", False),
        (linear_perpetual(), "0.0015", False),
    ],
)
def test_c4_amounts_on_the_lot_up_to_the_largest_value(instrument, amount, passes):
    state = gate_state(instrument=instrument, rules=with_execution(max_order_usd=250_000.0))
    tried = order(amount=Decimal(amount), limit_price=Decimal(100_000))
    assert (order_value.check(tried, state) is None) is passes


@pytest.mark.parametrize(
    ("instrument", "amount", "passes"),
    [
        (perpetual(), 500_000, True),
        (perpetual(), 500_010, False),
        (linear_perpetual(), Decimal("5.000"), True),
        (linear_perpetual(), Decimal("5.001"), False),
    ],
)
def test_c4_amounts_up_to_the_largest_volume(instrument, amount, passes):
    tried = order(amount=Decimal(amount), limit_price=Decimal(100_000))
    assert (order_value.check(tried, gate_state(instrument=instrument)) is None) is passes


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_every_gate_answers_a_mad_price_without_raising(price):
    state = gate_state(status=REDUCING, position=Decimal(500_000))
    found = judge(order(limit_price=Decimal(price)), state)
    refused = {verdict.check.split()[0] for verdict in found.verdicts if not verdict.passed}
    assert {"C3", "C4"} <= refused


# C5 and C7


@pytest.mark.parametrize(
    ("held", "side", "amount", "passes"),
    [
        (0, Side.SELL, 6_000_000, True),
        (0, Side.SELL, 6_000_010, False),
        (-5_900_000, Side.SELL, 100_000, True),
        (-5_900_000, Side.SELL, 100_010, False),
        (5_900_000, Side.BUY, 100_010, False),
        (10_000_000, Side.SELL, 100_000, True),
        (10_000_000, Side.SELL, 16_000_000, True),
        (10_000_000, Side.SELL, 16_000_010, False),
        (10_000_000, Side.SELL, 17_000_000, False),
        (10_000_000, Side.BUY, 10, False),
    ],
)
def test_c5_the_position_stays_inside_sixty_coins_and_may_always_shrink(held, side, amount, passes):
    tried = order(side=side, amount=Decimal(amount))
    assert (position.check(tried, gate_state(position=Decimal(held))) is None) is passes


@pytest.mark.parametrize(
    "state", [OrderState.SENT, OrderState.ACKED, OrderState.UNKNOWN, OrderState.QUARANTINED]
)
def test_c7_whatever_may_still_come_counts_at_once(state):
    other = order(client_id="other", state=state, amount=Decimal(3_000_000), filled=Decimal(1_000_000))
    book = gate_state(position=Decimal(-3_000_000), live=(other,))
    assert position.check(order(amount=Decimal(1_000_000)), book) is None
    assert position.check(order(amount=Decimal(1_000_010)), book).control == "C5/C7"


def test_c7_an_order_the_other_way_is_no_excuse():
    other = order(client_id="other", state=OrderState.UNKNOWN, side=Side.BUY, amount=Decimal(3_000_000))
    book = gate_state(position=Decimal(-6_000_000), live=(other,))
    assert position.check(order(amount=Decimal(10)), book) is not None


@pytest.mark.parametrize("mark", [nan, inf, INDEX * 1000])
def test_c5_a_mad_mark_does_not_shrink_the_position_on_paper(mark):
    book = gate_state(quote=quote(mark=mark))
    assert position.check(order(amount=Decimal(6_000_010)), book) is not None


@pytest.mark.parametrize(
    "unknown", [{"position": None}, {"quote": None}, {"quote": quote(mark=None, index=None)}]
)
def test_c5_needs_a_position_a_price_and_a_limit(unknown):
    assert position.check(order(), gate_state(**unknown)) is not None
    assert position.check(order(), gate_state(underlying=underlying_rules(limits=()))) is not None


# C5, margin. One coin of order adds 0.05 coin of margin; the ceiling is 70 % of the equity.


@pytest.mark.parametrize(("before", "passes"), [(6.949, True), (6.951, False), (7.5, False)])
def test_c5_margin_is_judged_after_the_fill(before, passes):
    book = gate_state(balance=balance(equity=10.0, initial_margin=before))
    assert (margin.check(order(limit_price=Decimal(100_000)), book) is None) is passes


@pytest.mark.parametrize(("before", "passes"), [(694_999.0, True), (695_001.0, False)])
def test_c5_margin_of_a_linear_order_is_in_dollars(before, passes):
    book = gate_state(
        instrument=linear_perpetual(),
        balance=balance("USDC", 1e6, initial_margin=before),
    )
    tried = order(amount=Decimal(1), limit_price=Decimal(100_000))
    assert (margin.check(tried, book) is None) is passes


@pytest.mark.parametrize(("held", "passes"), [(100_000, True), (90_000, False), (-500_000, False)])
def test_c5_margin_never_stops_what_shrinks_the_position_whatever_the_order_claims(held, passes):
    book = gate_state(balance=balance(equity=10.0, initial_margin=9.0), position=Decimal(held))
    assert (margin.check(order(reduce_only=True), book) is None) is passes


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        balance(equity=0.0),
        balance(equity=-1.0),
        balance(equity=nan),
        balance(equity=inf),
        balance(initial_margin=nan),
        balance(initial_margin=inf),
        balance(initial_margin=-20.0),
    ],
)
def test_c5_margin_that_is_no_number_is_refused(wrong):
    assert margin.check(order(), gate_state(balance=wrong)) is not None


# C6


@pytest.mark.parametrize(
    ("ages", "passes"),
    [
        ([0.1] * 7, True),
        ([0.1] * 8, False),
        ([1.999] * 8, False),
        ([2.0] * 8, True),
        ([30.0] * 47, True),
        ([30.0] * 48, False),
        ([60.0] * 500, True),
    ],
)
def test_c6_four_fifths_of_the_burst_and_of_the_minute(ages, passes):
    book = gate_state(messages=tuple(NOW - seconds(age_seconds) for age_seconds in ages))
    assert (messages.check(order(), book) is None) is passes


# C9


def test_c9_one_live_order_per_account_and_instrument():
    other = order(client_id="other", state=OrderState.ACKED)
    assert duplicates.check(order(), gate_state(live=(other,))).control == "C9"
    elsewhere = (replace(other, account="second"), replace(other, instrument="BTC-FUTURE"))
    assert duplicates.check(order(), gate_state(live=elsewhere)) is None


@pytest.mark.parametrize("state", [s for s in OrderState if s is not OrderState.NEW])
def test_c9_an_attempt_that_was_sent_is_not_sent_again(state):
    assert duplicates.check(order(state=state), gate_state()) is not None


# C10


def ages_of(**old):
    """A state whose inputs are as many seconds old as named."""
    seen = quote(
        touch_received_at=NOW - seconds(old.get("touch", 0)), received_at=NOW - seconds(old.get("mark", 0))
    )
    return gate_state(
        quote=seen,
        position_at=NOW - seconds(old.get("position", 0)),
        balance=balance(received_at=NOW - seconds(old.get("margin", 0))),
    )


@pytest.mark.parametrize(("what", "limit"), [("touch", 2), ("mark", 5), ("position", 10), ("margin", 30)])
def test_c10_each_input_up_to_its_age_and_none_from_the_future(what, limit):
    assert age.check(order(), ages_of(**{what: limit})) is None
    for wrong in (limit + 0.001, -limit - 0.001):
        refusal = age.check(order(), ages_of(**{what: wrong}))
        assert what in refusal.reason
        assert refusal.control == "C10"


@pytest.mark.parametrize(
    "missing",
    [
        {"quote": None},
        {"position_at": None},
        {"balance": None},
        {"exposure": None},
        {"clock_offset_seconds": None},
        {"clock_offset_seconds": nan},
        {"clock_offset_seconds": 0.501},
        {"clock_offset_seconds": -0.501},
        {"last_fill_at": NOW},
        {"last_fill_at": NOW + seconds(1)},
    ],
)
def test_c10_a_missing_input_or_a_position_from_before_the_fill_is_refused(missing):
    assert age.check(order(), gate_state(**missing)).control == "C10"


def test_c10_a_position_newer_than_the_fill_and_a_small_offset_pass():
    assert age.check(order(), gate_state(last_fill_at=NOW - seconds(0.001), clock_offset_seconds=0.5)) is None
