"""Delta proof: our delta by three roads beside what the venue states, for each account and margin currency.

Net transaction: Σ premium-adjusted deltas beside the venue's total. Sum of Black: Σ Black's deltas beside the
venue's total of them, else beside what it says of each position. Equity + net: the first with the equity in
coin. A road that a venue states nothing for is left out where another one is there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf, isfinite

import numpy as np

from hedging.model.exposure import DeltaProof, ProofVerdict, Road
from hedging.model.snapshot import IndexThen, Snapshot
from hedging.risk.greeks import at_other_prices
from hedging.risk.holdings import BoolArray
from hedging.risk.stated import ANY_VENUE, PRACTICES, Group, Layout, Practice, Statement, layout, statements
from hedging.risk.valued import ValuedBook

RED_FACTOR = 4.0  # of the tolerance: beyond it no rounding and no delay explains the difference
WIDEST_INSTANT = 0.05  # of an index within the second around a statement: more is a wrong price, no market
MOST_MOVED = 2.0  # an index over the present one, and the present one over it
MOST_NAMED = 3
ALL_CURRENCIES = "all"


def proofs(
    underlying: str, book: ValuedBook, snapshot: Snapshot, unvalued: frozenset[str]
) -> tuple[DeltaProof, ...]:
    """Compare our delta of an underlying with the venues' own, by every road they offer, in coin.

    What a venue stated while the index was another one is compared with our delta at that index
    (``Snapshot.indices_then``): a jump between its statement and our prices is no disagreement.

    Args:
        underlying: whose delta.
        book: the snapshot's positions, valued.
        snapshot: balances, positions and where the index was when they were read.
        unvalued: names of everything of the underlying that has no value; none of its deltas is proved then.

    Returns:
        One proof per group and road. UNKNOWN where something has no value, and where the venue states
        nothing, or nothing of some position; ``why`` names what.
    """
    held = layout(book.holdings, underlying)
    venues = {account: venue for (account, _), venue in zip(held.groups, held.venues, strict=True)}
    told = statements(underlying, snapshot, venues)
    found: list[DeltaProof] = []
    moved = _Moved(book, snapshot.at, {then.at: then for then in _of(snapshot, underlying)})
    with np.errstate(over="ignore", invalid="ignore"):  # a sum that is no number is no agreement: red
        for group in sorted({*held.groups, *told}):
            compared = _Compared(underlying, group, held, told.get(group), moved)
            roads = list(compared.roads())
            found += (
                [_unvalued(road, compared, unvalued) for road in roads] if unvalued else _explained(roads)
            )
    return tuple(found)


def _of(snapshot: Snapshot, underlying: str) -> Iterator[IndexThen]:
    return (then for then in snapshot.indices_then if then.underlying == underlying)


class _Moved:
    """The book at the index of another instant; each is worked out once, and only where it is asked for."""

    def __init__(self, book: ValuedBook, at: datetime, then: dict[datetime, IndexThen]) -> None:
        self.book = book
        self._at = at
        self._then = then
        self._books: dict[float, ValuedBook] = {}

    def ends(self, at: datetime, index: float) -> tuple[ValuedBook, ...]:
        """The book at the lowest and the highest index around ``at``; none where the index was this one.

        None either where what was seen then is no market's: between a price and a thousand times it lies a
        delta that agrees with anything.
        """
        then = self._then.get(at)
        if then is None or not index > 0:
            return ()
        near = index / MOST_MOVED <= then.low <= then.high <= index * MOST_MOVED
        if not (near and then.high <= then.low * (1 + WIDEST_INSTANT)):
            return ()
        return tuple(self._priced(end / index) for end in sorted({then.low, then.high}))

    def words(self, at: datetime) -> str:
        """The index that was compared at."""
        then = self._then[at]
        low, high = f"{then.low:,.2f}", f"{then.high:,.2f}"
        return f"compared at the index of {at:%H:%M:%S}, {low if low == high else f'{low} to {high}'}"

    def _priced(self, factor: float) -> ValuedBook:
        if factor not in self._books:
            self._books[factor] = at_other_prices(self.book, self._at, factor)
        return self._books[factor]


@dataclass(frozen=True, slots=True)
class _Compared:
    """One group of one underlying, with all it takes to compare it by each road."""

    underlying: str
    group: Group
    held: Layout
    told: Statement | None
    moved: _Moved

    def roads(self) -> Iterator[DeltaProof]:
        """A proof by every road that the venue offers; by the first, unknown, where it offers none."""
        told, mine = self.told, self._mine()
        by_position = mine & ~np.isnan(self.held.stated)
        nothing = True
        if told is not None and told.net is not None:
            nothing = False
            yield self._proof(Road.NET, mine, told.net, told.at)
        if told is not None and told.black is not None:
            nothing = False
            covered = mine & self.held.option if self._practice().options_alone else mine
            yield self._in_part(self._proof(Road.BLACK, covered, told.black, told.at), covered)
        elif by_position.any():
            nothing = False
            total = float(self.held.stated[by_position].sum())
            read_at = self.held.read_at[self.held.groups.index(self.group)]
            proof = self._proof(Road.BLACK, by_position, total, read_at)
            yield self._in_part(self._naming(proof), by_position)
        if told is not None and told.net is not None and told.equity is not None:
            proof = self._proof(Road.EQUITY, mine, told.equity + told.net, told.at, told.equity)
            yield replace(proof, why=f"{proof.why}; the equity is the venue's own on both sides")
        if nothing:
            why = "the venue states no delta to compare with"
            yield self._row(Road.NET, self._sum(self.moved.book, Road.NET, mine), None, 0.0, why)

    def without(self, unvalued: frozenset[str]) -> str:
        """What has no value, by name, and what the rest of the group sums to."""
        mine = self._mine() & self.moved.book.valued[self.held.rows]
        names = sorted(unvalued)
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        rest = self._sum(self.moved.book, Road.NET, mine)
        return (
            f"without {', '.join(names[:MOST_NAMED])}{more}; the rest sums to {rest:+.4f} by net transaction"
        )

    def _mine(self) -> BoolArray:
        if self.group not in self.held.groups:
            return np.zeros(len(self.held.rows), dtype=np.bool_)
        mine: BoolArray = self.held.group == self.held.groups.index(self.group)
        return mine

    def _practice(self) -> Practice:
        if self.group not in self.held.groups:
            return ANY_VENUE
        return PRACTICES.get(self.held.venues[self.held.groups.index(self.group)], ANY_VENUE)

    def _sum(self, book: ValuedBook, road: Road, mine: BoolArray) -> float:
        return float(self._deltas(book, road)[mine].sum())

    def _deltas(self, book: ValuedBook, road: Road) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        column = book.columns.delta_black if road is Road.BLACK else book.columns.delta_net
        return column[self.held.rows]

    def _row(
        self, road: Road, ours: float | None, venue: float | None, tolerance: float, why: str
    ) -> DeltaProof:
        account, currency = self.group
        stated_in = self.told.currency if self.told is not None else ALL_CURRENCIES
        return DeltaProof(
            account=account,
            currency=currency or stated_in,
            underlying=self.underlying,
            ours=ours,
            venue=venue,
            tolerance=tolerance,
            verdict=_verdict(ours, venue, tolerance),
            road=road,
            why=why,
        )

    def _proof(
        self, road: Road, mine: BoolArray, venue: float, at: datetime, equity: float = 0.0
    ) -> DeltaProof:
        now = self.moved.book
        practice = self._practice()
        gross = float(np.abs(np.nan_to_num(self._deltas(now, road)[mine])).sum())
        tolerance = practice.absolute + practice.relative * gross
        plain = self._row(road, equity + self._sum(now, road, mine), venue, tolerance, practice.because)
        if plain.verdict is ProofVerdict.GREEN or not mine.any():
            return plain
        ends = [equity + self._sum(book, road, mine) for book in self.moved.ends(at, self._index(mine))]
        if not ends or not all(map(isfinite, ends)):
            return plain
        like = min(max(venue, min(ends)), max(ends))  # of our deltas at the index around then, the nearest
        why = f"{practice.because}; {self.moved.words(at)}: ours is {plain.ours:+.4f} now"
        return self._row(road, like, venue, tolerance, why)

    def _index(self, mine: BoolArray) -> float:
        place = self.moved.book.holdings.place[self.held.rows[np.flatnonzero(mine)[0]]]
        return float(self.moved.book.marks.index[place])

    def _in_part(self, proof: DeltaProof, covered: BoolArray) -> DeltaProof:
        """Where the venue said nothing of some position, agreement on the others proves only those."""
        left = np.flatnonzero(self._mine() & ~covered)
        if not left.size:
            return proof
        why = f"{proof.why}; in part: the venue states nothing of {self._names(left.tolist())}"
        verdict = ProofVerdict.RED if proof.verdict is ProofVerdict.RED else ProofVerdict.UNKNOWN
        return replace(proof, verdict=verdict, why=why)

    def _naming(self, proof: DeltaProof) -> DeltaProof:
        """Name the positions that are off the most, where the sum is off."""
        if proof.verdict in {ProofVerdict.GREEN, ProofVerdict.UNKNOWN}:
            return proof
        own = self._deltas(self.moved.book, Road.BLACK)
        off = np.where(self._mine(), np.abs(np.nan_to_num(own - self.held.stated, nan=0.0)), 0.0)
        worst = [row for row in np.argsort(-off)[:MOST_NAMED].tolist() if off[row] > proof.tolerance / 4]
        parts = (
            f"{self._name(row)} (ours {own[row]:+.4f}, venue {self.held.stated[row]:+.4f})" for row in worst
        )
        return replace(proof, why=f"{proof.why}; off the most: {', '.join(parts)}") if worst else proof

    def _names(self, rows: list[int]) -> str:
        named = ", ".join(sorted({self._name(row) for row in rows[:MOST_NAMED]}))
        return named if len(rows) <= MOST_NAMED else f"{named} and {len(rows) - MOST_NAMED} more"

    def _name(self, row: int) -> str:
        name: str = self.moved.book.holdings.positions[self.held.rows[row]].instrument.name
        return name


def _unvalued(proof: DeltaProof, compared: _Compared, unvalued: frozenset[str]) -> DeltaProof:
    return replace(proof, ours=None, verdict=ProofVerdict.UNKNOWN, why=compared.without(unvalued))


def _explained(roads: list[DeltaProof]) -> list[DeltaProof]:
    """Say of a total that is off whether the positions agree one by one: then the lists differ."""
    black = next((proof for proof in roads if proof.road is Road.BLACK), None)
    if black is None or black.verdict is not ProofVerdict.GREEN:
        return roads
    hint = (
        "what the venue says of the listed positions agrees: its total holds a position that we have not, or "
        "lacks one that we have"
    )
    bad = {ProofVerdict.RED, ProofVerdict.AMBER}
    return [replace(p, why=f"{p.why}; {hint}") if p.verdict in bad else p for p in roads]


def _verdict(ours: float | None, venue: float | None, tolerance: float) -> ProofVerdict:
    if ours is None or venue is None:
        return ProofVerdict.UNKNOWN
    difference = abs(ours - venue)
    if not difference < inf:
        return ProofVerdict.RED
    if difference <= tolerance:
        return ProofVerdict.GREEN
    return ProofVerdict.AMBER if difference <= RED_FACTOR * tolerance else ProofVerdict.RED
