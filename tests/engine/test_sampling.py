"""What is recorded of a moment: each figure under its name, what is missing with its reason."""

from dataclasses import fields, replace
from datetime import timedelta
from math import inf, nan
from types import SimpleNamespace

import nouns
import numpy as np
import pytest

from hedging.decide import assess
from hedging.engine.sampling import MOST_MARKS_A_SECOND, Pace, Seen, moment, seen
from hedging.ledger import Series
from hedging.ledger.series_marks import FIELDS, missing
from hedging.ledger.series_points import Kind, Span
from hedging.model.limits import BreachLevel
from hedging.model.snapshot import Gap, GapReason

RULES = nouns.rules()
HEDGE = "deribit:BTC-PERPETUAL"


def held(**changes) -> Seen:
    """A book of 2 BTC long in the perpetual with its price and balance."""
    book = nouns.snapshot([nouns.position(nouns.perpetual(), 200_000)], **changes)
    return Seen(nouns.NOW, assess(book, RULES), RULES, ("main",), frozenset({HEDGE}))


def with_exposure(**changes) -> Seen:
    found = held()
    whole = found.whole
    odd = replace(whole, exposures={"BTC": replace(whole.exposures["BTC"], **changes)})
    return replace(found, whole=odd)


def test_every_figure_stands_under_its_own_name():
    found = held(balances=[nouns.balance(equity=50.0, delta_total=(("BTC", 2.25),))])
    whole = found.whole.exposures["BTC"]
    made = moment(found)
    (point,) = made.exposures
    assert (point.index_usd, point.equity_coin, point.delta_coin) == (whole.index, whole.equity, whole.delta)
    assert (point.delta_net_coin, point.delta_hedge_coin) == (whole.delta_net, whole.delta_hedge)
    assert (point.gamma_coin, point.gamma_black_coin) == (whole.gamma_coin, whole.gamma_black_coin)
    assert (point.vega_usd, point.theta_usd) == (whole.vega_usd, whole.theta_usd)
    assert (point.gross_notional_usd, point.hedge_position_coin) == (
        whole.gross_notional_usd,
        whole.hedge_position,
    )
    assert (point.hedged_share, point.gaps, point.missing) == (0.0, 0, None)
    (drift,) = made.drifts
    assert (drift.band_lower_coin, drift.band_centre_coin, drift.band_upper_coin) == (-5.0, 0.0, 5.0)
    assert (drift.state, drift.beyond_coin) == ("inside", 0.0)
    (margin,) = made.margins
    assert (margin.account, margin.currency, margin.equity, margin.available) == ("main", "BTC", 50.0, 50.0)
    assert (margin.delta_total_coin, margin.delta_totals, margin.missing) == (2.25, None, None)


def test_distinct_figures_are_not_exchanged():
    names = (
        "index", "equity", "delta", "delta_net", "delta_hedge", "gamma_coin", "gamma_black_coin", "vega_usd",
        "theta_usd", "gross_notional_usd", "hedge_position", "smile_shift", "delta_after_expiry",
    )  # fmt: skip
    changes = {name: float(number) for number, name in enumerate(names, start=1)}
    (point,) = moment(with_exposure(**changes)).exposures
    found = {
        field.name.removesuffix("_coin").removesuffix("_usd"): getattr(point, field.name)
        for field in fields(point)
        if isinstance(getattr(point, field.name), float) and field.name != "hedged_share"
    }
    assert found == {
        name.removesuffix("_coin").removesuffix("_usd"): value for name, value in changes.items()
    }


def test_limits_are_recorded_as_they_were_set_with_unit_and_level():
    points = {point.line.measure: point for point in moment(held()).limits}
    assert set(points) == {"delta", "hedge position"}
    line = points["delta"].line
    assert (line.scope, line.soft, line.hard, line.unit) == ("BTC", 10.0, 30.0, "BTC")
    assert (points["delta"].level, points["delta"].gaps) == (BreachLevel.INSIDE.value, 0)
    assert points["delta"].value == pytest.approx(2.0)


def test_an_underlying_with_a_gap_has_no_number_and_says_why():
    gap = Gap(what="x", reason=GapReason.STALE, detail="the feed is down", underlying=None)
    made = moment(held(gaps=(gap, replace(gap, detail="second"), replace(gap, detail="third"))))
    (point,), (drift,), limits = made.exposures, made.drifts, made.limits
    assert (point.delta_coin, point.index_usd, point.gaps) == (None, None, 3)
    assert point.missing == drift.missing == "the feed is down; second and 1 more"
    assert (drift.state, drift.ratio_held, drift.band_upper_coin) == (None, None, 5.0)
    assert {(limit.value, limit.level, limit.gaps) for limit in limits} == {(None, "unknown", 3)}


@pytest.mark.parametrize("odd", [nan, inf, -inf])
def test_a_number_that_is_none_is_recorded_as_missing_and_stops_nothing(odd, tmp_path):
    found = with_exposure(gamma_coin=odd, theta_usd=odd)
    (point,) = moment(found).exposures
    assert (point.gamma_coin, point.theta_usd) == (None, None)
    assert point.missing == f"gamma_coin is {odd}; theta_usd is {odd}"
    series = Series.open(tmp_path)
    series.add(moment(found))
    assert series.extent(Kind.EXPOSURE).rows == 1
    series.close()


def test_a_ratio_that_cannot_be_said_says_so():
    found = held()
    drifts = {"BTC": replace(found.whole.drifts["BTC"], ratio_held=None, ratio_wanted=None)}
    (drift,) = moment(replace(found, whole=replace(found.whole, drifts=drifts))).drifts
    assert (drift.ratio_held, drift.missing) == (
        None,
        "no ratio: the primary delta is too small to divide by",
    )


def test_an_account_without_a_balance_and_one_that_margins_several_coins():
    several = nouns.balance("USDC", delta_total=(("BTC", 1.5), ("ETH", -2.25)))
    other = nouns.balance("USDT", delta_total=(("BTC", 0.5),))
    none = nouns.balance("BTC", available=nan)
    made = moment(replace(held(balances=[several, other, none]), accounts=("main", "second")))
    by_key = {(point.account, point.currency): point for point in made.margins}
    usdc, usdt, btc = (by_key["main", currency] for currency in ("USDC", "USDT", "BTC"))
    assert (usdc.delta_total_coin, usdc.delta_totals) == (None, "BTC=1.5 ETH=-2.25")
    assert (usdt.delta_total_coin, usdt.delta_totals) == (0.5, "BTC=0.5")
    assert (btc.available, btc.delta_total_coin) == (None, None)
    assert btc.missing == "no delta_total: none was sent, or it is older than the last fill; available is nan"
    assert (by_key["second", ""].equity, by_key["second", ""].missing) == (None, "no balance has arrived")


def test_marks_are_of_what_is_needed_in_one_order_with_their_age():
    quotes = [nouns.quote(iv=None, received_at=nouns.NOW - timedelta(seconds=1.5))]
    found = held(quotes=quotes)
    made = moment(replace(found, marks_of=frozenset({HEDGE, "okx:BTC-USD-SWAP"}))).marks
    assert made.layout.instruments == (("deribit", "BTC-PERPETUAL"), ("okx", "BTC-USD-SWAP"))
    values = dict(zip(FIELDS, made.values[:, 0].tolist(), strict=True))
    quote = quotes[0]
    assert np.isnan(values.pop("iv"))
    assert values == {
        "mark": quote.mark,
        "index_usd": quote.index,
        "forward_usd": quote.forward,
        "bid": quote.bid,
        "ask": quote.ask,
        "age_seconds": 1.5,
    }
    assert np.isnan(made.values[:, 1]).all()
    assert missing(made.values) == ["not sent: iv", "no quote has arrived"]


class TestPace:
    def test_one_sample_in_each_second_however_often_it_is_asked(self):
        pace = Pace()
        due = [tenth for tenth in range(40) if pace.is_due(nouns.NOW + timedelta(seconds=0.55 + tenth / 10))]
        assert due == [0, 5, 15, 25, 35]

    def test_a_clock_put_back_is_sampled_at_once(self):
        pace = Pace()
        assert pace.is_due(nouns.NOW)
        assert pace.is_due(nouns.NOW - timedelta(hours=1))
        assert not pace.is_due(nouns.NOW - timedelta(hours=1))

    @pytest.mark.parametrize(
        ("instruments", "seconds"), [(1, 1), (MOST_MARKS_A_SECOND, 1), (121, 2), (1_200, 10)]
    )
    def test_many_marks_are_recorded_less_often(self, instruments, seconds):
        pace = Pace()
        due = [
            second
            for second in range(60)
            if pace.are_marks_due(nouns.NOW + timedelta(seconds=second), instruments)
        ]
        assert due == list(range(0, 60, seconds))


def test_nothing_is_taken_between_the_seconds_and_no_marks_between_their_turns():
    keys = frozenset(f"deribit:I-{number}" for number in range(240))
    desk = SimpleNamespace(
        now=lambda: nouns.NOW, rules=RULES, accounts=("main",), state=SimpleNamespace(needed=keys)
    )
    pace, whole = Pace(), held().whole
    assert seen(desk, whole, pace).marks_of == keys
    assert seen(desk, whole, pace) is None
    desk.now = lambda: nouns.NOW + timedelta(seconds=1)
    between = seen(desk, whole, pace)
    assert between.marks_of is None
    assert moment(between).marks is None


def test_what_is_sampled_comes_back_from_the_file(tmp_path):
    series = Series.open(tmp_path)
    made = moment(held())
    series.add(made)
    series.add(made)
    ((exposure,),) = series.rows(Kind.EXPOSURE, Span())
    assert (exposure.delta_coin, exposure.gaps) == (made.exposures[0].delta_coin, 0)
    ((frame,),) = series.marks(Span())
    assert (frame.at, frame.layout) == (nouns.NOW, made.marks.layout)
    assert np.array_equal(frame.values, made.marks.values, equal_nan=True)
    assert [series.extent(kind).rows for kind in Kind] == [1, 1, 2, 1, 1, 0]
    series.close()
