"""All an engine knows and has begun, at one instant; a step makes another one of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

from hedging.core.account import Account
from hedging.core.inputs import Inputs
from hedging.core.queries import Pace, QueryKind
from hedging.decide import Assessment, assess
from hedging.model.book import Balance, Position
from hedging.model.gates import AutomaticExecution, IndexAt, TroubleKind, VenueTrouble
from hedging.model.instrument import Instrument
from hedging.model.market import Quote
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.snapshot import Gap, GapReason, IndexThen, Snapshot
from hedging.model.trading import Fill, Order, Ticket, TradingStatus
from hedging.model.venue_profile import VenueProfile
from hedging.risk.holdings import NOTHING_HELD
from hedging.risk.smile_shift import Smiles, asked_for
from hedging.workflow.order import LIVE

FENCE_MARGIN = timedelta(seconds=2)
MOST_FAILED_READS = 3
FillKey = tuple[str, str]
"""Account and the venue's trade id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an engine is told from outside and does not change by itself.

    ``encode`` gives the canonical form and hash of what a decision rests on; ``instruments`` by key;
    ``profiles`` by venue: how it treats orders.
    """

    rules: Rules
    instruments: Mapping[str, Instrument]
    profiles: Mapping[str, VenueProfile]
    encode: Callable[[Snapshot, Rules], Inputs]
    pace: Pace = field(default_factory=Pace)

    def item(self, underlying: str) -> UnderlyingRules:
        """Rules of one underlying."""
        return next(each for each in self.rules.underlyings if each.underlying == underlying)


@dataclass(frozen=True, slots=True)
class DayCount:
    """Orders sent to a venue and trades made there on one UTC day (C6)."""

    day: date
    orders: int = 0
    trades: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """Prices and smiles as they were shown last; ``gaps``: what of them could not be used.

    ``instrument_troubles``: why nothing may be sent in an instrument, by key.
    """

    quotes: Mapping[str, Quote] = field(default_factory=dict)
    smiles: Smiles = field(default_factory=Smiles)
    gaps: tuple[Gap, ...] = ()
    indices_then: tuple[IndexThen, ...] = ()
    instrument_troubles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A ticket that is being carried out, clip by clip.

    ``item`` are the rules it began under, ``trips`` the halts there had been; ``order`` is the client id of
    the attempt that is out; ``resume_at`` ends the pause after a clip; ``patient_until`` ends the wait for
    fresh inputs; ``tried_at`` is when the gates were asked last, ``early``:
    something came in too soon after that to ask again; ``crossing``: it no longer rests.
    """

    ticket_id: str
    item: UnderlyingRules
    trips: int
    clip: int = 0
    misses: int = 0
    order: str = ""
    resume_at: datetime | None = None
    patient_until: datetime | None = None
    tried_at: datetime | None = None
    early: bool = False
    crossing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """The look-ups of one order: when the next is due, and the wait after it.

    ``absent_since``: the venue denied it often enough; fills and positions read after that must agree.
    """

    next_at: datetime
    wait_seconds: float
    asking: bool = False
    absent_since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A person let go of quarantined orders: the venue must say first that nothing of them works."""

    key: str
    user: str
    reason: str
    orders: tuple[str, ...]
    asked_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One engine.

    ``status``, ``tickets`` (open, by underlying), ``orders`` (not over, of open tickets, and the latest) and
    ``fills`` are what the ledger holds, and held first. ``due``: when each read is asked for next; ``asked``:
    since when an unanswered one is under way. ``messages``: times of messages by venue. ``cancels``: times of
    cancels by order. ``dead_man_until``: when the venue cancels what rests, by account, as it confirmed.
    ``counted``: amounts of automatic orders that are counted against the caps, by client id.
    ``to_prove``: orders of an earlier run that were not looked up yet. ``lease_until``: no order may be
    accepted after it.
    """

    setup: Setup
    status: TradingStatus
    tickets: Mapping[str, Ticket]
    orders: Mapping[str, Order]
    fills: Mapping[FillKey, Fill]
    accounts: Mapping[str, Account]
    lease_until: datetime
    market: Market = field(default_factory=Market)
    held: tuple[Position, ...] = ()
    needed: frozenset[str] = frozenset()
    runs: Mapping[str, Run] = field(default_factory=dict)
    searches: Mapping[str, Search] = field(default_factory=dict)
    releases: Mapping[str, Release] = field(default_factory=dict)
    due: Mapping[tuple[str, QueryKind], datetime] = field(default_factory=dict)
    asked: Mapping[tuple[str, QueryKind], datetime] = field(default_factory=dict)
    messages: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    cancels: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)
    kept_alive: Mapping[str, datetime] = field(default_factory=dict)
    dead_man_until: Mapping[str, datetime] = field(default_factory=dict)
    days: Mapping[str, DayCount] = field(default_factory=dict)
    automatic: tuple[AutomaticExecution, ...] = ()
    counted: Mapping[str, Decimal] = field(default_factory=dict)
    indices: Mapping[str, tuple[IndexAt, ...]] = field(default_factory=dict)
    market_trouble: str = ""
    rejections: Mapping[str, tuple[datetime, float]] = field(default_factory=dict)
    failures: Mapping[str, datetime] = field(default_factory=dict)
    failed_in_a_row: Mapping[str, int] = field(default_factory=dict)
    latches: tuple[str, ...] = ()
    trips: int = 0
    ready: bool = False
    to_prove: frozenset[str] = frozenset()
    whole: Assessment | None = None

    @property
    def rules(self) -> Rules:
        """The rules in force."""
        return self.setup.rules

    @property
    def live(self) -> tuple[Order, ...]:
        """Orders that are not over."""
        return tuple(order for order in self.orders.values() if order.state in LIVE)

    def instrument(self, order: Order) -> Instrument | None:
        """The instrument of an order."""
        return self.setup.instruments.get(order.instrument_key)

    def trouble_at(self, venue: str) -> VenueTrouble | None:
        """Why nothing may be sent to a venue: an account of ours there is not answered."""
        for account in self.accounts.values():
            if account.trades and account.venue == venue and account.failures >= MOST_FAILED_READS:
                return VenueTrouble(TroubleKind.DOWN, account.trouble)
        return None

    def fills_of(self, client_id: str) -> tuple[Fill, ...]:
        """The booked fills of one order."""
        return tuple(fill for fill in self.fills.values() if fill.client_id == client_id)

    def snapshot(self, now: datetime, rules: Rules | None = None) -> Snapshot:
        """All that is known at ``now``; whatever is missing or old for the whole book is a gap."""
        market = self.market
        asked = asked_for(market.smiles, rules or self.rules)
        return Snapshot(
            at=now,
            positions=self.held,
            balances=tuple(balance for account in self.accounts.values() for balance in _comparable(account)),
            quotes={name: market.quotes[name] for name in sorted(self.needed) if name in market.quotes},
            gaps=(*self._gaps(now), *market.gaps),
            indices_then=market.indices_then,
            smiles=asked.slices,
            without_smile=asked.without,
            minimum_variance=asked.fits,
            holdings=tuple(h for account in self.accounts.values() for h in account.holdings),
        )

    def assessment(self, now: datetime, rules: Rules | None = None) -> Assessment:
        """The book valued at ``now``."""
        known = NOTHING_HELD if self.whole is None else self.whole.book.holdings
        chosen = rules or self.rules
        return assess(self.snapshot(now, chosen), chosen, known)

    def _gaps(self, now: datetime) -> tuple[Gap, ...]:
        ages = self.rules.ages
        found: list[Gap] = []
        for account in self.accounts.values():
            for what, at, limit in (
                ("positions", account.positions_at, ages.position),
                ("balances", account.balances_at, ages.margin),
            ):
                if at is None:
                    detail = f"the {what} of {account.name} have not been read"
                    found.append(Gap(what=what, reason=GapReason.MISSING, detail=detail, underlying=None))
                elif now - at > timedelta(seconds=limit):
                    age = (now - at).total_seconds()
                    detail = f"the {what} of {account.name} are {age:.0f} s old, allowed are {limit:g} s"
                    found.append(Gap(what=what, reason=GapReason.STALE, detail=detail, underlying=None))
            found += account.gaps
        return tuple(found)


def _comparable(account: Account) -> Iterator[Balance]:
    """Its balances; one from before the last fill says nothing about the delta after it."""
    last = account.last_fill_at
    for balance in account.balances:
        old = last is not None and balance.received_at <= last
        yield replace(balance, delta_total=(), delta_black=()) if old else balance


def needed_keys(rules: Rules, accounts: Mapping[str, Account]) -> frozenset[str]:
    """Keys of the instruments that a decision needs: all that is held, and the hedges."""
    held = {
        id(position.instrument): position.instrument
        for account in accounts.values()
        for position in (account.positions or {}).values()
    }
    hedges = {item.hedge_key for item in rules.underlyings}
    return frozenset(hedges | {instrument.key for instrument in held.values()})
