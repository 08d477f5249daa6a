"""Controls that the drill shows by the fault made for them."""

import pytest

from hedging.drill.plan import seeds
from hedging.drill.runner import play_all


def played(fault: str, count: int, profile: str | None = None):
    return play_all(seeds(11, profile, fault), count, 1, lambda _: None)


@pytest.mark.control("C12")
def test_lost_messages_leave_the_ledger_equal_to_the_venue(record_property):
    found = played("lost_messages", 40)
    assert found.violations == {}
    assert sum(count for (name, _), count in found.coverage.items() if name == "lost_messages") >= 30
    record_property(
        "figure", f"40 schedules with lost messages, {found.orders} orders: 0 lots off at the end"
    )


@pytest.mark.control("C22")
def test_after_a_restore_the_engine_reconciles_before_it_hedges(record_property):
    found = played("restored_from_backup", 40)
    assert found.violations == {}
    assert sum(count for (name, _), count in found.coverage.items() if name == "restored_from_backup") >= 30
    record_property(
        "figure", f"40 restores in the middle of {found.orders} orders: no over-hedge, ledger halted"
    )


@pytest.mark.control("C15")
def test_a_venue_that_ignores_reduce_only_passes_no_limit(record_property):
    found = played("reduce_only_ignored", 40)
    assert found.violations == {}
    record_property("figure", f"40 schedules, {found.orders} orders: limits held")
