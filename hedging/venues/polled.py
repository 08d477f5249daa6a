"""What the sessions of OKX, Bybit and Binance share: they read an account by asking.

Through the exchange library's synchronous client and its raw methods alone: what it makes of an answer is a
second reading, compared with ours, never a value. One locked worker per account, no retry.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from hedging.errors import BadInput, VenueRejected, VenueUnreachable
from hedging.model.book import Position
from hedging.model.instrument import Instrument, Kind
from hedging.model.market import Quote
from hedging.model.snapshot import Gap, GapReason
from hedging.venues.account_worker import AccountWorker, unlisted
from hedging.venues.address import AccountAddress
from hedging.venues.deribit import UnknownInstrument
from hedging.venues.library import KeyRefused
from hedging.venues.payload import Raw
from hedging.venues.reading_session import Funds
from hedging.venues.scopes import KeyScopes
from hedging.venues.unified import Readable
from hedging.venues.wire import Pacing, as_object

FEW = 5  # instruments that are asked for one by one; more of a kind come in one answer with all others
MOST_FAILED = 3  # requests of one round: then the exchange is away, and each further one would only wait

IDENTITY = ("symbol", "instId", "posId", "mgnMode", "posSide", "positionSide", "positionIdx", "side")
"""What tells the positions of one list from each other; an exchange sends some of these."""

PositionParser = Callable[[Raw, str, Mapping[str, Instrument], datetime], Position | None]
InstrumentParser = Callable[[Raw, str], Instrument]


@dataclass(frozen=True, slots=True)
class Listing:
    """One entry of a list of instruments, and its parser."""

    name: str
    raw: Raw
    parse: InstrumentParser


@dataclass(frozen=True, slots=True)
class Held:
    """One position as the exchange listed it: its parser, and how the library reads it."""

    raw: Raw
    parse: PositionParser
    unified: str = "parse_position"


@dataclass(frozen=True, slots=True)
class Round:
    """One group of instruments that is asked for together."""

    what: str
    ask: Callable[[], Iterable[Quote]]


class PolledSession(AccountWorker):
    """REST session of one account that is read."""

    def __init__(
        self,
        address: AccountAddress,
        clock: Callable[[], datetime],
        pacing: Pacing = Pacing.PACED,
        timeout_seconds: float = 5.0,
    ) -> None:
        super().__init__(address, clock, pacing, timeout_seconds)
        self._listed: dict[str, Raw] = {}
        self._markets: dict[str, object] = {}

    def load(self, bases: tuple[str, ...] = ("BTC", "ETH")) -> Mapping[str, Instrument]:
        """Derivatives by name.

        Raises VenueUnreachable, also where one of ``bases`` has no instrument at all.
        """
        self._bases = bases
        listed = self._wire.read("loading the instruments", lambda: list(self._listings()))
        loaded: dict[str, Instrument] = {}
        refused: dict[str, str] = {}
        for entry in listed:
            try:
                loaded[entry.name] = entry.parse(entry.raw, entry.name)
            except BadInput as error:
                refused[entry.name] = str(error)
        for base in bases:
            if not any(known.underlying == base for known in loaded.values()):
                raise VenueUnreachable(
                    f"no usable instrument of {base} among {len(listed)} listed, {len(refused)} refused: "
                    f"{list(refused.values())[:3]}"
                )
        self._listed |= {entry.name: entry.raw for entry in listed}  # also of what expired
        self._markets = {}
        self.instruments, self.refused = loaded, refused
        return loaded

    def check_key(self) -> KeyScopes:
        """What the key may do.

        Raises UnsafeKeyError for a key that may withdraw or says nothing; VenueRejected for one that the
        exchange does not accept; VenueUnreachable.
        """
        try:
            return self._wire.read(f"checking the key of {self.address.name}", self._rights)
        except VenueUnreachable as error:
            if isinstance(error.__cause__, KeyRefused):
                raise VenueRejected(str(error)) from error
            raise

    def positions(self) -> tuple[Position, ...]:
        """Every position that is not flat, in one direction per instrument: a long and a short are netted.

        One in an instrument that stays unknown after a reload, or that cannot be read, is a gap of the
        whole book: nobody can say which delta it has. Raises VenueUnreachable, also where one is listed
        twice: it moved from page to page while they were read, and another one may have been missed.
        """
        listed = self._wire.read("reading the positions", lambda: list(self._held()))
        received_at = self._clock()
        gaps: list[Gap] = []
        found: dict[str, Position] = {}
        seen: set[tuple[str, ...]] = set()
        for entry in listed:
            position = self._position(entry, received_at, gaps)
            if position is not None:
                _only_once(entry.raw, position, seen)
                gaps += self._compared(position, entry.raw, entry.unified, position.instrument)
                name = position.instrument.name
                found[name] = _netted(found[name], position) if name in found else position
        self._keep("positions", gaps)
        self._keep("tickers", [gap for gap in self._gaps.get("tickers", ()) if gap.what in found])
        return tuple(position for position in found.values() if position.amount)

    def _position(self, entry: Held, received_at: datetime, gaps: list[Gap]) -> Position | None:
        account = self.address.name
        for _ in range(2):
            try:
                return entry.parse(entry.raw, account, self.instruments, received_at)
            except UnknownInstrument as unknown:
                try:
                    self.reload_once(unknown.name)
                except UnknownInstrument:
                    gaps.append(unlisted(self.address, unknown.name))
                    return None
            except BadInput as error:
                gaps.append(_gap(f"a position of {account}", GapReason.IMPLAUSIBLE, str(error), None))
                return None
        raise VenueUnreachable(f"reading the positions of {account}: an instrument came and went")

    def funds(self) -> Funds:
        """Balances and holdings with the exchange's own delta totals. Raises VenueUnreachable."""
        return self._wire.read("reading the balances", self._read_funds)

    def ticker_groups(self, names: Sequence[str]) -> Sequence[Sequence[str]]:
        """Instruments that come together in as few answers as possible; those not known by themselves."""
        groups: dict[object, list[str]] = {}
        for name in names:
            known = self.instruments.get(name)
            groups.setdefault(name if known is None else self._group(known), []).append(name)
        return list(groups.values())

    def tickers(self, names: Sequence[str]) -> tuple[Quote, ...]:
        """Present quotes of instruments; one that cannot be used is left out and is a gap.

        The gap lasts until the same instrument is asked for again, or is no longer held.

        A request that fails leaves its instruments out too: their marks grow old. Raises VenueUnreachable
        where three of them failed, or all.
        """
        gaps: list[Gap] = []
        wanted = [known for name in sorted(set(names)) if (known := self._known(name, gaps)) is not None]
        rounds = self._rounds(wanted, gaps)
        quotes: list[Quote] = []
        failures: list[VenueUnreachable] = []
        for each in rounds:
            try:
                quotes += self._wire.read(f"reading {each.what}", partial(_listed, each.ask))
            except VenueUnreachable as error:  # one that has just expired must not hide the others
                failures.append(error)
                if len(failures) in (MOST_FAILED, len(rounds)):
                    raise
        others = [gap for gap in self._gaps.get("tickers", ()) if gap.what not in names]
        self._keep("tickers", [*others, *gaps])
        return tuple(quotes)

    def _known(self, name: str, gaps: list[Gap]) -> Instrument | None:
        try:
            return self.reload_once(name)
        except UnknownInstrument as error:
            gaps.append(_gap(name, GapReason.UNKNOWN_INSTRUMENT, str(error), None))
            return None

    def _usable(self, of: Instrument, read: Callable[[], Quote], gaps: list[Gap]) -> tuple[Quote, ...]:
        """One quote, or none and a gap of the underlying."""
        try:
            return (read(),)
        except BadInput as error:
            gaps.append(_gap(of.name, GapReason.IMPLAUSIBLE, str(error), of.underlying))
            return ()

    def _compared(self, ours: Readable, raw: Raw, method: str, of: Instrument) -> tuple[Gap, ...]:
        """Where the library reads the same payload differently."""
        return self._differences(ours, partial(self._library_reads, method, raw, of), of.underlying)

    def _library_reads(self, method: str, raw: Raw, of: Instrument) -> Raw:
        return as_object(getattr(self._client, method)(dict(raw), self._market(of)))

    def _market(self, of: Instrument) -> object:
        """The library's own record of an instrument, made from the raw listing when first needed."""
        if of.name not in self._markets:
            self._markets[of.name] = self._library_market(self._listed[of.name])
        return self._markets[of.name]

    def _group(self, of: Instrument) -> object:
        """What instruments that come together have in common."""
        return of.kind is Kind.OPTION, of.settlement

    @abstractmethod
    def _listings(self) -> Iterable[Listing]:
        """Every derivative the exchange lists."""

    @abstractmethod
    def _library_market(self, raw: Raw) -> object:
        """The library's record of one listing."""

    @abstractmethod
    def _held(self) -> Iterable[Held]:
        """Every position of the account."""

    @abstractmethod
    def _read_funds(self) -> Funds:
        """Balances and holdings."""

    @abstractmethod
    def _rounds(self, wanted: Sequence[Instrument], gaps: list[Gap]) -> Sequence[Round]:
        """What to ask for the quotes of instruments."""

    @abstractmethod
    def _rights(self) -> KeyScopes:
        """What the key may do, refused where that is too much."""


def together(group: Sequence[Instrument]) -> Sequence[Sequence[Instrument]]:
    """Instruments one by one while they are few, else all in one question."""
    return [[each] for each in group] if len(group) <= FEW else [group]


def words(group: Sequence[Instrument]) -> str:
    """What is asked for, in an error's text."""
    return group[0].name if len(group) == 1 else f"{len(group)} instruments from {group[0].name} on"


def _listed(ask: Callable[[], Iterable[Quote]]) -> list[Quote]:
    return list(ask())


def _only_once(raw: Raw, position: Position, seen: set[tuple[str, ...]]) -> None:
    identity = tuple(str(raw.get(field)) for field in IDENTITY)
    if identity in seen:
        name = position.instrument.name
        raise VenueUnreachable(f"reading the positions of {position.account}: {name} was listed twice")
    seen.add(identity)


def _netted(one: Position, other: Position) -> Position:
    """Two positions in one instrument as the one that they are worth together; it has no one entry price."""
    known = one.floating_pnl is not None and other.floating_pnl is not None
    stated = one.venue_delta is not None and other.venue_delta is not None
    return replace(
        one,
        amount=one.amount + other.amount,
        average_price=None,
        floating_pnl=(one.floating_pnl or 0.0) + (other.floating_pnl or 0.0) if known else None,
        venue_delta=(one.venue_delta or 0.0) + (other.venue_delta or 0.0) if stated else None,
    )


def _gap(what: str, reason: GapReason, detail: str, underlying: str | None) -> Gap:
    return Gap(what=what, reason=reason, detail=detail, underlying=underlying)
