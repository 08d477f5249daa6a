"""Real ``kill -9`` of the real engine, again and again on one state folder, at random instants around sends.

The exchange fills, answers nothing, or cuts the line meanwhile. In the end no row that the ledger had once
shown is missing, no order was accepted twice, and the ledger holds exactly the exchange's trades.
"""

import contextlib
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import ccxt
import pytest
from zygote import Zygote, is_there, killed

from hedging.clock import utc_now
from hedging.ledger import Ledger
from hedging.model.trading import Command, CommandKind, OrderState, Role, TicketState
from hedging.paper.control_client import ControlClient
from hedging.workflow.order import LIVE, is_ours

KILLS = int(os.environ.get("HEDGING_KILLS", "15"))  # .ci/run asks for two hundred
SEED = 20261122
PERPETUAL = "BTC-PERPETUAL"
FAULTS = (
    *[""] * 8,
    "timeout_after_accept",
    "timeout_before_accept",
    "cut_after",
    "cut_before",
    "partial_fills",
    "late_accept",
)
CHANGES = {
    "clip_usd = 250000": "clip_usd = 20000\nclip_pause_seconds = 0.05\norder_fence_seconds = 1\n"
    "venue_lag_seconds = 0.5\ndaily_orders = 100000",
    "band = { lower = -5.0, upper = 5.0": "band = { lower = -0.3, upper = 0.3",
}


@dataclass
class Found:
    """What the kills met."""

    kills: int = 0
    in_flight: int = 0
    recovering: int = 0
    faults: Counter = field(default_factory=Counter)
    commands: list[str] = field(default_factory=list)
    head: tuple[int, str] = (0, "")


class Round:
    """One engine from its fork to its end."""

    def __init__(self, house: "House", found: Found) -> None:
        self.house = house
        self.found = found
        self.until = time.monotonic() + 4.0
        self.began = utc_now()
        self.pid = house.start()

    def waiting(self):
        """A ticket that waits, of this run."""
        tickets = self.house.ledger.tickets([TicketState.PROPOSED])
        mine = (each for each in tickets if each.underlying == "BTC" and each.created_at > self.began)
        return next(mine, None)

    def wait(self, found):
        """What is found, or None where it is not in time or the engine has ended."""
        while time.monotonic() < self.until:
            value = found()
            if value:
                return value
            time.sleep(0.003)
        return None

    def approve(self, ticket) -> None:
        key = uuid4().hex
        self.house.ledger.append_command(
            Command(
                key=key, at=utc_now(), user="tess", role=Role.TRADER, kind=CommandKind.APPROVE,
                ref=ticket.id, ref_version=ticket.version, ref_hash=ticket.content_hash,
            )
        )  # fmt: skip
        self.found.commands.append(key)

    def run(self, chance: random.Random) -> None:
        """Let it begin to send, and kill it at an instant of chance."""
        if chance.random() < 0.4:  # while it starts, and proves what the one before left behind
            time.sleep(chance.uniform(0.0, 0.8))
        elif ticket := self.wait(self.waiting):
            known = {order.client_id for order in self.house.ledger.orders(limit=5)}
            self.approve(ticket)
            if chance.random() < 0.7:
                self.wait(lambda: {o.client_id for o in self.house.ledger.orders(limit=2)} - known)
                time.sleep(chance.uniform(0.0, chance.choice((0.03, 0.6))))
            else:
                time.sleep(chance.uniform(0.0, 0.4))
        self.end()

    def end(self) -> None:
        ledger, found = self.house.ledger, self.found
        assert is_there(self.pid), self.house.said()
        head = ledger.head(utc_now())
        killed(self.pid)
        found.kills += 1
        before = found.head
        if before[0]:
            assert ledger.record(before[0]).hash == before[1]
        found.head = (head.sequence, head.hash)
        live = {order.state for order in ledger.orders(states=LIVE)}
        found.in_flight += bool(live)
        found.recovering += OrderState.UNKNOWN in live


class House:
    """The exchange, the zygote, and the ledger that outlives every engine."""

    def __init__(self, exchange) -> None:
        self.exchange = exchange
        self.config = exchange.config(CHANGES)
        self.log = exchange.folder / "engine.log"
        key = exchange.account("trader")
        self.environment = {"HEDGING_KEY": key["key"], "HEDGING_SECRET": key["secret"]}
        control = exchange.line["control"]
        self.control = ControlClient(control["url"], control["token"])
        self.zygote = Zygote()
        (exchange.folder / "state").mkdir(mode=0o700, exist_ok=True)
        self.ledger = Ledger.open(exchange.folder / "state")
        self._client = ccxt.deribit(
            {
                "apiKey": key["key"],
                "secret": key["secret"],
                "urls": {"api": {"rest": exchange.line["rest"]}},
            }
        )

    def start(self) -> int:
        return self.zygote.engine(self.config, self.environment, self.log)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")[-2000:]

    def position(self) -> float:
        return float(self._client.private_get_get_position({"instrument_name": PERPETUAL})["result"]["size"])

    def trades(self) -> dict[str, str]:
        """Label of every trade that carries one of ours, by trade id."""
        found: dict[str, str] = {}
        start = 0
        while True:
            asked = {
                "currency": "BTC", "start_timestamp": start, "end_timestamp": 4_000_000_000_000,
                "count": 1000, "sorting": "asc",
            }  # fmt: skip
            answered = self._client.private_get_get_user_trades_by_currency_and_time(asked)["result"]
            page = {trade["trade_id"]: trade for trade in answered["trades"]}
            fresh = page.keys() - found.keys()
            found |= {key: trade.get("label", "") for key, trade in page.items()}
            if not answered["has_more"] or not fresh:
                return {key: label for key, label in found.items() if label.startswith("T")}
            start = max(int(trade["timestamp"]) for trade in page.values())

    def close(self) -> None:
        self._client.session.close()
        self.zygote.close()
        self.ledger.close()


@pytest.fixture
def house(exchange):
    found = House(exchange)
    yield found
    found.close()


def calm(house: House) -> None:
    """One more engine, left alone until everything is proved and its position is the exchange's."""
    pid = house.start()
    until = time.monotonic() + 60
    try:
        while time.monotonic() < until:
            assert is_there(pid), house.said()
            over = not house.ledger.orders(states=LIVE) and not house.ledger.tickets([TicketState.EXECUTING])
            ours = {fill.trade_id for fill in house.ledger.fills() if fill.client_id}
            if over and ours == set(house.trades()):
                return
            time.sleep(0.2)
    finally:
        killed(pid)


@pytest.mark.timeout(900)
def test_two_hundred_kills_lose_no_row_and_double_no_order(house, record_property):
    chance, found = random.Random(SEED), Found()
    began = time.monotonic()
    while found.kills < KILLS:
        with contextlib.suppress(Exception):
            house.control.clear_faults()
        if abs(house.position()) < 1_500_000:
            house.control.trade(PERPETUAL, "buy", 200_000)
        this = Round(house, found)
        fault = chance.choice(FAULTS)
        if fault:
            house.control.set_fault(fault)
            found.faults[fault] += 1
        this.run(chance)
    seconds = time.monotonic() - began
    house.control.clear_faults()
    calm(house)

    ledger, state = house.ledger, house.control.state()
    orders = ledger.orders()
    theirs = house.trades()
    fills = [fill for fill in ledger.fills() if fill.client_id]
    said = {
        "kills": found.kills,
        "seconds": round(seconds, 1),
        "orders": len(orders),
        "trades": len(theirs),
        "kills with an order in flight": found.in_flight,
        "kills while one was unknown": found.recovering,
        "states": dict(Counter(order.state.value for order in orders)),
        "faults": dict(found.faults),
    }
    print(said)
    record_property("kill nine", str(said))
    assert {order.state for order in orders} & LIVE == set()
    for counted in (state.orders_accepted, state.order_requests):  # trades by hand carry no id of ours
        assert {label: n for label, n in counted.items() if n != 1 and is_ours(label)} == {}
    assert {fill.trade_id: fill.client_id for fill in fills} == theirs
    assert len(fills) == len(theirs)
    assert not [key for key in found.commands if ledger.command(key) is None]
    assert ledger.record(found.head[0]).hash == found.head[1]
    assert ledger.verify_chain() > 0
    assert found.in_flight > KILLS // 10
    assert len(theirs) > KILLS // 10
