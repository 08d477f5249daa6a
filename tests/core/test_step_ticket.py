"""From a drift to a hedge, and every way in which an order's fate becomes known."""

from steps import Steps, sent

from hedging.core import events as happened
from hedging.core.effects import Submit
from hedging.core.queries import QueryKind
from hedging.model.trading import OrderState, TicketState


def test_nothing_is_decided_before_every_account_was_read():
    found = Steps()
    found.happen(happened.Started())
    found.look()
    assert not found.state.ready
    assert found.state.tickets == {}
    found.start()
    found.look()
    assert found.ticket.state is TicketState.PROPOSED


def settle_and_look(found: Steps) -> None:
    found.positions()
    found.balances()
    found.look(after=0.8)


def test_an_approval_sends_clip_after_clip_and_the_hedge_ends_inside():
    found, order = sent()
    clips = 0
    while order is not None:
        clips += 1
        assert order.state is OrderState.SENT
        found.happen(happened.Ticked(), after=0.1)
        assert found.all(Submit) == []  # nothing else while one is out
        found.filled(order)
        assert found.asked(QueryKind.POSITIONS)
        settle_and_look(found)
        order = found.submitted() if found.all(Submit) else None
    assert clips == 4
    assert found.state.tickets == {}
    assert found.state.runs == {}
    assert 4.8 < found.held + float(found.perpetual) / 100_000 <= 5.0
    assert {each.state for each in found.state.orders.values()} == {OrderState.FILLED}


def test_silence_is_searched_and_never_sent_again():
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    assert found.looked_up() == [order.client_id]
    found.happen(happened.Missing(order.client_id, found.now), after=0.1)
    assert found.order.state is OrderState.UNKNOWN
    for _ in range(200):  # twenty seconds in which nobody answers
        found.happen(happened.Ticked(), after=0.1)
        assert found.all(Submit) == []
    assert found.order.state is OrderState.UNKNOWN


def denied(found: Steps, order) -> None:
    """Answer the look-up that is under way: the venue does not know it."""
    found.happen(happened.Missing(order.client_id, found.now))


def until_looked_up(found: Steps) -> None:
    for _ in range(60):
        search = found.state.searches.get(found.order.client_id)
        if search is None or search.asking:
            return
        found.happen(happened.Ticked(), after=0.1)
    raise AssertionError("nobody asks for it any more")


def test_absent_needs_the_fence_two_denials_and_what_was_read_afterwards():
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    denied(found, order)
    while found.now <= order.fence_at:
        until_looked_up(found)
        denied(found, order)
        assert found.order.state is OrderState.UNKNOWN
    for _ in range(5):
        until_looked_up(found)
        denied(found, order)
    assert found.order.state is OrderState.UNKNOWN  # denied often enough; trades and positions not read yet
    found.positions()
    assert found.order.state is OrderState.UNKNOWN
    found.fills()
    found.happen(happened.Ticked(), after=0.1)
    assert found.order.state is OrderState.ABSENT


def test_a_position_that_moved_contradicts_absence():
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    found.perpetual += order.amount * order.side
    while found.order.state is OrderState.UNKNOWN:
        denied(found, order)
        found.positions()
        found.fills()
        if found.order.state is OrderState.UNKNOWN:
            until_looked_up(found)
    assert found.order.state is OrderState.QUARANTINED
    assert "position moved" in found.order.detail
    assert found.all(Submit) == []


def test_a_found_order_goes_on_from_what_it_filled():
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Found(order.client_id, report, (fill,)), after=0.2)
    settle_and_look(found)
    following = found.submitted()
    assert (following.clip, following.client_id) == (1, order.client_id[:-1] + "1")
