"""Options as they were, minute by minute, for the minimum-variance regression; and the smile as it is.

Both stand in the time series' file. A point belongs to the whole minute it was recorded in; the same option
and minute again replaces it. Nothing is older than what the caller says to keep.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from hedging.errors import LedgerError
from hedging.ledger.codec import decode, encode, nanoseconds, utc
from hedging.ledger.database import Database
from hedging.ledger.migration import SERIES_MIGRATIONS, migrate
from hedging.ledger.series import FILE
from hedging.ledger.smile_schema import LISTED, PICTURES, POINTS
from hedging.model.instrument import Settlement
from hedging.model.smile import OptionPoint, SmileView
from hedging.pricing.arguments import FloatArray
from hedging.risk.minimum_variance import OptionHistory
from hedging.units import SECONDS_PER_YEAR

MINUTE_NS = 60 * 10**9
MOST_ROWS = 2_000_000
"""Rows that one reading may bring into memory: about 130 megabytes."""

MOST_FORGOTTEN = 5_000
"""Rows that are deleted with one minute's points: many times as many as a minute has."""

PART = 500
"""Rows made into numbers at once: other threads of the process have their turn between two parts."""

Name = tuple[str, str, int]  # venue, the venue's name, expiry in nanoseconds


class OptionRecords:
    """Recorded options and pictures of smiles.

    Every method raises LedgerError, in words, where the file cannot do it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        migrate(database, SERIES_MIGRATIONS)

    @classmethod
    def open(cls, folder: Path) -> "OptionRecords":
        """Open the time series' file in ``folder``."""
        return cls(Database.at_path(folder / FILE, "NORMAL"))

    def close(self) -> None:
        """Close the file; this must not be used afterwards."""
        self._database.close()

    def put(self, points: Sequence[OptionPoint], keep_since: datetime) -> None:
        """Store points, each in its minute, and forget minutes before ``keep_since``, some at a time.

        Raises LedgerError naming the field where a number is not finite; nothing is stored then.
        """
        encode(list(points))  # refuses what is not finite
        with self._database.writing() as connection:
            if points:
                ids = _ids(connection, points)
                rows = [_row(each, ids) for each in points]
                connection.execute(insert(POINTS).prefix_with("OR REPLACE"), rows)
            _forget(connection, nanoseconds(keep_since))

    def history(self, venue: str, underlying: str, since: datetime, every_minutes: int = 1) -> OptionHistory:
        """Points of an underlying at one venue from ``since``, of whole multiples of ``every_minutes`` alone.

        Raises LedgerError where these are more than two million: ask for a shorter time.
        """
        step = every_minutes * MINUTE_NS
        start = nanoseconds(since)
        columns = (
            POINTS.c.option_id,
            POINTS.c.at_ns,
            LISTED.c.kind,
            LISTED.c.expiry_ns,
            POINTS.c.forward_usd,
            POINTS.c.mark,
            POINTS.c.delta,
            POINTS.c.vega_usd,
            (LISTED.c.settlement == Settlement.INVERSE.value).label("inverse"),
        )
        query = (
            select(*columns)
            .join(LISTED, LISTED.c.id == POINTS.c.option_id)
            .where(
                LISTED.c.venue == venue,
                LISTED.c.underlying == underlying,
                POINTS.c.at_ns >= start,
                POINTS.c.at_ns % step == 0,
            )
            .limit(MOST_ROWS + 1)
        )
        with self._database.reading() as connection:
            parts = [_table(rows) for rows in connection.execute(query).partitions(PART)]
        found = np.concatenate([np.empty((0, len(columns))), *parts])
        if len(found) > MOST_ROWS:
            raise LedgerError(
                f"more than {MOST_ROWS:,} recorded options since {since:%d %b}: ask for less time"
            )
        return _history(found)

    def latest(self) -> datetime | None:
        """The newest recorded minute; None before the first."""
        newest = select(POINTS.c.at_ns).order_by(POINTS.c.at_ns.desc()).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(newest).scalar_one_or_none()
        return None if found is None else utc(found)

    def put_picture(self, picture: SmileView) -> None:
        """Replace the picture of one underlying; raises LedgerError where a number of it is not finite."""
        values = {"at_ns": nanoseconds(picture.at), "body": encode(picture).encode()}
        same = PICTURES.c.underlying == picture.underlying
        with self._database.writing() as connection:
            if connection.execute(update(PICTURES).where(same).values(values)).rowcount == 0:
                connection.execute(insert(PICTURES).values(underlying=picture.underlying, **values))

    def picture_at(self, underlying: str) -> datetime | None:
        """When the stored picture was made, None before the first: cheap enough to poll."""
        query = select(PICTURES.c.at_ns).where(PICTURES.c.underlying == underlying)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return None if found is None else utc(found)

    def picture(self, underlying: str) -> SmileView | None:
        """The latest picture of one underlying; None before the first."""
        query = select(PICTURES.c.body).where(PICTURES.c.underlying == underlying)
        with self._database.reading() as connection:
            body = connection.execute(query).scalar_one_or_none()
        return None if body is None else decode(SmileView, body)


def _forget(connection: Connection, keep_ns: int) -> None:
    """Delete the oldest minutes before ``keep_ns``, few enough that nobody waits, and options without any."""
    old = POINTS.c.at_ns < keep_ns
    beyond = select(POINTS.c.at_ns).where(old).order_by(POINTS.c.at_ns).offset(MOST_FORGOTTEN).limit(1)
    end = connection.execute(beyond).scalar_one_or_none()
    gone = delete(POINTS).where(POINTS.c.at_ns < (keep_ns if end is None else end))
    if connection.execute(gone).rowcount:
        used = exists().where(POINTS.c.option_id == LISTED.c.id)
        connection.execute(delete(LISTED).where(LISTED.c.expiry_ns < keep_ns, ~used))


def _name(point: OptionPoint) -> Name:
    return point.venue, point.instrument, nanoseconds(point.expiry)


def _ids(connection: Connection, points: Sequence[OptionPoint]) -> Mapping[Name, int]:
    """Ids of the options, those that were not known written down first."""
    known = _known(connection)
    fresh = {_name(point): point for point in points if _name(point) not in known}
    if fresh:
        connection.execute(insert(LISTED), [_listed(point) for point in fresh.values()])
        known = _known(connection)
    return known


def _known(connection: Connection) -> Mapping[Name, int]:
    rows = connection.execute(select(LISTED.c.venue, LISTED.c.name, LISTED.c.expiry_ns, LISTED.c.id))
    return {(row.venue, row.name, row.expiry_ns): row.id for row in rows}


def _listed(point: OptionPoint) -> dict[str, object]:
    return {
        "venue": point.venue,
        "name": point.instrument,
        "underlying": point.underlying,
        "kind": int(point.kind),
        "settlement": point.settlement.value,
        "expiry_ns": nanoseconds(point.expiry),
        "strike": point.strike,
    }


def _row(point: OptionPoint, ids: Mapping[Name, int]) -> dict[str, object]:
    return {
        "at_ns": nanoseconds(point.at) // MINUTE_NS * MINUTE_NS,
        "option_id": ids[_name(point)],
        "index_usd": point.index,
        "forward_usd": point.forward,
        "mark": point.mark,
        "iv": point.iv,
        "delta": point.delta,
        "vega_usd": point.vega,
    }


def _table(rows: Sequence[Row[Any]]) -> FloatArray:
    return np.array([tuple(row) for row in rows], dtype=np.float64)


def _history(table: FloatArray) -> OptionHistory:
    option, at_ns, sign, expiry_ns, forward, mark, delta, vega, inverse = np.ascontiguousarray(table.T)
    minute = np.round(at_ns / MINUTE_NS).astype(np.int64)
    return OptionHistory(
        option=option.astype(np.int64),
        minute=minute,
        sign=sign,
        years=(expiry_ns / 1e9 - minute * 60.0) / SECONDS_PER_YEAR,
        forward=forward,
        price=np.where(inverse > 0, mark * forward, mark),
        delta=delta,
        vega=vega,
    )
