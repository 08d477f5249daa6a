"""The volatility of an option whose venue states none: implied by its quotes, or by its mark price.

The mid of bid and ask is taken where both sides are there, fresh, not crossed, and so near to each other that
the volatility between them is known to 25 points; else the mark price. Where neither gives a volatility, the
reason is that of the last one tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite

import numpy as np

from hedging.model.instrument import Instrument, Kind, OptionKind, Settlement
from hedging.model.market import Quote
from hedging.model.smile import ChainQuote, IvSource
from hedging.model.snapshot import Gap, GapReason
from hedging.pricing.implied_vol import NoVol, implied_vols
from hedging.risk.plausible import HIGHEST_IV
from hedging.units import years_between

WIDEST = 0.25  # between the volatilities of bid and ask, as a fraction
HIGHEST = HIGHEST_IV  # more is a mistake of somebody's


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionMarket:
    """What an option trades at: ``forward`` and ``strike`` in USD, ``years`` to expiry.

    ``bid``, ``ask``, ``mark`` in USD a coin, None where nobody says.
    """

    name: str
    kind: OptionKind
    forward: float
    strike: float
    years: float
    bid: float | None
    ask: float | None
    mark: float | None


@dataclass(frozen=True, slots=True)
class ImpliedVol:
    """A volatility, a fraction, and what it was implied by."""

    vol: float
    source: IvSource


@dataclass(frozen=True, slots=True)
class NoImpliedVol:
    """Why there is none, in words."""

    reason: str


def implied(markets: Sequence[OptionMarket]) -> tuple[ImpliedVol | NoImpliedVol, ...]:
    """The volatility of each market, or why it has none.

    >>> call = {"name": "C", "kind": OptionKind.CALL, "forward": 100.0, "strike": 100.0, "years": 1.0}
    >>> [found] = implied([OptionMarket(**call, bid=7.9, ask=8.1, mark=None)])
    >>> round(found.vol, 3), found.source.value
    (0.201, 'quotes')
    """
    if not markets:
        return ()
    prices = np.array([_prices(market) for market in markets], dtype=float).reshape(-1, 4)
    kinds, forwards, strikes, years = (
        np.array([[float(getattr(market, name))] for market in markets]).reshape(-1, 1)
        for name in ("kind", "forward", "strike", "years")
    )
    solved = implied_vols(kinds, forwards, strikes, years, prices)
    return tuple(
        _chosen(market, vols, refusals)
        for market, vols, refusals in zip(markets, solved.vol.tolist(), solved.refusal.tolist(), strict=True)
    )


def vols_of_quotes(
    rows: Sequence[tuple[Instrument, Quote]], at: datetime, max_touch_seconds: float
) -> tuple[ImpliedVol | Gap, ...]:
    """The volatility of each option at ``at`` by its quote, or the gap that its lack is.

    A touch older than ``max_touch_seconds`` counts as none; the age of the mark is the caller's to judge.
    """
    markets: list[OptionMarket] = []
    answers: list[ImpliedVol | Gap | None] = []
    for instrument, quote in rows:
        fresh = abs((at - quote.touch_received_at).total_seconds()) <= max_touch_seconds
        market = _market_of(instrument, quote, at, touch=fresh)
        answers.append(market if isinstance(market, Gap) else None)
        if isinstance(market, OptionMarket):
            markets.append(market)
    solved = iter(implied(markets))
    found = []
    for (instrument, _), answer in zip(rows, answers, strict=True):
        one = answer or next(solved)
        if isinstance(one, NoImpliedVol):
            one = _gap(instrument, GapReason.UNPRICEABLE, one.reason)
        found.append(one)
    return tuple(found)


def market_of_chain(quote: ChainQuote, years: float) -> OptionMarket | NoImpliedVol:
    """A row of a chain as a market; why it is none where it has no forward."""
    forward = quote.forward
    if forward is None or not (isfinite(forward) and forward > 0):
        return NoImpliedVol(f"its forward is {forward}")
    unit = forward if quote.settlement is Settlement.INVERSE else 1.0
    return OptionMarket(
        name=quote.instrument,
        kind=quote.kind,
        forward=forward,
        strike=quote.strike,
        years=years,
        bid=_times(quote.bid, unit),
        ask=_times(quote.ask, unit),
        mark=_times(quote.mark, unit),
    )


def _market_of(instrument: Instrument, quote: Quote, at: datetime, *, touch: bool) -> OptionMarket | Gap:
    expiry, strike, kind = instrument.expiry, instrument.strike, instrument.option_kind
    if instrument.kind is not Kind.OPTION or expiry is None or strike is None or kind is None:
        return _gap(instrument, GapReason.UNPRICEABLE, "it is no option with strike and expiry")
    forward = quote.forward
    if forward is None:
        return _gap(instrument, GapReason.MISSING, "the venue states neither its volatility nor its forward")
    if not (isfinite(forward) and forward > 0):
        return _gap(instrument, GapReason.NOT_FINITE, f"its forward is {forward}")
    unit = forward if instrument.settlement is Settlement.INVERSE else 1.0
    return OptionMarket(
        name=instrument.name,
        kind=kind,
        forward=forward,
        strike=strike,
        years=years_between(at, expiry),
        bid=_times(quote.bid if touch else None, unit),
        ask=_times(quote.ask if touch else None, unit),
        mark=_times(quote.mark, unit),
    )


def _times(price: float | None, unit: float) -> float | None:
    return None if price is None else price * unit


def _prices(market: OptionMarket) -> tuple[float, float, float, float]:
    """Bid, ask, mid and mark; NaN, which is refused, where there is none."""
    bid, ask = market.bid, market.ask
    nothing = float("nan")
    mark = nothing if market.mark is None else market.mark
    if bid is None or ask is None or not 0 < bid <= ask:
        return nothing, nothing, nothing, mark
    return bid, ask, bid + (ask - bid) / 2, mark


def _chosen(market: OptionMarket, vols: list[float], refusals: list[int]) -> ImpliedVol | NoImpliedVol:
    two_sided = market.bid is not None and market.ask is not None and 0 < market.bid <= market.ask
    told = not any(refusals[:3])
    if two_sided and told and vols[1] - vols[0] <= WIDEST and vols[2] <= HIGHEST:
        return ImpliedVol(vols[2], IvSource.QUOTES)
    if market.mark is not None and not refusals[3] and vols[3] <= HIGHEST:
        return ImpliedVol(vols[3], IvSource.MARK_PRICE)
    return NoImpliedVol(
        f"{_touch_words(market, vols, refusals)}; {_mark_words(market, vols[3], refusals[3])}"
    )


def _touch_words(market: OptionMarket, vols: list[float], refusals: list[int]) -> str:
    bid, ask = market.bid, market.ask
    if bid is None or ask is None:
        return "it has no fresh bid and ask"
    if not 0 < bid <= ask:
        return f"its bid {bid:g} and ask {ask:g} (USD) are no market"
    wrong = next((NoVol(code) for code in (refusals[2], *refusals[:2]) if code), None)
    if wrong is not None:
        return f"its bid {bid:g} and ask {ask:g} (USD) give no volatility: {wrong.text}"
    if vols[2] > HIGHEST:
        return f"its mid gives a volatility of {vols[2]:.0%}, above {HIGHEST:.0%}"
    return f"its bid and ask are {vols[1] - vols[0]:.0%} of volatility apart, allowed are {WIDEST:.0%}"


def _mark_words(market: OptionMarket, vol: float, refusal: int) -> str:
    if market.mark is None:
        return "it has no mark price"
    if refusal:
        return f"its mark price {market.mark:g} USD gives none either: {NoVol(refusal).text}"
    return f"its mark price gives a volatility of {vol:.0%}, above {HIGHEST:.0%}"


def _gap(instrument: Instrument, reason: GapReason, why: str) -> Gap:
    detail = f"{instrument.name} has no mark volatility, and none follows from its prices: {why}"
    return Gap(what=instrument.name, reason=reason, detail=detail, underlying=instrument.underlying)
