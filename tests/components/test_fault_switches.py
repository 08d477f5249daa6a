"""The demo's faults: grouped, found by words, switched for a time, what is on first."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from components import fault_switches, session, showing
from hedging.errors import VenueUnreachable
from hedging.paper.control_client import FaultRow
from hedging.paper.faults.calls import Group
from hedging.paper.faults.registry import known_faults

HOSTILE = "<img src=http://evil.example/x>"


def row(name="cut_before", group="connection", **more):
    given = {"sentence": "The connection is cut.", "is_on": False, "parameters": {}, "group": group}
    return FaultRow(name, **given | more)


def every():
    return [row(name, kind.group.value, sentence=kind.sentence()) for name, kind in known_faults().items()]


def test_every_known_fault_has_a_place_and_groups_come_in_the_exchanges_order():
    found = list(fault_switches.grouped(every()))
    assert [group for group, _ in found] == [group.value for group in Group]
    assert sum(len(members) for _, members in found) == len(known_faults())


def test_a_group_that_nobody_knows_yet_comes_last_with_its_own_heading():
    found = list(fault_switches.grouped([row("new_one", "moonlight"), *every()]))
    assert found[-1][0] == "moonlight"
    assert "Moonlight" in fault_switches.heading("moonlight", 1)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", {"cut_before", "price_nan"}),
        ("PRICES", {"price_nan"}),
        ("cut before", {"cut_before"}),
        ("connection is", {"cut_before"}),
        ("nothing like it", set()),
    ],
)
def test_found_by_words_of_name_group_or_sentence(words, names):
    rows = [row(), row("price_nan", "prices", sentence="A mark is not a number.")]
    assert {each.name for each in fault_switches.matching(rows, words)} == names


def test_what_is_on_says_its_time_left_or_that_it_has_no_end():
    assert "1 min 15 s left" in fault_switches.on_line(row(is_on=True, left_seconds=75.0))
    assert "data-desk-until" in fault_switches.on_line(row(is_on=True, left_seconds=75.0))
    assert "until switched off" in fault_switches.on_line(row(is_on=True))


@pytest.mark.parametrize(
    ("hits", "words"), [(0, "has not struck yet"), (1, "struck 1 time<"), (3, "struck 3 times")]
)
def test_what_is_on_says_how_often_it_struck(hits, words):
    assert words in fault_switches.on_line(row(is_on=True, hits=hits))


def test_no_word_of_the_exchange_is_markup():
    hostile = row(HOSTILE, HOSTILE, sentence=HOSTILE, parameters={HOSTILE: HOSTILE}, is_on=True)
    for shown in (
        fault_switches.line(hostile),
        fault_switches.on_line(hostile),
        fault_switches.heading(HOSTILE, 1),
    ):
        assert "<img" not in shown


class Switches:
    """A control client that keeps what it is asked."""

    def __init__(self):
        self.rows = [row(), row("transfer", "account", lasting=False), row("price_nan", "prices", is_on=True)]
        self.asked = []

    def faults(self):
        if self.rows is None:
            raise VenueUnreachable("nobody answers")
        return self.rows

    def set_fault(self, name, **parameters):
        self.asked.append((name, parameters))

    def clear_fault(self, name):
        self.asked.append((name, "off"))

    def clear_faults(self):
        self.asked.append("all off")


def run_it():
    from components import fault_switches, showing

    fault_switches.show()
    showing.said()


class TestPressing:
    @pytest.fixture
    def switches(self, monkeypatch):
        made = Switches()
        monkeypatch.setattr(showing, "control", lambda: made)
        return made

    def open(self, who="Tessa"):
        test = AppTest.from_function(run_it, default_timeout=20)
        test.session_state[session.person_key()] = who
        return test.run()

    def text(self, test):
        return "\n".join(element.proto.body for element in test.get("html"))

    def press(self, test, key):
        return next(each for each in test.button if each.key == key).click().run()

    def test_on_is_for_a_minute_unless_another_time_is_chosen(self, switches):
        test = self.press(self.open(), "demo-switch-cut_before")
        test.selectbox(key="demo-fault-span").set_value("until switched off").run()
        self.press(test, "demo-switch-cut_before")
        assert switches.asked == [
            ("cut_before", {"for_seconds": 60.0}),
            ("cut_before", {"for_seconds": 0.0}),
        ]

    def test_one_that_acts_once_is_given_no_time(self, switches):
        test = self.press(self.open(), "demo-switch-transfer")
        assert switches.asked == [("transfer", {})]
        assert "fault transfer: done" in self.text(test)

    def test_what_is_on_goes_off_alone_or_with_all_others(self, switches):
        test = self.press(self.open(), "demo-off-price_nan")
        self.press(test, "demo-clear")
        assert switches.asked == [("price_nan", "off"), "all off"]

    def test_the_filter_leaves_what_is_on_in_sight(self, switches):
        test = self.open()
        test = test.text_input(key="demo-fault-filter").set_value("transfer").run()
        keys = [each.key for each in test.button]
        assert "demo-switch-transfer" in keys
        assert "demo-switch-cut_before" not in keys
        assert "demo-off-price_nan" in keys

    def test_no_fault_with_these_words_is_said(self, switches):
        test = self.open().text_input(key="demo-fault-filter").set_value("zebra").run()
        assert "no fault has these words" in self.text(test)

    def test_a_viewer_switches_nothing(self, switches):
        test = self.press(self.open("Vera"), "demo-switch-cut_before")
        assert switches.asked == []
        assert "a viewer only looks" in self.text(test)

    def test_an_exchange_that_does_not_answer_is_said(self, switches):
        switches.rows = None
        test = self.open()
        assert not test.exception
        assert "nobody answers" in self.text(test)


def test_without_a_paper_exchange_there_is_nothing_to_switch(monkeypatch):
    monkeypatch.setattr(showing, "DOORWAY", SimpleNamespace(standing=SimpleNamespace(control_url="")))
    test = AppTest.from_function(run_it, default_timeout=20).run()
    assert "no paper exchange" in "\n".join(element.proto.body for element in test.get("html"))
    assert not test.button
