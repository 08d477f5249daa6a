"""Take one guard away at a time and see that the drill notices: else "0 violations" says nothing.

Each bug of ``bugs.toml`` is one replacement in a copy of the source, or several where a guard has layers; the
drill's schedules that are chosen for it then have to break an invariant that the bug may break. One line a
bug, then one line of JSON; exit 1 when any of them stays green, or when the true source breaks anything on a
seed that saw a bug.

Run: ``python tests/seeded_bugs/run.py [--only NAME …] [--every N] [--jobs 2] [--seed 1]``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
USUAL = "--schedules 400"
MOST_SECONDS = 400


@dataclass(frozen=True, slots=True)
class Patch:
    """One place of a bug: what stands there exactly once, and what instead."""

    file: str
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class Bug:
    """A guard that is removed: where, which invariants may name it, and the schedules that must see it."""

    name: str
    sentence: str
    patches: tuple[Patch, ...]
    breaks: tuple[str, ...]
    drill: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the drill said of one bug: invariants it broke with a seed each, or why it said nothing.

    ``schedules`` until then; ``seconds`` of processor time.
    """

    bug: Bug
    broken: dict[str, int]
    words: dict[str, str]
    trouble: str
    schedules: int
    seconds: float

    @property
    def named(self) -> str:
        """The invariant that the bug breaks and that was seen broken, "" where none was."""
        if self.trouble:
            return ""
        return next((name for name in self.bug.breaks if name in self.broken), "")


def bugs(file: Path = HERE / "bugs.toml") -> tuple[Bug, ...]:
    """Every seeded bug, in the order of the file."""
    whole = tomllib.loads(file.read_text(encoding="utf-8"))
    return tuple(
        Bug(
            name=one["name"],
            sentence=one["sentence"],
            patches=tuple(Patch(p["file"], p["find"], p["replace"]) for p in one.get("patch", [one])),
            breaks=tuple(one["breaks"]),
            drill=tuple(one.get("drill", USUAL).split()),
        )
        for one in whole["bug"]
    )


def applied(bug: Bug, sources: dict[str, str]) -> dict[str, str]:
    """The sources by file with the bug in them. Raises ValueError unless each place is there exactly once."""
    changed = dict(sources)
    for patch in bug.patches:
        count = changed[patch.file].count(patch.find)
        if count != 1:
            raise ValueError(f"{bug.name}: its place is {count} times in {patch.file}")
        changed[patch.file] = changed[patch.file].replace(patch.find, patch.replace)
    return changed


def sources_of(bug: Bug) -> dict[str, str]:
    """The true text of every file that a bug changes."""
    return {each.file: (ROOT / each.file).read_text(encoding="utf-8") for each in bug.patches}


def hunt(source: Path, words: Sequence[str]) -> dict[str, object]:
    """Play schedules with the source in a folder. Raises ValueError where no answer comes."""
    command = [sys.executable, str(HERE / "hunt.py"), *words]
    env = {**os.environ, "PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=source, env=env, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ValueError(f"the drill did not end within {MOST_SECONDS} s") from error
    if done.returncode:
        raise ValueError(f"the drill broke down: {done.stderr.strip()[-300:]}")
    told = json.loads(done.stdout.strip().splitlines()[-1])
    if not Path(told["source"]).is_relative_to(source):
        raise ValueError(f"another source was played: {told['source']}")
    return told


def outcome(bug: Bug) -> Outcome:
    """Run the drill on a copy of the source with the bug in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve()
        shutil.copytree(ROOT / "hedging", copy / "hedging", ignore=shutil.ignore_patterns("__pycache__"))
        try:
            for name, text in applied(bug, sources_of(bug)).items():
                (copy / name).write_text(text, encoding="utf-8")
            told = hunt(copy, [*bug.drill, "--breaks", ",".join(bug.breaks)])
        except ValueError as error:
            return Outcome(bug, {}, {}, str(error), 0, 0.0)
    broken = {name: seeds[-1] for name, seeds in told["violations"].items()}
    return Outcome(bug, broken, told["words"], "", told["schedules"], told["cpu"])


def line(found: Outcome) -> str:
    """What a person reads of one bug."""
    mark = "red  " if found.named else "GREEN"
    seen = ", ".join(f"{name} (seed {seed})" for name, seed in sorted(found.broken.items()))
    said = found.trouble or seen or "nothing was broken"
    return f"{mark} {found.bug.name:<34} {said}  [{found.schedules} schedules, {found.seconds:.1f} s]"


def broken_in_truth(seeds: Iterable[int]) -> dict[str, list[int]]:
    """Invariants that the true source breaks on these seeds: none."""
    chosen = [str(each) for each in sorted(set(seeds))]
    return hunt(ROOT.resolve(), ["--these", *chosen])["violations"] if chosen else {}


def run(wanted: Sequence[Bug], jobs: int) -> int:
    """Run these bugs, say of each what saw it, and give the exit code."""
    begun = time.monotonic()
    say = partial(print, flush=True)
    found = []
    with ThreadPoolExecutor(jobs) as pool:
        for each in pool.map(outcome, wanted):
            found.append(each)
            say(line(each))
    red = [each for each in found if each.named]
    true = broken_in_truth(each.broken[each.named] for each in red)
    told = {
        "bugs": len(found),
        "red": len(red),
        "green": [each.bug.name for each in found if not each.named],
        "invariants": sorted({each.named for each in red}),
        "seen": {each.bug.name: [each.named, each.broken[each.named], each.seconds] for each in red},
        "true_source": true,
        "seconds": round(time.monotonic() - begun, 1),
    }
    say(json.dumps(told))
    return 1 if true or len(red) < len(found) or not found else 0


def main() -> int:
    """Run what was chosen."""
    chosen = argparse.ArgumentParser(description=__doc__)
    chosen.add_argument("--only", nargs="*", default=None)
    chosen.add_argument("--every", type=int, default=1, help="take one bug of so many")
    chosen.add_argument("--bugs", type=Path, default=HERE / "bugs.toml", help="the file that lists them")
    chosen.add_argument("--jobs", type=int, default=2)
    chosen.add_argument("--seed", type=int, default=1, help="where the schedules begin")
    given = chosen.parse_args()
    known = (replace(each, drill=(*each.drill, "--seed", str(given.seed))) for each in bugs(given.bugs))
    wanted = [bug for bug in known if given.only is None or bug.name in given.only][:: given.every]
    return run(wanted, given.jobs)


if __name__ == "__main__":
    sys.exit(main())
