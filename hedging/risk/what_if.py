"""Books that are not held: positions added, removed and scaled, and a proposed hedge put in.

Every function takes a tuple of positions and returns another; the live book is never touched.
"""

from dataclasses import dataclass, replace
from math import isfinite
from typing import TypeVar

import numpy as np

from hedging.errors import BadInput
from hedging.model.book import Position
from hedging.model.exposure import Exposure, PositionExposure
from hedging.model.instrument import AmountUnit, Instrument, Kind
from hedging.risk.netting import unfixed_share
from hedging.risk.scenario import Shocks, Surface, scenario
from hedging.units import years_between

Held = TypeVar("Held", Position, PositionExposure)


@dataclass(frozen=True, slots=True)
class BeforeAfter:
    """The same grid without and with a proposed hedge."""

    before: Surface
    after: Surface


def before_and_after(
    exposure: Exposure, positions: tuple[PositionExposure, ...], hedge: PositionExposure, shocks: Shocks
) -> BeforeAfter:
    """The grid of the book as it is, and with ``hedge`` (see ``hedge_position``) in it."""
    return BeforeAfter(
        scenario(exposure, positions, shocks), scenario(exposure, added(positions, hedge), shocks)
    )


def hedge_position(exposure: Exposure, account: str, instrument: Instrument, hedge: float, mark: float) -> (
    PositionExposure
):  # fmt: skip
    """The position that a hedge of ``hedge`` coins at ``mark`` (USD) would be.

    Raises BadInput where the instrument is neither a perpetual nor a future, has expired, or a number is
    none.
    """
    if instrument.kind not in {Kind.PERPETUAL, Kind.FUTURE}:
        raise BadInput(f"{instrument.name} is a {instrument.kind.value}: hedge with a perpetual or a future")
    if not (isfinite(hedge) and isfinite(mark) and mark > 0):
        raise BadInput(f"a hedge of {hedge} coins at {mark} USD is none")
    years = None if instrument.expiry is None else years_between(exposure.at, instrument.expiry)
    if years is not None and years <= 0:
        raise BadInput(f"{instrument.name} has expired; hedge with another instrument")
    weight = 1.0 if years is None else float(unfixed_share(np.array(years)))
    worth = hedge * mark if instrument.amount_unit is AmountUnit.USD else hedge
    return PositionExposure(
        account=account,
        instrument=instrument,
        amount=worth / float(instrument.multiplier),
        quantity_coin=hedge,
        delta_black=hedge * weight,
        delta_net=hedge * weight,
        gamma_coin=0.0,
        vega_usd=0.0,
        theta_usd=0.0,
        value_usd=0.0,
        notional_usd=abs(hedge) * exposure.index,
        iv=None,
        forward=None,
        mark=mark,
        years=years,
        is_hedge=True,
    )


def added(positions: tuple[Held, ...], *extra: Held) -> tuple[Held, ...]:
    """A book with what-if positions in it; the book that was given stays as it is.

    Raises BadInput for spot, which is equity: change the balance instead.
    """
    for position in extra:
        _refuse_spot(position.instrument)
    return positions + extra


def removed(positions: tuple[Held, ...], account: str, name: str) -> tuple[Held, ...]:
    """A book without the positions of ``account`` in the instrument ``name``.

    Raises BadInput where there is none, or it is spot.
    """
    gone = [each for each in positions if (each.account, each.instrument.name) == (account, name)]
    if not gone:
        raise BadInput(f"{account} holds no {name}: there is nothing to take out")
    _refuse_spot(gone[0].instrument)
    return tuple(each for each in positions if (each.account, each.instrument.name) != (account, name))


def scaled(position: PositionExposure, amount: float) -> PositionExposure:
    """The same holding with ``amount`` (venue's unit) instead of its own; what is linear goes along.

    Raises BadInput where the amount is no number or the position is empty.
    """
    if not isfinite(amount) or position.amount == 0:
        raise BadInput(f"{position.instrument.name} cannot be taken from {position.amount:g} to {amount:g}")
    times = amount / position.amount
    return replace(
        position,
        amount=amount,
        quantity_coin=position.quantity_coin * times,
        delta_black=position.delta_black * times,
        delta_net=position.delta_net * times,
        gamma_coin=position.gamma_coin * times,
        vega_usd=position.vega_usd * times,
        theta_usd=position.theta_usd * times,
        value_usd=None if position.value_usd is None else position.value_usd * times,
        notional_usd=position.notional_usd * abs(times),
    )


def _refuse_spot(instrument: Instrument) -> None:
    if instrument.kind is Kind.SPOT:
        raise BadInput(f"{instrument.name} is spot, which counts as equity: it cannot be a what-if position")
