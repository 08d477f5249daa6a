"""The checks before an order as bars: worst first, in words, from the gates' fields alone."""

import math
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from components import controls, topics
from components.controls import checks, figure
from components.theme import Tone
from hedging.desk import Phase, Scene
from hedging.model.gates import OF_THE_ORDER, BoundKind, Reading
from hedging.model.view import ControlView
from hedging.workflow.gates import GATES

HOSTILE = "<img src=http://evil.example/x> ![x](http://evil.example)"


def of(*readings, control="C99", sentence="the moon is up", underlying="BTC"):
    return ControlView(control=control, sentence=sentence, underlying=underlying, readings=readings)


def shown(reading):
    return figure(of(reading), reading)


@pytest.fixture
def view(fake):
    return fake.step()


@pytest.mark.parametrize(
    ("reading", "share", "word", "tone"),
    [
        (Reading("worst position", -5.0, 20.0, "BTC"), 0.25, "inside", Tone.GOOD),
        (Reading("worst position", -16.0, 20.0, "BTC"), 0.8, "near", Tone.NEAR),
        (Reading("worst position", 20.0, 20.0, "BTC"), 1.0, "near", Tone.NEAR),
        (Reading("worst position", 20.5, 20.0, "BTC"), 1.025, "BEYOND", Tone.BREACH),
        (Reading("time to expiry", 120.0, 30.0, "min", BoundKind.LEAST), 0.25, "inside", Tone.GOOD),
        (Reading("time to expiry", 29.0, 30.0, "min", BoundKind.LEAST), 30 / 29, "BEYOND", Tone.BREACH),
        (Reading("time to expiry", -3.0, 30.0, "min", BoundKind.LEAST), 1.0, "BEYOND", Tone.BREACH),
        (Reading("time left", 4.0, 0.0, "min", BoundKind.LEAST), 0.0, "inside", Tone.GOOD),
        (Reading("kill latches set", 0.0, 0.0), 0.0, "inside", Tone.GOOD),
        (Reading("kill latches set", 1.0, 0.0), 1.0, "BEYOND", Tone.BREACH),
        (Reading("trading", "active", "active"), 0.0, "as it must be", Tone.GOOD),
        (Reading("trading", "halted", "active"), 1.0, "not as it must be", Tone.BREACH),
        (Reading("age of the book", None, 2.0, "s"), None, "not known", Tone.UNKNOWN),
        (Reading("age of the book", math.nan, 2.0, "s"), None, "not known", Tone.UNKNOWN),
        (Reading("order value", OF_THE_ORDER, 2e6, "USD"), None, OF_THE_ORDER, Tone.PLAIN),
        (Reading("reference", 103_000.5, None, "USD"), None, "no bound", Tone.PLAIN),
        (Reading("dead man's switch", "none runs", None), None, "for information", Tone.PLAIN),
    ],
)
def test_how_near_a_figure_is(reading, share, word, tone):
    found = shown(reading)
    assert found.share == pytest.approx(share) if share is not None else found.share is None
    assert (found.word, found.tone) == (word, tone)


@pytest.mark.parametrize(
    ("reading", "text", "bound"),
    [
        (Reading("worst position", -5.25, 20.0, "BTC"), "−5.25 BTC", "at most 20 BTC"),
        (Reading("gross", 3_412_345.0, 8e6, "USD"), "3.41 M USD", "at most 8.00 M USD"),
        (Reading("margin", 0.4213, 0.7, "share of equity"), "42.1 % of equity", "at most 70.0 % of equity"),
        (Reading("messages", 3.0, 4.0, "per 1 s"), "3 per 1 s", "at most 4 per 1 s"),
        (Reading("time to expiry", 43.0, 30.0, "min", BoundKind.LEAST), "43 min", "at least 30 min"),
        (Reading("reference", 103_410.0, None, "USD"), "103,410 USD", ""),
        (Reading("age", 0.32187, 2.0, "s"), "0.32 s", "at most 2 s"),
        (Reading("clock offset", -0.0123, 0.5, "s"), "−0.0123 s", "at most 0.5 s"),
        (Reading("age", None, 2.0, "s"), "not known", "at most 2 s"),
        (Reading("trading", "reducing", "active"), "reducing", "must be active"),
    ],
)  # fmt: skip
def test_every_number_has_its_unit(reading, text, bound):
    assert (shown(reading).text, shown(reading).bound) == (text, bound)


def test_a_figure_that_is_not_known_is_never_a_number():
    found = shown(Reading("age", None, 2.0, "s"))
    assert (found.value, found.share) == (None, None)


def test_worst_first_and_what_is_not_known_before_what_is_inside(view):
    given = (
        of(Reading("a", 1.0, 10.0), sentence="well inside"),
        of(Reading("b", None, 10.0), sentence="not known"),
        of(Reading("c", 8.0, 10.0), sentence="near"),
        of(Reading("d", 11.0, 10.0), sentence="beyond"),
        of(Reading("e", 3.0, 10.0), sentence="inside"),
        of(sentence="without a figure"),
    )
    found = checks(replace(view, controls=given))
    assert [each.sentence for each in found.checks] == [
        "beyond", "not known", "near", "inside", "well inside", "without a figure",
    ]  # fmt: skip
    assert found.tone is Tone.BREACH
    assert found.finding == (
        "6 checks before every order: 1 is not met now, 1 is missing a figure, "
        "1 is within a quarter of the bound"
    )


def test_one_check_of_two_underlyings_is_one_line_led_by_the_nearer(view):
    given = (
        of(Reading("position", 5.0, 20.0, "BTC")),
        of(Reading("position", 450.0, 500.0, "ETH"), underlying="ETH"),
    )
    only = checks(replace(view, controls=given)).checks
    assert len(only) == 1
    assert [each.underlying for each in only[0].figures] == ["ETH", "BTC"]
    assert (only[0].share, only[0].word) == (0.9, "near")


def test_a_new_gate_needs_no_change_of_the_screen(view):
    invented = of(Reading("phases of the moon", 3.0, 4.0, "quarters"), control="C31")
    found = checks(replace(view, controls=(*view.controls, invented))).checks
    own = next(each for each in found if each.control == "C31")
    assert own.sentence == "the moon is up"
    assert own.figures[0].text == "3 quarters"
    assert own.figures[0].bound == "at most 4 quarters"


def test_no_gate_is_named_in_the_screens_own_code():
    source = Path(controls.__file__).read_text(encoding="utf-8")
    assert not [gate.CONTROL for gate in GATES if f'"{gate.CONTROL}"' in source or gate.SENTENCE in source]


def test_before_the_engine_tells_its_checks_that_is_said(view):
    found = checks(replace(view, controls=()))
    assert found.checks == ()
    assert "has not said" in found.empty


def test_the_board_gets_it_as_plain_data(view):
    scene = Scene(phase=Phase.RUNNING, note="", view=view, samples={}, tickets=(), has_demo=False)
    payload = dict(topics.topics(scene))[topics.CHECKS]
    raw = msgspec.json.decode(msgspec.json.encode(payload))
    assert raw["checks"][0]["figures"]
    assert raw["finding"]
