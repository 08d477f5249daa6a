"""Sums valued positions and coin equity into one delta per underlying, under the desk's numeraire."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hedging.model.book import Balance
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import Kind, Settlement
from hedging.model.limits import Numeraire
from hedging.model.rules import UnderlyingRules


def exposure(
    rules: UnderlyingRules,
    positions: Sequence[PositionExposure],
    balances: Sequence[Balance],
    index: float,
    at: datetime,
) -> Exposure:
    """Exposure of one underlying.

    The wealth of an account in dollars is W = S·(C + Σ q·p + inverse P&L) + linear P&L, so with hedged
    share x the delta is Σ(net transaction delta) + x · equity in coin (QUANT §2): x = 0 keeps coins,
    x = 1 keeps dollars. Its slope for a relative move is Σ q·F·Γ − (1 − x)·Σ(inverse net delta).

    Args:
        rules: numeraire, hedging instrument and name of the underlying.
        positions: every valued position of the book; those of other underlyings are ignored.
        balances: the account balances; only the coin's own counts as equity in coin.
        index: spot index in USD, positive.
        at: time of the snapshot.
    """
    own = [position for position in positions if position.instrument.underlying == rules.underlying]
    spot = sum(p.quantity_coin for p in own if p.instrument.kind is Kind.SPOT)
    equity = spot + sum(balance.equity for balance in balances if balance.currency == rules.underlying)
    return summed(Basis(rules.underlying, rules.numeraire, index, equity, at), own)


@dataclass(frozen=True, slots=True)
class Basis:
    """What an exposure rests on beside its positions: index in USD, equity in coin (spot included)."""

    underlying: str
    numeraire: Numeraire
    index: float
    equity: float
    at: datetime


def summed(basis: Basis, positions: Sequence[PositionExposure]) -> Exposure:
    """Exposure of one underlying's positions on an equity that is known; spot is in the equity."""
    derivatives = [
        position
        for position in positions
        if position.instrument.underlying == basis.underlying and position.instrument.kind is not Kind.SPOT
    ]
    net = sum(position.delta_net for position in derivatives)
    net_inverse = sum(p.delta_net for p in derivatives if p.instrument.settlement is Settlement.INVERSE)
    black_gamma = sum(position.gamma_coin for position in derivatives)
    share = basis.numeraire.hedged_share
    hedge = sum(position.delta_net for position in derivatives if position.is_hedge)
    delta = net + share * basis.equity
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
        gamma_coin=black_gamma - (1 - share) * net_inverse,
        gamma_black_coin=black_gamma,
        vega_usd=sum(position.vega_usd for position in derivatives),
        theta_usd=sum(position.theta_usd for position in derivatives),
        gross_notional_usd=sum(position.notional_usd for position in derivatives),
        hedge_position=sum(p.quantity_coin for p in derivatives if p.is_hedge),
    )
