"""What gates never let through: 10^5 books in REDUCING, 10^5 fuzzed quotes, 10^6 steps at a hard limit."""

import random
from dataclasses import replace
from decimal import Decimal
from math import inf, isfinite, nan

import pytest
from nouns import BTC, exposure, gate_state, linear_perpetual, order, perpetual, quote, underlying_rules

from hedging.model.limits import Limit, Measure
from hedging.model.trading import OrderState, TradingState, TradingStatus
from hedging.units import Side
from hedging.workflow.gates import collar, position, trading_state

REDUCING = TradingStatus(state=TradingState.REDUCING)
SIDES = list(Side)
QUOTE, ORDER, EXPOSURE = quote(), order(), exposure()


@pytest.mark.control("C2")
def test_c2_in_reducing_a_hundred_thousand_random_books_never_gain_exposure(record_property):
    source = random.Random(11)
    both = {True: perpetual(), False: linear_perpetual()}
    states = {inverse: gate_state(status=REDUCING, instrument=of) for inverse, of in both.items()}
    raised = passed = 0
    for _ in range(100_000):
        inverse = source.random() < 0.5
        lot = both[inverse].lot
        delta = source.choice([-1, 1]) * source.choice([0.0, source.uniform(0, 2), source.uniform(0, 50)])
        price = source.uniform(1_000, 200_000)
        tried = replace(ORDER, side=source.choice(SIDES), amount=lot * source.randrange(1, 40_000))
        state = replace(
            states[inverse],
            exposure=replace(EXPOSURE, delta=delta),
            position=lot * source.randrange(-60_000, 60_000),
            quote=replace(QUOTE, bid=price - 1, ask=price + 1, mark=price, index=price),
        )
        if trading_state.check(tried, state) is not None:
            continue
        passed += 1
        coins = float(tried.amount) / price if inverse else float(tried.amount)
        after = delta + coins * tried.side
        held, held_after = state.position, state.position + tried.amount * tried.side
        raised += abs(after) > abs(delta) or after * delta < -1e-9 or abs(held_after) > abs(held)
        raised += held * held_after < 0
    assert passed > 2_000
    assert raised == 0
    record_property("figure", f"100,000 books, {passed:,} orders passed: exposure raised {raised} times")


def faulty(source, true):
    return source.choice([None, nan, inf, -inf, 0.0, -true, true * 1000, true / 1000, true * 1.02])


@pytest.mark.control("C3")
def test_c3_a_hundred_thousand_fuzzed_quotes_accept_nothing_outside_the_collar(record_property):
    source = random.Random(3)
    base = gate_state()
    accepted = outside = 0
    for _ in range(100_000):
        true = source.uniform(1_000, 200_000)
        half = source.uniform(0.25, 40)
        fields = {"bid": true - half, "ask": true + half, "mark": true, "index": true * 1.001}
        for name in source.sample(sorted(fields), source.randrange(3)):
            fields[name] = faulty(source, true)
        if source.random() < 0.05:
            fields["bid"], fields["ask"] = fields["ask"], fields["bid"]
        near = true * source.choice([1, source.uniform(0.985, 1.015), 1000])
        tried = replace(ORDER, limit_price=Decimal(str(round(near * 2) / 2)), side=source.choice(SIDES))
        if collar.check(tried, replace(base, quote=replace(QUOTE, **fields))) is not None:
            continue
        accepted += 1
        mid = (fields["bid"] + fields["ask"]) / 2
        allowed = min(0.01 * mid, 1.5 * (fields["ask"] - fields["bid"]) + 0.002 * mid)
        confirmed = [v for v in (fields["mark"], fields["index"]) if v is not None and isfinite(v)]
        outside += not any(abs(v / mid - 1) <= 0.005 for v in confirmed)
        outside += not abs(float(tried.limit_price) - mid) <= allowed * (1 + 1e-9)
    assert accepted > 5_000
    assert outside == 0
    record_property("figure", f"100,000 fuzzed quotes, {accepted:,} accepted: {outside} outside the collar")


# C5: lots of a linear perpetual, of which a hard limit allows 100

MOST = 100
LARGEST = 90
STEPS = 1_000_000
LOT = Decimal("0.001")
WORKING = (OrderState.SENT, OrderState.PARTIAL, OrderState.UNKNOWN, OrderState.QUARANTINED)


def working(side, lots, state):
    """An order of which so many lots may still fill; that it is reduce-only is its word alone."""
    return replace(
        ORDER,
        side=side,
        amount=LOT * LARGEST,
        filled=LOT * (LARGEST - lots),
        state=state,
        reduce_only=lots % 2 == 0,
        instrument=linear_perpetual().name,
    )


@pytest.mark.control("C5")
def test_c5_a_million_random_steps_never_take_the_worst_case_beyond_the_hard_limit(record_property):
    """Orders leave, fill in part, become unknown, end; the venue fills whatever it likes of what is alive."""
    source = random.Random(5)
    item = underlying_rules(limits=(Limit(scope=BTC, measure=Measure.HEDGE_POSITION, soft=0.05, hard=0.1),))
    base = gate_state(instrument=linear_perpetual(), underlying=item)
    attempts = {
        (side, lots): replace(working(side, LARGEST, OrderState.NEW), amount=LOT * lots, filled=Decimal(0))
        for side in SIDES
        for lots in range(1, LARGEST + 1)
    }
    pool = {
        (side, lots): tuple(working(side, lots, state) for state in WORKING)
        for side in SIDES
        for lots in range(1, LARGEST + 1)
    }
    amounts = {lots: LOT * lots for lots in range(-3 * MOST, 3 * MOST + 1)}
    held, alive = 0, []  # lots; what may still fill as side, lots and the order
    beyond = sent = refused = 0
    for _ in range(STEPS):
        dice = source.random()
        if dice < 0.35 and len(alive) < 5:
            side, lots = SIDES[dice < 0.175], int(source.random() * LARGEST) + 1
            state = replace(base, position=amounts[held], live=tuple([each[2] for each in alive]))
            if position.check(attempts[side, lots], state) is None:
                alive.append((side, lots, pool[side, lots][0]))
                sent += 1
            else:
                refused += 1
        elif alive:
            number = int(source.random() * len(alive))
            side, lots, _ = alive.pop(number)
            filled = int(source.random() * (lots + 1))
            held += side * filled
            left = lots - filled
            if left and dice < 0.9:  # else the rest of it ended
                alive.append((side, left, pool[side, left][int(dice * 1000) % 4]))
        up = sum(each[1] for each in alive if each[0] > 0)
        down = sum(each[1] for each in alive if each[0] < 0)
        beyond += held + up > MOST or held - down < -MOST
    assert min(sent, refused) > STEPS // 20
    assert beyond == 0
    record_property(
        "figure", f"{STEPS:,} steps, {sent:,} sent, {refused:,} refused: beyond the hard limit {beyond} times"
    )
