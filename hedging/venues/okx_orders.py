"""OKX: orders and trades, from raw payloads to nouns and from an order to the request for it. Pure."""

import re
from dataclasses import dataclass, replace

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind
from hedging.model.trading import Fill, Order, OrderReport
from hedging.venues import okx
from hedging.venues.address import OKX
from hedging.venues.limit_order import (
    LimitOrder,
    OrderWords,
    TimeInForce,
    accepted_report,
    filled_of,
    limit_order,
    order_state,
)
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import entries, milliseconds, only, side

CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
TAG = "hedging"  # by which OKX tells our orders from others' when the countdown of silence ends
COUNTDOWN_SECONDS = range(10, 121)
# As decide and workflow name tickets and orders; an underlying has no lower case.
_OURS = re.compile(r"T[0-9]{8,}-[A-Z0-9]+-[0-9]+-[0-9]+")
_OURS_AT_OKX = re.compile(r"T[0-9]{8,}x[A-Z0-9]+x[0-9]+x[0-9]+")
_WORDS = OrderWords(
    resting=frozenset({"live", "partially_filled"}),
    filled=frozenset({"filled"}),
    cancelled=frozenset({"canceled", "mmp_canceled"}),
    rejected=frozenset(),
)


def venue_client_id(client_id: str) -> str:
    """Our client id as OKX can take it, which allows no hyphen; any other text as it is.

    >>> venue_client_id("T261122120000123-BTC-0-2")
    'T261122120000123xBTCx0x2'
    """
    return client_id.replace("-", "x") if _OURS.fullmatch(client_id) else client_id


def own_client_id(text: str) -> str:
    """A clOrdId as we know it: ours with its hyphens again, anybody else's as it is.

    >>> own_client_id("T261122120000123xBTCx0x2"), own_client_id("e847x1")
    ('T261122120000123-BTC-0-2', 'e847x1')
    """
    return text.replace("x", "-") if _OURS_AT_OKX.fullmatch(text) else text


@dataclass(frozen=True, slots=True)
class OkxOrderRequest:
    """A limit order as it goes out: amount in contracts (spot: coin), ``expires_ms`` in ms UTC."""

    order: LimitOrder
    trade_mode: str
    expires_ms: int

    def parameters(self) -> dict[str, str | bool]:
        """Body of ``trade/order``: immediate or cancelled, or resting and then post-only."""
        order = self.order
        return {
            "instId": order.instrument,
            "tdMode": self.trade_mode,
            "side": order.side.name.lower(),
            "ordType": "ioc" if order.immediate else "post_only",
            "sz": order.size,
            "px": order.limit,
            "clOrdId": order.client_id,
            "tag": TAG,
            "reduceOnly": order.reduce_only,
        }

    def headers(self) -> dict[str, str]:
        """The time fence, which OKX takes as a header."""
        return {"expTime": str(self.expires_ms)}


def order_request(
    order: Order, instrument: Instrument, time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL
) -> OkxOrderRequest:
    """The request for an order in net mode, on cross margin (spot: cash).

    Raises BadInput as ``limit_order`` does, and for reduce-only on an option, where OKX does not keep it.
    """
    if order.reduce_only and instrument.kind is Kind.OPTION:
        raise BadInput(f"order {order.client_id}: OKX keeps no reduce-only on an option")
    ours = replace(order, client_id=venue_client_id(order.client_id))
    return OkxOrderRequest(
        order=limit_order(ours, instrument, CLIENT_ID, time_in_force),
        trade_mode="cash" if instrument.kind is Kind.SPOT else "cross",
        expires_ms=milliseconds(order.fence_at),
    )


def named(order: Order) -> dict[str, str]:
    """How OKX is told which order by our id. Raises BadInput for an id it cannot have taken."""
    client_id = venue_client_id(order.client_id)
    if not CLIENT_ID.fullmatch(client_id):
        raise BadInput(f"order {order.client_id!r}: a client id at OKX must match {CLIENT_ID.pattern}")
    return {"clOrdId": client_id}


def accepted(envelope: Raw) -> Payload:
    """The one entry of an answer to a write, in which OKX reports no error."""
    read = only(entries(okx.answer(envelope), "answer"), "answer")
    if read.value("sCode") not in (None, "0"):
        read.refuse("sCode", '"0"')
    return read


def acknowledged(envelope: Raw, order: Order) -> OrderReport:
    """The answer to an order: OKX says that it took it on, and nothing of its state.

    Raises BadInput where the answer is not about ``order``.
    """
    read = accepted(envelope)
    if read.text("clOrdId") != venue_client_id(order.client_id):
        read.refuse("clOrdId", venue_client_id(order.client_id))
    return accepted_report(order, read.identifier("ordId"), read.time("ts"))


def countdown(seconds: int) -> dict[str, str]:
    """Body of ``trade/cancel-all-after``, for orders that carry our tag. Raises BadInput beyond its range."""
    if seconds not in COUNTDOWN_SECONDS:
        raise BadInput(f"OKX counts down from 10 to 120 s, not from {seconds}")
    return {"timeOut": str(seconds), "tag": TAG}


def counting(envelope: Raw) -> None:
    """The answer to ``countdown``. Raises BadInput where no countdown runs."""
    read = accepted(envelope)
    if read.optional_number("triggerTime") in (None, 0.0):
        read.refuse("triggerTime", "the time at which orders will be cancelled")


def order_report(raw: Raw) -> OrderReport:
    """One order, of any order method or the ``orders`` channel.

    Raises BadInput for algo orders, an unknown state, amounts that contradict each other, and a size that
    is in the quote currency.
    """
    read = Payload(raw, "order")
    if read.optional_text("tgtCcy") == "quote_ccy":
        read.refuse("tgtCcy", "a size in the base currency")
    amount = read.positive_decimal("sz")
    filled = filled_of(read, "accFillSz", amount)
    return OrderReport(
        venue_id=read.identifier("ordId"),
        client_id=own_client_id(read.optional_text("clOrdId")),
        instrument=read.text("instId"),
        state=order_state(read, "state", _WORDS, filled, amount),
        amount=amount,
        filled=filled,
        average_price=read.positive_decimal("avgPx") if filled else None,
        at=read.time("uTime"),
        detail=read.optional_text("cancelSourceReason"),
    )


def fill(raw: Raw, account: str) -> Fill:
    """One trade of ours, of ``trade/fills``: OKX writes a fee that was paid as a negative number.

    OKX numbers trades by instrument, so its name is part of ours.
    """
    read = Payload(raw, "trade")
    instrument = read.text("instId")
    return Fill(
        venue=OKX,
        account=account,
        trade_id=f"{instrument}:{read.identifier('tradeId')}",
        venue_order_id=read.identifier("ordId"),
        client_id=own_client_id(read.optional_text("clOrdId")),
        instrument=instrument,
        side=side(read, "side"),
        amount=read.positive_decimal("fillSz"),
        price=read.positive_decimal("fillPx"),
        fee=-read.decimal("fee"),
        fee_currency=read.text("feeCcy"),
        at=read.time("ts"),
    )
