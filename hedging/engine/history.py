"""Keeps the hourly closes of the hedging instruments: at the start, then every hour, beside the loop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hedging.errors import BadInput, LedgerError, VenueError
from hedging.ledger import Closes
from hedging.model.instrument import Instrument
from hedging.venues.history import LONGEST, HistoryReader

AFTER_THE_HOUR = timedelta(seconds=20)  # the exchange's last bar of the hour is then final
RETRY_SECONDS = 60.0
OVERLAP = timedelta(hours=2)  # asked for again, so that a bar read too early is replaced


@dataclass(frozen=True, slots=True)
class Source:
    """One instrument, and who can be asked for its past."""

    instrument: Instrument
    reader: HistoryReader


class PriceHistory:
    """Reads and stores closes in a thread of its own; what fails is told to ``trouble`` and tried again."""

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

    async def run(self) -> None:
        """Read until cancelled; nothing but a cancellation ends it."""
        while True:
            wait = RETRY_SECONDS
            if await self.read_all():
                wait = seconds_to_next(self._now())
            await asyncio.sleep(wait)

    async def read_all(self) -> bool:
        """Read what is missing of every instrument; whether all of it was read and stored."""
        complete = True
        for source in self._sources:
            try:
                await asyncio.to_thread(self._read, source)
            except (VenueError, LedgerError, BadInput) as error:
                self._trouble(f"hourly closes of {source.instrument.name}: {error}")
                complete = False
        return complete

    def _read(self, source: Source) -> None:
        key = source.instrument.key
        oldest = self._now() - LONGEST
        newest = self._closes.latest(key)
        since = oldest if newest is None else max(oldest, newest - OVERLAP)
        self._closes.put(source.reader.read(source.instrument.name, key, since), oldest)


def seconds_to_next(now: datetime) -> float:
    """Seconds until the hour that runs at ``now`` is over and its bar is final."""
    into = timedelta(minutes=now.minute, seconds=now.second, microseconds=now.microsecond)
    return (timedelta(hours=1) - into + AFTER_THE_HOUR).total_seconds()
