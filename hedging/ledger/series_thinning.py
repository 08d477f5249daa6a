"""How records grow old: as sampled for a while, then the last of each minute, then gone.

Nothing but the records of the time series is touched: not the latest view, and never the ledger.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, and_, delete, exists, select

from hedging.ledger.codec import nanoseconds
from hedging.ledger.database import Database
from hedging.ledger.series_reading import EARLIEST, window_end
from hedging.ledger.series_schema import (
    DRIFTS,
    EXPOSURES,
    LIMITS,
    MARGINS,
    MARK_FRAMES,
    MARK_LAYOUTS,
    RUNS,
)
from hedging.model.retention import Retention

EVERY = timedelta(hours=1)
MINUTE_NS = 60 * 10**9

BATCHES: Mapping[Table, int] = {EXPOSURES: 1000, DRIFTS: 1000, LIMITS: 1000, MARGINS: 1000, MARK_FRAMES: 200}
"""Rows one step looks at in each table, and what else is of the same instant; frames are large."""


class Thinning:
    """Works off what has grown old in small steps: a run at the first step, and one each hour after.

    Where the survivors lie depends on the times of the points alone, not on when it runs: a minute is
    thinned once it lies wholly behind the fine time, to the last point of each series in it. What is
    already thinned stays as it is, so another process or a restart changes nothing.
    """

    def __init__(self, database: Database, retention: Retention) -> None:
        self._database = database
        self._retention = retention
        self._run: Iterator[int] = iter(())
        self._began: datetime | None = None
        self._seen: datetime | None = None
        self._clean: dict[Table, int] = {}

    def step(self, now: datetime) -> int:
        """Do one small part of what is due at ``now``, if anything is; return how many rows it deleted.

        A clock that was put back ends the run that began under the later time; the next begins anew.
        Raises LedgerError where the file cannot be written; the rest is then done in a later run.
        """
        put_back = self._seen is not None and now < self._seen
        self._seen = now
        if put_back:
            self._clean.clear()
        if put_back or self._began is None or now - self._began >= EVERY:
            self._began = now
            self._run = self._steps(now)
        return next(self._run, 0)

    def _steps(self, now: datetime) -> Iterator[int]:
        keep = nanoseconds(now - self._retention.keep)
        fine = nanoseconds(now - self._retention.fine) // MINUTE_NS * MINUTE_NS
        for table, size in BATCHES.items():
            yield from self._expired(table, keep, size)
        yield from self._expired_runs(keep)
        for table, size in BATCHES.items():
            yield from self._thinned(table, fine, size)
            self._clean[table] = fine
        yield self._unused_layouts()

    def _expired(self, table: Table, keep: int, size: int) -> Iterator[int]:
        at = table.c.at_ns
        while True:
            with self._database.writing() as connection:
                end = window_end(connection, at, EARLIEST, keep, size)
                gone = 0 if end is None else connection.execute(delete(table).where(at < end)).rowcount
            if not gone:
                return
            yield gone

    def _expired_runs(self, keep: int) -> Iterator[int]:
        oldest = select(RUNS.c.id).where(RUNS.c.last_ns < keep).order_by(RUNS.c.last_ns).limit(500)
        while True:
            with self._database.writing() as connection:
                gone = connection.execute(delete(RUNS).where(RUNS.c.id.in_(oldest))).rowcount
            if not gone:
                return
            yield gone

    def _thinned(self, table: Table, fine: int, size: int) -> Iterator[int]:
        low: int | None = self._clean.get(table, EARLIEST)
        while low is not None:
            with self._database.writing() as connection:
                low, gone = _thin_window(connection, table, low, fine, size)
            yield gone

    def _unused_layouts(self) -> int:
        used = exists().where(MARK_FRAMES.c.layout_id == MARK_LAYOUTS.c.id)
        with self._database.writing() as connection:
            return connection.execute(delete(MARK_LAYOUTS).where(~used)).rowcount


def _thin_window(
    connection: Connection, table: Table, low: int, fine: int, size: int
) -> tuple[int | None, int]:
    """Thin a window of rows from ``low`` on; where the next begins (None: at the end), and how many went.

    A row goes where its minute holds a later one of its series, be that in the window or behind it.
    """
    at = table.c.at_ns
    end = window_end(connection, at, low, fine, size)
    if end is None:
        return None, 0
    later = table.alias()
    same = [later.c[column.name] == column for column in table.primary_key if column is not at]
    minute_end = (at // MINUTE_NS + 1) * MINUTE_NS
    superseded = exists().where(and_(*same, later.c.at_ns > at, later.c.at_ns < minute_end))
    return end, connection.execute(delete(table).where(at >= low, at < end, superseded)).rowcount
