"""The switchboard: bounds in time and number, chance under a seed, several at once; and its records."""

import ast
import re
from pathlib import Path

import pytest
from paper_wire import NoAnswer

from hedging.errors import BadInput, VenueRejected
from hedging.paper.faults.calls import Call, Frame, Wire
from hedging.paper.faults.registry import fault_parameters, known_faults, make_fault, make_switch
from hedging.paper.faults.switchboard import Switchboard

ROOT = Path(__file__).resolve().parents[2]
BUY, TICKER = Call("private/buy"), Call("public/ticker")
SECOND = 1_000_000_000


class Clock:
    def __init__(self):
        self.now = 5 * SECOND

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def board(clock):
    return Switchboard(seed=7, clock=clock)


def struck(board, calls=400):
    return [board.before(BUY) is Wire.SILENCE for _ in range(calls)]


def test_the_next_so_many_and_no_more(board):
    board.set(*make_switch("timeout_before_accept", {"times": 3}))
    assert board.before(TICKER) is Wire.PROCEED, "what it does not touch does not count"
    assert struck(board, 6) == [True] * 3 + [False] * 3
    assert (board.on, board.hits("timeout_before_accept")) == ([], 3)


def test_the_time_left_is_told_and_nothing_where_there_is_no_end(board, clock):
    board.set(*make_switch("timeout_before_accept", {"for_seconds": 2.0}))
    board.set(*make_switch("cut_before", {}))
    clock.now += SECOND // 2
    assert board.left_seconds("timeout_before_accept") == 1.5
    assert board.left_seconds("cut_before") is None
    assert board.left_seconds("cut_after") is None


def test_for_so_many_seconds(board, clock):
    board.set(*make_switch("timeout_before_accept", {"for_seconds": 2.0}))
    clock.now += 2 * SECOND - 1
    assert struck(board, 2) == [True, True]
    clock.now += 1
    assert struck(board, 2) == [False, False]
    assert board.on == []


def test_whichever_bound_comes_first(board, clock):
    board.set(*make_switch("timeout_before_accept", {"for_seconds": 2.0, "times": 1}))
    assert struck(board, 2) == [True, False]
    board.set(*make_switch("timeout_before_accept", {"for_seconds": 2.0, "times": 1}))
    clock.now += 3 * SECOND
    assert struck(board, 1) == [False]


def test_chance_is_the_seed_s_alone(board, clock):
    switch = make_switch("timeout_before_accept", {"chance": 0.3})
    board.set(*switch)
    first = struck(board)
    assert 80 < sum(first) < 160
    board.set(*switch)
    assert struck(board) == first, "switched on again it begins anew"
    same, other = Switchboard(seed=7, clock=clock), Switchboard(seed=8, clock=clock)
    same.set(*make_switch("lost_messages", {"chance": 0.5}))
    for each in (same, other):
        each.set(*switch)
    mixed = []
    for _ in range(400):
        same.delivery(Frame("user.orders.any.any.raw"))
        mixed.append(same.before(BUY) is Wire.SILENCE)
    assert mixed == first, "another fault that draws leaves its chances alone"
    assert struck(other) != first


def test_two_faults_do_not_share_their_luck(clock):
    fates = []
    for name in ("timeout_before_accept", "venue_down"):
        board = Switchboard(seed=7, clock=clock)
        board.set(*make_switch(name, {"chance": 0.5}))
        fates.append([board.before(BUY) is not Wire.PROCEED for _ in range(100)])
    assert fates[0] != fates[1]


def test_several_at_once_compose(board):
    for name in ("duplicated_messages", "delayed_messages"):
        board.set(*make_switch(name, {}))
    assert board.delivery(Frame("quote.X")) == (3.0, 3.0)
    board.set(*make_switch("lost_messages", {"channels": "all"}))
    assert board.delivery(Frame("quote.X")) == ()
    board.set(*make_switch("price_times_thousand", {}))
    board.set(*make_switch("price_negative", {}))
    told = board.message("ticker.X.100ms", {"instrument_name": "X", "mark_price": 2.0})
    assert told == {"instrument_name": "X", "mark_price": -2000.0}
    board.set(*make_switch("clock_skew", {"ahead": 10.0}))
    board.set(*make_switch("clock_step_back", {"step": 4.0}))
    assert board.skew_ms == 6000


def test_the_first_that_objects_decides_the_fate_of_a_call(board):
    board.set(*make_switch("timeout_before_accept", {}))
    board.set(*make_switch("venue_down", {}))
    assert board.before(BUY) is Wire.SILENCE
    assert board.before(TICKER) is Wire.RESET
    assert (board.hits("timeout_before_accept"), board.hits("venue_down")) == (1, 1)


def test_all_clear_in_one_call(board):
    for name in ("timeout_before_accept", "silent_stream", "clock_skew", "partial_fills"):
        board.set(*make_switch(name, {}))
    board.clear()
    assert board.on == []
    assert board.before(BUY) is Wire.PROCEED
    assert (board.skew_ms, board.freezes("quote.X"), board.holds_resting) == (0, False, False)


def test_what_acts_needs_an_exchange(board):
    with pytest.raises(BadInput, match="needs an exchange"):
        board.set(*make_switch("transfer", {}))
    assert board.on == []


@pytest.mark.parametrize("name", sorted(known_faults()))
def test_every_parameter_has_a_default_inside_its_bounds_and_is_held_to_them(name):
    make_fault(name, {})
    for item in fault_parameters(known_faults()[name]):
        if item.kind in ("int", "float"):
            assert item.bounds is not None, item.name
            for value in (item.bounds.low - 1, item.bounds.high + 1):
                with pytest.raises(BadInput, match="is not between"):
                    make_fault(name, {item.name: value})
        else:
            assert item.kind == "bool" or "|" in item.kind, item


def test_bounds_over_the_wire_are_listed_and_end_by_themselves(wire):
    rows = {row.name: row for row in wire.control.set_fault("timeout_before_accept", times=2)}
    assert rows["timeout_before_accept"].is_on
    for number in (1, 2):
        with pytest.raises(NoAnswer):
            wire.order("sell", "bounded")
        rows = {row.name: row for row in wire.control.faults()}
        assert rows["timeout_before_accept"].hits == number
    assert wire.order("sell", "bounded off")["order"]["order_state"] == "filled"
    assert wire.control.state().faults_on == ()
    for bad in ({"times": -1}, {"for_seconds": -1.0}, {"chance": 1.5}, {"times": "2"}):
        with pytest.raises(VenueRejected):
            wire.control.set_fault("timeout_before_accept", **bad)


def test_margin_comes_back_when_its_time_is_over(wire):
    account = wire.paper.server.exchange.accounts["desk"]
    before = account.wallet("BTC").balance
    wire.control.set_fault("margin_call", for_seconds=0.2)
    assert account.wallet("BTC").balance < before
    until = wire.paper.server.faults
    while until.on:
        assert wire.control.state()
    assert account.wallet("BTC").balance == pytest.approx(before)


# records


def documented():
    """Name, sentence and what is expected, of each row of docs/faults.md."""
    text = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    return {name: (sentence.strip(), expected.strip()) for name, sentence, expected in rows}


def names_of_tests():
    """Names of the tests of this folder's files of faults."""
    names = set()
    for path in Path(__file__).parent.glob("test_*_faults.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                names.add(node.name)
    return names


@pytest.mark.parametrize("name", sorted(known_faults()))
def test_every_fault_is_documented_with_its_own_sentence_and_has_its_own_test(name):
    sentence, expected = documented()[name]
    assert sentence == known_faults()[name].sentence()
    assert len(expected) > 20
    assert f"test_{name}" in names_of_tests()


def test_no_fault_is_documented_that_is_not_there():
    assert set(documented()) == set(known_faults())
    assert len(known_faults()) >= 50


def test_every_fault_lives_in_a_small_file_of_its_own():
    for name, kind in known_faults().items():
        assert kind.__module__ == f"hedging.paper.faults.{name}"
        assert kind.sentence().endswith(".")
        assert len((ROOT / "hedging" / "paper" / "faults" / f"{name}.py").read_text().splitlines()) < 80
