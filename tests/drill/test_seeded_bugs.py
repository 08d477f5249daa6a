"""Each seeded bug has its places, some turn the drill red now, and one that changes nothing does not."""

import json
import subprocess
import sys
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from hedging.drill.invariants import ALL

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "tests" / "seeded_bugs" / "run.py"
MOST_SCHEDULES = 3_000
BY_THE_WATCH = {"I12"}
SOME = (  # a quick one of each invariant
    "timeout-is-failure",
    "send-then-persist",
    "a-failed-write-goes-on",
    "over-hedge",
    "any-price",
    "kill-does-not-stop",
    "fill-booked-twice",
    "unseen-hash",
    "fence-beyond-the-lease",
    "automatic-after-a-start",
)


def loaded():
    """The runner, which is a script and no module of a package."""
    spec = spec_from_file_location("seeded_bugs_run", RUN)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


run = loaded()
BUGS = {each.name: each for each in run.bugs()}


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("name", BUGS)
def test_the_places_of_a_bug_are_in_the_source_once(name):
    bug = BUGS[name]
    before = run.sources_of(bug)
    after = run.applied(bug, before)
    for file, text in after.items():
        assert text != before[file]
        compile(text, file, "exec")


def test_every_bug_has_a_name_of_its_own_and_says_what_it_is():
    assert len(BUGS) == len(run.bugs()) >= 24
    assert all(bug.sentence.endswith(".") for bug in BUGS.values())


def test_every_invariant_has_a_bug_that_breaks_it():
    known = {each.ID for each in ALL} | BY_THE_WATCH
    assert {name for bug in BUGS.values() for name in bug.breaks} == known


@pytest.mark.timeout(300)
@pytest.mark.control("I1", "I3", "I5", "I6", "I7", "I8", "I9", "I11", "C2")
def test_some_bugs_turn_the_drill_red(capsys, record_property):
    assert run.run([BUGS[name] for name in SOME], 2) == 0
    told = said(capsys)
    assert told["red"] == len(SOME)
    assert told["true_source"] == {}
    assert len(told["invariants"]) >= 8
    record_property(
        "figure",
        f"{told['red']} of {told['bugs']} seeded bugs seen in {told['seconds']} s, "
        f"by {', '.join(told['invariants'])}; the true source is clean on the same seeds",
    )


def test_a_bug_that_changes_nothing_ends_the_run_with_1(tmp_path):
    idle = tmp_path / "bugs.toml"
    idle.write_text(
        '[[bug]]\nname = "idle"\nsentence = "Nothing."\nfile = "hedging/drill/times.py"\n'
        'find = "SECOND = 1_000_000"\nreplace = "SECOND = 1_000_000  # the same"\nbreaks = ["I1"]\n'
        'drill = "--schedules 2"\n'
    )
    done = subprocess.run(
        [sys.executable, str(RUN), "--bugs", str(idle)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["green"] == ["idle"]


def test_a_bug_that_another_invariant_names_stays_green(capsys):
    """Red for another reason is no sign that its own guard is watched."""
    assert run.run([replace(BUGS["unseen-hash"], breaks=("I5",), drill=("--schedules", "2"))], 1) == 1
    assert said(capsys)["green"] == ["unseen-hash"]


def test_a_place_that_has_moved_is_said(capsys):
    bug = BUGS["unseen-hash"]
    moved = replace(bug, patches=(replace(bug.patches[0], find="no such line"),))
    assert run.run([moved], 1) == 1
    assert "its place is 0 times" in capsys.readouterr().out
