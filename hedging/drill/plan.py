"""What one seed makes: a book, a profile, faults and when they are on, and what the people do."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from random import Random

from hedging.drill.fault import Fault, fault, known_faults
from hedging.drill.times import MILLISECOND, SECOND
from hedging.errors import BadInput
from hedging.model.instrument import Settlement
from hedging.model.limits import HedgeTarget
from hedging.model.rules import ExecutionStyle
from hedging.model.venue_profile import PROFILES, DeadMan, Fence, Ids, VenueProfile

UNFENCED = VenueProfile(
    name="unfenced", fence=Fence.NONE, ids=Ids.LABEL, dead_man=DeadMan.NONE, unknown_status=False
)
ALL_PROFILES = (*PROFILES, UNFENCED)
QUIET = 60 * SECOND
"""After the last fault."""
STRICT_SHARE = 0.1
UNFENCED_QUIET = 8 * SECOND
"""More where there is no time fence: after a minute an order that nobody finds is quarantined."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault and from when to when it is on."""

    fault: Fault
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One schedule. ``flows``: coins that a customer's trade adds, by time; ``jumps``: shares of the price.

    ``strict``: small clips, a tight budget of messages, tickets that soon expire, automatic mode that may
    not repeat itself much, and slow people. ``crash_at``: number of the boundary at which the engine dies,
    None where it does not; ``quiet``: microseconds from the last fault to the end.
    """

    seed: int
    profile: VenueProfile
    faults: tuple[Planned, ...]
    settlement: Settlement
    style: ExecutionStyle
    target: HedgeTarget
    accounts: tuple[str, ...]
    engines: int
    with_option: bool
    dated_hedge: bool
    arms: bool
    flows: tuple[tuple[int, float], ...]
    jumps: tuple[tuple[int, float], ...]
    strict: bool = False
    crash_at: int | None = None
    quiet: int = QUIET

    @property
    def window_ends(self) -> int:
        """When the last fault is switched off."""
        return max(each.end for each in self.faults)


@cache
def cells() -> tuple[tuple[str, str], ...]:
    """Every fault with every profile that can show it."""
    return tuple(
        (each.name, profile.name)
        for each in known_faults().values()
        for profile in ALL_PROFILES
        if each.possible(profile)
    )


def profile_named(name: str) -> VenueProfile:
    """A profile by name. Raises BadInput where there is none."""
    found = next((each for each in ALL_PROFILES if each.name == name), None)
    if found is None:
        raise BadInput(f"there is no profile {name!r}; known are {', '.join(p.name for p in ALL_PROFILES)}")
    return found


def seeds(first: int, profile: str | None, fault_name: str | None) -> Iterable[int]:
    """Seeds from ``first`` on whose schedule is of the wanted profile and fault (None: any)."""
    known = cells()
    wanted = [
        number
        for number, (name, place) in enumerate(known)
        if fault_name in {None, name} and profile in {None, place}
    ]
    if not wanted:
        raise BadInput(f"the profile {profile} cannot show the fault {fault_name}")
    start = first * 1_000_000 // len(known) * len(known)
    while True:
        yield from (start + number for number in wanted)
        start += len(known)


def plan(seed: int) -> Plan:
    """The schedule of one seed."""
    rng = Random(seed)  # noqa: S311 a simulation, no secret
    name, place = cells()[seed % len(cells())]
    profile = profile_named(place)
    begin = rng.randrange(1_000, 4_000) * MILLISECOND
    faults = [_planned(fault(name), begin, rng)]
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        other = fault(rng.choice(list(known_faults())))
        if other.possible(profile) and other.name not in {each.fault.name for each in faults}:
            faults.append(_planned(other, rng.randrange(1_000, 8_000) * MILLISECOND, rng))
    needs = {each.fault.name for each in faults}
    ends = max(each.end for each in faults)
    inverse = rng.random() < 0.3
    rests = profile.dead_man is DeadMan.CANCEL_ALL_AFTER and (bool(needs & RESTING) or rng.random() < 0.25)
    strict = Random(seed + 5_000_011).random() < STRICT_SHARE  # noqa: S311 a simulation
    sliced = ExecutionStyle.SLICES if rng.random() < 0.1 else ExecutionStyle.MARKETABLE
    style = ExecutionStyle.PASSIVE if rests else sliced
    return Plan(
        seed=seed,
        profile=profile,
        faults=tuple(faults),
        settlement=Settlement.INVERSE if inverse else Settlement.LINEAR,
        style=style,
        target=rng.choice((HedgeTarget.CENTRE, HedgeTarget.EDGE)),
        accounts=("main", "book"),
        engines=2 if needs & TWO_ENGINES or rng.random() < 0.08 else 1,
        with_option=bool(needs & OPTIONS) or rng.random() < 0.06,
        dated_hedge="early_expiry" in needs,
        arms=rng.random() < 0.8,
        flows=tuple(_flows(rng, begin, ends)),
        jumps=tuple(_jumps(rng, ends)) if inverse else (),
        strict=strict and style is ExecutionStyle.MARKETABLE,
        crash_at=rng.randrange(1, 60) if "crash_at_boundary" in needs else None,
    )


RESTING = frozenset({"post_only_rejected", "fill_after_cancel_request", "cancels_lost"})
TWO_ENGINES = frozenset({"two_engines", "lease_lost_sending"})
OPTIONS = frozenset({"iv_zero", "iv_500_percent", "greeks_sign", "greeks_unit"})


def _planned(which: Fault, begin: int, rng: Random) -> Planned:
    return Planned(which, begin, begin + rng.randrange(8_000, 18_000) * MILLISECOND)


def _flows(rng: Random, begin: int, ends: int) -> Iterable[tuple[int, float]]:
    now = begin + rng.randrange(200, 900) * MILLISECOND
    while now < ends + 4 * SECOND:
        yield now, rng.choice((-1, 1)) * rng.randrange(150, 450) / 100
        now += rng.randrange(3_500, 7_500) * MILLISECOND


def _jumps(rng: Random, ends: int) -> Iterable[tuple[int, float]]:
    yield rng.randrange(2 * SECOND, ends), rng.choice((-0.02, 0.02))


__all__ = ["ALL_PROFILES", "QUIET", "UNFENCED", "Plan", "Planned", "cells", "plan", "seeds"]
