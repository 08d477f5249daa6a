"""Exchanges and engines of a test's own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fake_venue import FakeDesk, fake_desk
from running import Exchange, RunningDemo, child, connected, ended, ready


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    process = child("demo", "--folder", str(tmp_path_factory.mktemp("demo")))
    line = ready(process)
    running = connected(process, Path(line["state"]), line["control"])
    yield running
    running.close()
    ended(process)


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[Exchange]:
    process = child("paper", "--port", "0", "--seed", "7", "--until-stdin-closes")
    yield Exchange(ready(process), tmp_path)
    ended(process)


@pytest.fixture(scope="module")
def module_exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    """One exchange for a whole module; what one test leaves behind the next one finds."""
    process = child("paper", "--port", "0", "--seed", "7", "--until-stdin-closes")
    quick = "clip_usd = 250000\nclip_pause_seconds = 0.4\norder_fence_seconds = 3"
    often = "shadow_minutes = 0\nrepeats_10_minutes = 1000\nrepeats_hour = 1000\nsign_flips = 1000"
    changes = {"clip_usd = 250000": quick, "shadow_minutes = 0": often}
    yield Exchange(ready(process), tmp_path_factory.mktemp("exchange"), changes)
    ended(process)


@pytest.fixture
async def fake(tmp_path: Path) -> AsyncIterator[FakeDesk]:
    """An engine on a venue in memory, ready, its prices always fresh."""
    found = fake_desk(tmp_path)
    await found.start()
    yield found
    if found.tasks:
        await found.stop()
    found.ledger.close()
