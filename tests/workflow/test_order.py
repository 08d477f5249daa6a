"""The life of an order attempt: what is proved, what is not, and what needs a person."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from nouns import NOW, linear_perpetual, order, perpetual, seconds, ticket

from hedging.errors import WorkflowError
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Fill, OrderReport, OrderState
from hedging.policy.execution_style import clip_amount
from hedging.units import Side
from hedging.workflow import order as life
from hedging.workflow.order import LIVE, TERMINAL

RULES = ExecutionRules()
AMOUNT = Decimal(100_000)
PROVABLE = NOW + seconds(5 + 3)  # fence and lag


def report(state=OrderState.ACKED, filled=0, **changes):
    whole = OrderReport(
        venue_id="V1",
        client_id=order().client_id,
        instrument="BTC-PERPETUAL",
        state=state,
        amount=AMOUNT,
        filled=Decimal(filled),
        average_price=Decimal(99_950) if filled else None,
        at=NOW + seconds(1),
    )
    return replace(whole, **changes)


def fill(amount, trade_id="t1", **changes):
    whole = Fill(
        venue="deribit",
        account="main",
        trade_id=trade_id,
        venue_order_id="V1",
        client_id=order().client_id,
        instrument="BTC-PERPETUAL",
        side=Side.SELL,
        amount=Decimal(amount),
        price=Decimal(99_950),
        fee=Decimal(0),
        fee_currency="BTC",
        at=NOW,
    )
    return replace(whole, **changes)


def in_state(state, filled=0, **changes):
    return order(state=state, filled=Decimal(filled), sent_at=NOW, **changes)


RANK = {OrderState.ACKED: 0, OrderState.PARTIAL: 1}


class OrderLife(RuleBasedStateMachine):
    """An exchange that fills an order bit by bit, and a line that loses, repeats and reorders its words."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.order = life.sent(order(), NOW)
        self.accepted = False
        self.over = False
        self.fills = []
        self.said = []
        self.seen = [self.order]

    def take(self, after):
        self.order = after
        self.seen.append(after)

    @property
    def done(self):
        return sum((each.amount for each in self.fills), Decimal(0))

    @rule(passed=st.sampled_from([0.3, 1.9, 2.0, 6.0]))
    def wait(self, passed):
        self.now += seconds(passed)

    @rule()
    def the_venue_accepts(self):
        if not self.accepted and self.now < self.order.fence_at:
            self.accepted = True
            self.said.append(report(at=self.now))

    @rule(share=st.sampled_from([10, 30_000, 100_000]))
    def the_venue_fills(self, share):
        amount = min(Decimal(share), AMOUNT - self.done)
        if self.accepted and not self.over and amount:
            self.fills.append(fill(amount, f"t{len(self.fills)}"))
            self.over = self.done == AMOUNT
            state = OrderState.FILLED if self.over else OrderState.PARTIAL
            self.said.append(report(state, self.done, at=self.now))

    @rule()
    def the_venue_cancels(self):
        if self.accepted and not self.over:
            self.over = True
            self.said.append(report(OrderState.CANCELLED, self.done, at=self.now))

    @rule(pick=st.integers(0, 50))
    def any_word_arrives_however_old(self, pick):
        if self.said:
            self.take(life.reported(self.order, self.said[pick % len(self.said)]))

    @rule(count=st.integers(0, 5))
    def some_fills_arrive(self, count):
        self.take(life.filled_late(self.order, tuple(self.fills[:count]), self.now))

    @rule()
    def the_answer_is_lost(self):
        self.take(life.unclear(self.order, "no answer", self.now))

    @rule()
    def a_lookup_finds_nothing(self):
        if not self.accepted:
            self.take(life.not_found(self.order, self.now, RULES))

    @invariant()
    def filled_never_falls_and_never_exceeds_what_the_venue_filled(self):
        amounts = [each.filled for each in self.seen]
        assert amounts == sorted(amounts)
        assert self.order.filled <= self.done

    @invariant()
    def what_is_over_stays_over_or_is_quarantined(self):
        for before, after in zip(self.seen, self.seen[1:], strict=False):
            if before.state in TERMINAL:
                assert after.state in {before.state, OrderState.QUARANTINED}
            if before.state is OrderState.QUARANTINED:
                assert after.state is OrderState.QUARANTINED

    @invariant()
    def absent_is_only_what_never_arrived(self):
        if self.order.state is OrderState.ABSENT:
            assert not self.accepted

    @invariant()
    def the_worst_case_covers_all_that_may_still_come(self):
        # A venue that has ended the order fills no more; before that, filled and worst case make the whole.
        if not self.over and self.order.state in LIVE:
            assert self.order.filled - life.worst_case(self.order) == AMOUNT


OrderLife.TestCase.settings = hypothesis_settings(max_examples=150, stateful_step_count=30)
TestOrderLife = OrderLife.TestCase


def test_an_honest_line_never_quarantines():
    held = life.sent(order(), NOW)
    for said in (report(), report(OrderState.PARTIAL, 30_000), report(OrderState.FILLED, 100_000)):
        held = life.reported(held, said)
    assert (held.state, held.filled, held.venue_id) == (OrderState.FILLED, AMOUNT, "V1")


def test_an_attempt_is_sent_once():
    with pytest.raises(WorkflowError, match="sent once"):
        life.sent(life.sent(order(), NOW), NOW)


@pytest.mark.parametrize("state", [s for s in OrderState if s is not OrderState.SENT])
def test_only_a_sent_order_becomes_unknown(state):
    assert life.unclear(in_state(state), "x", NOW).state is state


@pytest.mark.parametrize(
    ("state", "after"),
    [
        (OrderState.SENT, OrderState.REJECTED),
        (OrderState.NEW, OrderState.REJECTED),
        (OrderState.REJECTED, OrderState.REJECTED),
        (OrderState.ACKED, OrderState.QUARANTINED),
        (OrderState.PARTIAL, OrderState.QUARANTINED),
        (OrderState.FILLED, OrderState.QUARANTINED),
        (OrderState.UNKNOWN, OrderState.QUARANTINED),
    ],
)
def test_a_refusal_after_signs_of_life_is_a_contradiction(state, after):
    assert life.refused(in_state(state), "no", NOW).state is after


@pytest.mark.parametrize(
    "said",
    [
        report(client_id="other"),
        report(instrument="ETH-PERPETUAL"),
        report(venue_id="V2"),
        report(amount=Decimal(90_000)),
        report(amount=Decimal(110_000)),
        report(OrderState.PARTIAL, 100_010),
        report(OrderState.PARTIAL, -10),
        report(OrderState.REJECTED, 30_000),
    ],
)
def test_a_report_that_cannot_be_true_quarantines(said):
    held = in_state(OrderState.PARTIAL, 30_000, venue_id="V1")
    assert life.reported(held, said).state is OrderState.QUARANTINED


def test_a_venue_may_cut_a_reduce_only_order():
    held = in_state(OrderState.SENT, reduce_only=True)
    assert life.reported(held, report(amount=Decimal(90_000))).state is OrderState.ACKED


@pytest.mark.parametrize("state", [OrderState.ABSENT, OrderState.REJECTED, OrderState.NEW])
@pytest.mark.parametrize("said", [OrderState.ACKED, OrderState.CANCELLED])
def test_an_order_that_never_was_there_and_is_there_quarantines(state, said):
    assert life.reported(in_state(state), report(said)).state is OrderState.QUARANTINED


@pytest.mark.parametrize("state", sorted(TERMINAL))
def test_a_late_fill_quarantines_what_was_over_and_is_booked(state):
    held = life.filled_late(in_state(state, 10), (fill(10), fill(20, "t2")), NOW)
    assert (held.state, held.filled) == (OrderState.QUARANTINED, Decimal(30))


def test_a_report_of_more_after_the_end_and_its_fill_stay_in_quarantine():
    held = life.reported(
        in_state(OrderState.CANCELLED, 10, venue_id="V1"), report(OrderState.FILLED, 100_000)
    )
    assert held.state is OrderState.QUARANTINED
    held = life.filled_late(held, (fill(100_000),), NOW)
    assert (held.state, held.filled) == (OrderState.QUARANTINED, AMOUNT)


@pytest.mark.parametrize(
    "strange", [fill(10, side=Side.BUY), fill(10, instrument="ETH-PERPETUAL"), fill(100_010)]
)
def test_a_fill_that_cannot_be_of_the_order_quarantines(strange):
    assert life.filled_late(in_state(OrderState.ACKED), (strange,), NOW).state is OrderState.QUARANTINED


def test_quarantine_keeps_its_first_reason():
    held = life.quarantined(in_state(OrderState.ACKED), "first", NOW)
    assert life.quarantined(held, "second", NOW).detail == "first"


def test_fills_complete_an_order_whose_answer_is_lost():
    held = in_state(OrderState.UNKNOWN)
    assert life.filled_late(held, (fill(30_000),), NOW).state is OrderState.PARTIAL
    assert life.filled_late(held, (fill(100_000),), NOW).state is OrderState.FILLED


@pytest.mark.parametrize(
    ("reads", "state"),
    [
        ([0.0], OrderState.UNKNOWN),
        ([0.0, 1.9], OrderState.UNKNOWN),
        ([0.0, 2.0], OrderState.ABSENT),
        ([0.0, 0.9, 1.8, 2.7], OrderState.ABSENT),
        ([-4.0, -2.0], OrderState.UNKNOWN),
        ([-2.1, 0.0], OrderState.UNKNOWN),
        ([-2.1, 0.0, 2.0], OrderState.ABSENT),
    ],
)
def test_absence_is_proved_by_two_reads_two_seconds_apart_after_fence_and_lag(reads, state):
    held = in_state(OrderState.UNKNOWN)
    for at in reads:
        held = life.not_found(held, PROVABLE + seconds(at), RULES)
    assert held.state is state


def test_an_order_with_a_fill_is_never_absent():
    held = in_state(OrderState.UNKNOWN, filled=10)
    for at in (0.0, 2.0, 4.0):
        held = life.not_found(held, PROVABLE + seconds(at), RULES)
    assert held.state is OrderState.UNKNOWN


@pytest.mark.parametrize("state", [s for s in OrderState if s is not OrderState.UNKNOWN])
def test_not_found_says_nothing_of_any_other_state(state):
    held = in_state(state)
    assert life.not_found(life.not_found(held, PROVABLE, RULES), PROVABLE + seconds(9), RULES) == held


@given(state=st.sampled_from(OrderState), filled=st.integers(0, 12_000), side=st.sampled_from(Side))
def test_the_worst_case_is_what_may_still_come_on_its_own_side(state, filled, side):
    worst = life.worst_case(in_state(state, filled * 10, side=side))
    assert worst == (0 if state in TERMINAL else max(Decimal(0), AMOUNT - filled * 10) * side)


def test_the_client_id_names_ticket_leg_and_clip_and_fits_every_venue():
    first = life.attempt(ticket(), perpetual(), 0, AMOUNT, NOW, RULES)
    again = life.attempt(ticket(), perpetual(), 0, AMOUNT, NOW + seconds(1), RULES)
    last = life.attempt(ticket(), perpetual(), 99, AMOUNT, NOW, RULES)
    assert first.client_id == again.client_id != last.client_id
    assert len(last.client_id) <= 32
    assert (first.state, first.fence_at) == (OrderState.NEW, NOW + seconds(5))


CLIP_USD = 250_000.0


@given(lots=st.integers(1, 300_000), minimum=st.sampled_from([1, 50]))
def test_clips_end_and_never_leave_a_rest_that_cannot_be_sent(lots, minimum):
    instrument = perpetual(minimum=Decimal(10 * minimum))
    rest, clips = Decimal(10) * max(lots, minimum), 0
    while rest:
        clip = clip_amount(instrument, rest, Decimal(100_000), CLIP_USD)
        assert instrument.minimum <= clip < 250_000 + instrument.minimum
        assert clip % instrument.lot == 0
        rest -= clip
        clips += 1
    assert rest == 0
    assert clips <= 13


def test_a_linear_clip_is_counted_in_coins():
    clip = clip_amount(linear_perpetual(), Decimal("9.5"), Decimal(100_000), CLIP_USD)
    assert clip == Decimal("2.5")


def test_a_clip_of_contracts_is_counted_in_contracts():
    one = Decimal(1)
    contract = perpetual(multiplier=Decimal(100), lot=one, minimum=one)
    assert clip_amount(contract, Decimal(9300), Decimal(100_000), CLIP_USD) == Decimal(2500)
