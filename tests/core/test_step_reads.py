"""Reads that came too late, and how often a run that waits looks again."""

from datetime import timedelta
from decimal import Decimal

from steps import ACCOUNT, ELSEWHERE, HELD, Steps

from hedging.core import events as happened
from hedging.core.effects import Submit
from hedging.core.queries import QueryKind
from hedging.core.step import due
from hedging.model.trading import AutoMode, CommandKind, Fill
from hedging.units import Side


def running() -> Steps:
    found = Steps()
    found.start()
    found.look()
    return found


def theirs(found: Steps, account: str) -> Fill:
    """A trade that is not ours."""
    return Fill(
        venue="deribit",
        account=account,
        trade_id=f"t-{account}",
        venue_order_id="v-1",
        client_id="",
        instrument=HELD.name,
        side=Side.SELL,
        amount=Decimal(1),
        price=Decimal(60_000),
        fee=Decimal(0),
        fee_currency="USDC",
        at=found.now,
    )


def test_positions_asked_before_the_last_fill_are_asked_again_at_once():
    found = running()
    found.approve(found.ticket)
    fill, asked_at = found.fill_of(found.submitted()), found.now
    found.happen(happened.FillsArrived((fill,)), after=0.1)
    found.happen(happened.PositionsRead(account=ACCOUNT, positions=(), asked_at=asked_at), after=0.1)
    assert found.asked(QueryKind.POSITIONS)


def test_positions_are_not_asked_again_and_again_while_the_clock_stands_still():
    found = running()
    found.approve(found.ticket)
    fill = found.fill_of(found.submitted())
    found.happen(happened.FillsArrived((fill,)), after=0.1)
    read = happened.PositionsRead(account=ACCOUNT, positions=(), asked_at=found.now)
    found.happen(read)
    assert not found.asked(QueryKind.POSITIONS)


def test_a_delta_is_not_shown_while_positions_may_hold_a_trade_already_or_not():
    """The trade of another account is from about when its positions were read: they are read again first."""
    found = running()
    found.happen(happened.FillsArrived((theirs(found, ELSEWHERE),)), after=0.1)
    assert found.asked(QueryKind.POSITIONS)
    found.look(after=0.1)
    assert found.state.whole.drifts == {}


def test_a_trade_where_we_only_read_leaves_automatic_mode_armed():
    found = Steps(delta=0.0)
    found.start()
    found.look()
    found.command(CommandKind.AUTO_ARM, minutes=10, max_orders=5, max_turnover_usd=1e6)
    assert found.state.status.auto.mode is AutoMode.ARMED
    for account, mode in ((ELSEWHERE, AutoMode.ARMED), (ACCOUNT, AutoMode.OFF)):
        found.happen(happened.FillsArrived((theirs(found, account),)), after=3.0)
        assert found.state.status.auto.mode is mode


def test_what_automatic_mode_sent_counts_as_repeated_though_it_ended_before_the_answer():
    found = running()
    found.command(CommandKind.AUTO_ARM, minutes=10, max_orders=5, max_turnover_usd=5e6)
    found.look()
    sent = found.submitted()
    found.command(CommandKind.AUTO_OFF)
    found.filled(sent)
    assert [each.ticket_id for each in found.state.automatic] == [sent.ticket_id]
    assert found.state.status.auto.orders_used == 0


def test_a_read_that_fails_is_left_alone_for_a_while_also_by_a_run_that_wants_it():
    """Asked again as soon as it had failed, a broken endpoint was asked 25 times a second."""
    found = running()
    found.approve(found.ticket)
    found.filled(found.submitted())
    asked = 0
    for _ in range(100):
        asked += found.asked(QueryKind.POSITIONS)
        found.happen(happened.QueryFailed(ACCOUNT, QueryKind.POSITIONS, "HTTP 500"), after=0.04)
    assert 1 <= asked <= 4


def test_a_run_that_waits_looks_again_at_news_and_else_twice_a_second():
    found = running()
    found.positions(after=3.0)
    found.approve(found.ticket)  # the touch is 3 s old
    assert found.all(Submit) == []
    assert due(found.state, found.now) - found.now > timedelta(seconds=0.1)
    found.happen(happened.Ticked(), after=0.01)
    assert due(found.state, found.now) - found.now < timedelta(seconds=0.02)
    found.look(after=0.1)
    assert len(found.all(Submit)) == 1
