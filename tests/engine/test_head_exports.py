"""The engine exports the ledger's head by itself, refuses a bad place, and halts on a contradiction."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from hedging.clock import utc_now
from hedging.engine.head_exports import head_exports, heads_of
from hedging.engine.latches import Latches
from hedging.errors import LedgerError
from hedging.ledger import Ledger
from hedging.ledger.head_key import HeadKey, load_public, public_path
from hedging.ledger.heads import read_heads


@pytest.fixture
def places(tmp_path):
    HeadKey.create(tmp_path / "away" / "key")
    return tmp_path / "state", tmp_path / "away" / "heads", tmp_path / "away" / "key"


async def exported(folder, ledger, heads):
    desk = SimpleNamespace(recorder=SimpleNamespace(ledger=ledger), now=utc_now, latest_trouble="")
    async with head_exports(desk, heads):
        for _ in range(200):
            await asyncio.sleep(0.02)
            if (heads.place.exists() and heads.place.read_text()) or Latches(folder).reasons():
                break
        await asyncio.sleep(0.05)
    return desk


async def test_the_head_is_exported_and_a_ledger_that_was_swapped_halts(places):
    state, place, key = places
    ledger = Ledger.open(state)
    lease = ledger.acquire_lease("book", "engine", utc_now(), timedelta(seconds=60))
    with ledger.write(lease, utc_now()) as transaction:
        transaction.record("note", "ann", "x", {"n": 1})
    heads = heads_of(place, key, 0.05, state)
    await exported(state, ledger, heads)
    ledger.close()
    found = read_heads(place, load_public(public_path(key)))
    assert found
    assert found[-1].sequence >= 1
    another = Ledger.open(state.parent / "another")
    await exported(state, another, heads)
    another.close()
    (reason,) = Latches(state).reasons()
    assert "contradicts its exported head" in reason


def test_nothing_is_exported_where_nothing_is_configured(tmp_path):
    assert heads_of(None, None, 60, tmp_path) is None


def test_a_place_in_the_state_folder_is_refused(places):
    state, _, key = places
    with pytest.raises(LedgerError, match="another place"):
        heads_of(state / "heads", key, 60, state)


async def test_a_place_that_cannot_be_written_is_told_and_tried_again(places):
    state, place, key = places
    place.mkdir()
    ledger = Ledger.open(state)
    desk = SimpleNamespace(recorder=SimpleNamespace(ledger=ledger), now=utc_now, latest_trouble="")
    async with head_exports(desk, heads_of(place, key, 0.05, state)):
        await asyncio.sleep(0.4)
    ledger.close()
    assert "was not exported" in desk.latest_trouble
    assert Latches(state).reasons() == ()
