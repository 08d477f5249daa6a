"""Smiles beside the loop: it never waits for them, and what fails leaves the old ones to grow old."""

import asyncio
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from chains import PaperChain
from nouns import band, perpetual, position, quote, rules, snapshot, underlying_rules

from hedging.engine.smile_picture import SmileInputs
from hedging.engine.smiles import LiveSmiles, SmileParts, _tell
from hedging.errors import LedgerError, VenueUnreachable
from hedging.ledger import OptionRecords
from hedging.ledger.codec import encode
from hedging.model.instrument import OptionKind
from hedging.model.smile import SmileRule
from hedging.risk.smile import fitted_smiles
from hedging.venues.chain import Chain, chain

PAPER = PaperChain()
INSTRUMENTS = PAPER.instruments
QUOTES = {
    currency: chain(PAPER.rows(currency), INSTRUMENTS, PAPER.now) for currency in ("BTC", "ETH", "USDC")
}


class Source:
    """Answers with the simulated market's chains as they were at the start; fails or waits as told."""

    def __init__(self):
        self.asked = []
        self.failing = set()
        self.hold = threading.Event()
        self.hold.set()
        self.clock = PAPER.now
        self.closed = False
        self.behind = timedelta(0)

    def read(self, currency, instruments):
        self.asked.append(currency)
        assert self.hold.wait(10)
        if currency in self.failing:
            raise VenueUnreachable(f"reading the options of {currency}: it does not answer")
        found = QUOTES[currency]
        now = self.clock
        return Chain(
            tuple(replace(each, received_at=now, venue_at=now - self.behind) for each in found.quotes),
            (),
            ("BTC-NEW",),
        )

    def close(self):
        self.closed = True


class Desk:
    """What the loop hands over and takes."""

    def __init__(self, folder, **changes):
        self.source = Source()
        self.taken = []
        self.troubles = []
        item = underlying_rules(band=band(-1.0, 1.0), smile=SmileRule.STICKY_MONEYNESS)
        self.rules = rules(item, **changes)
        held = next(
            each
            for each in INSTRUMENTS.values()
            if each.underlying == "BTC"
            and each.settlement_currency == "BTC"
            and each.option_kind is OptionKind.CALL
            and each.expiry - PAPER.now > timedelta(days=20)
        )
        mark = next(each for each in QUOTES["BTC"].quotes if each.instrument == held.name)
        now = PAPER.now
        fresh = {"received_at": now, "touch_received_at": now, "venue_at": now}
        quotes = [quote(**fresh), quote(held, forward=mark.forward, iv=mark.iv, mark=mark.mark, **fresh)]
        self.snapshot = snapshot([position(held, -30)], quotes, at=now)
        self.held = held
        self.records = OptionRecords.open(folder)
        listed = {**INSTRUMENTS, perpetual().key: perpetual()}
        self.smiles = LiveSmiles(
            SmileParts({"deribit": self.source}, self.records, timedelta(days=30)),
            lambda: SmileInputs(replace(self.snapshot, at=self.source.clock), self.rules, listed),
            self.taken.append,
            self.troubles.append,
            lambda: self.source.clock,
        )

    def later(self, seconds):
        self.source.clock += timedelta(seconds=seconds)


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.smiles.close()


async def test_a_round_hands_over_slices_and_writes_picture_and_record(desk):
    await desk.smiles.round()
    [known] = desk.taken
    assert desk.troubles == []
    assert sorted(desk.source.asked) == ["BTC", "USDC"]  # one request a currency, and none that is not hedged
    assert {(one.underlying, one.settlement_currency) for one in known.slices} == {
        ("BTC", "BTC"),
        ("BTC", "USDC"),
    }
    assert {fit.kind for fit in known.fits} == set(OptionKind)
    assert all("are recorded" in fit.refused for fit in known.fits)
    picture = desk.records.picture("BTC")
    assert picture is not None
    assert len(picture.slices) == len(known.slices)
    assert (picture.rule, picture.hedge_instrument, picture.trouble) == (
        SmileRule.STICKY_MONEYNESS,
        "BTC-PERPETUAL",
        "",
    )
    assert [row.rule for row in picture.effects] == list(SmileRule)
    assert picture.effects[1].chosen
    assert picture.effects[1].effect_lots not in {None, 0.0}
    assert desk.records.latest() == PAPER.now.replace(second=0, microsecond=0)
    assert desk.records.picture("ETH") is None
    assert len(encode(picture)) < 40_000


async def test_the_loop_goes_on_while_the_exchange_keeps_silent(desk):
    desk.source.hold.clear()
    running = asyncio.ensure_future(desk.smiles.round())
    for _ in range(20):
        await asyncio.sleep(0.001)
    assert not running.done()
    assert desk.taken == []
    desk.source.hold.set()
    await running
    assert len(desk.taken) == 1


async def test_what_does_not_answer_is_told_and_its_old_slices_stay(desk):
    await desk.smiles.round()
    desk.source.failing = {"BTC"}
    desk.later(90)
    await desk.smiles.round()
    [trouble] = desk.troubles
    assert "options of BTC at deribit" in trouble
    first, second = desk.taken
    ages = {one.settlement_currency: desk.source.clock - one.fitted_at for one in second.slices}
    assert ages == {"BTC": timedelta(seconds=90), "USDC": timedelta(0)}
    assert len(second.slices) == len(first.slices)
    picture = desk.records.picture("BTC")
    assert picture is not None
    assert trouble in picture.trouble


async def test_nothing_that_answers_at_all_leaves_nothing(desk):
    desk.source.failing = {"BTC", "USDC"}
    await desk.smiles.round()
    [known] = desk.taken
    assert known.slices == ()
    assert len(desk.troubles) == 2
    picture = desk.records.picture("BTC")
    assert picture is not None
    assert "none has been fitted yet" in picture.effects[1].refused
    assert picture.effects[0].delta is not None


async def test_a_minute_is_recorded_once_and_the_next_one_too(desk, monkeypatch):
    written = []
    put = desk.records.put
    monkeypatch.setattr(desk.records, "put", lambda *given: (written.append(given), put(*given)))
    await desk.smiles.round()
    first = desk.records.history("deribit", "BTC", PAPER.now - timedelta(days=1)).minute
    desk.later(1)
    await desk.smiles.round()
    assert desk.records.history("deribit", "BTC", PAPER.now - timedelta(days=1)).minute.size == first.size
    assert len(written) == 1
    desk.later(60)
    await desk.smiles.round()
    assert len(written) == 2
    both = desk.records.history("deribit", "BTC", PAPER.now - timedelta(days=1)).minute
    assert sorted(set(both.tolist())) == [int(first[0]), int(first[0]) + 1]


async def test_a_clock_that_is_not_the_exchanges_records_and_forgets_nothing(desk):
    await desk.smiles.round()
    before = desk.records.history("deribit", "BTC", PAPER.now - timedelta(days=1)).minute.size
    desk.source.behind = timedelta(days=60)
    desk.later(60 * 86400)
    await desk.smiles.round()
    assert desk.records.history("deribit", "BTC", PAPER.now - timedelta(days=1)).minute.size == before > 0


async def test_fits_are_made_again_after_five_minutes_or_when_the_clock_is_put_back(desk):
    await desk.smiles.round()
    for seconds, again in ((20, False), (290, True), (-600, True)):
        desk.later(seconds)
        await desk.smiles.round()
        before, after = desk.taken[-2:]
        assert (after.fits[0].fitted_at != before.fits[0].fitted_at) is again


async def test_the_search_begins_near_the_last_slices_and_everywhere_now_and_then(desk, monkeypatch):
    begun = []

    def noted(quotes, at, limits, near):
        begun.append(len(near))
        return fitted_smiles(quotes, at, limits, near)

    monkeypatch.setattr("hedging.engine.smiles.fitted_smiles", noted)
    for seconds in (0, 20, 290, 20):
        desk.later(seconds)
        await desk.smiles.round()
    coin, dollars = begun[0::2], begun[1::2]
    assert coin[0] == dollars[0] == coin[2] == dollars[2] == 0
    assert min(coin[1], coin[3], dollars[1], dollars[3]) > 0


async def test_a_record_that_cannot_be_written_costs_no_slice(desk, monkeypatch):
    def full(*_):
        raise LedgerError("the disk is full")

    monkeypatch.setattr(desk.records, "put", full)
    monkeypatch.setattr(desk.records, "put_picture", full)
    await desk.smiles.round()
    assert desk.taken[0].slices != ()
    assert [text.split(":")[0] for text in desk.troubles] == ["record of options", "the smile of BTC"]


async def test_a_book_that_has_no_delta_is_said_in_the_picture(desk):
    desk.snapshot = replace(desk.snapshot, quotes={})
    await desk.smiles.round()
    picture = desk.records.picture("BTC")
    assert picture is not None
    assert picture.effects == ()
    assert "no hedge can be compared: no quote for" in picture.trouble
    assert picture.slices != ()


async def test_closing_closes_what_it_reads_with(desk):
    await desk.smiles.round()
    desk.smiles.close()
    assert desk.source.closed


async def test_a_mistake_of_ours_is_told_and_ends_nothing_else():
    said = []
    task = asyncio.get_running_loop().create_future()
    task.set_exception(ZeroDivisionError("by us"))
    _tell(task, said.append)
    assert said == ["the smiles have stopped: ZeroDivisionError: by us"]
    cancelled = asyncio.get_running_loop().create_future()
    cancelled.cancel()
    _tell(cancelled, said.append)
    assert len(said) == 1
