"""What the parts of the engine share: the live book, the blotter, the latches, and the venue sessions."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hedging.decide import Assessment, assess
from hedging.engine.blotter import Blotter
from hedging.engine.latches import Latches
from hedging.engine.live_book import LiveBook
from hedging.errors import VenueError, VenueUnreachable
from hedging.model.book import Balance
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Snapshot
from hedging.model.terms import TermsState, TermsVersion
from hedging.model.trading import Fill
from hedging.risk.smile_shift import Smiles, asked_for
from hedging.venues.reading_session import ReadingSession
from hedging.venues.session import AccountSession
from hedging.workflow.authority import auto_off
from hedging.workflow.order import UNPROVED
from hedging.workflow.terms import with_terms

MOST_FAILED_READS = 3  # of one sweep: then the venue is away, and each further one would only wait


@dataclass(slots=True)
class Sessions:
    """REST sessions of one account: orders have one of their own, so that no read stands in their way."""

    orders: AccountSession
    reads: AccountSession

    def close(self) -> None:
        """End both."""
        self.orders.close()
        self.reads.close()


@dataclass(slots=True)
class DeskState:
    """The engine's working state; one thread (the event loop's) changes it."""

    rules: Rules
    book: LiveBook
    blotter: Blotter
    latches: Latches
    sessions: Mapping[str, Sessions]
    now: Callable[[], datetime]
    wake: Callable[[], None]
    readers: Mapping[str, ReadingSession] = field(default_factory=dict)
    messages: deque[datetime] = field(default_factory=lambda: deque(maxlen=400))
    cancels: dict[str, tuple[datetime, ...]] = field(default_factory=dict)
    latest_trouble: str = ""
    smiles: Smiles = field(default_factory=Smiles)
    terms: TermsVersion | None = None
    proposals: tuple[TermsVersion, ...] = ()

    def item(self, underlying: str) -> UnderlyingRules:
        """Rules of one underlying."""
        return next(item for item in self.rules.underlyings if item.underlying == underlying)

    def assessment(self) -> Assessment:
        """The book valued now."""
        return assess(self.snapshot(self.now()), self.rules)

    def take_terms(self, versions: Sequence[TermsVersion]) -> None:
        """Work under the version in force from the next cycle on, and show those that wait."""
        self.proposals = tuple(each for each in versions if each.state is TermsState.PROPOSED)
        for each in versions:
            if each.state is TermsState.IN_FORCE:
                self.terms, self.rules = each, with_terms(self.rules, each.terms)
        self.wake()

    def snapshot(self, now: datetime, rules: Rules | None = None) -> Snapshot:
        """All that is known at ``now``, of the smiles only what the rules (those in force) ask for."""
        asked = asked_for(self.smiles, rules or self.rules)
        return replace(
            self.book.snapshot(now),
            smiles=asked.slices,
            without_smile=asked.without,
            minimum_variance=asked.fits,
        )

    def take_smiles(self, smiles: Smiles) -> None:
        """Keep the smiles as they were fitted last, and wake the loop."""
        self.smiles = smiles
        self.wake()

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account of the book: those that may trade, then those that are only read."""
        return (*self.sessions, *self.readers)

    def reads(self, account: str) -> ReadingSession:
        """The session that reads an account."""
        return self.sessions[account].reads if account in self.sessions else self.readers[account]

    async def read_positions(self, account: str) -> None:
        """Ask the venue for the positions; where we trade, an unexplained change ends automatic mode."""
        asked_at = self.now()
        reads = self.reads(account)
        positions = await reads.run(reads.positions)
        unproved = (o.instrument for o in self.blotter.live.values() if o.state in UNPROVED)
        own = frozenset(unproved) if account in self.sessions else frozenset()
        odd = self.book.take_positions(account, positions, asked_at, own)
        self.book.take_gaps(account, reads.gaps)
        if odd and account in self.sessions:
            self.blotter.record("position changed outside", account, list(odd))
            self.suspend_auto("; ".join(odd))
        self.wake()

    async def read_balances(self, account: str) -> None:
        """Ask the venue for balances, margin and holdings."""
        asked_at = self.now()
        reads = self.reads(account)
        funds = await reads.run(reads.funds)
        self.book.take_balances(account, funds.balances, asked_at, funds.holdings)
        self.wake()

    async def read_tickers(self, account: str) -> None:
        """Ask the venue for the prices of what a read account holds; there is no stream of them.

        One request that fails must not hide the others; after three the venue is away.
        """
        reads = self.reads(account)
        failures = 0
        for group in reads.ticker_groups(sorted(self.book.names_of(account))):
            try:
                quotes = await reads.run(reads.tickers, group)
            except VenueUnreachable as error:
                self.latest_trouble = str(error)
                failures += 1
                if failures == MOST_FAILED_READS:
                    break
                continue
            self.book.take_gaps(account, reads.gaps)
            for quote in quotes:
                self.take_quote(quote)
        self.wake()

    async def try_reading_positions(self, account: str) -> None:
        """Read the positions where the venue answers; where it does not, they simply grow old."""
        try:
            await self.read_positions(account)
        except VenueError as error:
            self.latest_trouble = str(error)

    def take_quote(self, quote: Quote) -> None:
        """Keep a price that arrived, and wake the loop where a decision depends on it."""
        if self.book.take_quote(quote):
            self.wake()

    def take_balance(self, balance: Balance) -> None:
        """Keep a balance that was pushed."""
        self.book.take_balance(balance)
        self.wake()

    def take_fills(self, fills: Sequence[Fill]) -> None:
        """Book fills from the stream or a sweep: ours to their order, foreign ones as what they are."""
        by_order: dict[str, list[Fill]] = {}
        for fill in fills:
            if not self.blotter.has_booked(fill):
                by_order.setdefault(fill.client_id, []).append(fill)
        for client_id, found in by_order.items():
            order = self.blotter.order(client_id) if client_id else None
            if order is None:
                self._take_foreign(found)
                continue
            _, fresh = self.blotter.book(order, found)
            for each in fresh:
                self.book.take_fill(each, self.now())
        self.wake()

    def _take_foreign(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            if self.blotter.book_foreign(fill):
                self.book.unsettle(fill.account, self.now())
                self.suspend_auto(f"a trade that we did not send: {fill.amount} {fill.instrument}")

    def suspend_auto(self, why: str) -> None:
        """End automatic mode, with the reason on the record."""
        status = self.blotter.status
        off = auto_off(status.auto, why)
        if off != status.auto:
            self.blotter.put_status(replace(status, auto=off), f"automatic hedging off: {why}")
