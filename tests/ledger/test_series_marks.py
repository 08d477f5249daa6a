"""A frame of marks comes back bit for bit, and what is missing is never a number."""

from datetime import UTC, datetime
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hedging.errors import LedgerError
from hedging.ledger.series_marks import FIELDS, Layout, MarkFrame, missing, unpacked

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHOLE = (0.05, 103_000.5, 103_100.0, 0.61, 0.049, 0.051, 0.2)
VALUES = st.none() | st.floats()
ROWS = st.lists(st.tuples(*[VALUES] * len(FIELDS)), min_size=1, max_size=20)


def frame(*rows) -> MarkFrame:
    return MarkFrame.of(NOON, [("deribit", f"I-{place}") for place in range(len(rows))], rows)


@given(ROWS)
def test_every_finite_number_comes_back_bit_for_bit_and_nothing_else_as_a_number(rows):
    made = frame(*rows)
    read = unpacked(NOON, made.layout, made.packed())
    for place, row in enumerate(rows):
        for value, back in zip(row, read.values[:, place].tolist(), strict=True):
            if value is None:
                assert np.isnan(back)
            elif np.isfinite(value):
                assert back.hex() == float(value).hex()
            else:
                assert back == inf


def test_the_reason_of_what_is_missing_is_told_apart():
    no_quote = (None,) * len(FIELDS)
    half = (*WHOLE[:3], None, None, *WHOLE[5:])
    odd = (nan, *WHOLE[1:5], None, WHOLE[6])
    assert missing(frame(WHOLE, no_quote, half, odd).values) == [
        None,
        "no quote has arrived",
        "not sent: iv, bid",
        "not sent: ask; not a finite number: mark",
    ]


def test_a_layout_is_known_by_its_names_and_their_order():
    one, two = Layout((("deribit", "A"), ("okx", "B"))), Layout((("okx", "B"), ("deribit", "A")))
    assert Layout.read(one.body) == one
    assert one.digest != two.digest
    assert len(one.digest) == 64


@pytest.mark.parametrize("body", [b"", b"not zlib", frame(WHOLE).packed()])
def test_a_block_that_is_not_of_its_layout_is_refused(body):
    with pytest.raises(LedgerError, match="the marks of 2026-11-22T12:00:00"):
        unpacked(NOON, Layout((("deribit", "A"), ("deribit", "B"))), body)


def test_a_frame_of_many_instruments_is_far_smaller_than_its_rows():
    rng = np.random.default_rng(1)
    rows = [
        (
            round(float(mark), 4),
            103_000.5,
            103_100.0,
            round(float(vol), 4),
            round(float(mark) - 1e-3, 4),
            None,
            0.5,
        )
        for mark, vol in zip(rng.uniform(0, 1, 1200), rng.uniform(0.3, 0.9, 1200), strict=True)
    ]
    assert len(frame(*rows).packed()) < 1200 * len(FIELDS) * 8 / 2
