"""Option chains: the answer's rows to quotes, each judged alone, and one request over a real socket."""

import json
import math
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from chains import NOW, PaperChain
from nouns import option, perpetual

from hedging.errors import BadInput, VenueUnreachable
from hedging.model.instrument import OptionKind
from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.chain import ChainReader, chain, chain_quote
from hedging.venues.session import AccountSession

ROOT = Path(__file__).resolve().parents[2]
CALL = option(OptionKind.CALL, 100_000.0, 0.1)
KNOWN = {CALL.key: CALL}


def row(**changes: object) -> dict[str, object]:
    """As recorded, without the fields that are not read."""
    whole: dict[str, object] = {
        "instrument_name": CALL.name,
        "creation_timestamp": int(NOW.timestamp() * 1000),
        "mark_price": 0.0612,
        "bid_price": 0.061,
        "ask_price": 0.0615,
        "underlying_price": 100_500.25,
        "estimated_delivery_price": 100_010.5,
        "mark_iv": 55.31,
        "open_interest": 120.5,
    }
    return whole | changes


def test_a_row_becomes_a_quote_in_our_units():
    found = chain_quote(row(), CALL, NOW)
    assert (found.bid, found.ask, found.mark) == (0.061, 0.0615, 0.0612)
    assert (found.forward, found.index, found.open_interest) == (100_500.25, 100_010.5, 120.5)
    assert found.iv == pytest.approx(0.5531)
    assert (found.strike, found.kind, found.expiry) == (100_000.0, OptionKind.CALL, CALL.expiry)
    assert (found.venue_at, found.received_at) == (NOW, NOW)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"bid_price": None}, "bid"),
        ({"ask_price": 0}, "ask"),
        ({"mark_iv": 0}, "iv"),
        ({"mark_iv": None}, "iv"),
        ({"mark_price": None}, "mark"),
        ({"underlying_price": None}, "forward"),
        ({"open_interest": None}, "open_interest"),
    ],
)
def test_what_was_not_sent_is_none(changes, field):
    assert getattr(chain_quote(row(**changes), CALL, NOW), field) is None


def test_a_worthless_option_has_a_mark_of_zero():
    assert chain_quote(row(mark_price=0.0), CALL, NOW).mark == 0.0


@pytest.mark.parametrize(
    "changes",
    [
        {"mark_iv": math.nan},
        {"mark_iv": math.inf},
        {"mark_iv": -3.0},
        {"mark_iv": 1000.5},
        {"mark_iv": True},
        {"mark_iv": "abc"},
        {"mark_price": -0.001},
        {"mark_price": math.nan},
        {"bid_price": -1.0},
        {"ask_price": math.inf},
        {"underlying_price": 0.0},
        {"underlying_price": -5.0},
        {"underlying_price": 1e300},
        {"open_interest": -1.0},
        {"creation_timestamp": None},
        {"creation_timestamp": 5},
        {"instrument_name": "BTC-OTHER"},
    ],
)
def test_a_row_that_is_wrong_is_refused_and_costs_no_other(changes):
    with pytest.raises(BadInput):
        chain_quote(row(**changes), CALL, NOW)
    if "instrument_name" not in changes:
        other = option(OptionKind.PUT, 100_000.0, 0.1)
        found = chain([row(**changes), row(instrument_name=other.name)], {**KNOWN, other.key: other}, NOW)
        assert [quote.instrument for quote in found.quotes] == [other.name]
        assert len(found.refused) == 1


@pytest.mark.parametrize(
    "instrument", [perpetual(name=CALL.name), option(OptionKind.CALL, 1.0, name=CALL.name, expiry=None)]
)
def test_what_is_no_option_with_an_expiry_has_no_place(instrument):
    with pytest.raises(BadInput, match="no option"):
        chain_quote(row(), instrument, NOW)


def test_of_two_rows_of_one_instrument_the_later_counts():
    later = int((NOW + timedelta(seconds=1)).timestamp() * 1000)
    rows = [row(), row(creation_timestamp=later, mark_iv=60.0), row(mark_iv=70.0)]
    found = chain(rows, KNOWN, NOW)
    assert [quote.iv for quote in found.quotes] == [0.6]
    found = chain([row(), row(mark_iv=70.0)], KNOWN, NOW)
    assert [quote.iv for quote in found.quotes] == [0.5531]


def test_what_is_not_loaded_is_named_and_nameless_rows_refused():
    found = chain([row(instrument_name="BTC-NEW"), row(instrument_name=None), row()], KNOWN, NOW)
    assert found.unlisted == ("BTC-NEW",)
    assert len(found.refused) == 1
    assert len(found.quotes) == 1


def test_every_option_of_the_simulated_market_is_read():
    paper = PaperChain()
    for currency in ("BTC", "ETH", "USDC"):
        rows = paper.rows(currency)
        found = chain(rows, paper.instruments, paper.now)
        assert (found.refused, found.unlisted) == ((), ())
        assert len(found.quotes) == len(rows) > 50
        assert all(quote.iv and quote.forward and quote.mark is not None for quote in found.quotes)


@pytest.fixture(scope="module")
def address() -> Iterator[AccountAddress]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hedging.paper", "--port", "0", "--seed", "1"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    key = ready["accounts"][0]
    yield AccountAddress(
        key["name"], "deribit", VenueMode.PAPER, key["key"], key["secret"], ready["rest"], ready["ws"]
    )
    process.terminate()
    process.wait(10)
    process.stdout.close()


def utc_now() -> datetime:
    return datetime.now(UTC)


def test_a_chain_is_one_request_over_the_wire(address):
    session, reader = AccountSession(address, utc_now), ChainReader(address, utc_now)
    try:
        instruments = {each.key: each for each in session.load().values()}
        found = reader.read("BTC", instruments)
        assert found.refused == ()
        names = {quote.instrument for quote in found.quotes}
        assert names == {
            each.name
            for each in instruments.values()
            if each.strike is not None and each.settlement_currency == "BTC"
        }
        assert all(each.lot > Decimal(0) for each in instruments.values())
        with pytest.raises(VenueUnreachable, match="options of DOGE"):
            reader.read("DOGE", instruments)
    finally:
        reader.close()
        session.close()


def test_an_exchange_that_is_not_there_is_unreachable():
    nowhere = AccountAddress(
        "main",
        "deribit",
        VenueMode.PAPER,
        "planted-key",
        "planted-secret",
        "http://127.0.0.1:9",
        "ws://127.0.0.1:9",
    )
    reader = ChainReader(nowhere, utc_now, 1.0)
    reader.close()
    with pytest.raises(VenueUnreachable, match="options of BTC"):
        reader.read("BTC", KNOWN)
    reader.close()
