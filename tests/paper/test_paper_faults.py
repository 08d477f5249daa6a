"""Faults: what reaches the exchange, what it accepts, what a client sees; and the control endpoint."""

import ccxt
import pytest

from hedging.errors import BadInput, VenueRejected
from hedging.paper.control_client import ControlClient
from hedging.paper.faults.calls import Call, Wire
from hedging.paper.faults.registry import fault_parameters, known_faults, make_fault, make_switch
from hedging.paper.faults.switchboard import Switchboard

PERPETUAL = "BTC/USD:BTC"
WIRE_FAULTS = {
    "timeout_before_accept": 0,
    "timeout_after_accept": 1,
    "cut_before": 1,
    "cut_during": 1,
    "cut_after": 1,
}


@pytest.mark.parametrize(("fault", "accepted"), WIRE_FAULTS.items())
def test_one_request_an_attempt_reaches_the_exchange(paper, fault, accepted):
    client = ccxt.deribit(paper.config(timeout=700, options={"maxRetriesOnFailure": 0}))
    client.load_markets()
    paper.control.set_fault(fault)
    for attempt in range(3):
        label = f"{fault}-{attempt}"
        if fault == "cut_after":
            client.create_order(PERPETUAL, "market", "sell", 10, None, {"label": label})
        else:
            with pytest.raises(ccxt.BaseError):
                client.create_order(PERPETUAL, "market", "sell", 10, None, {"label": label})
        state = paper.control.state()
        assert state.order_requests[label] == 1
        assert state.orders_accepted.get(label, 0) == accepted
    paper.control.clear_faults()
    found = client.private_get_get_order_state_by_label({"currency": "BTC", "label": f"{fault}-0"})["result"]
    assert len(found) == accepted


def test_the_answer_cut_in_the_middle_is_no_answer(paper):
    client = ccxt.deribit(paper.config(timeout=2000))
    client.load_markets()
    paper.control.set_fault("cut_during")
    with pytest.raises(ccxt.BaseError) as info:
        client.create_order(PERPETUAL, "market", "sell", 10)
    assert not isinstance(info.value, ccxt.InvalidOrder)
    assert client.fetch_ticker(PERPETUAL)["bid"] > 0, "reads are left alone"


@pytest.mark.parametrize(("how", "error"), [("reset", ccxt.NetworkError), ("unavailable", ccxt.BaseError)])
def test_a_venue_that_is_down_answers_nothing_and_comes_back(paper, how, error):
    client = ccxt.deribit(paper.config(timeout=2000))
    client.load_markets()
    paper.control.set_fault("venue_down", how=how)
    for call in (client.fetch_time, client.fetch_balance):
        with pytest.raises(error):
            call()
    paper.control.clear_fault("venue_down")
    assert client.fetch_time() > 0


def test_a_fault_ends_itself_after_so_many_times(paper):
    client = ccxt.deribit(paper.config(timeout=2000))
    client.load_markets()
    paper.control.set_fault("cut_before", times=1)
    with pytest.raises(ccxt.NetworkError):
        client.create_order(PERPETUAL, "market", "sell", 10)
    assert client.create_order(PERPETUAL, "market", "sell", 10)["status"] == "closed"


def test_partial_fills_leave_the_rest(paper):
    client = ccxt.deribit(paper.config())
    client.load_markets()
    paper.control.set_fault("partial_fills", share=0.5)
    price = round(client.fetch_ticker(PERPETUAL)["bid"] * 0.995 * 2) / 2
    rest = client.create_order(PERPETUAL, "limit", "sell", 1000, price)
    assert (rest["status"], rest["filled"], rest["remaining"]) == ("open", 500.0, 500.0)
    client.cancel_order(rest["id"])
    ioc = client.create_order(
        PERPETUAL, "limit", "sell", 1000, price, {"time_in_force": "immediate_or_cancel"}
    )
    assert (ioc["status"], ioc["filled"]) == ("canceled", 500.0)


def test_shocks_move_the_market_and_trades_by_hand_the_account(paper):
    client = ccxt.deribit(paper.config())
    client.load_markets()
    before = client.fetch_ticker(PERPETUAL)["indexPrice"]
    paper.control.price_shock("BTC", -0.08)
    assert client.fetch_ticker(PERPETUAL)["indexPrice"] == pytest.approx(before * 0.92, rel=0.004)
    option = next(m["id"] for m in client.markets.values() if m["option"] and m["settle"] == "BTC")
    iv = float(client.public_get_ticker({"instrument_name": option})["result"]["mark_iv"])
    paper.control.vol_shock("BTC", 0.10)
    shocked = float(client.public_get_ticker({"instrument_name": option})["result"]["mark_iv"])
    assert shocked == pytest.approx(iv + 10, abs=1.5)
    size = client.fetch_position(PERPETUAL)["contracts"]
    paper.control.trade("BTC-PERPETUAL", "sell", 5000)
    assert client.fetch_position(PERPETUAL)["contracts"] == size - 5000
    order = client.fetch_closed_orders(PERPETUAL, limit=1)[0]
    assert (order["info"]["label"], order["filled"], order["info"]["web"]) == ("", 5000.0, True)


def test_the_control_endpoint_wants_its_token_and_good_input(paper):
    control = paper.control
    with pytest.raises(VenueRejected, match="token"):
        ControlClient(f"{paper.rest}/control", "wrong").state()
    for call in (
        lambda: control.price_shock("DOGE", 0.1),
        lambda: control.price_shock("BTC", -2.0),
        lambda: control.trade("BTC-PERPETUAL", "sell", 3),
        lambda: control.set_fault("no_such_fault"),
        lambda: control.set_fault("partial_fills", share=2.0),
        lambda: control.set_fault("partial_fills", depth=1),
        lambda: control.set_fault("cut_before", calls="some"),
    ):
        with pytest.raises(VenueRejected):
            call()
    assert control.state().faults_on == ()


def test_every_fault_is_listed_with_a_sentence_and_its_parameters(paper):
    rows = {row.name: row for row in paper.control.faults()}
    assert set(rows) == set(known_faults()) >= {"stale_feed", "venue_down", "partial_fills", *WIRE_FAULTS}
    for row in rows.values():
        assert row.sentence.endswith(".")
        assert not row.is_on
    on = {row.name: row for row in paper.control.set_fault("partial_fills", share=0.25)}
    assert on["partial_fills"].is_on
    assert on["partial_fills"].parameters == {"share": 0.25}


def test_faults_are_built_strictly():
    assert make_switch("cut_before", {"times": 2})[1].times == 2
    for values in (
        {"times": True},
        {"times": 1.5},
        {"times": "1"},
        {"calls": 3},
        {"chance": 1.1},
        {"times": -1},
    ):
        with pytest.raises(BadInput):
            make_switch("cut_before", values)
    with pytest.raises(BadInput, match="is not between"):
        make_fault("late_accept", {"delay": 61.0})
    assert [item.name for item in fault_parameters(known_faults()["cut_before"])] == ["calls"]


def test_a_switchboard_asks_in_order_and_counts():
    board = Switchboard()
    board.set(make_fault("timeout_before_accept", {}))
    board.set(make_fault("venue_down", {}))
    assert board.before(Call("private/buy")) is Wire.SILENCE
    assert board.before(Call("public/ticker")) is Wire.RESET
    assert (board.hits("timeout_before_accept"), board.hits("venue_down")) == (1, 1)
    board.clear("venue_down")
    assert board.before(Call("public/ticker")) is Wire.PROCEED
