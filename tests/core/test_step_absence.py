"""Absence is concluded soon, also where what was read is from before the denial and under way meanwhile."""

from datetime import timedelta

from steps import ACCOUNT, Steps

from hedging.core import events as happened
from hedging.core.queries import QueryKind
from hedging.model.trading import OrderState


def denied_twice() -> Steps:
    """An unknown order whose second denial comes while a sweep of fills is under way."""
    found = Steps()
    found.start()
    found.look()
    found.approve(found.ticket)
    order = found.submitted()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=0.2)
    found.happen(happened.Missing(order.client_id, found.now), after=0.1)
    found.happen(happened.Ticked(), after=9.0)  # its fence has passed; every query is under way again
    found.happen(happened.Missing(order.client_id, found.now))
    found.happen(happened.Ticked(), after=4.0)
    found.happen(happened.Missing(order.client_id, found.now), after=0.1)
    assert found.state.searches[order.client_id].absent_since is not None
    assert not found.asked(QueryKind.FILLS)
    return found


def test_a_sweep_that_was_under_way_is_asked_again_at_once():
    found = denied_twice()
    old = found.now - timedelta(seconds=3)
    found.happen(happened.FillsArrived((), ACCOUNT, old), after=0.1)
    assert found.asked(QueryKind.FILLS)
    assert found.order.state is OrderState.UNKNOWN
    found.fills()
    found.positions()
    found.happen(happened.Ticked(), after=0.1)
    assert found.order.state is OrderState.ABSENT


def test_a_venue_that_does_not_answer_is_not_stormed():
    found = denied_twice()
    asked = 0
    for _ in range(20):
        found.happen(happened.QueryFailed(ACCOUNT, QueryKind.FILLS, "down"), after=0.05)
        asked += found.asked(QueryKind.FILLS)
    assert asked <= 2
