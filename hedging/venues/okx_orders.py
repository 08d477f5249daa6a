"""OKX: orders and trades, from raw payloads to nouns and from an order to the request for it. Pure."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind
from hedging.model.trading import Fill, Order, OrderReport
from hedging.units import Side
from hedging.venues.address import OKX
from hedging.venues.deribit_orders import TimeInForce
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import OrderWords, check_order, filled_of, milliseconds, order_state, side

CLIENT_ID = re.compile(r"[A-Za-z0-9]{1,32}")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class OkxOrderRequest:
    """A limit order as it goes out: ``amount`` in contracts (spot: coin), ``expires_ms`` in ms UTC.

    There is no market order here; on options OKX has none.
    """

    instrument: str
    symbol: str
    side: Side
    amount: Decimal
    price: Decimal
    client_id: str
    time_in_force: TimeInForce
    reduce_only: bool
    trade_mode: str
    expires_ms: int

    def parameters(self) -> dict[str, str | bool]:
        """Body of ``trade/order``: immediate or cancelled, or resting and then post-only."""
        immediate = self.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL
        return {
            "instId": self.instrument,
            "tdMode": self.trade_mode,
            "side": self.side.name.lower(),
            "ordType": "ioc" if immediate else "post_only",
            "sz": format(self.amount, "f"),
            "px": format(self.price, "f"),
            "clOrdId": self.client_id,
            "reduceOnly": self.reduce_only,
        }

    def headers(self) -> dict[str, str]:
        """The time fence, which OKX takes as a header."""
        return {"expTime": str(self.expires_ms)}


def order_request(
    order: Order, instrument: Instrument, time_in_force: TimeInForce = TimeInForce.IMMEDIATE_OR_CANCEL
) -> OkxOrderRequest:
    """The request for an order in net mode, on cross margin (spot: cash).

    Raises BadInput as ``check_order`` does, and for reduce-only on an option or spot, where OKX does not
    keep it.
    """
    client_id = venue_client_id(order.client_id)
    check_order(replace(order, client_id=client_id), instrument, CLIENT_ID)
    if order.reduce_only and instrument.kind in (Kind.OPTION, Kind.SPOT):
        raise BadInput(f"order {order.client_id}: OKX keeps no reduce-only on a {instrument.kind.value}")
    return OkxOrderRequest(
        instrument=instrument.name,
        symbol=instrument.symbol,
        side=order.side,
        amount=order.amount,
        price=order.limit_price,
        client_id=client_id,
        time_in_force=time_in_force,
        reduce_only=order.reduce_only,
        trade_mode="cash" if instrument.kind is Kind.SPOT else "cross",
        expires_ms=milliseconds(order.fence_at),
    )


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
    """One trade of ours, of ``trade/fills``: OKX writes a fee that was paid as a negative number."""
    read = Payload(raw, "trade")
    return Fill(
        venue=OKX,
        account=account,
        trade_id=read.identifier("tradeId"),
        venue_order_id=read.identifier("ordId"),
        client_id=own_client_id(read.optional_text("clOrdId")),
        instrument=read.text("instId"),
        side=side(read, "side"),
        amount=read.positive_decimal("fillSz"),
        price=read.positive_decimal("fillPx"),
        fee=-read.decimal("fee"),
        fee_currency=read.text("feeCcy"),
        at=read.time("ts"),
    )
