"""Hourly closes: the question, answers that are usable and answers that are not, and a real socket."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from hedging.errors import BadInput, VenueUnreachable
from hedging.model.view import VenueMode
from hedging.venues.address import AccountAddress
from hedging.venues.history import HistoryReader, closes, question

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
KEY = "deribit:BTC-PERPETUAL"


def ms(*hours):
    return [int(datetime(2026, 11, 22, hour, tzinfo=UTC).timestamp() * 1000) for hour in hours]


def answer(**changes):
    return {"status": "ok", "ticks": ms(9, 10, 11, 12), "close": [1.5, 2, 3.25, 4.0], **changes}


def test_a_bar_closes_an_hour_after_it_begins_and_the_running_one_is_left_out():
    found = closes(answer(), KEY, NOW)
    assert [(each.at.hour, each.price) for each in found] == [(10, 1.5), (11, 2.0), (12, 3.25)]
    assert {each.instrument for each in found} == {KEY}


def test_a_missing_hour_stays_missing():
    found = closes(answer(ticks=ms(5, 6, 9, 11)), KEY, NOW)
    assert [each.at.hour for each in found] == [6, 7, 10, 12]


def test_no_data_is_no_closes():
    assert closes({"status": "no_data"}, KEY, NOW) == ()


@pytest.mark.parametrize(
    "broken",
    [
        None,
        [],
        {},
        answer(status="error"),
        answer(close=[1.0, 2.0, 3.0]),
        answer(close=[1.0, 2.0, 3.0, 0.0]),
        answer(close=[1.0, 2.0, 3.0, -4.0]),
        answer(close=[1.0, 2.0, 3.0, float("nan")]),
        answer(close=[1.0, 2.0, 3.0, "4"]),
        answer(close=[1.0, 2.0, 3.0, None]),
        answer(close=[1.0, 2.0, 3.0, True]),
        answer(close=[1.0, 2.0, 3.0, 1e16]),
        answer(close=None),
        answer(ticks=ms(9, 10, 10, 12)),
        answer(ticks=ms(12, 11, 10, 9)),
        answer(ticks=[tick + 60_000 for tick in ms(9, 10, 11, 12)]),
        answer(ticks=[tick // 1000 for tick in ms(9, 10, 11, 12)]),
        answer(ticks=None),
    ],
)
def test_what_is_no_history_is_refused(broken):
    with pytest.raises(BadInput):
        closes(broken, KEY, NOW)


def test_the_question_names_the_hours():
    asked = question("BTC-PERPETUAL", NOW - timedelta(hours=2), NOW)
    assert asked == {
        "instrument_name": "BTC-PERPETUAL",
        "resolution": "60",
        "start_timestamp": 1_795_343_400_000,
        "end_timestamp": 1_795_350_600_000,
    }


@pytest.mark.parametrize("since", [NOW, NOW + timedelta(hours=1), NOW - timedelta(days=91)])
def test_a_span_that_is_none_is_not_asked_for(since):
    with pytest.raises(BadInput):
        question("BTC-PERPETUAL", since, NOW)


@pytest.fixture(scope="module")
def exchange():
    command = [sys.executable, "-m", "hedging.paper", "--port", "0", "--seed", "1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    ready = json.loads(process.stdout.readline())
    known = next(one for one in ready["accounts"] if one["name"] == "trader")
    yield AccountAddress(
        "trader", "deribit", VenueMode.PAPER, known["key"], known["secret"], ready["rest"], ready["ws"]
    )
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_the_paper_exchange_is_read_over_its_socket(exchange):
    now = datetime.now(UTC)
    reader = HistoryReader(exchange, lambda: datetime.now(UTC))
    found = reader.read("BTC-PERPETUAL", KEY, now - timedelta(days=400))
    assert len(found) >= 160
    assert found[-1].at <= now < found[-1].at + timedelta(hours=1, seconds=30)
    assert all(after.at - before.at == timedelta(hours=1) for before, after in pairwise(found))
    assert all(1_000 < each.price < 1_000_000 for each in found)
    recent = reader.read("BTC-PERPETUAL", KEY, now - timedelta(hours=5))
    assert recent == found[-len(recent) :]
    with pytest.raises(VenueUnreachable, match="hourly closes of NOT-LISTED"):
        reader.read("NOT-LISTED", KEY, now - timedelta(hours=5))
    reader.close()
