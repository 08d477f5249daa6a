"""Deribit: orders and trades, from raw payloads to nouns and from an order to the request for it.

Pure, like ``deribit``. The exchange's label is our client id; labels are not unique there, so nothing at
the exchange undoes a duplicate.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hedging.errors import BadInput
from hedging.model.instrument import Instrument
from hedging.model.trading import Fill, Order, OrderReport, OrderState
from hedging.units import Side
from hedging.venues.address import DERIBIT
from hedging.venues.payload import Payload, Raw

LONGEST_LABEL = 64
_SIDES = {"buy": Side.BUY, "sell": Side.SELL}
_RESTING = ("open", "untriggered", "triggered")


class TimeInForce(StrEnum):
    """How long an order lives; the value is Deribit's word."""

    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    GOOD_TIL_CANCELLED = "good_til_cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRequest:
    """A limit order as it goes out: amount in the venue's unit, ``valid_until`` in ms UTC."""

    instrument: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    label: str
    time_in_force: TimeInForce
    reduce_only: bool
    post_only: bool
    valid_until: int

    def parameters(self) -> dict[str, str | int | bool]:
        """Parameters of ``private/buy`` or ``private/sell``.

        ``post_only`` never goes without ``reject_post_only``: alone, the exchange re-prices the order.
        """
        return {
            "instrument_name": self.instrument,
            "amount": format(self.amount, "f"),
            "type": "limit",
            "price": format(self.price, "f"),
            "label": self.label,
            "time_in_force": self.time_in_force.value,
            "reduce_only": self.reduce_only,
            "post_only": self.post_only,
            "reject_post_only": self.post_only,
            "valid_until": self.valid_until,
        }


def order_request(
    order: Order, instrument: Instrument, time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL
) -> OrderRequest:
    """The request for an order: a limit, immediate or cancelled unless it may rest, then post-only.

    Raises BadInput when amount or price is not on the instrument's grid, the amount is below the minimum,
    or the client id does not fit in a label. Nothing is rounded here.
    """
    if order.instrument != instrument.name:
        raise BadInput(f"order {order.client_id}: it is for {order.instrument}, not for {instrument.name}")
    if not 0 < len(order.client_id) <= LONGEST_LABEL or not order.client_id.isascii():
        raise BadInput(
            f"order {order.client_id!r}: the client id must have 1 to {LONGEST_LABEL} ASCII characters"
        )
    _check_grid(order, instrument)
    resting = time_in_force is TimeInForce.GOOD_TIL_CANCELLED
    return OrderRequest(
        instrument=instrument.name,
        symbol=instrument.symbol,
        side=order.side,
        amount=order.amount,
        price=order.limit_price,
        label=order.client_id,
        time_in_force=time_in_force,
        reduce_only=order.reduce_only,
        post_only=resting,
        valid_until=int(order.fence_at.timestamp() * 1000),
    )


def _check_grid(order: Order, instrument: Instrument) -> None:
    amount, price = order.amount, order.limit_price
    if not (amount.is_finite() and amount >= instrument.minimum and amount % instrument.lot == 0):
        raise BadInput(
            f"order {order.client_id}: amount {amount} of {instrument.name} must be a multiple of "
            f"{instrument.lot}, at least {instrument.minimum}"
        )
    if not (price.is_finite() and price > 0 and price % instrument.tick_at(price) == 0):
        raise BadInput(
            f"order {order.client_id}: price {price} of {instrument.name} must be a multiple of its tick"
        )


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
