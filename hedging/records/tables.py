"""Records as Arrow: in parts of bounded size, or as one table."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from hedging.ledger import Series
from hedging.ledger.series_marks import FIELDS, MarkFrame, missing
from hedging.ledger.series_points import Kind, Span
from hedging.model.view import DecisionRun
from hedging.records.columns import columns, schema


def table(series: Series, what: Kind, since: datetime | None, until: datetime | None) -> pa.Table:
    """All records of a kind at or after ``since`` and before ``until`` (None: unbounded), oldest first.

    The whole of it is in memory: for long times take ``batches``. Raises LedgerError where the file
    cannot be read or a time has no zone.
    """
    return pa.Table.from_batches(batches(series, what, Span(since, until)), schema(what))


def batches(series: Series, what: Kind, span: Span) -> Iterator[pa.RecordBatch]:
    """The same in parts of some ten thousand rows, each read when it is asked for."""
    if what is Kind.MARKS:
        return (_mark_batch(frames) for frames in series.marks(span))
    if what is Kind.DECISIONS:
        return (_run_batch(runs) for runs in series.runs(span))
    return (_row_batch(what, rows) for rows in series.rows(what, span))


def _row_batch(what: Kind, rows: Sequence[Any]) -> pa.RecordBatch:
    """Rows of the database, whose columns have the names of ours but for the time."""
    values = dict(zip(rows[0]._fields, zip(*rows, strict=True), strict=True))
    arrays = [
        pa.array(np.array(values["at_ns"], np.int64) // 1000).cast(field.type)
        if field.name == "at"
        else pa.array(values[field.name], field.type)
        for field in schema(what)
    ]
    return pa.record_batch(arrays, schema=schema(what))


def _mark_batch(frames: Sequence[MarkFrame]) -> pa.RecordBatch:
    wanted = schema(Kind.MARKS)
    values = np.concatenate([frame.values for frame in frames], axis=1)
    sizes = [len(frame.layout.instruments) for frame in frames]
    names = [name for frame in frames for name in frame.layout.instruments]
    times = np.repeat(np.array([frame.at.replace(tzinfo=None) for frame in frames], "datetime64[us]"), sizes)
    numbers = [pa.array(column, pa.float64(), mask=~np.isfinite(column)) for column in values]
    texts = [pa.array(words, pa.string()) for words in zip(*names, strict=True)]
    by_name = dict(zip(FIELDS, numbers, strict=True))
    arrays = [
        pa.array(times, wanted.field("at").type),
        *texts,
        *(by_name[each.name] for each in columns(Kind.MARKS)[3:-1]),
        pa.array(missing(values), pa.string()),
    ]
    return pa.record_batch(arrays, schema=wanted)


def _run_batch(runs: Sequence[DecisionRun]) -> pa.RecordBatch:
    last = [run.decision for run in runs]
    arrays = [
        _times([run.first_at for run in runs]),
        _times([each.at for each in last]),
        [each.underlying for each in last],
        [run.cycles for run in runs],
        [each.outcome.value for each in last],
        [each.reason for each in last],
        [each.delta for each in last],
        [each.ticket_id or None for each in last],
        [each.inputs_hash for each in last],
        [msgspec.json.encode(each.verdicts).decode() for each in last],
    ]
    wanted = schema(Kind.DECISIONS)
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(arrays, wanted, strict=True)], schema=wanted
    )


def _times(times: Sequence[datetime]) -> pa.Array:
    return pa.array(times, pa.timestamp("us", "UTC"))
