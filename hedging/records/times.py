"""What a person may write for a time."""

import re
from datetime import datetime, timedelta

from hedging.errors import BadInput
from hedging.ledger.series_points import Span

_AGO = re.compile(r"(\d+(?:\.\d+)?)([mhd])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def time_of(text: str, now: datetime) -> datetime:
    """The time that ``text`` says: ISO 8601 with its zone, or how long before ``now`` (30m, 24h, 7d).

    Raises BadInput where it is neither.

    >>> from datetime import UTC
    >>> time_of("2026-11-22T08:00Z", datetime(2026, 11, 22, 12, tzinfo=UTC)).isoformat()
    '2026-11-22T08:00:00+00:00'
    >>> time_of("1.5h", datetime(2026, 11, 22, 12, tzinfo=UTC)).isoformat()
    '2026-11-22T10:30:00+00:00'
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            return now - float(ago[1]) * _UNITS[ago[2]]
        found = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError) as error:
        raise BadInput(f"the time {text!r} cannot be read: {_ADVICE}") from error
    if found.tzinfo is None:
        raise BadInput(f"the time {text!r} has no zone: {_ADVICE}")
    return found


def span_of(since: str | None, until: str | None, now: datetime) -> Span:
    """The span between two times as a person writes them; None is the beginning, and ``now``.

    Raises BadInput where one cannot be read or the first is not before the second.
    """
    start = None if since is None else time_of(since, now)
    end = now if until is None else time_of(until, now)
    if start is not None and start >= end:
        raise BadInput(f"the time from {start.isoformat()} to {end.isoformat()} holds nothing: swap the two")
    return Span(start, end)


_ADVICE = "write it like 2026-11-22T08:00Z, or as time ago like 30m, 24h, 7d"
