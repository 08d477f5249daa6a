"""The newest of everything the venue has told us, with when it was told."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from hedging.engine.index_path import IndexPath
from hedging.model.book import Balance, Holding, Position
from hedging.model.instrument import Instrument, key
from hedging.model.market import Quote
from hedging.model.rules import AgeRules
from hedging.model.snapshot import Gap, GapReason, Snapshot
from hedging.model.trading import Fill


class LiveBook:
    """Quotes, positions and balances as they arrive; hands out snapshots.

    A position read counts only when it was asked for after the last fill, and either equals what our own
    fills made of the read before, or is ``settle`` seconds younger than the last of them: an exchange may
    answer from a moment before the fill.
    """

    def __init__(self, accounts: Iterable[str], hedges: Iterable[str], ages: AgeRules) -> None:
        self.instruments: dict[str, Instrument] = {}
        self.quotes: dict[str, Quote] = {}
        self.clock_offset: float | None = None
        self.version = 0
        self._accounts = tuple(accounts)
        self._hedges = frozenset(hedges)
        self._needed = self._hedges
        self._ages = ages
        self._positions: dict[str, dict[str, Position]] = {}
        self._held: tuple[Position, ...] = ()
        self._keys: dict[str, frozenset[str]] = {}
        self._positions_at: dict[str, datetime] = {}
        self._balances: dict[str, tuple[Balance, ...]] = {}
        self._balances_at: dict[str, datetime] = {}
        self._holdings: dict[str, tuple[Holding, ...]] = {}
        self._found: dict[str, tuple[Gap, ...]] = {}
        self._filled: dict[str, dict[str, Decimal]] = {}
        self._last_fill_at: dict[str, datetime] = {}
        self._moved: dict[str, frozenset[str]] = {}
        self._index_path = IndexPath()
        self._read_at: frozenset[datetime] = frozenset()

    def take_quote(self, quote: Quote) -> bool:
        """Keep the newest quote of its instrument; whether a decision depends on it."""
        self.quotes[quote.key] = quote
        known = self.instruments.get(quote.key) if quote.key in self._hedges else None
        if known is not None and quote.index is not None and quote.index > 0:
            self._index_path.add(known.underlying, quote.received_at, quote.index)
        needed = quote.key in self._needed
        self.version += needed
        return needed

    def take_fill(self, fill: Fill, now: datetime) -> None:
        """Remember a fill of ours, so that the next position read can be checked against it."""
        filled = self._filled.setdefault(fill.account, {})
        signed = fill.amount * fill.side
        filled[fill.instrument] = filled.get(fill.instrument, Decimal(0)) + signed
        self._last_fill_at[fill.account] = now
        self.version += 1

    def unsettle(self, account: str, now: datetime) -> None:
        """Something traded that no fill of ours explains (yet): the positions must be read again."""
        self._last_fill_at[account] = now
        self.version += 1

    def has_moved(self, account: str, instrument: str) -> bool:
        """Whether a read that was not kept showed an amount that only an unproved order could explain."""
        return instrument in self._moved.get(account, ())

    def take_gaps(self, account: str, gaps: tuple[Gap, ...]) -> None:
        """Keep what the newest reads of one account could not use, instead of what earlier ones could not."""
        if gaps != self._found.get(account, ()):
            self._found[account] = gaps
            self.version += 1

    def take_balances(
        self,
        account: str,
        balances: tuple[Balance, ...],
        asked_at: datetime,
        holdings: tuple[Holding, ...] = (),
    ) -> None:
        """Keep the balances of one account, and its currencies that have no margin of their own."""
        self._balances[account] = balances
        self._holdings[account] = holdings
        self._balances_at[account] = asked_at
        self.version += 1

    def take_balance(self, balance: Balance) -> None:
        """Keep one balance that the venue pushed; the read stays the floor, so its time is not touched."""
        known = self._balances.get(balance.account, ())
        if any(one.currency == balance.currency for one in known):
            kept = tuple(balance if one.currency == balance.currency else one for one in known)
            self._balances[balance.account] = kept
            self.version += 1

    def take_positions(
        self,
        account: str,
        positions: tuple[Position, ...],
        asked_at: datetime,
        unproved: frozenset[str] = frozenset(),
    ) -> tuple[str, ...]:
        """Keep a position read if it may be trusted, and name what our own fills do not explain.

        Returns one sentence per instrument whose amount changed without a fill of ours; the first read of
        an account and instruments that have expired explain themselves. A change in one of ``unproved``,
        where an order of ours may have traded, is not kept: once the order is proved, the next read tells.
        """
        last_fill = self._last_fill_at.get(account)
        if last_fill is not None and asked_at <= last_fill:
            return ()
        after = {position.instrument.name: position for position in positions}
        before = self._positions.get(account)
        odd = {} if before is None else self._unexplained(account, before, after, asked_at)
        self._moved[account] = unproved.intersection(odd)
        if self._moved[account]:
            return ()
        if odd and last_fill and asked_at - last_fill < timedelta(seconds=self._ages.settle):
            return ()
        self._positions[account] = after
        self._held = tuple(p for held in self._positions.values() for p in held.values())
        self._read_at = frozenset(position.received_at for position in self._held)
        self._positions_at[account] = asked_at
        self._keys[account] = frozenset(position.instrument.key for position in positions)
        self._needed = self._hedges.union(*self._keys.values())
        self._filled.pop(account, None)
        self.version += 1
        return tuple(odd.values())

    def settled(self, account: str) -> bool:
        """Whether the positions were read after the last fill and may be decided upon."""
        at, last_fill = self._positions_at.get(account), self._last_fill_at.get(account)
        return at is not None and (last_fill is None or at > last_fill)

    def positions_at(self, account: str) -> datetime | None:
        """When the positions in use were asked for."""
        return self._positions_at.get(account)

    def balances_at(self, account: str) -> datetime | None:
        """When the balances in use were asked for."""
        return self._balances_at.get(account)

    def last_fill_at(self, account: str) -> datetime | None:
        """When the last fill of ours reached us."""
        return self._last_fill_at.get(account)

    def amount(self, account: str, instrument: str) -> Decimal | None:
        """Signed amount held, 0 where the venue reports no position; None while nothing was read."""
        held = self._positions.get(account)
        if held is None:
            return None
        return held[instrument].amount if instrument in held else Decimal(0)

    def balance(self, account: str, currency: str) -> Balance | None:
        """One balance, None while it was not read."""
        return next((b for b in self._balances.get(account, ()) if b.currency == currency), None)

    def needed(self) -> frozenset[str]:
        """Keys of the instruments a decision needs: all that is held, and the hedges."""
        return self._needed

    def names_at(self, venue: str) -> frozenset[str]:
        """The same by the venue's own names, for one venue."""
        prefix = key(venue, "")
        return frozenset(each.removeprefix(prefix) for each in self._needed if each.startswith(prefix))

    def names_of(self, account: str) -> frozenset[str]:
        """The venue's names of what one account holds."""
        return frozenset(self._positions.get(account, ()))

    def snapshot(self, now: datetime) -> Snapshot:
        """All that is known at ``now``; whatever is missing or old for the whole book is a gap."""
        balances = tuple(self._comparable(b) for read in self._balances.values() for b in read)
        stated_at = {balance.received_at for balance in balances} | self._read_at
        return Snapshot(
            at=now,
            positions=self._held,
            balances=balances,
            quotes={each: self.quotes[each] for each in sorted(self._needed) if each in self.quotes},
            gaps=(*self._gaps(now), *(gap for found in self._found.values() for gap in found)),
            holdings=tuple(h for holdings in self._holdings.values() for h in holdings),
            indices_then=tuple(self._index_path.then(stated_at)),
        )

    def _comparable(self, balance: Balance) -> Balance:
        """A balance from before the last fill says nothing about the delta after it."""
        last_fill = self._last_fill_at.get(balance.account)
        if last_fill is not None and balance.received_at <= last_fill:
            return replace(balance, delta_total=(), delta_black=())
        return balance

    def _gaps(self, now: datetime) -> Iterable[Gap]:
        reads: tuple[tuple[str, Mapping[str, datetime], float], ...] = (
            ("positions", self._positions_at, self._ages.position),
            ("balances", self._balances_at, self._ages.margin),
        )
        for account in self._accounts:
            for what, times, limit in reads:
                at = times.get(account)
                if at is None:
                    detail = f"the {what} of {account} have not been read"
                    yield Gap(what=what, reason=GapReason.MISSING, detail=detail, underlying=None)
                elif now - at > timedelta(seconds=limit):
                    age = (now - at).total_seconds()
                    detail = f"the {what} of {account} are {age:.0f} s old, allowed are {limit:g} s"
                    yield Gap(what=what, reason=GapReason.STALE, detail=detail, underlying=None)

    def _unexplained(
        self,
        account: str,
        before: Mapping[str, Position],
        after: Mapping[str, Position],
        asked_at: datetime,
    ) -> dict[str, str]:
        filled = self._filled.get(account, {})
        odd = {}
        for name in sorted(before.keys() | after.keys() | filled.keys()):
            if self._is_over(name, before.get(name) or after.get(name), asked_at):
                continue
            was = before[name].amount if name in before else Decimal(0)
            now = after[name].amount if name in after else Decimal(0)
            if now != was + filled.get(name, Decimal(0)):
                odd[name] = f"{name} went from {was:+f} to {now:+f} without a fill of ours"
        return odd

    def _is_over(self, name: str, held: Position | None, at: datetime) -> bool:
        """Whether an instrument has expired; one bought and settled between two reads is in neither."""
        known = [held.instrument] if held else [i for i in self.instruments.values() if i.name == name]
        return any(instrument.expiry is not None and instrument.expiry <= at for instrument in known)
