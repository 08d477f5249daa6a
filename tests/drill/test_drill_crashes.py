"""Death at every numbered commit and wire boundary × submit faults × profiles, each on a real SQLite file."""

import os

import pytest

from hedging.drill.crashes import SUBMIT_FAULTS, crash_everywhere
from hedging.drill.plan import ALL_PROFILES

WHOLE = int(os.environ.get("HEDGING_SCHEDULES", "0")) >= 10_000  # .ci/run asks for every behaviour
PROFILES = ALL_PROFILES if WHOLE else (ALL_PROFILES[0], ALL_PROFILES[-1])


@pytest.mark.timeout(600)
def test_crash_at_every_boundary(capsys):
    found = list(crash_everywhere(2, PROFILES))
    with capsys.disabled():
        print(f"\n{len(found)} schedules with a real SQLite file, one for each boundary")
    assert [each for each in found if each.broken] == []
    pairs = {(each.profile, each.fault) for each in found}
    assert pairs == {(profile.name, name) for profile in PROFILES for name in SUBMIT_FAULTS}
    for pair in pairs:
        mine = [each for each in found if (each.profile, each.fault) == pair]
        whole = next(each.boundaries for each in mine if each.boundary is None)
        assert sorted(each.boundary for each in mine if each.boundary) == list(range(1, whole + 1))
        assert whole >= 6
