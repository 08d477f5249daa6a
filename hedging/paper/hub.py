"""Who gets which message: subscriptions, and publishing each message once for all that listen.

A message is encoded once and the bytes are handed to every subscriber. Tickers, quotes and books go out when
the market touched the instrument, at most as often as the channel says, and tickers at least once a second.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from typing import Protocol

import msgspec

from hedging.paper import render
from hedging.paper.book_stream import BookStream
from hedging.paper.channels import Channel, Feed, parse_channel, subjects
from hedging.paper.events import Event, Filled, OrderChanged, Printed, WalletChanged
from hedging.paper.exchange import CURRENCIES, Exchange
from hedging.paper.faults.calls import Frame
from hedging.paper.faults.switchboard import ON_TIME, Switchboard
from hedging.paper.listing import ListingKind
from hedging.paper.rate_limit import RateLimits
from hedging.paper.render_account import order, position, summary, user_trade
from hedging.paper.stamps import shifted

CHUNK = 10
"""Messages made before other work gets a turn."""

REPEAT_MS = 1000
"""A ticker, and a portfolio, is sent at least this often."""

JITTER_MS = 10
"""How much too early a message may come, so that a loop of 50 ms meets an interval of 100 ms."""

_ENCODER = msgspec.json.Encoder()


class Subscriber(Protocol):
    """A connection as the hub sees it."""

    @property
    def account(self) -> str | None:
        """Account that is logged in."""
        ...

    def push(self, frame: bytes) -> None:
        """Queue a message."""
        ...


class Hub:
    """Subscriptions of all connections."""

    def __init__(self, exchange: Exchange, limits: RateLimits, faults: Switchboard) -> None:
        self._exchange = exchange
        self._limits = limits
        self._faults = faults
        self._subscribers: dict[Channel, set[Subscriber]] = {}
        self._by_subject: dict[tuple[Feed, str], set[Channel]] = defaultdict(set)
        self._books: dict[Channel, BookStream] = {}
        self._sent_ms: dict[Channel, int] = {}
        self._pending: set[str] = set()
        self._wallets_due: set[tuple[str, str]] = set()
        self._changed_ns = exchange.market.now_ns

    def subscribe(self, who: Subscriber, names: Iterable[str]) -> list[str]:
        """Add channels; returns the names of those that exist and that ``who`` may have."""
        accepted: list[str] = []
        for name in names:
            channel = parse_channel(name, self._exchange.market.listings)
            if channel is None or (channel.feed.is_private and who.account is None):
                continue
            self._subscribers.setdefault(channel, set()).add(who)
            self._by_subject[(channel.feed, channel.subject)].add(channel)
            self._sent_ms.pop(channel, None)
            accepted.append(name)
            if channel.feed is Feed.BOOK:
                self._send_snapshot(channel, who)
            if channel.feed is Feed.USER_PORTFOLIO and who.account is not None:
                self._wallets_due |= {(who.account, currency) for currency in CURRENCIES}
        return accepted

    def unsubscribe(self, who: Subscriber, names: Iterable[str] | None) -> list[str]:
        """Take channels off ``who``, or all; returns their names."""
        wanted = None if names is None else set(names)
        found = [
            channel
            for channel, subscribers in self._subscribers.items()
            if who in subscribers and (wanted is None or channel.name in wanted)
        ]
        for channel in found:
            self._subscribers[channel].discard(who)
            if not self._subscribers[channel]:
                del self._subscribers[channel]
                self._by_subject[(channel.feed, channel.subject)].discard(channel)
                self._books.pop(channel, None)
        return [channel.name for channel in found]

    # --- the market ------------------------------------------------------------------------------

    async def publish_market(self, real_ms: int) -> None:
        """Publish what the market changed since the last call."""
        market = self._exchange.market
        touched = market.changed(self._changed_ns) | set(self._exchange.disturbed_names())
        self._changed_ns = market.now_ns
        self._pending |= touched
        data: dict[tuple[Feed, str], bytes] = {}
        made = 0
        for channel in self._in_order():
            if channel not in self._subscribers or not self._is_due(channel, real_ms):
                continue
            made += self._publish_channel(channel, real_ms, data)
            if made >= CHUNK:
                made = 0
                await asyncio.sleep(0)
        self._settle_pending(real_ms)
        self._publish_wallets(real_ms)

    def _in_order(self) -> list[Channel]:
        """Channels as they are served: what is held or hedged with first, as it moves accounts."""
        listings = self._exchange.market.listings
        held = {
            position.listing.name
            for account in self._exchange.accounts.values()
            for position in account.held()
        }
        first = held | {name for name, listing in listings.items() if listing.kind is not ListingKind.OPTION}
        return sorted(self._subscribers, key=lambda channel: channel.subject not in first)

    def _is_due(self, channel: Channel, real_ms: int) -> bool:
        if channel.feed.is_private or channel.feed is Feed.TRADES:
            return False
        if channel.feed is not Feed.INDEX and channel.subject not in self._exchange.market.listings:
            return False
        since = real_ms - self._sent_ms.get(channel, 0)
        if channel.feed is Feed.TICKER and since >= REPEAT_MS:
            return True
        return since + JITTER_MS >= channel.interval_ms and (
            channel.subject in self._pending or channel.feed is Feed.INDEX
        )

    def _publish_channel(self, channel: Channel, real_ms: int, made: dict[tuple[Feed, str], bytes]) -> int:
        """Send one channel's message; returns 1 when one was made."""
        if self._faults.freezes(channel.name):
            return 0
        self._sent_ms[channel] = real_ms
        if channel.feed is Feed.BOOK:
            change = self._book_change(channel)
            if change is None:
                return 0
            self._send(channel, self._encoded(channel, change), self._subscribers[channel])
            return 1
        key = (channel.feed, channel.subject)
        if key not in made:
            made[key] = self._encoded(channel, self._market_data(channel))
        self._send(channel, made[key], self._subscribers.get(channel, ()))
        return 1

    def _market_data(self, channel: Channel) -> render.Wire:
        exchange = self._exchange
        if channel.feed is Feed.TICKER:
            return render.ticker(exchange, channel.subject)
        if channel.feed is Feed.QUOTE:
            return render.quote(exchange, channel.subject)
        price = round(exchange.market.index(channel.subject), 2)
        return {"index_name": channel.subject, "price": price, "timestamp": exchange.now_ms}

    def _settle_pending(self, real_ms: int) -> None:
        """Forget touched instruments, except those a slower channel has still to hear of."""
        slow = {
            channel.subject
            for channel in self._subscribers
            if channel.interval_ms
            and real_ms - self._sent_ms.get(channel, 0) < channel.interval_ms
            and self._sent_ms.get(channel, 0) != real_ms
        }
        self._pending &= slow

    def _book_change(self, channel: Channel) -> render.Wire | None:
        bids, asks = self._levels(channel.subject)
        return self._books[channel].change(bids, asks, self._exchange.now_ms)

    def _levels(self, name: str) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        if self._exchange.disturbed(name):
            bids, asks = self._exchange.depth(name)
            return self._faults.levels(
                name,
                [(float(level.price), float(level.amount)) for level in bids],
                [(float(level.price), float(level.amount)) for level in asks],
            )
        book = self._exchange.market.book(name)
        shown = [[(row.price, row.amount) for row in side] for side in (book.bids, book.asks)]
        return self._faults.levels(name, *shown)

    def _send_snapshot(self, channel: Channel, who: Subscriber) -> None:
        if channel not in self._books:
            stream = BookStream(channel.subject, render.change_id(self._exchange, channel.subject))
            bids, asks = self._levels(channel.subject)
            stream.bids, stream.asks = dict(bids), dict(asks)
            self._books[channel] = stream
        snapshot = self._books[channel].snapshot(self._exchange.now_ms)
        self._send(channel, self._encoded(channel, snapshot), (who,), Frame(channel.name, snapshot=True))

    # --- accounts and the tape -------------------------------------------------------------------

    def publish_events(self, events: Iterable[Event]) -> None:
        """Publish what happened to orders, fills, wallets and the tape."""
        tape: dict[str, list[render.Wire]] = defaultdict(list)
        changes: dict[tuple[str, str], tuple[dict[str, render.Wire], list[render.Wire]]] = {}
        for event in events:
            match event:
                case Printed(trade):
                    tape[trade.instrument].append(render.public_trade(trade))
                case OrderChanged(item):
                    orders, _ = changes.setdefault((item.account, item.instrument), ({}, []))
                    orders[item.order_id] = order(self._exchange, item)
                case Filled(fill):
                    _, trades = changes.setdefault((fill.account, fill.instrument), ({}, []))
                    trades.append(user_trade(fill))
                case WalletChanged(account, currency):
                    self._wallets_due.add((account, currency))
        for name, rows in tape.items():
            self._route(Feed.TRADES, name, rows, None)
        for (account, name), (orders, trades) in changes.items():
            self._publish_changes(account, name, list(orders.values()), trades)

    def _publish_changes(
        self, account: str, name: str, orders: list[render.Wire], trades: list[render.Wire]
    ) -> None:
        for row in orders:
            self._route(Feed.USER_ORDERS, name, row, account)
        if trades:
            self._route(Feed.USER_TRADES, name, trades, account)
        if name not in self._exchange.market.listings:
            return
        held = position(self._exchange, self._exchange.accounts[account], name)
        data: render.Wire = {
            "instrument_name": name,
            "orders": orders,
            "trades": trades,
            "positions": [held],
        }
        self._route(Feed.USER_CHANGES, name, data, account)

    def _route(self, feed: Feed, name: str, data: object, account: str | None) -> None:
        """Send ``data`` to every channel of ``feed`` that contains the instrument."""
        if name not in self._exchange.market.listings:
            return
        plain: bytes | None = None
        for subject in subjects(self._exchange.market.listings[name]):
            for channel in self._by_subject.get((feed, subject), ()):
                if self._faults.freezes(channel.name):
                    continue
                told = self._told(channel, data)
                if told is data:
                    plain = plain or _ENCODER.encode(data)
                encoded = plain if told is data and plain else _ENCODER.encode(told)
                self._send(channel, encoded, self._listeners(channel, account))

    def _publish_wallets(self, real_ms: int) -> None:
        channels = [channel for channel in self._subscribers if channel.feed is Feed.USER_PORTFOLIO]
        repeat = {channel for channel in channels if real_ms - self._sent_ms.get(channel, 0) >= REPEAT_MS}
        for channel in channels:
            wanted = CURRENCIES if channel.subject == "ANY" else (channel.subject,)
            accounts = {who.account for who in self._subscribers[channel] if who.account is not None}
            for account in accounts:
                for currency in wanted:
                    if channel in repeat or (account, currency) in self._wallets_due:
                        self._sent_ms[channel] = real_ms
                        self._send_wallet(channel, account, currency)
        self._wallets_due.clear()

    def _send_wallet(self, channel: Channel, account: str, currency: str) -> None:
        item = self._exchange.summary(self._exchange.accounts[account], currency)
        if not self._faults.freezes(channel.name):
            encoded = self._encoded(channel, summary(item, self._limits))
            self._send(channel, encoded, self._listeners(channel, account))

    def _told(self, channel: Channel, data: object) -> object:
        """Data of a message as the faults let it be told."""
        told, skew_ms = self._faults.message(channel.name, data), self._faults.skew_ms
        return shifted(told, skew_ms) if skew_ms else told

    def _encoded(self, channel: Channel, data: object) -> bytes:
        return _ENCODER.encode(self._told(channel, data))

    def _listeners(self, channel: Channel, account: str | None) -> list[Subscriber]:
        return [who for who in self._subscribers[channel] if account in (None, who.account)]

    def _send(
        self, channel: Channel, data: bytes, to: Iterable[Subscriber], kind: Frame | None = None
    ) -> None:
        head = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
        frame = b"".join((head, channel.name.encode(), b'","data":', data, b"}}"))
        listeners = list(to)
        for seconds in self._faults.delivery(kind or Frame(channel.name)) if listeners else ON_TIME:
            if seconds:
                asyncio.get_running_loop().call_later(seconds, _push, listeners, frame)
            else:
                _push(listeners, frame)


def _push(to: Iterable[Subscriber], frame: bytes) -> None:
    for who in to:
        who.push(frame)
