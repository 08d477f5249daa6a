from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import BadInput
from hedging.venues.payload import LARGEST, Payload

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
UNUSABLE = [
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    1e16,
    "nan",
    "inf",
    "1_000",
    " 1",
    "0x10",
    "1e9999",
    "1,5",
    "١",
    True,
    [1],
    {"a": 1},
]


@pytest.mark.parametrize("value", UNUSABLE, ids=[str(value)[:12] for value in UNUSABLE])
def test_a_number_that_is_none_is_refused_by_name(value: object) -> None:
    read = Payload({"price": value, "instrument_name": "BTC-PERPETUAL"}, "ticker")
    for reader in (
        read.number,
        read.optional_number,
        read.optional_positive,
        read.decimal,
        read.positive_decimal,
    ):
        with pytest.raises(BadInput, match=r"ticker of 'BTC-PERPETUAL': price is "):
            reader("price")


@pytest.mark.parametrize(
    ("value", "expected"), [(1, 1.0), (1.5, 1.5), ("2.5", 2.5), ("-1e-8", -1e-8), (".5", 0.5), (0, 0.0)]
)
def test_numbers_may_be_text(value: object, expected: float) -> None:
    assert Payload({"x": value}, "t").number("x") == expected
    assert float(Payload({"x": value}, "t").decimal("x")) == expected


def test_decimals_are_exact() -> None:
    read = Payload({"text": "0.10", "number": 0.1, "whole": 3}, "t")
    assert (read.decimal("text"), read.decimal("number"), read.decimal("whole")) == (
        Decimal("0.10"),
        Decimal("0.1"),
        Decimal(3),
    )


@pytest.mark.parametrize("absent", [{}, {"x": None}, {"x": ""}], ids=["missing", "null", "empty"])
def test_absent_is_none_or_refused(absent: dict[str, object]) -> None:
    read = Payload(absent, "t")
    assert read.optional_number("x") is None
    assert read.optional_positive("x") is None
    for reader in (read.number, read.decimal, read.text, read.identifier, read.time):
        with pytest.raises(BadInput, match="x is"):
            reader("x")


@pytest.mark.parametrize("value", [0, -1, "-0.5", 1e-16])
def test_a_price_that_is_not_above_zero_is_refused(value: object) -> None:
    with pytest.raises(BadInput):
        Payload({"x": value}, "t").optional_positive("x")
    with pytest.raises(BadInput):
        Payload({"x": value}, "t").positive_decimal("x")


def test_times_are_aware_and_bounded() -> None:
    assert Payload({"t": 1583778859480}, "t").time("t") == datetime(
        2020, 3, 9, 18, 34, 19, 480000, tzinfo=UTC
    )
    for bad in (1583778859, 1583778859480000, -1, 0):  # seconds, microseconds
        with pytest.raises(BadInput, match=r"t is -?\d+, expected"):
            Payload({"t": bad}, "t").time("t")


@pytest.mark.parametrize("value", [1, "a\nb", "\x1b[31m", "x" * 300, ["a"]])
def test_text_is_printable_and_short(value: object) -> None:
    with pytest.raises(BadInput):
        Payload({"x": value}, "t").optional_text("x")


@pytest.mark.parametrize("raw", [None, [], "x", 3])
def test_only_objects_are_read(raw: object) -> None:
    with pytest.raises(BadInput, match="ticker: expected a JSON object"):
        Payload(raw, "ticker")


@given(ANYTHING)
def test_any_value_gives_a_usable_number_or_bad_input(value: object) -> None:
    read = Payload({"x": value}, "t")
    for reader in (read.optional_number, read.decimal, read.optional_positive):
        try:
            number = reader("x")
        except BadInput:
            continue
        assert number is None or abs(number) <= LARGEST  # False for NaN
