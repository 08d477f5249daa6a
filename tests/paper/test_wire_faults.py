"""Faults of the connection and of the key: what reached the exchange, what was accepted, what came back."""

import asyncio
import time

import aiohttp
import pytest
from paper_wire import NoAnswer, Refusal


def lost(wire, label, accepted):
    """An order of which the client hears nothing it can use: one request, so many accepted orders."""
    with pytest.raises(NoAnswer):
        wire.order("sell", label)
    assert (wire.requested(label), wire.accepted(label)) == (1, accepted)


def heard(wire, label):
    """Switched off, an order is answered as ever."""
    wire.control.clear_faults()
    assert wire.order("sell", label)["order"]["order_state"] == "filled"


def waited(found, seconds=5.0):
    until = time.monotonic() + seconds
    while not found() and time.monotonic() < until:
        time.sleep(0.02)
    assert found()


def test_timeout_before_accept(wire):
    wire.control.set_fault("timeout_before_accept")
    lost(wire, "tb", 0)
    heard(wire, "tb off")


def test_timeout_after_accept(wire):
    wire.control.set_fault("timeout_after_accept")
    lost(wire, "ta", 1)
    heard(wire, "ta off")


@pytest.mark.parametrize("fence", ["acceptance", "arrival"])
def test_late_accept(wire, fence):
    wire.control.set_fault("late_accept", delay=1.2, fence=fence)
    lost(wire, f"late {fence}", 0)
    fenced = f"fenced {fence}"
    with pytest.raises(NoAnswer):
        wire.order("sell", fenced, valid_until=int(time.time() * 1000) + 700)
    wire.control.clear_faults()
    waited(lambda: wire.accepted(f"late {fence}"))
    if fence == "arrival":
        waited(lambda: wire.accepted(fenced))
    else:
        time.sleep(1.0)
        assert wire.accepted(fenced) == 0
    heard(wire, f"{fence} off")


@pytest.mark.parametrize("bound", [{"delay": 5.0}, {"delay": 60.0}])
def test_late_accept_keeps_the_order_back_until_then(wire, bound):
    wire.control.set_fault("late_accept", times=1, **bound)
    label = f"late {bound}"
    lost(wire, label, 0)
    heard(wire, f"{label} off")
    assert wire.accepted(label) == 0


def test_cut_before(wire):
    wire.control.set_fault("cut_before")
    lost(wire, "cb", 1)
    heard(wire, "cb off")


def test_cut_during(wire):
    wire.control.set_fault("cut_during")
    lost(wire, "cd", 1)
    heard(wire, "cd off")


def test_cut_after(wire):
    wire.control.set_fault("cut_after")
    connection = wire.connection(2.0)
    asked = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market", "label": "ca"}
    assert wire.over(connection, "private/sell", **asked)[0] == 200
    assert connection.sock.recv(1) == b"", "the exchange hangs up after the answer"
    connection.close()
    heard(wire, "ca off")


def test_keep_alive_drop(wire):
    wire.control.set_fault("keep_alive_drop")
    connection = wire.connection()
    asked = {"instrument_name": "BTC-PERPETUAL", "amount": 10, "type": "market"}
    assert wire.over(connection, "private/sell", label="k1", **asked)[0] == 200
    with pytest.raises(NoAnswer):
        wire.over(connection, "private/sell", label="k2", **asked)
    assert wire.accepted("k2") == 1
    wire.control.set_fault("keep_alive_drop", carried_out=False)
    connection = wire.connection()
    assert wire.over(connection, "private/sell", label="k3", **asked)[0] == 200
    with pytest.raises(NoAnswer):
        wire.over(connection, "private/sell", label="k4", **asked)
    assert wire.accepted("k4") == 0
    wire.control.clear_faults()
    connection = wire.connection()
    for label in ("k5", "k6"):
        assert wire.over(connection, "private/sell", label=label, **asked)[0] == 200
    connection.close()


def test_keep_alive_drop_is_what_makes_libraries_send_twice(wire):
    """Aiohttp repeats a GET on a kept connection by itself, and every call here is a GET."""
    wire.control.set_fault("keep_alive_drop", times=1)

    async def two_orders():
        async with aiohttp.ClientSession() as session:
            for label in ("aio 1", "aio 2"):
                path = wire.path(
                    "private/sell", instrument_name="BTC-PERPETUAL", amount=10, type="market", label=label
                )
                headers = {"Authorization": f"Bearer {wire.token}"}
                async with session.get(f"{wire.paper.rest}{path}", headers=headers) as response:
                    await response.read()

    asyncio.run(two_orders())
    assert (wire.requested("aio 2"), wire.accepted("aio 2")) == (2, 2)


@pytest.mark.parametrize("accepted", [False, True])
def test_server_error(wire, accepted):
    wire.control.set_fault("server_error", status=504, accepted=accepted)
    label = f"5xx {accepted}"
    lost(wire, label, int(accepted))
    assert wire.raw("private/buy", instrument_name="X", amount=10)[0] == 504 or accepted
    heard(wire, f"{label} off")


@pytest.mark.parametrize("accepted", [False, True])
def test_error_page(wire, accepted):
    wire.control.set_fault("error_page", accepted=accepted, calls="all")
    status, kind, body = wire.raw("public/get_time")
    assert (status, kind.split(";")[0], body[:6]) == (200, "text/html", b"<html>")
    lost(wire, f"page {accepted}", int(accepted))
    heard(wire, f"page {accepted} off")


def test_truncated_json(wire):
    wire.control.set_fault("truncated_json", calls="all")
    status, kind, body = wire.raw("public/get_time")
    assert (status, kind, body[:10]) == (200, "application/json", b'{"jsonrpc"')
    assert not body.endswith(b"}")
    lost(wire, "half", 1)
    heard(wire, "half off")


def test_rate_limited(wire):
    wire.control.set_fault("rate_limited")
    for call in ("public/get_time", "private/get_positions"):
        with pytest.raises(Refusal) as info:
            wire.ask(call)
        assert info.value.code == 10028
    wire.control.set_fault("rate_limited", how="status", calls="orders")
    assert wire.raw("private/buy")[0] == 429
    assert wire.ask("public/get_time")
    lost(wire, "429", 0)
    heard(wire, "429 off")


def test_error_after_accept(wire):
    wire.control.set_fault("error_after_accept")
    with pytest.raises(Refusal) as info:
        wire.order("sell", "retry")
    assert (info.value.code, wire.accepted("retry")) == (10040, 1)
    heard(wire, "retry off")


def test_venue_down(wire):
    wire.control.set_fault("venue_down")
    with pytest.raises(NoAnswer):
        wire.ask("public/get_time")

    async def connects():
        async with aiohttp.ClientSession() as session, session.ws_connect(wire.paper.ws):
            return True

    with pytest.raises(aiohttp.ClientError):
        asyncio.run(connects())
    wire.control.set_fault("venue_down", how="unavailable")
    assert wire.raw("public/get_time")[0] == 503
    lost(wire, "down", 0)
    heard(wire, "down off")
    assert asyncio.run(connects())


def refused(wire, call, code, **params):
    with pytest.raises(Refusal) as info:
        wire.ask(call, **params)
    assert info.value.code == code


def test_auth_expired(wire):
    wire.control.set_fault("auth_expired")
    refused(wire, "private/get_positions", 13009)
    refused(wire, "private/buy", 13009)
    assert wire.ask("public/auth", **wire.credentials)["access_token"]
    assert wire.ask("public/get_time")
    heard(wire, "auth off")


def test_key_revoked(wire):
    wire.control.set_fault("key_revoked")
    refused(wire, "private/get_positions", 13004)
    refused(wire, "public/auth", 13004, **wire.credentials)
    assert wire.ask("public/get_time")
    heard(wire, "key off")


def test_permission_lost(wire):
    wire.control.set_fault("permission_lost")
    refused(wire, "private/sell", 13021, instrument_name="BTC-PERPETUAL", amount=10, label="perm")
    refused(wire, "private/cancel_by_label", 13021, label="x")
    assert wire.ask("private/get_positions", currency="BTC")
    assert wire.accepted("perm") == 0
    heard(wire, "perm off")
