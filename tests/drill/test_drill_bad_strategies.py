"""Strategies that are known to be wrong break an invariant within a few hundred schedules."""

from dataclasses import replace
from itertools import islice

import pytest

from hedging.core import events as happened
from hedging.core import step as steps
from hedging.core import tracking
from hedging.core.effects import Commit
from hedging.drill import process as processes
from hedging.drill.plan import plan, seeds
from hedging.drill.world import World
from hedging.workflow import order as orders

TRIES = 120


def broken(fault, tries=TRIES, profile=None):
    """Invariants that broke in schedules of one fault."""
    found = set()
    for seed in islice(seeds(11, profile, fault), tries):
        found |= {each.invariant for each in World(plan(seed)).run().violations}
        if found & {"I1", "I3"}:
            break
    return found


def test_any_error_means_failed(monkeypatch):
    def give_up(turn, event):
        tracking.take_refusal(turn, happened.Refused(event.client_id, event.why))

    monkeypatch.setitem(steps.TAKES, happened.Unclear, give_up)
    assert broken("late_accept", profile="unfenced") & {"I1", "I3", "I4"}


def test_rejected_after_five_not_found(monkeypatch):
    asked = {}

    def count(turn, event):
        order = turn.state.orders.get(event.client_id)
        if order is None:
            return
        asked[event.client_id] = asked.get(event.client_id, 0) + 1
        if asked[event.client_id] < 5:
            tracking._searched(turn, order)
        elif order.state is orders.OrderState.UNKNOWN:
            turn.put_order(replace(order, state=orders.OrderState.REJECTED, detail="never found"))

    monkeypatch.setitem(steps.TAKES, happened.Missing, count)
    assert broken("late_accept", profile="unfenced") & {"I1", "I3", "I4"}


def test_send_then_persist(monkeypatch):
    """The commit comes after the orders of the same step."""
    real = processes.step

    def turned_round(state, event, now):
        after, effects = real(state, event, now)
        if effects and isinstance(effects[0], Commit):
            effects = (*effects[1:], effects[0])
        return after, effects

    carried = processes.Process._carry_out

    def carry_out(self, effects):
        for effect in effects:
            if isinstance(effect, Commit):
                if self.state is None or not self._commit(effect, self.state):
                    return
            else:
                carried(self, iter((effect,)))

    monkeypatch.setattr(processes, "step", turned_round)
    monkeypatch.setattr(processes.Process, "_carry_out", carry_out)
    assert "I6" in broken("crash_at_boundary", tries=20)


@pytest.mark.parametrize("fault", ["late_but_fenced", "crash_at_boundary"])
def test_the_real_one_breaks_nothing_there(fault):
    assert broken(fault, tries=10) == set()
