"""Every gate has its control, its sentence and the figures from which the screen builds itself."""

import re
from dataclasses import MISSING, fields, replace
from inspect import signature
from math import isfinite, nan
from pathlib import Path

import pytest
from nouns import balance, future, gate_state, order, quote

from hedging.ledger.codec import decode, encode
from hedging.model.gates import Reading
from hedging.model.instrument import Kind
from hedging.model.trading import Lifetime, Order
from hedging.workflow import gates
from hedging.workflow.gates import GATES, GateState, judge

FOLDER = Path(gates.__file__).parent
NO_GATES = {"__init__", "state", "reducing"}
CONTROLS = {
    "C1", "C2", "C3", "C4", "C5", "C5/C7", "C6", "C8", "C9", "C10", "C13", "C14", "C15", "C16", "C18", "C19",
    "C23", "C24",
}  # fmt: skip
UNKNOWN = {
    "quote": None, "exposure": None, "position": None, "position_at": None, "balance": None,
    "clock_offset_seconds": None, "scopes": {},
}  # fmt: skip


def name(gate):
    return gate.__name__.rpartition(".")[2]


def test_every_file_is_a_gate_that_is_asked_once():
    files = {path.stem for path in FOLDER.glob("*.py")} - NO_GATES
    assert {name(gate) for gate in GATES} == files
    assert len(GATES) == len(files)


def test_the_controls_that_gates_can_check_each_have_one():
    assert {gate.CONTROL for gate in GATES} == CONTROLS
    assert len({gate.SENTENCE for gate in GATES}) == len(GATES)


def test_the_design_has_a_row_for_each_control():
    design = (Path(__file__).resolve().parents[2] / "docs" / "design.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (C\d+(?:, C\d+)*) \|", design, re.MULTILINE)
    listed = {control for row in rows for control in row.split(", ")}
    assert listed == {control for found in CONTROLS for control in found.split("/")}


@pytest.mark.parametrize("gate", GATES, ids=name)
def test_a_gate_has_the_declared_shape(gate):
    assert gate.SENTENCE[0].islower()
    assert not gate.SENTENCE.endswith(".")
    assert f"{gate.CONTROL.replace('/', ' and ')}" in gate.__doc__.split(":")[0]
    assert len(signature(gate.check).parameters) == 2
    assert gate.check(order(), gate_state()) is None


@pytest.mark.parametrize("gate", GATES, ids=name)
@pytest.mark.parametrize(
    "state",
    [
        gate_state(),
        gate_state(**UNKNOWN),
        gate_state(quote=quote(bid=nan, ask=nan, mark=nan, index=nan), balance=balance(equity=nan)),
        gate_state(clock_offset_seconds=nan, balance=balance(initial_margin=nan)),
        gate_state(instrument=future(1), live=(order(client_id="o", lifetime=Lifetime.RESTING),)),
    ],
    ids=["plain", "unknown", "no numbers", "no margin", "future"],
)
def test_readings_are_named_figures_that_can_be_stored_and_never_nan(gate, state):
    found = gate.readings(state)
    assert all(isinstance(reading, Reading) and reading.name for reading in found)
    numbers = [
        each for reading in found for each in (reading.value, reading.bound) if isinstance(each, float)
    ]
    assert all(isfinite(number) for number in numbers)
    assert len(set(found)) == len(found)
    assert all(decode(Reading, encode(reading)) == reading for reading in found)


@pytest.mark.parametrize("gate", [gate for gate in GATES if name(gate) != "who"], ids=name)
def test_a_gate_shows_something_of_itself(gate):
    assert gate.readings(gate_state())


def test_every_refusal_says_its_gates_control():
    state = gate_state(**UNKNOWN)
    bad = order(ticket_id="", approver="", lifetime=Lifetime.RESTING)
    refused = [(gate, no) for gate in GATES if (no := gate.check(bad, state))]
    assert len(refused) >= 8
    assert all(no.control == gate.CONTROL for gate, no in refused)


@pytest.mark.parametrize("missing", sorted(UNKNOWN))
def test_no_order_passes_where_one_input_is_missing(missing):
    assert judge(order(), gate_state(**{missing: UNKNOWN[missing]})).refusal is not None


@pytest.mark.parametrize("kind", [Kind.FUTURE, Kind.OPTION])
def test_no_order_passes_in_what_expires_nobody_knows_when(kind):
    instrument = replace(future(1), kind=kind, expiry=None)
    assert "not known" in judge(order(), gate_state(instrument=instrument)).refusal.reason


def test_what_a_state_leaves_out_is_harmless_or_refuses():
    defaults = {field.name for field in fields(GateState) if field.default is not MISSING}
    assert defaults >= {"executed", "automatic", "venue_trouble", "market_trouble", "dead_man_until"}
    assert judge(order(lifetime=Lifetime.RESTING), gate_state()).refusal.control == "C13"


def test_an_order_stored_before_orders_had_a_lifetime_ends_at_once():
    stored = encode(order())
    assert ',"lifetime":"immediate"' in stored
    assert decode(Order, stored.replace(',"lifetime":"immediate"', "")) == order()
