"""Dies at every commit and at the wire of one hedge, for each submit fault and profile, on SQLite."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from hedging.drill.fault import fault
from hedging.drill.plan import ALL_PROFILES, QUIET, Plan, Planned, plan, profile_named
from hedging.drill.sqlite_store import SqliteStore
from hedging.drill.times import SECOND
from hedging.drill.world import World
from hedging.ledger import Ledger
from hedging.model.instrument import Settlement
from hedging.model.rules import ExecutionStyle
from hedging.model.venue_profile import Fence, VenueProfile

SUBMIT_FAULTS = (
    "timeout_before_accept",
    "timeout_after_accept",
    "late_but_fenced",
    "late_accept",
    "error_page",
    "cut_during",
    "rate_limited",
)
SHORT_QUIET = 22 * SECOND
WINDOW = 4 * SECOND
FLOW = ((1 * SECOND, 2.4),)


@dataclass(frozen=True, slots=True)
class Crash:
    """One death: at which boundary, under which fault and profile, and what was broken afterwards."""

    profile: str
    fault: str
    boundary: int | None
    boundaries: int
    broken: tuple[str, ...]


def crash_everywhere(workers: int, profiles: Sequence[VenueProfile] = ALL_PROFILES) -> Iterator[Crash]:
    """Every boundary of every fault and profile; the first of each pair counts them and dies nowhere."""
    pairs = [(profile.name, name) for profile in profiles for name in SUBMIT_FAULTS]
    with TemporaryDirectory() as folder:
        empty = Path(folder) / "empty"
        empty.mkdir()
        Ledger.open(empty).close()
        with get_context("spawn").Pool(workers) as pool:
            for found in pool.imap_unordered(partial(crash_pair, empty), pairs):
                yield from found


def crash_pair(empty: Path, pair: tuple[str, str]) -> tuple[Crash, ...]:
    """Every boundary of one fault at one profile; ``empty`` is the folder of an empty ledger."""
    profile, name = profile_named(pair[0]), pair[1]
    with TemporaryDirectory() as folder:
        place = Path(folder) / "ledger"
        first = _played(empty, place, crashing(profile, name, None))
        later = (
            _played(empty, place, crashing(profile, name, number))
            for number in range(1, first.boundaries + 1)
        )
        return (first, *later)


def crashing(profile: VenueProfile, name: str, crash_at: int | None) -> Plan:
    """A short schedule with one hedge, one fault, and one crash."""
    return replace(
        plan(1),
        profile=profile,
        faults=(Planned(fault(name), 0, WINDOW),),
        settlement=Settlement.LINEAR,
        style=ExecutionStyle.MARKETABLE,
        engines=1,
        with_option=False,
        dated_hedge=False,
        arms=True,
        flows=FLOW,
        jumps=(),
        crash_at=crash_at,
        quiet=QUIET if profile.fence is Fence.NONE else SHORT_QUIET,
    )


def _played(empty: Path, place: Path, chosen: Plan) -> Crash:
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(empty, place)
    store = SqliteStore(place)
    try:
        world = World(chosen, store=store)
        watch = world.run()
        broken = [f"{each.invariant}: {each.words}" for each in watch.violations]
        if store.verified() == 0:
            broken.append("I10: nothing is recorded")
        if chosen.crash_at is not None and "crash_at_boundary" not in world.hits:
            broken.append(f"there was no boundary {chosen.crash_at}")
    finally:
        store.close()
    return Crash(
        chosen.profile.name, chosen.faults[0].fault.name, chosen.crash_at, world.boundaries, tuple(broken)
    )
