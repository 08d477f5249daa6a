"""Closes beside the loop: what is missing is asked for, a failure is a trouble and tried again."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from nouns import perpetual

from hedging.engine import history
from hedging.engine.history import PriceHistory, Source, seconds_to_next
from hedging.errors import VenueUnreachable
from hedging.ledger import Closes
from hedging.model.view import VenueMode
from hedging.model.what_if import Close
from hedging.venues.address import AccountAddress

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
ADDRESS = AccountAddress(
    "main", "deribit", VenueMode.PAPER, "k", "s", "http://127.0.0.1:1", "ws://127.0.0.1:1"
)


@dataclass
class Reader:
    """Answers with every hour since it was asked; fails while told to."""

    fails: bool = False
    asked: list[datetime] = field(default_factory=list)
    closed: bool = False

    def read(self, name, key, since):
        self.asked.append(since)
        if self.fails:
            raise VenueUnreachable("nobody answered")
        first = since.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        hours = int((NOW - first) / timedelta(hours=1)) + 1
        return tuple(
            Close(instrument=key, at=first + timedelta(hours=n), price=100.0 + n) for n in range(hours)
        )

    def close(self):
        self.closed = True


@pytest.fixture
def reader(monkeypatch):
    made = Reader()
    monkeypatch.setattr(history, "HistoryReader", lambda address, now: made)
    return made


@pytest.fixture
def kept(tmp_path, reader):
    troubles = []
    opened = Closes.open(tmp_path)
    made = PriceHistory([Source(perpetual(), ADDRESS)], opened, lambda: NOW, troubles.append)
    made.troubles, made.stored = troubles, opened
    yield made
    made.close()


async def test_the_first_read_asks_for_ninety_days_and_the_next_for_what_is_missing(kept, reader):
    assert await kept.read_all()
    assert reader.asked == [NOW - timedelta(days=90)]
    stored = kept.stored.since(perpetual().key, NOW - timedelta(days=91))
    assert len(stored) == 90 * 24
    assert stored[-1].at == NOW.replace(minute=0)
    assert await kept.read_all()
    assert reader.asked[1] == NOW.replace(minute=0) - timedelta(hours=2)
    assert len(kept.stored.since(perpetual().key, NOW - timedelta(days=91))) == 90 * 24
    assert kept.troubles == []


async def test_a_failure_is_remembered_and_ends_nothing(kept, reader):
    reader.fails = True
    assert not await kept.read_all()
    assert kept.troubles == ["hourly closes of BTC-PERPETUAL: nobody answered"]
    reader.fails = False
    assert await kept.read_all()
    assert kept.stored.latest(perpetual().key) == NOW.replace(minute=0)


async def test_the_loop_is_not_kept_waiting_by_a_venue_that_does_not_answer(kept, reader, monkeypatch):
    import threading

    answered = threading.Event()
    monkeypatch.setattr(reader, "read", lambda *asked: answered.wait(10) and ())
    task = asyncio.ensure_future(kept.run())
    begun = asyncio.get_running_loop().time()
    for _ in range(20):
        await asyncio.sleep(0.005)
    assert asyncio.get_running_loop().time() - begun < 1.0
    assert not task.done()
    task.cancel()
    answered.set()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_it_wakes_after_the_hour_is_over():
    assert seconds_to_next(NOW) == 30 * 60 + 20
    assert seconds_to_next(NOW.replace(minute=59, second=59)) == 21
