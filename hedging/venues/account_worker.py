"""What every session of an account is: one client behind one lock, used from one worker thread."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

from hedging.model.instrument import Instrument
from hedging.model.snapshot import Gap, GapReason
from hedging.venues.address import AccountAddress
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.library import LibraryError
from hedging.venues.payload import Raw
from hedging.venues.unified import Readable, disagreements
from hedging.venues.wire import Pacing, Wire

Answered = TypeVar("Answered")
Arguments = TypeVarTuple("Arguments")

LIBRARY_FAILURES = (LibraryError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
RELOAD_PAUSE = timedelta(minutes=1)  # before the exchange is asked again for an instrument it did not list


class AccountWorker(ABC):
    """Session of one account. Methods block and may be called from any thread; ``run`` awaits them.

    ``clock`` tells the present time, aware UTC. ``refused`` says why listed instruments were left out.
    """

    def __init__(
        self,
        address: AccountAddress,
        clock: Callable[[], datetime],
        pacing: Pacing = Pacing.PACED,
        timeout_seconds: float = 5.0,
    ) -> None:
        self.address = address
        self.instruments: Mapping[str, Instrument] = {}
        self.refused: Mapping[str, str] = {}
        self._clock = clock
        self._wire = Wire(address, pacing, timeout_seconds)
        self._client: Any = self._wire.client
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"venue-{address.name}")
        self._bases: tuple[str, ...] = ()
        self._tried: dict[str, datetime] = {}  # names that were not known, and when they were asked for
        self._gaps: Mapping[str, tuple[Gap, ...]] = {}  # by the read that found them

    @property
    def venue(self) -> str:
        """Whose account it is."""
        return self.address.venue

    @property
    def settlement_currencies(self) -> tuple[str, ...]:
        """Currencies the loaded instruments settle in: the ones to ask ``fills`` for."""
        return tuple(sorted({known.settlement_currency for known in self.instruments.values()}))

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What the newest answers held and could not be used, or what the library reads differently."""
        return tuple(gap for found in self._gaps.values() for gap in found)

    async def run(self, function: Callable[[*Arguments], Answered], *arguments: *Arguments) -> Answered:
        """Await a method on the worker thread; cancelling the wait does not stop the request."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, function, *arguments)

    def close(self) -> None:
        """Accept no more work, and close the connection once the request in flight has ended."""
        self._worker.shutdown(wait=False, cancel_futures=True)
        self._wire.close()

    def reload_once(self, name: str) -> Instrument:
        """An instrument that may have been listed since ``load``: the list is read again, once a minute.

        What was loaded before stays known.

        Raises UnknownInstrument when the exchange does not list it, VenueUnreachable when it did not say.
        """
        known = self.instruments.get(name)
        now = self._clock()
        if known is None and now - self._tried.get(name, now - RELOAD_PAUSE) >= RELOAD_PAUSE:
            self._tried[name] = now
            before = self.instruments
            known = self.load(self._bases).get(name)
            self.instruments = {**before, **self.instruments}  # what expired may still be held until settled
        if known is None:
            raise UnknownInstrument(name)
        return known

    def server_time_offset(self) -> float:
        """Seconds by which the exchange's clock is ahead of ours, as of the middle of the request."""

        def ask() -> float:
            before = self._clock()
            told = self._server_time()
            return (told - before - (self._clock() - before) / 2).total_seconds()

        return self._wire.read("reading the time", ask)

    def _differences(
        self, ours: Readable, read: Callable[[], Raw], underlying: str | None
    ) -> tuple[Gap, ...]:
        """Where the library reads the same payload differently; where it fails it has read nothing.

        It does fail: on cross-margined positions of Binance's coin-margined futures, for one.
        """
        try:
            unified = read()
        except LIBRARY_FAILURES:
            return ()
        return disagreements(ours, unified, underlying)

    def _keep(self, read: str, gaps: list[Gap]) -> None:
        """Replace the gaps that an earlier read of this kind found."""
        self._gaps = {**self._gaps, read: tuple(gaps)}

    @abstractmethod
    def load(self, bases: tuple[str, ...] = ("BTC", "ETH")) -> Mapping[str, Instrument]:
        """Instruments by name."""

    @abstractmethod
    def _server_time(self) -> datetime:
        """The exchange's clock."""


def unlisted(address: AccountAddress, name: str) -> Gap:
    """A position in an instrument that its exchange does not list: it may belong to any underlying."""
    return Gap(
        what=name,
        reason=GapReason.UNKNOWN_INSTRUMENT,
        detail=f"{address.name} holds {name}, which {address.venue} does not list",
        underlying=None,
    )
