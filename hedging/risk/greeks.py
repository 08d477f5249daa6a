"""Values every position of a snapshot in common units, and names those it cannot value."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite

import numpy as np

from hedging.errors import BadInput
from hedging.model.book import Position
from hedging.model.exposure import PositionExposure
from hedging.model.instrument import AmountUnit, Instrument, Kind, Settlement
from hedging.model.market import Quote
from hedging.model.snapshot import Gap, GapReason, Snapshot
from hedging.pricing import black76
from hedging.pricing.arguments import Unpriceable, unpriceable
from hedging.units import years_between

SETTLEMENT_AVERAGING = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Valuation:
    """Positions that could be valued, and a gap for each that could not."""

    positions: tuple[PositionExposure, ...]
    gaps: tuple[Gap, ...]


def value_positions(snapshot: Snapshot, hedges: frozenset[str], max_age_seconds: float) -> Valuation:
    """Value each position from its own quote: Black-76 on the forward of the expiry and the mark IV.

    Args:
        snapshot: positions and quotes of one instant.
        hedges: keys of the instruments that are configured as hedges.
        max_age_seconds: oldest mark that still is a value.

    Returns:
        One PositionExposure per position that has every input, one Gap per position that has not;
        a position is in exactly one of the two.
    """
    gaps: list[Gap] = []
    plain: list[PositionExposure] = []
    options: list[tuple[Position, Quote]] = []
    for position in snapshot.positions:
        quote = snapshot.quotes.get(position.instrument.key)
        gap = _odd_amount(position) or _gap(position.instrument, quote, snapshot.at, max_age_seconds)
        if gap is not None or quote is None:
            gaps.append(gap or _missing(position.instrument, "quote"))
        elif position.instrument.kind is Kind.OPTION:
            options.append((position, quote))
        else:
            plain.append(_value_without_option(position, quote, snapshot.at, hedges))
    valued, refused = _value_options(options, snapshot.at, hedges)
    return Valuation(tuple(plain) + valued, (*gaps, *refused))


def settlement_weight(instrument: Instrument, at: datetime) -> float:
    """Share of the delta that is left while the delivery price is being averaged.

    1 until half an hour before the expiry, then linearly to 0 (VENUES §3: Deribit averages the index
    over 07:30-08:00 UTC); perpetuals and spot never decay.
    """
    if instrument.expiry is None:
        return 1.0
    left = (instrument.expiry - at) / SETTLEMENT_AVERAGING
    return min(1.0, max(0.0, left))


def coins(position: Position, price: float) -> float:
    """Signed size of a position in coin; ``price`` in USD turns what is counted in USD into coin."""
    size = float(position.amount) * float(position.instrument.multiplier)
    return size / price if position.instrument.amount_unit is AmountUnit.USD else size


def _missing(instrument: Instrument, what: str) -> Gap:
    return Gap(
        what=instrument.name,
        reason=GapReason.MISSING,
        detail=f"no {what} for {instrument.name} has arrived",
        underlying=instrument.underlying,
    )


def _odd_amount(position: Position) -> Gap | None:
    if position.amount.is_finite():
        return None
    return Gap(
        what=position.instrument.name,
        reason=GapReason.NOT_FINITE,
        detail=f"the amount held of {position.instrument.name} is {position.amount}",
        underlying=position.instrument.underlying,
    )


def _gap(instrument: Instrument, quote: Quote | None, at: datetime, max_age: float) -> Gap | None:
    if quote is None:
        return _missing(instrument, "quote")
    age = (at - quote.received_at).total_seconds()
    if abs(age) > max_age:
        return Gap(
            what=instrument.name,
            reason=GapReason.STALE,
            detail=f"the mark of {instrument.name} is {age:.0f} s old, allowed are {max_age:g} s",
            underlying=instrument.underlying,
        )
    needed: list[tuple[str, float | None]] = [("mark price", quote.mark), ("index price", quote.index)]
    if instrument.kind is Kind.OPTION:
        needed += [("forward", quote.forward), ("mark volatility", quote.iv)]
    for name, value in needed:
        if value is None:
            return _missing(instrument, name)
        # A worthless option has a mark of exactly 0; every other input must be positive.
        lowest_is_zero = name == "mark price" and instrument.kind is Kind.OPTION
        if not isfinite(value) or value < 0 or (value == 0 and not lowest_is_zero):
            return Gap(
                what=instrument.name,
                reason=GapReason.NOT_FINITE,
                detail=f"the {name} of {instrument.name} is {value}",
                underlying=instrument.underlying,
            )
    return None


def _value_without_option(
    position: Position, quote: Quote, at: datetime, hedges: frozenset[str]
) -> PositionExposure:
    instrument = position.instrument
    if quote.mark is None or quote.index is None:
        raise BadInput(f"{instrument.name} reached valuation without a mark or an index")
    quantity = coins(position, quote.mark)
    delta = quantity * settlement_weight(instrument, at)
    years = None if instrument.expiry is None else years_between(at, instrument.expiry)
    return PositionExposure(
        account=position.account,
        instrument=instrument,
        amount=float(position.amount),
        quantity_coin=quantity,
        delta_black=delta,
        delta_net=delta,
        gamma_coin=0.0,
        vega_usd=0.0,
        theta_usd=0.0,
        value_usd=quantity * quote.mark
        if instrument.kind is Kind.SPOT
        else _floating_usd(position, quote.index),
        notional_usd=abs(quantity) * quote.index,
        iv=None,
        forward=None,
        mark=quote.mark,
        years=years,
        is_hedge=instrument.key in hedges,
    )


def _floating_usd(position: Position, index: float) -> float | None:
    """Floating profit of a future in USD; coins are worth the index."""
    if position.floating_pnl is None:
        return None
    inverse = position.instrument.settlement is Settlement.INVERSE
    return position.floating_pnl * (index if inverse else 1.0)


def _value_options(
    options: Sequence[tuple[Position, Quote]], at: datetime, hedges: frozenset[str]
) -> tuple[tuple[PositionExposure, ...], tuple[Gap, ...]]:
    if not options:
        return (), ()
    instruments = [position.instrument for position, _ in options]
    forward = np.array([quote.forward for _, quote in options], dtype=float)
    vol = np.array([quote.iv for _, quote in options], dtype=float)
    strike = np.array([instrument.strike for instrument in instruments], dtype=float)
    sign = np.array([instrument.option_kind for instrument in instruments], dtype=float)
    years = np.array([_years(instrument, at) for instrument in instruments])
    codes = unpriceable(sign, forward, strike, years, vol)
    good = np.flatnonzero(codes == 0)
    gaps = tuple(
        Gap(
            what=instruments[i].name,
            reason=GapReason.UNPRICEABLE,
            detail=f"{instruments[i].name} cannot be priced: {Unpriceable(int(codes[i])).text}",
            underlying=instruments[i].underlying,
        )
        for i in np.flatnonzero(codes)
    )
    greeks = black76.core_greeks(sign[good], forward[good], strike[good], years[good], vol[good])
    columns = zip(good, greeks.price, greeks.delta, greeks.gamma, greeks.vega, greeks.theta, strict=True)
    valued = tuple(
        _option_exposure(options[int(i)], at, hedges, OptionGreeks(*map(float, row))) for i, *row in columns
    )
    return valued, gaps


@dataclass(frozen=True, slots=True)
class OptionGreeks:
    """Black-76 of one option: USD, coin per coin, per USD, USD per 1.00 of vol, USD per year."""

    price: float
    delta: float
    gamma: float
    vega: float
    theta: float


def _option_exposure(
    held: tuple[Position, Quote], at: datetime, hedges: frozenset[str], greeks: OptionGreeks
) -> PositionExposure:
    position, quote = held
    instrument = position.instrument
    if quote.forward is None or quote.index is None:
        raise BadInput(f"{instrument.name} reached valuation without a forward or an index")
    quantity = coins(position, quote.index)
    weight = settlement_weight(instrument, at)
    # A coin-settled price is a number of coins: its dollars come through the index, not the forward.
    price_coin = greeks.price / quote.forward
    inverse = instrument.settlement is Settlement.INVERSE
    return PositionExposure(
        account=position.account,
        instrument=instrument,
        amount=float(position.amount),
        quantity_coin=quantity,
        delta_black=quantity * greeks.delta * weight,
        delta_net=quantity * (greeks.delta - (price_coin if inverse else 0.0)) * weight,
        gamma_coin=quantity * quote.forward * greeks.gamma * weight,
        vega_usd=quantity * greeks.vega * weight,
        theta_usd=quantity * greeks.theta,
        value_usd=quantity * (price_coin * quote.index if inverse else greeks.price),
        notional_usd=abs(quantity) * quote.index,
        iv=quote.iv,
        forward=quote.forward,
        mark=quote.mark,
        years=_years(instrument, at),
        is_hedge=instrument.key in hedges,
    )


def _years(instrument: Instrument, at: datetime) -> float:
    if instrument.expiry is None:
        raise BadInput(f"{instrument.name} is an option without an expiry")
    return years_between(at, instrument.expiry)
