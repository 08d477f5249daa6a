"""Does the engine's loop keep up with 4 venues × 500 instruments × 10 updates a second, and does a kill hold?

The real loop, driver, guard, publisher and ledger (SQLite in a folder of its own) on venues in memory
(``bench/quiet_venue.py``). A thread hands over updates as bytes at a steady pace (``bench/quote_feed.py``);
on the event loop each is decoded, read by its venue's parser and given to the desk. About half of the
instruments are held, at four accounts; automatic mode is armed and the index jumps every two seconds, so
that orders leave all the time, as fast as the message budget allows. Every few seconds, at a random instant
and from another thread, a latch is set: in turn the kill file, a HALT command in the ledger, and the
trading row; then two people resume and one arms.

Rows: ``engine``: how late a task comes that wants to run every 10 ms; how many updates wait, sampled with
it (the mean of the first and of the last quarter, the most, and the last); updates and cycles a second;
from a jump's first update to the first order after it. ``kill``: for each latch how long after it the last
order was begun (0: none was), how long until the core had halted, and until the first cancel. ``peer``: a
plain loop that reads the same updates by the exchange library's ``parse_ticker`` and does nothing else.
``cpu_share`` is what of one core the process was given, for the machine may be shared; ``occupied_ms`` is
the processor time that the loop's own thread took between two turns of that task, which no other program
adds to: on a free core nothing is later than that.

One JSON line a row. Run: ``PYTHONPATH=. python bench/loop.py [--seconds 60] [--rate 10]``.
"""

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from bench.kill_hand import ENOUGH, SEED, Hand, Kill, kill_rows
from bench.passages import machine
from bench.quiet_venue import TRADED, VENUES, Book, Exchange, QuietSession
from bench.quote_feed import Feed, LibraryReader, Reader, Taker, Update
from bench.venue_texts import Listed, listing
from hedging.clock import monotonic_ns, utc_now
from hedging.core.account import Account
from hedging.core.inputs import InputsEncoder
from hedging.core.starting import restored
from hedging.core.state import Setup
from hedging.engine.desk_state import DeskState, Surroundings, desk_of
from hedging.engine.latches import Latches
from hedging.engine.loop import Loop, Parts
from hedging.engine.publisher import Identity, Publisher
from hedging.engine.recording import Recorder
from hedging.engine.start import SWITCH_SECONDS
from hedging.engine.venue_calls import Places, Sessions
from hedging.ledger import Ledger, Series
from hedging.model.book import Balance
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.rules import AutoRules, ExecutionRules, Rules, UnderlyingRules
from hedging.model.trading import AutoMode, Fill
from hedging.model.venue_profile import PROFILES
from hedging.model.view import VenueMode

PROBE_SECONDS = 0.01
BOOK = "bench"
LEASE = timedelta(seconds=15)
BETWEEN_KILLS = (5.3, 8.0)  # seconds: a ticket that a kill ended holds the next one back for five
PARTS = 4  # that a venue sends of one instrument, at most
BTC = Scope(ScopeKind.UNDERLYING, "BTC")


@dataclass(frozen=True)
class Load:
    """What is asked of the loop."""

    seconds: float
    rate: float
    instruments: int
    between_kills: tuple[float, float] = BETWEEN_KILLS


def rules() -> Rules:
    """A narrow band, and caps with room: what is measured is the loop, not the limits."""
    item = UnderlyingRules(
        underlying="BTC",
        account=TRADED,
        venue=TRADED,
        hedge_instrument="BTC-PERPETUAL",
        numeraire=Numeraire(0.0),
        band=Band(lower=-1.0, centre=0.0, upper=1.0, target=HedgeTarget.CENTRE),
        limits=tuple(
            Limit(scope=BTC, measure=measure, soft=5_000.0, hard=9_000.0)
            for measure in (Measure.HEDGE_POSITION, Measure.DELTA)
        ),
        max_order_coin=5.0,
    )
    execution = ExecutionRules(
        clip_usd=100_000.0,
        clip_pause_seconds=0.05,
        messages_per_minute=ENOUGH,
        daily_orders=ENOUGH,
        drift_cap=0.1,
    )
    auto = AutoRules(
        max_orders=ENOUGH,
        max_turnover_usd=1e12,
        shadow_minutes=0.0,
        repeats_10_minutes=ENOUGH,
        repeats_hour=ENOUGH,
        sign_flips=ENOUGH,
        turnover_to_target=1e9,
    )
    return Rules(underlyings=(item,), execution=execution, auto=auto)


class NotedLatches(Latches):
    """Knows when each thread looked last, in ns."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._looked = threading.local()

    def reasons(self) -> tuple[str, ...]:
        """Every latch that is set."""
        self._looked.at = monotonic_ns()
        return super().reasons()

    def looked(self) -> int:
        """When this thread looked."""
        return int(getattr(self._looked, "at", 0))


class Bench:
    """The engine on its venues, with all that is fed to it and done to it."""

    def __init__(self, folder: Path, load: Load) -> None:
        now = utc_now()
        by_venue = {venue: listing(venue, load.instruments, now) for venue in VENUES}
        self.listed = [each for listed in zip(*by_venue.values(), strict=True) for each in listed]
        self.feed = Feed(self.listed, load.rate, SEED)
        book = Book(by_venue, SEED)
        self.exchanges = {venue: Exchange(venue, book, lambda: self.feed.step, utc_now) for venue in VENUES}
        self.traded = self.exchanges[TRADED]
        self.folder = folder
        self.ledger = Ledger.open(folder)
        self.series = Series.open(folder)
        lease = self.ledger.acquire_lease(BOOK, "bench", now, LEASE)
        recorder = Recorder(self.ledger, lease, utc_now)
        self.woken = asyncio.Event()
        self.sessions = [QuietSession(self.traded), QuietSession(self.traded)]
        self.desk = self._desk(recorder)
        publisher = Publisher(self.desk, self.series, Identity(BOOK, VenueMode.PAPER, now))
        self.loop = Loop(Parts(self.desk, publisher, ()), self.woken)
        self.cycles = 0
        self.submits = self.traded.submits
        self._count_cycles()

    def _desk(self, recorder: Recorder) -> DeskState:
        instruments = {each.instrument.key: each.instrument for each in self.listed}
        readers = {venue: QuietSession(self.exchanges[venue]) for venue in VENUES if venue != TRADED}
        self.sessions += readers.values()
        orders, reads = self.sessions[:2]
        places = Places({TRADED: Sessions(orders, reads)}, readers, instruments)  # type: ignore[arg-type]
        setup = Setup(
            rules=rules(),
            instruments=instruments,
            profiles={profile.name: profile for profile in PROFILES},
            encode=InputsEncoder().encode,
        )
        accounts = [Account(name=venue, venue=venue, trades=venue == TRADED) for venue in VENUES]
        state = restored(setup, accounts, recorder.stored(instruments), recorder.lease.expires_at)
        latches = NotedLatches(self.folder)
        self.traded.looked = latches.looked
        return desk_of(state, places, recorder, Surroundings(utc_now, latches, self.woken.set))

    def _count_cycles(self) -> None:
        look = self.desk.board.looked

        def counted(state: object) -> object:
            self.cycles += 1
            return look(state)  # type: ignore[arg-type]

        self.desk.board.looked = counted  # type: ignore[method-assign, assignment]

    def close(self) -> None:
        """End everything."""
        for session in self.sessions:
            session.close()
        self.series.close()
        self.ledger.close()


class Probe:
    """How late a task comes that wants to run every 10 ms, and how long the queue is then."""

    def __init__(self, length: Callable[[], int]) -> None:
        self.late_ms: list[float] = []
        self.occupied_ms: list[float] = []
        self.queue: list[int] = []
        self._length = length

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            wanted, used = monotonic_ns() + int(PROBE_SECONDS * 1e9), time.thread_time()
            await asyncio.sleep(PROBE_SECONDS)
            self.late_ms.append(max(0.0, (monotonic_ns() - wanted) / 1e6))
            self.occupied_ms.append((time.thread_time() - used) * 1e3)
            self.queue.append(self._length())

    def row(self) -> dict[str, object]:
        """In figures."""
        late, quarter = np.array(self.late_ms), max(1, len(self.queue) // 4)
        return {
            "late_ms_median": round(float(np.median(late)), 1),
            "late_ms_p99": round(float(np.percentile(late, 99)), 1),
            "late_ms_max": round(float(late.max()), 1),
            "occupied_ms_p99": round(float(np.percentile(self.occupied_ms, 99)), 1),
            "occupied_ms_max": round(max(self.occupied_ms), 1),
            "queue_first_quarter": round(float(np.mean(self.queue[:quarter]))),
            "queue_last_quarter": round(float(np.mean(self.queue[-quarter:]))),
            "queue_max": max(self.queue),
            "queue_end": self.queue[-1],
        }


async def measure(load: Load, folder: Path) -> list[dict[str, object]]:
    """The engine's rows."""
    bench = Bench(folder, load)
    running = asyncio.get_running_loop()
    reader = Reader(bench.listed, utc_now)
    quote, take_quote = reader.quote, bench.desk.take_quote

    def take(update: Update) -> None:
        take_quote(quote(update))

    def pushed(what: Fill | Balance) -> None:
        running.call_soon_threadsafe(bench.loop.on_pushed, what)

    bench.traded.on_pushed = pushed
    taker = Taker(bench.feed.queue, take)
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_SECONDS)
    bench.feed.start(taker.wake)
    await _until(lambda: taker.taken > 2 * PARTS * len(bench.listed), ())
    tasks = [asyncio.create_task(bench.loop.run()), asyncio.create_task(_venue_works(bench.traded))]
    await _until(lambda: bench.desk.state.ready and bool(bench.desk.state.whole), tasks)
    hand = Hand(bench.desk, bench.traded, folder, load.between_kills)
    hand.start()
    await _until(lambda: bench.desk.state.status.auto.mode is AutoMode.ARMED, tasks)
    processor = time.process_time()
    begun = (monotonic_ns(), taker.taken, bench.feed.sent, bench.cycles, len(bench.submits))
    probe = Probe(lambda: len(bench.feed.queue))
    tasks.append(asyncio.create_task(probe.run()))
    await _for(load.seconds, tasks)
    ended = (monotonic_ns(), taker.taken, bench.feed.sent, bench.cycles, len(bench.submits))
    processor = time.process_time() - processor
    await asyncio.to_thread(hand.stop)
    bench.feed.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    held_back = [
        order for order in bench.ledger.orders(limit=ENOUGH) if order.detail.startswith("not sent: killed")
    ]
    needed = len(bench.desk.state.needed)
    bench.close()
    seconds = (ended[0] - begun[0]) / 1e9
    taken, sent, cycles, orders = ((ended[place] - begun[place]) / seconds for place in range(1, 5))
    engine = {
        "row": "engine",
        "seconds": round(seconds, 1),
        "cpu_share": round(processor / seconds, 2),
        "instruments": len(bench.listed),
        "needed": needed,
        **probe.row(),
        "sent_per_s": round(sent),
        "taken_per_s": round(taken),
        "cycles_per_s": round(cycles, 1),
        "orders_per_s": round(orders, 2),
        "orders": ended[4] - begun[4],
        **_tick_to_submit(bench.feed.jumps, bench.submits, hand.kills),
    }
    return [engine, *kill_rows(hand.kills, len(held_back)), *_trouble_rows(hand.troubles)]


def _tick_to_submit(jumps: Sequence[int], submits: Sequence[int], kills: Sequence[Kill]) -> dict[str, object]:
    """From a jump's first update to the first order after it, where none was on its way just before."""
    found = []
    for jump in jumps:
        after = [at for at in submits if at > jump]
        busy = any(jump - 400_000_000 < at <= jump for at in submits)
        if after and not busy and after[0] - jump < 1e9:
            found.append((after[0] - jump) / 1e6)
    if not found:
        return {"tick_to_submit_n": 0}
    return {
        "tick_to_submit_n": len(found),
        "tick_to_submit_ms_median": round(float(np.median(found)), 1),
        "tick_to_submit_ms_max": round(max(found), 1),
    }


def _trouble_rows(troubles: Sequence[str]) -> list[dict[str, object]]:
    return [{"row": "refused", "what": what, "times": troubles.count(what)} for what in sorted(set(troubles))]


async def measure_peer(load: Load) -> dict[str, object]:
    """The same updates, read by the exchange library and kept: no book, no decision, no ledger."""
    now = utc_now()
    by_venue = [listing(venue, load.instruments, now) for venue in VENUES]
    listed: list[Listed] = [each for row in zip(*by_venue, strict=True) for each in row]
    feed = Feed(listed, load.rate, SEED)
    taker = Taker(feed.queue, LibraryReader(listed).take)
    probe = Probe(lambda: len(feed.queue))
    feed.start(taker.wake)
    task = asyncio.create_task(probe.run())
    processor = time.process_time()
    await asyncio.sleep(load.seconds)
    row = {
        "row": "peer: plain loop over parse_ticker",
        "seconds": load.seconds,
        "cpu_share": round((time.process_time() - processor) / load.seconds, 2),
        **probe.row(),
        "sent_per_s": round(feed.sent / load.seconds),
        "taken_per_s": round(taker.taken / load.seconds),
    }
    feed.stop()
    task.cancel()
    feed.queue.clear()
    with suppress(asyncio.CancelledError):
        await task
    return row


async def _venue_works(exchange: Exchange) -> None:
    """Fill late what was taken on, and push the balance once a second."""
    told = 0.0
    while True:
        exchange.work()
        if time.monotonic() - told >= 1.0:
            told = time.monotonic()
            for balance in exchange.balances():
                exchange.on_pushed(balance)
        await asyncio.sleep(0.05)


async def _until(found: Callable[[], bool], tasks: Sequence[asyncio.Task[None]]) -> None:
    end = time.monotonic() + 60.0
    while not found():
        _still_running(tasks)
        if time.monotonic() > end:
            raise SystemExit("the engine did not get as far within a minute")
        await asyncio.sleep(0.05)


async def _for(seconds: float, tasks: Sequence[asyncio.Task[None]]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        _still_running(tasks)
        await asyncio.sleep(min(0.5, seconds))


def _still_running(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        if task.done():
            task.result()


def run(load: Load, peer_seconds: float) -> list[dict[str, object]]:
    """Every row; the peer comes second, in the same process."""
    before = sys.getswitchinterval()
    try:
        with tempfile.TemporaryDirectory() as folder:
            rows = asyncio.run(measure(load, Path(folder)))
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()
    if peer_seconds:
        rows.append(asyncio.run(measure_peer(Load(peer_seconds, load.rate, load.instruments))))
    return [{"bench": "loop", **row} for row in rows]


def main() -> None:
    """Measure and print every row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=10.0)
    parser.add_argument("--instruments", type=int, default=500)
    parser.add_argument("--peer-seconds", type=float, default=15.0)
    wanted = parser.parse_args()
    load = Load(wanted.seconds, wanted.rate, wanted.instruments)
    for row in run(load, wanted.peer_seconds):
        print(json.dumps({**row, **machine()}), flush=True)


if __name__ == "__main__":
    main()
