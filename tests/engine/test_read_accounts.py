"""Accounts that are only read: their gaps, holdings and moves, in the live book and on the desk."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import nouns
import pytest

from hedging.engine.live_book import LiveBook
from hedging.errors import VenueUnreachable
from hedging.model.book import Holding
from hedging.model.instrument import Kind
from hedging.model.rules import AgeRules
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


@pytest.fixture
def book() -> LiveBook:
    return LiveBook(["main", "okx"], [nouns.perpetual().key], AgeRules())


def test_gaps_of_a_read_last_until_the_next_one(book: LiveBook) -> None:
    before = book.version
    book.take_gaps("okx", (GAP,))
    assert GAP in book.snapshot(nouns.NOW).gaps
    assert book.version == before + 1
    book.take_gaps("okx", (GAP,))
    book.take_gaps("main", ())
    assert book.version == before + 1  # nothing changed: no cycle for it
    book.take_gaps("okx", ())
    assert GAP not in book.snapshot(nouns.NOW).gaps
    assert book.version == before + 2


def test_holdings_are_those_of_the_newest_read(book: LiveBook) -> None:
    book.take_balances("okx", (), nouns.NOW, (holding(1.0), holding(2.0)))
    book.take_balances("okx", (), nouns.NOW, (holding(2.5),))
    book.take_balances("main", (nouns.balance(),), nouns.NOW)
    snapshot = book.snapshot(nouns.NOW)
    assert snapshot.holdings == (holding(2.5),)
    assert [(each.account, each.equity) for each in snapshot.equities] == [("main", 50.0), ("okx", 2.5)]


def test_one_name_at_two_venues_is_two_positions_and_two_prices(book: LiveBook) -> None:
    here = nouns.position(nouns.perpetual(), 100)
    there = nouns.position(SWAP, -40, account="okx")
    book.take_positions("main", (here,), nouns.NOW)
    book.take_positions("okx", (there,), nouns.NOW)
    assert book.names_of("okx") == {"BTC-PERPETUAL"}
    assert book.needed() == {"deribit:BTC-PERPETUAL", "okx:BTC-PERPETUAL"}
    for instrument, mark in ((nouns.perpetual(), 100_000.0), (SWAP, 99_000.0)):
        assert book.take_quote(nouns.quote(instrument, mark=mark))
    quotes = book.snapshot(nouns.NOW).quotes
    assert (quotes["deribit:BTC-PERPETUAL"].mark, quotes["okx:BTC-PERPETUAL"].mark) == (100_000.0, 99_000.0)
    assert (book.amount("main", "BTC-PERPETUAL"), book.amount("okx", "BTC-PERPETUAL")) == (100, -40)


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
def desk(fake):
    reader = Reader()
    fake.desk.readers = {"okx": reader}
    return fake.desk, reader


async def test_a_desk_reads_both_kinds_of_accounts(desk) -> None:
    state, reader = desk
    assert state.accounts == ("main", "okx")
    await state.read_positions("okx")
    await state.read_balances("okx")
    await state.read_tickers("okx")
    assert reader.asked == [["BTC-PERPETUAL"]]
    snapshot = state.book.snapshot(datetime.now(UTC))
    assert snapshot.holdings == (holding(),)
    assert state.book.quotes["okx:BTC-PERPETUAL"].mark == 99_000.0
    assert {p.instrument.kind for p in snapshot.positions if p.account == "okx"} == {Kind.PERPETUAL}
    reader.gaps = (GAP,)
    await state.read_tickers("okx")
    assert GAP in state.book.snapshot(datetime.now(UTC)).gaps


async def test_a_move_where_we_never_trade_leaves_automatic_mode_alone(desk) -> None:
    state, reader = desk
    armed = AutoSetting(mode=AutoMode.SHADOW)
    state.blotter.put_status(replace(state.blotter.status, auto=armed), "a test")
    await state.read_positions("okx")
    reader.amount = Decimal(-90)
    await state.read_positions("okx")
    assert state.book.amount("okx", "BTC-PERPETUAL") == -90
    assert state.blotter.status.auto.mode is AutoMode.SHADOW


async def test_a_read_that_fails_leaves_what_was_known_to_grow_old(desk) -> None:
    state, reader = desk
    await state.read_positions("okx")
    at = state.book.positions_at("okx")
    reader.failure = VenueUnreachable("away")
    with pytest.raises(VenueUnreachable):
        await state.read_positions("okx")
    assert state.book.positions_at("okx") == at
    assert state.book.amount("okx", "BTC-PERPETUAL") == -40


async def test_prices_that_cannot_be_read_do_not_hide_others_but_three_are_an_outage(desk) -> None:
    state, reader = desk
    await state.read_positions("okx")
    reader.more = [["A"], ["B"]]
    await state.read_tickers("okx")
    assert reader.asked == [["BTC-PERPETUAL"], ["A"], ["B"]]
    assert state.book.quotes["okx:BTC-PERPETUAL"].mark == 99_000.0
    assert state.latest_trouble == "no answer about ['B']"
    reader.asked.clear()
    reader.more = [["A"], ["B"], ["C"], ["D"]]
    await state.read_tickers("okx")
    assert reader.asked == [["BTC-PERPETUAL"], ["A"], ["B"], ["C"]]
