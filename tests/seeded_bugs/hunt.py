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

MOST_LOOKED_AT = 60_000  # seeds, for those of a kind


def main() -> None:
    """Stop at the first schedule that breaks what it may break; without ``--breaks`` at the first at all."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--schedules", type=int, default=400)
    options.add_argument("--profile", default=None)
    options.add_argument("--fault", default=None)
    options.add_argument("--where", default="", help="only plans of this kind, as style=passive,strict=True")
    options.add_argument("--breaks", default="")
    options.add_argument("--these", type=int, nargs="*", default=None, help="these seeds alone, all of them")
    given = options.parse_args()
    breaks = set(given.breaks.split(",")) - {""}
    if given.these is None:
        every = seeds(given.seed, given.profile, given.fault)
        wanted = [each.split("=") for each in given.where.split(",") if each]
        fitting = (
            seed
            for seed in islice(every, MOST_LOOKED_AT)
            if all(str(getattr(plan(seed), name)) == is_ for name, is_ in wanted)
        )
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
