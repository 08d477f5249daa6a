"""What one account is known to hold, and whether that may be decided upon.

A position read counts only when it was asked for after the last fill, and either equals what fills made of
the read before, or stays different over two sweeps with every fill read in between: a venue may answer from
a moment before the fill, and a message with a fill may be lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.core.events import PositionsRead
from hedging.core.queries import QueryKind
from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import Instrument
from hedging.model.snapshot import Gap
from hedging.model.trading import Fill

CLOCKS_DIFFER = timedelta(seconds=2)  # ours and a venue's, at most, where anything is sent


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An amount that no fill explains: what was expected, what the venue says, since when, seen how often."""

    instrument: str
    expected: Decimal
    found: Decimal
    since: datetime
    sweeps: int = 1

    @property
    def words(self) -> str:
        """In a sentence."""
        return (
            f"{self.instrument} went from {self.expected:+f} to {self.found:+f} without a fill that we know"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account; ``filled`` is what traded since the positions in use were asked for, ours and foreign.

    ``believed_at``: when the amounts were asked for that explained themselves. ``unanswered``: reads in
    a row of each kind that were not answered; ``trouble`` is the last one's reason.
    """

    name: str
    venue: str
    trades: bool
    positions: Mapping[str, Position] | None = None
    positions_at: datetime | None = None
    balances: tuple[Balance, ...] = ()
    holdings: tuple[Holding, ...] = ()
    balances_at: datetime | None = None
    gaps: tuple[Gap, ...] = ()
    believed_at: datetime | None = None
    filled: Mapping[str, Decimal] = field(default_factory=dict)
    last_fill_at: datetime | None = None
    fills_read_at: datetime | None = None
    mismatches: Mapping[str, Mismatch] = field(default_factory=dict)
    clock_offset: float | None = None
    unanswered: Mapping[QueryKind, int] = field(default_factory=dict)
    trouble: str = ""

    @property
    def failures(self) -> int:
        """Reads in a row of one kind that were not answered, of the kind with the most."""
        return max(self.unanswered.values(), default=0)

    @property
    def settled(self) -> bool:
        """Whether positions were asked for after the last fill, and nothing in them is unexplained."""
        at, last = self.positions_at, self.last_fill_at
        return at is not None and (last is None or at > last) and not self.mismatches

    def amount(self, instrument: str) -> Decimal | None:
        """Signed amount held, 0 where the venue reports none; None while nothing was read."""
        if self.positions is None:
            return None
        held = self.positions.get(instrument)
        return Decimal(0) if held is None else held.amount

    def expected(self, instrument: str) -> Decimal | None:
        """The amount held with every fill since."""
        held = self.amount(instrument)
        return None if held is None else held + self.filled.get(instrument, Decimal(0))

    def balance(self, currency: str) -> Balance | None:
        """One balance, None while it was not read."""
        return next((each for each in self.balances if each.currency == currency), None)


@dataclass(frozen=True, slots=True)
class PositionsTaken:
    """An account after a position read; ``suspicious`` were seen first now, ``proved`` over two sweeps."""

    account: Account
    kept: bool
    suspicious: tuple[Mismatch, ...] = ()
    proved: tuple[Mismatch, ...] = ()


def with_fill(account: Account, fill: Fill, now: datetime, sent_at: datetime | None = None) -> Account:
    """Count a fill: positions asked for before ``now`` no longer say what is held.

    A trade from before positions that were believed as they were read (after a start, most of all) may be
    in them already: then they are not known any more, and the next read is believed. One of an order of
    ours that was sent after them is not: ``sent_at``.
    """
    if _may_hold_already(account, fill, sent_at):
        return replace(
            account,
            positions=None,
            positions_at=None,
            filled={},
            mismatches={},
            last_fill_at=now,
            believed_at=None,
        )
    filled = {**account.filled}
    filled[fill.instrument] = filled.get(fill.instrument, Decimal(0)) + fill.amount * fill.side
    return replace(account, filled=filled, last_fill_at=now)


def _may_hold_already(account: Account, fill: Fill, sent_at: datetime | None) -> bool:
    """Whether the amounts that were taken for the venue's truth may have this trade in them."""
    at = account.believed_at
    if at is None or (sent_at is not None and sent_at > at):
        return False
    return fill.at <= at + CLOCKS_DIFFER


def unsettled(account: Account, now: datetime) -> Account:
    """Something traded that no fill explains yet: positions must be read again."""
    return replace(account, last_fill_at=now)


def with_positions(
    account: Account,
    read: PositionsRead,
    instruments: Mapping[str, Instrument],
    settle_seconds: float,
    unproved: frozenset[str],
) -> PositionsTaken:
    """Take in a position read.

    The first one, those of an account that is only read, and what has expired explain themselves.

    A read that differs from what fills explain is not kept: it is suspicious. It is proved, and kept, by a
    later read that says the same, asked for ``settle_seconds`` later and after all fills were read again;
    never while an order in one of ``unproved`` may have traded: once that is known, the next read tells.
    """
    asked_at = read.asked_at
    last = account.last_fill_at
    stale = last is not None and asked_at <= last
    earlier = account.positions_at is not None and asked_at < account.positions_at
    if stale or earlier:
        return PositionsTaken(account, kept=False)
    after = {position.instrument.name: position for position in read.positions}
    explains_itself = account.positions is None or not account.trades
    odd = {} if explains_itself else _unexplained(account, after, asked_at, instruments)
    if odd:
        seen = {name: _seen(account.mismatches.get(name), each) for name, each in odd.items()}
        settled = [each for each in seen.values() if _is_proved(account, each, asked_at, settle_seconds)]
        proved = tuple(each for each in settled if each.instrument not in unproved)
        if len(proved) < len(seen):
            fresh = tuple(each for each in seen.values() if each.sweeps == 1)
            return PositionsTaken(replace(account, mismatches=seen), kept=False, suspicious=fresh)
        believed = replace(_kept(account, after, asked_at), believed_at=asked_at)
        return PositionsTaken(believed, kept=True, proved=proved)
    kept = _kept(account, after, asked_at)
    return PositionsTaken(replace(kept, believed_at=asked_at) if explains_itself else kept, kept=True)


def _kept(account: Account, after: Mapping[str, Position], asked_at: datetime) -> Account:
    return replace(account, positions=after, positions_at=asked_at, filled={}, mismatches={})


def _seen(before: Mismatch | None, now: Mismatch) -> Mismatch:
    if before is None or (before.expected, before.found) != (now.expected, now.found):
        return now
    return replace(before, sweeps=before.sweeps + 1)


def _is_proved(account: Account, each: Mismatch, asked_at: datetime, settle_seconds: float) -> bool:
    fills_read = account.fills_read_at is not None and account.fills_read_at > each.since
    return each.sweeps > 1 and fills_read and asked_at - each.since >= timedelta(seconds=settle_seconds)


def _unexplained(
    account: Account, after: Mapping[str, Position], asked_at: datetime, instruments: Mapping[str, Instrument]
) -> dict[str, Mismatch]:
    before = account.positions or {}
    odd = {}
    for name in sorted(before.keys() | after.keys() | account.filled.keys()):
        known = before.get(name) or after.get(name)
        instrument = known.instrument if known else instruments.get(f"{account.venue}:{name}")
        if instrument is not None and instrument.expiry is not None and instrument.expiry <= asked_at:
            continue
        expected = account.expected(name) or Decimal(0)
        found = after[name].amount if name in after else Decimal(0)
        if found != expected:
            odd[name] = Mismatch(name, expected, found, asked_at)
    return odd
