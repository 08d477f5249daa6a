"""The one reader of the wall clock: everything else is handed a time."""

import time
from datetime import UTC, datetime


def utc_now() -> datetime:
    """Present time, aware, in UTC."""
    return datetime.now(UTC)


def now_ns() -> int:
    """Present time in nanoseconds since 1970-01-01 UTC; it may step when the machine's clock is set."""
    return time.time_ns()


def monotonic_ns() -> int:
    """Nanoseconds of a clock that never steps back; only differences of it mean anything."""
    return time.monotonic_ns()
