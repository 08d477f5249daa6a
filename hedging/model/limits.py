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


class ScopeKind(StrEnum):
    """What a limit speaks of as a whole."""

    UNDERLYING = "underlying"
    ACCOUNT = "account"
    VENUE = "venue"
    BOOK = "book"


@dataclass(frozen=True, slots=True)
class Scope:
    """One underlying, account or venue by its name, or the whole book (then without a name)."""

    kind: ScopeKind
    name: str = ""

    @property
    def words(self) -> str:
        """How it is called on screen and in records.

        >>> Scope(ScopeKind.UNDERLYING, "BTC").words, Scope(ScopeKind.VENUE, "deribit").words
        ('BTC', 'venue deribit')
        >>> Scope(ScopeKind.BOOK).words
        'whole book'
        """
        if self.kind is ScopeKind.BOOK:
            return "whole book"
        return self.name if self.kind is ScopeKind.UNDERLYING else f"{self.kind} {self.name}"


WHOLE_BOOK = Scope(ScopeKind.BOOK)


class Measure(StrEnum):
    """What a limit is on. Every one is absolute; ``unit`` says in what it is counted."""

    DELTA = "delta"
    GAMMA_1PCT = "gamma for 1 %"
    VEGA = "vega"
    THETA = "theta"
    GROSS_NOTIONAL = "gross notional"
    NET_NOTIONAL = "net notional"
    LEVERAGE = "leverage"
    HEDGE_POSITION = "hedge position"


COIN_MEASURES = frozenset({Measure.DELTA, Measure.GAMMA_1PCT, Measure.HEDGE_POSITION})
"""Counted in coin within one underlying, in USD across several."""


def unit(scope: Scope, measure: Measure) -> str:
    """In what a limit of ``measure`` on ``scope``, and its value, are counted.

    >>> unit(Scope(ScopeKind.UNDERLYING, "BTC"), Measure.GAMMA_1PCT)
    'BTC of delta per 1 % move'
    >>> unit(WHOLE_BOOK, Measure.GAMMA_1PCT)
    'USD of delta per 1 % move'
    """
    coin = scope.name if scope.kind is ScopeKind.UNDERLYING else "USD"
    return {
        Measure.DELTA: coin,
        Measure.GAMMA_1PCT: f"{coin} of delta per 1 % move",
        Measure.VEGA: "USD per 1.00 of volatility",
        Measure.THETA: "USD per year",
        Measure.GROSS_NOTIONAL: "USD",
        Measure.NET_NOTIONAL: "USD",
        Measure.LEVERAGE: "times equity",
        Measure.HEDGE_POSITION: coin,
    }[measure]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Soft and hard bound of one measure of one scope, in ``unit``."""

    scope: Scope
    measure: Measure
    soft: float
    hard: float

    @property
    def unit(self) -> str:
        """In what its bounds and its value are counted."""
        return unit(self.scope, self.measure)

    @property
    def underlying(self) -> str | None:
        """The one underlying that it is on; None where it is on more."""
        return self.scope.name if self.scope.kind is ScopeKind.UNDERLYING else None


class BreachLevel(StrEnum):
    """How far a limit is used up."""

    INSIDE = "inside"
    SOFT = "soft"
    HARD = "hard"
    UNKNOWN = "unknown"


class VolSource(StrEnum):
    """Where the volatility of a forecast is from."""

    REALISED = "realised, exponentially weighted"
    IMPLIED = "implied at the money, for want of returns"


class NoForecast(StrEnum):
    """Why there is no forecast of a breach."""

    NO_SLOPE = "no slope against the spot is computed for this measure"
    SEVERAL_UNDERLYINGS = "it sums several underlyings, which move each on their own"
    UNKNOWN_VALUE = "its present value is not known"
    UNKNOWN_GAMMA = "the gamma is not known"
    UNKNOWN_VOL = "neither a realised nor an implied volatility is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Chance that a measure leaves its bounds, by its slope per relative move and the spot's volatility.

    ``within_1h`` and ``within_8h`` are probabilities of having been outside at least once; 1 where it is
    outside now. ``median_hours`` is the time by which that happened in half of all cases, None where it is
    beyond a year. ``vol`` is a fraction a year. All are None where ``refused`` says why.
    """

    within_1h: float | None = None
    within_8h: float | None = None
    median_hours: float | None = None
    vol: float | None = None
    vol_source: VolSource | None = None
    refused: NoForecast | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilisation:
    """A limit beside its present value, which is None where it could not be computed.

    A leverage on equity that is gone has no value and is HARD. ``forecast`` is of the hard bound.
    """

    limit: Limit
    value: float | None
    level: BreachLevel
    forecast: Forecast | None = None

    @property
    def share(self) -> float | None:
        """Value as a share of the hard bound; None while not known."""
        return None if self.value is None or self.limit.hard <= 0 else self.value / self.limit.hard
