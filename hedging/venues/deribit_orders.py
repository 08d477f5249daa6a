"""Deribit: orders and trades, from raw payloads to nouns and from an order to the request for it.

Pure, like ``deribit``. The exchange's label is our client id; labels are not unique there, so nothing at
the exchange undoes a duplicate.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderReport, OrderState
from hedging.units import Side
from hedging.venues.address import DERIBIT
from hedging.venues.limit_order import LimitOrder, TimeInForce, limit_order
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import milliseconds

LABEL = re.compile(r"[ -~]{1,64}")
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_RESTING = ("open", "untriggered", "triggered")


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A limit order as it goes out: ``valid_until`` in ms UTC."""

    order: LimitOrder
    valid_until: int

    def parameters(self) -> dict[str, str | int | bool]:
        """Parameters of ``private/buy`` or ``private/sell``.

        ``post_only`` never goes without ``reject_post_only``: alone, the exchange re-prices the order.
        """
        order = self.order
        return {
            "instrument_name": order.instrument,
            "amount": order.size,
            "type": "limit",
            "price": order.limit,
            "label": order.client_id,
            "time_in_force": order.time_in_force.value,
            "reduce_only": order.reduce_only,
            "post_only": not order.immediate,
            "reject_post_only": not order.immediate,
            "valid_until": self.valid_until,
        }


def order_request(
    order: Order, instrument: Instrument, time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL
) -> OrderRequest:
    """The request for an order: a limit, immediate or cancelled unless it may rest, then post-only.

    Raises BadInput as ``limit_order`` does. Nothing is rounded here.
    """
    wanted = limit_order(order, instrument, LABEL, time_in_force)
    return OrderRequest(wanted, milliseconds(order.fence_at))


def order_report(raw: Raw) -> OrderReport:
    """One order, as any order method or the ``user.orders`` channel sends it.

    Raises BadInput for an unknown state and for amounts that contradict each other.
    """
    read = Payload(raw, "order")
    amount, filled = read.positive_decimal("amount"), read.decimal("filled_amount")
    if not 0 <= filled <= amount:
        read.refuse("filled_amount", f"an amount between 0 and {amount}")
    state = _state(read, amount, filled)
    return OrderReport(
        venue_id=read.identifier("order_id"),
        client_id=read.optional_text("label"),
        instrument=read.text("instrument_name"),
        state=state,
        amount=amount,
        filled=filled,
        average_price=read.positive_decimal("average_price") if filled else None,
        at=read.time("last_update_timestamp"),
        detail=read.optional_text("cancel_reason") or read.optional_text("reject_reason"),
    )


def _state(read: Payload, amount: Decimal, filled: Decimal) -> OrderState:
    text = read.text("order_state")
    if text in _RESTING:
        return OrderState.PARTIAL if filled else OrderState.ACKED
    if text == "filled" and filled == amount:
        return OrderState.FILLED
    if text == "cancelled":
        return OrderState.CANCELLED
    if text != "rejected" or filled:
        read.refuse("order_state", f"a known state that fits {filled} of {amount} filled")
    return OrderState.REJECTED


def fill(raw: Raw, account: str) -> Fill:
    """One trade of ours, from any trade method or ``user.trades``; a rebate is a negative fee."""
    read = Payload(raw, "trade")
    side = _SIDES.get(read.text("direction"))
    if side is None:
        read.refuse("direction", "buy or sell")
    return Fill(
        venue=DERIBIT,
        account=account,
        trade_id=read.identifier("trade_id"),
        venue_order_id=read.identifier("order_id"),
        client_id=read.optional_text("label"),
        instrument=read.text("instrument_name"),
        side=side,
        amount=read.positive_decimal("amount"),
        price=read.positive_decimal("price"),
        fee=read.decimal("fee"),
        fee_currency=read.text("fee_currency"),
        at=read.time("timestamp"),
    )
