"""What the book is allowed: numeraire, band, hard and soft limits, and how full they are."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Numeraire:
    """What the desk wants to keep: its coins (0), its dollars (1), or a share of equity hedged.

    ``hedged_share`` x makes the delta: net transaction delta + x · equity in coin.
    """

    hedged_share: float

    @property
    def sentence(self) -> str:
        """The choice in words.

        >>> Numeraire(0.0).sentence
        'keep my coins'
        """
        if self.hedged_share == 0:
            return "keep my coins"
        if self.hedged_share == 1:
            return "keep my dollars"
        return f"hedge {self.hedged_share:.0%} of equity"


class HedgeTarget(StrEnum):
    """Where a hedge brings the delta once it is outside its band."""

    CENTRE = "centre"
    EDGE = "edge"
    PART = "part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Deltas in coin between which nothing is done; ``share`` of the way from edge to centre for PART."""

    lower: float
    centre: float
    upper: float
    target: HedgeTarget
    share: float = 0.5


class Measure(StrEnum):
    """What a limit is on. Units in the value's comment."""

    DELTA = "delta"  # coin, absolute
    GAMMA_1PCT = "gamma for 1 %"  # coin of delta per 1 % move, absolute
    VEGA = "vega"  # USD per 1.00 of volatility, absolute
    GROSS_NOTIONAL = "gross notional"  # USD
    HEDGE_POSITION = "hedge position"  # coin, absolute, in the hedging instrument


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Soft and hard bound of one measure of one underlying, in the measure's unit."""

    underlying: str
    measure: Measure
    soft: float
    hard: float


class BreachLevel(StrEnum):
    """How far a limit is used up."""

    INSIDE = "inside"
    SOFT = "soft"
    HARD = "hard"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """A limit beside its present value; ``value`` is None where it could not be computed."""

    limit: Limit
    value: float | None
    level: BreachLevel
