"""Faults of orders and fills: what trades, what is told, and what trades all the same."""

import time

import pytest
from paper_wire import BTC, NoAnswer, Refusal


def waited(found, seconds=5.0):
    until = time.monotonic() + seconds
    while not found() and time.monotonic() < until:
        time.sleep(0.02)
    assert found()


def filled(answer):
    return answer["order"]["filled_amount"], answer["order"]["order_state"]


def test_partial_fills(wire):
    wire.control.set_fault("partial_fills", share=0.3)
    assert filled(wire.order("sell", "p ioc", 1000)) == (300.0, "cancelled")
    resting = wire.order("sell", "p gtc", 1000, time_in_force="good_til_cancelled")
    assert filled(resting) == (300.0, "open")
    time.sleep(0.3)
    assert wire.orders("p gtc")[0].filled == 300, "what rests gets nothing"
    wire.ask("private/cancel_by_label", label="p gtc")
    wire.control.clear_faults()
    assert filled(wire.order("sell", "p off", 1000)) == (1000.0, "filled")


def test_dust(wire):
    wire.control.set_fault("dust", lots=1)
    assert filled(wire.order("sell", "d ioc", 1000)) == (990.0, "cancelled")
    assert filled(wire.order("sell", "d one", 10)) == (0.0, "cancelled")
    wire.control.clear_faults()
    assert filled(wire.order("sell", "d off", 1000)) == (1000.0, "filled")


def test_ioc_remainder(wire):
    wire.control.set_fault("ioc_remainder", share=0.5)
    assert filled(wire.order("sell", "i ioc", 1000)) == (500.0, "cancelled")
    assert filled(wire.order("sell", "i gtc", 1000, time_in_force="good_til_cancelled")) == (1000.0, "filled")
    wire.control.clear_faults()
    assert filled(wire.order("sell", "i off", 1000)) == (1000.0, "filled")


def test_fill_after_cancel_request(wire):
    wire.control.set_fault("fill_after_cancel_request")
    before = wire.position()
    order = wire.resting("fr", 100)
    with pytest.raises(Refusal) as info:
        wire.ask("private/cancel", order_id=order["order_id"])
    assert (info.value.code, wire.position()) == (11044, before + 100)
    wire.resting("fr 2", 100)
    assert wire.ask("private/cancel_by_label", label="fr 2") == 0
    assert wire.position() == before + 200
    wire.control.clear_faults()
    wire.resting("fr off", 100)
    assert wire.ask("private/cancel_by_label", label="fr off") == 1
    assert wire.position() == before + 200


def test_fill_after_cancel_ack(wire):
    wire.control.set_fault("fill_after_cancel_ack", delay=0.4)
    before = wire.position()
    order = wire.resting("fa", 100)
    answer = wire.ask("private/cancel", order_id=order["order_id"])
    assert (answer["order_state"], wire.position()) == ("cancelled", before)
    wire.control.clear_faults()
    waited(lambda: wire.position() == before + 100)
    told = wire.ask("private/get_order_state", order_id=order["order_id"])
    assert (told["order_state"], told["filled_amount"]) == ("filled", 100.0)
    trades = wire.ask("private/get_user_trades_by_order", order_id=order["order_id"])
    assert [trade["amount"] for trade in trades] == [100.0]
    wire.resting("fa off", 100)
    wire.ask("private/cancel_by_label", label="fa off")
    time.sleep(0.6)
    assert wire.position() == before + 100


def test_late_fill(wire):
    wire.control.set_fault("late_fill", share=0.5, delay=0.4)
    before = wire.position()
    assert filled(wire.order("sell", "lf", 1000)) == (500.0, "cancelled")
    assert wire.position() == before - 500
    wire.control.clear_faults()
    waited(lambda: wire.position() == before - 1000)
    assert wire.orders("lf")[0].filled == 1000
    assert filled(wire.order("sell", "lf off", 1000)) == (1000.0, "filled")


def test_reduce_only_ignored(wire):
    side = "buy" if wire.position() > 0 else "sell"
    with pytest.raises(Refusal):
        wire.order(side, "ro honest", 1000, reduce_only=True)
    wire.control.set_fault("reduce_only_ignored")
    before = wire.position()
    assert filled(wire.order(side, "ro", 1000, reduce_only=True)) == (1000.0, "filled")
    assert abs(wire.position()) == abs(before) + 1000
    wire.control.clear_faults()
    with pytest.raises(Refusal):
        wire.order(side, "ro off", 1000, reduce_only=True)


def passive(wire, label):
    price = round(wire.ticker()["mark_price"] * 0.97)
    rests = {"time_in_force": "good_til_cancelled", "post_only": True, "reject_post_only": True}
    return wire.order("buy", label, 100, price=price, **rests)["order"]


def test_post_only_rejected(wire):
    wire.control.set_fault("post_only_rejected")
    with pytest.raises(Refusal) as info:
        passive(wire, "po")
    assert (info.value.code, wire.accepted("po")) == (11054, 0)
    assert filled(wire.order("sell", "po other", 10))[1] == "filled"
    wire.control.clear_faults()
    assert passive(wire, "po off")["order_state"] == "open"
    wire.ask("private/cancel_by_label", label="po off")


def newest_trade(wire):
    raw = wire.ask("private/get_user_trades_by_currency", currency="BTC", count=1)
    return raw["trades"][0]


def test_fee_in_another_coin(wire):
    wallets = wire.paper.server.exchange.accounts["desk"].wallets
    before = {currency: wallets[currency].balance for currency in ("BTC", "USDC")}
    wire.control.set_fault("fee_in_another_coin", currency="USDC")
    wire.order("sell", "fee", 100_000)
    raw = wire.ask("private/get_user_trades_by_currency", currency="BTC", count=50)["trades"]
    trades = [trade for trade in raw if trade["label"] == "fee"]
    assert {trade["fee_currency"] for trade in trades} == {"USDC"}
    paid = sum(trade["fee"] for trade in trades)
    assert paid == pytest.approx(100_000 * 0.0005, rel=0.01)
    assert before["USDC"] - wallets["USDC"].balance == pytest.approx(paid)
    assert wallets["BTC"].balance == before["BTC"]
    wire.control.clear_faults()
    wire.order("sell", "fee off")
    assert newest_trade(wire)["fee_currency"] == "BTC"
    assert wallets["BTC"].balance < before["BTC"]


def test_position_by_hand(wire):
    before = wire.position()
    wire.control.set_fault("position_by_hand", usd=-5000.0)
    assert wire.position() == before - 5000
    assert (newest_trade(wire)["label"], newest_trade(wire)["api"]) == ("", False)
    trade = newest_trade(wire)["trade_id"]
    wire.control.set_fault("position_by_hand", usd=5004.0, trace="nothing")
    assert wire.position() == before
    assert newest_trade(wire)["trade_id"] == trade, "nothing tells of it"
    assert wire.control.state().faults_on == (), "it acts once"


def equity(wire):
    return wire.ask("private/get_account_summary", currency="BTC")["equity"]


def test_transfer(wire):
    before = equity(wire)
    wire.control.set_fault("transfer", currency="BTC", amount=-5.0)
    assert equity(wire) == pytest.approx(before - 5.0, abs=0.2)
    line = wire.ask("private/get_transaction_log", currency="BTC", query="transfer", count=1)["logs"][0]
    assert (line["type"], line["change"]) == ("transfer", -5.0)
    wire.control.set_fault("transfer", currency="BTC", amount=5.0)
    assert equity(wire) == pytest.approx(before, abs=0.2)
    assert wire.control.state().faults_on == ()


def margin_level(wire):
    row = wire.ask("private/get_account_summary", currency="BTC")
    return row["maintenance_margin"] / row["margin_balance"]


def test_margin_call(wire):
    before = margin_level(wire)
    wire.control.set_fault("margin_call", level=0.95)
    assert margin_level(wire) == pytest.approx(0.95, abs=0.03)
    with pytest.raises(Refusal) as info:
        wire.order("buy", "mc", 2_000_000)
    assert info.value.code == 10009
    wire.control.clear_faults()
    assert margin_level(wire) == pytest.approx(before, rel=0.05)


def test_liquidation(wire):
    before = wire.position()
    wire.control.set_fault("liquidation", share=0.5)
    assert abs(wire.position()) == pytest.approx(abs(before) / 2, abs=10)
    trade = newest_trade(wire)
    assert (trade["liquidation"], trade["label"], trade["api"]) == ("T", "", False)
    order = wire.ask("private/get_order_state", order_id=trade["order_id"])
    assert order["is_liquidation"]
    assert wire.control.state().faults_on == ()


def test_funding(wire):
    wire.order("sell", "f", 10)
    account = wire.paper.server.exchange.accounts["desk"]
    before = account.wallet("BTC").session_funding
    wire.control.set_fault("funding", rate=0.01)
    mark = wire.paper.server.exchange.mark(BTC).mark_price
    assert account.wallet("BTC").session_funding - before == pytest.approx(
        -0.01 * wire.position() / mark, rel=0.01
    )
    assert wire.control.state().faults_on == ()


def test_positions_fail(wire):
    wire.control.set_fault("positions_fail", status=500)
    assert wire.raw("private/get_positions", currency="BTC")[0] == 500
    with pytest.raises(NoAnswer):
        wire.ask("private/get_position", instrument_name=BTC)
    assert wire.ask("private/get_account_summary", currency="BTC")
    wire.control.clear_faults()
    assert wire.ask("private/get_positions", currency="BTC")


def test_positions_empty(wire):
    wire.control.set_fault("positions_empty")
    assert wire.ask("private/get_positions", currency="BTC") == []
    wire.control.clear_faults()
    assert wire.ask("private/get_positions", currency="BTC")


def told(wire):
    return wire.ask("private/get_position", instrument_name=BTC)["size"]


def test_positions_old(wire):
    before = wire.position()
    wire.control.set_fault("positions_old", age=0.8)
    wire.order("sell", "old", 1000)
    assert (wire.position(), told(wire)) == (before - 1000, before)
    waited(lambda: told(wire) == before - 1000)
    wire.order("sell", "old 2", 1000)
    assert told(wire) == before - 1000
    wire.control.clear_faults()
    assert told(wire) == before - 2000
