"""A schedule is its seed, everywhere and every time; every fault is a file that says what it does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hedging.drill.fault import known_faults
from hedging.drill.invariants import ALL
from hedging.drill.plan import ALL_PROFILES, cells, plan, seeds
from hedging.drill.runner import play, replay
from hedging.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]
SOME = (3, 88, 201, 1_000_217)


@pytest.mark.parametrize("seed", SOME)
def test_a_seed_gives_the_same_trace_again(seed):
    (first, one), (second, other) = replay(seed), replay(seed)
    assert one.digest == other.digest
    assert first == second == play(seed)
    assert len(one.lines) > 50


def test_seeds_differ():
    assert len({replay(seed)[1].digest for seed in SOME}) == len(SOME)


def test_a_trace_does_not_depend_on_the_process():
    """Hashes of strings differ from process to process: no set's order may reach a schedule."""
    found = set()
    for salt in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": salt, "PYTHONPATH": str(ROOT)}
        line = [sys.executable, "-m", "hedging", "drill", "--replay", "201"]
        run = subprocess.run(line, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
        found.add(run.stdout.splitlines()[-1])
    assert found == {
        f"{len(replay(201)[1].lines)} lines, {replay(201)[0].orders} orders sent, "
        f"sha256 {replay(201)[1].digest}"
    }


def test_seeds_go_through_every_cell_in_turn():
    wanted = seeds(5, None, None)
    first = [next(wanted) for _ in cells()]
    assert {(plan(seed).faults[0].fault.name, plan(seed).profile.name) for seed in first} == set(cells())


def test_seeds_keep_to_a_fault_and_a_profile():
    wanted = seeds(5, "okx", "late_accept")
    for seed in (next(wanted) for _ in range(3)):
        assert (plan(seed).faults[0].fault.name, plan(seed).profile.name) == ("late_accept", "okx")


def test_what_a_profile_cannot_show_is_refused():
    with pytest.raises(BadInput, match="cannot show"):
        next(iter(seeds(1, "deribit", "unknown_status")))


def test_each_fault_is_named_as_its_file_and_says_what_it_does():
    folder = ROOT / "hedging" / "drill" / "faults"
    files = {each.stem for each in folder.glob("*.py")} - {"__init__"}
    assert set(known_faults()) == files
    for each in known_faults().values():
        assert len(each.sentence.split()) > 2
        hooks = (each.submit, each.read, each.stream, each.quotes, each.share, each.begin)
        assert any(hook is not None for hook in hooks)
        assert any(each.possible(profile) for profile in ALL_PROFILES)


def test_each_invariant_looks_at_something():
    kinds = ("sent", "taken", "traded", "stored", "assessed", "ended")
    assert len({each.ID for each in ALL}) == len(ALL)
    for each in ALL:
        assert each.SENTENCE
        assert any(hasattr(each, kind) for kind in kinds)
