"""The smile: what is quoted along an expiry, the curve fitted to it, and what a delta makes of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from hedging.model.instrument import OptionKind, Settlement


class SmileRule(StrEnum):
    """What an option's volatility is taken to do when the forward moves."""

    STICKY_STRIKE = "sticky strike"  # each strike keeps its volatility: Black's delta
    STICKY_MONEYNESS = "sticky moneyness"  # the smile moves along with the forward
    MINIMUM_VARIANCE = "minimum variance"  # what it did on average in the recorded history

    @property
    def sentence(self) -> str:
        """The rule in words.

        >>> SmileRule.STICKY_STRIKE.sentence
        'each strike keeps its volatility'
        """
        return _SENTENCES[self]


class IvSource(StrEnum):
    """Where the volatility is from that an option is valued with."""

    MARK = "mark"  # the venue states it
    QUOTES = "quotes"  # implied by its bid and ask
    MARK_PRICE = "mark price"  # implied by its mark


_SENTENCES = {
    SmileRule.STICKY_STRIKE: "each strike keeps its volatility",
    SmileRule.STICKY_MONEYNESS: "the smile moves along with the forward",
    SmileRule.MINIMUM_VARIANCE: "volatility moves with the forward as it did in the recorded history",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileLimits:
    """What a slice or a fit must be to be hedged on.

    ``oldest_seconds`` since its quotes arrived; ``worst_error_vol`` of its weighted root mean square error,
    a fraction (0.01 is one vol point); ``least_quotes`` strikes of a slice; ``least_gain`` share of Black's
    squared hedging error that minimum variance has to take away, in the fit and on later moves;
    ``least_observations`` moves of options, each over ``move_minutes``, at ``least_moments`` different times
    that it has to rest on, out of the last ``history_days``; ``oldest_fit_hours`` since it was fitted.
    """

    oldest_seconds: float = 60.0
    worst_error_vol: float = 0.01
    least_quotes: int = 6
    least_gain: float = 0.05
    least_observations: int = 300
    least_moments: int = 60
    move_minutes: int = 5
    history_days: float = 7.0
    oldest_fit_hours: float = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainQuote:
    """What the venue shows of one listed option; a value that it did not send is None.

    ``bid``, ``ask`` and ``mark`` in the option's own price unit (coin where INVERSE, else USD), ``forward``
    of the expiry and ``index`` in USD, ``iv`` of the mark as a fraction, ``open_interest`` in coins.
    """

    venue: str
    instrument: str
    underlying: str
    settlement: Settlement
    settlement_currency: str
    expiry: datetime
    strike: float
    kind: OptionKind
    bid: float | None
    ask: float | None
    mark: float | None
    forward: float | None
    index: float | None
    iv: float | None
    open_interest: float | None
    venue_at: datetime
    received_at: datetime


class SmileViolationKind(StrEnum):
    """How a smile can be bought for a riskless profit."""

    NEGATIVE_VARIANCE = "total variance is negative"
    WING_TOO_STEEP = "a wing is steeper than 2"
    BUTTERFLY = "a butterfly costs less than nothing"
    CALENDAR = "the later expiry has the smaller total variance"


class SmileSource(StrEnum):
    """What a violation was found in."""

    CURVE = "fitted curve"
    QUOTES = "quotes"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileViolation:
    """One arbitrage: where, and by how much.

    ``k`` log-moneyness ln(K/F), ``strike`` the same in USD; ``amount`` below 0, of the curve in units of g,
    of total variance or of the wing's slope, of quotes in vol points of the middle strike, as a fraction.
    """

    source: SmileSource
    kind: SmileViolationKind
    k: float
    strike: float
    amount: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileSlice:
    """The fitted curve of one expiry: raw SVI w(k) = a + b(ρ(k − m) + √((k − m)² + σ²)), k = ln(K/F).

    ``forward`` (USD) and ``years`` are those of the fit; ``quotes`` it rests on, from ``lowest_k`` to
    ``highest_k``, with ``left_out`` beside them that could not be used; ``error_vol`` the root mean square
    error weighted by vega, as a fraction; ``fitted_at`` when the oldest of its quotes arrived.
    """

    underlying: str
    venue: str
    settlement_currency: str
    expiry: datetime
    a: float
    b: float
    rho: float
    m: float
    sigma: float
    forward: float
    years: float
    quotes: int
    left_out: int
    lowest_k: float
    highest_k: float
    error_vol: float
    violations: tuple[SmileViolation, ...]
    fitted_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSmile:
    """An expiry that was looked at and has no slice, and why in words."""

    underlying: str
    venue: str
    settlement_currency: str
    expiry: datetime
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumVarianceFit:
    """Hull and White's dσ = (a + bΔ + cΔ²)/√T · dF/F, for calls or for puts of one underlying.

    ``gain``: share by which it lowers the sum of squared hedging errors of Black's delta (the regression's
    R² about zero); ``gain_unseen`` the same of coefficients of the first two thirds on the last third.
    ``since`` and ``until`` bound the moves. Where ``refused`` says why, it must not be hedged with, and the
    coefficients are None; figures that were computed all the same are there to be shown.
    """

    underlying: str
    kind: OptionKind
    a: float | None
    b: float | None
    c: float | None
    gain: float | None
    gain_unseen: float | None
    observations: int
    since: datetime | None
    until: datetime | None
    fitted_at: datetime
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionPoint:
    """One option at one minute, as recorded for the regression.

    ``index`` (None where it was not sent) and ``forward`` in USD, ``mark`` in the option's price unit,
    ``iv`` a fraction; Black's ``delta`` (a number) and ``vega`` (USD per 1.00 of volatility) with these two.
    """

    venue: str
    instrument: str
    at: datetime
    underlying: str
    kind: OptionKind
    settlement: Settlement
    expiry: datetime
    strike: float
    index: float | None
    forward: float
    mark: float
    iv: float
    delta: float
    vega: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnSlice:
    """A slice to be drawn: quotes by k with volatility and share of the weight, and the curve sampled."""

    slice: SmileSlice
    quote_k: tuple[float, ...]
    quote_vol: tuple[float, ...]
    quote_weight: tuple[float, ...]
    curve_k: tuple[float, ...]
    curve_vol: tuple[float, ...]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleEffect:
    """One smile rule beside the others: what the book's delta is under it, and what it would trade.

    Coin of the underlying: ``shift`` against sticky strike, ``delta``, ``hedge`` (signed, 0 inside the band).
    ``effect_coin`` and ``effect_amount``: how much more of the hedge than under sticky strike leaves the same
    delta, in coin and in the hedge's own unit, signed; ``effect_lots`` the same in lots, not rounded.
    ``hedge_amount`` is rounded to lots. None where ``refused`` says why there is no figure.
    """

    rule: SmileRule
    chosen: bool
    shift: float | None
    delta: float | None
    hedge: float | None
    hedge_amount: float | None
    effect_coin: float | None
    effect_amount: float | None
    effect_lots: float | None
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmileView:
    """Everything about the smile of one underlying, written when it was fitted and not with each view."""

    underlying: str
    at: datetime
    rule: SmileRule
    limits: SmileLimits
    hedge_instrument: str
    amount_label: str
    slices: tuple[DrawnSlice, ...]
    without: tuple[NoSmile, ...]
    effects: tuple[RuleEffect, ...]
    fits: tuple[MinimumVarianceFit, ...]
    fit_seconds: float
    trouble: str = ""
