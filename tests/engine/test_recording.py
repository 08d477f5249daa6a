"""A running engine's records, read by another process while it goes on."""

import json
from itertools import pairwise

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from hedging.__main__ import main
from hedging.ledger.series_points import Kind


def exported(demo, folder):
    """All records as they are now, by kind."""
    found = CliRunner().invoke(main, ["records", "export", "--state", str(demo.state), "--to", str(folder)])
    assert found.exit_code == 0, found.output
    said = json.loads(found.stdout)
    return {each["what"]: pq.read_table(each["file"]).to_pylist() for each in said["files"]}


@pytest.fixture(scope="module")
def records(demo, tmp_path_factory):
    demo.wait("a first view", demo.series.view)
    demo.wait("a first known delta", lambda: all(each.exposure for each in demo.view().underlyings))
    start = demo.series.extent(Kind.MARKS).last
    demo.wait("some seconds of marks", lambda: (demo.series.extent(Kind.MARKS).last - start).seconds >= 4)
    return exported(demo, tmp_path_factory.mktemp("out"))


def test_every_kind_is_recorded_once_a_second(records):
    seconds = {}
    for kind in ("exposure", "drift", "limits", "marks", "margin"):
        times = sorted({row["at"] for row in records[kind]})
        seconds[kind] = times
        gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
        assert max(gaps) < 3, kind
        assert len({time.replace(microsecond=0) for time in times}) == len(times), kind
    assert len({tuple(times) for times in seconds.values()}) == 1
    assert records["decisions"]


def test_the_last_second_is_complete(records):
    last = records["exposure"][-1]["at"]
    exposures = {row["underlying"]: row for row in records["exposure"] if row["at"] == last}
    assert set(exposures) == {"BTC", "ETH"}
    assert {row["missing"] for row in exposures.values()} == {None}
    marks = [row for row in records["marks"] if row["at"] == last]
    assert {(row["venue"], row["mark"] is None, row["age_seconds"] < 10) for row in marks} == {
        ("deribit", False, True)
    }
    options = [row for row in marks if row["instrument"].endswith(("-C", "-P"))]
    assert {row["missing"] for row in options} == {None}
    assert all(0.05 < row["iv"] < 5 for row in options)
    limits = [row for row in records["limits"] if row["at"] == last]
    assert {row["level"] for row in limits} <= {"inside", "soft", "hard"}
    assert all(row["unit"] for row in limits)


def test_the_recorded_delta_is_the_exchanges_own_of_the_same_moment(records):
    """The demo holds BTC against BTC and USDC: the two totals are the whole."""
    last = records["margin"][-1]["at"]
    totals = [
        row["delta_total_coin"]
        for row in records["margin"]
        if row["at"] == last
        and row["delta_total_coin"] is not None
        and (row["currency"] == "BTC" or (row["delta_totals"] or "").startswith("BTC="))
    ]
    (net,) = [
        row["delta_net_coin"]
        for row in records["exposure"]
        if row["at"] == last and row["underlying"] == "BTC"
    ]
    assert totals
    assert sum(totals) == pytest.approx(net, abs=0.3)
