"""Take one guard away at a time and see that the drill notices: else "0 violations" says nothing.

Each bug of ``bugs.toml`` is one replacement in a copy of the source; the drill then has to end red and name
an invariant that the bug breaks. One line a bug, exit 1 when any of them stays green.

Run: ``python tests/seeded_bugs/run.py [--only NAME …] [--every N] [--jobs 2]``.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
MOST_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Bug:
    """A guard that is removed: where, how, which invariants may name it, and the drill that must see it."""

    name: str
    sentence: str
    file: str
    find: str
    replace: str
    breaks: tuple[str, ...]
    drill: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the drill said of one bug: the invariants it broke with a seed each, or why it said nothing."""

    bug: Bug
    broken: dict[str, int]
    trouble: str
    seconds: float

    @property
    def is_red(self) -> bool:
        """Whether an invariant that the bug breaks was named."""
        return not self.trouble and bool(set(self.bug.breaks) & self.broken.keys())


def bugs() -> tuple[Bug, ...]:
    """Every seeded bug, in the order of the file."""
    whole = tomllib.loads((HERE / "bugs.toml").read_text(encoding="utf-8"))
    return tuple(
        Bug(
            name=one["name"],
            sentence=one["sentence"],
            file=one["file"],
            find=one["find"],
            replace=one["replace"],
            breaks=tuple(one["breaks"]),
            drill=tuple(one.get("drill", "--schedules 400 --seed 1").split()),
        )
        for one in whole["bug"]
    )


def applied(bug: Bug, source: str) -> str:
    """The source with the bug in it. Raises ValueError unless its place is there exactly once."""
    count = source.count(bug.find)
    if count != 1:
        raise ValueError(f"{bug.name}: its place is {count} times in {bug.file}")
    return source.replace(bug.find, bug.replace)


def outcome(bug: Bug) -> Outcome:
    """Run the drill on a copy of the source with the bug in it."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "hedging", copy / "hedging", ignore=shutil.ignore_patterns("__pycache__"))
        file = copy / bug.file
        file.write_text(applied(bug, file.read_text(encoding="utf-8")), encoding="utf-8")
        command = [sys.executable, "-m", "hedging", "drill", "--workers", "1", *bug.drill]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, text=True, timeout=MOST_SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return Outcome(bug, {}, f"the drill did not end within {MOST_SECONDS} s", MOST_SECONDS)
    seconds = time.monotonic() - begun
    try:
        told = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        return Outcome(bug, {}, f"the drill said nothing: {done.stderr.strip()[-300:]}", seconds)
    broken = {name: seeds[0] for name, seeds in told["violations"].items() if seeds}
    return Outcome(bug, broken, "", seconds)


def main() -> int:
    """Run what was chosen, and say of each bug what saw it."""
    chosen = argparse.ArgumentParser(description=__doc__)
    chosen.add_argument("--only", nargs="*", default=None)
    chosen.add_argument("--every", type=int, default=1, help="take one bug of so many")
    chosen.add_argument("--jobs", type=int, default=2)
    given = chosen.parse_args()
    wanted = [bug for bug in bugs() if given.only is None or bug.name in given.only][:: given.every]
    green = 0
    with ThreadPoolExecutor(given.jobs) as pool:
        for found in pool.map(outcome, wanted):
            green += not found.is_red
            seen = ", ".join(f"{name} (seed {seed})" for name, seed in sorted(found.broken.items()))
            mark = "red  " if found.is_red else "GREEN"
            said = found.trouble or seen or "nothing was broken"
            print(f"{mark} {found.bug.name:<28} {said}  [{found.seconds:.0f} s]", flush=True)
    print(f"{len(wanted) - green} of {len(wanted)} seeded bugs were seen", flush=True)
    return 1 if green or not wanted else 0


if __name__ == "__main__":
    sys.exit(main())
