"""The pure chain: what is proposed, kept, replaced or refused, and never a ticket on bad inputs."""

import random
from dataclasses import replace
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import (
    INDEX,
    NOW,
    balance,
    band,
    linear_perpetual,
    option,
    order,
    perpetual,
    position,
    quote,
    rules,
    seconds,
    snapshot,
    ticket,
    underlying_rules,
)

from hedging.decide import Situation, assess, decide, need
from hedging.model.exposure import DriftState
from hedging.model.instrument import OptionKind
from hedging.model.limits import BreachLevel, HedgeTarget, Numeraire
from hedging.model.snapshot import Gap, GapReason
from hedging.model.trading import OrderState, Outcome, TicketState, TradingState
from hedging.units import Side
from hedging.workflow.ticket import content_hash

HELD = linear_perpetual()


def situation(**changes):
    whole = Situation(
        now=NOW,
        inputs_hash="inputs",
        instrument=perpetual(),
        ticket=None,
        live=(),
        state=TradingState.ACTIVE,
        settled=True,
        rejected=None,
        failed_at=None,
    )
    return replace(whole, **changes)


def book(delta, **changes):
    """A book with ``delta`` coins in a linear perpetual, so that the delta is exactly that number."""
    return snapshot([position(HELD, delta)], [quote(), quote(HELD)], **changes)


def decided(seen, now=None, item=None):
    whole = rules(item)
    return decide(whole, whole.underlyings[0], seen, assess(seen, whole), now or situation())


def test_inside_the_band_nothing_is_done():
    found = decided(book(4.9))
    assert (found.decision.outcome, found.proposal) == (Outcome.NOTHING, None)
    assert found.decision.delta == pytest.approx(4.9)


@pytest.mark.parametrize(
    ("delta", "side", "amount", "after"),
    [(14.2, Side.SELL, 930_000, 4.9), (-14.2, Side.BUY, 930_000, -4.9), (5.2, Side.SELL, 30_000, 4.9)],
)
def test_outside_the_band_a_ticket_brings_it_to_the_edge(delta, side, amount, after):
    found = decided(book(delta))
    (leg,) = found.proposal.legs
    assert found.decision.outcome is Outcome.PROPOSE
    assert found.decision.ticket_id == found.proposal.id
    assert leg.side is side
    assert 0 <= amount - leg.amount <= 10  # a lot less where the difference of doubles falls short
    assert found.proposal.delta_after == pytest.approx(after, abs=2e-4)
    assert found.proposal.expires_at == NOW + seconds(120)
    assert found.proposal.content_hash == content_hash((leg,), NOW + seconds(120), "inputs")


def test_the_sentence_says_what_a_person_decides_on():
    sentence = decided(book(14.2)).proposal.sentence
    assert sentence.startswith(
        "BTC delta is +14.2, band ±5; sell 9.3 BTC of BTC-PERPETUAL at 99,798.5 or better"
    )
    assert "delta after: +4.9; cost ≈ 470 USD" in sentence


@given(
    delta=st.floats(-200, 200),
    lower=st.floats(-50, -1),
    upper=st.floats(1, 50),
    aim=st.sampled_from(HedgeTarget),
    share=st.floats(0, 1),
    shift=st.floats(-20, 20),
)
def test_a_proposal_never_passes_the_target_and_ends_inside(delta, lower, upper, aim, share, shift):
    wanted = band(lower + shift, upper + shift, centre=shift, target=aim, share=share)
    delta = round(delta, 3)
    found = decided(book(delta), item=underlying_rules(band=wanted))
    if found.proposal is None:
        assert wanted.lower <= delta <= wanted.upper or "smallest order" in found.decision.reason
        return
    side, after = found.proposal.legs[0].side, found.proposal.delta_after
    assert side == (-1 if delta > wanted.upper else 1)
    assert (found.proposal.target - after) * side >= -1e-9
    assert abs(found.proposal.target - after) < 10 / INDEX * 1.01


@given(delta=st.floats(-100, 100), equity=st.floats(0, 100), share=st.floats(0, 1))
def test_the_same_inputs_give_the_same_decision(delta, equity, share):
    seen = book(round(delta, 3), balances=(balance(equity=equity),))
    item = underlying_rules(numeraire=Numeraire(share))
    assert decided(seen, item=item) == decided(seen, item=item)


def test_ids_differ_from_millisecond_to_millisecond():
    ids = {
        decided(replace(book(9.0), at=at), situation(now=at)).proposal.id
        for at in (NOW + seconds(step / 1000) for step in range(5))
    }
    assert len(ids) == 5


# what forbids a proposal


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"state": TradingState.HALTED}, "halted"),
        ({"live": (order(state=OrderState.UNKNOWN),)}, "unknown"),
        ({"live": (order(state=OrderState.QUARANTINED, detail="twice"),)}, "twice"),
        ({"live": (order(state=OrderState.ACKED),)}, "still working"),
        ({"settled": False}, "last fill"),
        ({"failed_at": NOW}, "failed"),
        ({"instrument": None}, "not known"),
        ({"rejected": (NOW - seconds(59), 14.2)}, "rejected"),
        ({"instrument": option(OptionKind.CALL, INDEX)}, "perpetual or a future"),
    ],
)
def test_what_blocks_a_proposal_is_said(change, word):
    found = decided(book(14.2), situation(**change))
    assert (found.decision.outcome, found.proposal) == (Outcome.BLOCKED, None)
    assert word in found.decision.reason


@pytest.mark.parametrize(
    ("at", "delta_then", "delta", "proposed"),
    [
        (59, 8.0, 8.0, False),
        (60, 8.0, 8.0, True),
        (1, 8.0, 9.9, False),
        (1, 8.0, 10.1, True),
        (1, 8.0, -8.0, True),
        (1, -8.0, -10.1, True),
    ],
)
def test_after_a_rejection_it_waits_unless_it_gets_worse_or_is_another_hedge(at, delta_then, delta, proposed):
    found = decided(book(delta), situation(rejected=(NOW - seconds(at), delta_then)))
    assert (found.proposal is not None) is proposed


def test_worse_is_measured_from_the_centre_of_the_band():
    item = underlying_rules(band=band(10.0, 20.0, centre=15.0))
    rejected = (NOW, 9.0)
    assert decided(book(9.0), situation(rejected=rejected), item).proposal is None
    assert decided(book(6.5), situation(rejected=rejected), item).proposal is not None


# the waiting ticket


def waiting(delta=14.2):
    return decided(book(delta)).proposal


def test_a_waiting_ticket_that_fits_is_kept():
    found = decided(book(15.0), situation(ticket=waiting()))
    assert (found.decision.outcome, found.proposal, found.superseded) == (Outcome.KEEP, None, "")
    assert found.decision.ticket_id == waiting().id


@pytest.mark.parametrize(
    ("delta", "market", "word"),
    [(-9.0, INDEX, "other side"), (20.0, INDEX, "size needed"), (14.2, INDEX * 0.99, "worst price")],
)
def test_a_waiting_ticket_that_no_longer_fits_is_replaced(delta, market, word):
    moved = {"bid": market - 0.5, "ask": market + 0.5, "mark": market, "index": market}
    seen = snapshot([position(HELD, delta)], [quote(**moved), quote(HELD, **moved)])
    found = decided(seen, situation(ticket=waiting()))
    assert found.decision.outcome is Outcome.PROPOSE
    assert word in found.superseded
    assert found.proposal is not None


def test_back_inside_the_band_the_waiting_ticket_goes():
    found = decided(book(1.0), situation(ticket=waiting()))
    assert (found.decision.outcome, found.proposal) == (Outcome.SUPERSEDE, None)
    assert "inside" in found.superseded


@pytest.mark.parametrize("state", [TicketState.APPROVED, TicketState.EXECUTING])
@pytest.mark.parametrize("delta", [1.0, 14.2, -30.0])
def test_a_ticket_at_work_is_left_alone(state, delta):
    found = decided(book(delta), situation(ticket=ticket(state=state)))
    assert (found.decision.outcome, found.proposal, found.superseded) == (Outcome.KEEP, None, "")


@pytest.mark.parametrize("state", [TicketState.DONE, TicketState.REJECTED, TicketState.FAILED])
def test_a_ticket_that_is_over_does_not_count_as_waiting(state):
    found = decided(book(14.2), situation(ticket=ticket(state=state)))
    assert (found.decision.outcome, found.superseded) == (Outcome.PROPOSE, "")


# inputs that are absent, old or absurd

WRONG = [None, nan, inf, -inf, 0.0, -INDEX]


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["mark", "index"])
def test_without_a_price_of_the_hedge_there_is_no_number_even_while_none_is_held(field, wrong):
    seen = snapshot([position(HELD, 14.2)], [quote(**{field: wrong}), quote(HELD)])
    found = decided(seen)
    assert (found.decision.outcome, found.decision.delta) == (Outcome.UNVALUED, None)
    assert "BTC-PERPETUAL" in found.decision.reason


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("field", ["bid", "ask"])
def test_without_a_touch_the_delta_is_known_and_nothing_is_proposed(field, wrong):
    seen = snapshot([position(HELD, 14.2)], [quote(**{field: wrong}), quote(HELD)])
    found = decided(seen)
    assert (found.decision.outcome, found.proposal) == (Outcome.BLOCKED, None)
    assert found.decision.delta == pytest.approx(14.2)


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"received_at": NOW - seconds(5.1)}, Outcome.UNVALUED),
        ({"received_at": NOW + seconds(5.1)}, Outcome.UNVALUED),
        ({"touch_received_at": NOW - seconds(2.1)}, Outcome.BLOCKED),
        ({"touch_received_at": NOW - seconds(2)}, Outcome.PROPOSE),
    ],
)
def test_stale_prices_of_the_hedge(change, outcome):
    seen = snapshot([position(HELD, 14.2)], [quote(**change), quote(HELD)])
    assert decided(seen).decision.outcome is outcome


def test_a_position_without_a_quote_is_never_left_out_of_the_sum():
    other = option(OptionKind.CALL, 110_000.0)
    seen = snapshot([position(HELD, 14.2), position(other, -3)], [quote(), quote(HELD)])
    found = decided(seen)
    assert (found.decision.outcome, found.proposal) == (Outcome.UNVALUED, None)
    assert other.name in found.decision.reason


@pytest.mark.parametrize("equity", [nan, inf, -inf])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_an_equity_that_is_no_number_is_never_inside_the_band(equity, share):
    item = underlying_rules(numeraire=Numeraire(share))
    found = decided(book(1.0, balances=(balance(equity=equity),)), item=item)
    assert found.decision.outcome is Outcome.UNVALUED


def test_an_equity_that_is_no_number_is_named():
    whole = assess(book(1.0, balances=(balance(equity=nan),)), rules())
    assert [gap.detail for gap in whole.gaps] == ["the BTC equity of main is nan"]


def test_a_sum_that_is_no_number_is_never_inside_the_band():
    """Each position is finite, and together they run out of the double range on both sides."""
    seen = snapshot(
        [position(HELD, Decimal("1e308")), position(HELD, Decimal("1e308")), position(HELD, "-1e308")],
        [quote(), quote(HELD, mark=1.0, index=1.0)],
    )
    found = decided(seen)
    assert (found.decision.outcome, found.decision.delta) == (Outcome.UNVALUED, None)


def test_an_absent_coin_balance_is_a_gap_where_it_counts():
    dollars = underlying_rules(numeraire=Numeraire(1.0))
    assert decided(book(1.0, balances=()), item=dollars).decision.outcome is Outcome.UNVALUED
    inverse = snapshot([position(perpetual(), 100_000)], [quote()], balances=())
    assert decided(inverse).decision.outcome is Outcome.UNVALUED
    assert decided(book(1.0, balances=())).decision.outcome is Outcome.NOTHING


@pytest.mark.parametrize("underlying", [None, "BTC"])
def test_a_gap_of_the_book_leaves_no_figure_and_no_limit_known(underlying):
    gap = Gap(what="positions", reason=GapReason.STALE, detail="old", underlying=underlying)
    whole = assess(book(14.2, gaps=(gap,)), rules())
    assert (dict(whole.exposures), dict(whole.drifts)) == ({}, {})
    assert {limit.level for limit in whole.limits} == {BreachLevel.UNKNOWN}
    assert {limit.value for limit in whole.limits} == {None}


def test_a_gap_of_another_underlying_does_not_matter():
    gap = Gap(what="ETH-X", reason=GapReason.STALE, detail="old", underlying="ETH")
    assert decided(book(14.2, gaps=(gap,))).decision.outcome is Outcome.PROPOSE


@pytest.mark.parametrize("amount", ["1E+30", "-1E+300", "1E+400", "NaN", "Infinity"])
def test_an_absurd_position_gives_no_ticket(amount):
    found = decided(snapshot([position(HELD, Decimal(amount))], [quote(), quote(HELD)]))
    assert found.proposal is None
    assert found.decision.outcome in {Outcome.UNVALUED, Outcome.BLOCKED}


def test_ten_thousand_random_faults_give_no_ticket_on_a_bad_input():
    source = random.Random(5)
    call = option(OptionKind.CALL, 110_000.0)
    fields = ("bid", "ask", "mark", "index", "forward", "iv")
    proposed = 0
    for _ in range(10_000):
        quotes = []
        bad = False
        for instrument in (perpetual(), HELD, call):
            changes = {"mark": 0.03} if instrument is call else {}
            if source.random() < 0.15:
                field = source.choice(fields)
                changes[field] = source.choice([None, nan, inf, -inf, -1.0])
                used = (
                    {"bid", "ask", "mark", "index"}
                    if instrument.name == "BTC-PERPETUAL"
                    else {"mark", "index"}
                )
                used = {"mark", "index", "forward", "iv"} if instrument is call else used
                implied = field == "iv" and changes[field] is None  # then the mark price says it
                bad |= field in used and not implied
            if source.random() < 0.1:
                changes["received_at"] = NOW - seconds(source.choice([5.5, 60, 3600, -60]))
                bad = True
            if source.random() < 0.95:
                quotes.append(quote(instrument, **changes))
            else:
                bad = True
        held = [position(HELD, 30), position(call, -5), position(perpetual(), 100_000)]
        found = decided(snapshot(held, quotes))
        proposed += found.proposal is not None
        if bad:
            assert found.proposal is None
            assert found.decision.outcome in {Outcome.UNVALUED, Outcome.BLOCKED}
    assert proposed > 2_000


# the need of a ticket while it is executed


def current_at(delta):
    return assess(book(delta), rules()).drifts["BTC"]


@given(delta=st.floats(-40, 40), price=st.floats(10_000, 300_000), side=st.sampled_from(Side))
def test_what_is_still_needed_never_over_hedges(delta, price, side):
    delta = round(delta, 3)
    target = 4.9 if side is Side.SELL else -4.9
    running = ticket(target=target, legs=(replace(ticket().legs[0], side=side),))
    for instrument in (perpetual(), HELD):
        amount = need(current_at(delta), running, instrument, Decimal(str(price)))
        coins = float(amount) / price if instrument.lot == 10 else float(amount)
        assert amount >= 0
        assert amount % instrument.lot == 0
        if amount:
            assert (target - delta - coins * side) * side >= -1e-9
        lot = 10 / price if instrument.lot == 10 else 0.001
        assert (target - delta) * side - coins < lot * (1 + 1e-9)


@pytest.mark.parametrize("price", ["0", "-1"])
def test_without_a_price_nothing_is_needed(price):
    assert need(current_at(14.2), ticket(), perpetual(), Decimal(price)) == 0


def test_a_book_of_hedges_counts_them_apart():
    seen = snapshot([position(HELD, 14.2), position(perpetual(), -930_000)], [quote(), quote(HELD)])
    whole = assess(seen, rules())
    assert whole.exposures["BTC"].delta_hedge == pytest.approx(-9.3)
    assert whole.drifts["BTC"].state is DriftState.INSIDE
    assert whole.drifts["BTC"].ratio_held == pytest.approx(9.3 / 14.2)


def test_a_ticket_says_which_delta_it_is_and_what_it_comes_from_without_exponents():
    held = position(perpetual(), 1_420_000)
    seen = snapshot([held], [quote(perpetual())], [balance()])
    proposal = decided(seen, item=underlying_rules(numeraire=Numeraire(0.0))).proposal
    assert proposal.numeraire == "keep my coins, sticky strike"
    assert "+1,420,000 BTC-PERPETUAL (+14.2)" in proposal.reason
