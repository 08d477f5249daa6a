"""What the parts of the engine share: the driver with the core's state, the quote board, and the sessions."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hedging.core.cancelling import CANCELLABLE
from hedging.core.effects import Cancel
from hedging.core.state import MOST_FAILED_READS, State
from hedging.decide import Assessment
from hedging.engine.driver import Driver
from hedging.engine.guard import Guard
from hedging.engine.latches import Latches
from hedging.engine.quote_board import QuoteBoard
from hedging.engine.recording import Recorder
from hedging.engine.venue_calls import Places, VenueCalls
from hedging.errors import VenueUnreachable
from hedging.model.instrument import key
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Snapshot
from hedging.model.terms import TermsState, TermsVersion
from hedging.risk.smile_shift import Smiles


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The engine's clock, its latches, and what wakes its loop."""

    now: Callable[[], datetime]
    latches: Latches
    wake: Callable[[], None]


@dataclass(slots=True)
class DeskState:
    """The engine's working state; one thread (the event loop's) changes it."""

    driver: Driver
    board: QuoteBoard
    recorder: Recorder
    latches: Latches
    places: Places
    calls: VenueCalls
    now: Callable[[], datetime]
    wake: Callable[[], None]
    terms: TermsVersion | None = None
    proposals: tuple[TermsVersion, ...] = ()

    @property
    def latest_trouble(self) -> str:
        """What went wrong last, in words."""
        return self.calls.latest_trouble

    @latest_trouble.setter
    def latest_trouble(self, words: str) -> None:
        self.calls.latest_trouble = words

    @property
    def state(self) -> State:
        """What the core knows now."""
        return self.driver.state

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self.driver.state.rules

    @property
    def accounts(self) -> tuple[str, ...]:
        """Every account of the book: those that may trade, then those that are only read."""
        return self.places.names

    @property
    def clock_offset(self) -> float | None:
        """Seconds by which the clock of the first venue that we trade at is ahead; None while not known."""
        trading = (account for account in self.state.accounts.values() if account.trades)
        return next((account.clock_offset for account in trading), None)

    def item(self, underlying: str) -> UnderlyingRules:
        """Rules of one underlying."""
        return self.state.setup.item(underlying)

    def assessment(self) -> Assessment:
        """The book as it was valued last, or now where it never was."""
        return self.state.whole or self.state.assessment(self.driver.now())

    def snapshot(self, rules: Rules | None = None) -> Snapshot:
        """All that is known now, of the smiles only what the rules (those in force) ask for."""
        return self.state.snapshot(self.driver.now(), rules)

    def look(self) -> None:
        """Show the core the market as it is, which decides. Raises LedgerError."""
        self.driver.happen(self.board.looked(self.state))

    def show_terms(self, versions: Sequence[TermsVersion]) -> None:
        """Show the version in force and those that wait."""
        self.proposals = tuple(each for each in versions if each.state is TermsState.PROPOSED)
        self.terms = next((each for each in versions if each.state is TermsState.IN_FORCE), self.terms)
        self.wake()

    def take_smiles(self, smiles: Smiles) -> None:
        """Keep the smiles as they were fitted last, and wake the loop."""
        self.board.take_smiles(smiles)
        self.wake()

    def take_quote(self, quote: Quote) -> None:
        """Keep a price that arrived, and wake the loop where a decision depends on it."""
        if self.board.take_quote(quote):
            self.wake()

    async def read_marks(self, account: str) -> None:
        """The floor under the stream: ask for whatever is about to be too old."""
        reads = self.places.trading[account].reads
        old = self.now() - timedelta(seconds=self.rules.ages.marks / 2)
        failures = 0
        for name in sorted(self.board.names_at(reads.venue)):
            quote = self.board.quotes.get(key(reads.venue, name))
            if quote is not None and quote.received_at >= old:
                continue
            try:
                quotes = await reads.run(reads.tickers, [name])
            except VenueUnreachable as error:  # one that has just expired must not hide the others
                self.latest_trouble = str(error)
                failures += 1
                if failures == MOST_FAILED_READS:
                    break
                continue
            for each in quotes:
                self.take_quote(each)

    async def read_tickers(self, account: str) -> None:
        """Ask the venue for the prices of what a read account holds; there is no stream of them.

        One request that fails must not hide the others; after three the venue is away.
        """
        reads = self.places.reads(account)
        failures = 0
        for group in reads.ticker_groups(sorted(self.state.accounts[account].positions or ())):
            try:
                quotes = await reads.run(reads.tickers, group)
            except VenueUnreachable as error:
                self.latest_trouble = str(error)
                failures += 1
                if failures == MOST_FAILED_READS:
                    break
                continue
            self.board.take_gaps(account, reads.gaps)
            for quote in quotes:
                self.take_quote(quote)
        self.wake()

    async def cancel_own(self) -> None:
        """Ask once for the end of every order of ours that may rest: the engine ends, and nobody will later.

        What became of them is not waited for: the next start looks each of them up.
        """
        own = [order for order in self.state.live if order.state in CANCELLABLE]
        await asyncio.gather(*(self.calls.answer(Cancel(order)) for order in own))


def desk_of(state: State, places: Places, recorder: Recorder, around: Surroundings) -> DeskState:
    """The desk of an engine in ``state``; nothing was asked yet."""
    calls = VenueCalls(places, Guard(around.latches, recorder, around.now), around.now)
    driver = Driver(state, recorder, around.latches, calls, around.now)
    board = QuoteBoard(state.needed, places.instruments)
    return DeskState(driver, board, recorder, around.latches, places, calls, around.now, around.wake)
