"""Columns and rows of a valued book are the same figures; a layout is used again only where it holds."""

from dataclasses import replace
from datetime import timedelta
from math import inf, isnan

import numpy as np
import pytest
from nouns import INDEX, NOW, balance, future, option, perpetual, position, quote, snapshot, underlying_rules

from hedging.model.instrument import OptionKind
from hedging.model.limits import Numeraire
from hedging.risk.exposure import Basis, exposure, summed
from hedging.risk.greeks import value_positions
from hedging.risk.holdings import Holdings

SOON = option(OptionKind.CALL, 90_000.0, 0.01, name="BTC-SOON")
LATER = option(OptionKind.PUT, 95_000.0, 0.2, name="BTC-LATER")
HELD = (
    position(SOON, 3),
    position(perpetual(), 500_000),
    position(LATER, -7, account="second"),
    position(SOON, -1, account="second"),
    position(future(), -200_000),
)
QUOTES = [quote(each, mark=INDEX) for each in (perpetual(), future())] + [
    quote(each, mark=0.05, iv=0.7) for each in (SOON, LATER)
]
SEEN = snapshot(HELD, QUOTES)


def valued(seen=SEEN, known=None):
    hedges = frozenset({perpetual().key})
    return value_positions(seen, hedges, 5.0) if known is None else value_positions(seen, hedges, 5.0, known)


def test_rows_are_the_columns_in_the_order_of_the_snapshot():
    book = valued()
    assert [row.instrument.name for row in book.positions] == [each.instrument.name for each in HELD]
    assert [row.delta_net for row in book.positions] == book.columns.delta_net.tolist()
    assert [row.is_hedge for row in book.positions] == [False, True, False, False, False]
    assert len(book.marks.mark) == 4, "an instrument held twice is priced once"


def test_the_sum_over_columns_is_the_sum_over_rows():
    item = underlying_rules(numeraire=Numeraire(0.3))
    whole = exposure(item, valued(), [balance(equity=12.0)], INDEX, NOW)
    assert whole == summed(Basis("BTC", Numeraire(0.3), INDEX, 12.0, NOW), valued().positions)


def test_what_is_left_after_the_next_expiry():
    whole = exposure(underlying_rules(), valued(), [balance(equity=12.0)], INDEX, NOW)
    staying = [row.delta_net for row in valued().positions if row.instrument != SOON]
    assert whole.next_expiry == SOON.expiry
    assert whole.delta_after_expiry == pytest.approx(sum(staying), rel=1e-12)
    assert whole.delta != pytest.approx(sum(staying), rel=0.01)


def test_nothing_that_expires_has_no_delta_after_it():
    book = valued(snapshot([position(perpetual(), 10)]))
    whole = exposure(underlying_rules(), book, [balance()], INDEX, NOW)
    assert (whole.next_expiry, whole.delta_after_expiry) == (None, None)


def test_a_layout_is_used_again_for_the_same_positions_alone():
    first = valued()
    assert valued(replace(SEEN, at=NOW + timedelta(seconds=1)), first.holdings).holdings is first.holdings
    more = replace(SEEN, positions=(*HELD, position(SOON, 5)))
    again = valued(more, first.holdings)
    assert again.holdings is not first.holdings
    assert [row.delta_net for row in again.positions] == [row.delta_net for row in valued(more).positions]


def test_one_name_with_two_expiries_is_two_instruments():
    other = replace(SOON, expiry=LATER.expiry)
    layout = Holdings.of((position(SOON, 1), position(other, 1), position(replace(SOON), 2)))
    assert layout.place.tolist() == [0, 1, 0]


@pytest.mark.parametrize("broken", [{"iv": None}, {"iv": inf}, {"forward": -1.0}, {"index": None}])
def test_a_position_without_a_value_has_no_number_in_any_column(broken):
    quotes = [quote(each, mark=INDEX) for each in (perpetual(), future())]
    quotes += [quote(SOON, mark=0.05, iv=0.7, **{k: v for k, v in broken.items() if k != "iv"}), quote(LATER)]
    quotes[2] = replace(quotes[2], **broken)
    book = valued(snapshot(HELD, quotes))
    assert [gap.what for gap in book.gaps] == [SOON.name], "one gap, however often it is held"
    assert [isnan(value) for value in book.columns.delta_net] == [True, False, False, True, False]
    assert not book.valued[0]
    assert isnan(exposure(underlying_rules(), book, [balance()], INDEX, NOW).delta)
    assert np.isfinite(book.columns.delta_net[book.valued]).all()
