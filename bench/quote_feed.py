"""Price updates of four venues at a steady pace, as bytes, and the two who take them: ours and the library's.

A thread hands over what is due every few milliseconds, as a socket would, whether anybody keeps up or not:
what was not taken yet waits in a queue, whose length is the figure.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import ccxt
import msgspec
import numpy as np

from bench.venue_texts import STEPS, Listed
from hedging.clock import monotonic_ns, now_ns
from hedging.model.instrument import Kind
from hedging.model.market import Quote
from hedging.venues import binance, bybit, deribit, okx
from hedging.venues.payload import Payload
from hedging.venues.reading import merged

BURST_SECONDS = 0.005
JUMP_SECONDS = 2.0
LOW, HIGH = 4, 16
AT_ONCE = 2_000  # updates taken before the loop has its turn again

Update = tuple[int, bytes]
"""The instrument's place in the listing, and what its venue sent."""


class Feed:
    """Hands ``rate`` updates of each instrument a second to a queue, from a thread, until stopped.

    The index rests on a step of the grid, wavers by one, and every two seconds jumps across the grid;
    ``jumps``: when the first update with a new price was handed over, in ns.
    """

    def __init__(self, listed: list[Listed], rate: float, seed: int) -> None:
        self.queue: deque[Update] = deque()
        self.step = STEPS // 2
        self.sent = 0
        self.jumps: list[int] = []
        self.jumping = True
        self._listed = listed
        self._rate = rate
        self._random = np.random.default_rng(seed)
        self._wake: Callable[[], None] = lambda: None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feed")

    def start(self, wake: Callable[[], None]) -> None:
        """Begin; ``wake`` is called from the thread when something came."""
        self._wake = wake
        self._thread.start()

    def stop(self) -> None:
        """End; nothing more comes."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        count, began, place, turns = len(self._listed), monotonic_ns(), 0, 0
        jump_at = JUMP_SECONDS
        level, waver_at = self.step, 0.0
        while not self._stopped.is_set():
            passed = (monotonic_ns() - began) / 1e9
            jumped = passed >= jump_at
            if jumped:
                jump_at = passed + JUMP_SECONDS * float(self._random.uniform(0.8, 1.2))
                if self.jumping:
                    level = (
                        int(self._random.integers(HIGH - 3, HIGH))
                        if level < STEPS // 2
                        else (int(self._random.integers(LOW, LOW + 3)))
                    )
            if passed >= waver_at:
                waver_at = passed + 0.1
                self.step = level + int(self._random.integers(0, 2))
            due = int(passed * self._rate * count) - self.sent
            if jumped and self.jumping and due > 0:
                self.step = level
                self.jumps.append(monotonic_ns())
            stamp, step = now_ns() // 1_000_000, self.step
            for _ in range(due):
                parts = self._listed[place].texts[step]
                self.queue.append((place, parts[turns % len(parts)] % stamp))
                place += 1
                if place == count:
                    place, turns = 0, turns + 1
            self.sent += due
            if due:
                self._wake()
            time.sleep(BURST_SECONDS)


@dataclass(slots=True)
class Parts:
    """What a venue has sent of one instrument so far, part by part, where it sends parts."""

    touch: Quote | None = None
    marks: dict[str, Quote] = field(default_factory=dict)
    last: Quote | None = None


class Reader:
    """Bytes to quotes, by each venue's own parser."""

    def __init__(self, listed: list[Listed], now: Callable[[], datetime]) -> None:
        self._decode = msgspec.json.Decoder().decode
        self._now = now
        self._known = [Parts() for _ in listed]
        read = {"deribit": self._deribit, "okx": self._okx, "bybit": self._bybit, "binance": self._binance}
        self._read = [read[each.instrument.venue] for each in listed]
        self._options = [each.instrument.kind is Kind.OPTION for each in listed]

    def quote(self, update: Update) -> Quote:
        """The instrument's quote with this update in it."""
        place, text = update
        return self._read[place](place, self._decode(text), self._now())

    def _deribit(self, place: int, frame: Any, now: datetime) -> Quote:
        known = self._known[place]
        known.last = deribit.quote(frame["params"]["data"], known.last, now)
        return known.last

    def _bybit(self, place: int, frame: Any, now: datetime) -> Quote:
        known = self._known[place]
        at = Payload(frame, "push").time("ts")
        known.last = bybit.quote(frame["data"], at, known.last, now)
        return known.last

    def _okx(self, place: int, frame: Any, now: datetime) -> Quote:
        known, channel, (data,) = self._known[place], frame["arg"]["channel"], frame["data"]
        if channel == "tickers":
            known.touch = okx.ticker(data, now)
        elif channel == "index-tickers":
            index = okx.index_price(data, now)
            mark = known.marks.get("mark-price")
            if mark is not None:
                known.marks[channel] = replace(
                    mark, mark=None, index=index.price, venue_at=index.venue_at, received_at=now
                )
        else:
            known.marks[channel] = (okx.mark_price if channel == "mark-price" else okx.summary)(data, now)
        return merged(known.touch, list(known.marks.values()))

    def _binance(self, place: int, frame: Any, now: datetime) -> Quote:
        if self._options[place]:
            return binance.option_mark(frame["data"], now)
        known, data = self._known[place], frame["data"]
        if data["e"] == "bookTicker":
            known.touch = binance.book_ticker(data, now)
        else:
            known.marks["mark"] = binance.mark_price(data, now)
        return merged(known.touch, list(known.marks.values()))


class LibraryReader:
    """The same bytes by the exchange library's own reading of a ticker."""

    def __init__(self, listed: list[Listed]) -> None:
        self._decode = msgspec.json.Decoder().decode
        clients = {venue: getattr(ccxt, venue)() for venue in {each.instrument.venue for each in listed}}
        self._client = [clients[each.instrument.venue] for each in listed]
        self._market = [_market(each) for each in listed]
        self._venue = [each.instrument.venue for each in listed]
        self.latest: dict[int, object] = {}

    def take(self, update: Update) -> None:
        """Keep the ticker."""
        place, text = update
        frame = self._decode(text)
        venue = self._venue[place]
        data = frame["params"]["data"] if venue == "deribit" else frame["data"]
        data = data[0] if venue == "okx" else data
        self.latest[place] = self._client[place].parse_ticker(data, self._market[place])


def _market(listed: Listed) -> dict[str, object]:
    instrument = listed.instrument
    option = instrument.kind is Kind.OPTION
    kinds = {kind: kind == instrument.kind.value for kind in ("spot", "future", "option")}
    swap = instrument.kind is Kind.PERPETUAL
    return {
        **kinds,
        "id": instrument.name,
        "symbol": instrument.name,
        "type": "option" if option else "swap" if swap else "future",
        "swap": swap,
        "contract": True,
        "inverse": instrument.settlement.value == "inverse",
        "linear": instrument.settlement.value == "linear",
        "base": "BTC",
        "quote": "USD",
        "settle": instrument.settlement_currency,
        "contractSize": 1.0,
    }


class Taker:
    """Takes what came, on the event loop: all of it, in pieces."""

    def __init__(self, queue: deque[Update], take: Callable[[Update], None]) -> None:
        self.taken = 0
        self._queue = queue
        self._take = take
        self._loop = asyncio.get_running_loop()
        self._woken = False

    def wake(self) -> None:
        """Something came; from any thread."""
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._woken = False
        queue, take = self._queue, self._take
        count = min(len(queue), AT_ONCE)
        for _ in range(count):
            take(queue.popleft())
        self.taken += count
        if queue:
            self.wake()
