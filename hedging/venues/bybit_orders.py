"""Bybit (v5): orders and trades, from raw payloads to nouns and from an order to the request for it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.trading import Fill, Order, OrderReport
from hedging.units import Side
from hedging.venues.address import BYBIT
from hedging.venues.deribit_orders import TimeInForce
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import (
    OrderWords,
    check_order,
    filled_of,
    known,
    milliseconds,
    order_state,
    receive_window,
    side,
)

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
_WORDS = OrderWords(
    resting=frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"}),
    filled=frozenset({"Filled"}),
    cancelled=frozenset({"Cancelled", "PartiallyFilledCanceled", "Deactivated"}),
    rejected=frozenset({"Rejected"}),
)
_TRADES = ("", "Trade", "BlockTrade", "AdlTrade", "BustTrade")


@dataclass(frozen=True, slots=True, kw_only=True)
class BybitOrderRequest:
    """A limit order as it goes out, in one-way mode: amount in coin, of inverse contracts in USD.

    To be signed with ``timestamp_ms`` and ``receive_window_ms`` exactly: together they are the fence.
    """

    category: str
    instrument: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    client_id: str
    time_in_force: TimeInForce
    reduce_only: bool
    timestamp_ms: int
    receive_window_ms: int

    def parameters(self) -> dict[str, str | int | bool]:
        """Body of ``order/create``: immediate or cancelled, or resting and then post-only."""
        immediate = self.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        body: dict[str, str | int | bool] = {
            "category": self.category,
            "symbol": self.instrument,
            "side": self.side.name.capitalize(),
            "orderType": "Limit",
            "qty": format(self.amount, "f"),
            "price": format(self.price, "f"),
            "timeInForce": "IOC" if immediate else "PostOnly",
            "orderLinkId": self.client_id,
        }
        if self.category != "spot":
            body["reduceOnly"] = self.reduce_only
            body["positionIdx"] = 0
        return body

    def headers(self) -> dict[str, str]:
        """The time fence: refused by the venue once its clock is past timestamp + window."""
        return {
            "X-BAPI-TIMESTAMP": str(self.timestamp_ms),
            "X-BAPI-RECV-WINDOW": str(self.receive_window_ms),
        }


def category(instrument: Instrument) -> str:
    """Bybit's word for the family of an instrument."""
    if instrument.kind in (Kind.SPOT, Kind.OPTION):
        return instrument.kind.value
    return "inverse" if instrument.settlement is Settlement.INVERSE else "linear"


def order_request(
    order: Order,
    instrument: Instrument,
    now: datetime,
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL,
) -> BybitOrderRequest:
    """The request for an order; ``now`` by the venue's clock.

    Raises BadInput as ``check_order`` and ``receive_window`` do, and for reduce-only on spot.
    """
    check_order(order, instrument, CLIENT_ID)
    if order.reduce_only and instrument.kind is Kind.SPOT:
        raise BadInput(f"order {order.client_id}: Bybit keeps no reduce-only on spot")
    return BybitOrderRequest(
        category=category(instrument),
        instrument=instrument.name,
        symbol=instrument.symbol,
        side=order.side,
        amount=order.amount,
        price=order.limit_price,
        client_id=order.client_id,
        time_in_force=time_in_force,
        reduce_only=order.reduce_only,
        timestamp_ms=milliseconds(now),
        receive_window_ms=receive_window(order, now),
    )


def order_report(raw: Raw) -> OrderReport:
    """One order, of ``order/realtime``, ``order/history`` or the ``order`` channel.

    Raises BadInput for an unknown state and for amounts that contradict each other (a spot market order
    counts its size in the quote currency).
    """
    read = Payload(raw, "order")
    amount = read.positive_decimal("qty")
    filled = filled_of(read, "cumExecQty", amount)
    reason = read.optional_text("rejectReason")
    return OrderReport(
        venue_id=read.identifier("orderId"),
        client_id=read.optional_text("orderLinkId"),
        instrument=read.text("symbol"),
        state=order_state(read, "orderStatus", _WORDS, filled, amount),
        amount=amount,
        filled=filled,
        average_price=read.positive_decimal("avgPrice") if filled else None,
        at=read.time("updatedTime"),
        detail="" if reason == "EC_NoError" else reason,
    )


def fill(raw: Raw, account: str, instruments: Mapping[str, Instrument]) -> Fill:
    """One trade of ours, of ``execution/list`` or the ``execution`` channel.

    The fee of a derivative is in its settlement currency. Raises BadInput for funding, settlement and
    delivery, which Bybit lists as executions, and where the currency of the fee is not stated on spot.
    """
    read = Payload(raw, "trade")
    if read.optional_text("execType") not in _TRADES:
        read.refuse("execType", "a trade")
    instrument = known(instruments, read.text("symbol"))
    currency = read.optional_text("feeCurrency")
    if not currency and instrument.kind is Kind.SPOT:
        read.refuse("feeCurrency", "a currency: on spot it depends on the side")
    return Fill(
        venue=BYBIT,
        account=account,
        trade_id=read.identifier("execId"),
        venue_order_id=read.identifier("orderId"),
        client_id=read.optional_text("orderLinkId"),
        instrument=instrument.name,
        side=side(read, "side"),
        amount=read.positive_decimal("execQty"),
        price=read.positive_decimal("execPrice"),
        fee=read.decimal("execFee"),
        fee_currency=currency or instrument.settlement_currency,
        at=read.time("execTime"),
    )
