"""The newest price of everything, where each index was lately, and what of prices could not be used."""

from collections.abc import Mapping
from datetime import datetime

from hedging.core.events import Looked
from hedging.core.state import State
from hedging.engine.index_path import IndexPath
from hedging.model.book import Position
from hedging.model.instrument import Instrument, key
from hedging.model.market import Quote
from hedging.model.snapshot import Gap
from hedging.risk.smile_shift import Smiles


class QuoteBoard:
    """Takes prices as they arrive; hands out the market as one look at it."""

    def __init__(self, hedges: frozenset[str], instruments: Mapping[str, Instrument]) -> None:
        self.quotes: dict[str, Quote] = {}
        self.smiles = Smiles()
        self.version = 0
        self._hedges = {name: instruments[name].underlying for name in hedges if name in instruments}
        self._needed = hedges
        self._gaps: dict[str, tuple[Gap, ...]] = {}
        self._index_path = IndexPath()
        self._held: tuple[Position, ...] = ()
        self._read_at: frozenset[datetime] = frozenset()

    def take_quote(self, quote: Quote) -> bool:
        """Keep the newest quote of its instrument; whether a decision depends on it."""
        name = quote.key
        self.quotes[name] = quote
        underlying = self._hedges.get(name)
        if underlying is not None and quote.index is not None and quote.index > 0:
            self._index_path.add(underlying, quote.received_at, quote.index)
        needed = name in self._needed
        self.version += needed
        return needed

    def take_gaps(self, account: str, gaps: tuple[Gap, ...]) -> None:
        """Keep what the newest reads of one account could not use, instead of what earlier ones could not."""
        if gaps != self._gaps.get(account, ()):
            self._gaps[account] = gaps
            self.version += 1

    def take_smiles(self, smiles: Smiles) -> None:
        """Keep the smiles as they were fitted last."""
        self.smiles = smiles
        self.version += 1

    def need(self, needed: frozenset[str]) -> None:
        """From now on a decision depends on the prices of these."""
        if needed != self._needed:
            self._needed = needed
            self.version += 1

    def names_at(self, venue: str) -> frozenset[str]:
        """The venue's names of what is needed there."""
        prefix = key(venue, "")
        return frozenset(each.removeprefix(prefix) for each in self._needed if each.startswith(prefix))

    def looked(self, state: State) -> Looked:
        """The market as it is now, for what ``state`` holds."""
        if state.held is not self._held:
            self._held = state.held
            self._read_at = frozenset(position.received_at for position in state.held)
        balances = (each for account in state.accounts.values() for each in account.balances)
        stated_at = {balance.received_at for balance in balances} | self._read_at
        known = {gap for account in state.accounts.values() for gap in account.gaps}
        return Looked(
            quotes={name: self.quotes[name] for name in self._needed if name in self.quotes},
            smiles=self.smiles,
            gaps=tuple(gap for found in self._gaps.values() for gap in found if gap not in known),
            indices_then=tuple(self._index_path.then(stated_at)),
        )
