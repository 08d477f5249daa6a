"""Records to Parquet or CSV: written in parts, whole or not at all, never over another file unasked."""

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from hedging.errors import BadInput
from hedging.ledger import Series
from hedging.ledger.series_points import Kind, Span
from hedging.records.columns import columns, schema
from hedging.records.tables import batches

FORMULA = r"^[=+\-@\t\r\n']"
"""How a text begins that a spreadsheet might run, and our own mark before such a one."""


class Form(StrEnum):
    """What kind of file."""

    PARQUET = "parquet"
    CSV = "csv"


class Existing(StrEnum):
    """What becomes of a file that is there already."""

    KEEP = "keep"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Export:
    """What is to be written where."""

    kinds: tuple[Kind, ...]
    span: Span
    form: Form
    folder: Path
    existing: Existing = Existing.KEEP

    def path(self, kind: Kind) -> Path:
        """The file of one kind."""
        return self.folder / f"{kind.value}.{self.form.value}"

    def columns_path(self, kind: Kind) -> Path:
        """The table of its columns with their units, beside a CSV."""
        return self.folder / f"{kind.value}.columns.csv"


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, how many rows and bytes it has."""

    kind: Kind
    path: Path
    rows: int
    bytes: int


def export(series: Series, wanted: Export, progress: Callable[[int], None]) -> tuple[Written, ...]:
    """Write each kind to its file and tell ``progress`` how many rows each part had.

    A kind without records in the span gets a file with columns and no row. Raises BadInput where a file
    is there already and is not to be replaced, or the folder cannot be written; LedgerError where the
    records cannot be read. A file appears whole or not at all.
    """
    _refuse_existing(wanted)
    try:
        wanted.folder.mkdir(parents=True, exist_ok=True)
        return tuple(_write(series, wanted, kind, progress) for kind in wanted.kinds)
    except OSError as error:
        raise BadInput(
            f"cannot write to {wanted.folder}: {error.strerror or error}; check path, rights and space"
        ) from error


def _refuse_existing(wanted: Export) -> None:
    if wanted.existing is Existing.REPLACE:
        return
    paths = [wanted.path(kind) for kind in wanted.kinds]
    if wanted.form is Form.CSV:
        paths += [wanted.columns_path(kind) for kind in wanted.kinds]
    found = [path.name for path in paths if path.exists()]
    if found:
        raise BadInput(
            f"{wanted.folder} already holds {', '.join(found)}: name another folder, or add --overwrite"
        )


def _write(series: Series, wanted: Export, kind: Kind, progress: Callable[[int], None]) -> Written:
    path, rows = wanted.path(kind), 0
    parts = batches(series, kind, wanted.span)
    with _whole(path) as partial:
        writer = _parquet(partial, kind) if wanted.form is Form.PARQUET else _csv(partial, kind)
        with writer:
            for part in parts:
                writer.write_batch(part if wanted.form is Form.PARQUET else _as_text(part, kind))
                rows += part.num_rows
                progress(part.num_rows)
    if wanted.form is Form.CSV:
        with _whole(wanted.columns_path(kind)) as partial:
            _write_columns(partial, kind)
    return Written(kind, path, rows, path.stat().st_size)


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """A file beside ``path`` that takes its place at the end, or is gone."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _parquet(path: Path, kind: Kind) -> pyarrow.parquet.ParquetWriter:
    return pyarrow.parquet.ParquetWriter(path, schema(kind), compression="zstd")


def _csv(path: Path, kind: Kind) -> pyarrow.csv.CSVWriter:
    texts = pa.schema(
        [pa.field(f.name, pa.string() if pa.types.is_timestamp(f.type) else f.type) for f in schema(kind)]
    )
    return pyarrow.csv.CSVWriter(path, texts)


def _as_text(part: pa.RecordBatch, kind: Kind) -> pa.RecordBatch:
    """Times as ISO 8601, texts that no spreadsheet runs; numbers are written with all their digits."""
    return pa.record_batch(
        [_cells(column) for column in part.columns], names=[each.name for each in columns(kind)]
    )


def _cells(column: pa.Array) -> pa.Array:
    if pa.types.is_timestamp(column.type):
        bare = column.cast(pa.timestamp("us")).cast(pa.string())
        return pc.binary_join_element_wise(pc.replace_substring(bare, " ", "T"), "Z", "")
    if pa.types.is_string(column.type):
        return pc.if_else(
            pc.match_substring_regex(column, FORMULA), pc.binary_join_element_wise("'", column, ""), column
        )
    return column


def _write_columns(path: Path, kind: Kind) -> None:
    """The columns of a CSV: what each holds and in which unit."""
    rows: Sequence[Sequence[str]] = [
        (each.name, each.type.value, each.unit, each.meaning) for each in columns(kind)
    ]
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(("column", "type", "unit", "meaning"))
        writer.writerows(rows)
