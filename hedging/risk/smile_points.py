"""Which quotes of one expiry a smile is fitted to: one volatility a strike, its weight, and what is left out.

Of a call and a put at one strike the one out of the money is taken, whose price is all time value. The
venue's volatility of the mark counts; where it states none, that of bid and ask or of the mark price.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite, log

import numpy as np

from hedging.model.instrument import OptionKind
from hedging.model.smile import (
    ChainQuote,
    SmileSource,
    SmileViolation,
    SmileViolationKind,
)
from hedging.pricing import black76
from hedging.pricing.arguments import FloatArray
from hedging.pricing.svi_fit import VolQuotes
from hedging.risk.implied import HIGHEST, ImpliedVol, NoImpliedVol, OptionMarket, implied, market_of_chain
from hedging.units import years_between

FORWARD_AGREEMENT = 0.005  # of the median forward: all options of one expiry have one
LEAST_VEGA = 1e-8  # of the forward: less says nothing about volatility
ROUNDING_VOL = 1e-4  # of a venue's volatilities


@dataclass(frozen=True, slots=True, eq=False)
class SmilePoints:
    """Volatilities of one expiry in the order of strikes; arrays of one shape.

    ``strike`` in USD, ``k`` = ln(K/F), ``vol`` a fraction, ``vega`` per USD of forward (the weight);
    ``forward`` (USD) is the median of the expiry's, ``oldest`` when the oldest quote arrived, ``left_out``
    how many quotes were not used, by reason.
    """

    strike: FloatArray
    k: FloatArray
    vol: FloatArray
    vega: FloatArray
    forward: float
    years: float
    oldest: datetime
    left_out: Counter[str]

    @property
    def quotes(self) -> VolQuotes:
        """As the fit takes them."""
        return VolQuotes(self.k, self.vol, self.vega)


def smile_points(
    chain: Sequence[ChainQuote], at: datetime, oldest_seconds: float
) -> SmilePoints | Counter[str]:
    """The points of one expiry's quotes at ``at``, or, where not one can be used, why they cannot."""
    left_out: Counter[str] = Counter()
    fresh = list(_fresh(chain, at, oldest_seconds, left_out))
    forwards = [quote.forward for quote in fresh if quote.forward is not None]
    if not forwards:
        return left_out
    forward = float(np.median(forwards))
    agreeing = [each for each in fresh if _agrees(each, forward, left_out)]
    by_strike: dict[float, tuple[ChainQuote, float]] = {}
    for quote, vol in _vols(agreeing, at, left_out):
        known = by_strike.get(quote.strike)
        if known is None or (_out_of_the_money(quote, forward) and not _out_of_the_money(known[0], forward)):
            by_strike[quote.strike] = (quote, vol)
    used = [by_strike[strike] for strike in sorted(by_strike)]
    if not used:
        return left_out
    years = years_between(at, used[0][0].expiry)
    strike = np.array([quote.strike for quote, _ in used])
    k = np.array([log(quote.strike / (quote.forward or forward)) for quote, _ in used])
    vols = np.array([each for _, each in used])
    vega = black76.core_greeks(1, 1.0, np.exp(k), years, vols).vega
    telling = vega > LEAST_VEGA
    left_out["it is too far from the money to tell a volatility"] += int((~telling).sum())
    if not telling.any():
        return +left_out
    kept = np.flatnonzero(telling)
    return SmilePoints(
        strike=strike[kept],
        k=k[kept],
        vol=vols[kept],
        vega=vega[kept],
        forward=forward,
        years=years,
        oldest=min(used[row][0].received_at for row in kept.tolist()),
        left_out=+left_out,
    )


def why_left_out(left_out: Counter[str]) -> str:
    """The reasons in words, the most frequent first.

    >>> why_left_out(Counter({"it is old": 2, "its bid lies above its ask": 1}))
    '2 × it is old; 1 × its bid lies above its ask'
    """
    return "; ".join(f"{count} × {why}" for why, count in left_out.most_common())


def quote_violations(points: SmilePoints) -> tuple[SmileViolation, ...]:
    """Butterflies that the quotes themselves sell for less than nothing, beyond the rounding of a venue.

    A call that costs more than the mixture of two others, of a lower and a higher strike, that pays as much
    at its own: it lies above the lower convex hull of all of them. ``amount`` is what its volatility is too
    high by, below 0.
    """
    strike = np.exp(points.k)
    price = black76.price(1, 1.0, strike, points.years, points.vol)
    hull = _lower_hull(strike, price)
    too_dear = price - np.interp(strike, strike[hull], price[hull])
    rounding = ROUNDING_VOL * (points.vega + np.interp(strike, strike[hull], points.vega[hull]))
    return tuple(
        SmileViolation(
            source=SmileSource.QUOTES,
            kind=SmileViolationKind.BUTTERFLY,
            k=float(points.k[row]),
            strike=float(points.strike[row]),
            amount=-float(too_dear[row] / points.vega[row]),
        )
        for row in np.flatnonzero(too_dear > rounding).tolist()
    )


def _lower_hull(x: FloatArray, y: FloatArray) -> list[int]:
    """Places of the points on the lower convex hull, ``x`` growing: Andrew's monotone chain (1979)."""
    hull: list[int] = []
    for place in range(x.size):
        while len(hull) > 1:
            first, last = hull[-2], hull[-1]
            rise = (y[last] - y[first]) * (x[place] - x[first])
            if rise < (y[place] - y[first]) * (x[last] - x[first]):
                break
            hull.pop()
        hull.append(place)
    return hull


def _fresh(
    chain: Sequence[ChainQuote], at: datetime, oldest_seconds: float, left_out: Counter[str]
) -> Iterable[ChainQuote]:
    """Each instrument once, none of them old, crossed or without a strike."""
    newest: dict[str, ChainQuote] = {}
    for quote in chain:
        known = newest.get(quote.instrument)
        if known is not None:
            left_out["it is there twice"] += 1
        if known is None or quote.venue_at > known.venue_at:
            newest[quote.instrument] = quote
    limit = timedelta(seconds=oldest_seconds)
    for quote in newest.values():
        if max(abs(at - quote.received_at), abs(at - quote.venue_at)) > limit:
            left_out[f"it is older than {oldest_seconds:g} s"] += 1
        elif quote.bid is not None and quote.ask is not None and not quote.bid <= quote.ask:
            left_out["its bid lies above its ask"] += 1
        elif not (isfinite(quote.strike) and quote.strike > 0):
            left_out["its strike is no positive number"] += 1
        elif quote.forward is None or not (isfinite(quote.forward) and quote.forward > 0):
            left_out["its forward is not there or no positive number"] += 1
        else:
            yield quote


def _agrees(quote: ChainQuote, forward: float, left_out: Counter[str]) -> bool:
    near = quote.forward is not None and abs(quote.forward / forward - 1) <= FORWARD_AGREEMENT
    if not near:
        left_out[f"its forward is more than {FORWARD_AGREEMENT:.1%} off the expiry's"] += 1
    return near


def _vols(
    quotes: Sequence[ChainQuote], at: datetime, left_out: Counter[str]
) -> Iterable[tuple[ChainQuote, float]]:
    without: list[tuple[ChainQuote, OptionMarket]] = []
    for quote in quotes:
        if quote.iv is None:
            market = market_of_chain(quote, years_between(at, quote.expiry))
            if isinstance(market, OptionMarket):
                without.append((quote, market))
        elif isfinite(quote.iv) and 0 < quote.iv <= HIGHEST:
            yield quote, quote.iv
        else:
            left_out[f"its volatility is not between 0 and {HIGHEST:.0%}"] += 1
    solved = implied([market for _, market in without])
    for (quote, _), found in zip(without, solved, strict=True):
        match found:
            case ImpliedVol(vol=vol):
                yield quote, vol
            case NoImpliedVol():
                left_out["no volatility is stated, and none follows from its prices"] += 1


def _out_of_the_money(quote: ChainQuote, forward: float) -> bool:
    return (quote.strike >= forward) is (quote.kind is OptionKind.CALL)
