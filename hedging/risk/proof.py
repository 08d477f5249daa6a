"""Delta proof: our net transaction delta beside the venue's own total."""

from collections.abc import Sequence

from hedging.model.book import Balance
from hedging.model.exposure import DeltaProof, PositionExposure, ProofVerdict
from hedging.model.instrument import Kind

# The venue rounds volatilities to 0.01 points and deltas to 5 decimals, and its sum is read a moment
# before or after our marks: 0.5 % of the gross delta covers a move of about 0.3 % between the two reads.
RELATIVE_TOLERANCE = 0.005
ABSOLUTE_TOLERANCE = 0.02  # coin
RED_FACTOR = 4.0


def proofs(
    underlying: str,
    positions: Sequence[PositionExposure],
    balances: Sequence[Balance],
    unvalued: frozenset[str],
) -> tuple[DeltaProof, ...]:
    """Compare per account and margin currency, in coin.

    UNKNOWN where a position of the underlying is unvalued, or the venue gives no total for what is held.
    """
    held = [
        position
        for position in positions
        if position.instrument.underlying == underlying and position.instrument.kind is not Kind.SPOT
    ]
    totals: dict[tuple[str, str], float | None] = {
        (position.account, position.instrument.settlement_currency): None for position in held
    }
    for balance in balances:
        total = dict(balance.delta_total).get(underlying)
        if total is not None:
            totals[balance.account, balance.currency] = total
    found = []
    for (account, currency), venue in sorted(totals.items()):
        own = [p for p in held if (p.account, p.instrument.settlement_currency) == (account, currency)]
        ours = None if unvalued else sum(position.delta_net for position in own)
        gross = sum(abs(position.delta_net) for position in own)
        tolerance = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * gross
        found.append(
            DeltaProof(
                account=account,
                currency=currency,
                underlying=underlying,
                ours=ours,
                venue=venue,
                tolerance=tolerance,
                verdict=_verdict(ours, venue, tolerance),
            )
        )
    return tuple(found)


def _verdict(ours: float | None, venue: float | None, tolerance: float) -> ProofVerdict:
    if ours is None or venue is None:
        return ProofVerdict.UNKNOWN
    difference = abs(ours - venue)
    if difference <= tolerance:
        return ProofVerdict.GREEN
    return ProofVerdict.AMBER if difference <= RED_FACTOR * tolerance else ProofVerdict.RED
