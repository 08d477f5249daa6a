"""What a smile rule adds to a delta: derivatives of prices under it, gaps, and the hedge that it moves."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from math import isnan, log, nan, sqrt

import numpy as np
import pytest
from chains import smile_slice, vol_of
from nouns import (
    INDEX,
    NOW,
    balance,
    linear_option,
    option,
    perpetual,
    position,
    quote,
    rules,
    snapshot,
    underlying_rules,
)

from hedging.decide import assess
from hedging.model.exposure import ProofVerdict
from hedging.model.instrument import OptionKind
from hedging.model.limits import Numeraire
from hedging.model.smile import (
    MinimumVarianceFit,
    NoSmile,
    SmileLimits,
    SmileRule,
    SmileSource,
    SmileViolation,
    SmileViolationKind,
)
from hedging.model.snapshot import GapReason
from hedging.policy.sizing import amount_for, coins_of
from hedging.pricing import black76
from hedging.risk.greeks import value_positions
from hedging.risk.numeraires import Hedging
from hedging.risk.smile_effects import Valued, rule_effects
from hedging.risk.smile_shift import Smiles, asked_for, smile_shift, unusable, why_not

MONEYNESS, STRIKE, VARIANCE = SmileRule.STICKY_MONEYNESS, SmileRule.STICKY_STRIKE, SmileRule.MINIMUM_VARIANCE
LIMITS = SmileLimits()
FORWARD, YEARS = 103_000.0, 0.1
SLICE = smile_slice(YEARS, forward=FORWARD)
LINEAR_SLICE = replace(SLICE, settlement_currency="USDC")
KINDS = [option, linear_option]


def fit(kind, **changes):
    whole = MinimumVarianceFit(
        underlying="BTC",
        kind=kind,
        a=-0.3,
        b=0.4,
        c=-0.2,
        gain=0.2,
        gain_unseen=0.15,
        observations=5000,
        since=NOW - timedelta(days=7),
        until=NOW,
        fitted_at=NOW,
    )
    return replace(whole, **changes)


FITS = (fit(OptionKind.CALL), fit(OptionKind.PUT, a=-0.1, b=0.0, c=0.3))
KNOWN = Smiles((SLICE, LINEAR_SLICE), (), FITS)


def on_smile(instrument, forward=FORWARD):
    vol = vol_of(SLICE, log(instrument.strike / forward))
    return quote(instrument, forward=forward, iv=vol, mark=0.05)


def held_snapshot(*held, **changes):
    quotes = [quote(), *(on_smile(each.instrument) for each in held if each.instrument.strike)]
    return snapshot(held, quotes, **changes)


def book_of(*held):
    return value_positions(held_snapshot(*held), frozenset(), 5.0)


def shifted(rule, *held, known=KNOWN, at=NOW, limits=LIMITS):
    return smile_shift(rule, "BTC", book_of(*held), known, (at, limits))


@pytest.mark.parametrize("make", KINDS)
@pytest.mark.parametrize("kind", list(OptionKind))
@pytest.mark.parametrize("strike", [80_000.0, 100_000.0, 120_000.0])
@pytest.mark.parametrize("amount", [3, -7])
def test_net_delta_and_shift_are_the_derivative_of_the_price_as_the_smile_moves_along(
    make, kind, strike, amount
):
    held = position(make(kind, strike, YEARS), amount)
    in_coin = make is option

    def worth(forward):
        vol = vol_of(SLICE, log(strike / forward))
        usd = float(black76.price(float(kind), forward, strike, YEARS, vol))
        return usd / forward if in_coin else usd

    step = 1.0
    slope = (worth(FORWARD + step) - worth(FORWARD - step)) / (2 * step)
    wanted = amount * slope * (FORWARD if in_coin else 1.0)
    found = shifted(MONEYNESS, held)
    assert found.gaps == ()
    [net], [shift] = book_of(held).columns.delta_net, found.shift
    assert net + shift == pytest.approx(wanted, rel=1e-6, abs=1e-6)
    assert abs(shift) > 0.004 * abs(amount)  # the skew is not nothing


@pytest.mark.parametrize("kind", list(OptionKind))
def test_minimum_variance_adds_its_expected_move_of_volatility(kind):
    held = position(option(kind, 95_000.0, YEARS), -5)
    rule = FITS[0] if kind is OptionKind.CALL else FITS[1]
    vol = vol_of(SLICE, log(95_000.0 / FORWARD))
    black = black76.core_greeks(float(kind), FORWARD, 95_000.0, held_years(held), vol)
    delta = float(black.delta)
    move = (rule.a + rule.b * delta + rule.c * delta**2) / sqrt(held_years(held))
    found = shifted(VARIANCE, held)
    assert found.gaps == ()
    assert found.shift.tolist() == pytest.approx([-5 * float(black.vega) / FORWARD * move], rel=1e-9)


def held_years(held):
    return (held.instrument.expiry - NOW).total_seconds() / (365 * 86400)


def test_sticky_strike_shifts_nothing_and_needs_nothing():
    found = shifted(STRIKE, position(option(OptionKind.CALL, 1e5), 3), known=Smiles())
    assert (found.shift.tolist(), found.gaps) == ([0.0], ())


@pytest.mark.parametrize("rule", [MONEYNESS, VARIANCE])
def test_what_is_no_option_of_the_underlying_is_not_shifted(rule):
    other = option(OptionKind.CALL, 4_000.0, underlying="ETH", name="ETH-C", settlement_currency="ETH")
    found = shifted(
        rule, position(perpetual(), 1000), position(other, 5), position(option(OptionKind.CALL, 1e5), 1)
    )
    assert found.gaps == ()
    assert found.shift[:2].tolist() == [0.0, 0.0]
    assert found.shift[2] != 0.0


def test_a_position_without_a_value_is_none_of_the_smiles_business():
    held = position(option(OptionKind.CALL, 1e5), 1)
    book = value_positions(snapshot([held], [quote(held.instrument, iv=None)]), frozenset(), 5.0)
    found = smile_shift(MONEYNESS, "BTC", book, Smiles(), (NOW, LIMITS))
    assert found.gaps == ()


BUTTERFLY = SmileViolation(
    source=SmileSource.CURVE, kind=SmileViolationKind.BUTTERFLY, k=0.2, strike=1.2e5, amount=-0.1
)
WRONG = [
    ({"fitted_at": NOW - timedelta(seconds=61)}, GapReason.STALE, "61 s old, allowed are 60 s"),
    ({"fitted_at": NOW + timedelta(seconds=61)}, GapReason.STALE, "allowed are 60 s"),
    ({"violations": (BUTTERFLY,)}, GapReason.IMPLAUSIBLE, "can be arbitraged: a butterfly costs less"),
    (
        {"violations": (replace(BUTTERFLY, kind=SmileViolationKind.WING_TOO_STEEP),)},
        GapReason.IMPLAUSIBLE,
        "a wing is steeper",
    ),
    ({"error_vol": 0.0101}, GapReason.IMPLAUSIBLE, "misses its quotes by 1.01 vol points, allowed are 1"),
    ({"error_vol": nan}, GapReason.IMPLAUSIBLE, "misses its quotes"),
    ({"quotes": 5}, GapReason.IMPLAUSIBLE, "rests on 5 strikes"),
]


@pytest.mark.parametrize(("changes", "reason", "words"), WRONG)
def test_a_slice_that_may_not_be_used_is_a_gap_of_its_expiry_and_no_number(changes, reason, words):
    held = position(option(OptionKind.CALL, 1e5, YEARS), 3), position(option(OptionKind.PUT, 9e4, YEARS), 3)
    found = shifted(MONEYNESS, *held, known=Smiles((replace(SLICE, **changes),)))
    [gap] = found.gaps
    assert gap.reason is reason
    assert words in gap.detail
    assert gap.what == f"BTC smile {SLICE.expiry:%d %b %Y}"
    assert gap.underlying == "BTC"
    assert all(isnan(each) for each in found.shift)


@pytest.mark.parametrize(
    "violation",
    [replace(BUTTERFLY, source=SmileSource.QUOTES), replace(BUTTERFLY, kind=SmileViolationKind.CALENDAR)],
)
def test_what_is_only_shown_does_not_block(violation):
    assert unusable(replace(SLICE, violations=(violation,)), NOW, LIMITS) is None


def test_a_missing_slice_is_a_gap_with_the_reason_it_is_missing_for():
    held = position(option(OptionKind.CALL, 1e5, YEARS), 3)
    why = NoSmile(
        underlying="BTC",
        venue="deribit",
        settlement_currency="BTC",
        expiry=held.instrument.expiry,
        reason="3 strikes are quoted, a fit takes 6",
        at=NOW,
    )
    [gap] = shifted(MONEYNESS, held, known=Smiles((), (why,))).gaps
    assert (gap.reason, "3 strikes are quoted" in gap.detail) == (GapReason.MISSING, True)
    [gap] = shifted(MONEYNESS, held, known=Smiles((LINEAR_SLICE,))).gaps
    assert "none has been fitted yet" in gap.detail
    other_venue = Smiles((replace(SLICE, venue="okx"),))
    assert len(shifted(MONEYNESS, held, known=other_venue).gaps) == 1


LOST = [
    ((), GapReason.MISSING, "has not been fitted yet"),
    (
        (fit(OptionKind.CALL, refused="it takes away 1 %", a=None, b=None, c=None), FITS[1]),
        GapReason.IMPLAUSIBLE,
        "of calls is refused: it takes away 1 %",
    ),
    ((fit(OptionKind.CALL, a=None), FITS[1]), GapReason.IMPLAUSIBLE, "no coefficients"),
    ((fit(OptionKind.CALL, fitted_at=NOW - timedelta(hours=25)), FITS[1]), GapReason.STALE, "25 h ago"),
    ((fit(OptionKind.CALL, b=nan), FITS[1]), GapReason.NOT_FINITE, "no finite numbers"),
    ((fit(OptionKind.CALL, underlying="ETH"), FITS[1]), GapReason.MISSING, "has not been fitted yet"),
]


@pytest.mark.parametrize(("fits", "reason", "words"), LOST)
def test_a_fit_that_was_lost_is_a_gap_and_may_not_be_chosen(fits, reason, words):
    found = shifted(VARIANCE, position(option(OptionKind.CALL, 1e5, YEARS), 3), known=Smiles(fits=fits))
    [gap] = found.gaps
    assert gap.reason is reason
    assert words in gap.detail
    assert all(isnan(each) for each in found.shift)
    refused = why_not(VARIANCE, "BTC", fits, (NOW, LIMITS))
    assert refused is not None
    assert words in refused


def test_a_rule_may_be_chosen_where_nothing_is_against_it():
    assert why_not(VARIANCE, "BTC", FITS, (NOW, LIMITS)) is None
    assert why_not(MONEYNESS, "BTC", (), (NOW, LIMITS)) is None
    assert why_not(STRIKE, "BTC", (), (NOW, LIMITS)) is None


def test_the_calls_fit_does_not_serve_puts():
    put = position(option(OptionKind.PUT, 1e5, YEARS), 3)
    assert shifted(VARIANCE, put, known=Smiles(fits=(FITS[0],))).gaps != ()
    assert shifted(VARIANCE, put, known=Smiles(fits=(FITS[1],))).gaps == ()


def assessed(rule, *held, known=KNOWN, **changes):
    item = underlying_rules(smile=rule, **changes)
    asked = asked_for(known, rules(item))
    balances = [balance(delta_total=(("BTC", float(book_of(*held).columns.delta_net.sum())),))]
    given = held_snapshot(
        *held,
        balances=balances,
        smiles=asked.slices,
        without_smile=asked.without,
        minimum_variance=asked.fits,
    )
    return assess(given, rules(item))


HELD = position(option(OptionKind.CALL, 1.1e5, YEARS), -40)


@pytest.mark.parametrize("rule", [MONEYNESS, VARIANCE])
def test_the_hedged_delta_moves_by_the_shift_and_the_proof_does_not(rule):
    before, after = assessed(STRIKE, HELD), assessed(rule, HELD)
    shift = float(shifted(rule, HELD).shift.sum())
    assert abs(shift) > 0.1
    whole, plain = after.exposures["BTC"], before.exposures["BTC"]
    assert whole.delta == pytest.approx(plain.delta + shift, rel=1e-12)
    assert (whole.smile_shift, whole.delta_net) == (pytest.approx(shift), plain.delta_net)
    assert whole.gamma_coin == plain.gamma_coin  # the drift's gamma stays Black's
    assert after.drifts["BTC"].delta == whole.delta
    assert after.positions[0].smile_shift == pytest.approx(shift)
    assert after.proofs == before.proofs
    assert ProofVerdict.GREEN in {proof.verdict for proof in after.proofs}


def test_a_missing_smile_takes_the_exposure_and_leaves_the_proof():
    found = assessed(MONEYNESS, HELD, known=Smiles())
    assert found.exposures == {}
    assert [gap.reason for gap in found.gaps] == [GapReason.MISSING]
    assert found.proofs == assessed(STRIKE, HELD).proofs
    assert found.positions[0].smile_shift is None


def test_only_what_the_rules_ask_for_is_an_input():
    assert asked_for(KNOWN, rules(underlying_rules())) == Smiles()
    assert asked_for(KNOWN, rules(underlying_rules(smile=MONEYNESS))) == Smiles(KNOWN.slices)
    assert asked_for(KNOWN, rules(underlying_rules(smile=VARIANCE))) == Smiles(fits=FITS)
    assert asked_for(KNOWN, rules(underlying_rules(underlying="ETH", smile=MONEYNESS))) == Smiles()


def hedging(mark=INDEX):
    instrument = perpetual()
    return Hedging(
        account="main",
        instrument=instrument,
        mark=mark,
        band=underlying_rules().band,
        amount_for=lambda coins: amount_for(instrument, coins, mark),
        coins_of=lambda amount: float(coins_of(instrument, amount, Decimal(str(mark)))),
    )


def effects_of(*held, known=KNOWN, **changes):
    plain = assessed(STRIKE, *held, **changes)
    valued = Valued(plain.exposures["BTC"], plain.book, MONEYNESS)
    return {each.rule: each for each in rule_effects(valued, known, hedging(), (NOW, LIMITS))}


def test_the_rules_stand_side_by_side_with_the_contracts_they_move():
    found = effects_of(HELD, numeraire=Numeraire(0.5))
    plain = found[STRIKE]
    assert (plain.shift, plain.effect_coin, plain.effect_lots, plain.chosen) == (0.0, 0.0, 0.0, False)
    assert found[MONEYNESS].chosen
    for rule in (MONEYNESS, VARIANCE):
        row = found[rule]
        shift = float(shifted(rule, HELD).shift.sum())
        assert row.shift == pytest.approx(shift)
        assert row.delta == pytest.approx(plain.delta + shift)
        assert row.effect_coin == pytest.approx(-shift)
        # lots of 10 USD of the perpetual, at its mark: one coin is 10,000 of them
        assert row.effect_lots == pytest.approx(-shift * INDEX / 10)
        assert row.effect_amount == pytest.approx(-shift * INDEX)
        assert row.refused == ""
        # with its hedge in the book the delta stands just inside the band, under its own rule
        assert abs(row.delta + row.hedge) <= 5.0
        assert row.hedge_amount % 10 == 0


def test_no_hedge_is_asked_for_inside_the_band():
    found = effects_of(position(option(OptionKind.CALL, 1.1e5, YEARS), -1))
    assert [found[rule].hedge for rule in SmileRule] == [0.0, 0.0, 0.0]
    assert found[MONEYNESS].effect_lots != 0.0


def test_a_rule_that_cannot_be_used_says_why_and_has_no_figures():
    found = effects_of(HELD, known=Smiles())
    for rule in (MONEYNESS, VARIANCE):
        row = found[rule]
        assert row.refused != ""
        assert (row.shift, row.delta, row.hedge, row.effect_coin, row.effect_lots) == (None,) * 5
    assert found[STRIKE].delta is not None


def test_many_reasons_are_cut_short():
    held = [
        position(option(OptionKind.CALL, 1e5, years, name=f"C{years}"), -9)
        for years in (0.1, 0.2, 0.3, 0.4, 0.5)
    ]
    row = effects_of(*held, known=Smiles())[MONEYNESS]
    assert row.refused.endswith("and 2 more")


def test_the_half_hour_before_delivery_fades_the_shift_once():
    near = NOW + timedelta(minutes=15)
    years = 900 / (365 * 86400)
    slice_ = smile_slice(years, expiry=near, a=1e-6, b=1e-5, m=0.0, sigma=0.01)
    instrument = option(OptionKind.CALL, FORWARD, expiry=near)
    vol = vol_of(slice_, 0.0)
    book = value_positions(
        snapshot([position(instrument, 8)], [quote(instrument, forward=FORWARD, iv=vol, mark=0.001)]),
        frozenset(),
        5.0,
    )
    found = smile_shift(MONEYNESS, "BTC", book, Smiles((slice_,)), (NOW, LIMITS))
    vega = float(black76.core_greeks(1, FORWARD, FORWARD, years, vol).vega)
    slope = (vol_of(slice_, 1e-6) - vol_of(slice_, -1e-6)) / 2e-6
    assert found.shift.tolist() == pytest.approx([8 * 0.5 * -vega / FORWARD * slope], rel=1e-6)


def test_many_positions_are_shifted_as_one_by_one():
    rng = np.random.default_rng(3)
    listed = [option(kind, strike, YEARS) for kind in OptionKind for strike in np.arange(60e3, 160e3, 2e3)]
    held = [
        position(listed[row], amount)
        for row, amount in zip(rng.integers(0, 100, 2000), rng.integers(1, 9, 2000), strict=True)
    ]
    whole = shifted(MONEYNESS, *held).shift
    for row in (0, 17, 1999):
        assert shifted(MONEYNESS, held[row]).shift[0] == pytest.approx(whole[row], rel=1e-12)
