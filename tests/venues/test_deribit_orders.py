from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderState
from hedging.units import Side
from hedging.venues.deribit_orders import fill, order_report, order_request
from hedging.venues.limit_order import TimeInForce

AT = datetime(2026, 11, 22, 12, 0, 0, 123000, tzinfo=UTC)


def test_the_request_is_the_order_and_nothing_else(order: Order, perpetual: Instrument) -> None:
    request = order_request(order, perpetual)
    assert request.parameters() == {
        "instrument_name": "BTC-PERPETUAL",
        "amount": "100",
        "type": "limit",
        "price": "90000.5",
        "label": "hm-abc-1-1",
        "time_in_force": "immediate_or_cancel",
        "reduce_only": True,
        "post_only": False,
        "reject_post_only": False,
        "valid_until": 1795348802345,
    }
    assert request.order.side is Side.SELL


def test_an_order_that_may_rest_is_post_only_and_never_repriced(order: Order, perpetual: Instrument) -> None:
    sent = order_request(order, perpetual, TimeInForce.GOOD_TIL_CANCELLED).parameters()
    assert (sent["time_in_force"], sent["post_only"], sent["reject_post_only"]) == (
        "good_til_cancelled",
        True,
        True,
    )


def test_numbers_go_out_without_exponents(order: Order, perpetual: Instrument) -> None:
    small = replace(
        perpetual, lot=Decimal("1E-8"), minimum=Decimal("1E-8"), tick=Decimal("1E-8"), tick_steps=()
    )
    sent = order_request(
        replace(order, amount=Decimal("1.0E+2"), limit_price=Decimal("3E-8")), small
    ).parameters()
    assert (sent["amount"], sent["price"]) == ("100", "0.00000003")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": Decimal(105)}, "amount 105"),
        ({"amount": Decimal(0)}, "amount 0"),
        ({"amount": Decimal(-100)}, "amount -100"),
        ({"amount": Decimal("NaN")}, "amount NaN"),
        ({"amount": Decimal("Infinity")}, "amount Infinity"),
        ({"limit_price": Decimal("90000.3")}, "price 90000.3"),
        ({"limit_price": Decimal("200000.5")}, "price 200000.5"),  # the tick is 1 from 200,000
        ({"limit_price": Decimal(0)}, "price 0"),
        ({"limit_price": Decimal(-1)}, "price -1"),
        ({"limit_price": Decimal("NaN")}, "price NaN"),
        ({"client_id": ""}, "client id"),
        ({"client_id": "x" * 65}, "client id"),
        ({"client_id": "ü"}, "client id"),
        ({"instrument": "ETH-PERPETUAL"}, "ETH-PERPETUAL"),
    ],
)
def test_orders_off_the_grid_are_not_sent(
    order: Order, perpetual: Instrument, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(BadInput, match=named):
        order_request(replace(order, **changes), perpetual)


@pytest.mark.parametrize(
    ("raw", "state", "filled", "average"),
    [
        ({"order_state": "open", "filled_amount": 0, "average_price": 0}, OrderState.ACKED, "0", None),
        ({"order_state": "open", "filled_amount": 40.0}, OrderState.PARTIAL, "40.0", "90001.25"),
        ({}, OrderState.FILLED, "100.0", "90001.25"),
        ({"order_state": "cancelled", "filled_amount": 30}, OrderState.CANCELLED, "30", "90001.25"),
        (
            {"order_state": "cancelled", "filled_amount": 0, "average_price": None},
            OrderState.CANCELLED,
            "0",
            None,
        ),
        ({"order_state": "rejected", "filled_amount": 0}, OrderState.REJECTED, "0", None),
        ({"order_state": "untriggered", "filled_amount": "0.0"}, OrderState.ACKED, "0.0", None),
    ],
)
def test_states(kit: Any, raw: dict[str, Any], state: OrderState, filled: str, average: str | None) -> None:
    read = order_report(kit.raw_order(**raw))
    assert (read.state, read.filled) == (state, Decimal(filled))
    assert read.average_price == (None if average is None else Decimal(average))
    assert (read.venue_id, read.client_id, read.instrument, read.at) == (
        "BTC-1",
        "hm-abc-1-1",
        "BTC-PERPETUAL",
        AT,
    )


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"order_state": "sleeping"}, "order_state"),
        ({"order_state": "filled", "filled_amount": 40}, "order_state"),
        ({"order_state": "rejected", "filled_amount": 40}, "order_state"),
        ({"filled_amount": 140}, "filled_amount"),
        ({"filled_amount": -1}, "filled_amount"),
        ({"filled_amount": None}, "filled_amount"),
        ({"amount": 0}, "amount"),
        ({"average_price": 0}, "average_price"),
        ({"average_price": float("nan")}, "average_price"),
        ({"order_id": None}, "order_id"),
        ({"last_update_timestamp": None}, "last_update_timestamp"),
        ({"label": 5}, "label"),
    ],
)
def test_orders_that_are_refused(kit: Any, raw: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        order_report(kit.raw_order(**raw))


def test_a_fill(kit: Any) -> None:
    assert fill(kit.raw_trade(fee=-2e-07), "desk") == Fill(
        venue="deribit",
        account="desk",
        trade_id="T-1",
        venue_order_id="BTC-1",
        client_id="hm-abc-1-1",
        instrument="BTC-PERPETUAL",
        side=Side.SELL,
        amount=Decimal("100.0"),
        price=Decimal("90001.25"),
        fee=Decimal("-2E-7"),
        fee_currency="BTC",
        at=AT,
    )


def test_a_fill_that_is_not_ours_has_no_client_id(kit: Any) -> None:
    raw = kit.raw_trade(trade_id=42, order_id=7)
    del raw["label"]
    read = fill(raw, "desk")
    assert (read.client_id, read.trade_id, read.venue_order_id) == ("", "42", "7")


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ({"direction": "zero"}, "direction"),
        ({"price": 0}, "price"),
        ({"price": -5}, "price"),
        ({"amount": 0}, "amount"),
        ({"fee": None}, "fee"),
        ({"fee": float("nan")}, "fee"),
        ({"fee_currency": None}, "fee_currency"),
        ({"timestamp": 5}, "timestamp"),
        ({"trade_id": True}, "trade_id"),
    ],
)
def test_fills_that_are_refused(kit: Any, raw: dict[str, Any], named: str) -> None:
    with pytest.raises(BadInput, match=named):
        fill(kit.raw_trade(**raw), "desk")


JUNK = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
FIELDS = (
    "order_id",
    "order_state",
    "amount",
    "filled_amount",
    "average_price",
    "price",
    "fee",
    "direction",
    "label",
)


@given(st.dictionaries(st.sampled_from(FIELDS), JUNK))
def test_garbage_gives_bad_input_or_finite_amounts(kit: Any, raw: dict[str, Any]) -> None:
    for parse in (lambda: order_report(kit.raw_order(**raw)), lambda: fill(kit.raw_trade(**raw), "desk")):
        try:
            read = parse()
        except BadInput:
            continue
        assert read.amount.is_finite()
        assert read.amount > 0
