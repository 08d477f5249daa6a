"""The command: one line of JSON, exit code 1 on a violation, and many schedules without any."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hedging.core import events as happened
from hedging.core import step as steps
from hedging.core import tracking
from hedging.drill.command import drill
from hedging.drill.plan import cells

ROOT = Path(__file__).resolve().parents[2]
SCHEDULES = int(os.environ.get("HEDGING_SCHEDULES", "400"))  # .ci/run asks for ten thousand
EVERY_CELL = 10_000
INVARIANTS = ("I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I11", "I12", "I13", "I14", "C14", "C12")


def run(*words):
    return CliRunner().invoke(drill, [*words, "--workers", "1"])


def test_it_prints_one_line_with_what_was_found():
    found = run("--seed", "2", "--schedules", "4", "--profile", "okx", "--fault", "cut_during")
    assert found.exit_code == 0
    line = json.loads(found.stdout.splitlines()[-1])
    assert line["schedules"] == 4
    assert line["violations"] == {}
    assert line["coverage"]["cut_during"]["okx"] >= 1
    assert line["schedules_per_second"] > 0


def test_a_violation_ends_it_with_1_and_a_seed_that_replays_it(monkeypatch):
    def give_up(turn, event):
        tracking.take_refusal(turn, happened.Refused(event.client_id, event.why))

    monkeypatch.setitem(steps.TAKES, happened.Unclear, give_up)
    found = run("--schedules", "40", "--profile", "unfenced", "--fault", "late_accept")
    assert found.exit_code == 1
    violations = json.loads(found.stdout.splitlines()[-1])["violations"]
    name, seeds = next(iter(violations.items()))
    again = run("--replay", str(seeds[0]))
    assert again.exit_code == 1
    assert f"{name} broken" in again.stdout


@pytest.mark.parametrize("words", [("--profile", "nasdaq"), ("--fault", "boredom")])
def test_what_is_not_known_is_refused(words):
    assert run("--schedules", "1", *words).exception is not None


@pytest.mark.control(*INVARIANTS)
@pytest.mark.timeout(1_500)
def test_random_schedules_break_nothing(record_property):
    line = [sys.executable, "-m", "hedging", "drill", "--seed", "1", "--schedules", str(SCHEDULES)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    print(f"{found['schedules']} schedules in {found['seconds']} s, {found['schedules_per_second']} a second")
    assert found["violations"] == {}, found["words"]
    assert found["schedules"] == SCHEDULES
    if SCHEDULES >= EVERY_CELL:
        assert found["uncovered"] == []
    assert sum(len(row) for row in found["coverage"].values()) == len(cells())
    assert done.returncode == 0
    record_property("figure", f"{found['schedules']:,} schedules, {found['orders']:,} orders: 0 violations")
