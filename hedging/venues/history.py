"""Hourly closes of one instrument: what to ask Deribit for, its answer to nouns, and a reader of its own.

``public/get_tradingview_chart_data`` answers with columns of equal length, one bar per hour, each named by
the time it begins. Source: docs.deribit.com and the paper exchange's own answers.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import isfinite

from hedging.errors import BadInput
from hedging.model.what_if import Close
from hedging.units import utc_from_milliseconds
from hedging.venues.address import AccountAddress
from hedging.venues.payload import EARLIEST_MS, LARGEST, LATEST_MS
from hedging.venues.wire import Pacing, Wire, result

HOUR = timedelta(hours=1)
HOUR_MS = 3_600_000
RESOLUTION = "60"  # minutes
LONGEST = timedelta(days=90)  # 2,160 bars: fewer than the exchange gives in one answer

Question = Mapping[str, str | int]


class HistoryReader:
    """Reads closes over a connection of its own, so that no order and no position read waits for it.

    ``clock`` tells the present time, aware UTC. Methods block and may be called from any thread.
    """

    def __init__(
        self, address: AccountAddress, clock: Callable[[], datetime], timeout_seconds: float = 5.0
    ) -> None:
        self._clock = clock
        self._wire = Wire(address, Pacing.PACED, timeout_seconds)

    def read(self, name: str, key: str, since: datetime) -> tuple[Close, ...]:
        """Closes of ``name`` of the hours from ``since`` that are over, under ``key``.

        Raises VenueUnreachable where the exchange does not answer or the answer cannot be used.
        """

        def ask() -> tuple[Close, ...]:
            now = self._clock()
            asked = question(name, max(since, now - LONGEST), now)
            return closes(result(self._wire.client.public_get_get_tradingview_chart_data(asked)), key, now)

        return self._wire.read(f"reading hourly closes of {name}", ask)

    def close(self) -> None:
        """Close the connection once the request in flight has ended."""
        self._wire.close()


def question(name: str, since: datetime, until: datetime) -> Question:
    """Parameters that ask for the hourly bars of ``name`` that begin from ``since`` to ``until``.

    Raises BadInput where the span is not above 0 and at most 90 days.
    """
    if not timedelta(0) < until - since <= LONGEST + HOUR:
        raise BadInput(f"hourly closes from {since} to {until}: ask for above 0 and at most 90 days")
    return {
        "instrument_name": name,
        "resolution": RESOLUTION,
        "start_timestamp": int(since.timestamp() * 1000),
        "end_timestamp": int(until.timestamp() * 1000),
    }


def closes(answer: object, instrument: str, now: datetime) -> tuple[Close, ...]:
    """Closes of the hours that are over by ``now``, oldest first; ``instrument`` is the key they go under.

    An hour that the answer leaves out is left out here: nothing is put in its place. An answer without any
    bar is no closes. Raises BadInput where columns are missing or unequal, times are not hours in order, or a
    price is no positive number.
    """
    if not isinstance(answer, Mapping):
        raise BadInput(f"hourly bars of {instrument}: expected a JSON object, got {type(answer).__name__}")
    if answer.get("status") == "no_data":
        return ()
    begins, prices = (_column(answer, name, instrument) for name in ("ticks", "close"))
    if answer.get("status") != "ok" or len(begins) != len(prices):
        raise BadInput(
            f"hourly bars of {instrument}: status {answer.get('status')!r}, {len(begins)} times and "
            f"{len(prices)} closes; expected 'ok' and as many of both"
        )
    for begin, price in zip(begins, prices, strict=True):
        if begin % HOUR_MS or not EARLIEST_MS <= begin <= LATEST_MS or not 0 < price <= LARGEST:
            raise BadInput(f"hourly bars of {instrument}: no hour and price: {begin} and {price}")
    if any(after <= before for before, after in pairwise(begins)):
        raise BadInput(f"hourly bars of {instrument} are not in order")
    found = (
        Close(instrument=instrument, at=utc_from_milliseconds(begin) + HOUR, price=price)
        for begin, price in zip(begins, prices, strict=True)
    )
    return tuple(close for close in found if close.at <= now)


def _column(answer: Mapping[object, object], name: str, instrument: str) -> Sequence[float]:
    column = answer.get(name)
    if not isinstance(column, list):
        raise BadInput(f"hourly bars of {instrument}: {name} is {type(column).__name__}, expected a list")
    for value in column:
        if type(value) not in {int, float} or not isfinite(value):
            raise BadInput(f"hourly bars of {instrument}: {name} has {value!r}, expected numbers")
    return column
