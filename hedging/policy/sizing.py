"""Turns a wanted change of delta into one leg: lots, ticks, worst price, cost."""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite

from hedging.errors import BadInput
from hedging.model.instrument import AmountUnit, Instrument, Kind
from hedging.model.market import Quote
from hedging.model.rules import ExecutionRules
from hedging.model.trading import Leg
from hedging.units import Rounding, Side, round_to_step

ABSURD_COINS = 1e12  # no book is hedged with more; the input is wrong
SMALLEST_COIN = Decimal("1e-8")


@dataclass(frozen=True, slots=True)
class References:
    """The price an order is measured against, and the half-spread, both in the price's unit."""

    price: float
    half_spread: float


@dataclass(frozen=True, slots=True)
class Collar:
    """Lowest and highest price an order may carry, in the price's unit (C3)."""

    lowest: Decimal
    highest: Decimal


@dataclass(frozen=True, slots=True)
class SizedHedge:
    """A leg with the delta it adds (coin) and what it is expected to cost (USD)."""

    leg: Leg
    delta_change: float
    cost_usd: float


def references(quote: Quote, rules: ExecutionRules) -> References:
    """Reference price: the mid, confirmed by the mark or the index within the agreed share (C3).

    Raises BadInput when a side of the touch is missing, crossed, not positive, or nothing confirms it.
    """
    name = quote.instrument
    if quote.bid is None or quote.ask is None:
        raise BadInput(f"{name} has no two-sided market now")
    if not (isfinite(quote.bid) and isfinite(quote.ask) and 0 < quote.bid <= quote.ask):
        raise BadInput(f"the touch of {name} is {quote.bid} to {quote.ask}: not a market to trade on")
    mid = (quote.bid + quote.ask) / 2
    others = [value for value in (quote.mark, quote.index) if value is not None and isfinite(value)]
    if not any(abs(value / mid - 1) <= rules.reference_agreement for value in others):
        raise BadInput(
            f"neither mark ({quote.mark}) nor index ({quote.index}) of {name} lies within "
            f"{rules.reference_agreement:.1%} of the mid {mid:,.2f}"
        )
    return References(mid, (quote.ask - quote.bid) / 2)


def collar(reference: References, rules: ExecutionRules) -> Collar:
    """The reference ± min(cap, three half-spreads + an addition), as configured."""
    width = min(
        rules.collar_cap * reference.price,
        rules.collar_half_spreads * reference.half_spread + rules.collar_extra * reference.price,
    )
    return Collar(Decimal(str(reference.price - width)), Decimal(str(reference.price + width)))


def worst_price(instrument: Instrument, side: Side, reference: References, rules: ExecutionRules) -> Decimal:
    """Limit price at the collar's edge, rounded to the tick towards the reference (never beyond).

    Raises BadInput when no tick lies between the reference and the collar's edge.
    """
    edges = collar(reference, rules)
    edge, rounding = (edges.highest, Rounding.DOWN) if side is Side.BUY else (edges.lowest, Rounding.UP)
    price = round_to_step(edge, instrument.tick_at(edge), rounding)
    if not edges.lowest <= price <= edges.highest or price <= 0:
        raise BadInput(
            f"no tick of {instrument.name} ({instrument.tick_at(edge)}) lies in the collar "
            f"{edges.lowest} to {edges.highest}"
        )
    return price


def limit_price(leg: Leg, instrument: Instrument, quote: Quote, rules: ExecutionRules) -> Decimal:
    """Price of an order for ``leg`` now: the collar's edge of this moment, never worse than was approved.

    Raises BadInput when the market gives no reference price.
    """
    edge = worst_price(instrument, leg.side, references(quote, rules), rules)
    return min(edge, leg.worst_price) if leg.side is Side.BUY else max(edge, leg.worst_price)


def amount_for(instrument: Instrument, quantity_coin: float, price: float) -> Decimal:
    """Venue amount of ``quantity_coin`` (positive), rounded towards zero to the lot; 0 below the minimum."""
    in_usd = instrument.amount_unit is AmountUnit.USD
    raw = Decimal(str(quantity_coin * price if in_usd else quantity_coin)) / instrument.multiplier
    amount = round_to_step(raw, instrument.lot, Rounding.TOWARDS_ZERO)
    return amount if amount >= instrument.minimum else Decimal(0)


def coins_of(instrument: Instrument, amount: Decimal, price: Decimal) -> Decimal:
    """Coins in a venue amount at ``price`` in USD."""
    size = amount * instrument.multiplier
    return size / price if instrument.amount_unit is AmountUnit.USD else size


def lot_in_coin(instrument: Instrument, price: float) -> float:
    """Delta of one lot in coin, or of the minimum where that is larger."""
    return float(coins_of(instrument, max(instrument.lot, instrument.minimum), Decimal(str(price))))


def size(
    account: str,
    instrument: Instrument,
    quote: Quote,
    change_coin: float,
    position: Decimal,
    rules: ExecutionRules,
) -> SizedHedge | None:
    """Size a hedge of ``change_coin`` coins of delta; None when it rounds to less than the minimum.

    The amount is rounded towards zero, so the delta never passes its target. ``position`` is the present
    signed amount in this instrument: a hedge that only shrinks it is marked reduce-only.

    Raises BadInput when the market gives no reference price, the change is no plausible number, or the
    instrument's delta is not that of its amount (an option).
    """
    if instrument.kind not in {Kind.PERPETUAL, Kind.FUTURE}:
        raise BadInput(f"{instrument.name} is a {instrument.kind.value}: hedge with a perpetual or a future")
    if not (isfinite(change_coin) and abs(change_coin) < ABSURD_COINS):
        raise BadInput(f"a change of {change_coin} {instrument.underlying} is no hedge; check the positions")
    reference = references(quote, rules)
    side = Side.BUY if change_coin > 0 else Side.SELL
    price = _valuation_price(quote, reference, rules)
    amount = amount_for(instrument, abs(change_coin), price)
    if amount == 0:
        return None
    quantity = coins_of(instrument, amount, Decimal(str(price)))
    notional = float(quantity) * reference.price
    cost = notional * (rules.taker_fee + reference.half_spread / reference.price)
    leg = Leg(
        account=account,
        instrument=instrument.name,
        side=side,
        amount=amount,
        amount_unit=instrument.amount_label,
        quantity_coin=quantity.quantize(SMALLEST_COIN),
        worst_price=worst_price(instrument, side, reference, rules),
        reference_price=Decimal(str(reference.price)),
        reduce_only=position * side < 0 and abs(position) >= amount,
    )
    return SizedHedge(leg, float(quantity) * side, cost)


def _valuation_price(quote: Quote, reference: References, rules: ExecutionRules) -> float:
    """The mark, at which the position will be valued, where the reference confirms it; else the reference."""
    mark = quote.mark
    if mark is not None and abs(mark / reference.price - 1) <= rules.reference_agreement:
        return mark
    return reference.price
