"""Bybit (v5): orders and trades, from raw payloads to nouns and from an order to the request for it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind, Settlement
from hedging.model.trading import Fill, Order, OrderReport
from hedging.venues import bybit
from hedging.venues.address import BYBIT
from hedging.venues.limit_order import (
    LimitOrder,
    OrderWords,
    TimeInForce,
    accepted_report,
    filled_of,
    limit_order,
    order_state,
    receive_window,
)
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import known, milliseconds, side

CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
WINDOW_SECONDS = range(3, 301)
_WORDS = OrderWords(
    resting=frozenset({"New", "PartiallyFilled", "Untriggered", "Triggered"}),
    filled=frozenset({"Filled"}),
    cancelled=frozenset({"Cancelled", "PartiallyFilledCanceled", "Deactivated"}),
    rejected=frozenset({"Rejected"}),
)
_TRADES = ("", "Trade", "BlockTrade", "AdlTrade", "BustTrade", "MovePosition", "FutureSpread")
_NO_TRADES = ("Funding", "Settle", "Delivery", "SessionSettlePnL")  # a contract's own payments


@dataclass(frozen=True, slots=True)
class BybitOrderRequest:
    """A limit order as it goes out, in one-way mode: amount in coin, of inverse contracts in USD.

    To be signed with ``timestamp_ms`` and ``receive_window_ms`` exactly: together they are the fence.
    """

    order: LimitOrder
    category: str
    timestamp_ms: int
    receive_window_ms: int

    def parameters(self) -> dict[str, str | int | bool]:
        """Body of ``order/create``: immediate or cancelled, or resting and then post-only."""
        order = self.order
        body: dict[str, str | int | bool] = {
            "category": self.category,
            "symbol": order.instrument,
            "side": order.side.name.capitalize(),
            "orderType": "Limit",
            "qty": order.size,
            "price": order.limit,
            "timeInForce": "IOC" if order.immediate else "PostOnly",
            "orderLinkId": order.client_id,
        }
        if self.category != "spot":
            body["reduceOnly"] = order.reduce_only
            body["positionIdx"] = 0
        return body


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
    """The request for an order that is signed ``now``. Raises BadInput as its parts do."""
    return BybitOrderRequest(
        order=limit_order(order, instrument, CLIENT_ID, time_in_force),
        category=category(instrument),
        timestamp_ms=milliseconds(now),
        receive_window_ms=receive_window(order, now),
    )


def acknowledged(envelope: Raw, order: Order) -> OrderReport:
    """The answer to an order: Bybit says that it took it on, and nothing of its state.

    Raises BadInput where the answer is not about ``order``.
    """
    answered = bybit.accepted(envelope)
    read = Payload(answered.value("result"), "order answer")
    if read.text("orderLinkId") != order.client_id:
        read.refuse("orderLinkId", order.client_id)
    return accepted_report(order, read.identifier("orderId"), answered.time("time"))


def silence_window(seconds: int) -> int:
    """Seconds after which Bybit cancels once the private stream is lost. Raises BadInput beyond its range."""
    if seconds not in WINDOW_SECONDS:
        raise BadInput(f"Bybit waits 3 to 300 s for a lost stream, not {seconds}")
    return seconds


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


def is_trade(raw: Raw) -> bool:
    """Whether an entry of ``execution/list`` is a trade, not funding, settlement or delivery."""
    return Payload(raw, "trade").optional_text("execType") not in _NO_TRADES


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
