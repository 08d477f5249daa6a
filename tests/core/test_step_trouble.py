"""What must stop, block or wait: halts, foreign trades, moved positions, quarantine, restarts."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from nouns import order as plain_order
from steps import ACCOUNT, HEDGE, Steps, passive, running, sent

from hedging.core import events as happened
from hedging.core.effects import Cancel, KeepAlive, Latch, SettleCommand, Submit
from hedging.core.queries import QueryKind
from hedging.core.starting import Stored
from hedging.model.trading import (
    AutoMode,
    CommandKind,
    CommandState,
    Lifetime,
    OrderState,
    Role,
    TicketState,
    TradingState,
)
from hedging.model.venue_profile import DERIBIT, OKX
from hedging.units import Side


def answer(found: Steps) -> SettleCommand:
    return [change for change in found.committed if isinstance(change, SettleCommand)][-1]


def test_a_halt_latches_closes_what_waits_and_cancels_three_times_at_most():
    found, order = sent()
    found.happen(happened.Unclear(order.client_id, "timed out"), after=0.2)
    found.command(CommandKind.HALT, user="vic", role=Role.VIEWER)
    assert len(found.all(Latch)) == 1
    assert found.state.status.state is TradingState.HALTED
    cancels = len(found.all(Cancel))
    for _ in range(150):
        found.happen(happened.Ticked(), after=0.1)
        cancels += len(found.all(Cancel))
        assert found.all(Submit) == []
    assert cancels == 3
    assert found.state.tickets["BTC"].state is TicketState.EXECUTING  # until its order is known


def test_what_waits_ends_with_a_halt():
    found = running()
    found.command(CommandKind.HALT)
    assert found.state.tickets == {}
    found.look(after=1.0)
    assert found.state.tickets == {}


def test_a_kill_file_halts_once():
    found = running()
    found.happen(happened.Latched(("ann: stop",)))
    assert found.state.status.halted_because == "ann: stop"
    found.happen(happened.Latched(("ann: stop",)))
    assert found.all(Latch) == []


def test_a_foreign_trade_ends_automatic_mode_and_is_counted():
    found = running(delta=1.0)
    found.command(CommandKind.AUTO_ARM, minutes=15, max_orders=20, max_turnover_usd=1e6)
    assert found.state.status.auto.mode is AutoMode.ARMED
    order = replace(plain_order(), client_id="", amount=Decimal(1000), side=Side.BUY)
    found.fills(found.fill_of(order, trade_id="theirs"))
    assert found.state.status.auto.mode is AutoMode.OFF
    assert not found.state.accounts[ACCOUNT].settled
    found.positions()
    assert found.state.accounts[ACCOUNT].settled
    assert found.state.accounts[ACCOUNT].amount(HEDGE.name) == 1000
    assert found.state.status.state is TradingState.ACTIVE


def test_an_amount_that_nothing_explains_halts_after_two_sweeps_and_is_believed():
    found = running(delta=1.0)
    found.perpetual += 5000
    found.positions(after=2.0)
    assert found.asked(QueryKind.FILLS)
    assert found.state.status.state is TradingState.ACTIVE
    assert not found.state.accounts[ACCOUNT].settled
    found.fills()
    found.positions(after=2.0)
    assert found.state.accounts[ACCOUNT].amount(HEDGE.name) == 0  # not yet three seconds
    found.fills()
    found.positions(after=2.0)
    assert found.state.accounts[ACCOUNT].amount(HEDGE.name) == 5000
    assert "without a fill" in found.state.status.halted_because


def test_a_lost_fill_is_found_by_the_sweep_and_nothing_halts():
    found, order = sent()
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Answered(order.client_id, report, ()), after=0.1)
    assert found.looked_up() == [order.client_id]
    assert not found.state.accounts[ACCOUNT].settled
    found.positions()
    found.fills(fill)
    found.positions()
    assert found.state.accounts[ACCOUNT].settled
    assert found.state.status.state is TradingState.ACTIVE


def test_a_late_fill_quarantines_and_a_person_lets_go():
    found, order = sent()
    cancelled = found.report_of(order, OrderState.CANCELLED)
    found.happen(happened.Answered(order.client_id, cancelled, ()), after=0.1)
    late = found.fill_of(order)
    found.fills(late)
    assert found.state.orders[order.client_id].state is OrderState.QUARANTINED
    for _ in range(100):
        found.happen(happened.Ticked(), after=0.1)
    found.command(CommandKind.RELEASE, user="rita", role=Role.RISK, ref=order.client_id)
    found.happen(happened.OpenOrdersRead(account=ACCOUNT, reports=(), asked_at=found.now))
    assert answer(found).state is CommandState.DONE
    assert found.state.orders[order.client_id].state is OrderState.CANCELLED


def test_an_order_of_ours_that_the_ledger_does_not_know_halts():
    found, order = sent()
    stranger = replace(found.report_of(order, OrderState.ACKED), client_id="T261120110000000-BTC-0-0")
    read = happened.OpenOrdersRead(account=ACCOUNT, reports=(stranger,), asked_at=found.now)
    found.happen(read)
    assert "the ledger does not know it" in found.state.status.halted_because


def test_after_a_restart_every_order_is_looked_up_before_anything_is_sent():
    before, order = sent()
    stored = Stored(tickets=tuple(before.state.tickets.values()), orders=tuple(before.state.orders.values()))
    found = Steps(stored=stored)
    found.start()
    assert not found.state.ready
    assert found.state.orders[order.client_id].state is OrderState.UNKNOWN
    fill = found.fill_of(order)
    report = found.report_of(order, OrderState.FILLED, order.amount)
    found.happen(happened.Found(order.client_id, report, (fill,)))
    assert found.state.ready
    assert found.state.tickets == {}
    assert found.state.status.auto.mode is AutoMode.OFF


def test_a_passive_order_rests_at_the_touch_is_kept_alive_then_cancelled_and_crosses():
    found = running(profile=OKX, chosen=passive(seconds=5.0))
    found.approve(found.ticket)
    assert found.all(Submit) == []  # the venue's dead man's switch comes first
    (switch,) = found.all(KeepAlive)
    until = found.now + timedelta(seconds=switch.seconds)
    found.happen(happened.KeptAlive(ACCOUNT, until), after=0.06)
    order = found.submitted()
    assert order.lifetime is Lifetime.RESTING
    assert order.limit_price == Decimal("100000.5")  # sells at the ask
    found.happen(happened.Answered(order.client_id, found.report_of(order, OrderState.ACKED), ()))
    alive = cancels = 0
    for _ in range(60):
        found.happen(happened.Ticked(), after=0.1)
        alive += len(found.all(KeepAlive))
        cancels += len(found.all(Cancel))
    assert alive >= 1
    assert cancels == 1
    found.happen(happened.Cancelled(order.client_id, found.report_of(order, OrderState.CANCELLED)))
    found.positions()
    found.balances()
    found.look(after=0.1)
    found.happen(happened.Ticked(), after=0.06)
    crossing = found.order
    assert crossing.client_id != order.client_id
    assert crossing.lifetime is Lifetime.IMMEDIATE
    assert crossing.limit_price < 100_000


def test_where_the_venue_has_no_dead_mans_switch_a_passive_ticket_crosses_at_once():
    _, order = sent(profile=DERIBIT, chosen=passive(seconds=5.0))
    assert order.lifetime is Lifetime.IMMEDIATE


def test_the_message_budget_outlives_a_restart():
    before, order = sent()
    found = Steps(stored=Stored(orders=tuple(before.state.orders.values())))
    assert found.state.messages == {"deribit": (order.sent_at,)}
