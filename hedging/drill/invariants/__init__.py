"""The invariants of ``docs/drill.md``: one small file each, with ``ID``, ``SENTENCE`` and pure checks.

A check takes the facts of one simulated event and gives what is wrong in words, "" where nothing is:
``sent``, ``taken``, ``traded``, ``stored``, ``assessed``, ``ended``.
"""

from collections.abc import Callable
from types import ModuleType

from hedging.drill.invariants import (
    c02_reducing,
    c05_headroom,
    c06_messages,
    c08_repeats,
    c12_the_venue_is_the_truth,
    c13_nothing_rests_alone,
    c16_near_expiry,
    c18_armed,
    i01_one_order,
    i02_worst_case,
    i03_no_over_hedge,
    i04_agreement,
    i05_clean_input,
    i06_durable,
    i07_fills_once,
    i08_approval_once,
    i09_stale_lease,
    i11_no_ledger_no_order,
    i13_prove_first,
    i14_honest_screen,
)

ALL: tuple[ModuleType, ...] = (
    i01_one_order,
    i02_worst_case,
    i03_no_over_hedge,
    i04_agreement,
    i05_clean_input,
    i06_durable,
    i07_fills_once,
    i08_approval_once,
    i09_stale_lease,
    i11_no_ledger_no_order,
    i13_prove_first,
    i14_honest_screen,
    c02_reducing,
    c05_headroom,
    c06_messages,
    c08_repeats,
    c12_the_venue_is_the_truth,
    c13_nothing_rests_alone,
    c16_near_expiry,
    c18_armed,
)


def checks(kind: str) -> tuple[tuple[str, Callable[[object], str]], ...]:
    """Id and check of every invariant that looks at this kind of event."""
    return tuple((each.ID, getattr(each, kind)) for each in ALL if hasattr(each, kind))
