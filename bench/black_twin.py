"""A third valuation for ``delta_proof``: a position at a time by ``math.erfc``, nothing of ours or theirs."""

from dataclasses import dataclass, replace
from datetime import datetime
from math import erfc, log, sqrt

from hedging.model.book import Position
from hedging.model.instrument import AmountUnit, Kind, Settlement
from hedging.model.market import Quote

YEAR_SECONDS = 365 * 86_400.0
AVERAGING_SECONDS = 1_800.0
HALF_STEP_IV = 0.5e-4  # the ticker's mark_iv has two decimals of a percent
HALF_STEP_FORWARD = 0.5e-4  # USD: underlying_price has four decimals
HALF_STEP_MARK = 0.5e-2  # USD: mark_price of a future has two decimals
HALF_STEP_TOTAL = 0.5e-8  # coin: delta_total has eight
DOUBLES = 1e-9  # coin: sums of some dozens of numbers of a few hundred coins, and the second order


@dataclass(frozen=True, slots=True)
class Rounding:
    """By how much a sum of deltas may be off, in coin, for the rounding of each figure on the wire."""

    iv: float = 0.0
    forward: float = 0.0
    mark: float = 0.0

    def __add__(self, other: "Rounding") -> "Rounding":
        return Rounding(self.iv + other.iv, self.forward + other.forward, self.mark + other.mark)

    @property
    def total(self) -> float:
        """All of it, with the rounding of the venue's total itself."""
        return self.iv + self.forward + self.mark + HALF_STEP_TOTAL + DOUBLES


def net_delta(position: Position, quote: Quote, at: datetime) -> float:
    """Net transaction delta of a position in coin, from the ticker alone."""
    instrument = position.instrument
    size = float(position.amount) * float(instrument.multiplier)
    left = 1.0
    if instrument.expiry is not None:
        left = min(1.0, (instrument.expiry - at).total_seconds() / AVERAGING_SECONDS)
    if instrument.kind is not Kind.OPTION:
        if quote.mark is None:
            raise ValueError(f"{instrument.name} has no mark")
        return left * (size / quote.mark if instrument.amount_unit is AmountUnit.USD else size)
    if quote.forward is None or quote.iv is None or instrument.strike is None or instrument.expiry is None:
        raise ValueError(f"{instrument.name} lacks a forward, a volatility, a strike or an expiry")
    sign = float(instrument.option_kind or 0)
    spread = quote.iv * sqrt((instrument.expiry - at).total_seconds() / YEAR_SECONDS)
    upper = log(quote.forward / instrument.strike) / spread + spread / 2
    over, under = _normal(sign * upper), _normal(sign * (upper - spread))
    premium = sign * (over - instrument.strike / quote.forward * under)
    paid = premium if instrument.settlement is Settlement.INVERSE else 0.0
    return size * left * (sign * over - paid)


def rounding(position: Position, quote: Quote, at: datetime) -> Rounding:
    """What half a step of each figure does to a position's net delta."""
    here = net_delta(position, quote, at)

    def moved(other: Quote) -> float:
        return abs(net_delta(position, other, at) - here)

    if position.instrument.kind is not Kind.OPTION:
        return Rounding(mark=moved(replace(quote, mark=(quote.mark or 0.0) + HALF_STEP_MARK)))
    iv, forward = quote.iv or 0.0, quote.forward or 0.0
    both = (HALF_STEP_IV, -min(HALF_STEP_IV, iv / 2))
    return Rounding(
        iv=max(moved(replace(quote, iv=iv + step)) for step in both),
        forward=max(moved(replace(quote, forward=forward + s * HALF_STEP_FORWARD)) for s in (1, -1)),
    )


def _normal(x: float) -> float:
    return 0.5 * erfc(-x / sqrt(2.0))
