"""A book as the engine's core knows it, fed by hand: no ledger, no venue, nothing is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from hedging.core import events as happened
from hedging.core.account import Account
from hedging.core.effects import Commit, Note
from hedging.core.events import Event
from hedging.core.inputs import InputsEncoder
from hedging.core.starting import Stored, restored
from hedging.core.state import Setup, State
from hedging.core.step import step
from hedging.engine.quote_board import QuoteBoard
from hedging.model.book import Balance, Position
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.model.rules import Rules
from hedging.model.snapshot import Snapshot
from hedging.model.trading import Fill
from hedging.model.venue_profile import DERIBIT


class KnownBook:
    """The quote board and the core's state; every ``take`` is one event."""

    def __init__(
        self,
        accounts: Mapping[str, str],
        rules: Rules,
        instruments: Mapping[str, Instrument],
        began: datetime,
        *,
        trades: bool = True,
    ) -> None:
        setup = Setup(
            rules=rules,
            instruments=instruments,
            profiles=dict.fromkeys(accounts.values(), DERIBIT),
            encode=InputsEncoder().encode,
        )
        known = [Account(name=name, venue=venue, trades=trades) for name, venue in accounts.items()]
        self.state: State = restored(setup, known, Stored(), began)
        self.board = QuoteBoard(self.state.needed, instruments)

    def happen(self, event: Event, now: datetime) -> tuple[str, ...]:
        """One step; what the core noted of it as odd, in words."""
        self.state, effects = step(self.state, event, now)
        self.board.need(self.state.needed)
        changes = (change for effect in effects if isinstance(effect, Commit) for change in effect.changes)
        return tuple(
            str(change.body)
            for change in changes
            if isinstance(change, Note) and change.kind == "position changed outside"
        )

    def take_positions(self, account: str, positions: Iterable[Position], at: datetime) -> tuple[str, ...]:
        """A read of all positions, asked for and answered in one instant."""
        return self.happen(
            happened.PositionsRead(account=account, positions=tuple(positions), asked_at=at), at
        )

    def take_balances(self, account: str, balances: Iterable[Balance], at: datetime) -> None:
        """A read of all balances."""
        self.happen(happened.BalancesRead(account=account, balances=tuple(balances), asked_at=at), at)

    def take_balance(self, balance: Balance) -> None:
        """One balance that the stream told of."""
        self.happen(happened.BalancePushed(balance), balance.received_at)

    def take_fill(self, fill: Fill, now: datetime) -> None:
        """A trade that the stream told of."""
        self.happen(happened.FillsArrived((fill,)), now)

    def take_quote(self, quote: Quote) -> None:
        """A price."""
        self.board.take_quote(quote)

    def look(self, now: datetime) -> None:
        """One cycle: value the book, and decide where the engine is ready."""
        self.happen(self.board.looked(self.state), now)

    def snapshot(self, now: datetime) -> Snapshot:
        """All that is known at ``now``."""
        self.look(now)
        return self.state.snapshot(now)
