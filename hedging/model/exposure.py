"""Greeks with their convention, the exposure of an underlying, and its drift from target."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.model.instrument import Instrument
from hedging.model.limits import Band, Numeraire
from hedging.model.smile import IvSource


class Convention(StrEnum):
    """Which derivative a delta is: Black's, or that of the coin price (premium-adjusted)."""

    BLACK = "black"
    PREMIUM_ADJUSTED = "premium adjusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionExposure:
    """One position in common units.

    Deltas in coin (``delta_black`` is Black, ``delta_net`` premium-adjusted where coin-settled: the
    net transaction delta), ``gamma_coin`` = q·F·Γ (coin of Black delta per relative move of 1),
    vega in USD per 1.00 of vol, theta in USD per year, value in USD (None where the venue sent no
    floating profit), ``smile_shift`` the coins that the chosen smile convention adds, ``iv_source`` where an
    option's volatility is from, ``is_hedge`` where
    the position is in an instrument configured as hedge.
    """

    account: str
    instrument: Instrument
    amount: float
    quantity_coin: float
    delta_black: float
    delta_net: float
    gamma_coin: float
    vega_usd: float
    theta_usd: float
    value_usd: float | None
    notional_usd: float
    iv: float | None
    forward: float | None
    mark: float | None
    years: float | None
    is_hedge: bool
    smile_shift: float | None = 0.0
    iv_source: IvSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Sum over one underlying under a numeraire.

    Coin: ``delta`` (what is hedged: net transaction delta + hedged share · equity + ``smile_shift``),
    ``delta_net``, ``equity``, ``delta_hedge`` (of the hedging instruments), ``delta_primary`` = delta −
    delta_hedge, ``delta_after_expiry``: delta without what expires at ``next_expiry`` (None: nothing does).
    ``gamma_coin``: coin of ``delta`` per relative move of 1. USD: ``index``, vega (per 1.00 of vol),
    theta (per year), gross notional. ``gamma_black_coin``: the same of Black's delta alone.
    """

    underlying: str
    at: datetime
    numeraire: Numeraire
    index: float
    equity: float
    delta: float
    delta_net: float
    delta_hedge: float
    delta_primary: float
    gamma_coin: float
    gamma_black_coin: float
    vega_usd: float
    theta_usd: float
    gross_notional_usd: float
    hedge_position: float
    smile_shift: float = 0.0
    delta_after_expiry: float | None = None
    next_expiry: datetime | None = None


class ProofVerdict(StrEnum):
    """Whether our delta agrees with the venue's own."""

    GREEN = "agrees"
    AMBER = "off"
    RED = "disagrees"
    UNKNOWN = "not comparable"


class Road(StrEnum):
    """By which sum a delta is proved."""

    NET = "net transaction"  # premium-adjusted
    BLACK = "sum of Black"
    EQUITY = "equity + net"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeltaProof:
    """Our delta beside the venue's, in coin, by one road, for one account and margin currency.

    ``currency`` is that of the balance which states the venue's total, where it covers all currencies of an
    account. ``why`` says what the tolerance allows for, at which index the two were compared where it is not
    the present one, and what is missing or off, by name. ``ours`` is None where a position has no value.
    """

    account: str
    currency: str
    underlying: str
    ours: float | None
    venue: float | None
    tolerance: float
    verdict: ProofVerdict
    road: Road = Road.NET
    why: str = ""


class DriftState(StrEnum):
    """Where the delta lies against its band."""

    INSIDE = "inside"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Distance of the delta from its band and centre, in coin.

    Hedge ratios are −(delta of hedges)/(delta of the primary position): held, and the one that
    would bring the delta to the centre; None where the primary delta is too small to divide by.
    """

    underlying: str
    delta: float
    band: Band
    state: DriftState
    beyond_band: float
    target: float
    ratio_held: float | None
    ratio_wanted: float | None
