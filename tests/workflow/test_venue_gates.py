"""C13 to C16, C19, C23 and C24: where, when and for whom an order may be sent, each at its boundary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nouns import (
    NOW,
    exposure,
    future,
    gate_state,
    linear_perpetual,
    option,
    order,
    perpetual,
    rules,
    seconds,
)

from hedging.errors import BadInput
from hedging.model.gates import IndexAt, TroubleKind, VenueTrouble
from hedging.model.instrument import Kind, OptionKind
from hedging.model.rules import ExecutionRules, MarketRules
from hedging.model.trading import (
    AutoMode,
    AutoSetting,
    Lifetime,
    OrderState,
    ReducedBy,
    TradingState,
    TradingStatus,
)
from hedging.units import Side
from hedging.workflow.authority import halted, reducing
from hedging.workflow.backoff import retry_after
from hedging.workflow.gates import (
    closing,
    duplicates,
    judge,
    market,
    position,
    reduce_only,
    resting,
    self_trade,
    trading_state,
    venue,
    who,
)
from hedging.workflow.market_sanity import market_trouble, market_watched
from hedging.workflow.order import LIVE

RESTING = order(lifetime=Lifetime.RESTING)


# C13


def test_c13_what_ends_at_once_needs_no_switch():
    assert resting.check(order(), gate_state()) is None


@pytest.mark.control("C13")
@pytest.mark.parametrize(
    ("left", "passes"), [(None, False), (-1, False), (0, False), (0.001, True), (20, True), (20.001, False)]
)
def test_c13_an_order_rests_only_where_the_venue_would_end_it_within_twenty_seconds(left, passes):
    until = None if left is None else NOW + seconds(left)
    refusal = resting.check(RESTING, gate_state(dead_man_until=until))
    assert (refusal is None) is passes
    assert passes or refusal.control == "C13"


# C14


def opposite(**changes):
    whole = order(client_id="mine", side=Side.BUY, state=OrderState.ACKED, lifetime=Lifetime.RESTING)
    return replace(whole, **changes)


@pytest.mark.control("C14")
@pytest.mark.parametrize("state", sorted(LIVE))
def test_c14_an_own_opposite_order_that_rests_is_named_to_be_cancelled_first(state):
    book = gate_state(live=(opposite(state=state),))
    refusal = judge(order(), book).refusal
    assert (refusal.control, refusal.value) == ("C14", "mine")
    assert duplicates.check(order(), book).control == "C9"
    assert self_trade.to_cancel_first(order(), book.live) == book.live


@pytest.mark.parametrize(
    ("other", "refused"),
    [
        (opposite(account="second"), True),
        (opposite(side=Side.SELL), False),
        (opposite(lifetime=Lifetime.IMMEDIATE), False),
        (opposite(instrument="BTC-FUTURE"), False),
        (opposite(venue="okx"), False),
        (opposite(state=OrderState.CANCELLED), False),
    ],
)
def test_c14_of_whatever_account_but_of_this_instrument_and_side(other, refused):
    assert (self_trade.check(order(), gate_state(live=(other,))) is not None) is refused


# C15


@pytest.mark.parametrize(
    ("held", "side", "shrinks"),
    [
        (100_000, Side.SELL, True),
        (99_990, Side.SELL, False),
        (500_000, Side.SELL, True),
        (0, Side.SELL, False),
        (-500_000, Side.SELL, False),
        (-500_000, Side.BUY, True),
        (500_000, Side.BUY, False),
    ],
)
def test_c15_reduce_only_is_set_exactly_where_the_order_only_shrinks(held, side, shrinks):
    state = gate_state(position=Decimal(held))
    assert (reduce_only.check(order(side=side, reduce_only=True), state) is None) is shrinks
    assert (reduce_only.check(order(side=side, reduce_only=False), state) is None) is not shrinks
    for claim in (True, False):
        fixed = reduce_only.marked(order(side=side, reduce_only=claim), Decimal(held), Kind.PERPETUAL)
        assert reduce_only.check(fixed, state) is None


def test_c15_without_a_position_nothing_is_known_to_shrink():
    assert reduce_only.check(order(), gate_state(position=None)).control == "C15"
    assert reduce_only.check(order(amount=Decimal("NaN")), gate_state()).control == "C15"
    assert reduce_only.marked(order(reduce_only=True), None, Kind.PERPETUAL).reduce_only


def test_c15_spot_has_no_such_mark():
    spot = gate_state(instrument=perpetual(kind=Kind.SPOT), position=Decimal(500_000))
    assert reduce_only.check(order(), spot) is None
    assert reduce_only.check(order(reduce_only=True), spot) is not None


@pytest.mark.control("C15")
@pytest.mark.parametrize("mark", [True, False])
def test_c15_what_a_venue_may_ignore_counts_in_full(mark):
    other = order(client_id="o", state=OrderState.ACKED, amount=Decimal(4_000_000), reduce_only=mark)
    book = gate_state(position=Decimal(-2_000_000), live=(other,))
    assert position.check(order(amount=Decimal(10)), book).control == "C5/C7"


# C16


@pytest.mark.parametrize(
    "instrument",
    [future(), option(OptionKind.CALL, 100_000), option(OptionKind.PUT, 90_000)],
    ids=["future", "call", "put"],
)
@pytest.mark.parametrize(
    ("left", "passes"), [(1800, True), (1799.999, False), (60, False), (0, False), (-3600, False)]
)
def test_c16_nothing_in_the_last_half_hour_before_expiry_nor_after(instrument, left, passes):
    state = gate_state(instrument=replace(instrument, expiry=NOW + seconds(left)))
    refusal = closing.check(order(), state)
    assert (refusal is None) is passes
    assert passes or refusal.control == "C16"


@pytest.mark.control("C16")
def test_c16_two_hundred_expiries_have_no_order_after_the_cut_off(record_property):
    passed = 0
    for day in range(200):
        expiry = datetime(2026, 11, 27, 8, tzinfo=UTC) + timedelta(days=day)
        state = gate_state(instrument=future(expiry=expiry))
        for minutes in range(90, -30, -1):
            now = expiry - timedelta(minutes=minutes)
            allowed = closing.check(order(), replace(state, now=now)) is None
            assert allowed is (minutes >= 30)
            passed += allowed
    assert passed == 200 * 61
    record_property("figure", f"200 expiries, {passed:,} moments before the cut-off passed and none after")


@pytest.mark.parametrize(
    ("at", "passes"),
    [
        ("07:58:59.999", True),
        ("07:59:00", False),
        ("08:00:00", False),
        ("08:01:00", False),
        ("08:01:00.001", True),
        ("20:00:00", True),
        ("00:00:00", True),
    ],
)
@pytest.mark.parametrize(
    "instrument", [perpetual(), linear_perpetual(), future()], ids=lambda each: each.name
)
def test_c16_nothing_around_the_settlement(instrument, at, passes):
    now = datetime.fromisoformat(f"2026-11-22T{at}+00:00")
    assert (closing.check(order(), gate_state(now=now, instrument=instrument)) is None) is passes


def test_c16_spot_does_not_settle():
    now = datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert closing.check(order(), gate_state(now=now, instrument=perpetual(kind=Kind.SPOT))) is None


def test_c16_the_window_and_the_cut_off_are_rules():
    execution = replace(ExecutionRules(), expiry_cutoff_minutes=60.0, settlement_pause_seconds=600.0)
    state = gate_state(rules=rules(execution=execution))
    soon = replace(state, instrument=future(expiry=NOW + seconds(3599)))
    assert closing.check(order(), soon) is not None
    assert closing.check(order(), replace(state, now=datetime(2026, 11, 22, 7, 51, tzinfo=UTC))) is not None


@pytest.mark.parametrize("kind", TroubleKind)
def test_c16_and_c19_share_out_every_trouble_of_a_venue(kind):
    state = gate_state(venue_trouble=VenueTrouble(kind, "it says so"))
    found = [gate.check(order(), state) for gate in (closing, venue)]
    refused = [refusal for refusal in found if refusal]
    assert len(refused) == 1
    halts = kind in {TroubleKind.DOWN, TroubleKind.NO_ACCESS}
    assert refused[0].control == ("C19" if halts else "C16")
    assert "it says so" in refused[0].reason
    assert judge(order(), state).refusal == refused[0]


def test_c16_an_instrument_that_is_not_open():
    refusal = closing.check(order(), gate_state(instrument_trouble="delisted"))
    assert (refusal.control, "delisted" in refusal.reason) == ("C16", True)


# C19


@given(st.integers(-5, 10_000), st.floats(0, 1))
@settings(max_examples=300)
def test_c19_the_wait_grows_to_a_minute_and_at_least_half_of_it_is_waited(failures, jitter):
    found = retry_after(failures, jitter)
    whole = retry_after(failures, 1.0)
    assert whole / 2 <= found <= whole <= 60.0
    assert retry_after(failures + 1, 1.0) >= whole
    assert (found == 0) is (failures <= 0)


def test_c19_waits_double_from_a_second():
    assert [retry_after(n, 1.0) for n in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]


@pytest.mark.parametrize("jitter", [nan, inf, -0.001, 1.001])
def test_c19_jitter_that_is_no_share_is_refused(jitter):
    with pytest.raises(BadInput, match="between 0 and 1"):
        retry_after(3, jitter)


@pytest.mark.control("C19")
def test_c19_a_venue_that_is_down_for_an_hour_is_asked_about_once_a_minute_not_in_a_storm(record_property):
    waited, tries = 0.0, 0
    while waited < 3600:
        tries += 1
        waited += retry_after(tries, 0.0)
    assert 60 <= tries <= 130
    record_property("figure", f"an hour down: asked {tries} times")


# C23


@pytest.mark.control("C23")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ticket_id": ""}, "ticket"),
        ({"ticket_id": " \u200b"}, "ticket"),
        ({"actor": ""}, "actor"),
        ({"approver": ""}, "approver"),
        ({"approver": "  "}, "approver"),
        ({"approver": " (trader)"}, "approver"),
        ({"approver": "auto, armed by "}, "approver"),
        ({"approver": "auto, armed by \u200b"}, "approver"),
    ],
)
def test_c23_nobody_sends_anonymously(change, words):
    refusal = who.check(order(**change), gate_state())
    assert (refusal.control, words in refusal.reason) == ("C23", True)
    assert judge(order(**change), gate_state()).refusal == refusal


@pytest.mark.parametrize("approver", ["ann (trader)", "rita (risk)", "ann", "auto, armed by tess"])
def test_c23_a_person_or_the_one_who_armed(approver):
    assert who.check(order(approver=approver), gate_state()) is None


# C24

RULES = rules()


def marks(stale, count):
    old = NOW - seconds(5.001)
    return [old if n < stale else NOW - seconds(5) for n in range(count)]


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (marks(3, 10), ""),
        (marks(4, 10), "4 of 10 marks are old"),
        (marks(30, 100), ""),
        (marks(31, 100), "31 of 100"),
        ([None], "1 of 1"),
        ([None, NOW, NOW], "1 of 3"),
        ([None, NOW, NOW, NOW], ""),
        ([NOW + seconds(6)], "1 of 1"),
        ([], "no mark is known"),
    ],
)
def test_c24_more_than_three_tenths_of_the_marks_old(received, words):
    found = market_trouble(received, {}, RULES, NOW)
    assert (words in found) if words else found == ""


def path(*prices, step=10.0):
    """An index every ``step`` seconds, the last one now."""
    return [IndexAt(NOW - seconds(step * back), price) for back, price in enumerate(reversed(prices))]


@pytest.mark.parametrize(
    ("indices", "words"),
    [
        ({"BTC": path(100.0, 104.99)}, ""),
        ({"BTC": path(100.0, 105.01)}, "BTC moved 5.0%"),
        ({"BTC": path(105.01, 100.0)}, "BTC moved 5.0%"),
        ({"BTC": path(100.0, 95.0, 100.0)}, "BTC moved 5.3%"),
        ({"BTC": path(100.0), "ETH": path(100.0, 200.0)}, "ETH moved"),
        ({"BTC": path(100.0, 110.0, step=60.0)}, "BTC moved"),
        ({"BTC": path(100.0, 110.0, step=60.001)}, ""),
        ({"BTC": path(100.0, nan)}, "no positive number"),
        ({"BTC": path(100.0, inf)}, "no positive number"),
        ({"BTC": path(100.0, 0.0)}, "no positive number"),
        ({"BTC": path(-100.0, 100.0)}, "no positive number"),
        ({"BTC": []}, "index of BTC is not known"),
        ({"BTC": [IndexAt(NOW - seconds(61), 100.0)]}, "index of BTC is not known"),
    ],
)
def test_c24_an_index_that_jumps_within_a_minute(indices, words):
    found = market_trouble([NOW], indices, RULES, NOW)
    assert (words in found) if words else found == ""


ARMED = AutoSetting(mode=AutoMode.ARMED, set_by="ann", until=NOW + seconds(900))
MARKET = MarketRules(quiet_seconds=60.0)


@pytest.mark.control("C24")
def test_c24_trouble_reduces_ends_automatic_mode_and_lifts_after_a_quiet_minute():
    status = market_watched(TradingStatus(auto=ARMED), "old marks", MARKET, NOW)
    assert (status.state, status.reduced_by) == (TradingState.REDUCING, ReducedBy.MARKET)
    assert (status.reduced_because, status.auto.mode) == ("old marks", AutoMode.OFF)
    for after, state in ((1, "reducing"), (30, "reducing"), (60.999, "reducing"), (61, "active")):
        status = market_watched(status, "", MARKET, NOW + seconds(after))
        assert status.state == state
    assert (status.auto.mode, "old marks" in status.auto.ended_because) == (AutoMode.OFF, True)
    assert status == TradingStatus(auto=status.auto)


def test_c24_trouble_that_comes_again_starts_the_quiet_time_again():
    status = market_watched(TradingStatus(), "old marks", MARKET, NOW)
    status = market_watched(status, "", MARKET, NOW + seconds(1))
    status = market_watched(status, "a jump", MARKET, NOW + seconds(50))
    assert status.quiet_since is None
    status = market_watched(status, "", MARKET, NOW + seconds(62))
    assert status.state is TradingState.REDUCING
    again = market_watched(status, "", MARKET, NOW)
    assert again.quiet_since == NOW  # our clock was set back: it begins afresh
    assert market_watched(status, "", MARKET, NOW + seconds(122)).state is TradingState.ACTIVE


@pytest.mark.parametrize(
    "status", [reducing(TradingStatus(), "tess: careful"), halted(TradingStatus(), "drill")]
)
@pytest.mark.parametrize("trouble", ["", "old marks"])
def test_c24_what_a_person_reduced_or_halted_neither_lifts_nor_changes(status, trouble):
    for after in (0, 1, 1e6):
        assert market_watched(status, trouble, MARKET, NOW + seconds(after)) == status


def test_c24_an_active_book_in_a_sane_market_is_left_alone():
    status = TradingStatus(auto=ARMED)
    assert market_watched(status, "", MARKET, NOW) is status


def test_c24_the_gate_lets_only_what_shrinks_through_before_the_state_has_changed():
    state = gate_state(market_trouble="31 of 100 marks are old", exposure=exposure(8.0))
    grows = market.check(order(), state)
    assert (grows.control, "31 of 100" in grows.reason) == ("C24", True)
    assert market.check(order(), replace(state, position=Decimal(500_000))) is None


# C2, with other orders alive


@pytest.mark.parametrize(
    ("delta", "other", "passes"),
    [
        (8.0, {}, True),
        (8.0, {"amount": Decimal(700_000)}, True),
        (8.0, {"amount": Decimal(700_010)}, False),
        (8.0, {"amount": Decimal(700_010), "side": Side.BUY}, True),
        (8.0, {"amount": Decimal(700_010), "underlying": "ETH"}, True),
        (8.0, {"amount": Decimal(700_010), "instrument": "BTC-OTHER"}, False),
        (80.0, {"amount": Decimal(900_000), "instrument": "BTC-PERPETUAL"}, True),
        (80.0, {"amount": Decimal(900_010), "instrument": "BTC-PERPETUAL"}, False),
    ],
)
def test_c2_reducing_counts_what_else_may_fill_first(delta, other, passes):
    alive = order(**{
        "client_id": "o",
        "state": OrderState.UNKNOWN,
        "instrument": "BTC-FUTURE",
        "amount": Decimal(10),
        "limit_price": Decimal(100_000),
        **other,
    })  # fmt: skip
    state = gate_state(
        status=TradingStatus(state=TradingState.REDUCING),
        exposure=exposure(delta),
        position=Decimal(1_000_000),
        live=(alive,),
        instruments={perpetual().key: perpetual(), future().key: future()},
    )
    assert (trading_state.check(order(), state) is None) is passes


def test_c2_a_state_that_is_none_of_the_three_sends_nothing():
    wrong = replace(TradingStatus(), state="unheard of")
    assert trading_state.check(order(), gate_state(status=wrong)).control == "C2"
