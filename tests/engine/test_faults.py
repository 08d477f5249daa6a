"""The real engine on the real paper exchange, with everything first at fault: no order twice, none too late.

Whatever happens, in the end the ledger holds exactly the exchange's trades, and the delta is inside its
band or automatic hedging is off and says why.
"""

import itertools
import json
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import ccxt
import pytest

from hedging.clock import utc_now
from hedging.engine.latches import set_kill_file
from hedging.model.exposure import DriftState
from hedging.model.trading import (
    AutoMode,
    Command,
    CommandKind,
    CommandState,
    OrderState,
    Role,
    TicketState,
    TradingState,
)
from hedging.workflow.order import LIVE

PERPETUAL = "BTC-PERPETUAL"
OUT_OF_BAND = 1_200_000  # USD, about 12 BTC
LATCH_SECONDS = 0.1
_users = itertools.count()


class AtTheExchange:
    """The exchange's own word on the account, by another client than the engine's."""

    def __init__(self, rest: str, key: str, secret: str) -> None:
        self._client = ccxt.deribit({"apiKey": key, "secret": secret, "urls": {"api": {"rest": rest}}})

    def position(self) -> float:
        raw = self._client.private_get_get_position({"instrument_name": PERPETUAL})["result"]
        return float(raw["size"])

    def freeze(self) -> None:
        """Ask for the ticker: frozen REST repeats its first answer after the fault began, this one."""
        self._client.public_get_ticker({"instrument_name": PERPETUAL})

    def our_trades(self) -> dict[str, str]:
        """Label of each trade that carries one of ours, by trade id."""
        raw = self._client.private_get_get_user_trades_by_currency({"currency": "BTC", "count": 1000})
        labels = {trade["trade_id"]: trade.get("label", "") for trade in raw["result"]["trades"]}
        return {trade: label for trade, label in labels.items() if label.startswith("T")}

    def close(self) -> None:
        self._client.session.close()


@pytest.fixture(scope="module")
def house(module_exchange) -> Iterator[AtTheExchange]:
    key = module_exchange.account("trader")
    found = AtTheExchange(module_exchange.line["rest"], key["key"], key["secret"])
    yield found
    found.close()


@pytest.fixture(scope="module")
def engine(module_exchange):
    """One engine for all faults that an engine survives."""
    running = module_exchange.started()
    running.wait("a running view", lambda: (view := running.series.view()) and view.ready)
    yield running
    running.close()
    running.process.stdin.close()
    assert running.process.wait(20) == 0
    running.process.stdout.close()


@pytest.fixture(autouse=True)
def no_fault_left(engine) -> Iterator[None]:
    yield
    engine.control.clear_faults()


def btc(running):
    return next(shown for shown in running.view().underlyings if shown.underlying == "BTC")


def calm(running, house) -> None:
    """No order or executing ticket, nothing unknown, and the position is the exchange's."""
    running.wait("no ticket at work", lambda: not running.ledger.tickets([TicketState.EXECUTING]), 45)
    running.wait("no order alive", lambda: not running.ledger.orders(states=LIVE), 45)
    running.wait("the exchange's position", lambda: house.position() == held(running), 30)
    running.wait("a known delta", lambda: btc(running).drift)


def books_agree(running, house, since) -> None:
    """Each trade once on both sides, each order requested and accepted once at most."""
    state = running.control.state()
    mine = {order.client_id: order for order in running.ledger.orders() if order.created_at >= since}
    for client_id in mine:
        assert state.order_requests.get(client_id, 0) <= 1, client_id
        assert state.orders_accepted.get(client_id, 0) <= 1, client_id
    theirs = {trade: label for trade, label in house.our_trades().items() if label in mine}
    fills = [fill for fill in running.ledger.fills() if fill.client_id in mine]
    assert {fill.trade_id: fill.client_id for fill in fills} == theirs
    assert len({fill.trade_id for fill in fills}) == len(fills)
    for client_id, order in mine.items():
        booked = sum(fill.amount for fill in fills if fill.client_id == client_id)
        assert order.filled == booked, order
        assert order.state is not OrderState.ABSENT or client_id not in state.orders_accepted


def push_out(running, house) -> None:
    """Bring the delta out of its band by a trade by hand, and wait until the engine has taken it in."""
    running.wait("a delta", lambda: btc(running).drift)
    missing = (17.0 - btc(running).drift.delta) * running.control.state().index["btc_usd"]
    if missing > 1000:
        running.control.trade(PERPETUAL, "buy", int(missing) // 10 * 10)
    calm(running, house)
    running.wait("a ticket after the trade", lambda: fits(running), 30)


def held(running) -> float:
    return float(sum(p.amount for p in running.view().positions if p.instrument.name == PERPETUAL))


def fits(running):
    """A waiting ticket for at least four clips."""
    ticket = running.waiting()
    return ticket if ticket and ticket.legs[0].amount > 900_000 else None


def asked_to_arm(running) -> Command:
    """By another trader each time."""
    return running.ask(
        CommandKind.AUTO_ARM,
        user=f"tess {next(_users)}",
        minutes=15,
        max_orders=30,
        max_turnover_usd=1e7,
    )


def arm(running) -> None:
    answer = asked_to_arm(running)
    assert answer.state is CommandState.DONE, answer


def sent(running) -> int:
    return sum(running.control.state().order_requests.values())


def settled_or_off(running) -> bool:
    auto = running.view().auto
    if auto.mode is not AutoMode.ARMED:
        return bool(auto.ended_because)
    drift = btc(running).drift
    return bool(drift) and drift.state is DriftState.INSIDE


FAULTS = {  # how long after the first order each one stays on, seconds
    "stale_feed": 2.0,
    "venue_down": 1.5,
    "timeout_before_accept": 5.5,
    "timeout_after_accept": 5.5,
    "cut_before": 1.5,
    "cut_during": 1.5,
    "cut_after": 1.5,
    "partial_fills": 2.0,
}


@pytest.mark.parametrize("name", FAULTS)
def test_while_armed_no_fault_makes_two_orders_of_one(engine, house, name):
    push_out(engine, house)
    since, before = utc_now(), sent(engine)
    engine.control.set_fault(name)
    arm(engine)
    if name != "venue_down":
        engine.wait("an order by itself", lambda: sent(engine) > before)
    time.sleep(FAULTS[name])
    engine.control.clear_faults()
    engine.wait("inside, or off with a reason", lambda: settled_or_off(engine), 45)
    engine.wait("no order alive", lambda: not engine.ledger.orders(states=LIVE), 45)
    calm(engine, house)
    engine.ask(CommandKind.AUTO_OFF)
    books_agree(engine, house, since)
    assert engine.view().trading_state is TradingState.ACTIVE
    assert engine.process.poll() is None


def test_frozen_prices_that_are_still_answered_send_nothing(engine, house):
    """Stream silent, REST answering promptly from long ago: each answer looks fresh, none is."""
    push_out(engine, house)
    engine.control.set_fault("stale_feed", rest=True)
    house.freeze()
    time.sleep(6.5)
    before = sent(engine)
    asked_to_arm(engine)  # refused while only reducing is allowed, as after a while of old marks
    time.sleep(3.5)
    assert sent(engine) == before
    engine.ask(CommandKind.AUTO_OFF)
    engine.control.clear_faults()
    calm(engine, house)
    if engine.view().trading_state is TradingState.REDUCING:
        resume(engine)


def at_once(running, ticket, users, **changes) -> list[Command]:
    """Approvals of one ticket by several people in the same instant."""
    keys = [uuid4().hex for _ in users]
    for key, user in zip(keys, users, strict=True):
        seen = {"ref": ticket.id, "ref_version": ticket.version, "ref_hash": ticket.content_hash, **changes}
        running.ledger.append_command(
            Command(key=key, at=utc_now(), user=user, role=Role.TRADER, kind=CommandKind.APPROVE, **seen)
        )
    return [
        running.wait(
            "an answer",
            lambda key=key: (
                found if (found := running.ledger.command(key)).state is not CommandState.PENDING else None
            ),
        )
        for key in keys
    ]


def test_an_approval_is_for_exactly_what_was_shown_and_for_one_person(engine, house):
    push_out(engine, house)
    since = utc_now()
    ticket = engine.wait("a ticket", lambda: fits(engine))
    for outdated in ({"ref_hash": "0" * 64}, {"ref_version": ticket.version + 1}):
        (refused,) = at_once(engine, ticket, ["tess"], **outdated)
        assert refused.state is CommandState.REFUSED
        ticket = engine.wait("a ticket", lambda: fits(engine))
    answers = at_once(engine, ticket, ["tess", "tom", "tess"])
    states = [answer.state for answer in answers]
    assert states.count(CommandState.DONE) <= 1
    assert CommandState.DONE in states or engine.ledger.ticket(ticket.id).state is TicketState.SUPERSEDED
    if CommandState.DONE in states:
        done = engine.wait("the ticket's end", lambda: engine.finished(ticket.id), 30)
        orders = engine.ledger.orders(ticket_id=ticket.id)
        assert sum(order.filled for order in orders) <= done.legs[0].amount
        assert len({order.approver for order in orders}) == 1
    calm(engine, house)
    books_agree(engine, house, since)


def approved_in_clips(running):
    """A ticket of at least four clips, approved, its first order at the exchange."""
    for _ in range(5):
        ticket = running.wait("a ticket of several clips", lambda: fits(running))
        if running.approve(ticket).state is CommandState.DONE:
            break
    running.wait("its first order", lambda: running.ledger.orders(ticket_id=ticket.id))
    return ticket


def test_a_trade_by_hand_in_the_middle_of_a_ticket_is_not_hedged_beyond(engine, house):
    push_out(engine, house)
    since = utc_now()
    ticket = approved_in_clips(engine)
    engine.control.trade(PERPETUAL, "sell", OUT_OF_BAND)
    by_hand = utc_now()
    engine.wait("the ticket's end", lambda: engine.finished(ticket.id), 30)
    later = [o for o in engine.ledger.orders(ticket_id=ticket.id) if o.sent_at > by_hand]
    assert len(later) <= 1
    calm(engine, house)
    assert btc(engine).drift.delta > -5.0
    books_agree(engine, house, since)


def begun_after(running, latch: float, seconds: float) -> list[str]:
    """Labels that reached the exchange for the first time later than the latch allows."""
    late: list[str] = []
    known: set[str] = set()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        asked = time.monotonic()
        labels = set(running.control.state().order_requests)
        if asked > latch + LATCH_SECONDS and known:
            late += labels - known
        known |= labels
        time.sleep(0.01)
    assert known
    return late


def resume(running) -> None:
    assert running.ask(CommandKind.RESUME, user="tess").state is CommandState.DONE
    assert running.ask(CommandKind.RESUME, user="rita", role=Role.RISK).state is CommandState.DONE
    running.wait("active", lambda: running.view().trading_state is TradingState.ACTIVE)


@pytest.mark.parametrize("by", ["file", "command"])
def test_a_halt_in_the_middle_of_a_ticket_lets_no_order_begin(engine, house, by):
    push_out(engine, house)
    ticket = approved_in_clips(engine)
    if by == "file":
        set_kill_file(engine.state, "tess", "drill", utc_now())
    else:
        assert engine.ask(CommandKind.HALT, user="vera", role=Role.VIEWER).state is CommandState.DONE
    latch = time.monotonic()
    assert begun_after(engine, latch, 1.5) == []
    assert engine.ledger.ticket(ticket.id).state is TicketState.FAILED
    assert engine.view().trading_state is TradingState.HALTED
    resume(engine)


@contextmanager
def locked(state: Path, seconds: float) -> Iterator[None]:
    """Another process's write transaction, at least ``seconds`` long."""
    lock = sqlite3.connect(state / "ledger.sqlite", isolation_level=None, timeout=5)
    try:
        lock.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        yield
        time.sleep(max(0.0, seconds - (time.monotonic() - began)))
        lock.execute("ROLLBACK")
    finally:
        lock.close()


def test_a_kill_while_the_ledger_is_locked_sends_nothing(engine, house):
    push_out(engine, house)
    ticket = approved_in_clips(engine)
    with locked(engine.state, 2.0):
        set_kill_file(engine.state, "tess", "locked", utc_now())
        assert begun_after(engine, time.monotonic(), 1.5) == []
    engine.wait("halted", lambda: engine.view().trading_state is TradingState.HALTED)
    engine.wait("the ticket's end", lambda: engine.finished(ticket.id))
    calm(engine, house)
    resume(engine)


def test_a_stolen_lease_ends_the_engine_and_leaves_its_orders_provable(module_exchange, house, engine):
    """Runs on the module's engine last but one; the next one must find everything."""
    push_out(engine, house)
    since = utc_now()
    ticket = approved_in_clips(engine)
    engine.ledger.release_lease(engine.ledger.lease("demo"))
    thief = engine.ledger.acquire_lease("demo", "thief", utc_now(), timedelta(seconds=60))
    assert begun_after(engine, time.monotonic(), 1.5) == []
    assert engine.process.wait(10) == 2
    assert engine.ledger.ticket(ticket.id).state is TicketState.EXECUTING
    assert "is held by thief" in module_exchange.refusal()
    engine.ledger.release_lease(thief)
    engine.process.stdin.close()
    engine.process.stdout.close()
    engine.process = module_exchange.engine()
    assert json.loads(engine.process.stdout.readline())["event"] == "ready"
    engine.wait("the ticket's end", lambda: engine.finished(ticket.id), 30)
    calm(engine, house)
    books_agree(engine, house, since)


def test_ended_in_flight_and_killed_while_recovering_every_order_is_still_proved(
    module_exchange, house, engine
):
    push_out(engine, house)
    since = utc_now()
    engine.control.set_fault("timeout_after_accept")
    ticket = engine.wait("a ticket", lambda: fits(engine))
    engine.approve(ticket)
    order = engine.wait("an order", lambda: engine.ledger.orders(ticket_id=ticket.id))[0]
    engine.wait("its request", lambda: order.client_id in engine.control.state().order_requests)
    engine.process.send_signal(signal.SIGTERM)
    assert engine.process.wait(15) == 0
    for code in (-9, None):
        engine.process.stdin.close()
        engine.process.stdout.close()
        engine.process = module_exchange.engine()
        assert json.loads(engine.process.stdout.readline())["event"] == "ready"
        if code is not None:
            engine.process.kill()
            assert engine.process.wait(10) == code
            engine.control.clear_faults()
    engine.wait("the ticket's end", lambda: engine.finished(ticket.id), 30)
    calm(engine, house)
    books_agree(engine, house, since)
    assert engine.ledger.verify_chain()
