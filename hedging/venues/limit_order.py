"""Orders as requests, and as answers: what every exchange's order module shares. Pure.

An order goes out exactly as it is in the ledger, or not at all: nothing is rounded or cut here.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from hedging.errors import BadInput
from hedging.model.instrument import Instrument, Kind
from hedging.model.trading import Order, OrderReport, OrderState
from hedging.units import Side
from hedging.venues.payload import Payload


class TimeInForce(StrEnum):
    """How long an order lives; the value is Deribit's word."""

    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    GOOD_TIL_CANCELLED = "good_til_cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitOrder:
    """What a limit order says at every exchange; ``amount`` in the venue's unit.

    One that may rest is post-only. There is no market order here; on some options there is none at all.
    """

    instrument: str
    side: Side
    amount: Decimal
    price: Decimal
    client_id: str
    time_in_force: TimeInForce
    reduce_only: bool

    @property
    def immediate(self) -> bool:
        """Whether what is not filled at once is cancelled."""
        return self.time_in_force is TimeInForce.IMMEDIATE_OR_CANCEL

    @property
    def size(self) -> str:
        """Amount as text, exact."""
        return format(self.amount, "f")

    @property
    def limit(self) -> str:
        """Price as text, exact."""
        return format(self.price, "f")


def limit_order(
    order: Order, instrument: Instrument, client_id: re.Pattern[str], time_in_force: TimeInForce
) -> LimitOrder:
    """An order that may go out as it is.

    Raises BadInput for another instrument, a client id that does not match, an amount or price that is off
    the grid, an amount below the minimum, and reduce-only on spot.
    """
    if order.instrument != instrument.name or order.venue != instrument.venue:
        raise BadInput(
            f"order {order.client_id}: it is for {order.instrument} at {order.venue}, "
            f"not for {instrument.name} at {instrument.venue}"
        )
    if not client_id.fullmatch(order.client_id):
        raise BadInput(
            f"order {order.client_id!r}: a client id at {instrument.venue} must match {client_id.pattern}"
        )
    if order.reduce_only and instrument.kind is Kind.SPOT:
        raise BadInput(f"order {order.client_id}: {instrument.venue} keeps no reduce-only on spot")
    _check_grid(order, instrument)
    return LimitOrder(
        instrument=instrument.name,
        side=order.side,
        amount=order.amount,
        price=order.limit_price,
        client_id=order.client_id,
        time_in_force=time_in_force,
        reduce_only=order.reduce_only,
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


LONGEST_WINDOW_MS = 60_000  # Binance's bound; kept for Bybit too


def receive_window(order: Order, now: datetime) -> int:
    """Milliseconds from ``now`` to the order's fence, for venues that fence by a receive window.

    The request must be signed with ``now`` as its timestamp, else the fence moves. Raises BadInput where
    the fence has passed, or is further away than the venue allows.
    """
    window = int((order.fence_at - now).total_seconds() * 1000)
    if not 0 < window <= LONGEST_WINDOW_MS:
        raise BadInput(
            f"order {order.client_id}: its fence is {window} ms away, allowed are 1 to {LONGEST_WINDOW_MS}"
        )
    return window


@dataclass(frozen=True, slots=True)
class OrderWords:
    """A venue's words for the states of an order."""

    resting: frozenset[str]
    filled: frozenset[str]
    cancelled: frozenset[str]
    rejected: frozenset[str]


def order_state(read: Payload, field: str, words: OrderWords, filled: Decimal, amount: Decimal) -> OrderState:
    """The state that a venue's word means, refused where the filled amount contradicts it."""
    text = read.text(field)
    if text in words.resting and filled < amount:
        return OrderState.PARTIAL if filled else OrderState.ACKED
    if text in words.filled and filled == amount:
        return OrderState.FILLED
    if text in words.cancelled:
        return OrderState.CANCELLED
    if text not in words.rejected or filled:
        read.refuse(field, f"a known state that fits {filled} of {amount} filled")
    return OrderState.REJECTED


def filled_of(read: Payload, field: str, amount: Decimal) -> Decimal:
    """Filled amount of an order, between 0 and its amount."""
    filled = read.decimal(field)
    if not 0 <= filled <= amount:
        read.refuse(field, f"an amount between 0 and {amount}")
    return filled


def accepted_report(order: Order, venue_id: str, at: datetime) -> OrderReport:
    """What an answer proves that names an order and says nothing of its state: it was taken on."""
    return OrderReport(
        venue_id=venue_id,
        client_id=order.client_id,
        instrument=order.instrument,
        state=OrderState.ACKED,
        amount=order.amount,
        filled=Decimal(0),
        average_price=None,
        at=at,
    )
