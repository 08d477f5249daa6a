"""How one instant becomes rows: a few statements, whatever the number of instruments."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, insert, select

from hedging.ledger.codec import nanoseconds
from hedging.ledger.series_marks import Layout, MarkFrame
from hedging.ledger.series_points import (
    DriftPoint,
    ExposurePoint,
    LimitLine,
    LimitPoint,
    MarginPoint,
    Moment,
    columns,
)
from hedging.ledger.series_schema import (
    DRIFTS,
    EXPOSURES,
    LIMIT_LINES,
    LIMITS,
    MARGINS,
    MARK_FRAMES,
    MARK_LAYOUTS,
)

Stored = Mapping[str, object]


def write_moment(connection: Connection, moment: Moment) -> None:
    """Write all of one instant; raises LedgerError naming a field that is not finite."""
    write_rows(connection, EXPOSURES, [point_row(moment.at, point) for point in moment.exposures])
    write_rows(connection, DRIFTS, [point_row(moment.at, point) for point in moment.drifts])
    write_rows(connection, MARGINS, [point_row(moment.at, point) for point in moment.margins])
    if moment.limits:
        lines = _lines(connection, moment.limits)
        write_rows(connection, LIMITS, [_limit_row(moment.at, point, lines) for point in moment.limits])
    if moment.marks is not None:
        _write_frame(connection, moment.marks)


def write_rows(connection: Connection, table: Table, rows: Sequence[Stored]) -> None:
    """Write rows of one kind; one of the same series and instant that is there already is replaced."""
    if rows:
        connection.execute(insert(table).prefix_with("OR REPLACE"), rows)


def point_row(at: datetime, point: ExposurePoint | DriftPoint | MarginPoint) -> Stored:
    """The row of a point; raises LedgerError naming a field that is not finite."""
    return {"at_ns": nanoseconds(at), **columns(point)}


def _limit_row(at: datetime, point: LimitPoint, lines: Mapping[LimitLine, int]) -> Stored:
    values = columns(point)
    del values["line"]
    return {"at_ns": nanoseconds(at), "line_id": lines[point.line], **values}


def _lines(connection: Connection, points: Sequence[LimitPoint]) -> Mapping[LimitLine, int]:
    """Ids of the limits as they were set; a limit that was changed is another line."""
    known = _known_lines(connection)
    fresh = [line for line in dict.fromkeys(point.line for point in points) if line not in known]
    if fresh:
        connection.execute(insert(LIMIT_LINES), [columns(line) for line in fresh])
    return _known_lines(connection)


def _known_lines(connection: Connection) -> Mapping[LimitLine, int]:
    return {
        LimitLine(row.scope, row.measure, row.soft, row.hard, row.unit): row.id
        for row in connection.execute(select(LIMIT_LINES))
    }


def _write_frame(connection: Connection, frame: MarkFrame) -> None:
    row = {
        "at_ns": nanoseconds(frame.at),
        "layout_id": _layout(connection, frame.layout),
        "instruments": len(frame.layout.instruments),
        "body": frame.packed(),
    }
    connection.execute(insert(MARK_FRAMES).prefix_with("OR REPLACE"), row)


def _layout(connection: Connection, layout: Layout) -> int:
    digest = layout.digest
    known = select(MARK_LAYOUTS.c.id).where(MARK_LAYOUTS.c.digest == digest)
    found = connection.execute(known).scalar_one_or_none()
    if found is None:
        connection.execute(insert(MARK_LAYOUTS).values(digest=digest, body=layout.body))
        found = connection.execute(known).scalar_one()
    return int(found)
