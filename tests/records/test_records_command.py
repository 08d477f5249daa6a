"""``python -m hedging records`` as a stranger meets it."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from hedging.__main__ import RECORDS, main
from hedging.errors import BadInput
from hedging.ledger import Series
from hedging.model.view import ExposureSample
from hedging.records import Kind, span_of, time_of

ROOT = Path(__file__).resolve().parents[2]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    series = Series.open(folder)
    series.add_samples(
        [
            ExposureSample(
                at=NOON + timedelta(minutes=minute),
                underlying="BTC",
                index=1e5,
                delta=1.5,
                band_lower=-5.0,
                band_upper=5.0,
                ratio_held=None,
                ratio_wanted=None,
            )
            for minute in range(10)
        ]
    )
    series.close()
    return folder


def run(*arguments: object):
    return CliRunner().invoke(main, ["records", *map(str, arguments)])


def test_the_summary_says_what_from_when_to_when_and_how_much(state):
    found = run("summary", "--state", state)
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    assert "exposure            10  2026-11-22 12:00:00 2026-11-22 12:09:00" in lines
    assert "marks                0  -                   -" in lines
    assert "free for later records" in lines[-1]


def test_the_summary_as_json(state):
    found = json.loads(run("summary", "--state", state, "--format", "json").output)
    assert found["records"]["drift"] == {
        "rows": 10,
        "first": "2026-11-22T12:00:00+00:00",
        "last": "2026-11-22T12:09:00+00:00",
    }
    assert found["records"]["marks"] == {"rows": 0, "first": None, "last": None}
    assert found["file_bytes"] == (state / "series.sqlite").stat().st_size


def test_an_export_ends_with_one_line_of_json(state, tmp_path):
    found = run(
        *("export", "--state", state, "--what", "drift", "--to", tmp_path / "out", "--format", "csv"),
        *("--since", "2026-11-22T12:02Z", "--until", "2026-11-22T12:05:00+00:00"),
    )
    assert found.exit_code == 0, found.output
    (line,) = found.stdout.splitlines()
    said = json.loads(line)
    (file,) = said["files"]
    assert (file["what"], file["rows"], said["since"]) == ("drift", 3, "2026-11-22T12:02:00+00:00")
    assert file["bytes"] == Path(file["file"]).stat().st_size
    assert len(Path(file["file"]).read_text().splitlines()) == 4


def test_everything_is_exported_unless_told_otherwise_and_what_is_empty_is_said(state, tmp_path):
    found = run("export", "--state", state, "--to", tmp_path / "out")
    assert found.exit_code == 0, found.output
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{kind}.parquet" for kind in Kind}
    assert (
        "nothing is recorded of limits, marks, margin, decisions in that time: only columns" in found.stderr
    )
    again = run("export", "--state", state, "--to", tmp_path / "out")
    assert again.exit_code == 2
    assert "add --overwrite" in again.stderr
    assert run("export", "--state", state, "--to", tmp_path / "out", "--overwrite").exit_code == 0


@pytest.mark.parametrize("command", [("summary",), ("export", "--to", "out")])
def test_a_folder_without_records_is_named_and_stays_empty(tmp_path, command):
    found = run(*command, "--state", tmp_path)
    assert found.exit_code == 2
    assert f"{tmp_path} holds no records" in found.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (("--since", "yesterday"), "the time 'yesterday' cannot be read: write it like 2026-11-22T08:00Z"),
        (("--since", "2026-11-22T08:00"), "has no zone"),
        (("--until", "2026-13-01T00:00Z"), "cannot be read"),
        (("--since", "2026-11-22T08:00Z", "--until", "2026-11-22T08:00Z"), "holds nothing"),
        (("--since", "99999999999d"), "cannot be read"),
    ],
)
def test_a_bad_time_is_refused_before_anything_is_written(state, tmp_path, times, said):
    found = run("export", "--state", state, "--to", tmp_path / "out", *times)
    assert found.exit_code == 2
    assert said in found.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", NOON - timedelta(minutes=30)),
        ("24h", NOON - timedelta(days=1)),
        (" 0.5d ", NOON - timedelta(hours=12)),
        ("2026-11-22", None),
        ("2026-11-22T13:00:00.5+01:00", NOON + timedelta(milliseconds=500)),
        ("-3h", None),
        ("", None),
        ("24", None),
    ],
)
def test_times_are_iso_with_zone_or_how_long_ago(text, expected):
    if expected is None:
        with pytest.raises(BadInput, match="write it like"):
            time_of(text, NOON)
    else:
        assert time_of(text, NOON) == expected


def test_without_times_all_until_now_is_meant():
    assert (span_of(None, None, NOON).since, span_of(None, None, NOON).until) == (None, NOON)
    assert span_of("1h", None, NOON).since == NOON - timedelta(hours=1)


def test_the_command_offers_every_kind():
    assert [*(kind.value for kind in Kind), "all"] == RECORDS


def test_help_starts_without_the_libraries_of_the_export():
    code = "import sys; import hedging.__main__; print('pyarrow' in sys.modules or 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
