"""Accounts that are only read: their gaps, holdings and moves, in the core and on the desk."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import nouns
import pytest
from fake_venue import fake_desk

from hedging.errors import VenueUnreachable
from hedging.model.book import Holding
from hedging.model.instrument import Kind
from hedging.model.snapshot import Gap, GapReason
from hedging.model.trading import AutoMode, AutoSetting
from hedging.venues.reading_session import Funds

SWAP = replace(nouns.perpetual(), venue="okx", name="BTC-PERPETUAL")  # a name that Deribit has too
GAP = Gap(
    what="BTC-NEW",
    reason=GapReason.UNKNOWN_INSTRUMENT,
    detail="okx holds BTC-NEW, which okx does not list",
    underlying=None,
)


def holding(equity: float = 2.5) -> Holding:
    return Holding(
        account="okx",
        currency="BTC",
        equity=equity,
        available=None,
        initial_margin=None,
        maintenance_margin=None,
        received_at=nouns.NOW,
    )


class Reader:
    """A reading session in memory."""

    venue = "okx"

    def __init__(self) -> None:
        self.amount = Decimal(-40)
        self.gaps: tuple[Gap, ...] = ()
        self.failure: Exception | None = None
        self.asked: list[list[str]] = []
        self.more: list[list[str]] = []

    async def run(self, function, *arguments):
        return function(*arguments)

    def positions(self):
        if self.failure:
            raise self.failure
        return (nouns.position(SWAP, self.amount, account="okx"),)

    def funds(self):
        return Funds((nouns.balance("USD", 9.0, account="okx"),), (holding(),))

    def ticker_groups(self, names):
        return [*([name] for name in names), *self.more]

    def tickers(self, names):
        self.asked.append(list(names))
        if names != ["BTC-PERPETUAL"]:
            raise VenueUnreachable(f"no answer about {names}")
        return tuple(nouns.quote(SWAP, mark=99_000.0) for _ in names)


@pytest.fixture
async def both(tmp_path):
    """An engine that trades one account and only reads another."""
    reader = Reader()
    found = fake_desk(tmp_path, readers={"okx": reader})
    await found.start()
    yield found, reader
    if found.tasks:
        await found.stop()
    found.ledger.close()


def there(found):
    return found.state.accounts["okx"]


async def test_a_desk_reads_both_kinds_of_accounts(both) -> None:
    found, reader = both
    assert found.desk.accounts == ("main", "okx")
    await found.until(lambda: there(found).holdings and reader.asked)
    assert reader.asked[0] == ["BTC-PERPETUAL"]
    await found.until(lambda: len(found.state.market.quotes) == 2)
    snapshot = found.desk.snapshot()
    assert snapshot.holdings == (holding(),)
    equities = [each.equity for each in snapshot.equities if each.account == "okx"]
    assert equities == [9.0, 2.5]
    marks = {key: quote.mark for key, quote in snapshot.quotes.items()}
    assert marks == {"deribit:BTC-PERPETUAL": 100_000.0, "okx:BTC-PERPETUAL": 99_000.0}
    assert {p.instrument.kind for p in snapshot.positions if p.account == "okx"} == {Kind.PERPETUAL}
    amounts = {p.account: p.amount for p in snapshot.positions}
    assert amounts == {"main": 1_000_000, "okx": -40}


async def test_gaps_of_a_read_last_until_the_next_one_and_count_once(both) -> None:
    found, reader = both
    reader.gaps = (GAP,)
    await found.desk.read_tickers("okx")
    await found.until(lambda: found.desk.snapshot().gaps.count(GAP) == 1)
    await found.until(lambda: there(found).gaps == (GAP,))
    found.desk.look()
    assert found.desk.snapshot().gaps.count(GAP) == 1
    reader.gaps = ()
    await found.until(lambda: GAP not in found.desk.snapshot().gaps)


async def test_a_move_where_we_never_trade_leaves_automatic_mode_alone(both) -> None:
    found, reader = both
    armed = AutoSetting(mode=AutoMode.SHADOW, set_by="tess", set_at=found.clock())
    found.put_status(replace(found.state.status, auto=armed))
    reader.amount = Decimal(-90)
    await found.until(lambda: there(found).amount("BTC-PERPETUAL") == -90)
    assert found.state.status.auto.mode is AutoMode.SHADOW


async def test_a_read_that_fails_leaves_what_was_known_to_grow_old(both) -> None:
    found, reader = both
    at = there(found).positions_at
    reader.failure = VenueUnreachable("away")
    await found.until(lambda: found.desk.latest_trouble == "away")
    await asyncio.sleep(0.1)
    assert there(found).positions_at == at
    assert there(found).amount("BTC-PERPETUAL") == -40


async def test_prices_that_cannot_be_read_do_not_hide_others_but_three_are_an_outage(both) -> None:
    found, reader = both
    for task in found.tasks:  # nothing asks beside this test
        task.cancel()
    await asyncio.gather(*found.tasks, return_exceptions=True)
    found.tasks = []
    reader.asked.clear()
    reader.more = [["A"], ["B"]]
    await found.desk.read_tickers("okx")
    assert reader.asked == [["BTC-PERPETUAL"], ["A"], ["B"]]
    assert found.desk.board.quotes["okx:BTC-PERPETUAL"].mark == 99_000.0
    assert found.desk.latest_trouble == "no answer about ['B']"
    reader.asked.clear()
    reader.more = [["A"], ["B"], ["C"], ["D"]]
    await found.desk.read_tickers("okx")
    assert reader.asked == [["BTC-PERPETUAL"], ["A"], ["B"], ["C"]]
