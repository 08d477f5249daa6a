"""What a state folder's records are, in a line or a table; and what an export wrote."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hedging.errors import BadInput
from hedging.ledger import Series
from hedging.ledger.series import FILE
from hedging.ledger.series_points import Kind
from hedging.ledger.series_reading import Extent, FileSize
from hedging.records.files import Export, Written


@dataclass(frozen=True, slots=True)
class Summary:
    """What there is of each kind, and the file that holds it."""

    extents: tuple[Extent, ...]
    size: FileSize


@contextmanager
def opened(folder: Path) -> Iterator[Series]:
    """The records of a state folder; raises BadInput where no engine has made any there."""
    if not (folder / FILE).is_file():
        raise BadInput(
            f"{folder} holds no records: no engine has run there; name its state folder by --state"
        )
    series = Series.open(folder)
    try:
        yield series
    finally:
        series.close()


def summary_of(series: Series) -> Summary:
    """What there is."""
    return Summary(tuple(series.extent(kind) for kind in Kind), series.size())


def summary_json(found: Summary) -> str:
    """One line of JSON."""
    kinds = {
        each.kind.value: {"rows": each.rows, "first": _iso(each.first), "last": _iso(each.last)}
        for each in found.extents
    }
    return json.dumps({"records": kinds, "file_bytes": found.size.total, "free_bytes": found.size.free})


def summary_table(found: Summary) -> str:
    """The same for a terminal."""
    lines = [f"{'':10}{'rows':>12}  {'first (UTC)':20}{'last (UTC)':20}"]
    for each in found.extents:
        first, last = (f"{at:%Y-%m-%d %H:%M:%S}" if at else "-" for at in (each.first, each.last))
        lines.append(f"{each.kind.value:10}{each.rows:>12,}  {first:20}{last:20}".rstrip())
    total, free = found.size.total / 1e6, found.size.free / 1e6
    lines.append(f"file {total:,.1f} MB, of which {free:,.1f} MB are free for later records")
    return "\n".join(lines)


def export_json(wanted: Export, written: Sequence[Written]) -> str:
    """One line of JSON: the span that was asked for, and each file with its rows and bytes."""
    files = [
        {"what": each.kind.value, "file": str(each.path), "rows": each.rows, "bytes": each.bytes}
        for each in written
    ]
    span = {"since": _iso(wanted.span.since), "until": _iso(wanted.span.until)}
    return json.dumps({**span, "format": wanted.form.value, "files": files})


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
