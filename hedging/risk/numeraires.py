"""The same book under each numeraire, side by side: its delta, the hedge it asks for, what that leaves."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.exposure import DriftState, Exposure, PositionExposure
from hedging.model.instrument import Instrument
from hedging.model.limits import Band, Numeraire
from hedging.risk.drift import drift
from hedging.risk.scenario import Shocks, scenario
from hedging.risk.what_if import added, hedge_position

KEEP_COINS = Numeraire(0.0)
KEEP_DOLLARS = Numeraire(1.0)
MOVES = (-0.01, 0.01)


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move of the spot does to the wealth of the book, counted in coins and counted in dollars."""

    coin: float
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NumeraireRow:
    """One numeraire: ``delta`` in coin; the hedge in coin and in the venue's amount, signed.

    ``down`` and ``up``: what −1 % and +1 % do to the book now (the same in every row);
    ``down_hedged`` and ``up_hedged``: what they would do with this row's hedge in it. No hedge (0) is
    asked for inside the band; ``hedge_amount`` is rounded to lots, the figures are those of the rounded.
    """

    numeraire: Numeraire
    delta: float
    hedge_coin: float
    hedge_amount: Decimal
    down: Moved
    up: Moved
    down_hedged: Moved
    up_hedged: Moved


@dataclass(frozen=True, slots=True)
class Hedging:
    """What a hedge is done with.

    ``mark`` in USD; ``amount_for`` turns coins (positive) at the mark into a venue amount in whole lots;
    ``coins_of`` turns such an amount back.
    """

    account: str
    instrument: Instrument
    mark: float
    band: Band
    amount_for: Callable[[float], Decimal]
    coins_of: Callable[[Decimal], float]


def side_by_side(
    exposure: Exposure,
    positions: tuple[PositionExposure, ...],
    hedging: Hedging,
    share: float | None = None,
) -> tuple[NumeraireRow, ...]:
    """Rows for keep my coins, keep my dollars and, where given, hedge ``share`` of equity.

    Raises BadInput where ``share`` is not a fraction from 0 to 1 or the book cannot be repriced.
    """
    if share is not None and not 0 <= share <= 1:
        raise BadInput(f"a hedged share of {share} is none; give a fraction from 0 to 1")
    chosen = [KEEP_COINS, KEEP_DOLLARS]
    if share is not None and Numeraire(share) not in chosen:
        chosen.insert(1, Numeraire(share))
    now = _moved(exposure, positions)
    return tuple(_row(_under(exposure, numeraire), positions, hedging, now) for numeraire in chosen)


def _under(exposure: Exposure, numeraire: Numeraire) -> Exposure:
    """The delta under another numeraire; gamma, which no row shows, stays that of the first."""
    delta = exposure.delta_net + numeraire.hedged_share * exposure.equity + exposure.smile_shift
    return replace(exposure, numeraire=numeraire, delta=delta, delta_primary=delta - exposure.delta_hedge)


def _row(
    exposure: Exposure,
    positions: tuple[PositionExposure, ...],
    hedging: Hedging,
    now: tuple[Moved, Moved],
) -> NumeraireRow:
    found = drift(exposure, hedging.band)
    change = 0.0 if found.state is DriftState.INSIDE else found.target - found.delta
    amount = hedging.amount_for(abs(change)) if change else Decimal(0)
    coins = hedging.coins_of(amount) if amount else 0.0
    if change < 0:
        amount, coins = -amount, -coins
    after = now
    if amount:
        hedge = hedge_position(exposure, hedging.account, hedging.instrument, coins, hedging.mark)
        after = _moved(exposure, added(positions, hedge))
    return NumeraireRow(
        numeraire=exposure.numeraire,
        delta=exposure.delta,
        hedge_coin=coins,
        hedge_amount=amount,
        down=now[0],
        up=now[1],
        down_hedged=after[0],
        up_hedged=after[1],
    )


def _moved(exposure: Exposure, positions: Sequence[PositionExposure]) -> tuple[Moved, Moved]:
    """Coins gained where coins are counted, dollars where the whole wealth in dollars is."""
    shocks = Shocks(spots=MOVES)
    coin = scenario(replace(exposure, numeraire=KEEP_COINS), positions, shocks).pnl_coin[0, 0]
    usd = scenario(replace(exposure, numeraire=KEEP_DOLLARS), positions, shocks).pnl_usd[0, 0]
    down, up = (Moved(float(c), float(u)) for c, u in zip(coin, usd, strict=True))
    return down, up
