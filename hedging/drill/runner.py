"""Plays many schedules, on as many processes as wanted, and adds up what they found."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context

from hedging.drill.plan import cells, plan
from hedging.drill.tracing import Lines
from hedging.drill.world import World

SHARE = 25  # schedules that a worker takes at a time
MOST_SEEDS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one schedule showed: invariants broken, with words; faults that took effect; orders sent."""

    seed: int
    profile: str
    broken: tuple[tuple[str, str], ...]
    hits: tuple[str, ...]
    orders: int


@dataclass(slots=True)
class Tally:
    """What many schedules showed."""

    schedules: int = 0
    orders: int = 0
    seeds: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    first_words: dict[str, str] = field(default_factory=dict)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, found: Outcome) -> None:
        """One more."""
        self.schedules += 1
        self.orders += found.orders
        for name, words in found.broken:
            if found.seed not in self.seeds[name]:
                self.seeds[name].append(found.seed)
            self.first_words.setdefault(name, words)
        self.coverage.update((hit, found.profile) for hit in found.hits)

    @property
    def violations(self) -> dict[str, list[int]]:
        """Seeds that replay them, by invariant; at most twenty of each."""
        return {name: seeds[:MOST_SEEDS] for name, seeds in sorted(self.seeds.items())}

    def uncovered(self) -> list[str]:
        """Cells of fault and profile that no schedule showed."""
        return [f"{name} × {profile}" for name, profile in cells() if not self.coverage[name, profile]]


def play(seed: int) -> Outcome:
    """Play one schedule."""
    watch = World(plan(seed)).run()
    return Outcome(
        seed=seed,
        profile=watch.world.profile.name,
        broken=tuple((each.invariant, each.words) for each in watch.violations),
        hits=tuple(sorted(watch.world.hits)),
        orders=watch.orders_sent,
    )


def replay(seed: int) -> tuple[Outcome, Lines]:
    """Play one schedule again, with everything that happened."""
    lines = Lines()
    watch = World(plan(seed), trace=lines).run()
    broken = tuple((each.invariant, each.words) for each in watch.violations)
    found = Outcome(
        seed, watch.world.profile.name, broken, tuple(sorted(watch.world.hits)), watch.orders_sent
    )
    return found, lines


def play_all(seeds: Iterable[int], count: int, workers: int, each: Callable[[int], None]) -> Tally:
    """Play ``count`` schedules of ``seeds``; ``each`` is told how many more are done."""
    tally = Tally()
    wanted = list(islice(seeds, count))
    for found in _played(wanted, workers):
        tally.add(found)
        each(1)
    return tally


def _played(seeds: list[int], workers: int) -> Iterator[Outcome]:
    if workers == 1:
        yield from map(play, seeds)
        return
    with get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(play, seeds, chunksize=SHARE)
