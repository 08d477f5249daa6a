"""Keeps the hourly closes of the hedging instruments: at the start, then every hour, beside the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hedging.engine.desk_state import DeskState
from hedging.errors import BadInput, LedgerError, VenueError
from hedging.ledger import Closes
from hedging.model.instrument import Instrument
from hedging.venues.address import DERIBIT, AccountAddress
from hedging.venues.history import LONGEST, HistoryReader

AFTER_THE_HOUR = timedelta(seconds=20)  # the exchange's last bar of the hour is then final
RETRY_SECONDS = 60.0
OVERLAP = timedelta(hours=2)  # asked for again, so that a bar read too early is replaced


@dataclass(frozen=True, slots=True)
class Source:
    """One instrument, and the account's address where its past can be asked for."""

    instrument: Instrument
    address: AccountAddress


class PriceHistory:
    """Reads and stores closes on a thread of its own; what fails is told to ``trouble`` and tried again."""

    def __init__(
        self,
        sources: Sequence[Source],
        closes: Closes,
        now: Callable[[], datetime],
        trouble: Callable[[str], None],
    ) -> None:
        self._sources = tuple(sources)
        self._closes = closes
        self._now = now
        self._trouble = trouble
        self._readers: dict[str, HistoryReader] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="history")

    async def run(self) -> None:
        """Read until cancelled; nothing but a cancellation ends it."""
        while True:
            complete = await self.read_all()
            await asyncio.sleep(seconds_to_next(self._now()) if complete else RETRY_SECONDS)

    async def read_all(self) -> bool:
        """Read what is missing of every instrument; whether all of it was read and stored."""
        complete = True
        running = asyncio.get_running_loop()
        for source in self._sources:
            try:
                await running.run_in_executor(self._worker, self._read, source)
            except (VenueError, LedgerError, BadInput) as error:
                self._trouble(f"hourly closes of {source.instrument.name}: {error}")
                complete = False
        return complete

    def close(self) -> None:
        """Accept no more work and close what is open."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        for reader in self._readers.values():
            reader.close()
        self._closes.close()

    def _read(self, source: Source) -> None:
        key, name = source.instrument.key, source.address.name
        if name not in self._readers:  # here, because making a client takes a while
            self._readers[name] = HistoryReader(source.address, self._now)
        oldest = self._now() - LONGEST
        newest = self._closes.latest(key)
        since = oldest if newest is None else max(oldest, newest - OVERLAP)
        self._closes.put(self._readers[name].read(source.instrument.name, key, since), oldest)


def seconds_to_next(now: datetime) -> float:
    """Seconds until the hour that runs at ``now`` is over and its bar is final."""
    into = timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
    return (timedelta(hours=1) - into + AFTER_THE_HOUR).total_seconds()


@asynccontextmanager
async def price_history(
    desk: DeskState, addresses: Sequence[AccountAddress], folder: Path
) -> AsyncIterator[None]:
    """Keep the closes of every hedge while the block runs; a file that cannot be opened is a trouble too."""

    def trouble(words: str) -> None:
        desk.latest_trouble = words

    try:
        closes = Closes.open(folder)
    except LedgerError as error:
        trouble(f"hourly closes are not kept: {error}")
        yield
        return
    known = {address.name: address for address in addresses}
    history = PriceHistory(tuple(_sources(desk, known, trouble)), closes, desk.now, trouble)
    task = asyncio.ensure_future(history.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        history.close()


def _sources(
    desk: DeskState, known: Mapping[str, AccountAddress], trouble: Callable[[str], None]
) -> list[Source]:
    found = []
    for item in desk.rules.underlyings:
        instrument = desk.places.instruments.get(item.hedge_key)
        address = known.get(item.account)
        if instrument is None or address is None or address.venue != DERIBIT:
            trouble(f"no hourly closes of {item.hedge_instrument}: they are read from Deribit alone")
        else:
            found.append(Source(instrument, address))
    return found
