"""Amounts with a currency, sides whose value is a sign, year fractions, rounding to a grid."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from enum import IntEnum, StrEnum

from hedging.errors import BadInput

SECONDS_PER_YEAR = 365 * 86_400
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Side(IntEnum):
    """Direction of a trade; the value is the sign of the position it adds."""

    BUY = 1
    SELL = -1

    @property
    def opposite(self) -> "Side":
        """The side that undoes this one."""
        return Side(-self.value)


class Rounding(StrEnum):
    """Direction in which a number is moved onto a grid."""

    DOWN = "down"  # towards minus infinity
    UP = "up"  # towards plus infinity
    TOWARDS_ZERO = "towards_zero"


@dataclass(frozen=True, slots=True)
class Amount:
    """A value together with the currency it is counted in."""

    value: float
    currency: str


def round_to_step(value: Decimal, step: Decimal, rounding: Rounding) -> Decimal:
    """Move ``value`` onto the grid of ``step`` in the stated direction.

    >>> round_to_step(Decimal("105"), Decimal("10"), Rounding.TOWARDS_ZERO)
    Decimal('100')
    >>> round_to_step(Decimal("-105"), Decimal("10"), Rounding.DOWN) == -110
    True

    Raises BadInput when the step is not a positive number or the value is not finite.
    """
    if not (step.is_finite() and step > 0):
        raise BadInput(f"the step {step} is not a positive number")
    if not value.is_finite():
        raise BadInput(f"cannot round {value}: it is not a finite number")
    quotient = value / step
    mode = ROUND_FLOOR
    if rounding is Rounding.UP or (rounding is Rounding.TOWARDS_ZERO and value < 0):
        mode = ROUND_CEILING
    return quotient.to_integral_value(rounding=mode) * step


def years_between(start: datetime, end: datetime) -> float:
    """Year fraction from ``start`` to ``end`` in years of 365 days (ACT/365); negative when late.

    >>> years_between(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
    1.0

    Raises BadInput when either time carries no time zone.
    """
    if start.tzinfo is None or end.tzinfo is None:
        raise BadInput(f"times need a time zone: {start!r} to {end!r}")
    return (end - start).total_seconds() / SECONDS_PER_YEAR


def epoch_microseconds(time: datetime) -> int:
    """Whole microseconds since 1970 of an aware time; below 2**53, so that a double holds it exactly.

    >>> epoch_microseconds(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC))
    1000000
    """
    return (time - EPOCH) // MICROSECOND


def utc_from_milliseconds(milliseconds: float) -> datetime:
    """Aware UTC time of an exchange's millisecond timestamp.

    Raises BadInput when it is no time: NaN, infinite, or beyond the calendar.
    """
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(f"{milliseconds} ms is not a time: {error}") from error
