"""What venues state of deltas: how each does it, and what one snapshot holds of it by account, currency."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import numpy as np

from hedging.model.instrument import Kind
from hedging.model.snapshot import Snapshot
from hedging.risk.holdings import BoolArray, FloatArray, Holdings, IntArray

Group = tuple[str, str]
"""Account and margin currency; the currency is "" where the venue sums over all of an account's."""


@dataclass(frozen=True, slots=True)
class Practice:
    """How a venue states deltas, and what agreement can be asked of it.

    ``relative`` (of the gross delta) and ``absolute`` (coin) make the tolerance, ``because`` says why.
    ``whole_account``: its totals cover all margin currencies of an account; ``options_alone``: its Black
    total leaves out perpetuals and futures.
    """

    relative: float
    absolute: float
    because: str
    whole_account: bool = False
    options_alone: bool = False


_BETWEEN_READS = (
    "0.02 coin and 0.5 % of the gross delta are what an index 0.3 % away does to it between reads"
)
PRACTICES = {
    "deribit": Practice(
        relative=0.005,
        absolute=0.02,
        because="Deribit rounds volatilities to 0.01 points and deltas to 5 decimals, under 0.0001 of the "
        f"gross delta, and states its total once a second; {_BETWEEN_READS}",
    ),
    "okx": Practice(
        relative=0.01,
        absolute=0.02,
        because="OKX sums deltas in coin over the whole account, on volatilities that may be a second from "
        "ours, and is asked every two seconds; 0.02 coin and 1 % of the gross delta allow for both",
        whole_account=True,
    ),
    "bybit": Practice(
        relative=0.01,
        absolute=0.02,
        because="Bybit sums Black's deltas of the options of an account, on volatilities that may be a second"
        " from ours, and is asked every two seconds; 0.02 coin and 1 % of the gross delta allow for both",
        whole_account=True,
        options_alone=True,
    ),
}
ANY_VENUE = Practice(relative=0.005, absolute=0.02, because=_BETWEEN_READS)


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Derivatives of one underlying by group; arrays have one entry per position, in the order of ``rows``.

    ``group`` is a position's place in ``groups``, ``stated`` what the venue said of it (coin, Black, the
    whole position; NaN where it said nothing), ``read_at`` when the oldest of each group was read.
    """

    rows: IntArray
    groups: tuple[Group, ...]
    venues: tuple[str, ...]
    group: IntArray
    stated: FloatArray
    option: BoolArray
    read_at: tuple[datetime, ...]


@lru_cache(maxsize=8)
def layout(holdings: Holdings, underlying: str) -> Layout:
    """Lay the positions of an underlying out; kept as long as the same columns are asked about."""
    own = holdings.own.get(underlying, np.empty(0, dtype=np.intp))
    rows = own[~holdings.spot[holdings.place[own]]]
    held = [holdings.positions[row] for row in rows.tolist()]
    keys = [group_of(p.instrument.venue, p.account, p.instrument.settlement_currency) for p in held]
    first = {key: number for number, key in reversed(list(enumerate(keys)))}
    groups = tuple(sorted(first))
    place = {key: number for number, key in enumerate(groups)}
    read_at = {key: held[number].received_at for key, number in first.items()}
    for key, position in zip(keys, held, strict=True):
        read_at[key] = min(read_at[key], position.received_at)
    stated = [np.nan if p.venue_delta is None else p.venue_delta for p in held]
    return Layout(
        rows=rows,
        groups=groups,
        venues=tuple(held[first[key]].instrument.venue for key in groups),
        group=np.array([place[key] for key in keys], dtype=np.intp),
        stated=np.array(stated, dtype=np.float64),
        option=np.array([p.instrument.kind is Kind.OPTION for p in held], dtype=np.bool_),
        read_at=tuple(read_at[key] for key in groups),
    )


def group_of(venue: str, account: str, currency: str) -> Group:
    """Group that a position or balance belongs to."""
    whole = PRACTICES.get(venue, ANY_VENUE).whole_account
    return (account, "" if whole else currency)


@dataclass(frozen=True, slots=True)
class Statement:
    """Totals of one group as its venue states them, in coin; None is what it does not state.

    ``currency`` is that of the balance; ``equity`` is the account's in the underlying itself, None where the
    group is margined in something else, or has none.
    """

    currency: str
    at: datetime
    net: float | None
    black: float | None
    equity: float | None


def statements(underlying: str, snapshot: Snapshot, venues: dict[str, str]) -> dict[Group, Statement]:
    """Statements about an underlying by group; ``venues`` names the venue of each account that holds it."""
    coins: dict[str, float] = {}
    for each in snapshot.equities:
        if each.currency == underlying:
            coins[each.account] = coins.get(each.account, 0.0) + each.equity
    found: dict[Group, Statement] = {}
    for balance in snapshot.balances:
        net = dict(balance.delta_total).get(underlying)
        black = dict(balance.delta_black).get(underlying)
        if net is None and black is None:
            continue
        group = group_of(venues.get(balance.account, ""), balance.account, balance.currency)
        in_coin = group[1] in {underlying, ""}
        equity = coins.get(balance.account) if in_coin else None
        found[group] = Statement(balance.currency, balance.received_at, net, black, equity)
    return found
