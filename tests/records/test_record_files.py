"""Records leave the program as they are: every number, every blank, with units, whole or not at all."""

import csv
import io
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.ledger import Series
from hedging.ledger.series_marks import MarkFrame
from hedging.ledger.series_points import (
    DriftPoint,
    ExposurePoint,
    LimitLine,
    LimitPoint,
    MarginPoint,
    Moment,
)
from hedging.model.trading import Decision, Outcome, Verdict
from hedging.model.view import DecisionRun
from hedging.records import Existing, Export, Form, Kind, Span, batches, columns, export, schema, table
from hedging.records.columns import Type

NOON = datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC)
FLOATS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.none() | st.text(st.characters(codec="utf-8"), min_size=1)
EVER = Span()


def a_moment(at: datetime, number: float | None = 0.1 + 0.2, text: str | None = None) -> Moment:
    values = (number, 2.0, None, 0.5, -1.0, 1e-300, 0.25)
    return Moment(
        at=at,
        exposures=(ExposurePoint(underlying="BTC", delta_coin=number, gaps=2, missing=text),),
        drifts=(DriftPoint(underlying="BTC", band_lower_coin=-5.0, band_upper_coin=5.0, ratio_held=number),),
        limits=(
            LimitPoint(
                line=LimitLine("BTC", "delta", 5.0, 10.0, "BTC"), value=number, level="inside", gaps=0
            ),
        ),
        margins=(MarginPoint(account="main", currency="BTC", equity=number, delta_totals=text),),
        marks=MarkFrame.of(at, [("deribit", "A"), ("okx", "B")], [values, (None,) * 7]),
    )


def a_run(number: int) -> DecisionRun:
    decision = Decision(
        at=NOON + timedelta(seconds=number),
        underlying="BTC",
        outcome=Outcome.BLOCKED,
        reason='"quoted", and\na second line',
        verdicts=(Verdict(check="band", passed=False, reason="+14.2"),),
        inputs_hash="ab",
        delta=None,
    )
    return DecisionRun(first_at=NOON - timedelta(seconds=9), cycles=number, decision=decision)


@pytest.fixture
def series(tmp_path):
    opened = Series.open(tmp_path / "state")
    yield opened
    opened.close()


@pytest.fixture
def filled(series):
    for second in range(5):
        series.add(a_moment(NOON + timedelta(seconds=second), second + 0.1))
    series.put_decision_runs([a_run(1)])
    return series


def wanted(folder: Path, form: Form, *kinds: Kind, **changes) -> Export:
    return replace(Export(kinds or tuple(Kind), EVER, form, folder / "out"), **changes)


def write(series: Series, asked: Export) -> int:
    counted = []
    export(series, asked, counted.append)
    return sum(counted)


def read_csv(path: Path, kind: Kind) -> list[list[object]]:
    """As a reader that knows our columns would: blank is missing, our mark before a formula goes."""
    meant = {
        Type.TIME: datetime.fromisoformat,
        Type.TEXT: lambda cell: cell.removeprefix("'"),
        Type.NUMBER: float,
        Type.COUNT: int,
    }
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.reader(opened))
    assert rows[0] == [each.name for each in columns(kind)]
    return [
        [
            None if cell == "" else meant[each.type](cell)
            for cell, each in zip(row, columns(kind), strict=True)
        ]
        for row in rows[1:]
    ]


@pytest.mark.parametrize("kind", list(Kind))
def test_both_forms_and_the_table_hold_the_same(filled, tmp_path, kind):
    direct = [list(row.values()) for row in table(filled, kind, None, None).to_pylist()]
    assert direct
    write(filled, wanted(tmp_path, Form.CSV, kind))
    write(filled, wanted(tmp_path, Form.PARQUET, kind))
    assert read_csv(tmp_path / "out" / f"{kind}.csv", kind) == direct
    read = pq.read_table(tmp_path / "out" / f"{kind}.parquet")
    assert [list(row.values()) for row in read.to_pylist()] == direct
    assert read.schema.equals(schema(kind), check_metadata=False)


@settings(max_examples=40)
@given(number=FLOATS, text=TEXTS)
def test_any_number_and_any_text_come_back_exactly(tmp_path_factory, number, text):
    folder = tmp_path_factory.mktemp("any")
    series = Series.open(folder)
    series.add(a_moment(NOON, number, text))
    for form in Form:
        write(series, wanted(folder, form))
    for kind, place in ((Kind.EXPOSURE, "delta_coin"), (Kind.MARGIN, "equity"), (Kind.MARKS, "mark")):
        at = [each.name for each in columns(kind)].index(place)
        row = read_csv(folder / "out" / f"{kind}.csv", kind)[0]
        (stored, *_) = pq.read_table(folder / "out" / f"{kind}.parquet").column(place).to_pylist()
        assert (row[0], stored is None) == (NOON, number is None)
        assert repr(row[at]) == repr(stored) == repr(number if number is None else float(number))
    if text is None or not text.startswith("'"):
        assert read_csv(folder / "out" / "exposure.csv", Kind.EXPOSURE)[0][-1] == text
    assert pq.read_table(folder / "out" / "exposure.parquet").column("missing").to_pylist() == [text]
    series.close()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "'=1"])
def test_no_cell_starts_a_formula(series, tmp_path, text):
    series.add(a_moment(NOON, text=text))
    write(series, wanted(tmp_path, Form.CSV, Kind.EXPOSURE))
    rows = list(csv.reader(io.StringIO((tmp_path / "out" / "exposure.csv").read_text(), newline="")))
    assert rows[1][-1] == "'" + text
    described = list(csv.reader((tmp_path / "out" / "exposure.columns.csv").read_text().splitlines()))
    assert not [cell for row in described for cell in row if cell[:1] in tuple("=+-@\t")]


def test_a_missing_value_is_blank_and_never_a_number(series, tmp_path):
    series.add(a_moment(NOON, None))
    write(series, wanted(tmp_path, Form.CSV))
    lines = (tmp_path / "out" / "marks.csv").read_text().splitlines()
    assert (
        lines[1]
        == '"2026-11-22T12:00:00.123456Z","deribit","A",,2,,0.5,-1,1e-300,0.25,"not sent: mark, forward_usd"'
    )
    assert lines[2] == '"2026-11-22T12:00:00.123456Z","okx","B",,,,,,,,"no quote has arrived"'
    assert table(series, Kind.EXPOSURE, None, None).column("delta_coin").to_pylist() == [None]


def test_what_is_not_finite_in_a_frame_is_missing_with_its_reason(series):
    values = [(float("inf"), float("nan"), 3.0, 4.0, 5.0, 6.0, 7.0)]
    series.add(replace(a_moment(NOON), marks=MarkFrame.of(NOON, [("deribit", "A")], values)))
    (row,) = table(series, Kind.MARKS, None, None).to_pylist()
    assert (row["mark"], row["index_usd"], row["forward_usd"]) == (None, None, 3.0)
    assert row["missing"] == "not a finite number: mark, index_usd"


@pytest.mark.parametrize("kind", list(Kind))
def test_every_column_has_its_unit_and_meaning_beside_it(filled, tmp_path, kind):
    write(filled, wanted(tmp_path, Form.CSV, kind))
    write(filled, wanted(tmp_path, Form.PARQUET, kind))
    described = list(csv.DictReader((tmp_path / "out" / f"{kind}.columns.csv").read_text().splitlines()))
    parquet = pq.read_schema(tmp_path / "out" / f"{kind}.parquet")
    for said, each in zip(described, columns(kind), strict=True):
        assert (said["column"], said["unit"], said["meaning"]) == (each.name, each.unit, each.meaning)
        field = parquet.field(each.name)
        assert field.metadata[b"unit"].decode() == each.unit
        assert field.metadata[b"meaning"].decode() == each.meaning
        assert bool(each.unit) == (each.type is not Type.TEXT)
        assert each.meaning


def test_the_columns_are_those_of_the_tables(filled):
    for kind in (Kind.EXPOSURE, Kind.DRIFT, Kind.LIMITS, Kind.MARGIN):
        ((row, *_),) = filled.rows(kind, EVER)
        assert {name.replace("at_ns", "at") for name in row._fields} == {each.name for each in columns(kind)}


def test_a_time_without_records_gives_columns_and_no_row(filled, tmp_path):
    later = Span(NOON + timedelta(days=1))
    for form in Form:
        assert write(filled, wanted(tmp_path, form, span=later)) == 0
    for kind in Kind:
        assert read_csv(tmp_path / "out" / f"{kind}.csv", kind) == []
        assert pq.read_table(tmp_path / "out" / f"{kind}.parquet").num_rows == 0


def test_a_file_that_is_there_is_kept_unless_told_otherwise(filled, tmp_path):
    asked = wanted(tmp_path, Form.CSV, Kind.DRIFT, Kind.MARKS)
    asked.folder.mkdir()
    (asked.folder / "marks.csv").write_text("mine")
    with pytest.raises(BadInput, match=r"already holds marks.csv: .* --overwrite"):
        write(filled, asked)
    assert [path.name for path in asked.folder.iterdir()] == ["marks.csv"]
    assert (asked.folder / "marks.csv").read_text() == "mine"
    assert write(filled, replace(asked, existing=Existing.REPLACE)) == 15
    assert len(read_csv(asked.folder / "marks.csv", Kind.MARKS)) == 10


def test_a_description_that_is_there_is_kept_too(filled, tmp_path):
    asked = wanted(tmp_path, Form.CSV, Kind.DRIFT)
    asked.folder.mkdir()
    (asked.folder / "drift.columns.csv").write_text("mine")
    with pytest.raises(BadInput, match=r"drift.columns.csv"):
        write(filled, asked)


@pytest.mark.parametrize("form", list(Form))
def test_an_export_that_fails_leaves_nothing_and_the_old_file(filled, tmp_path, form):
    asked = wanted(tmp_path, form, Kind.DRIFT, existing=Existing.REPLACE)
    asked.folder.mkdir()
    (asked.folder / f"drift.{form}").write_text("old")

    def gives_up(rows: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(BadInput, match="No space left on device"):
        export(filled, asked, gives_up)
    assert [path.name for path in asked.folder.iterdir()] == [f"drift.{form}"]
    assert (asked.folder / f"drift.{form}").read_text() == "old"


def test_a_folder_that_cannot_be_made_is_named(filled, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(BadInput, match=r"cannot write to .*out"):
        write(filled, wanted(tmp_path, Form.CSV))


@pytest.mark.skipif(os.geteuid() == 0, reason="permissions do not bind root")
def test_a_folder_without_rights_is_named(filled, tmp_path):
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(BadInput, match="Permission denied"):
        write(filled, wanted(tmp_path, Form.CSV))


def test_progress_counts_every_row_as_it_is_written(filled, tmp_path):
    total = sum(filled.extent(kind).rows for kind in Kind)
    assert write(filled, wanted(tmp_path, Form.PARQUET)) == total == 31


def test_records_are_read_in_parts_not_all_at_once(series):
    for second in range(120):
        at = NOON + timedelta(seconds=second)
        instruments = [("deribit", f"I-{number}") for number in range(400)]
        marks = MarkFrame.of(at, instruments, [(1.0,) * 7] * 400)
        series.add(Moment(at=at, exposures=(), drifts=(), limits=(), margins=(), marks=marks))
    parts = [part.num_rows for part in batches(series, Kind.MARKS, EVER)]
    assert sum(parts) == 48_000
    assert max(parts) <= 20_000


def test_the_table_is_of_the_times_asked_for(filled):
    found = table(filled, Kind.EXPOSURE, NOON + timedelta(seconds=1), NOON + timedelta(seconds=3))
    assert isinstance(found, pa.Table)
    assert found.column("delta_coin").to_pylist() == [1.1, 2.1]
    assert all(isfinite(value) for value in found.column("delta_coin").to_pylist())
