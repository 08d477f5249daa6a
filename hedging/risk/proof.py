"""Delta proof: our net transaction delta beside the venue's own total."""

from collections.abc import Sequence

import numpy as np

from hedging.model.book import Balance
from hedging.model.exposure import DeltaProof, ProofVerdict
from hedging.risk.valued import ValuedBook

# The venue rounds volatilities to 0.01 points and deltas to 5 decimals, and its sum is read a moment
# before or after our marks: 0.5 % of the gross delta covers a move of about 0.3 % between the two reads.
RELATIVE_TOLERANCE = 0.005
ABSOLUTE_TOLERANCE = 0.02  # coin
RED_FACTOR = 4.0


def proofs(
    underlying: str, book: ValuedBook, balances: Sequence[Balance], unvalued: frozenset[str]
) -> tuple[DeltaProof, ...]:
    """Compare per account and margin currency, in coin.

    UNKNOWN where a position of the underlying is unvalued, or the venue gives no total for what is held.
    """
    rows = book.derivatives(underlying)
    owners = [book.holdings.owners[row] for row in rows.tolist()]
    totals: dict[tuple[str, str], float | None] = dict.fromkeys(owners)
    for balance in balances:
        total = dict(balance.delta_total).get(underlying)
        if total is not None:
            totals[balance.account, balance.currency] = total
    ordered = sorted(totals)
    place = {owner: number for number, owner in enumerate(ordered)}
    code = np.array([place[owner] for owner in owners], dtype=np.intp)
    net = book.columns.delta_net[rows]
    sums = np.bincount(code, net, len(ordered))
    gross = np.bincount(code, np.abs(np.nan_to_num(net)), len(ordered))
    return tuple(
        _proof(
            underlying, owner, None if unvalued else float(sums[number]), totals[owner], float(gross[number])
        )
        for number, owner in enumerate(ordered)
    )


def _proof(
    underlying: str, owner: tuple[str, str], ours: float | None, venue: float | None, gross: float
) -> DeltaProof:
    tolerance = ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * gross
    return DeltaProof(
        account=owner[0],
        currency=owner[1],
        underlying=underlying,
        ours=ours,
        venue=venue,
        tolerance=tolerance,
        verdict=_verdict(ours, venue, tolerance),
    )


def _verdict(ours: float | None, venue: float | None, tolerance: float) -> ProofVerdict:
    if ours is None or venue is None:
        return ProofVerdict.UNKNOWN
    difference = abs(ours - venue)
    if difference <= tolerance:
        return ProofVerdict.GREEN
    return ProofVerdict.AMBER if difference <= RED_FACTOR * tolerance else ProofVerdict.RED
