"""The main job against the real paper exchange: drift, ticket, decision, fills, back inside the band."""

import time

from hedging.clock import utc_now
from hedging.engine.latches import set_kill_file
from hedging.model.exposure import DriftState, ProofVerdict
from hedging.model.trading import (
    AutoMode,
    CommandKind,
    CommandState,
    OrderState,
    Role,
    TicketState,
    TradingState,
)


def btc(demo):
    return next(shown for shown in demo.view().underlyings if shown.underlying == "BTC")


def test_a_ticket_waits_and_brings_the_delta_back_when_approved(demo):
    ticket = demo.wait("a BTC ticket", demo.waiting)
    assert ticket.legs[0].side.name == "SELL"
    assert abs(ticket.delta_after) < ticket.band_upper
    assert demo.approve(ticket).state is CommandState.DONE
    done = demo.wait("the ticket to end", lambda: demo.finished(ticket.id), 30)
    assert done.state is TicketState.DONE, done.note
    orders = demo.ledger.orders(ticket_id=ticket.id)
    assert len(orders) > 1
    assert {order.state for order in orders} <= {OrderState.FILLED, OrderState.CANCELLED}
    assert all(order.approver == "tess (trader)" for order in orders)
    assert sum(order.filled for order in orders) <= ticket.legs[0].amount
    inside = demo.wait(
        "the delta inside its band",
        lambda: btc(demo) if btc(demo).drift and btc(demo).drift.state is DriftState.INSIDE else None,
    )
    assert abs(inside.exposure.delta) < 5.0
    demo.wait(
        "a green delta proof",
        lambda: next(p for p in btc(demo).proofs if p.currency == "BTC").verdict is ProofVerdict.GREEN,
    )


def test_every_fill_of_the_exchange_is_booked_once(demo):
    accepted = demo.control.state()
    booked = [fill for fill in demo.ledger.fills() if fill.client_id]
    assert len({fill.trade_id for fill in booked}) == len(booked)
    assert booked, accepted


def test_the_same_approval_is_not_used_twice(demo):
    ticket = demo.ledger.tickets([TicketState.DONE])[0]
    again = demo.approve(ticket)
    assert again.state is CommandState.REFUSED


def test_a_rejection_needs_a_role_and_a_reason(demo):
    demo.control.price_shock("ETH", -0.045)
    demo.control.trade("ETH-PERPETUAL", "buy", 400_000)
    ticket = demo.wait("an ETH ticket", lambda: demo.waiting("ETH"))
    viewer = demo.ask(CommandKind.REJECT, user="vera", role=Role.VIEWER, ref=ticket.id, reason="no")
    assert viewer.state is CommandState.REFUSED
    assert "role" in viewer.answer
    ticket = demo.wait("an ETH ticket", lambda: demo.waiting("ETH"))
    silent = demo.ask(CommandKind.REJECT, ref=ticket.id, reason="  ")
    assert silent.state is CommandState.REFUSED
    ticket = demo.wait("an ETH ticket", lambda: demo.waiting("ETH"))
    said = demo.ask(CommandKind.REJECT, ref=ticket.id, reason="waiting for the fix")
    assert said.state is CommandState.DONE
    assert demo.ledger.ticket(ticket.id).note == "waiting for the fix"
    time.sleep(1.0)
    assert demo.waiting("ETH") is None


def test_shadow_decides_and_never_sends(demo):
    assert demo.ask(CommandKind.AUTO_SHADOW).state is CommandState.DONE
    orders = len(demo.ledger.orders())
    demo.control.price_shock("BTC", -0.025)

    def in_shadow():
        ticket = demo.waiting()
        return ticket if ticket and ticket.shadow else None

    assert demo.wait("a shadow ticket", in_shadow)
    time.sleep(1.5)
    assert len(demo.ledger.orders()) == orders
    assert demo.ledger.records(kind="shadow")


def test_armed_hedges_by_itself_inside_its_caps(demo):
    armed = demo.ask(CommandKind.AUTO_ARM, minutes=15, max_orders=30, max_turnover_usd=1e7)
    assert armed.state is CommandState.DONE

    def by_itself():
        done = demo.ledger.tickets([TicketState.DONE])
        return next((ticket for ticket in done if ticket.decided_by == "auto, armed by tess"), None)

    assert demo.wait("an automatic ticket done", by_itself, 40)
    demo.wait("BTC inside its band", lambda: btc(demo).drift and btc(demo).drift.state is DriftState.INSIDE)
    assert demo.view().auto.orders_used > 0


def test_a_trade_by_hand_suspends_automatic_hedging(demo):
    demo.wait("armed", lambda: demo.view().auto.mode is AutoMode.ARMED)
    demo.control.trade("BTC-PERPETUAL", "buy", 1_200_000)
    demo.wait("automatic hedging off", lambda: demo.view().auto.mode is AutoMode.OFF)
    assert (
        "did not send" in demo.view().auto.ended_because or "without a fill" in demo.view().auto.ended_because
    )


def test_halt_sends_nothing_more_and_needs_two_people_to_resume(demo):
    demo.wait("a BTC ticket", demo.waiting)
    set_kill_file(demo.state, "tess", "drill", utc_now())
    demo.wait("halted", lambda: demo.view().trading_state is TradingState.HALTED)
    orders = len(demo.ledger.orders())
    assert demo.ask(CommandKind.AUTO_ARM, minutes=5, max_orders=5, max_turnover_usd=1e6).state is (
        CommandState.REFUSED
    )
    time.sleep(1.5)
    assert demo.waiting() is None
    assert len(demo.ledger.orders()) == orders
    assert demo.ask(CommandKind.RESUME).state is CommandState.DONE
    assert demo.view().trading_state is TradingState.HALTED
    assert demo.ask(CommandKind.RESUME).state is CommandState.REFUSED
    assert demo.ask(CommandKind.RESUME, user="rita", role=Role.RISK).state is CommandState.DONE
    demo.wait("active", lambda: demo.view().trading_state is TradingState.ACTIVE)
    assert not (demo.state / "KILL").exists()


def test_every_cycle_is_on_record_and_the_chain_holds(demo):
    runs = demo.series.decision_runs()
    assert {run.decision.underlying for run in runs} == {"BTC", "ETH"}
    assert all(run.decision.reason for run in runs)
    assert demo.ledger.verify_chain() > 50
    ticket = demo.ledger.tickets()[0]
    assert demo.ledger.inputs(ticket.inputs_hash)
