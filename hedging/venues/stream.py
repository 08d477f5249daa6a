"""Live data over websocket: quotes and index prices; own orders, trades and balances.

A stream keeps itself alive: a closed, failed or silent connection is dropped, and after a pause that grows
with jitter a new one is made and everything subscribed again. It is fast, not complete: what happened in
between is lost, so the reads of a session are the floor, to be repeated each time a stream is LIVE again.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVarTuple

from hedging.errors import BadInput, VenueRejected, VenueUnreachable
from hedging.model.book import Balance
from hedging.model.market import Quote
from hedging.model.trading import Fill, OrderReport
from hedging.venues import deribit, deribit_orders
from hedging.venues.address import AccountAddress
from hedging.venues.payload import Raw
from hedging.venues.push_client import HEARTBEAT_SECONDS, PushClient, Received
from hedging.venues.wire import as_object

_log = logging.getLogger(__name__)
What = TypeVarTuple("What")

CHUNK = 200  # channels per subscription: the exchange takes frames of up to 32 kB
CHECK_SECONDS = 0.5  # between looks at silence


class StreamState(StrEnum):
    """Where a stream is in its life."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    STOPPED = "stopped"


def _ignore(*_: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamEvents:
    """Who is called, on the event loop, and must return at once.

    ``on_state`` gets the state and why; ``on_problem`` what could not be used (an instrument or a channel)
    and why: a push that was refused counts as not received.
    """

    on_quote: Callable[[Quote], None] = _ignore
    on_index: Callable[[deribit.IndexPrice], None] = _ignore
    on_report: Callable[[OrderReport], None] = _ignore
    on_fill: Callable[[Fill], None] = _ignore
    on_balance: Callable[[Balance], None] = _ignore
    on_state: Callable[[StreamState, str], None] = _ignore
    on_problem: Callable[[str, str], None] = _ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: for an answer, of silence before a reconnect, and the first and longest pause before one."""

    answer: float = 5.0
    silence: float = 5.0
    first_pause: float = 0.25
    longest_pause: float = 15.0

    def pause(self, failures: int) -> float:
        """Pause before the attempt after ``failures`` failed ones: doubled each time, half of it random."""
        longest = min(self.longest_pause, self.first_pause * 2.0 ** min(failures, 30))
        return longest * (0.5 + 0.5 * random.random())  # noqa: S311  # spreads load, guards nothing


class _Stream:
    """What both streams share: one connection at a time, and the task that looks after it."""

    _private = False

    def __init__(
        self,
        address: AccountAddress,
        clock: Callable[[], datetime],
        events: StreamEvents,
        patience: Patience,
    ) -> None:
        self.state = StreamState.STOPPED
        self._address = address
        self._clock = clock
        self._events = events
        self._patience = patience
        self._wanted: dict[str, None] = {}  # channels, in order
        self._woken = asyncio.Event()
        self._ended: str | None = None
        self._heard_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, on the running event loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._keep_alive())

    async def stop(self) -> None:
        """End, and close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._enter(StreamState.STOPPED, "")

    async def _keep_alive(self) -> None:
        failures = 0
        while True:
            self._enter(StreamState.CONNECTING, "")
            try:
                await self._one_connection()
            except Exception as error:  # noqa: BLE001  # outermost: a stream never ends by itself
                failures = 0 if self.state is StreamState.LIVE else failures + 1
                self._enter(StreamState.LOST, str(error) or type(error).__name__)
            await asyncio.sleep(self._patience.pause(failures))

    async def _one_connection(self) -> None:
        self._ended = None
        self._forget()
        received = Received(
            push=self._push,
            frame=self._heard if self._private else _ignore,
            problem=lambda text: self._tell(self._events.on_problem, "frame", text),
            end=self._end,
        )
        client = PushClient(self._address, received, self._patience.answer)
        try:
            await client.keep_alive()
            if self._private:
                await client.sign_in()
            await self._watch_over(client)
        finally:
            await client.close()

    async def _watch_over(self, client: PushClient) -> None:
        subscribed: set[str] = set()
        while True:
            fresh = [channel for channel in self._wanted if channel not in subscribed]
            for start in range(0, len(fresh), CHUNK):
                await self._subscribe(client, fresh[start : start + CHUNK])
            subscribed.update(fresh)
            if self.state is not StreamState.LIVE:
                self._heard()
                self._enter(StreamState.LIVE, "")
            await self._wait_for_news()
            if self._ended is not None:
                raise VenueUnreachable(self._ended)
            silence = asyncio.get_running_loop().time() - self._heard_at
            if subscribed and silence > self._silence_allowed():
                raise VenueUnreachable(f"nothing received for {silence:.1f} s")

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(CHECK_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()

    async def _subscribe(self, client: PushClient, channels: list[str]) -> None:
        """Subscribe; where the exchange refuses a list, find the channels that it is about."""
        method = "private/subscribe" if self._private else "public/subscribe"
        try:
            answered = await client.ask(method, {"channels": channels})
        except VenueRejected as error:
            if len(channels) == 1:
                self._tell(self._events.on_problem, channels[0], str(error))
                return
            half = len(channels) // 2
            await self._subscribe(client, channels[:half])
            await self._subscribe(client, channels[half:])
            return
        accepted = {str(channel).lower() for channel in answered} if isinstance(answered, list) else set()
        for channel in channels:
            if channel.lower() not in accepted:
                self._tell(self._events.on_problem, channel, "the exchange did not subscribe it")

    def _want(self, channels: Iterable[str]) -> None:
        self._wanted |= dict.fromkeys(channels)
        self._woken.set()

    def _end(self, reason: str) -> None:
        self._ended = self._ended or reason
        self._woken.set()

    def _heard(self) -> None:
        self._heard_at = asyncio.get_running_loop().time()

    def _enter(self, state: StreamState, reason: str) -> None:
        self.state = state
        self._tell(self._events.on_state, state, reason)

    @staticmethod
    def _tell(listener: Callable[[*What], None], *what: *What) -> None:
        try:
            listener(*what)
        except Exception:  # noqa: BLE001  # a stream outlives those it tells
            _log.exception("a listener of a stream failed")

    def _push(self, channel: str, data: object) -> None:
        raise NotImplementedError

    def _forget(self) -> None:
        """Drop what the last connection left behind."""

    def _silence_allowed(self) -> float:
        return self._patience.silence


class MarketStream(_Stream):
    """Tickers and quotes of instruments, and index prices; ``add`` more at any time.

    ``latest`` holds the last quote of each instrument. An update that is older than what the same channel
    sent before is dropped; a refused one counts as not received.
    """

    def __init__(
        self,
        address: AccountAddress,
        clock: Callable[[], datetime],
        events: StreamEvents,
        patience: Patience | None = None,
    ) -> None:
        super().__init__(address, clock, events, patience or Patience())
        self.latest: dict[str, Quote] = {}
        self._ticker_at: dict[str, datetime] = {}

    def add(self, names: Iterable[str], indices: Iterable[str] = ()) -> None:
        """Subscribe touch and ticker of instruments by the exchange's name, and indices ("btc_usd")."""
        listed = list(names)
        self._want(f"quote.{name}" for name in listed)
        self.add_tickers(listed)
        self._want(f"deribit_price_index.{index}" for index in indices)

    def add_tickers(self, names: Iterable[str]) -> None:
        """Subscribe tickers alone, half the messages: for instruments that are valued but not traded."""
        self._want(f"ticker.{name}.100ms" for name in names)

    def _push(self, channel: str, data: object) -> None:
        self._heard()
        kind, _, rest = channel.partition(".")
        try:
            if kind == "quote":
                self._touch(rest, data)
            elif kind == "ticker":
                self._ticker(rest.removesuffix(".100ms"), data)
            elif kind == "deribit_price_index":
                self._events.on_index(deribit.index_price(as_object(data), self._clock()))
        except BadInput as error:
            self._tell(self._events.on_problem, rest.removesuffix(".100ms"), str(error))

    def _touch(self, name: str, data: object) -> None:
        previous = self.latest.get(name)
        quote = deribit.touch(as_object(data), previous, self._clock())
        if quote is not previous:
            self._publish(name, quote)

    def _ticker(self, name: str, data: object) -> None:
        raw = as_object(data)
        at = deribit.ticker_time(raw)
        if at < self._ticker_at.get(name, at):
            return
        quote = deribit.quote(raw, self.latest.get(name), self._clock())
        self._ticker_at[name] = at
        self._publish(name, quote)

    def _publish(self, name: str, quote: Quote) -> None:
        if quote.instrument != name:
            raise BadInput(f"the channel of {name} sent {quote.instrument}")
        self.latest[name] = quote
        self._events.on_quote(quote)

    def _forget(self) -> None:
        self.latest.clear()
        self._ticker_at.clear()


class AccountStream(_Stream):
    """Own orders and trades of every instrument, and the balances of ``currencies``."""

    _private = True

    def __init__(
        self,
        address: AccountAddress,
        clock: Callable[[], datetime],
        events: StreamEvents,
        currencies: tuple[str, ...] = ("BTC", "ETH", "USDC"),
        patience: Patience | None = None,
    ) -> None:
        super().__init__(address, clock, events, patience or Patience())
        self._want(("user.orders.any.any.raw", "user.trades.any.any.raw"))
        self._want(f"user.portfolio.{currency.lower()}" for currency in currencies)

    def _push(self, channel: str, data: object) -> None:
        entries = data if isinstance(data, list) else [data]
        for entry in entries:
            try:
                self._entry(channel.split(".")[1], as_object(entry))
            except BadInput as error:
                self._tell(self._events.on_problem, channel, str(error))

    def _entry(self, kind: str, raw: Raw) -> None:
        if kind == "orders":
            self._events.on_report(deribit_orders.order_report(raw))
        elif kind == "trades":
            self._events.on_fill(deribit_orders.fill(raw, self._address.name))
        elif kind == "portfolio":
            self._events.on_balance(deribit.balance(raw, self._address.name, self._clock()))

    def _silence_allowed(self) -> float:
        return self._patience.silence + 2 * HEARTBEAT_SECONDS  # nothing but heartbeats for hours is normal
