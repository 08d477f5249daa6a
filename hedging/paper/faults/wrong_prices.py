"""Prices in market data, wherever they stand, changed all alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from hedging.paper.faults.base import Fault
from hedging.paper.faults.calls import Call, Group, Underlying

MARKET_CALLS = frozenset(
    {
        "public/ticker",
        "public/get_order_book",
        "public/get_book_summary_by_currency",
        "public/get_book_summary_by_instrument",
        "public/get_index_price",
    }
)
_CHANNELS = ("ticker.", "quote.", "book.", "deribit_price_index.")
_QUOTES = frozenset({"best_bid_price", "best_ask_price", "bid_price", "ask_price", "mid_price"})
_MARKS = frozenset({"mark_price", "last_price", "last"})
_INDICES = frozenset({"index_price", "underlying_price", "estimated_delivery_price", "price"})


class Prices(StrEnum):
    """Which prices a fault touches."""

    ALL = "all"
    QUOTES = "quotes"
    MARK = "mark"
    INDEX = "index"

    @property
    def keys(self) -> frozenset[str]:
        """Names under which they stand."""
        chosen = {Prices.QUOTES: _QUOTES, Prices.MARK: _MARKS, Prices.INDEX: _INDICES}
        return chosen.get(self, _QUOTES | _MARKS | _INDICES)


@dataclass(frozen=True)
class MarketDataFault(Fault):
    """A fault of market data, by REST and on the stream."""

    group: ClassVar[Group] = Group.PRICES
    underlying: Underlying = Underlying.ANY

    def row(self, row: Mapping[str, object]) -> Mapping[str, object]:
        """A payload of one instrument or index, as it is told."""
        return row

    def result(self, call: Call, result: object) -> object:
        """Of market data."""
        if call.method not in MARKET_CALLS:
            return result
        if isinstance(result, list):
            rows = [self._told(row, "") for row in result]
            return rows if any(told is not row for told, row in zip(rows, result, strict=True)) else result
        return self._told(result, call.subject)

    def message(self, channel: str, data: object) -> object:
        """Of market channels."""
        return self._told(data, "") if channel.startswith(_CHANNELS) else data

    def _told(self, payload: object, subject: str) -> object:
        if not isinstance(payload, dict):
            return payload
        name = payload.get("instrument_name", payload.get("index_name", subject))
        return self.row(payload) if self.underlying.holds(str(name)) else payload


@dataclass(frozen=True)
class PriceFault(MarketDataFault):
    """A fault of every price of the chosen kind; orders still trade at the true ones."""

    what: Prices = Prices.ALL

    def price(self, price: float) -> object:
        """What is told instead of a price."""
        return price

    def row(self, row: Mapping[str, object]) -> Mapping[str, object]:
        """With other prices."""
        keys = self.what.keys
        told = {
            key: self.price(value) if key in keys and isinstance(value, int | float) and value else value
            for key, value in row.items()
        }
        if self.what in (Prices.ALL, Prices.QUOTES):
            told |= {side: self._levels(row[side]) for side in ("bids", "asks") if side in row}
        return told

    def _levels(self, levels: object) -> object:
        """Rows of price and amount, or of action, price and amount."""
        if not isinstance(levels, list):
            return levels
        return [[*row[:-2], self.price(row[-2]), row[-1]] for row in levels]
