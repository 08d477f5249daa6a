"""The records read back in order of time, a bounded part at a time, each part as one committed state."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, func, select, text

from hedging.ledger.codec import nanoseconds, utc
from hedging.ledger.database import Database
from hedging.ledger.series_marks import Layout, MarkFrame, unpacked
from hedging.ledger.series_points import Kind, Span
from hedging.ledger.series_schema import (
    DRIFTS,
    EXPOSURES,
    LIMIT_LINES,
    LIMITS,
    MARGINS,
    MARK_FRAMES,
    MARK_LAYOUTS,
    RUNS,
)

EARLIEST, LATEST = -(2**63), 2**63 - 1

TABLES: Mapping[Kind, Table] = {
    Kind.EXPOSURE: EXPOSURES,
    Kind.DRIFT: DRIFTS,
    Kind.LIMITS: LIMITS,
    Kind.MARKS: MARK_FRAMES,
    Kind.MARGIN: MARGINS,
    Kind.DECISIONS: RUNS,
}


@dataclass(frozen=True, slots=True)
class Extent:
    """How many rows of a kind there are (one mark is one), and from when to when."""

    kind: Kind
    rows: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class FileSize:
    """Bytes of the file and, of these, bytes in freed pages that later writes use again."""

    total: int
    free: int


def extent(database: Database, kind: Kind, span: Span) -> Extent:
    """How much of ``kind`` lies in ``span``; a decision run lies where it ended."""
    table, at = TABLES[kind], _time(kind)
    low, high = _bounds(span)
    count = func.sum(table.c.instruments) if kind is Kind.MARKS else func.count()
    query = select(count, func.min(at), func.max(at)).select_from(table).where(at >= low, at < high)
    with database.reading() as connection:
        rows, first, last = connection.execute(query).one()
    return Extent(kind, rows or 0, None if first is None else utc(first), None if last is None else utc(last))


def file_size(database: Database) -> FileSize:
    """What the file takes on the disk, without what still waits in its write-ahead log."""
    with database.reading() as connection:
        page, pages, free = (
            int(connection.execute(text(f"PRAGMA {name}")).scalar_one())
            for name in ("page_size", "page_count", "freelist_count")
        )
    return FileSize(page * pages, page * free)


def row_batches(database: Database, kind: Kind, span: Span, size: int) -> Iterator[Sequence[Row[Any]]]:
    """Rows of any kind but marks, oldest first, about ``size`` at a time."""
    at, query = _time(kind), _query(kind)
    low, bound = _bounds(span)
    while True:
        with database.reading() as connection:
            end = window_end(connection, at, low, bound, size)
            if end is None:
                return
            rows = connection.execute(query.where(at >= low, at < end)).all()
        yield rows
        low = end


def frame_batches(database: Database, span: Span, size: int) -> Iterator[list[MarkFrame]]:
    """Frames of marks, oldest first, with about ``size`` instruments' marks at a time."""
    at = MARK_FRAMES.c.at_ns
    low, bound = _bounds(span)
    layouts: dict[int, Layout] = {}
    while True:
        with database.reading() as connection:
            end = window_end(connection, at, low, bound, _frames(connection, low, bound, size))
            if end is None:
                return
            found = connection.execute(select(MARK_FRAMES).where(at >= low, at < end).order_by(at)).all()
            for layout_id in {row.layout_id for row in found} - layouts.keys():
                body = select(MARK_LAYOUTS.c.body).where(MARK_LAYOUTS.c.id == layout_id)
                layouts[layout_id] = Layout.read(connection.execute(body).scalar_one())
        yield [unpacked(utc(row.at_ns), layouts[row.layout_id], row.body) for row in found]
        low = end


def window_end(connection: Connection, at: ColumnElement[int], low: int, bound: int, size: int) -> int | None:
    """End (exclusive) of the next window of about ``size`` rows from ``low`` on; None at the end.

    Rows of one instant are never parted.
    """
    ordered = select(at).where(at >= low, at < bound).order_by(at)
    first = connection.execute(ordered.limit(1)).scalar_one_or_none()
    if first is None:
        return None
    end = connection.execute(ordered.where(at >= first).limit(1).offset(size)).scalar_one_or_none()
    return bound if end is None else max(int(end), int(first) + 1)


def _frames(connection: Connection, low: int, bound: int, size: int) -> int:
    at = MARK_FRAMES.c.at_ns
    query = select(MARK_FRAMES.c.instruments).where(at >= low, at < bound).order_by(at).limit(1)
    return max(1, size // (connection.execute(query).scalar_one_or_none() or 1))


def _bounds(span: Span) -> tuple[int, int]:
    return (
        EARLIEST if span.since is None else nanoseconds(span.since),
        LATEST if span.until is None else nanoseconds(span.until),
    )


def _time(kind: Kind) -> ColumnElement[int]:
    return RUNS.c.last_ns if kind is Kind.DECISIONS else TABLES[kind].c.at_ns


def _query(kind: Kind) -> Select[Any]:
    """Rows of one kind in order; its limits with what each was set to."""
    if kind is Kind.LIMITS:
        lines = LIMITS.join(LIMIT_LINES, LIMITS.c.line_id == LIMIT_LINES.c.id)
        columns = (
            LIMITS.c.at_ns, LIMIT_LINES.c.scope, LIMIT_LINES.c.measure, LIMIT_LINES.c.unit, LIMITS.c.value,
            LIMIT_LINES.c.soft, LIMIT_LINES.c.hard, LIMITS.c.level, LIMITS.c.gaps,
        )  # fmt: skip
        return select(*columns).select_from(lines).order_by(LIMITS.c.at_ns, LIMITS.c.line_id)
    if kind is Kind.DECISIONS:
        return select(RUNS.c.body).order_by(RUNS.c.last_ns, RUNS.c.id)
    table = TABLES[kind]
    return select(table).order_by(*table.primary_key.columns)
