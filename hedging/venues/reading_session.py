"""What the engine asks of an account that it only reads, at whatever exchange it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar, TypeVarTuple

from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.venues.address import AccountAddress
from hedging.venues.scopes import KeyScopes

Answered = TypeVar("Answered")
Arguments = TypeVarTuple("Arguments")


@dataclass(frozen=True, slots=True)
class Funds:
    """What an account has: balances with their margin, and currencies that carry none of their own.

    A currency is in one of the two: coins of an account that is margined in USD as a whole are holdings,
    and the equity in USD of its balance counts them once more.
    """

    balances: tuple[Balance, ...]
    holdings: tuple[Holding, ...] = ()


class ReadingSession(Protocol):
    """An account over REST. Methods block, one request at a time; ``run`` awaits them on one worker.

    Reads raise VenueUnreachable where the exchange gave no usable answer, and never return an empty list
    for that. ``gaps`` are what the newest answers held and could not be used, or what the exchange library
    reads differently; each read replaces its own.
    """

    address: AccountAddress
    instruments: Mapping[str, Instrument]
    refused: Mapping[str, str]

    @property
    def venue(self) -> str:
        """Whose account it is."""
        ...

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What may not be relied on."""
        ...

    async def run(self, function: Callable[[*Arguments], Answered], *arguments: *Arguments) -> Answered:
        """Await a method on the worker thread."""
        ...

    def close(self) -> None:
        """Accept no more work."""
        ...

    def load(self, bases: tuple[str, ...]) -> Mapping[str, Instrument]:
        """Instruments by name; VenueUnreachable also where one of ``bases`` has none."""
        ...

    def reload_once(self, name: str) -> Instrument:
        """An instrument listed since; UnknownInstrument where it is not."""
        ...

    def check_key(self) -> KeyScopes:
        """What the key may do; UnsafeKeyError where it may withdraw."""
        ...

    def server_time_offset(self) -> float:
        """Seconds by which the exchange's clock is ahead of ours."""
        ...

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat, one per instrument."""
        ...

    def funds(self) -> Funds:
        """Balances and holdings, with the exchange's own delta totals."""
        ...

    def ticker_groups(self, names: Sequence[str]) -> Sequence[Sequence[str]]:
        """Instruments that are best asked for together: what came first need not wait for the rest."""
        ...

    def tickers(self, names: Sequence[str]) -> tuple[Quote, ...]:
        """Present quotes of instruments, without those that could not be used."""
        ...
