"""Order books of the four exchanges: a raw whole book to a noun; updates of one are refused, not applied.

Pure, like the other parsers. Refused are: a book that is empty on both sides, crossed, out of order, with a
level of no size, without a time (its age would not be known), and everything that only changes a book.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from hedging.errors import BadInput
from hedging.model.order_book import OrderBook, PriceLevel
from hedging.venues.address import BINANCE, BYBIT, DERIBIT, OKX
from hedging.venues.okx import answer
from hedging.venues.payload import Payload, Raw
from hedging.venues.reading import entries, only

MOST_LEVELS = 20_000  # the longest book an exchange sends has 10,000 on both sides together


def deribit_book(raw: Raw, received_at: datetime) -> OrderBook:
    """``public/get_order_book``, or the first push of the ``book`` channel.

    A push that names the change before it only changes a book.
    """
    read = Payload(raw, "order book")
    if read.value("type") == "change" or read.value("prev_change_id") is not None:
        read.refuse("prev_change_id", "none: this is an update of a book, not a book")
    return _book(
        _About(DERIBIT, read.text("instrument_name"), read.time("timestamp"), received_at),
        _levels(read, "bids", after="new"),
        _levels(read, "asks", after="new"),
        _sequence(read, "change_id"),
    )


def okx_book(envelope: Raw, name: str, received_at: datetime) -> OrderBook:
    """Answer of ``market/books`` for ``name``, or a whole push of a ``books`` channel."""
    outside = Payload(envelope, "order book")
    if outside.value("action") == "update":
        outside.refuse("action", "snapshot: this is an update of a book, not a book")
    told = outside.optional_object("arg")
    read = only(entries(answer(envelope), "order book"), "order book")
    for told_by in (told, read):
        if told_by is not None and told_by.optional_text("instId") not in ("", name):
            told_by.refuse("instId", name)
    return _book(
        _About(OKX, name, read.time("ts"), received_at),
        _levels(read, "bids"),
        _levels(read, "asks"),
        _sequence(read, "seqId"),
    )


def bybit_book(envelope: Raw, received_at: datetime) -> OrderBook:
    """Answer of ``market/orderbook``, or a snapshot of an ``orderbook`` topic."""
    outside = Payload(envelope, "order book")
    if outside.value("retCode") not in (None, 0, "0"):
        outside.refuse("retCode", "0")
    if outside.value("type") not in (None, "snapshot"):
        outside.refuse("type", "snapshot: this is an update of a book, not a book")
    pushed = outside.has("data")
    read = Payload(outside.value("data" if pushed else "result"), "order book")
    return _book(
        _About(BYBIT, read.text("s"), (outside if pushed else read).time("ts"), received_at),
        _levels(read, "b"),
        _levels(read, "a"),
        _sequence(read, "u"),
    )


def binance_book(raw: Raw, name: str, received_at: datetime) -> OrderBook:
    """Answer of ``depth`` of any interface for ``name``, or a push of the options' ``depth`` before 2025.

    The spot interface states no time: refused. So is ``depthUpdate``: whether it is a change or the top of
    a book only the name of its stream tells.
    """
    read = Payload(raw, "order book")
    event = read.value("e")
    if event not in (None, "depth"):
        read.refuse("e", "a whole book, not an update of one")
    pushed = event == "depth"
    for field in ("symbol", "s"):
        if read.optional_text(field) not in ("", name):
            read.refuse(field, name)
    return _book(
        _About(BINANCE, name, read.time("T" if read.value("E") is None else "E"), received_at),
        _levels(read, "b" if pushed else "bids"),
        _levels(read, "a" if pushed else "asks"),
        _sequence(read, "u" if pushed else "lastUpdateId"),
    )


@dataclass(frozen=True, slots=True)
class _About:
    venue: str
    instrument: str
    venue_at: datetime
    received_at: datetime


def _levels(read: Payload, field: str, after: str = "") -> tuple[PriceLevel, ...]:
    """Levels of one side: [price, size, …], or [``after``, price, size] where it stands first."""
    listed = read.value(field)
    if not isinstance(listed, Sequence) or isinstance(listed, str) or len(listed) > MOST_LEVELS:
        read.refuse(field, "a list of levels")
    return tuple(_level(read, field, entry, after) for entry in listed)


def _level(read: Payload, field: str, entry: object, after: str) -> PriceLevel:
    if not isinstance(entry, Sequence) or isinstance(entry, str) or len(entry) < 2:
        read.refuse(field, "levels of a price and a size")
    values = entry[1:] if after and entry[0] == after else entry
    if len(values) < 2 or values[0] in ("change", "delete"):
        read.refuse(field, "new levels alone: this is an update of a book, not a book")
    level = Payload({"price": values[0], "size": values[1]}, f"level of {field}")
    return PriceLevel(float(level.positive_decimal("price")), float(level.positive_decimal("size")))


def _sequence(read: Payload, field: str) -> int | None:
    if read.value(field) is None:
        return None
    number = read.decimal(field)
    if number != number.to_integral_value():
        read.refuse(field, "a whole number")
    return int(number)


def _book(
    about: _About, bids: tuple[PriceLevel, ...], asks: tuple[PriceLevel, ...], sequence: int | None
) -> OrderBook:
    if not bids and not asks:
        raise BadInput(f"order book of {about.instrument!r}: it is empty on both sides")
    falling = all(high.price > low.price for high, low in pairwise(bids))
    rising = all(low.price < high.price for low, high in pairwise(asks))
    if not (falling and rising):
        raise BadInput(f"order book of {about.instrument!r}: its levels are not in the order of their prices")
    if bids and asks and bids[0].price >= asks[0].price:
        raise BadInput(
            f"order book of {about.instrument!r}: it is crossed, bid {bids[0].price:g} "
            f"at ask {asks[0].price:g}"
        )
    return OrderBook(
        venue=about.venue,
        instrument=about.instrument,
        bids=bids,
        asks=asks,
        sequence=sequence,
        venue_at=about.venue_at,
        received_at=about.received_at,
    )
