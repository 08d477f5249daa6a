"""Which points survive, exactly: as sampled, then the last of each minute, then none."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hedging.ledger import Ledger, Series
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
from hedging.ledger.series_thinning import EVERY
from hedging.model.retention import Retention
from hedging.model.trading import Decision, Outcome
from hedging.model.view import DecisionRun

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RETENTION = Retention(fine=timedelta(hours=2), keep=timedelta(days=2))
TABLES = (Kind.EXPOSURE, Kind.DRIFT, Kind.LIMITS, Kind.MARKS, Kind.MARGIN)
POINTS = {Kind.EXPOSURE: 2, Kind.DRIFT: 1, Kind.LIMITS: 1, Kind.MARKS: 2, Kind.MARGIN: 1}
"""Rows of each kind in one of our instants."""


def ago(**length: float) -> datetime:
    return NOON - timedelta(**length)


def a_moment(at: datetime, underlyings: tuple[str, ...] = ("BTC", "ETH"), instruments=("A", "B")) -> Moment:
    line = LimitLine("BTC", "delta", 5.0, 10.0, "BTC")
    return Moment(
        at=at,
        exposures=tuple(ExposurePoint(underlying=name, delta_coin=1.5, gaps=0) for name in underlyings),
        drifts=(DriftPoint(underlying="BTC", band_lower_coin=-5.0, band_upper_coin=5.0),),
        limits=(LimitPoint(line=line, value=1.0, level="inside", gaps=0),),
        margins=(MarginPoint(account="main", currency="BTC", equity=60.0),),
        marks=MarkFrame.of(at, [("deribit", name) for name in instruments], [(1.0,) * 7] * len(instruments)),
    )


def a_run(last: datetime) -> DecisionRun:
    decision = Decision(
        at=last, underlying="BTC", outcome=Outcome.NOTHING, reason="", verdicts=(), inputs_hash="", delta=1.0
    )
    return DecisionRun(first_at=last - timedelta(hours=1), cycles=2, decision=decision)


@pytest.fixture
def series(tmp_path):
    opened = Series.open(tmp_path)
    yield opened
    opened.close()


def times(series: Series, kind: Kind = Kind.EXPOSURE) -> list[datetime]:
    """The distinct times at which a kind has points."""
    if kind is Kind.MARKS:
        return [frame.at for part in series.marks(Span()) for frame in part]
    found = [row.at_ns for part in series.rows(kind, Span()) for row in part]
    return [datetime.fromtimestamp(at / 1e9, UTC) for at in dict.fromkeys(found)]


def work_off(thinning, now: datetime, steps: int = 300) -> int:
    return sum(thinning.step(now) for _ in range(steps))


def fill(series: Series, start: datetime, seconds: int, step: int = 1) -> list[datetime]:
    made = [start + timedelta(seconds=second) for second in range(0, seconds, step)]
    for at in made:
        series.add(a_moment(at))
    return made


def survivors(made: list[datetime], now: datetime, retention: Retention = RETENTION) -> list[datetime]:
    """By the definition, the slow way."""
    fine = (now - retention.fine).replace(second=0, microsecond=0)
    last = {at.replace(second=0, microsecond=0): at for at in sorted(made)}
    return [
        at
        for at in sorted(made)
        if at >= now - retention.keep and (at >= fine or last[at.replace(second=0, microsecond=0)] == at)
    ]


def test_exactly_the_points_of_the_definition_survive_in_every_table(series):
    made = fill(series, ago(days=2, seconds=90), 200, 7)  # across the end of keeping
    made += fill(series, ago(hours=2, seconds=150), 330, 7)  # across the end of the fine time
    made += fill(series, ago(seconds=20), 21, 7)
    gone = work_off(series.thinning(RETENTION), NOON)
    kept = survivors(made, NOON)
    assert 0 < len(kept) < len(made)
    for kind in TABLES:
        assert times(series, kind) == kept, kind
        assert series.extent(kind).rows == len(kept) * POINTS[kind]
    assert gone == (len(made) - len(kept)) * (sum(POINTS.values()) - 1)  # the two marks are one row


def test_the_minute_in_which_the_fine_time_ends_stays_whole(series):
    now = NOON + timedelta(seconds=40)
    made = fill(series, now - RETENTION.fine - timedelta(seconds=100), 120)
    work_off(series.thinning(RETENTION), now)
    assert times(series) == survivors(made, now)
    assert ago(hours=2) in times(series)  # though it is 40 s older than the fine time
    assert ago(hours=2, seconds=1) in times(series)  # as the last of its minute
    assert ago(hours=2, seconds=2) not in times(series)


def test_the_last_of_a_minute_is_each_series_own(series):
    start = ago(hours=5)
    series.add(a_moment(start + timedelta(seconds=10)))
    series.add(a_moment(start + timedelta(seconds=20), underlyings=("BTC",)))
    work_off(series.thinning(RETENTION), NOON)
    rows = [(row.underlying, row.at_ns) for part in series.rows(Kind.EXPOSURE, Span()) for row in part]
    assert [name for name, _ in rows] == ["ETH", "BTC"]


def test_a_second_run_and_another_after_a_restart_change_nothing(series, tmp_path):
    fill(series, ago(hours=3), 600, 7)
    thinning = series.thinning(RETENTION)
    assert work_off(thinning, NOON) > 0
    kept = times(series)
    assert work_off(thinning, NOON + EVERY) == 0
    again = Series.open(tmp_path)
    assert work_off(again.thinning(RETENTION), NOON) == 0
    assert times(again) == kept
    again.close()


def test_later_points_grow_old_in_their_turn(series):
    made = fill(series, ago(minutes=10), 600, 7)
    thinning = series.thinning(RETENTION)
    assert work_off(thinning, NOON) == 0
    for hours in (2, 4, 47):
        later = NOON + timedelta(hours=hours)
        work_off(thinning, later)
        assert times(series) == survivors(made, later)
    assert work_off(thinning, NOON + timedelta(hours=49)) > 0
    assert times(series) == []


def test_it_runs_at_the_start_and_then_once_an_hour(series):
    fill(series, ago(hours=1, minutes=30), 60, 7)
    thinning = series.thinning(RETENTION)
    assert work_off(thinning, NOON) == 0
    assert work_off(thinning, NOON + EVERY - timedelta(seconds=1)) == 0
    assert work_off(thinning, NOON + EVERY) > 0


def test_an_interrupted_run_is_finished_after_a_restart(series, tmp_path):
    made = fill(series, ago(days=2, minutes=5), 600, 3)
    series.thinning(RETENTION).step(NOON)
    assert len(times(series)) < len(made)
    again = Series.open(tmp_path)
    work_off(again.thinning(RETENTION), NOON)
    assert times(again) == survivors(made, NOON)
    again.close()


def test_nothing_is_due_in_an_empty_file(series):
    assert work_off(series.thinning(RETENTION), NOON) == 0
    assert {series.extent(kind).rows for kind in Kind} == {0}


def test_a_clock_put_back_ends_what_the_later_time_began(series):
    made = fill(series, ago(minutes=30), 1800, 2)
    thinning = series.thinning(RETENTION)
    wrong = NOON + timedelta(days=400)
    first = thinning.step(wrong)
    assert first > 0  # it believed that all of this was too old, and did one bounded step
    assert work_off(thinning, NOON) == 0
    left = times(series)
    assert left == made[-len(left) :]
    assert series.extent(Kind.DRIFT).rows == len(made)


def test_points_from_before_a_clock_was_put_back_are_thinned_by_their_own_time(series):
    thinning = series.thinning(RETENTION)
    ahead = fill(series, NOON, 120, 7)
    work_off(thinning, NOON + timedelta(hours=3))
    behind = fill(series, ago(hours=6), 120, 7)
    work_off(thinning, NOON + timedelta(hours=2, minutes=30))
    kept = survivors(ahead, NOON + timedelta(hours=3)) + survivors(behind, NOON)
    assert times(series) == sorted(kept)


def test_a_step_is_bounded_however_much_is_old(series):
    line = LimitLine("BTC", "delta", 5.0, 10.0, "BTC")
    for second in range(3000):
        at = ago(days=1) + timedelta(seconds=second)
        limit = LimitPoint(line=line, value=1.0, level="inside", gaps=0)
        series.add(Moment(at=at, exposures=(), drifts=(), limits=(limit,), margins=(), marks=None))
    thinning = series.thinning(RETENTION)
    gone = [thinning.step(NOON) for _ in range(100)]
    assert max(gone) <= 1000
    assert sum(gone) == 3000 - 50


def test_decision_runs_go_with_the_same_age_by_their_end(series):
    old, begun_before, young = (a_run(ago(days=2, seconds=1)), a_run(ago(days=2) + EVERY / 2), a_run(NOON))
    series.put_decision_runs([old, begun_before, young])
    assert work_off(series.thinning(RETENTION), NOON) == 1
    assert series.decision_runs() == (young, begun_before)


def test_names_of_instruments_go_with_their_last_frame(series, tmp_path):
    series.add(a_moment(ago(days=3), instruments=("OLD",)))
    series.add(a_moment(NOON, instruments=("NEW",)))
    work_off(series.thinning(RETENTION), NOON)
    with sqlite3.connect(tmp_path / FILE) as connection:
        assert [body for (body,) in connection.execute("SELECT body FROM mark_layout")] == [
            '[["deribit","NEW"]]'
        ]
    connection.close()
    series.add(a_moment(NOON + timedelta(seconds=1), instruments=("OLD",)))
    assert times(series, Kind.MARKS) == [NOON, NOON + timedelta(seconds=1)]


def test_freed_pages_are_used_again_so_that_the_file_stops_growing(series):
    short = Retention(fine=timedelta(minutes=2), keep=timedelta(minutes=10))
    thinning, sizes = series.thinning(short), []
    for hour in range(4):
        start = NOON + timedelta(hours=hour)
        fill(series, start, 600, 2)
        work_off(thinning, start + timedelta(minutes=30))
        sizes.append(series.size())
    assert sizes[0].free > 0
    assert sizes[-1].total <= sizes[0].total * 1.1


def test_neither_the_ledger_nor_the_view_is_touched(series, tmp_path, ledger_with_records):
    before = (tmp_path / "ledger.sqlite").read_bytes()
    fill(series, ago(days=3), 60)
    assert work_off(series.thinning(RETENTION), NOON) > 0
    assert (tmp_path / "ledger.sqlite").read_bytes() == before
    again = Ledger.open(tmp_path)
    assert again.verify_chain() == ledger_with_records
    again.close()


@pytest.fixture
def ledger_with_records(tmp_path: Path) -> int:
    """How many records a ledger in the same folder holds."""
    from hedging.model.trading import Command, CommandKind, Role

    ledger = Ledger.open(tmp_path)
    for number in range(3):
        ledger.append_command(
            Command(
                key=f"k{number}",
                at=ago(days=90),
                user="rita",
                role=Role.RISK,
                kind=CommandKind.HALT,
                ref="",
                reason="x",
            )
        )
    records = ledger.verify_chain()
    ledger.close()
    return records
