"""When the engine asks to be stepped again: what waits for an answer must not spin it."""

from datetime import timedelta

from steps import Steps

from hedging.core import events as happened
from hedging.core.step import due


def test_a_query_under_way_is_not_due_until_it_is_answered():
    found = Steps()
    found.start()
    found.happen(happened.Ticked(), after=30.0)  # everything is asked for again, and nothing answers
    assert found.state.asked
    later = found.now + timedelta(seconds=10)
    assert due(found.state, later) > later


def test_a_ticket_whose_time_is_over_while_its_order_is_out_is_not_due_either():
    found = Steps()
    found.start()
    found.look()
    found.approve(found.ticket)
    order = found.submitted()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=0.1)
    found.happen(happened.Ticked(), after=200.0)
    assert found.state.tickets
    assert due(found.state, found.now) > found.now
