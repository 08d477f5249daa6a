"""The latest view, the drift's history and the runs of decisions."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from hedging.errors import LedgerError
from hedging.ledger import Series
from hedging.ledger.codec import nanoseconds
from hedging.ledger.database import Database
from hedging.ledger.migration import SERIES_MIGRATIONS, migrate
from hedging.ledger.series import FILE
from hedging.ledger.series_marks import MarkFrame
from hedging.ledger.series_points import (
    DriftPoint,
    ExposurePoint,
    Kind,
    LimitLine,
    LimitPoint,
    MarginPoint,
    Moment,
    Span,
)
from hedging.model.trading import AutoSetting, Decision, Outcome, TradingState, Verdict
from hedging.model.view import DecisionRun, ExposureSample, Profile, UnderlyingView, VenueMode, View

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def series(tmp_path):
    opened = Series.open(tmp_path)
    yield opened
    opened.close()


def view(sequence: int, profile: Profile | None = None) -> View:
    underlying = UnderlyingView(
        underlying="BTC",
        exposure=None,
        drift=None,
        profile=profile,
        ladder=(),
        proofs=(),
        decision=None,
        hedge_instrument="BTC-PERPETUAL",
    )
    return View(
        sequence=sequence,
        at=NOW,
        book="desk",
        mode=VenueMode.PAPER,
        engine_started_at=NOW,
        ready=True,
        status="",
        trading_state=TradingState.ACTIVE,
        halted_because="",
        resume_asked_by="",
        auto=AutoSetting(),
        auto_refusals=(),
        feeds=(),
        gaps=(),
        underlyings=(underlying,),
        positions=(),
        limits=(),
        tickets=(),
        orders=(),
    )


def sample_at(seconds: int, underlying: str = "BTC", **changes) -> ExposureSample:
    made = ExposureSample(
        at=NOW + timedelta(seconds=seconds),
        underlying=underlying,
        index=103_450.25,
        delta=0.1 + 0.2,
        band_lower=-5.0,
        band_upper=5.0,
        ratio_held=None,
        ratio_wanted=1.1,
    )
    return replace(made, **changes)


def run(first: int, last: int, cycles: int = 1, underlying: str = "BTC") -> DecisionRun:
    decision = Decision(
        at=NOW + timedelta(seconds=last),
        underlying=underlying,
        outcome=Outcome.NOTHING,
        reason="inside the band",
        verdicts=(Verdict(check="band", passed=True, reason="+1.2 in ±5"),),
        inputs_hash="ab",
        delta=1.2,
    )
    return DecisionRun(first_at=NOW + timedelta(seconds=first), cycles=cycles, decision=decision)


def test_the_latest_view_replaces_the_one_before(series):
    assert (series.view(), series.view_sequence()) == (None, 0)
    series.put_view(view(1))
    series.put_view(view(2))
    assert (series.view(), series.view_sequence()) == (view(2), 2)


def test_a_view_with_nan_is_refused_by_name_and_the_old_one_stays(series):
    series.put_view(view(1))
    points = (1.0, float("nan"))
    broken = Profile(
        spots=(1.0, 2.0),
        delta_now=points,
        delta_at_expiry=(0.0, 0.0),
        delta_after_ticket=None,
        pnl_usd=(0.0, 0.0),
    )
    with pytest.raises(LedgerError, match=r"View.underlyings\[0\].profile.delta_now\[1\] is nan"):
        series.put_view(view(2, broken))
    assert series.view_sequence() == 1


def test_readers_never_see_half_a_view(series, tmp_path):
    reader = Series.open(tmp_path)
    seen = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            latest = reader.view()
            if latest is not None:
                seen.append(latest.sequence)

    thread = threading.Thread(target=read)
    thread.start()
    for sequence in range(1, 101):
        series.put_view(view(sequence))
    done.set()
    thread.join()
    reader.close()
    assert seen == sorted(seen)
    assert series.view_sequence() == 100


def test_samples_come_back_oldest_first_from_a_time_on(series):
    missing = sample_at(2, index=None, delta=None)
    series.add_samples([missing, sample_at(1), sample_at(3), sample_at(3, underlying="ETH")])
    series.add_samples([])
    assert series.samples("BTC", NOW + timedelta(seconds=2)) == (missing, sample_at(3))
    series.add_samples([sample_at(3, delta=9.0)])
    assert series.samples("BTC", NOW + timedelta(seconds=3)) == (sample_at(3, delta=9.0),)
    with pytest.raises(LedgerError, match=r"ExposureSample.delta is nan"):
        series.add_samples([sample_at(4), sample_at(5, delta=float("nan"))])
    assert len(series.samples("BTC", NOW)) == 3


def test_a_run_that_goes_on_is_one_run(series):
    series.put_decision_runs([run(0, 1), run(0, 1, underlying="ETH")])
    series.put_decision_runs([run(0, 5, cycles=4)])
    series.put_decision_runs([run(6, 6)])
    assert series.decision_runs("BTC") == (run(6, 6), run(0, 5, cycles=4))
    assert series.decision_runs("BTC", limit=1) == (run(6, 6),)
    assert series.decision_runs(since=NOW + timedelta(seconds=5), until=NOW + timedelta(seconds=5)) == (
        run(0, 5, cycles=4),
    )
    assert len(series.decision_runs()) == 3


def test_a_step_gives_the_last_point_of_each_and_the_same_ones_as_time_goes_on(series):
    series.add_samples([sample_at(second) for second in range(0, 130, 3)])
    step = timedelta(seconds=20)
    found = series.samples("BTC", NOW, step)
    assert [(each.at - NOW).seconds for each in found] == [18, 39, 57, 78, 99, 117, 129]
    series.add_samples([sample_at(132), sample_at(141)])
    assert series.samples("BTC", NOW, step)[:6] == found[:6]
    assert series.samples("BTC", NOW + timedelta(seconds=40), step)[0] == found[2]
    assert series.samples("BTC", NOW, timedelta(hours=1)) == (sample_at(141),)
    assert series.samples("ETH", NOW, step) == ()


@pytest.mark.parametrize("step", [timedelta(), timedelta(seconds=-1)])
def test_a_step_that_goes_nowhere_is_refused(series, step):
    with pytest.raises(LedgerError, match=r"a step of .* ask for more than zero"):
        series.samples("BTC", NOW, step)


def test_a_day_is_drawn_with_at_most_two_thousand_points(series):
    series.add_samples([sample_at(second) for second in range(0, 86_400, 20)])
    found = series.samples("BTC", NOW, timedelta(days=1) / 2000)
    assert 1990 < len(found) <= 2001
    assert found[-1] == sample_at(86_380)


def test_points_of_the_first_version_come_over_and_say_so(tmp_path):
    old = Database.at_path(tmp_path / FILE, "NORMAL")
    migrate(old, SERIES_MIGRATIONS, to="0001")
    with old.writing() as connection:
        connection.execute(
            text("INSERT INTO exposure_sample VALUES ('BTC', :at, 103450.25, NULL, -5, 5, NULL, 1.1)"),
            {"at": nanoseconds(NOW)},
        )
    old.close()
    opened = Series.open(tmp_path)
    assert opened.samples("BTC", NOW) == (sample_at(0, delta=None),)
    ((row,),) = opened.rows(Kind.EXPOSURE, Span())
    assert (row.gaps, row.missing) == (None, "recorded by an earlier version")
    opened.close()


LINE = LimitLine("BTC", "delta", 5.0, 10.0, "BTC")


def a_moment(seconds: float, **changes) -> Moment:
    at = NOW + timedelta(seconds=seconds)
    whole = Moment(
        at=at,
        exposures=(ExposurePoint(underlying="BTC", delta_coin=0.1 + 0.2, gaps=0),),
        drifts=(DriftPoint(underlying="BTC", band_lower_coin=-5.0, band_upper_coin=5.0),),
        limits=(LimitPoint(line=LINE, value=1.5, level="inside", gaps=0),),
        margins=(MarginPoint(account="main", currency="BTC", equity=60.0),),
        marks=MarkFrame.of(at, [("deribit", "A")], [(0.1, 2.0, None, 0.5, 1.0, 1.5, 0.2)]),
    )
    return replace(whole, **changes)


def test_a_limit_that_was_changed_is_another_line_and_the_old_points_keep_theirs(series):
    raised = replace(LINE, hard=20.0)
    series.add(a_moment(0))
    series.add(a_moment(1, limits=(LimitPoint(line=raised, value=None, level="unknown", gaps=2),)))
    series.add(a_moment(2))
    (rows,) = series.rows(Kind.LIMITS, Span())
    assert [(row.hard, row.value, row.level, row.gaps) for row in rows] == [
        (10.0, 1.5, "inside", 0),
        (20.0, None, "unknown", 2),
        (10.0, 1.5, "inside", 0),
    ]


def test_a_moment_is_stored_whole_or_not_at_all(series):
    broken = (MarginPoint(account="main", currency="BTC", equity=float("inf")),)
    with pytest.raises(LedgerError, match=r"MarginPoint.equity is inf"):
        series.add(a_moment(0, margins=broken))
    assert {series.extent(kind).rows for kind in Kind} == {0}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_parts_of_any_size_hold_every_row_once_in_order(series, size):
    for second in range(7):
        exposures = tuple(ExposurePoint(underlying=name) for name in ("BTC", "ETH", "SOL"))
        series.add(a_moment(second, exposures=exposures))
    parts = list(series.rows(Kind.EXPOSURE, Span(), size))
    rows = [(row.at_ns, row.underlying) for part in parts for row in part]
    assert rows == sorted(set(rows))
    assert len(rows) == 21
    assert all(len({row.at_ns for row in part}) * 3 == len(part) for part in parts)
    frames = [frame for part in series.marks(Span(), size) for frame in part]
    assert [frame.at for frame in frames] == [NOW + timedelta(seconds=second) for second in range(7)]


def test_a_span_begins_with_its_first_instant_and_ends_before_its_last(series):
    for second in range(5):
        series.add(a_moment(second))
    span = Span(NOW + timedelta(seconds=1), NOW + timedelta(seconds=3))
    for kind in (Kind.EXPOSURE, Kind.DRIFT, Kind.LIMITS, Kind.MARGIN):
        times = [row.at_ns for part in series.rows(kind, span) for row in part]
        assert times == [nanoseconds(NOW + timedelta(seconds=second)) for second in (1, 2)], kind
    assert [frame.at.second for part in series.marks(span) for frame in part] == [1, 2]
    found = series.extent(Kind.MARKS, span)
    assert (found.rows, found.first, found.last) == (2, span.since, NOW + timedelta(seconds=2))
    assert list(series.rows(Kind.DRIFT, Span(NOW + timedelta(days=1)))) == []


def test_runs_are_given_by_their_end_in_parts(series):
    series.put_decision_runs([run(0, 9), run(10, 11), run(10, 11, underlying="ETH"), run(12, 20)])
    parts = list(series.runs(Span(NOW + timedelta(seconds=9), NOW + timedelta(seconds=20)), 1))
    assert parts == [[run(0, 9)], [run(10, 11), run(10, 11, underlying="ETH")]]
