"""The latest view, the drift's history and the runs of decisions."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hedging.errors import LedgerError
from hedging.ledger import Series
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


