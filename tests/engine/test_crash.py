"""Kill -9 between send and answer: the order is found, not repeated, and the position is the exchange's."""

import pytest

from hedging.model.trading import OrderState, TicketState


def position_at_the_exchange(exchange) -> float:
    return float(exchange.asked("private_get_get_position", {"instrument_name": "BTC-PERPETUAL"})["size"])


def held(running) -> float:
    return sum(p.amount for p in running.view().positions if p.instrument.name == "BTC-PERPETUAL")


@pytest.mark.parametrize("fault", ["timeout_after_accept", "timeout_before_accept"])
def test_an_order_in_flight_survives_kill_nine(exchange, fault):
    running = exchange.started()
    ticket = running.wait("a BTC ticket", running.waiting)
    before = position_at_the_exchange(exchange)
    running.control.set_fault(fault)
    running.approve(ticket)
    order = running.wait("an order under way", lambda: running.ledger.orders(ticket_id=ticket.id))[0]
    running.wait(
        "the request at the exchange", lambda: order.client_id in running.control.state().order_requests
    )
    running.kill()
    # Without an answer it is SENT; the private stream may have told of the fill all the same.
    told = running.ledger.order(order.client_id).state
    assert told in {OrderState.SENT, OrderState.UNKNOWN, OrderState.PARTIAL, OrderState.FILLED}
    running.control.clear_faults()
    running.close()

    again = exchange.started()
    try:
        states = again.control.state()
        proved = again.wait(
            "the order proved",
            lambda: (
                found
                if (found := again.ledger.order(order.client_id)).state
                in {OrderState.FILLED, OrderState.CANCELLED, OrderState.ABSENT}
                else None
            ),
        )
        accepted = states.orders_accepted.get(order.client_id, 0)
        assert (proved.state is OrderState.ABSENT) == (accepted == 0)
        assert again.control.state().order_requests[order.client_id] == 1
        ended = again.wait("the ticket ended", lambda: again.finished(ticket.id))
        assert ended.state is TicketState.FAILED
        again.wait("a running view", lambda: again.view().ready)
        again.wait("the same position", lambda: held(again) == position_at_the_exchange(exchange))
        assert position_at_the_exchange(exchange) - before == -float(proved.filled)
        booked = sum(fill.amount for fill in again.ledger.fills(client_id=order.client_id))
        assert booked == proved.filled
        assert again.ledger.verify_chain()
    finally:
        again.kill()
        again.close()


def test_a_second_engine_is_refused_while_the_first_lives(exchange):
    running = exchange.started()
    try:
        assert "is held by" in exchange.refusal()
    finally:
        running.kill()
        running.close()
