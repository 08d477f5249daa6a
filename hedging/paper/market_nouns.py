"""What the simulated market says: marks, funding, books, prints; all numbers unrounded."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from hedging.units import Side


@dataclass(frozen=True, slots=True)
class Mark:
    """Mark of one instrument at one instant.

    ``mark_price`` is in coin for inverse options, else in the quote currency. Greeks of options are Black-76
    on the forward of the expiry, in the quote currency per coin: vega and rho per 1 %, theta per day (or per
    lifetime when shorter). ``delta`` of a future is 1; delta of what expires decays linearly to 0 in the last
    half hour, and ``undecayed`` is the share of it that is left. What an instrument does not have is None.
    """

    name: str
    mark_price: float
    index_price: float
    underlying_price: float
    underlying_index: str
    mark_iv: float | None = None
    interest_rate: float = 0.0
    delta: float | None = None
    gamma: float | None = None
    vega: float | None = None
    theta: float | None = None
    rho: float | None = None
    undecayed: float = 1.0


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding of a perpetual; rates are fractions per eight hours, positive when longs pay."""

    current_funding: float
    funding_8h: float
    interest_value: float


class Level(NamedTuple):
    """One level of a book: price in the instrument's unit, amount in the venue's."""

    price: float
    amount: float


@dataclass(frozen=True, slots=True)
class SyntheticBook:
    """Depth of the simulated crowd, best first; ``sequence`` grows whenever the book is refreshed."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    sequence: int


@dataclass(frozen=True, slots=True)
class Print:
    """A public trade between others; ``side`` is the aggressor's."""

    name: str
    time_ns: int
    price: float
    amount: float
    side: Side


class DeliveryPrice(NamedTuple):
    """Average of the index over the half hour before 08:00 UTC of ``date``."""

    date: date
    price: float


class Candle(NamedTuple):
    """One bar: time in ms UTC, prices in the quote currency, volume in coin."""

    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


class VolatilityPoint(NamedTuple):
    """Realised volatility in percent a year at a time in ms UTC."""

    time_ms: int
    percent: float


class IndexName(StrEnum):
    """Indices the exchange publishes."""

    BTC_USD = "btc_usd"
    ETH_USD = "eth_usd"
    BTC_USDC = "btc_usdc"
    ETH_USDC = "eth_usdc"
