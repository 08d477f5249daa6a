"""Names of the websocket channels: what exists, and which of them an event belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hedging.paper.exchange import CURRENCIES
from hedging.paper.listing import Listing, ListingKind


class Feed(StrEnum):
    """Kind of a channel; the value is the beginning of its name."""

    TICKER = "ticker"
    QUOTE = "quote"
    BOOK = "book"
    TRADES = "trades"
    INDEX = "deribit_price_index"
    USER_ORDERS = "user.orders"
    USER_TRADES = "user.trades"
    USER_CHANGES = "user.changes"
    USER_PORTFOLIO = "user.portfolio"

    @property
    def is_private(self) -> bool:
        """Whether it belongs to an account."""
        return self.value.startswith("user.")


INTERVALS_MS: Mapping[str, int] = {"raw": 0, "100ms": 100, "agg2": 1000}
_KINDS = ("any", "future", "option", "spot")


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as subscribed: its full name, the feed, what it is of, how often (ms; 0 = at once)."""

    name: str
    feed: Feed
    subject: str
    interval_ms: int = 0


def parse_channel(name: str, listings: Mapping[str, Listing]) -> Channel | None:
    """Read a channel's name; None when there is no such channel."""
    feed = next((feed for feed in Feed if name.startswith(f"{feed.value}.")), None)
    if feed is None:
        return None
    parts = name[len(feed.value) + 1 :].split(".")
    if feed in (Feed.QUOTE, Feed.INDEX, Feed.USER_PORTFOLIO):
        return _single(name, feed, parts, listings)
    if parts[-1] not in INTERVALS_MS:
        return None
    interval_ms, subject = INTERVALS_MS[parts[-1]], ".".join(parts[:-1])
    if subject in listings:
        return Channel(name, feed, subject, interval_ms)
    grouped = feed in (Feed.TRADES, Feed.USER_ORDERS, Feed.USER_TRADES, Feed.USER_CHANGES)
    if grouped and len(parts) == 3 and parts[0] in _KINDS and parts[1].upper() in ("ANY", *CURRENCIES):
        return Channel(name, feed, f"{parts[0]}.{parts[1].upper()}", interval_ms)
    return None


def subjects(listing: Listing) -> Iterable[str]:
    """What a channel can be of that contains this instrument: itself, and its kind and currency."""
    future = listing.kind in (ListingKind.PERPETUAL, ListingKind.FUTURE)
    kind = "future" if future else listing.kind.value
    yield listing.name
    for chosen_kind in (kind, "any"):
        for currency in (listing.settlement_currency, "ANY"):
            yield f"{chosen_kind}.{currency}"


def _single(name: str, feed: Feed, parts: list[str], listings: Mapping[str, Listing]) -> Channel | None:
    subject = ".".join(parts)
    if feed is Feed.QUOTE and subject in listings:
        return Channel(name, feed, subject, 0)
    if feed is Feed.INDEX and subject in {listing.index_name for listing in listings.values()}:
        return Channel(name, feed, subject, 0)
    if feed is Feed.USER_PORTFOLIO and subject.upper() in ("ANY", *CURRENCIES):
        return Channel(name, feed, subject.upper(), 0)
    return None
