"""The real engine, armed, through the faults of the paper exchange: whatever one does, no order twice.

Each fault strikes while the engine hedges by itself. In the end the exchange has seen each client id once at
most, the ledger holds the exchange's trades and no others, no limit was passed, and the delta is inside its
band or automatic mode is off and says why. ``HEDGING_EVERY_FAULT=1`` runs all faults, about eight minutes.
"""

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import ccxt
import pytest
from running import Exchange, RunningDemo, child, ended, ready

from hedging.clock import utc_now
from hedging.model.exposure import DriftState
from hedging.model.trading import AutoMode, CommandKind, CommandState, OrderState, Role, TradingState
from hedging.paper.faults.registry import known_faults
from hedging.workflow.order import LIVE

ALIVE = LIVE - {OrderState.QUARANTINED}
PERPETUAL = "BTC-PERPETUAL"
HARD_COIN = 60.0  # hedge_position of the demo's configuration
BAND_COIN = 5.0
NEEDED_COIN = 4.0  # beyond the band, two clips
_users = itertools.count()


@dataclass(frozen=True)
class Case:
    """How a fault is switched: its parameters, and how long it stays on."""

    parameters: dict[str, object] = field(default_factory=dict)
    seconds: float = 1.5


ALWAYS = {
    "keep_alive_drop": Case(),
    "error_after_accept": Case({"times": 1}),
    "late_fill": Case({"delay": 0.3}),
    "rate_limited": Case(),
    "positions_empty": Case(seconds=2.5),
    "lost_messages": Case({"channels": "account"}, 2.5),
}
"""Run at every change, beside ``WRONG_DATA`` and those of ``test_faults.py``; the rest needs the variable."""

ON_DEMAND = {
    "truncated_json": Case({"times": 1}),
    "auth_expired": Case(seconds=2.5),
    "clock_skew": Case({"ahead": 10.0}, 3.0),
    "clock_step_back": Case(seconds=4.0),
    "crossed_book": Case(),
    "cut_after": Case(),
    "cut_before": Case(),
    "cut_during": Case(),
    "delayed_messages": Case(seconds=4.0),
    "delisting": Case(),
    "duplicated_messages": Case(),
    "dust": Case(),
    "early_expiry": Case({"underlying": "BTC"}),
    "empty_book": Case(),
    "error_page": Case({"times": 1}),
    "extreme_iv": Case(seconds=3.0),
    "fee_in_another_coin": Case(),
    "fill_after_cancel_ack": Case({"delay": 0.3}),
    "fill_after_cancel_request": Case(),
    "funding": Case(),
    "greeks_sign": Case(seconds=4.0),
    "greeks_unit": Case(seconds=4.0),
    "ioc_remainder": Case(),
    "key_revoked": Case(seconds=2.5),
    "late_accept": Case({"delay": 8.0, "fence": "arrival", "times": 1}, 9.0),
    "liquidation": Case({"share": 0.05}),
    "lost_snapshot": Case(),
    "maintenance": Case(seconds=3.0),
    "margin_call": Case(seconds=3.0),
    "one_sided_book": Case(),
    "partial_fills": Case(),
    "permission_lost": Case(),
    "position_by_hand": Case({"usd": 50_000.0, "trace": "nothing"}, 3.0),
    "positions_fail": Case(seconds=2.5),
    "positions_old": Case(seconds=4.0),
    "post_only_rejected": Case(),
    "price_as_text": Case(seconds=2.5),
    "price_nan": Case(seconds=2.5),
    "price_negative": Case(seconds=2.5),
    "price_times_thousand": Case(seconds=2.5),
    "price_off_tick": Case(seconds=2.5),
    "price_zero": Case(seconds=2.5),
    "reduce_only_ignored": Case(),
    "reordered_messages": Case(seconds=2.5),
    "rest_behind_stream": Case(seconds=4.0),
    "sequence_gap": Case(),
    "server_error": Case({"accepted": True, "times": 1}),
    "settlement_lock": Case(),
    "silent_stream": Case(seconds=4.0),
    "stale_feed": Case(seconds=3.0),
    "timeout_after_accept": Case({"times": 1}, 4.0),
    "timeout_before_accept": Case({"times": 1}, 4.0),
    "transfer": Case({"amount": -1.0}),
    "venue_down": Case(),
}
EVERY = ALWAYS | ON_DEMAND
CHOSEN = EVERY if os.environ.get("HEDGING_EVERY_FAULT") else ALWAYS


def test_no_fault_is_forgotten():
    assert set(EVERY) == set(known_faults())
    assert not set(ALWAYS) & set(ON_DEMAND)


class Watch:
    """The exchange's own word on the account, by another client than the engine's."""

    def __init__(self, line) -> None:
        key = next(account for account in line["accounts"] if account["name"] == "trader")
        self._client = ccxt.deribit(
            {"apiKey": key["key"], "secret": key["secret"], "urls": {"api": {"rest": line["rest"]}}}
        )

    def size(self) -> float:
        raw = self._client.private_get_get_position({"instrument_name": PERPETUAL})["result"]
        return float(raw["size"])

    def trades(self) -> dict[str, tuple[str, float]]:
        """Label and signed amount of each trade in the perpetual, by trade id."""
        raw = self._client.private_get_get_user_trades_by_instrument(
            {"instrument_name": PERPETUAL, "count": 1000}
        )["result"]["trades"]
        return {
            row["trade_id"]: (
                row.get("label", ""),
                float(row["amount"]) * (1 if row["direction"] == "buy" else -1),
            )
            for row in raw
        }

    def close(self) -> None:
        self._client.session.close()


@pytest.fixture(scope="module")
def exchange(tmp_path_factory) -> Iterator[Exchange]:
    """Quick clips, a short fence, and a market that is trusted again soon after it was not."""
    process = child("paper", "--port", "0", "--seed", "7", "--until-stdin-closes")
    changes = {
        "clip_usd = 250000": "clip_usd = 250000\nclip_pause_seconds = 0.4\norder_fence_seconds = 3",
        "[market]": "[market]\nindex_seconds = 5\nquiet_seconds = 1",
    }
    yield Exchange(ready(process), tmp_path_factory.mktemp("exchange"), changes)
    ended(process)


@pytest.fixture(scope="module")
def watch(exchange) -> Iterator[Watch]:
    found = Watch(exchange.line)
    yield found
    found.close()


@pytest.fixture(scope="module")
def engine(exchange):
    running = exchange.started()
    running.wait("a running view", lambda: (view := running.series.view()) and view.ready, 40)
    yield running
    running.close()
    running.process.stdin.close()
    assert running.process.wait(20) == 0
    running.process.stdout.close()


@pytest.fixture
def running(engine) -> Iterator[RunningDemo]:
    """The module's engine; no fault is left on."""
    yield engine
    engine.control.clear_faults()


def btc(running):
    return next(shown for shown in running.view().underlyings if shown.underlying == "BTC")


def inside(running) -> bool:
    drift = btc(running).drift
    return bool(drift) and drift.state is DriftState.INSIDE


def held(running) -> float:
    return float(sum(p.amount for p in running.view().positions if p.instrument.name == PERPETUAL))


def recovered(running, watch) -> None:
    """Everything by people that a fault may have left to do, and the exchange's position in the view."""
    running.control.clear_faults()
    running.ask(CommandKind.AUTO_OFF)
    for order in running.ledger.orders(states=[OrderState.QUARANTINED]):
        running.wait("a release", lambda order=order: released(running, order.client_id), 30)
    if running.view().trading_state is not TradingState.ACTIVE:
        running.ask(CommandKind.RESUME, user="tess")
        running.ask(CommandKind.RESUME, user="rita", role=Role.RISK)
    running.wait("active", lambda: running.view().trading_state is TradingState.ACTIVE, 30)
    running.wait("the exchange's position", lambda: watch.size() == held(running), 30)
    running.wait("a known delta", lambda: btc(running).drift, 30)


def released(running, client_id) -> bool:
    answer = running.ask(
        CommandKind.RELEASE, user="rita", role=Role.RISK, ref=client_id, reason="seen at the exchange"
    )
    return answer.state is CommandState.DONE


def bring(running, watch, coin: float) -> None:
    """A trade by hand that takes the delta to about ``coin``, seen by the engine."""
    missing = coin - btc(running).drift.delta
    usd = missing * running.control.state().index["btc_usd"]
    if abs(usd) > 1000:
        running.control.trade(PERPETUAL, "buy" if usd > 0 else "sell", int(abs(usd)) // 10 * 10)
    running.wait("the trade in the view", lambda: watch.size() == held(running), 30)
    wanted = abs(coin) < BAND_COIN
    running.wait("its delta", lambda: btc(running).drift and inside(running) is wanted, 20)


def arm(running) -> None:
    """Armed by another trader each time."""

    def armed() -> bool:
        answer = running.ask(
            CommandKind.AUTO_ARM, user=f"tess {next(_users)}", minutes=15, max_orders=30, max_turnover_usd=1e7
        )
        return answer.state is CommandState.DONE

    running.wait("armed", armed, 20)


def off_with_a_reason(running) -> bool:
    view = running.view()
    ended = view.auto.mode is not AutoMode.ARMED and len(view.auto.ended_because.split()) >= 2
    stopped = view.trading_state is not TradingState.ACTIVE
    return ended or (stopped and bool(view.halted_because or view.reduced_because))


def on_for(running, seconds: float) -> None:
    """Let the fault last, and count at the exchange all the while."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        requests = running.control.state().order_requests
        assert {label: n for label, n in requests.items() if n > 1 and label.startswith("T")} == {}
        time.sleep(0.2)


def books_agree(running, watch, since) -> None:
    """One request a client id, one acceptance, the ledger's fills are the exchange's trades."""
    state = running.control.state()
    ours = {order.client_id: order for order in running.ledger.orders() if order.created_at >= since}
    for client_id in ours:
        assert state.order_requests.get(client_id, 0) <= 1, client_id
        assert state.orders_accepted.get(client_id, 0) <= 1, client_id
    for label, count in (state.order_requests | state.orders_accepted).items():
        assert count <= 1 or not label.startswith("T"), label
    trades = watch.trades()
    theirs = {trade: label for trade, (label, _) in trades.items() if label in ours}
    fills = [fill for fill in running.ledger.fills() if fill.client_id in ours]
    assert {fill.trade_id: fill.client_id for fill in fills} == theirs
    assert len({fill.trade_id for fill in fills}) == len(fills)
    moved = sum(float(fill.amount) * (1 if ours[fill.client_id].side > 0 else -1) for fill in fills)
    assert moved == sum(amount for _, (label, amount) in trades.items() if label in ours)
    for client_id, order in ours.items():
        assert order.filled == sum(fill.amount for fill in fills if fill.client_id == client_id), order
        assert order.state is not OrderState.ABSENT or client_id not in state.orders_accepted


def priced_well(running, since) -> None:
    """Whatever an order was sent on, its price was near the true one and on the tick."""
    index = running.control.state().index["btc_usd"]
    for order in running.ledger.orders():
        if order.created_at >= since and order.sent_at is not None:
            assert abs(float(order.limit_price) / index - 1) < 0.03, order
            assert order.limit_price % Decimal("0.5") == 0, order


def over(running, watch, since) -> None:
    """Inside or off with a reason, nothing alive, one position and one set of trades on both sides."""
    running.wait("inside, or off with a reason", lambda: inside(running) or off_with_a_reason(running), 30)
    running.ask(CommandKind.AUTO_OFF)
    running.wait("no order alive", lambda: not running.ledger.orders(states=ALIVE), 30)
    running.wait("the exchange's position", lambda: watch.size() == held(running), 30)
    books_agree(running, watch, since)
    priced_well(running, since)
    assert abs(watch.size()) <= HARD_COIN * running.control.state().index["btc_usd"]
    assert running.process.poll() is None


def _hits(running, name) -> int:
    return next(row.hits for row in running.control.faults() if row.name == name)


@pytest.mark.parametrize("name", CHOSEN)
def test_no_fault_makes_two_orders_of_one_or_passes_a_limit(running, watch, name):
    recovered(running, watch)
    bring(running, watch, BAND_COIN + NEEDED_COIN)
    since, size_before, case = utc_now(), watch.size(), CHOSEN[name]
    arm(running)
    running.control.set_fault(name, **case.parameters)
    on_for(running, case.seconds)
    struck = _hits(running, name)
    patience = time.monotonic() + 15  # a busy machine asks for less in the same time
    while not struck and name in ALWAYS and time.monotonic() < patience:
        running.control.set_fault(name, **case.parameters)
        on_for(running, case.seconds)
        struck = _hits(running, name)
    assert struck or name not in ALWAYS, "the fault met nothing"
    running.control.clear_faults()
    over(running, watch, since)
    index = running.control.state().index["btc_usd"]
    assert watch.size() >= size_before - (NEEDED_COIN + 6.0) * index, "no more was sold than was needed"


WRONG_DATA = (
    "price_nan",
    "price_zero",
    "price_negative",
    "price_off_tick",
    "price_as_text",
    "price_times_thousand",
    "crossed_book",
    "empty_book",
    "one_sided_book",
    "extreme_iv",
    "greeks_sign",
    "greeks_unit",
    "clock_skew",
    "reordered_messages",
    "stale_feed",
)


def test_armed_through_one_kind_of_wrong_data_after_another_every_order_is_at_a_true_price(running, watch):
    """Each for half a second, the market moving on beneath; whatever is sent is sent well."""
    recovered(running, watch)
    since = utc_now()
    bring(running, watch, BAND_COIN - 0.5)
    arm(running)
    for number, name in enumerate(WRONG_DATA):
        running.control.set_fault(name, for_seconds=0.6)
        if number in (1, 6):
            running.control.price_shock("BTC", -0.015)
        on_for(running, 0.5)
    running.control.clear_faults()
    over(running, watch, since)
