"""A short form of ``bench/loop.py``: what holds on any machine, however slow (C20)."""

import pytest

from bench.loop import Load, run

LOAD = Load(seconds=3.0, rate=5.0, instruments=12, between_kills=(0.2, 0.5))


@pytest.mark.control("C20")
def test_the_loop_keeps_up_and_no_kill_is_missed(record_property):
    """No bound here is a time: no order passes a latch that its sender could read, and no update is left.

    How late the loop is, and how long after a latch a send was begun, is of the machine: the full load has
    these figures, in ``docs/performance.md``.
    """
    rows = run(LOAD, peer_seconds=0.0)
    (engine,) = (row for row in rows if row["row"] == "engine")
    kills = [row for row in rows if row["row"] == "kill"]
    count = sum(row["kills"] for row in kills)
    last = max(row["last_send_after_ms"] for row in kills)
    record_property(
        "figure",
        f"short form, {engine['sent_per_s']} updates/s: p99 {engine['late_ms_p99']} ms late, "
        f"{engine['queue_end']} wait at the end, {count} kills, last send {last} ms after",
    )
    assert count >= 1
    assert sum(row["sends_past_a_latch_that_could_be_read"] for row in kills) == 0
    assert engine["queue_end"] <= engine["sent_per_s"]  # a second's worth: it is worked off
    assert engine["orders"] > 0
    assert engine["cycles_per_s"] > 1.0
