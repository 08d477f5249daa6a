"""What a book gains, and what its delta, gamma and vega become, in a grid of spots, volatilities and times.

Forwards move with the spot by the same relative move, so the basis stays what it is. An option that expires
within the time step settles at its intrinsic value, and its delta is gone. While a delivery price is averaged
only the share that is not yet fixed moves (docs/scenarios.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import isfinite

import numpy as np

from hedging.errors import BadInput
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.limits import Numeraire
from hedging.risk.netting import FloatArray, NettedBook, NettedOptions, netted
from hedging.risk.repricing import DAYS_PER_YEAR, Repricing, futures_sums

ROOT_TIME_DAYS = 30.0  # the expiry whose volatility moves by just the shift
SHORTEST_DAYS = 1.0  # √(30/days) grows no further for shorter expiries
LOWEST_VOL = 0.01  # a shift takes no volatility below this (or below itself, where it is lower)
MOST_CELLS = 1_000_000
SHIFTS_AT_ONCE = 64  # which bounds the memory of a grid of many volatilities


class VolShift(StrEnum):
    """How a shift v moves the volatility σ of an expiry."""

    ABSOLUTE = "absolute"  # σ + v
    RELATIVE = "relative"  # σ (1 + v)
    ROOT_TIME = "root time"  # σ + v √(30 / days to expiry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shocks:
    """The axes of a grid.

    ``spots``: relative moves (−0.2 is −20 %), above −1; ``vols``: shifts as ``vol_shift`` says, as
    fractions; ``days``: steps forward in days, at least 0. Raises BadInput where an axis is none.
    """

    spots: tuple[float, ...]
    vols: tuple[float, ...] = (0.0,)
    days: tuple[float, ...] = (0.0,)
    vol_shift: VolShift = VolShift.ABSOLUTE

    def __post_init__(self) -> None:
        if not (self.spots and self.vols and self.days):
            raise BadInput("a grid needs at least one spot move, one volatility shift and one time")
        if len(self.spots) * len(self.vols) * len(self.days) > MOST_CELLS:
            raise BadInput(f"a grid of more than {MOST_CELLS:,} cells is refused; take fewer points")
        lowest_vol = -1.0 if self.vol_shift is VolShift.RELATIVE else -np.inf
        for name, values, lowest in (
            ("spot move", self.spots, -1.0),
            ("volatility shift", self.vols, lowest_vol),
            ("time step", self.days, -1e-300),
        ):
            for value in values:
                if not (isfinite(value) and value > lowest):
                    raise BadInput(f"the {name} {value} is none; give finite fractions and days from 0 on")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Surface:
    """A grid of shape (days, vols, spots) under a numeraire with hedged share x.

    ``pnl_usd`` = coins gained · S' + dollars gained + x · equity · (S' − S): with x = 0 the profit of the
    derivatives (coins stay coins), with x = 1 the change of the whole wealth in dollars. ``delta_coin`` =
    net transaction delta + x · (equity + coins gained); ``gamma_coin`` its change for a relative move of 1;
    ``vega_usd`` per 1.00 of volatility. ``floored``: whether a shift met ``LOWEST_VOL``.
    """

    underlying: str
    numeraire: Numeraire
    index: float
    shocks: Shocks
    pnl_usd: FloatArray
    delta_coin: FloatArray
    gamma_coin: FloatArray
    vega_usd: FloatArray
    floored: bool

    @property
    def spots(self) -> FloatArray:
        """Shocked spots in USD; shape (spots,)."""
        shocked: FloatArray = self.index * (1 + np.array(self.shocks.spots))
        return shocked

    @property
    def pnl_coin(self) -> FloatArray:
        """P&L in coins at the shocked spot."""
        return self.pnl_usd / self.spots

    @property
    def delta_usd(self) -> FloatArray:
        """Delta in USD at the shocked spot."""
        return self.delta_coin * self.spots

    @property
    def gamma_usd(self) -> FloatArray:
        """USD of delta, at the shocked spot, for a relative move of 1."""
        return self.gamma_coin * self.spots

    @property
    def vega_coin(self) -> FloatArray:
        """Coins, at the shocked spot, per 1.00 of volatility."""
        return self.vega_usd / self.spots


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstCell:
    """The cell with the smallest P&L: its shocks, its P&L in USD and coin, and the same in words."""

    spot: float
    vol: float
    days: float
    pnl_usd: float
    pnl_coin: float
    sentence: str


def scenario(exposure: Exposure, positions: Sequence[PositionExposure], shocks: Shocks) -> Surface:
    """Revalue the book of one underlying in every cell of ``shocks``; exactly 0 P&L at zero shock.

    Args:
        exposure: gives underlying, time, numeraire, index and equity; its delta is not used.
        positions: valued positions; those of other underlyings are ignored.
        shocks: the axes.

    Raises BadInput where a position cannot be repriced or a cell is no finite number.
    """
    return netted_scenario(exposure, netted(exposure.underlying, positions, exposure.at), shocks)


def netted_scenario(exposure: Exposure, book: NettedBook, shocks: Shocks) -> Surface:
    """``scenario`` of a book that is netted already."""
    if not (isfinite(exposure.index) and exposure.index > 0 and isfinite(exposure.equity)):
        raise BadInput(f"no scenario from index {exposure.index} and equity {exposure.equity}")
    moves = np.array(shocks.spots)
    shape = (len(shocks.days), len(shocks.vols), len(shocks.spots))
    pnl, delta, gamma, vega = (np.empty(shape) for _ in range(4))
    share = exposure.numeraire.hedged_share
    floored = False
    with np.errstate(all="ignore"):
        priced = Repricing(book.options, moves)
        for start in range(0, len(shocks.vols), SHIFTS_AT_ONCE):
            places = slice(start, start + SHIFTS_AT_ONCE)
            vols, met = _shifted(priced.held, shocks.vols[places], shocks.vol_shift)
            floored = floored or met
            for day, days in enumerate(shocks.days):
                plain, part = futures_sums(book.futures, moves, days), priced.at_day(days, vols)
                coins = plain.coins + part.coins
                inverse = plain.net_inverse + part.net_inverse
                net = plain.net_other + part.net_other + inverse
                pnl[day, places] = (
                    coins * (1 + moves) * exposure.index
                    + (plain.dollars + part.dollars)
                    + share * exposure.equity * exposure.index * moves
                )
                delta[day, places] = net + share * (exposure.equity + coins)
                gamma[day, places] = part.gamma_coin - (1 - share) * inverse
                vega[day, places] = part.vega_usd
    for array in (pnl, delta, gamma, vega):
        if not np.isfinite(array).all():
            raise BadInput(f"a cell of the {book.underlying} grid is no finite number; check the inputs")
        array.setflags(write=False)
    return Surface(
        underlying=book.underlying,
        numeraire=exposure.numeraire,
        index=exposure.index,
        shocks=shocks,
        pnl_usd=pnl,
        delta_coin=delta,
        gamma_coin=gamma,
        vega_usd=vega,
        floored=floored,
    )


def worst(surface: Surface) -> WorstCell:
    """The cell that loses most: in coins where coins are kept, else in dollars; the first of equal ones."""
    keeps_coins = surface.numeraire.hedged_share == 0
    judged = surface.pnl_coin if keeps_coins else surface.pnl_usd
    day, vol, spot = np.unravel_index(int(np.argmin(judged)), judged.shape)
    usd, coin = float(surface.pnl_usd[day, vol, spot]), float(surface.pnl_coin[day, vol, spot])
    shocks = surface.shocks
    figure = f"{coin:+,.4g} {surface.underlying} ({usd:+,.0f} USD)"
    if not keeps_coins:
        figure = f"{usd:+,.0f} USD ({coin:+,.4g} {surface.underlying})"
    where = ", ".join(
        (
            _spot_words(surface, shocks.spots[spot]),
            _vol_words(shocks.vols[vol], shocks.vol_shift),
            f"{shocks.days[day]:g} days from now" if shocks.days[day] else "at once",
        )
    )
    verb = "loses most" if judged[day, vol, spot] < 0 else "gains least"
    return WorstCell(
        spot=shocks.spots[spot],
        vol=shocks.vols[vol],
        days=shocks.days[day],
        pnl_usd=usd,
        pnl_coin=coin,
        sentence=f"{verb} of {judged.size} cells: {figure} with {where} ({surface.numeraire.sentence})",
    )


def _spot_words(surface: Surface, move: float) -> str:
    if move == 0:
        return f"{surface.underlying} unchanged at {surface.index:,.0f} USD"
    return f"{surface.underlying} {move:+.4g} to {surface.index * (1 + move):,.0f} USD".replace(
        f"{move:+.4g}", f"{100 * move:+.4g} %", 1
    )


def _vol_words(shift: float, kind: VolShift) -> str:
    if shift == 0:
        return "volatility unchanged"
    if kind is VolShift.RELATIVE:
        return f"volatility {100 * shift:+.4g} % of itself"
    tail = " at 30 days" if kind is VolShift.ROOT_TIME else ""
    return f"volatility {100 * shift:+.4g} points{tail}"


def _shifted(held: NettedOptions, vols: Sequence[float], kind: VolShift) -> tuple[FloatArray, bool]:
    """Each row's volatility after each shift, of shape (vols, rows), and whether the floor held one up."""
    shifts = np.array(vols)[:, None]
    if kind is VolShift.RELATIVE:
        moved = held.vol * (1 + shifts)
    elif kind is VolShift.ROOT_TIME:
        days = np.maximum(held.years * DAYS_PER_YEAR, SHORTEST_DAYS)
        moved = held.vol + shifts * np.sqrt(ROOT_TIME_DAYS / days)
    else:
        moved = held.vol + shifts
    if not np.isfinite(moved).all():
        raise BadInput("a shift makes a volatility that is no finite number; give smaller shifts")
    lowest = np.minimum(held.vol, LOWEST_VOL)
    return np.maximum(moved, lowest), bool((moved < lowest).any())
