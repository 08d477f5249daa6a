"""The selfcheck: what was shown is listed with its figure, what was not is missing and exits with 1."""

import json
import re

import pytest
from click.testing import CliRunner
from evidence import ROOT

from hedging import selfcheck
from hedging.__main__ import main
from hedging.errors import BadInput
from hedging.selfcheck import CONTROLS, Evidence, findings, missing, record

SHOWN = Evidence("tests/test_x.py::test_y", "0 of 1,000", "2026-11-22T12:00:00+00:00")


def all_shown(path):
    record(path, {control.id: [SHOWN] for control in CONTROLS}, frozenset())


def run(path):
    return CliRunner().invoke(main, ["selfcheck", "--evidence", str(path)])


def test_every_control_of_the_list_is_shown_with_its_figure(tmp_path):
    all_shown(tmp_path / "evidence.json")
    found = run(tmp_path / "evidence.json")
    assert found.exit_code == 0
    for control in CONTROLS:
        assert f"{control.id} " in found.output
    assert "2026-11-22 12:00 UTC  0 of 1,000  [tests/test_x.py::test_y]" in found.output


@pytest.mark.control("C21")
def test_without_evidence_the_exit_code_is_one(tmp_path):
    found = run(tmp_path / "none.json")
    assert found.exit_code == 1
    assert "C1, C2, C3" in found.output


def test_a_test_that_fails_takes_its_evidence_away(tmp_path):
    path = tmp_path / "evidence.json"
    all_shown(path)
    record(path, {}, frozenset({SHOWN.test}))
    assert len(missing(findings(path))) == len(CONTROLS)


def test_evidence_of_another_source_counts_as_missing(tmp_path, monkeypatch):
    path = tmp_path / "evidence.json"
    all_shown(path)
    monkeypatch.setattr(selfcheck, "fingerprint", lambda: "another")
    assert len(missing(findings(path))) == len(CONTROLS)


def test_a_file_that_is_no_evidence_says_what_to_do(tmp_path):
    path = tmp_path / "evidence.json"
    path.write_text(json.dumps({"source": selfcheck.fingerprint(), "controls": {"C1": [{"odd": 1}]}}))
    with pytest.raises(BadInput, match="delete it and run the tests"):
        findings(path)


def test_every_mark_names_a_control_of_the_list():
    known = {control.id for control in CONTROLS}
    for file in (ROOT / "tests").rglob("test_*.py"):
        for named in re.findall(r"mark\.control\(([^)]+)\)", file.read_text(encoding="utf-8")):
            assert set(re.findall(r'"(\w+)"', named)) <= known, f"{file}: {named}"
