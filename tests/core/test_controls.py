"""Controls seen from the whole core: a condition comes up, and no order leaves until it is over."""

from dataclasses import replace
from datetime import timedelta

import pytest
from nouns import NOW, quote, rules, underlying_rules
from steps import ACCOUNT, HEDGE, HELD, Steps

from hedging.core import events as happened
from hedging.core.account import Account
from hedging.core.effects import Submit
from hedging.core.queries import QueryKind
from hedging.core.starting import Stored, restored
from hedging.model.rules import AutoRules
from hedging.model.trading import AutoMode, CommandKind, OrderState, Role, TradingState
from hedging.units import Side


def armed(**changes) -> Steps:
    found = Steps(**{"delta": 1.0, **changes})
    found.start()
    found.look()
    found.command(CommandKind.AUTO_ARM, minutes=60, max_orders=40, max_turnover_usd=2e7)
    assert found.state.status.auto.mode is AutoMode.ARMED
    return found


def refreshed(found: Steps, without: str, after: float = 0.5) -> int:
    """Every feed but one brings news; how many orders left."""
    left = 0

    def count() -> None:
        nonlocal left
        left += len(found.all(Submit))

    found.now += timedelta(seconds=after)
    if without != "position":
        found.positions(after=0)
        count()
    if without != "margin":
        found.balances()
        count()
    if without != "clock":
        found.happen(happened.ClockRead(ACCOUNT, 0.0))
        count()
    at = {"venue_at": found.now, "received_at": found.now, "touch_received_at": found.now}
    known = found.state.market.quotes[HEDGE.key]
    hedge = {
        "touch": {**at, "touch_received_at": known.touch_received_at},
        "mark": {**at, "received_at": known.received_at},
        "venue clock": {**at, "venue_at": known.venue_at},
    }.get(without, at)
    quotes = (quote(HEDGE, **hedge), quote(HELD, **at))
    found.happen(happened.Looked(quotes={each.key: each for each in quotes}))
    count()
    return left


@pytest.mark.control("C10")
@pytest.mark.parametrize(
    ("feed", "limit"),
    [
        ("touch", 2.0),
        ("mark", 5.0),
        ("venue clock", 2.5),
        ("position", 10.0),
        ("margin", 30.0),
    ],
)
def test_a_feed_that_stands_still_stops_every_order(feed, limit):
    found = armed()
    for _ in range(int(limit / 0.5) + 1):
        assert refreshed(found, without=feed) == 0
    found.held = 14.2
    for _ in range(12):
        assert refreshed(found, without=feed) == 0
    assert found.state.orders == {}


@pytest.mark.control("C10")
def test_a_clock_that_is_off_stops_every_order():
    found = armed()
    found.happen(happened.ClockRead(ACCOUNT, 0.6))
    found.held = 14.2
    for _ in range(12):
        assert refreshed(found, without="clock") == 0


@pytest.mark.control("C8")
def test_an_oscillating_delta_is_off_after_exactly_six_of_a_side_and_another_person_re_arms(record_property):
    found = armed(chosen=rules(underlying_rules(), auto=AutoRules(shadow_minutes=0, sign_flips=99)))
    tickets: list[str] = []
    for turn in range(40):
        side = 1 if turn % 2 else -1
        found.held = side * 5.6 - float(found.perpetual) / 100_000
        for _ in range(4):
            found.positions(after=0.5)
            found.balances()
            found.look()
            for each in found.all(Submit):
                tickets.append(each.order.ticket_id)
                found.filled(each.order)
        if found.state.status.auto.mode is AutoMode.OFF:
            break
    sides = [order.side for order in found.state.orders.values()]
    record_property("figure", f"off after {len(set(tickets))} tickets, 6 of one side in 10 minutes")
    assert found.state.status.auto.mode is AutoMode.OFF
    assert max(sides.count(Side.BUY), sides.count(Side.SELL)) == 6
    wish = {"minutes": 15, "max_orders": 10, "max_turnover_usd": 1e6}
    found.held = -float(found.perpetual) / 100_000
    found.positions()
    found.balances()
    found.look()
    found.command(CommandKind.AUTO_ARM, user="Ann ", **wish)
    assert found.state.status.auto.mode is AutoMode.OFF
    found.command(CommandKind.AUTO_ARM, user="tess", **wish)
    assert found.state.status.auto.mode is AutoMode.ARMED


@pytest.mark.control("C16")
def test_nothing_leaves_in_the_last_half_hour_of_two_hundred_expiries(record_property):
    late = 0
    for number in range(200):
        before = timedelta(seconds=-600 + number * 18)  # from ten minutes after to fifty before
        item = underlying_rules(hedge_instrument="BTC-FUTURE")
        found = Steps(delta=14.2, chosen=rules(item))
        dated = replace(HEDGE, name="BTC-FUTURE", expiry=NOW + before)
        setup = replace(
            found.state.setup,
            rules=rules(item),
            instruments={HELD.key: HELD, dated.key: dated},
        )
        accounts = [
            Account(name=name, venue="deribit", trades=name == ACCOUNT) for name in found.state.accounts
        ]
        found.state = restored(setup, accounts, Stored(), NOW + timedelta(hours=1))
        found.start()
        at = {"venue_at": found.now, "received_at": found.now, "touch_received_at": found.now}
        quotes = (quote(dated, **at), quote(HELD, **at))
        found.happen(happened.Looked(quotes={each.key: each for each in quotes}))
        if "BTC" in found.state.tickets:
            found.approve(found.ticket)
        sent = len(found.state.orders)
        late += sent if before <= timedelta(minutes=30) else 0
        assert before <= timedelta(minutes=30) or sent == 1, before
    record_property("figure", f"200 expiries, {late} orders after the cut-off")
    assert late == 0


@pytest.mark.control("C19")
def test_a_venue_that_is_down_is_left_alone_longer_and_longer_and_nothing_is_sent():
    found = armed()
    asked = 0
    for _ in range(120):
        found.happen(happened.Ticked(), after=1.0)
        if found.asked(QueryKind.POSITIONS):
            asked += 1
            found.happen(happened.QueryFailed(ACCOUNT, QueryKind.POSITIONS, "no route"))
    assert asked <= 20
    found.held = 14.2
    assert refreshed(found, without="position") == 0
    assert found.state.trouble_at("deribit") is not None or found.state.accounts[ACCOUNT].failures == 0


@pytest.mark.control("C24")
def test_an_index_that_jumps_reduces_and_comes_back_by_itself():
    found = armed()
    for _ in range(4):
        found.look(after=0.6)
    found.look(after=0.6, index=106_000.0, mark=106_000.0, bid=105_999.5, ask=106_000.5)
    assert found.state.status.state is TradingState.REDUCING
    assert "6.0%" in found.state.status.reduced_because
    assert found.state.status.auto.mode is AutoMode.OFF
    for _ in range(140):
        found.look(after=1.0, index=106_000.0, mark=106_000.0, bid=105_999.5, ask=106_000.5)
    assert found.state.status.state is TradingState.ACTIVE
    assert found.state.status.auto.mode is AutoMode.OFF


@pytest.mark.control("C2")
def test_automatic_mode_is_off_after_every_start():
    before = armed()
    found = Steps(stored=Stored(status=before.state.status))
    found.start()
    assert found.state.status.auto.mode is AutoMode.OFF


@pytest.mark.control("C23")
def test_every_order_names_its_ticket_its_actor_and_its_approver():
    found = Steps()
    found.start()
    found.look()
    found.approve(found.ticket)
    order = found.submitted()
    assert (order.ticket_id, order.actor, order.approver) == (found.ticket.id, "engine", "ann (trader)")
    assert order.client_id.startswith(order.ticket_id)
    assert order.state is OrderState.SENT


def test_a_reduce_wish_is_answered_and_two_people_bring_trading_back():
    found = armed()
    found.command(CommandKind.REDUCE, user="vic", role=Role.VIEWER)
    assert found.state.status.state is TradingState.REDUCING
    found.command(CommandKind.RESUME, user="ann")
    assert found.state.status.state is TradingState.REDUCING
    found.command(CommandKind.RESUME, user="ann")
    assert found.state.status.state is TradingState.REDUCING
    found.command(CommandKind.RESUME, user="rita", role=Role.RISK)
    assert found.state.status.state is TradingState.ACTIVE


@pytest.mark.parametrize(
    ("kind", "state"),
    [(CommandKind.REDUCE, TradingState.REDUCING), (CommandKind.AUTO_OFF, TradingState.ACTIVE)],
)
def test_a_wish_that_came_as_a_file_is_carried_out_and_nobody_is_answered(kind, state):
    found = armed()
    found.happen(happened.Wished(kind, "command line", "looks odd"))
    assert found.state.status.state is state
    assert found.state.status.auto.mode is AutoMode.OFF
    assert "looks odd" in found.state.status.auto.ended_because


@pytest.mark.control("C19")
def test_one_read_that_fails_neither_storms_nor_silences_the_others():
    found = armed()
    positions = balances = 0
    for _ in range(250):
        found.happen(happened.Ticked(), after=0.1)
        wants = [kind for kind in (QueryKind.POSITIONS, QueryKind.BALANCES) if found.asked(kind)]
        if QueryKind.POSITIONS in wants:
            positions += 1
            found.happen(happened.QueryFailed(ACCOUNT, QueryKind.POSITIONS, "internal error"))
        if QueryKind.BALANCES in wants:
            balances += 1
            found.balances()
    assert positions <= 12
    assert balances >= 10
    found.positions()
    assert found.state.accounts[ACCOUNT].failures == 0


def test_what_is_found_to_have_traded_later_counts_against_the_caps_once():
    found = armed()
    found.held = 14.2
    found.positions()
    found.balances()
    found.look()
    (sent,) = found.all(Submit)
    order = sent.order
    ended = found.report_of(order, OrderState.PARTIAL, order.amount / 2)
    found.happen(happened.Answered(order.client_id, ended, ()), after=0.1)
    used = found.state.status.auto
    assert used.orders_used == 1
    first = used.turnover_used_usd
    found.fills(found.fill_of(order))
    again = found.state.status.auto
    assert again.orders_used == 1
    assert again.turnover_used_usd == pytest.approx(2 * first)
    assert first > 0
