"""The minimum-variance delta: which options are recorded, the moves the record holds, and the fit to them.

A move is the change of one option over some minutes. Options of one minute move together, so beside the
number of moves the number of different times counts; and coefficients must also help on moves they were not
fitted to: those of the first two thirds of the time are tried on the last third.
Source: J. Hull, A. White, "Optimal delta hedging for options", J. Banking & Finance 82 (2017), 180-190.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from hedging.model.instrument import OptionKind, Settlement
from hedging.model.smile import ChainQuote, MinimumVarianceFit, OptionPoint, SmileLimits
from hedging.pricing import black76
from hedging.pricing.arguments import FloatArray, unpriceable
from hedging.pricing.smile_deltas import (
    HedgedMoves,
    MinimumVarianceRefusal,
    NoMinimumVariance,
    fit_minimum_variance,
    gain_on,
)
from hedging.risk.implied import HIGHEST
from hedging.units import EPOCH, years_between

IntArray = NDArray[np.int64]

CALL_DELTAS = (0.1, 0.3, 0.5, 0.7, 0.9)
MOST_EXPIRIES = 6
SHORTEST, LONGEST = timedelta(hours=12), timedelta(days=190)
FRESH = timedelta(minutes=1)  # an old quote beside a new one would be a move that nobody saw
FARTHEST_DELTA = 0.95  # of either sign: beyond, the vega is too small to tell anything
LEARNT = 2 / 3  # of the times; the rest is what the coefficients are tried on
NO_GAIN = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class OptionHistory:
    """Recorded options as columns of one shape; ``option`` numbers them, ``minute`` counts from 1970.

    ``sign`` θ, ``years`` to expiry, ``forward`` and ``price`` in USD, ``delta`` and ``vega`` of Black.
    """

    option: IntArray
    minute: IntArray
    sign: FloatArray
    years: FloatArray
    forward: FloatArray
    price: FloatArray
    delta: FloatArray
    vega: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """Moves of one kind of option in the order of time, and the minute at which each began."""

    hedged: HedgedMoves
    minute: IntArray

    def part(self, wanted: NDArray[np.bool_]) -> "Moves":
        """Some of them."""
        columns = (np.asarray(getattr(self.hedged, name))[wanted] for name in HedgedMoves.__slots__)
        return Moves(HedgedMoves(*columns), self.minute[wanted])


def recorded_points(chain: Sequence[ChainQuote], at: datetime) -> tuple[OptionPoint, ...]:
    """The options of a chain that are worth recording at ``at``, with Black's delta and vega.

    For each underlying, settlement and the six nearest expiries from 12 hours to 190 days: call and put at
    the five strikes whose call delta is nearest to 0.1 … 0.9. What has no usable mark, forward or volatility,
    or that the venue made or we got more than a minute away from ``at``, is left out.
    """
    grouped: dict[tuple[str, str, str], dict[datetime, list[OptionPoint]]] = {}
    for point in _points(chain, at):
        chain_of = (point.venue, point.underlying, point.settlement.value)
        grouped.setdefault(chain_of, {}).setdefault(point.expiry, []).append(point)
    chosen: list[OptionPoint] = []
    for expiries in grouped.values():
        for expiry in sorted(expiries)[:MOST_EXPIRIES]:
            chosen += _spread(expiries[expiry])
    return tuple(chosen)


def moves(history: OptionHistory, kind: OptionKind, minutes: int) -> Moves:
    """What became of each option of ``kind`` over ``minutes``, from every whole multiple of them on.

    So no two moves of an option overlap. Left out are those that lack one of their ends.
    """
    begins = np.flatnonzero(
        (history.sign == kind)
        & (history.minute % minutes == 0)
        & (np.abs(history.delta) < FARTHEST_DELTA)
        & (np.abs(history.delta) > 1 - FARTHEST_DELTA)
    )
    code = history.option * np.int64(2**33) + history.minute
    order = np.argsort(code, kind="stable")
    wanted = code[begins] + minutes
    found = np.minimum(np.searchsorted(code[order], wanted), max(code.size - 1, 0))
    ends = order[found] if code.size else found
    there = code[ends] == wanted
    begins, ends = begins[there], ends[there]
    by_time = np.argsort(history.minute[begins], kind="stable")
    begins, ends = begins[by_time], ends[by_time]
    return Moves(
        HedgedMoves(
            delta=history.delta[begins],
            vega=history.vega[begins],
            years=history.years[begins],
            forward=history.forward[begins],
            forward_move=history.forward[ends] - history.forward[begins],
            price_move=history.price[ends] - history.price[begins],
        ),
        history.minute[begins],
    )


def minimum_variance_fits(
    underlying: str, history: OptionHistory, at: datetime, limits: SmileLimits
) -> tuple[MinimumVarianceFit, ...]:
    """One fit for calls and one for puts of an underlying, refused where they do not meet ``limits``."""
    return tuple(
        _fit(underlying, kind, moves(history, kind, limits.move_minutes), at, limits) for kind in OptionKind
    )


def _fit(
    underlying: str, kind: OptionKind, found: Moves, at: datetime, limits: SmileLimits
) -> MinimumVarianceFit:
    times = np.unique(found.minute)

    def answer(
        refused: str, gain: float | None = None, unseen: float | None = None, rule: Sequence[float] = ()
    ) -> MinimumVarianceFit:
        a, b, c = rule or (None, None, None)
        return MinimumVarianceFit(
            underlying=underlying,
            kind=kind,
            a=a,
            b=b,
            c=c,
            gain=gain,
            gain_unseen=unseen,
            observations=found.minute.size,
            since=_time(times[0]) if times.size else None,
            until=_time(times[-1] + limits.move_minutes) if times.size else None,
            fitted_at=at,
            refused=refused,
        )

    if found.minute.size < limits.least_observations or times.size < limits.least_moments:
        return answer(
            f"{found.minute.size} moves over {limits.move_minutes} minutes at {times.size} times are "
            f"recorded, {limits.least_observations} at {limits.least_moments} are needed: "
            "record for longer, or choose another smile rule"
        )
    whole = fit_minimum_variance(found.hedged, NO_GAIN)
    if isinstance(whole, MinimumVarianceRefusal):
        return answer(whole.reason.value, whole.gain)
    unseen = _gain_unseen(found, times)
    worst = whole.gain if unseen is None else min(whole.gain, unseen)
    if unseen is None or worst < limits.least_gain:
        shown = "cannot be told" if unseen is None else f"is {unseen:.1%}"
        return answer(
            f"it takes away {whole.gain:.1%} of the squared hedging error, what it takes away on later moves "
            f"{shown}, allowed is {limits.least_gain:.0%} or more: choose another smile rule",
            whole.gain,
            unseen,
        )
    rule = whole.coefficients
    return answer("", whole.gain, unseen, (rule.a, rule.b, rule.c))


def _gain_unseen(found: Moves, times: IntArray) -> float | None:
    """What coefficients of the first two thirds of the times are worth on the others; None: no telling."""
    until = times[int(LEARNT * times.size)]
    learnt = fit_minimum_variance(found.part(found.minute < until).hedged, NO_GAIN)
    if isinstance(learnt, MinimumVarianceRefusal):
        harmless = learnt.reason is NoMinimumVariance.GAIN_TOO_SMALL
        return 0.0 if harmless else None
    return gain_on(found.part(found.minute >= until).hedged, learnt.coefficients)


def _points(chain: Sequence[ChainQuote], at: datetime) -> Iterable[OptionPoint]:
    near = [
        each
        for each in chain
        if SHORTEST <= each.expiry - at <= LONGEST
        and max(abs(at - each.venue_at), abs(at - each.received_at)) <= FRESH
        and _positive(each)
    ]
    years = np.array([years_between(at, each.expiry) for each in near])
    columns = [
        np.array([getattr(each, name) for each in near], dtype=float)
        for name in ("kind", "forward", "strike", "iv")
    ]
    sign, forward, strike, vol = columns
    good = np.flatnonzero(unpriceable(sign, forward, strike, years, vol) == 0)
    if not good.size:
        return
    greeks = black76.core_greeks(sign[good], forward[good], strike[good], years[good], vol[good])
    for row, delta, vega in zip(good.tolist(), greeks.delta.tolist(), greeks.vega.tolist(), strict=True):
        quote = near[row]
        if quote.mark is not None and quote.forward is not None and quote.iv is not None:
            yield OptionPoint(
                venue=quote.venue,
                instrument=quote.instrument,
                at=at,
                underlying=quote.underlying,
                kind=quote.kind,
                settlement=quote.settlement,
                expiry=quote.expiry,
                strike=quote.strike,
                index=quote.index,
                forward=quote.forward,
                mark=quote.mark,
                iv=quote.iv,
                delta=delta,
                vega=vega,
            )


def _positive(quote: ChainQuote) -> bool:
    """Whether mark, forward and volatility are numbers above 0, and the volatility none that is absurd."""
    given = (quote.mark, quote.forward, quote.iv)
    return all(value is not None and 0 < value < np.inf for value in given) and (quote.iv or 0) <= HIGHEST


def _spread(points: Sequence[OptionPoint]) -> Iterable[OptionPoint]:
    """Both kinds at the strikes nearest to each wanted call delta."""
    by_strike = {point.strike: _call_delta(point) for point in points}
    strikes = sorted(by_strike)
    wanted = {min(strikes, key=lambda strike: abs(by_strike[strike] - goal)) for goal in CALL_DELTAS}
    return (point for point in points if point.strike in wanted)


def _call_delta(point: OptionPoint) -> float:
    return point.delta + (1.0 if point.kind is OptionKind.PUT else 0.0)


def price_usd(point: OptionPoint) -> float:
    """The mark in USD: a price in coin is worth the forward, on which its delta is."""
    return point.mark * (point.forward if point.settlement is Settlement.INVERSE else 1.0)


def _time(minute: int) -> datetime:
    return EPOCH + timedelta(minutes=int(minute))
