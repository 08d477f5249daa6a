"""Binance: orders and trades, from raw payloads to nouns and from an order to the request for it. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.trading import Fill, Order, OrderReport
from hedging.units import Side
from hedging.venues.address import BINANCE
from hedging.venues.limit_order import (
    LimitOrder,
    OrderWords,
    TimeInForce,
    filled_of,
    limit_order,
    order_state,
    receive_window,
)
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import flag, milliseconds, side

CLIENT_ID = re.compile(r"[A-Za-z0-9_.:/-]{1,36}")
COUNTDOWN_SECONDS = range(5, 121)
_WORDS = OrderWords(
    resting=frozenset({"NEW", "ACCEPTED", "PARTIALLY_FILLED"}),
    filled=frozenset({"FILLED"}),
    cancelled=frozenset({"CANCELED", "CANCELLED", "EXPIRED", "EXPIRED_IN_MATCH"}),
    rejected=frozenset({"REJECTED"}),
)


class Interface(StrEnum):
    """Which of Binance's interfaces an instrument belongs to; the value is the path of its orders."""

    SPOT = "api/v3/order"
    LINEAR = "fapi/v1/order"
    INVERSE = "dapi/v1/order"
    OPTION = "eapi/v1/order"


def interface(instrument: Instrument) -> Interface:
    """The interface that takes orders for an instrument."""
    if instrument.kind is Kind.SPOT:
        return Interface.SPOT
    if instrument.kind is Kind.OPTION:
        return Interface.OPTION
    return Interface.INVERSE if instrument.settlement is Settlement.INVERSE else Interface.LINEAR


@dataclass(frozen=True, slots=True)
class BinanceOrderRequest:
    """A limit order as it goes out, in one-way mode; amount in coin or contracts.

    To be signed with its timestamp and window exactly: together they are the fence.
    """

    order: LimitOrder
    interface: Interface
    timestamp_ms: int
    receive_window_ms: int

    def parameters(self) -> dict[str, str | int]:
        """Parameters of the order: immediate or cancelled, or resting and then post-only."""
        order = self.order
        option = self.interface is Interface.OPTION
        parameters: dict[str, str | int] = {
            "symbol": order.instrument,
            "side": order.side.name,
            "quantity": order.size,
            "price": order.limit,
            "clientOrderId" if option else "newClientOrderId": order.client_id,
            "newOrderRespType": "RESULT",
            "recvWindow": self.receive_window_ms,
            "timestamp": self.timestamp_ms,
            **self._type(),
        }
        if self.interface is not Interface.SPOT:
            parameters["reduceOnly"] = "true" if order.reduce_only else "false"
        return parameters

    def _type(self) -> dict[str, str]:
        """Each interface says post-only in its own way."""
        if self.order.immediate:
            return {"type": "LIMIT", "timeInForce": "IOC"}
        if self.interface is Interface.SPOT:
            return {"type": "LIMIT_MAKER"}
        if self.interface is Interface.OPTION:
            return {"type": "LIMIT", "timeInForce": "GTC", "postOnly": "true"}
        return {"type": "LIMIT", "timeInForce": "GTX"}


def order_request(
    order: Order,
    instrument: Instrument,
    now: datetime,
    time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL,
) -> BinanceOrderRequest:
    """The request for an order that is signed ``now``. Raises BadInput as its parts do."""
    return BinanceOrderRequest(
        order=limit_order(order, instrument, CLIENT_ID, time_in_force),
        interface=interface(instrument),
        timestamp_ms=milliseconds(now),
        receive_window_ms=receive_window(order, now),
    )


def named(order: Order, instrument: Instrument) -> dict[str, str]:
    """How Binance is told which order by our id. Raises BadInput for an id it cannot have taken."""
    if not CLIENT_ID.fullmatch(order.client_id):
        raise BadInput(f"order {order.client_id!r}: a client id at Binance must match {CLIENT_ID.pattern}")
    option = interface(instrument) is Interface.OPTION
    return {"clientOrderId" if option else "origClientOrderId": order.client_id}


def countdown(symbol: str, seconds: int) -> dict[str, str | int]:
    """Parameters of ``countdownCancelAll`` of futures. Raises BadInput for a time too short to renew."""
    if seconds not in COUNTDOWN_SECONDS:
        raise BadInput(f"a countdown at Binance is given 5 to 120 s here, not {seconds}")
    return {"symbol": symbol, "countdownTime": seconds * 1000}


def order_report(raw: Raw) -> OrderReport:
    """One order, of any order method of the four interfaces.

    The answer to a cancel names the cancel in clientOrderId and our order in origClientOrderId. Raises
    BadInput for an unknown state and for amounts that contradict each other.
    """
    read = Payload(raw, "order")
    amount = _size(read, "quantity" if read.value("origQty") is None else "origQty")
    filled = filled_of(read, "executedQty", amount)
    at = next((f for f in ("updateTime", "transactTime") if read.value(f) is not None), "updateTime")
    return OrderReport(
        venue_id=read.identifier("orderId"),
        client_id=read.optional_text("origClientOrderId") or read.optional_text("clientOrderId"),
        instrument=read.text("symbol"),
        state=order_state(read, "status", _WORDS, filled, amount),
        amount=amount,
        filled=filled,
        average_price=_average(read, filled) if filled else None,
        at=read.time(at),
    )


def _size(read: Payload, field: str) -> Decimal:
    """A size above 0; options write that of a sale as a negative number."""
    size = read.decimal(field)
    if size == 0 or (size < 0 and side(read, "side") is not Side.SELL):
        read.refuse(field, "a size above 0, of a sale also below 0")
    return abs(size)


def _average(read: Payload, filled: Decimal) -> Decimal:
    """Average price: as sent, or on spot what was paid through what was filled."""
    if read.value("avgPrice") is not None:
        return read.positive_decimal("avgPrice")
    return read.positive_decimal("cummulativeQuoteQty") / filled


def pushed_report(raw: Raw) -> OrderReport:
    """``o`` of an ``ORDER_TRADE_UPDATE`` of futures."""
    read = Payload(raw, "order push")
    amount = read.positive_decimal("q")
    filled = filled_of(read, "z", amount)
    return OrderReport(
        venue_id=read.identifier("i"),
        client_id=read.optional_text("c"),
        instrument=read.text("s"),
        state=order_state(read, "X", _WORDS, filled, amount),
        amount=amount,
        filled=filled,
        average_price=read.positive_decimal("ap") if filled else None,
        at=read.time("T"),
    )


def pushed_option_report(raw: Raw) -> OrderReport:
    """One entry of ``o`` of an ``ORDER_TRADE_UPDATE`` of options; ``ec`` is what was paid so far."""
    read = Payload(raw, "option order push")
    amount = abs(read.decimal("q"))
    filled = filled_of(read, "e", amount)
    if amount == 0:
        read.refuse("q", "a size")
    return OrderReport(
        venue_id=read.identifier("oid"),
        client_id=read.optional_text("c"),
        instrument=read.text("s"),
        state=order_state(read, "S", _WORDS, filled, amount),
        amount=amount,
        filled=filled,
        average_price=read.positive_decimal("ec") / filled if filled else None,
        at=read.time("T"),
    )


def fill(raw: Raw, account: str) -> Fill:
    """One trade of ours, of ``myTrades`` or ``userTrades`` of any interface.

    Binance numbers trades by symbol, so its name is part of ours. Its trades do not carry the client id:
    that stays empty, and the order's id finds it.
    """
    read = Payload(raw, "trade")
    option = read.value("quantity") is not None
    if read.value("side") is not None:
        way = side(read, "side")
    else:
        way = Side.BUY if flag(read, "isBuyer") else Side.SELL
    symbol = read.text("symbol")
    return Fill(
        venue=BINANCE,
        account=account,
        trade_id=f"{symbol}:{read.identifier('id')}",
        venue_order_id=read.identifier("orderId"),
        client_id="",
        instrument=symbol,
        side=way,
        amount=_size(read, "quantity") if option else read.positive_decimal("qty"),
        price=read.positive_decimal("price"),
        fee=read.decimal("fee" if option else "commission"),
        fee_currency=read.text("quoteAsset" if option else "commissionAsset"),
        at=read.time("time"),
    )
