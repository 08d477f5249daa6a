"""What every underlying adds to a scope: one underlying, account, venue, or the whole book.

Underlyings do not net against each other: a scope that holds several adds up Σ|figure of each| in USD,
because nothing says that bitcoin falls when ether does, and a limit must hold when it does not. Within one
underlying everything nets: options, futures and coins of one spot move together.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import isfinite

import numpy as np

from hedging.model.book import Balance, Holding
from hedging.model.exposure import Exposure
from hedging.model.limits import Measure, Scope, ScopeKind
from hedging.model.rules import Rules
from hedging.model.snapshot import Gap
from hedging.risk.holdings import BoolArray, FloatArray, Holdings, IntArray
from hedging.risk.valued import ValuedBook

DOLLARS = frozenset({"USD", "USDC", "USDT"})  # counted as one dollar each


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one underlying adds to a scope, signed; a figure that is not known is NaN.

    Coin: ``delta`` under the numeraire, ``gamma`` (coin of delta per relative move of 1), ``hedge``
    position. USD: ``vega`` per 1.00 of volatility, ``theta`` per year, ``gross`` and ``net`` notional
    (puts count against calls), and the ``coin_gross`` and ``coin_net`` of them that are counted in coin, so
    that their dollars move with the spot. ``index`` in USD.
    """

    delta: float = 0.0
    gamma: float = 0.0
    hedge: float = 0.0
    vega: float = 0.0
    theta: float = 0.0
    gross: float = 0.0
    net: float = 0.0
    coin_gross: float = 0.0
    coin_net: float = 0.0
    index: float

    def figure(self, measure: Measure) -> float:
        """The part's size in one measure, absolute; leverage's is its gross notional."""
        return abs(
            {
                Measure.DELTA: self.delta,
                Measure.GAMMA_1PCT: self.gamma * 0.01,
                Measure.HEDGE_POSITION: self.hedge,
                Measure.VEGA: self.vega,
                Measure.THETA: self.theta,
                Measure.GROSS_NOTIONAL: self.gross,
                Measure.NET_NOTIONAL: self.net,
                Measure.LEVERAGE: self.gross,
            }[measure]
        )

    def plus(self, change: "Part") -> "Part":
        """This part and a change of it; the index stays."""
        names = ("delta", "gamma", "hedge", "vega", "theta", "gross", "net", "coin_gross", "coin_net")
        return replace(self, **{name: getattr(self, name) + getattr(change, name) for name in names})


@dataclass(frozen=True, slots=True)
class ScopeParts:
    """A scope by its underlyings (None: not known, or not fully valued) and its equity in USD."""

    scope: Scope
    parts: Mapping[str, Part | None]
    equity_usd: float | None

    def with_change(self, underlying: str, change: Part) -> "ScopeParts":
        """The same scope after a change of one underlying; what is not known stays so."""
        before = self.parts.get(underlying)
        after = change if underlying not in self.parts else before.plus(change) if before else None
        return ScopeParts(self.scope, {**self.parts, underlying: after}, self.equity_usd)


def scope_parts(
    rules: Rules,
    exposures: Mapping[str, Exposure],
    gaps: Iterable[Gap],
    book: ValuedBook,
    equities: Sequence[Balance | Holding],
) -> Mapping[Scope, ScopeParts]:
    """Every scope that a limit is on, by its parts.

    Args:
        rules: whose limits ask for the scopes; numeraires, accounts and their venues.
        exposures: of the underlyings that are fully valued.
        gaps: all that is missing; one of the whole book leaves no scope known, one of an underlying that
            underlying in none.
        book: every position; an underlying without rules counts at its net transaction delta.
        equities: balances and holdings of every account, for equity.
    """
    desk = _Desk(rules, exposures, frozenset(gap.underlying for gap in gaps), book, equities)
    found = {}
    for item in rules.underlyings:
        scope = Scope(ScopeKind.UNDERLYING, item.underlying)
        whole = exposures.get(item.underlying)
        equity = whole.equity * whole.index if whole else None
        found[scope] = ScopeParts(scope, {item.underlying: desk.whole(item.underlying)}, equity)
    for scope in dict.fromkeys(limit.scope for limit in rules.wider):
        accounts = desk.accounts(scope)
        parts = {name: desk.part(name, accounts) for name in desk.names if desk.touches(name, accounts)}
        found[scope] = ScopeParts(scope, parts, desk.equity_usd(accounts))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """Which cell (account and underlying) each position is in; stays while the positions do."""

    cells: Mapping[tuple[str, str], int]
    code: IntArray
    derivative: BoolArray
    direction: FloatArray
    in_coin: BoolArray
    venues: Mapping[str, str]


@lru_cache(maxsize=2)
def _layout(held: Holdings) -> _Layout:
    cells: dict[tuple[str, str], int] = {}
    keys = [(p.account, p.instrument.underlying) for p in held.positions]
    code = np.array([cells.setdefault(each, len(cells)) for each in keys], dtype=np.intp)
    theta = np.where(held.option, np.nan_to_num(held.sign), 1.0)
    return _Layout(
        cells=cells,
        code=code,
        derivative=~held.spot[held.place],
        direction=np.sign(held.size) * theta[held.place],
        in_coin=~held.in_usd[held.place],
        venues={p.account: p.instrument.venue for p in held.positions},
    )


class _Cells:
    """Sums of the book's columns per account and underlying, of derivatives; ``coins``: of spot."""

    def __init__(self, book: ValuedBook) -> None:
        self.layout = _layout(book.holdings)
        columns, plan = book.columns, self.layout
        with np.errstate(invalid="ignore", over="ignore"):  # what is not finite becomes not known
            net = columns.notional * plan.direction
            self._sums = {
                "delta": self._summed(columns.delta_net + columns.smile_shift),
                "inverse": self._summed(np.where(columns.inverse, columns.delta_net, 0.0)),
                "gamma": self._summed(columns.gamma),
                "hedge": self._summed(np.where(columns.hedge, columns.quantity, 0.0)),
                "vega": self._summed(columns.vega),
                "theta": self._summed(columns.theta),
                "gross": self._summed(columns.notional),
                "net": self._summed(net),
                "coin_gross": self._summed(np.where(plan.in_coin, columns.notional, 0.0)),
                "coin_net": self._summed(np.where(plan.in_coin, net, 0.0)),
            }
            self._coins = np.bincount(
                plan.code, np.where(plan.derivative, 0.0, columns.quantity), len(plan.cells)
            )

    def _summed(self, figures: FloatArray) -> FloatArray:
        plan = self.layout
        counted = np.where(plan.derivative, figures, 0.0)
        return np.bincount(plan.code, counted, len(plan.cells)).astype(np.float64)

    def sum(self, name: str, rows: Sequence[int]) -> float:
        """Total of one figure over some cells."""
        return float(sum(self._sums[name][row] for row in rows))

    def coins(self, rows: Sequence[int]) -> float:
        """Spot held in some cells, in coin."""
        return float(sum(self._coins[row] for row in rows))


class _Desk:
    """One snapshot's book as the scopes see it."""

    def __init__(
        self,
        rules: Rules,
        exposures: Mapping[str, Exposure],
        troubled: frozenset[str | None],
        book: ValuedBook,
        equities: Sequence[Balance | Holding],
    ) -> None:
        self._exposures = exposures
        self._troubled = troubled
        self._equities = equities
        self._book = book
        self._cells = _Cells(book)
        self._shares = {item.underlying: item.numeraire.hedged_share for item in rules.underlyings}
        self._hedging = {item.underlying: item.account for item in rules.underlyings}
        self._venues = {
            **self._cells.layout.venues,
            **{item.account: item.venue for item in rules.underlyings},
            **{account.name: account.venue for account in rules.accounts},
        }
        self.names = tuple(dict.fromkeys((*self._shares, *book.holdings.own)))

    def accounts(self, scope: Scope) -> frozenset[str]:
        """Accounts inside a scope."""
        if scope.kind is ScopeKind.ACCOUNT:
            return frozenset({scope.name})
        every = self._venues.keys() | {each.account for each in self._equities}
        if scope.kind is ScopeKind.BOOK:
            return frozenset(every)
        return frozenset(account for account in every if self._venues.get(account) == scope.name)

    def touches(self, underlying: str, accounts: frozenset[str]) -> bool:
        """Whether the accounts hold, may hold, or hedge anything of the underlying."""
        return (
            None in self._troubled
            or self._hedging.get(underlying) in accounts
            or bool(self._rows(underlying, accounts))
            or any(e.currency == underlying and e.account in accounts for e in self._equities)
        )

    def whole(self, underlying: str) -> Part | None:
        """The underlying in all accounts, from its exposure where that has the figure."""
        found = self._exposures.get(underlying)
        if found is None:
            return None
        rows = self._rows(underlying, None)
        return Part(
            delta=found.delta,
            gamma=found.gamma_coin,
            hedge=found.hedge_position,
            vega=found.vega_usd,
            theta=found.theta_usd,
            gross=found.gross_notional_usd,
            net=self._cells.sum("net", rows),
            coin_gross=self._cells.sum("coin_gross", rows),
            coin_net=self._cells.sum("coin_net", rows),
            index=found.index,
        )

    def part(self, underlying: str, accounts: frozenset[str]) -> Part | None:
        """The underlying in some accounts; None where it is not fully valued in any account."""
        index = self._index(underlying)
        if index is None:
            return None
        rows = self._rows(underlying, accounts)
        own = [each for each in self._equities if each.currency == underlying and each.account in accounts]
        equity = self._cells.coins(rows) + sum(each.equity for each in own)
        share = self._shares.get(underlying, 0.0)
        cells = self._cells
        return Part(
            delta=cells.sum("delta", rows) + (share * equity if share else 0.0),
            gamma=cells.sum("gamma", rows) - (1 - share) * cells.sum("inverse", rows),
            hedge=cells.sum("hedge", rows),
            vega=cells.sum("vega", rows),
            theta=cells.sum("theta", rows),
            gross=cells.sum("gross", rows),
            net=cells.sum("net", rows),
            coin_gross=cells.sum("coin_gross", rows),
            coin_net=cells.sum("coin_net", rows),
            index=index,
        )

    def equity_usd(self, accounts: frozenset[str]) -> float | None:
        """Equity of the accounts in USD; None where a balance is missing or has no price.

        Holdings are left out: the balance in USD of their account counts them, or they margin nothing.
        """
        own = [each for each in self._equities if isinstance(each, Balance) and each.account in accounts]
        if accounts - {balance.account for balance in own}:
            return None
        total = 0.0
        for balance in own:
            price = 1.0 if balance.currency in DOLLARS else self._index(balance.currency)
            if balance.equity and price is None:
                return None
            total += balance.equity * (price or 0.0)
        for underlying in self.names:
            coins = self._cells.coins(self._rows(underlying, accounts))
            price = self._index(underlying)
            if coins and price is None:
                return None
            total += coins * (price or 0.0)
        return total if isfinite(total) else None

    def _index(self, underlying: str) -> float | None:
        """Index in USD of an underlying that is fully valued."""
        if underlying in self._shares:
            found = self._exposures.get(underlying)
            return found.index if found else None
        if self._troubled & {None, underlying} or underlying not in self._book.holdings.own:
            return None
        first = self._book.holdings.place[self._book.holdings.own[underlying][0]]
        index = float(self._book.marks.index[first])
        return index if isfinite(index) and index > 0 else None

    def _rows(self, underlying: str, accounts: frozenset[str] | None) -> list[int]:
        cells = self._cells.layout.cells.items()
        return [row for (a, u), row in cells if u == underlying and (accounts is None or a in accounts)]
