"""Faults of the exchange as a whole: expiry, delisting, settlement, maintenance, its clock."""

import time
from itertools import pairwise

import ccxt
import pytest
from paper_wire import BTC, Refusal


def refused(wire, code, method, **params):
    with pytest.raises(Refusal) as info:
        wire.ask(method, **params)
    assert info.value.code == code


def listed(wire):
    return {row["instrument_name"] for row in wire.ask("public/get_instruments", currency="BTC")}


def test_delisting(wire):
    order = wire.resting("dl", 100)
    wire.control.set_fault("delisting", instrument=BTC)
    assert BTC not in listed(wire)
    told = wire.ask("private/get_order_state", order_id=order["order_id"])
    assert (told["order_state"], told["cancel_reason"]) == ("cancelled", "instrument_delisted")
    refused(wire, 10012, "private/buy", instrument_name=BTC, amount=10, label="dl 2")
    refused(wire, 13020, "public/ticker", instrument_name=BTC)
    assert wire.ask("private/get_position", instrument_name=BTC)["size"] == wire.position() != 0
    assert wire.ticker("ETH-PERPETUAL")
    wire.control.clear_faults()
    assert BTC in listed(wire)
    assert wire.order("sell", "dl off")["order"]["order_state"] == "filled"


def test_early_expiry(wire):
    account = wire.paper.server.exchange.accounts["desk"]
    held = {item.listing for item in account.held() if item.is_option and item.listing.underlying == "BTC"}
    first = min(listing.expiration_ns for listing in held)
    going = next(listing for listing in held if listing.expiration_ns == first)
    orders = {"instrument_name": going.name, "amount": 0.1, "price": going.tick_size, "label": "ee"}
    order = wire.ask("private/buy", **orders)["order"]
    wire.control.set_fault("early_expiry", underlying="BTC")
    rows = wire.ask("private/get_positions", currency="any")
    assert going.name not in {row["instrument_name"] for row in rows}
    assert going.name not in listed(wire)
    told = wire.ask("private/get_order_state", order_id=order["order_id"])
    assert (told["order_state"], told["cancel_reason"]) == ("cancelled", "expired")
    line = wire.ask("private/get_transaction_log", currency="BTC", query="delivery", count=1)["logs"]
    assert [entry["type"] for entry in line] == ["delivery"]
    refused(wire, 10012, "private/buy", **orders)
    assert wire.control.state().faults_on == ()
    assert wire.order("sell", "ee off")["order"]["order_state"] == "filled"


def test_settlement_lock(wire):
    wire.control.set_fault("settlement_lock")
    refused(wire, 10041, "private/sell", instrument_name=BTC, amount=10, label="sl")
    refused(wire, 10041, "private/cancel_by_label", label="sl")
    assert wire.ask("public/status")["locked"] == "partial"
    assert wire.ask("private/get_positions", currency="BTC")
    wire.control.clear_faults()
    assert wire.ask("public/status")["locked"] == "false"
    assert wire.order("sell", "sl off")["order"]["order_state"] == "filled"


def test_maintenance(wire):
    wire.control.set_fault("maintenance")
    refused(wire, 11051, "private/sell", instrument_name=BTC, amount=10, label="mt")
    refused(wire, 11051, "public/ticker", instrument_name=BTC)
    assert wire.ask("public/status")["locked"] == "true"
    assert wire.ask("public/get_time")
    wire.control.clear_faults()
    assert wire.order("sell", "mt off")["order"]["order_state"] == "filled"


def ahead(wire):
    """Seconds by which each of the exchange's clocks is ahead of ours."""
    now = time.time()
    clocks = (
        wire.ask("public/get_time") / 1000,
        wire.ticker()["timestamp"] / 1000,
        wire.order("sell", "clock")["order"]["last_update_timestamp"] / 1000,
    )
    return [clock - now for clock in clocks]


@pytest.mark.parametrize("seconds", [1.0, -1.0, 10.0, -10.0])
def test_clock_skew(wire, seconds):
    wire.control.set_fault("clock_skew", ahead=seconds)
    assert ahead(wire) == pytest.approx([seconds] * 3, abs=0.5)
    fence = int((time.time() + seconds / 2) * 1000)
    if seconds > 0:
        refused(wire, 13888, "private/sell", instrument_name=BTC, amount=10, type="market", valid_until=fence)
    else:
        wire.order("sell", "too late by a true clock", valid_until=fence)
    wire.control.clear_faults()
    assert ahead(wire) == pytest.approx([0.0] * 3, abs=0.5)


def test_clock_skew_beyond_a_minute_makes_every_signature_too_old(wire):
    client = ccxt.deribit(wire.paper.config(timeout=3000))
    wire.control.set_fault("clock_skew", ahead=90.0)
    with pytest.raises(ccxt.ExchangeError, match="bad_timestamp"):
        client.private_get_get_positions({"currency": "BTC"})
    wire.control.clear_faults()
    assert client.private_get_get_positions({"currency": "BTC"})["result"]
    client.session.close()


def test_clock_step_back(wire):
    wire.control.set_fault("clock_step_back", step=5.0, every=0.4)
    seen, until = [], time.monotonic() + 1.5
    while time.monotonic() < until:
        seen.append(wire.ask("public/get_time") / 1000 - time.time())
        time.sleep(0.03)
    assert {round(clock / 5) * 5 for clock in seen} == {-5, 0}
    steps = sum(1 for a, b in pairwise(seen) if b < a - 2)
    assert steps >= 1, "it steps back while one looks"
    wire.control.clear_faults()
    assert ahead(wire) == pytest.approx([0.0] * 3, abs=0.5)
