"""The life of a ticket: every path hypothesis finds, with the approval used once and for one content."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from nouns import NOW, leg, seconds, ticket

from hedging.errors import WorkflowError
from hedging.model.trading import TicketState
from hedging.units import Side
from hedging.workflow import ticket as life
from hedging.workflow.ticket import OPEN, content_hash

DIAGRAM = {
    TicketState.PROPOSED: {
        TicketState.APPROVED,
        TicketState.REJECTED,
        TicketState.EXPIRED,
        TicketState.SUPERSEDED,
    },
    TicketState.APPROVED: {TicketState.EXECUTING, TicketState.EXPIRED, TicketState.FAILED},
    TicketState.EXECUTING: {TicketState.DONE, TicketState.FAILED},
}
CHANGED_LEGS = (leg(amount=Decimal(900_000)),)


class TicketLife(RuleBasedStateMachine):
    """Tries every step at every moment, with what a stale tab or a tampering hand would hold."""

    def __init__(self):
        super().__init__()
        self.now = NOW
        self.begin()

    def begin(self):
        self.ticket = self.original = ticket(expires_at=self.now + seconds(120))
        self.steps = [self.ticket.state]
        self.starts = 0

    @precondition(lambda self: self.ticket.state not in OPEN)
    @rule()
    def the_next_ticket(self):
        self.begin()

    def attempt(self, step):
        before = self.ticket
        try:
            self.ticket = step(before)
        except WorkflowError:
            return False
        assert self.ticket.version == before.version + 1
        self.steps.append(self.ticket.state)
        return True

    @rule(passed=st.sampled_from([0.0, 1.0, 119.0]))
    def wait(self, passed):
        self.now += seconds(passed)

    @rule(
        user=st.sampled_from(["ann (trader)", "", "  "]),
        stale=st.booleans(),
        wrong_hash=st.booleans(),
        tampered=st.booleans(),
    )
    def approve(self, user, stale, wrong_hash, tampered):
        shown = self.ticket if not tampered else replace(self.ticket, legs=CHANGED_LEGS)
        seen = (shown.version - stale, "other" if wrong_hash else shown.content_hash)
        before = self.ticket.state
        done = self.attempt(lambda _: life.approve(shown, user, seen, self.now))
        fine = user.strip() and not stale and not wrong_hash and not tampered
        fine = fine and before is TicketState.PROPOSED and self.now < shown.expires_at
        assert done is bool(fine)

    @rule(reason=st.sampled_from(["too large", " "]))
    def reject(self, reason):
        done = self.attempt(lambda held: life.reject(held, "ann", reason, self.now))
        assert not done or reason.strip()

    @rule()
    def expire(self):
        done = self.attempt(lambda held: life.expire(held, self.now))
        assert not done or self.now >= self.ticket.expires_at

    @rule()
    def supersede(self):
        self.attempt(lambda held: life.supersede(held, "the market moved"))

    @rule(tampered=st.booleans())
    def start(self, tampered):
        held = replace(self.ticket, legs=CHANGED_LEGS) if tampered else self.ticket
        if self.attempt(lambda _: life.start(held, self.now)):
            self.starts += 1
            assert not tampered
            assert self.now < self.ticket.expires_at
            assert TicketState.APPROVED in self.steps

    @rule()
    def finish(self):
        self.attempt(lambda held: life.finish(held, "done"))

    @rule()
    def fail(self):
        self.attempt(lambda held: life.fail(held, "no"))

    @invariant()
    def only_the_arrows_of_the_diagram(self):
        for before, after in zip(self.steps, self.steps[1:], strict=False):
            assert after in DIAGRAM.get(before, set())

    @invariant()
    def an_approval_is_used_once_for_what_was_shown(self):
        assert self.starts <= 1
        assert (self.ticket.legs, self.ticket.content_hash) == (
            self.original.legs,
            self.original.content_hash,
        )
        assert (self.ticket.expires_at, self.ticket.id) == (self.original.expires_at, self.original.id)


TicketLife.TestCase.settings = hypothesis_settings(max_examples=200, stateful_step_count=40)
TestTicketLife = TicketLife.TestCase


@pytest.mark.parametrize("version", [0, 2])
def test_an_approval_of_another_version_is_stale(version):
    with pytest.raises(WorkflowError, match="changed since"):
        life.approve(ticket(), "ann", (version, ticket().content_hash), NOW)


def test_an_approval_is_not_used_for_other_legs():
    approved = life.approve(ticket(), "ann", (1, ticket().content_hash), NOW)
    with pytest.raises(WorkflowError, match="own hash"):
        life.start(replace(approved, legs=CHANGED_LEGS), NOW)
    assert life.start(approved, NOW).state is TicketState.EXECUTING


def test_the_good_path_names_the_approver_and_keeps_notes():
    approved = life.approve(ticket(), "ann (trader)", (1, ticket().content_hash), NOW)
    assert (approved.decided_by, approved.decided_at, approved.version) == ("ann (trader)", NOW, 2)
    running = life.start(approved, NOW)
    done = life.finish(running, "300,000 of 300,000 USD filled")
    assert (done.state, done.note, done.version) == (TicketState.DONE, "300,000 of 300,000 USD filled", 4)


def test_a_rejection_keeps_its_reason():
    rejected = life.reject(ticket(), "ann", "  too large ", NOW)
    assert (rejected.state, rejected.note, rejected.decided_by) == (TicketState.REJECTED, "too large", "ann")


@pytest.mark.parametrize("late", [0.0, 1.0])
def test_nothing_is_approved_or_started_at_or_after_its_expiry(late):
    at = ticket().expires_at + seconds(late)
    with pytest.raises(WorkflowError, match="expired"):
        life.approve(ticket(), "ann", (1, ticket().content_hash), at)
    with pytest.raises(WorkflowError, match="expired"):
        life.start(ticket(state=TicketState.APPROVED), at)


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Decimal(300_010)},
        {"side": Side.BUY},
        {"worst_price": Decimal("99799.5")},
        {"instrument": "BTC-OTHER"},
        {"account": "second"},
        {"reduce_only": True},
    ],
)
def test_the_hash_covers_everything_that_is_sent(change):
    assert content_hash((leg(**change),), NOW, "inputs") != content_hash((leg(),), NOW, "inputs")


def test_the_hash_covers_expiry_inputs_and_the_number_of_legs():
    hashes = {
        content_hash((leg(),), NOW, "inputs"),
        content_hash((leg(),), NOW + seconds(1), "inputs"),
        content_hash((leg(),), NOW, "others"),
        content_hash((leg(), leg()), NOW, "inputs"),
    }
    assert len(hashes) == 4


def test_open_states_are_those_with_an_arrow_out():
    assert set(DIAGRAM) == OPEN
