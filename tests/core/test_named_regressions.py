"""What users of other engines reported, each tried here under the number of their report.

Every test says what happened to them, and asserts that it cannot happen to this engine.
"""

from dataclasses import replace
from decimal import Decimal

import pytest
from nouns import order as plain_order
from steps import ACCOUNT, HEDGE, Steps, running, sent

from hedging.core import events as happened
from hedging.core.effects import AddFill, Cancel, NoteConflict, Submit
from hedging.core.queries import QueryKind
from hedging.core.starting import Stored
from hedging.model.trading import AutoMode, CommandKind, OrderState, TicketState, TradingState
from hedging.units import Side


def armed(**changes) -> Steps:
    found = running(**changes)
    found.command(CommandKind.AUTO_ARM, minutes=30, max_orders=40, max_turnover_usd=2e7)
    assert found.state.status.auto.mode is AutoMode.ARMED
    return found


def refresh(found: Steps, after: float = 1.0) -> int:
    """Everything read anew; how many orders left."""
    left = 0
    found.positions(after)
    left += len(found.all(Submit))
    found.balances()
    left += len(found.all(Submit))
    found.look()
    left += len(found.all(Submit))
    found.happen(happened.Ticked(), after=0.05)
    return left + len(found.all(Submit))


def add_fills(found: Steps) -> list[AddFill]:
    return [change for change in found.committed if isinstance(change, AddFill)]


def test_hummingbot_493_a_timeout_is_no_failure_and_builds_no_ladder():
    """A timeout was taken for a failure and the order placed again, and again: a ladder of duplicates."""
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    for _ in range(60):
        assert refresh(found) == 0
    assert [each.client_id for each in found.state.orders.values()] == [order.client_id]


def test_hummingbot_3374_an_order_that_was_given_up_is_not_forgotten_when_it_fills():
    """An order was lost track of, filled later, and the bot never knew."""
    found, order = sent()
    ended = found.report_of(order, OrderState.CANCELLED)
    found.happen(happened.Answered(order.client_id, ended, ()), after=0.1)
    for _ in range(20):
        found.happen(happened.Ticked(), after=1.0)
    found.fills(found.fill_of(order))
    assert len(add_fills(found)) == 1
    assert found.state.orders[order.client_id].state is OrderState.QUARANTINED
    assert refresh(found) == 0


def test_hummingbot_5127_the_same_short_is_not_opened_again_and_again():
    """A hedge went on selling while the position it looked at was from before its own fills."""
    found = armed()
    old = found.perpetual
    found.look(after=0.1)
    order = found.submitted()
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Answered(order.client_id, report, (fill,)), after=0.05)
    held, found.perpetual = found.perpetual, old
    for _ in range(3):  # the venue goes on answering from before the fill
        found.positions(after=0.5)
        assert found.all(Submit) == []
        found.look()
        assert found.all(Submit) == []
    found.perpetual = held
    assert refresh(found) == 1  # and only then the rest of the same ticket
    assert found.order.clip == 1


def test_hummingbot_366_open_orders_survive_a_restart():
    """A restart forgot what was open; the orders went on working, and filled."""
    before, order = sent()
    found = Steps(
        stored=Stored(
            orders=tuple(before.state.orders.values()), tickets=tuple(before.state.tickets.values())
        )
    )
    found.happen(happened.Started())
    assert found.looked_up() == [order.client_id]
    found.start()
    assert not found.state.ready
    found.happen(happened.Found(order.client_id, found.report_of(order, OrderState.ACKED), ()))
    assert found.state.ready
    found.look()
    assert found.all(Submit) == []  # while it works
    assert [each.client_id for each in found.state.live] == [order.client_id]


def test_hummingbot_5122_a_cancel_that_finds_nothing_is_not_repeated_for_ever():
    """Cancels of an order that the exchange did not know were sent in a loop."""
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=1.0)
    found.command(CommandKind.HALT)
    tries = len(found.all(Cancel))
    for _ in range(290):
        found.happen(happened.Cancelled(order.client_id, None), after=0.1)
        tries += len(found.all(Cancel))
    assert tries == 3


def test_freqtrade_3647_a_cancel_that_came_too_late_is_a_fill():
    """The cancel was answered as done; the order had filled, and the fill was never booked."""
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=0.1)
    found.command(CommandKind.HALT)
    found.fill_of(order)
    found.happen(
        happened.Cancelled(order.client_id, found.report_of(order, OrderState.FILLED, order.amount)),
        after=0.1,
    )
    assert found.looked_up() == [order.client_id] or found.state.searches[order.client_id].asking
    assert not found.state.accounts[ACCOUNT].settled
    found.perpetual -= order.amount * order.side
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Found(order.client_id, report, (fill,)), after=0.1)
    assert [each.fill for each in add_fills(found)] == [fill]
    assert found.state.orders[order.client_id].filled == order.amount


def test_nautilus_4215_an_unknown_order_that_was_accepted_is_not_retried():
    """An order without an answer was sent again although the exchange had accepted it."""
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "connection reset"), after=0.5)
    for _ in range(40):  # the exchange lists it late
        found.happen(happened.Missing(order.client_id, found.now), after=0.1)
        assert found.all(Submit) == []
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Found(order.client_id, report, (fill,)))
    assert found.state.orders[order.client_id].state is OrderState.FILLED
    assert refresh(found) == 1
    assert found.order.clip == 1


def test_nautilus_3046_a_trade_id_that_comes_again_after_a_restart_is_booked_once():
    """After a restart the same trades came again and were booked twice."""
    before, order = sent()
    fill = before.fill_of(order)
    before.happen(
        happened.Answered(order.client_id, before.report_of(order, OrderState.FILLED, order.amount), (fill,))
    )
    found = Steps(
        stored=Stored(orders=tuple(before.state.orders.values()), fills=tuple(before.state.fills.values()))
    )
    found.perpetual = before.perpetual
    found.start()
    found.fills(fill, fill)
    assert add_fills(found) == []
    found.fills(replace(fill, amount=fill.amount + 10))
    assert add_fills(found) == []
    assert len([change for change in found.committed if isinstance(change, NoteConflict)]) == 1


def test_nautilus_4736_a_restart_does_not_flatten_a_live_position():
    """At a restart a live position was taken for a leftover and closed."""
    before = running(delta=4.0)
    found = Steps(delta=4.0, stored=Stored(status=before.state.status))
    found.perpetual = Decimal(-10_000)
    found.start()
    for _ in range(20):
        assert refresh(found) == 0
    assert found.state.accounts[ACCOUNT].amount(HEDGE.name) == -10_000
    assert found.state.tickets == {}


def test_nautilus_4106_a_reduce_only_order_the_venue_ignores_leaves_no_phantom_position():
    """A reduce-only order opened a position that the engine did not count."""
    found, order = sent()
    reducing = replace(order, reduce_only=True)
    assert sum((each.amount * each.side for each in found.state.live), Decimal(0)) == -reducing.amount
    fill = found.fill_of(order)
    found.happen(
        happened.Answered(order.client_id, found.report_of(order, OrderState.FILLED, order.amount), (fill,))
    )
    found.positions()
    assert found.state.accounts[ACCOUNT].amount(HEDGE.name) == order.amount * order.side


def test_lean_ib_249_fills_during_a_disconnect_are_booked_afterwards():
    """What filled while the connection was away never reached the books."""
    found, order = sent()
    found.happen(happened.Answered(order.client_id, found.report_of(order, OrderState.ACKED), ()), after=0.1)
    for kind in (QueryKind.POSITIONS, QueryKind.FILLS, QueryKind.OPEN_ORDERS):
        found.happen(happened.QueryFailed(ACCOUNT, kind, "connection lost"), after=1.0)
    half = found.fill_of(order, Decimal(order.amount // 2))
    rest = found.fill_of(order, order.amount - half.amount, trade_id="second")
    found.happen(happened.OpenOrdersRead(account=ACCOUNT, reports=(), asked_at=found.now), after=20.0)
    assert found.state.searches[order.client_id].asking
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Found(order.client_id, report, (half, rest)), after=0.1)
    assert [each.fill for each in add_fills(found)] == [half, rest]
    found.positions()
    assert found.state.accounts[ACCOUNT].settled


def test_nautilus_4298_a_book_that_stands_still_sends_nothing():
    """The connection was alive, the prices were not, and orders were priced on them."""
    found = armed(delta=1.0)
    frozen = found.state.market
    for _ in range(3):
        found.happen(happened.Looked(quotes=frozen.quotes), after=1.0)
    found.held = 14.2
    for _ in range(10):
        found.positions(after=1.0)
        found.balances()
        found.happen(happened.Looked(quotes=frozen.quotes))
        assert found.all(Submit) == []
    assert any("s old" in gap.detail for gap in found.state.whole.gaps)


def test_passivbot_lighter_3_a_silent_stream_is_seen_and_reads_go_on():
    """A stream stayed connected and silent; for eight hours there were no orders, and nobody knew."""
    found = armed(delta=1.0)
    asked = 0
    for _ in range(100):
        found.happen(happened.Ticked(), after=1.0)
        asked += found.asked(QueryKind.POSITIONS)
        if found.asked(QueryKind.POSITIONS):
            found.positions(after=0.0)
    assert asked >= 30
    assert found.state.assessment(found.now).gaps
    found.look()
    for _ in range(2):
        found.happen(happened.Looked(quotes=found.state.market.quotes), after=30.0)
    assert found.state.status.state is TradingState.REDUCING  # and automatic mode is off, with the reason
    assert "marks are old" in found.state.status.auto.ended_because


def test_binance_trade_bot_26_nothing_of_size_zero_is_ever_sent():
    """Orders of size zero were sent again and again."""
    for delta in (5.0, 5.00005, 5.0001, 5.000101):
        found = armed(delta=delta)
        for _ in range(5):
            refresh(found)
        sizes = [each.amount for each in found.state.orders.values()]
        assert all(amount >= HEDGE.minimum for amount in sizes), delta


def test_dual_risk_manager_32_no_ping_pong_at_minimum_size():
    """Two smallest orders chased each other for ever, each undoing the one before."""
    found = armed(delta=5.0)
    orders = 0
    for turn in range(60):
        found.held = 5.0 + (0.0003 if turn % 2 else -0.0003)
        found.positions(after=1.0)
        found.balances()
        found.look()
        for each in found.all(Submit):
            orders += 1
            found.filled(each.order)
    sides = [each.side for each in found.state.orders.values()]
    assert all(side is Side.SELL for side in sides)
    assert orders <= 7  # C8: six of a side in ten minutes at most
    assert found.state.tickets == {} or found.ticket.state is not TicketState.EXECUTING


@pytest.mark.parametrize("client_id", ["", "by hand"])
def test_a_foreign_order_is_nobody_s_attempt(client_id):
    """An order of somebody else in the account is neither cancelled nor counted as ours."""
    found = running(delta=1.0)
    theirs = replace(found.report_of(plain_order(), OrderState.ACKED), client_id=client_id)
    found.happen(happened.OpenOrdersRead(account=ACCOUNT, reports=(theirs,), asked_at=found.now))
    found.command(CommandKind.HALT)
    assert found.all(Cancel) == []
