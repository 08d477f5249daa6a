"""How a ticket's amount is brought to the market: at once, in slices, or resting at the touch first."""

import hashlib
from dataclasses import dataclass
from decimal import Decimal

from hedging.errors import BadInput
from hedging.model.instrument import AmountUnit, Instrument
from hedging.model.market import Quote
from hedging.model.rules import ExecutionRules, ExecutionStyle
from hedging.model.trading import Leg, Lifetime
from hedging.policy.sizing import limit_price
from hedging.units import Rounding, Side, round_to_step


@dataclass(frozen=True, slots=True)
class Approach:
    """Amount (the venue's unit), limit price and lifetime of the next order."""

    amount: Decimal
    price: Decimal
    lifetime: Lifetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the next order is for: the leg, and what of it is still wanted.

    ``crossing``: it has rested enough, or the venue has no dead man's switch, and nothing may rest (C13).
    """

    leg: Leg
    instrument: Instrument
    wanted: Decimal
    crossing: bool


def approach(asked: Asked, quote: Quote, rules: ExecutionRules) -> Approach:
    """The next order of a leg, never larger than a clip and never worse than approved.

    Raises BadInput where the market gives no reference price, or a resting order has no touch to rest at.
    """
    edge = limit_price(asked.leg, asked.instrument, quote, rules)
    usd = rules.slice_usd if rules.style is ExecutionStyle.SLICES else rules.clip_usd
    amount = clip_amount(asked.instrument, asked.wanted, edge, usd)
    if rules.style is not ExecutionStyle.PASSIVE or asked.crossing:
        return Approach(amount, edge, Lifetime.IMMEDIATE)
    return Approach(amount, _touch(asked, quote, edge), Lifetime.RESTING)


def _touch(asked: Asked, quote: Quote, edge: Decimal) -> Decimal:
    """The own side's best price on the tick, never beyond the edge."""
    buys = asked.leg.side is Side.BUY
    best = quote.bid if buys else quote.ask
    if best is None or not best > 0:
        raise BadInput(f"{asked.instrument.name} shows no {'bid' if buys else 'ask'} to rest at")
    price = Decimal(str(best))
    rounding = Rounding.DOWN if buys else Rounding.UP
    on_tick = round_to_step(price, asked.instrument.tick_at(price), rounding)
    return min(on_tick, edge) if buys else max(on_tick, edge)


def clip_amount(instrument: Instrument, remaining: Decimal, price: Decimal, clip_usd: float) -> Decimal:
    """Amount worth ``clip_usd``, and up to a minimum more rather than leave less than that."""
    usd = Decimal(str(clip_usd))
    largest = (usd if instrument.amount_unit is AmountUnit.USD else usd / price) / instrument.multiplier
    largest = max(instrument.minimum, largest // instrument.lot * instrument.lot)
    return remaining if remaining < largest + instrument.minimum else largest


def pause_seconds(rules: ExecutionRules, seed: str) -> float:
    """Seconds to the next order; those of slices vary by their jitter, the same for the same ``seed``.

    >>> pause_seconds(ExecutionRules(clip_pause_seconds=0.7), "T1-0-0")
    0.7
    """
    if rules.style is not ExecutionStyle.SLICES:
        return rules.clip_pause_seconds
    drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32
    return rules.slice_pause_seconds * (1 + rules.slice_jitter * (2 * drawn - 1))
