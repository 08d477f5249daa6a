"""Play schedules until one of the wanted invariants breaks, or those of given seeds; one line of JSON.

Run by ``run.py`` with a copy of the source, or the source itself, as the first place of the module path.
"""

import argparse
import json
import time
from itertools import islice

import hedging
from hedging.drill.plan import plan, seeds
from hedging.drill.runner import play


def main() -> None:
    """Stop at the first schedule that breaks what it may break; without ``--breaks`` at the first at all."""
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--seed", type=int, default=1)
    wanted.add_argument("--schedules", type=int, default=400)
    wanted.add_argument("--profile", default=None)
    wanted.add_argument("--fault", default=None)
    wanted.add_argument("--where", default="", help="only plans that have this, as style=passive")
    wanted.add_argument("--breaks", default="")
    wanted.add_argument("--these", type=int, nargs="*", default=None, help="these seeds alone, all of them")
    given = wanted.parse_args()
    breaks = set(given.breaks.split(",")) - {""}
    if given.these is None:
        every = seeds(given.seed, given.profile, given.fault)
        name, _, value = given.where.partition("=")
        fitting = (seed for seed in every if not name or str(getattr(plan(seed), name)) == value)
        chosen = list(islice(fitting, given.schedules))
    else:
        chosen = given.these
    found: dict[str, list[int]] = {}
    words: dict[str, str] = {}
    played = 0
    for seed in chosen:
        played += 1
        broken = play(seed).broken
        for name, said in broken:
            found.setdefault(name, []).append(seed)
            words.setdefault(name, said)
        if given.these is None and broken and (not breaks or breaks & found.keys()):
            break
    told = {
        "source": hedging.__file__,
        "schedules": played,
        "violations": found,
        "words": words,
        "cpu": round(time.process_time(), 1),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
