"""Sums valued positions and coin equity into one delta per underlying, under the desk's numeraire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from hedging.model.book import Balance, Holding
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import Kind
from hedging.model.limits import Numeraire
from hedging.model.rules import UnderlyingRules
from hedging.risk.holdings import BoolArray, FloatArray
from hedging.risk.valued import Columns, ValuedBook
from hedging.units import EPOCH, epoch_microseconds


@dataclass(frozen=True, slots=True)
class Basis:
    """What an exposure rests on beside its positions: index in USD, equity in coin (spot included)."""

    underlying: str
    numeraire: Numeraire
    index: float
    equity: float
    at: datetime


def exposure(
    rules: UnderlyingRules,
    book: ValuedBook,
    equities: Sequence[Balance | Holding],
    index: float,
    at: datetime,
) -> Exposure:
    """Exposure of one underlying; a figure is NaN where one of its positions has no value.

    The wealth of an account in dollars is W = S·(C + Σ q·p + inverse P&L) + linear P&L, so with hedged
    share x the delta is Σ(net transaction delta) + x · equity in coin (QUANT §2): x = 0 keeps coins,
    x = 1 keeps dollars. Its slope for a relative move is Σ q·F·Γ − (1 − x)·Σ(inverse net delta).

    Args:
        rules: numeraire, hedging instrument and name of the underlying.
        book: every position of the book; those of other underlyings are ignored.
        equities: balances and holdings of the accounts; only the coin's own counts as equity in coin.
        index: spot index in USD, positive.
        at: time of the snapshot.
    """
    own = book.holdings.own.get(rules.underlying, np.empty(0, dtype=np.intp))
    spot = own[book.holdings.spot[book.holdings.place[own]]]
    coins = float(book.columns.quantity[spot].sum())
    equity = coins + sum(each.equity for each in equities if each.currency == rules.underlying)
    basis = Basis(rules.underlying, rules.numeraire, index, equity, at)
    return summed_columns(basis, book.columns.rows(book.derivatives(rules.underlying)))


def summed(basis: Basis, positions: Sequence[PositionExposure]) -> Exposure:
    """Exposure of one underlying's rows on an equity that is known; spot is in the equity."""
    own = [
        position
        for position in positions
        if position.instrument.underlying == basis.underlying and position.instrument.kind is not Kind.SPOT
    ]
    return summed_columns(basis, Columns.of(own))


def summed_columns(basis: Basis, columns: Columns) -> Exposure:
    """Exposure of derivatives of one underlying on an equity that is known."""

    def total(figures: FloatArray, counted: BoolArray | None = None) -> float:
        with np.errstate(over="ignore", invalid="ignore"):  # the caller refuses what is not finite
            return float(figures.sum() if counted is None else figures[counted].sum())

    net, shift = total(columns.delta_net), total(columns.smile_shift)
    black_gamma = total(columns.gamma)
    share = basis.numeraire.hedged_share
    hedge = total(columns.delta_net, columns.hedge)
    delta = net + share * basis.equity + shift
    later = columns.expiry[columns.expiry > epoch_microseconds(basis.at)]
    first = float(later.min(initial=np.inf))
    expiring = columns.expiry == first
    return Exposure(
        underlying=basis.underlying,
        at=basis.at,
        numeraire=basis.numeraire,
        index=basis.index,
        equity=basis.equity,
        delta=delta,
        delta_net=net,
        delta_hedge=hedge,
        delta_primary=delta - hedge,
        gamma_coin=black_gamma - (1 - share) * total(columns.delta_net, columns.inverse),
        gamma_black_coin=black_gamma,
        vega_usd=total(columns.vega),
        theta_usd=total(columns.theta),
        gross_notional_usd=total(columns.notional),
        hedge_position=total(columns.quantity, columns.hedge),
        smile_shift=shift,
        delta_after_expiry=None
        if first == np.inf
        else delta - total(columns.delta_net + columns.smile_shift, expiring),
        next_expiry=None if first == np.inf else EPOCH + timedelta(microseconds=first),
    )
