"""Keeps the smiles beside the loop: reads option chains, fits, records, and draws, in a thread of its own.

The loop is handed what was found and never waits for it. What cannot be read or fitted is told as trouble;
the slices of before stay and grow old, and a decision that needs them finds them too old by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from hedging.engine.desk_state import DeskState
from hedging.engine.smile_picture import Drawn, SmileInputs, picture
from hedging.errors import BadInput, LedgerError, VenueError
from hedging.ledger import OptionRecords
from hedging.model.instrument import Instrument, Kind
from hedging.model.smile import ChainQuote, MinimumVarianceFit, SmileSlice
from hedging.model.snapshot import Snapshot
from hedging.risk.minimum_variance import minimum_variance_fits, recorded_points
from hedging.risk.smile import FittedSmiles, fitted_smiles
from hedging.risk.smile_shift import Smiles
from hedging.venues.address import DERIBIT, AccountAddress
from hedging.venues.chain import Chain, ChainReader

READ_SECONDS = 20.0
SOON_SECONDS = 3.0
REFIT = timedelta(minutes=5)  # of minimum variance
SEARCH = timedelta(minutes=5)  # then slices are looked for everywhere again, not only near the last ones


class ChainSource(Protocol):
    """Who reads the option chains of one venue; blocks."""

    def read(self, currency: str, instruments: Mapping[str, Instrument]) -> Chain:
        """Quotes of all options that settle in ``currency``; ``instruments`` by key."""
        ...

    def close(self) -> None:
        """Close the connection."""
        ...


@dataclass(frozen=True, slots=True)
class SmileParts:
    """What is read and written: one source for each venue, the records, and how long they are kept."""

    sources: Mapping[str, ChainSource]
    records: OptionRecords
    keep: timedelta


class LiveSmiles:
    """Reads and fits every ``seconds``; ``take`` is handed what is known, ``trouble`` what went wrong."""

    def __init__(
        self,
        parts: SmileParts,
        inputs: Callable[[], SmileInputs],
        take: Callable[[Smiles], None],
        trouble: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._parts = parts
        self._inputs = inputs
        self._take = take
        self._trouble = trouble
        self._now = now
        self._fitted: dict[tuple[str, str], FittedSmiles] = {}
        self._searched_at: dict[tuple[str, str], datetime] = {}
        self._seconds: dict[tuple[str, str], float] = {}
        self._fits: tuple[MinimumVarianceFit, ...] = ()
        self._refitted_at: datetime | None = None
        self._recorded_at: datetime | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="smiles")

    async def run(self, seconds: float = READ_SECONDS) -> None:
        """Repeat until cancelled; nothing but a cancellation ends it.

        The second round comes soon: prices of the book may have arrived only after the first began.
        """
        pause = min(SOON_SECONDS, seconds)
        while True:
            await self.round()
            await asyncio.sleep(pause)
            pause = seconds

    async def round(self) -> None:
        """Read, fit, record and draw once; the loop gets what is known as soon as it is fitted."""
        given = self._inputs()
        running = asyncio.get_running_loop()
        troubles = await running.run_in_executor(self._worker, self._refresh, given)
        self._take(self._known())
        now = self._inputs()  # the book has moved on while the chains were read
        troubles += await running.run_in_executor(self._worker, self._draw, now, "; ".join(troubles))
        for each in troubles:
            self._trouble(each)

    def close(self) -> None:
        """Accept no more work and close what is open."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        for source in self._parts.sources.values():
            source.close()
        self._parts.records.close()

    def _known(self) -> Smiles:
        fitted = self._fitted.values()
        return Smiles(
            tuple(slice_ for each in fitted for slice_ in each.slices),
            tuple(none for each in fitted for none in each.without),
            self._fits,
        )

    def _refresh(self, given: SmileInputs) -> list[str]:
        """New slices, records and fits; what went wrong, in words."""
        troubles: list[str] = []
        wanted = {item.underlying for item in given.rules.underlyings}
        recordable: list[ChainQuote] = []
        for venue, currency in _chains(given.instruments, wanted, self._parts.sources):
            try:
                chain = self._parts.sources[venue].read(currency, given.instruments)
            except VenueError as error:
                troubles.append(f"options of {currency} at {venue}: {error}")
                continue
            quotes = [each for each in chain.quotes if each.underlying in wanted]
            recordable += quotes
            began = self._now()
            near = self._near((venue, currency), began)
            self._fitted[venue, currency] = fitted_smiles(quotes, began, given.rules.smile, near)
            self._seconds[venue, currency] = (self._now() - began).total_seconds()
            if chain.refused:
                troubles.append(
                    f"options of {currency} at {venue}: {len(chain.refused)} refused: {chain.refused[0]}"
                )
        try:
            self._record(recordable)
            self._refit(given)
        except (LedgerError, BadInput) as error:
            troubles.append(f"record of options: {error}")
        return troubles

    def _near(self, chain: tuple[str, str], now: datetime) -> tuple[SmileSlice, ...]:
        """The slices to begin the search from: those of before, but every now and then none."""
        searched_at = self._searched_at.get(chain)
        if searched_at is None or not timedelta() <= now - searched_at < SEARCH:
            self._searched_at[chain] = now
            return ()
        return self._fitted[chain].slices

    def _record(self, quotes: list[ChainQuote]) -> None:
        """Record the first chains of each minute, those of all currencies together."""
        now = self._now()
        minute = now.replace(second=0, microsecond=0)
        points = recorded_points(quotes, now) if minute != self._recorded_at else ()
        if points:  # none where our clock is not the exchange's: then nothing is forgotten either
            self._parts.records.put(points, now - self._parts.keep)
            self._recorded_at = minute

    def _refit(self, given: SmileInputs) -> None:
        now = self._now()
        if self._refitted_at is not None and timedelta() <= now - self._refitted_at < REFIT:
            return
        limits = given.rules.smile
        since = now - timedelta(days=limits.history_days)
        found: list[MinimumVarianceFit] = []
        for item in given.rules.underlyings:
            history = self._parts.records.history(item.venue, item.underlying, since, limits.move_minutes)
            found += minimum_variance_fits(item.underlying, history, now, limits)
        self._fits, self._refitted_at = tuple(found), now

    def _draw(self, given: SmileInputs, trouble: str) -> list[str]:
        drawn = Drawn(
            tuple(each for fitted in self._fitted.values() for each in fitted.drawn),
            self._known(),
            max(sum(self._seconds.values()), 0.0),
            trouble,
        )
        troubles: list[str] = []
        for item in given.rules.underlyings:
            try:
                found = picture(item, given, drawn, self._now())
                self._parts.records.put_picture(found)
            except (LedgerError, BadInput) as error:
                troubles.append(f"the smile of {item.underlying}: {error}")
        return troubles


def _chains(
    instruments: Mapping[str, Instrument], underlyings: set[str], sources: Mapping[str, ChainSource]
) -> Iterable[tuple[str, str]]:
    """Venue and settlement currency of every chain that has options of these underlyings."""
    found = {
        (each.venue, each.settlement_currency)
        for each in instruments.values()
        if each.kind is Kind.OPTION and each.underlying in underlyings and each.venue in sources
    }
    return sorted(found)


@contextlib.asynccontextmanager
async def live_smiles(
    desk: DeskState, addresses: Sequence[AccountAddress], folder: Path, keep: timedelta
) -> AsyncIterator[None]:
    """Keep the smiles of ``desk`` while the block runs; a file that cannot be opened is a trouble too."""

    def trouble(words: str) -> None:
        desk.latest_trouble = words

    try:
        records = OptionRecords.open(folder)
    except LedgerError as error:
        trouble(f"smiles are not kept: {error}")
        yield
        return
    sources = {each.venue: ChainReader(each, desk.now) for each in addresses if each.venue == DERIBIT}
    smiles = LiveSmiles(
        SmileParts(sources, records, keep),
        lambda: SmileInputs(_without_smiles(desk), desk.rules, desk.places.instruments),
        desk.take_smiles,
        trouble,
        desk.now,
    )
    task = asyncio.ensure_future(smiles.run())
    task.add_done_callback(lambda ended: _tell(ended, trouble))
    try:
        yield
    finally:
        task.cancel()
        smiles.close()


def _without_smiles(desk: DeskState) -> Snapshot:
    """The book as sticky strike sees it: what is drawn compares the rules by what was fitted just now."""
    return replace(desk.snapshot(), smiles=(), without_smile=(), minimum_variance=())


def _tell(ended: asyncio.Future[None], trouble: Callable[[str], None]) -> None:
    """A mistake of ours ends the smiles, not the engine: what they leave grows old and is refused."""
    error = None if ended.cancelled() else ended.exception()
    if error is not None:
        trouble(f"the smiles have stopped: {type(error).__name__}: {error}")
