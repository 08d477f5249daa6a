"""Decisions fold into runs without losing a cycle, and a feed is as old as its oldest part."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import nouns
import pytest

from bench.known_book import KnownBook
from hedging.decide import assess
from hedging.engine.publisher import DecisionRuns, Identity, Publisher, drawn
from hedging.ledger import Series
from hedging.ledger.series_points import Kind
from hedging.model.instrument import OptionKind
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.market import Quote
from hedging.model.retention import Retention
from hedging.model.rules import Rules, UnderlyingRules
from hedging.model.trading import Decision, Outcome, Verdict
from hedging.model.view import ExposureSample, VenueMode
from hedging.risk.profile import POINTS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEDGE = "BTC-PERPETUAL"
NOTHING = assess(nouns.snapshot(), Rules(underlyings=()))


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def decision(seconds, outcome=Outcome.NOTHING, *, passed=True, delta=1.0, underlying="BTC", ticket_id=""):
    return Decision(
        at=at(seconds),
        underlying=underlying,
        outcome=outcome,
        reason=f"delta {delta}",
        verdicts=(Verdict(check="band", passed=passed, reason=f"delta {delta}"),),
        inputs_hash=str(seconds),
        delta=delta,
        ticket_id=ticket_id,
    )


# --- decision runs ------------------------------------------------------------------------------------------


def test_equal_decisions_are_one_run_with_the_latest_numbers():
    runs = DecisionRuns()
    for second in range(5):
        runs.take(decision(second, delta=float(second)))
    (run,) = runs.drain()
    assert (run.first_at, run.cycles) == (at(0), 5)
    assert run.decision.delta == 4.0
    assert runs.latest("BTC") == run.decision


@pytest.mark.parametrize(
    "changed",
    [
        {"outcome": Outcome.BLOCKED},
        {"passed": False},
        {"ticket_id": "T1"},
    ],
)
def test_another_outcome_verdict_or_ticket_begins_another_run(changed):
    runs = DecisionRuns()
    runs.take(decision(0))
    runs.take(decision(1, **changed))
    runs.take(decision(2, **changed))
    first, second = runs.drain()
    assert (first.first_at, first.cycles) == (at(0), 1)
    assert (second.first_at, second.cycles) == (at(1), 2)


def test_a_decision_that_comes_back_is_a_new_run():
    runs = DecisionRuns()
    for second, outcome in enumerate((Outcome.NOTHING, Outcome.KEEP, Outcome.NOTHING)):
        runs.take(decision(second, outcome))
    assert [(run.first_at, run.cycles) for run in runs.drain()] == [(at(0), 1), (at(1), 1), (at(2), 1)]


def test_underlyings_do_not_end_each_others_runs():
    runs = DecisionRuns()
    for second in range(4):
        runs.take(decision(second, underlying="BTC"))
        runs.take(decision(second, Outcome.BLOCKED, underlying="ETH"))
    assert {(run.decision.underlying, run.cycles) for run in runs.drain()} == {("BTC", 4), ("ETH", 4)}


def test_a_drained_run_goes_on_growing_and_comes_again():
    runs = DecisionRuns()
    runs.take(decision(0))
    assert [run.cycles for run in runs.drain()] == [1]
    assert runs.drain() == ()
    runs.take(decision(1))
    (run,) = runs.drain()
    assert (run.first_at, run.cycles) == (at(0), 2)


def test_nothing_is_known_of_an_underlying_without_a_decision():
    assert DecisionRuns().latest("BTC") is None


# --- the publisher ------------------------------------------------------------------------------------------

BTC = UnderlyingRules(
    underlying="BTC",
    account="desk",
    venue="deribit",
    hedge_instrument=HEDGE,
    numeraire=Numeraire(0.0),
    band=Band(lower=-5.0, upper=5.0, centre=0.0, target=HedgeTarget.EDGE, share=0.5),
    limits=(
        Limit(scope=Scope(ScopeKind.UNDERLYING, "BTC"), measure=Measure.HEDGE_POSITION, soft=10.0, hard=20.0),
    ),
    max_order_coin=5.0,
)


def quote(name, received, touch):
    return Quote(
        venue="deribit",
        instrument=name,
        bid=1.0,
        ask=2.0,
        bid_size=1.0,
        ask_size=1.0,
        mark=1.5,
        index=1.5,
        forward=None,
        iv=None,
        venue_delta=None,
        venue_at=at(received),
        received_at=at(received),
        touch_received_at=at(touch),
    )


class Stage:
    """A publisher over a book of two accounts; ``now`` is set by hand."""

    def __init__(self, folder):
        self.now = NOON
        self.rules = Rules(
            underlyings=(BTC, replace(BTC, underlying="ETH", hedge_instrument="ETH-PERPETUAL"))
        )
        self.book = KnownBook({"desk": "deribit", "second": "deribit"}, self.rules, {}, NOON)
        self.series = Series.open(folder)
        self.offset = None
        self.publisher = Publisher(Desk(self), self.series, Identity("book", VenueMode.PAPER, NOON))

    def view(self):
        return self.publisher.glance(NOTHING, ready=True, status="running")

    def show(self):
        return self.publisher.show(self.view(), NOTHING)

    def feeds(self):
        return {feed.name: feed for feed in self.view().feeds}


class Desk:
    """What a publisher reads of a desk."""

    terms, proposals, accounts = None, (), ("desk", "second")

    def __init__(self, stage):
        self._stage = stage
        self.board = stage.book.board
        self.rules = stage.rules
        self.places = SimpleNamespace(instruments={})

    state = property(lambda self: self._stage.book.state)
    clock_offset = property(lambda self: self._stage.offset)

    def now(self):
        return self._stage.now


@pytest.fixture
def stage(tmp_path):
    made = Stage(tmp_path)
    yield made
    made.series.close()


def test_a_feed_is_as_old_as_its_oldest_part(stage):
    stage.book.take_quote(quote(HEDGE, received=3, touch=5))
    stage.book.take_quote(quote("ETH-PERPETUAL", received=4, touch=2))
    for account, second in (("desk", 6), ("second", 7)):
        stage.book.take_positions(account, (), at(second))
        stage.book.take_balances(account, (), at(second + 10))
    feeds = stage.feeds()
    assert feeds["prices"].received_at == at(2)
    assert feeds["marks"].received_at == at(3)
    assert feeds["positions"].received_at == at(6)
    assert feeds["margin"].received_at == at(16)
    ages = stage.rules.ages
    assert [feed.limit_seconds for feed in feeds.values()] == [
        ages.touch,
        ages.marks,
        ages.position,
        ages.margin,
    ]


def test_a_feed_with_a_silent_part_has_no_age(stage):
    assert {feed.received_at for feed in stage.feeds().values()} == {None}
    stage.book.take_quote(quote(HEDGE, received=3, touch=5))
    stage.book.take_positions("desk", (), at(6))
    stage.book.take_balances("desk", (), at(6))
    assert {name: feed.received_at for name, feed in stage.feeds().items()} == {
        "prices": None,
        "marks": None,
        "positions": None,
        "margin": None,
    }


def test_an_unvalued_underlying_has_no_figures_and_forbids_automatic_mode(stage):
    view = stage.view()
    assert [shown.exposure for shown in view.underlyings] == [None, None]
    assert [shown.profile for shown in view.underlyings] == [None, None]
    assert view.auto_refusals == (
        "the delta of BTC is not fully known",
        "the delta of ETH is not fully known",
    )


def test_sequences_grow_by_one_also_over_a_restart(stage, tmp_path):
    first, second = stage.view(), stage.view()
    assert second.sequence == first.sequence + 1
    stage.publisher.show(second, NOTHING)
    again = Publisher(stage.publisher._desk, stage.series, Identity("book", VenueMode.PAPER, NOON))
    assert again.glance(NOTHING, ready=False, status="").sequence == second.sequence + 1


def test_the_view_is_stored_each_time_and_a_sample_once_a_second(stage):
    for tenth in range(21):
        stage.now = NOON + timedelta(seconds=tenth / 10)
        stage.publisher.runs.take(decision(tenth / 10))
        stage.show()
    assert stage.series.view().at == at(2)
    samples = stage.series.samples("BTC", NOON)
    assert [sample.at for sample in samples] == [at(0), at(1), at(2)]
    assert {sample.delta for sample in samples} == {None}
    assert {(sample.band_lower, sample.band_upper) for sample in samples} == {(-5.0, 5.0)}
    (run,) = stage.series.decision_runs()
    assert run.cycles == 21


def test_words_and_numbers_may_change_within_a_run():
    runs = DecisionRuns()
    runs.take(decision(0, delta=1.1))
    runs.take(replace(decision(1, delta=2.2), reason="other words", inputs_hash="other"))
    (run,) = runs.drain()
    assert run.cycles == 2


def test_a_picture_is_drawn_of_the_assessment_it_was_taken_of(stage):
    held = (nouns.position(nouns.perpetual(), 100_000), nouns.position(nouns.option(OptionKind.CALL, 9e4), 2))
    quotes = [nouns.quote(each.instrument) for each in held]
    whole = assess(nouns.snapshot(held, quotes), stage.rules)
    glance = stage.publisher.glance(whole, ready=True, status="running")
    assert glance.positions == ()
    view = drawn(glance, whole)
    assert view.positions == whole.positions
    bitcoin, ether = view.underlyings
    assert (ether.profile, ether.ladder) == (None, ())
    assert bitcoin.profile.delta_now[POINTS // 2] == pytest.approx(whole.exposures["BTC"].delta)
    assert sum(cell.delta for cell in bitcoin.ladder) == pytest.approx(whole.exposures["BTC"].delta_net)
    assert bitcoin.profile.delta_after_ticket is None
    waiting = nouns.ticket(delta_before=3.0, delta_after=1.0)
    stage.book.state = replace(stage.book.state, tickets={"BTC": waiting})
    after = drawn(stage.publisher.glance(whole, ready=True, status="running"), whole).underlyings[0].profile
    assert after.delta_after_ticket[POINTS // 2] == pytest.approx(whole.exposures["BTC"].delta - 2.0)


# --- records ------------------------------------------------------------------------------------------------


def test_a_second_is_recorded_with_everything_and_once(stage):
    stage.book.take_positions("desk", (), NOON)
    for tenth in range(25):
        stage.now = NOON + timedelta(seconds=tenth / 10)
        stage.show()
    found = {kind: stage.series.extent(kind).rows for kind in Kind}
    assert found[Kind.EXPOSURE] == found[Kind.DRIFT] == 3 * 2
    assert found[Kind.MARKS] == 3 * 2  # of the two hedges, though no quote has arrived
    assert found[Kind.MARGIN] == 3 * 2  # of two accounts, though no balance has arrived


def test_a_sample_that_was_due_is_not_lost_when_a_view_is_not_stored(stage):
    stage.view()
    stage.now = at(0.2)
    stage.show()
    assert [sample.at for sample in stage.series.samples("BTC", NOON)] == [NOON]


def test_recording_goes_on_when_the_clock_is_put_back(stage):
    for moment in (at(100), at(0), at(0.1)):
        stage.now = moment
        stage.show()
    assert [sample.at for sample in stage.series.samples("BTC", NOON)] == [at(0), at(100)]


@pytest.fixture
def old(stage):
    """A sample of 31 days ago and one of 26 hours ago, and another in its minute."""
    back = [timedelta(days=31), timedelta(hours=26), timedelta(hours=26) - timedelta(seconds=5)]
    samples = [
        ExposureSample(
            at=NOON - each,
            underlying="BTC",
            index=None,
            delta=None,
            band_lower=-5.0,
            band_upper=5.0,
            ratio_held=None,
            ratio_wanted=None,
        )
        for each in back
    ]
    stage.series.add_samples(samples)
    return samples


def stored(stage):
    for _ in range(20):
        stage.show()
    return stage.series.samples("BTC", NOON - timedelta(days=40))[:-1]


def test_records_grow_old_while_views_are_stored(stage, old):
    assert stored(stage) == (old[2],)


def test_they_stay_as_long_as_the_settings_say(stage, old):
    longer = Retention(fine=timedelta(hours=48), keep=timedelta(days=32))
    identity = Identity("book", VenueMode.PAPER, NOON)
    stage.publisher = Publisher(stage.publisher._desk, stage.series, identity, longer)
    assert stored(stage) == tuple(old)


@pytest.mark.parametrize("offset", [61.0, -61.0])
def test_a_clock_that_the_exchange_contradicts_deletes_nothing(stage, old, offset):
    stage.offset = offset
    assert stored(stage) == tuple(old)
    stage.offset = 59.0
    assert stored(stage) == (old[2],)


def test_what_is_decided_while_a_picture_is_drawn_is_left_to_the_next_one(stage):
    """Another thread draws it: a run that it took away while the loop adds to it would be lost."""

    def recorded():
        return [run.cycles for run in stage.series.decision_runs("BTC", at(0), at(60), 10)]

    stage.publisher.runs.take(decision(0))
    glance = stage.view()
    stage.publisher.runs.take(decision(1))
    stage.publisher.show(glance, NOTHING)
    assert recorded() == [1]
    stage.now = at(2)
    stage.show()
    assert recorded() == [2]
