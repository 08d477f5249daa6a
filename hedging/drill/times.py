"""Simulated time: whole microseconds since the start of a schedule, and the instant they stand for."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
SECOND = 1_000_000
MILLISECOND = 1_000
_MICROSECOND = timedelta(microseconds=1)


def at(micros: int) -> datetime:
    """The instant ``micros`` microseconds after the start.

    >>> at(1_500_000).isoformat()
    '2026-11-22T10:30:01.500000+00:00'
    """
    return START + timedelta(microseconds=micros)


def micros_of(instant: datetime) -> int:
    """Microseconds from the start to ``instant``.

    >>> micros_of(at(7))
    7
    """
    return (instant - START) // _MICROSECOND
