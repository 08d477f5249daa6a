"""Every stored noun comes back equal, and its text is canonical."""

import json
import math
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hedging.errors import LedgerError
from hedging.ledger.codec import decode, encode, nanoseconds, utc
from hedging.model.terms import TermsVersion
from hedging.model.trading import Command, Fill, Order, Ticket, TradingStatus
from hedging.model.view import DecisionRun, ExposureSample, Record, View

finite = st.floats(allow_nan=False, allow_infinity=False)
st.register_type_strategy(float, finite)
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False))
st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(str, st.text(st.characters(exclude_categories=["Cs"])))
NOUNS = (Ticket, Order, Fill, Command, TradingStatus, ExposureSample, DecisionRun, Record, TermsVersion)


@pytest.mark.parametrize("noun", NOUNS)
def test_a_noun_comes_back_equal(noun):
    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(st.from_type(noun))
    def check(made):
        stored = encode(made)
        assert decode(noun, stored) == made
        assert encode(decode(noun, stored)) == stored

    check()


@settings(
    max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.data_too_large]
)
@given(st.builds(View, balances=..., hedges=...))
def test_a_view_comes_back_equal(view):
    assert decode(View, encode(view)) == view


def test_keys_are_sorted_and_decimals_are_text(sample):
    body = json.loads(encode(sample.order()))
    assert list(body) == sorted(body)
    assert body["limit_price"] == "103410.50"


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_come_back_from_nanoseconds(at):
    assert utc(nanoseconds(at)) == at


def test_a_numpy_number_is_stored_as_the_float_it_is():
    assert encode({"delta": np.float64(0.1)}) == '{"delta":0.1}'
    with pytest.raises(LedgerError, match="is nan"):
        encode({"delta": np.float64("nan")})


@pytest.mark.parametrize(
    ("value", "message"), [(object(), "no canonical form"), ({"a": math.inf}, r"\['a'\] is inf")]
)
def test_what_has_no_form_is_refused(value, message):
    with pytest.raises(LedgerError, match=message):
        encode(value)


@pytest.mark.parametrize("text", ["", "{}", "null", '{"key": 1}'])
def test_a_text_that_is_no_noun_is_an_error(text):
    with pytest.raises(LedgerError, match="a stored Command cannot be read"):
        decode(Command, text)
