"""What can be asked of a scenario: figure, unit, side, shocks; and the words for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from hedging.model.exposure import PositionExposure
from hedging.model.what_if import Change
from hedging.risk.scenario import Shocks, VolShift

SPOT_REACHES = (0.05, 0.10, 0.20, 0.30, 0.50)
VOL_REACHES = (0.05, 0.10, 0.20, 0.40)
SPOT_STEPS = 8  # to either side of unchanged
VOL_STEPS = 4
NOW = "now"
NEXT_EXPIRY = "next expiry"
DAYS = {NOW: 0.0} | {f"{days} d": float(days) for days in (1, 2, 3, 5, 7, 10, 14, 21, 30)}
AFTER_EXPIRY = timedelta(minutes=1)
DAYS_PER_YEAR = 365.0


class Show(StrEnum):
    """Which figure the grid shows."""

    PNL = "P&L"
    DELTA = "Delta"
    GAMMA = "Gamma"
    VEGA = "Vega"


class Unit(StrEnum):
    """What it is counted in."""

    USD = "USD"
    COIN = "coin"


class Side(StrEnum):
    """Which book: as it is (with a person's changes), with the hedge in it, or what the hedge changes."""

    BEFORE = "as it is"
    AFTER = "after the hedge"
    DIFFERENCE = "difference"


SHIFT_WORDS = {
    VolShift.ABSOLUTE: "points",
    VolShift.RELATIVE: "% of itself",
    VolShift.ROOT_TIME: "points × √(30 d / expiry)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be computed for one underlying; whatever only changes the drawing is not in it."""

    underlying: str
    changes: tuple[Change, ...] = ()
    spot_reach: float = 0.20
    vol_reach: float = 0.20
    vol_shift: VolShift = VolShift.ABSOLUTE
    days: str = NOW


def member(kind: type[StrEnum], text: str, default: StrEnum) -> StrEnum:
    """The member whose value is ``text``, else the default: what a widget holds is not trusted.

    >>> member(Unit, "coin", Unit.USD), member(Unit, "<b>", Unit.USD)
    (<Unit.COIN: 'coin'>, <Unit.USD: 'USD'>)
    """
    return next((each for each in kind if each.value == text), default)


def reach(reaches: Sequence[float], value: float, default: float) -> float:
    """One of the offered reaches, else the default."""
    return value if value in reaches else default


def next_expiry(positions: Sequence[PositionExposure], underlying: str) -> PositionExposure | None:
    """The position of ``underlying`` that expires first, None where nothing does."""
    dated = [
        each for each in positions if each.instrument.underlying == underlying and each.years is not None
    ]
    return min(dated, key=lambda each: each.years or 0.0, default=None)


def days_of(name: str, positions: Sequence[PositionExposure], underlying: str) -> float:
    """Days forward of a step on the time scale; a step that is none is now."""
    if name != NEXT_EXPIRY:
        return DAYS.get(name, 0.0)
    first = next_expiry(positions, underlying)
    if first is None or first.years is None:
        return 0.0
    return max(first.years, 0.0) * DAYS_PER_YEAR + AFTER_EXPIRY / timedelta(days=1)


def steps(positions: Sequence[PositionExposure], underlying: str) -> tuple[str, ...]:
    """The time scale, with the next expiry at its place where something expires."""
    names = [*DAYS, *([NEXT_EXPIRY] if next_expiry(positions, underlying) is not None else [])]
    return tuple(sorted(names, key=lambda name: days_of(name, positions, underlying)))


def shocks(question: Question, days: float) -> Shocks:
    """The grid's axes: 17 spots and 9 volatilities around unchanged, at one time."""
    return Shocks(
        spots=tuple(question.spot_reach * step / SPOT_STEPS for step in range(-SPOT_STEPS, SPOT_STEPS + 1)),
        vols=tuple(question.vol_reach * step / VOL_STEPS for step in range(-VOL_STEPS, VOL_STEPS + 1)),
        days=(days,),
        vol_shift=question.vol_shift,
    )
