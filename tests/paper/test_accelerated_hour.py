"""Our delta is the account's own through a market of forty minutes with trades and a settlement, in seconds.

``bench/delta_proof.py`` drives the whole hour, a look every two seconds; this is the same with fewer looks.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bench.delta_proof import BEGIN, Plan, drive
from hedging.errors import BadInput
from hedging.paper.server import PaperOptions, PaperServer

PLAN = Plan(  # 07:27 to 08:05 UTC
    begin=BEGIN + timedelta(minutes=12), seconds=2280, every=20, step_seconds=5.0, trades_a_look=2.0
)


@pytest.fixture(scope="module")
def hour():
    return asyncio.run(drive(PLAN))


@pytest.mark.timeout(120)
def test_the_hour_is_one_worth_looking_at(hour):
    assert hour.samples == 114
    assert len(hour.looks) == 4 * 114, "coin and dollar margined, of both coins"
    assert hour.trades > 150
    assert hour.shocks > 2
    assert sum(look.averaging for look in hour.looks) > 4 * 85
    kinds = {("USDC" in name, name.count("-")) for name in hour.settled}
    assert kinds == {(False, 1), (False, 3), (True, 3)}, "dated futures, coin and dollar settled options"
    assert hour.gaps == set()


def test_our_delta_is_the_accounts_own_but_for_the_rounding_on_the_wire(hour):
    beyond = [look for look in hour.looks if not look.share <= 1.0]
    assert beyond == []
    assert max(look.tolerance / max(1.0, abs(look.venue)) for look in hour.looks) < 2e-3, "and that is small"
    assert max(abs(look.venue) for look in hour.looks) > 20.0


def test_a_third_valuation_that_shares_nothing_agrees(hour):
    assert max(abs(look.twin - look.ours) for look in hour.looks) < 1e-9


def test_the_delta_after_the_next_expiry_is_the_accounts_projected_one(hour):
    assert hour.projected < 0.02


def test_each_position_has_the_black_delta_that_the_venue_states(hour):
    assert hour.black < 0.01


def test_the_proof_stays_green_through_it(hour):
    assert hour.verdicts == {"GREEN"}


async def test_at_speed_0_time_moves_by_hand_alone_and_never_back():
    server = PaperServer(PaperOptions(speed=0.0, step_seconds=1.0, start=BEGIN))
    await server.start()
    try:
        began = server.exchange.market.now_ns
        await asyncio.sleep(0.2)
        assert server.exchange.market.now_ns == began
        await server.advance(began + 90_000_000_000)
        assert server.exchange.market.now_ns == began + 90_000_000_000
        await asyncio.sleep(0.2)
        assert server.exchange.market.now_ns == began + 90_000_000_000
        with pytest.raises(BadInput, match="back to"):
            await server.advance(began)
    finally:
        await server.stop()


async def test_after_a_leap_by_hand_time_goes_on_from_there():
    server = PaperServer(PaperOptions(speed=1.0, step_seconds=1.0, start=BEGIN))
    await server.start()
    try:
        began = server.exchange.market.now_ns
        await server.advance(began + 90_000_000_000)
        await asyncio.sleep(0.3)
        gone = server.exchange.market.now_ns - began
        assert 90_100_000_000 < gone < 110_000_000_000
    finally:
        await server.stop()


def test_the_same_seed_is_the_same_hour(hour):
    again = asyncio.run(drive(replace(PLAN, seconds=60)))
    assert again.looks == hour.looks[:12]
    assert again.trades > 0
