"""All marks at one instant: forwards, volatilities, prices and Greeks of the whole board in one pass."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hedging.paper.market_board import Board
from hedging.paper.market_nouns import Mark
from hedging.paper.market_path import SpotPath
from hedging.paper.market_shocks import Shocks
from hedging.paper.process import COINS, MINUTE_NS, YEAR_NS, State
from hedging.paper.surface import (
    SHORTEST_YEARS,
    SMILES,
    RawSvi,
    atm_total_variance,
    implied_volatility,
    slices,
)
from hedging.pricing import black76
from hedging.pricing.coin_numeraire import day_theta

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SETTLEMENT_NS = 30 * MINUTE_NS
_OWN_CARRY = 0.004  # per year, one standard deviation of an expiry's own carry
_OWN_NOISE = 1.5e-4  # of the price, fading over the last three days
_FADE_YEARS = 3.0 / 365.0
_HIGHEST_VOLATILITY = 5.0  # the most Deribit shows; far wings would pass it minutes before they expire


@dataclass(frozen=True, slots=True)
class ForwardCurve:
    """Per expiry of a board at one instant: years left, forward in USD, undecayed share of delta, smile."""

    years: FloatArray
    forward_usd: FloatArray
    alive: FloatArray
    smile: RawSvi


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known at one instant, before any instrument is looked at."""

    at_ns: int
    state: State
    indices: FloatArray  # (4,) in the order of INDICES
    stress: FloatArray  # (2,)


@dataclass(frozen=True, slots=True)
class Frame:
    """Marks of a whole board; arrays have one entry per row, Greeks one per option.

    ``undecayed`` is the share of the delta that is left.
    """

    board: Board
    sight: Sight
    curve: ForwardCurve
    price: FloatArray
    underlying: FloatArray
    delta: FloatArray
    undecayed: FloatArray
    volatility: FloatArray
    gamma: FloatArray
    vega: FloatArray
    theta: FloatArray
    rho: FloatArray
    _marks: list[Mark] = field(default_factory=list)

    def marks(self) -> list[Mark]:
        """All marks in the order of the board; made once."""
        if not self._marks:
            self._marks.extend(_marks(self))
        return self._marks


def forward_curve(board: Board, sight: Sight, path: SpotPath, shocks: Shocks) -> ForwardCurve:
    """Forwards and smiles of all expiries.

    In the last half hour the forward becomes the expected delivery price: the average so far and the forward,
    each weighted by its part of the half hour. So delta by the spot decays linearly, as Deribit's does.
    """
    expiries = board.expiries
    left_ns = expiries.expiration_ns - sight.at_ns
    years = np.maximum(left_ns / YEAR_NS, SHORTEST_YEARS)
    own = sight.state.slots[expiries.coin, expiries.slot]
    log_basis = years * (sight.state.carry[expiries.coin] + _OWN_CARRY * own)
    log_basis += _OWN_NOISE * own * np.minimum(1.0, years / _FADE_YEARS)
    forward = sight.indices[expiries.coin] * np.exp(log_basis)
    alive = np.clip(left_ns / SETTLEMENT_NS, 0.0, 1.0)
    for row in np.flatnonzero(alive < 1.0):
        start_ns = int(expiries.expiration_ns[row]) - SETTLEMENT_NS
        average = path.average(start_ns, sight.at_ns)
        if average is not None:
            forward[row] += (1.0 - alive[row]) * (average[expiries.coin[row]] - forward[row])
    return ForwardCurve(years, forward, alive, smiles(expiries.coin, years, sight, shocks))


def smiles(coin: IntArray, years: FloatArray, sight: Sight, shocks: Shocks) -> RawSvi:
    """Raw SVI slices for pairs of underlying and time, shape (n,)."""
    parts = RawSvi(*(np.empty(len(years)) for _ in range(5)))
    for number, name in enumerate(COINS):
        mine = coin == number
        shift = shocks.vol_shift(sight.at_ns, number)
        theta = atm_total_variance(SMILES[name], years[mine], float(sight.state.variance[number]), shift)
        raw = slices(SMILES[name], theta)
        parts.a[mine], parts.b[mine], parts.rho[mine] = raw.a, raw.b, raw.rho
        parts.m[mine], parts.sigma[mine] = raw.m, raw.sigma
    return parts


def frame(board: Board, sight: Sight, path: SpotPath, shocks: Shocks) -> Frame:
    """Marks of every instrument on the board at the instant of ``sight``."""
    curve = forward_curve(board, sight, path, shocks)
    index = sight.indices[board.index_column]
    price, underlying, delta = index.copy(), index.copy(), np.ones(len(board.names))
    dated = board.expiry >= 0
    undecayed = np.ones(len(board.names))
    undecayed[dated] = curve.alive[board.expiry[dated]]
    premium = sight.state.premium[board.perpetual_columns]
    price[board.perpetual_rows] *= 1.0 + premium
    future_expiry = board.expiry[board.future_rows]
    price[board.future_rows] = curve.forward_usd[future_expiry]
    delta[board.future_rows] = undecayed[board.future_rows]
    rows = board.option_rows
    expiry = board.expiry[rows]
    in_quote = index[rows] / sight.indices[board.expiries.coin[expiry]]  # 1, or the USDC price of a dollar
    forward, years = curve.forward_usd[expiry] * in_quote, curve.years[expiry]
    moneyness = np.log(board.option_strike / forward)
    smile = implied_volatility(curve.smile.rows(expiry), moneyness, years)
    volatility = np.minimum(smile, _HIGHEST_VOLATILITY)
    greeks = black76.core_greeks(board.option_sign, forward, board.option_strike, years, volatility)
    price[rows] = np.where(board.option_inverse, greeks.price / forward, greeks.price)
    underlying[rows] = forward
    delta[rows] = greeks.delta * undecayed[rows]
    return Frame(
        board=board,
        sight=sight,
        curve=curve,
        price=price,
        underlying=underlying,
        delta=delta,
        undecayed=undecayed,
        volatility=volatility,
        gamma=greeks.gamma,
        vega=greeks.vega / 100.0,
        theta=day_theta(greeks.theta, years),
        rho=years * (forward * greeks.delta - greeks.price) / 100.0,
    )


def _marks(one: Frame) -> list[Mark]:
    board = one.board
    index = one.sight.indices[board.index_column].tolist()
    price, underlying, delta = one.price.tolist(), one.underlying.tolist(), one.delta.tolist()
    undecayed = one.undecayed.tolist()
    greeks = zip(
        one.volatility.tolist(),
        one.gamma.tolist(),
        one.vega.tolist(),
        one.theta.tolist(),
        one.rho.tolist(),
        strict=True,
    )
    found = []
    for row, name in enumerate(board.names):
        head = (name, price[row], index[row], underlying[row], board.underlying_index[row])
        if board.is_option[row]:
            volatility, gamma, vega, theta, rho = next(greeks)
            greek = (delta[row], gamma, vega, theta, rho)
            found.append(Mark(*head, volatility, 0.0, *greek, undecayed[row]))
        else:
            found.append(Mark(*head, delta=delta[row], undecayed=undecayed[row]))
    return found
