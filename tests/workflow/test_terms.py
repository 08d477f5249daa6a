"""Tests of the life of a version of the terms, and of what terms may not be."""

from dataclasses import replace
from datetime import timedelta
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nouns import BTC, NOW, band, rules, underlying_rules

from hedging.errors import BadInput, WorkflowError
from hedging.model.limits import WHOLE_BOOK, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.smile import SmileRule
from hedging.model.terms import DeskTerms, TermsChange, TermsSource, TermsState
from hedging.workflow.terms import (
    approve,
    change_of,
    change_text,
    changed,
    content_hash,
    differences,
    from_file,
    propose,
    reject,
    supersede,
    terms_of,
    with_terms,
    withdraw,
)
from hedging.workflow.terms_checks import Premises, flaws

LATER = NOW + timedelta(minutes=5)
RULES = rules()
FILE = from_file(terms_of(RULES), None, 1, NOW)
BTC_TERMS = FILE.terms.underlyings[0]
PREMISES = Premises({"BTC": 0.001}, frozenset({"main"}), frozenset({"deribit"}))


def narrower(lower=-4.0, upper=4.0):
    return TermsChange(underlyings=(replace(BTC_TERMS, band=band(lower, upper)),))


def proposal(number=2, author="ann", change=None, current=FILE):
    return propose(current, change or narrower(), author, "a calmer market", NOW, number)


def approved(version=None, approver="rita", current=FILE):
    version = version or proposal()
    return approve(version, current, approver, version.content_hash, LATER)


def test_the_files_terms_are_in_force_from_the_start_of_the_engine():
    assert (FILE.state, FILE.source) == (TermsState.IN_FORCE, TermsSource.FILE)
    assert (FILE.author, FILE.approver) == ("configuration file", "start of the engine")
    assert with_terms(RULES, FILE.terms) == RULES


def test_an_approved_version_becomes_the_rules():
    wider = (Limit(scope=WHOLE_BOOK, measure=Measure.VEGA, soft=1.0, hard=2.0),)
    own = replace(BTC_TERMS, numeraire=Numeraire(1.0), smile=SmileRule.STICKY_MONEYNESS, max_order_coin=3.0)
    version = approved(proposal(change=TermsChange(underlyings=(own,), wider=wider)))
    found = with_terms(RULES, version.terms)
    item = found.underlyings[0]
    assert (item.numeraire, item.smile, item.max_order_coin) == (Numeraire(1.0), own.smile, 3.0)
    assert found.wider == wider
    assert found.limits == (*BTC_TERMS.limits, *wider)
    assert (
        replace(item, numeraire=Numeraire(0.0), smile=BTC_TERMS.smile, max_order_coin=5.0)
        == (RULES.underlyings[0])
    )


def test_who_approved_it_and_when_is_kept():
    version = approved()
    assert (version.author, version.approver, version.approved_at) == ("ann", "rita", LATER)
    assert version.state is TermsState.IN_FORCE


@pytest.mark.parametrize("same", ["ann", " Ann ", "ANN", "a\u200bnn", "\uff21nn", "\ufeffann", "ann\u2060"])
def test_the_author_does_not_approve(same):
    with pytest.raises(WorkflowError, match="a second person must approve"):
        approved(approver=same)


@pytest.mark.parametrize("same", ["Ann  Lee", "ann\u00a0lee", "Ann\tLee", " ANN \u200b LEE"])
def test_spaces_within_a_name_make_no_second_person(same):
    version = proposal(author="Ann Lee")
    with pytest.raises(WorkflowError, match="a second person must approve"):
        approved(version, approver=same)
    assert approved(version, approver="Ann Lie").approver == "Ann Lie"


@pytest.mark.parametrize("nobody", ["\u200b", "\ufeff \u2060"])
def test_what_nobody_sees_is_no_name(nobody):
    with pytest.raises(WorkflowError, match="the name of a person"):
        approved(approver=nobody)
    with pytest.raises(WorkflowError, match="the name of a person"):
        proposal(author=nobody)


def test_nobody_approves_without_a_name():
    with pytest.raises(WorkflowError, match="the name of a person"):
        approved(approver="  ")


def test_only_what_was_on_the_screen_is_approved():
    version = proposal()
    with pytest.raises(WorkflowError, match="not what was on the screen"):
        approve(version, FILE, "rita", "0" * 64, LATER)


def test_a_version_whose_content_was_changed_is_not_approved():
    version = replace(proposal(), terms=changed(FILE.terms, narrower(-1.0, 1.0)))
    with pytest.raises(WorkflowError, match="its own hash"):
        approve(version, FILE, "rita", version.content_hash, LATER)


def test_the_hash_covers_number_base_and_terms():
    one = proposal()
    others = (
        content_hash(3, 1, one.terms),
        content_hash(2, 0, one.terms),
        content_hash(2, 1, FILE.terms),
    )
    assert one.content_hash == content_hash(2, 1, one.terms)
    assert one.content_hash not in others


def test_a_stale_proposal_is_not_approved():
    first, second = proposal(2), proposal(3, "bob", narrower(-3.0, 3.0))
    in_force = approved(first)
    with pytest.raises(WorkflowError, match="version 2 is in force since; propose it again"):
        approve(second, in_force, "rita", second.content_hash, LATER)


def test_what_is_over_takes_no_further_step():
    version = proposal()
    seen = version.content_hash
    over = (
        approved(version),
        reject(version, "rita", seen, "too narrow", LATER),
        withdraw(version, "ann", seen, "", LATER),
        supersede(version, approved(), LATER),
    )
    for each in over:
        with pytest.raises(WorkflowError, match="cannot approve"):
            approve(each, FILE, "rita", seen, LATER)
        with pytest.raises(WorkflowError, match="cannot reject"):
            reject(each, "rita", seen, "no", LATER)
        with pytest.raises(WorkflowError, match="cannot withdraw"):
            withdraw(each, "ann", seen, "", LATER)
    for each in over[1:]:
        with pytest.raises(WorkflowError, match="cannot supersede"):
            supersede(each, approved(), LATER)


def test_a_rejection_has_a_person_and_a_reason():
    version = proposal()
    for person, reason in (("", "no"), ("rita", " ")):
        with pytest.raises(WorkflowError, match="its reason in words"):
            reject(version, person, version.content_hash, reason, LATER)
    found = reject(version, "rita", version.content_hash, "too narrow", LATER)
    assert (found.state, found.ended_by, found.note) == (TermsState.REJECTED, "rita", "too narrow")
    assert found.approver == ""


def test_only_the_author_withdraws():
    version = proposal()
    with pytest.raises(WorkflowError, match="ann proposed version 2 and alone may withdraw it"):
        withdraw(version, "bob", version.content_hash, "", LATER)
    assert withdraw(version, "Ann", version.content_hash, "", LATER).state is TermsState.WITHDRAWN


@pytest.mark.parametrize(
    ("author", "reason", "change", "said"),
    [
        ("", "why", None, "the name of a person"),
        ("ann", "", None, "its reason in words"),
        ("ann", "why", TermsChange(underlyings=(BTC_TERMS,)), "nothing would change"),
        ("ann", "why", TermsChange(), "nothing would change"),
        ("ann", "why", TermsChange(underlyings=(replace(BTC_TERMS, underlying="DOGE"),)), "DOGE"),
        ("ann", "why", TermsChange(underlyings=(BTC_TERMS, BTC_TERMS)), "once"),
    ],
)
def test_what_is_no_proposal(author, reason, change, said):
    with pytest.raises(WorkflowError, match=said):
        propose(FILE, change or narrower(), author, reason, NOW, 2)


def test_a_change_comes_back_as_it_was_and_nothing_else_is_read():
    wider = (Limit(scope=Scope(ScopeKind.VENUE, "deribit"), measure=Measure.LEVERAGE, soft=2.0, hard=3.0),)
    change = TermsChange(underlyings=narrower().underlyings, wider=wider)
    text = change_text(change)
    assert change_of(text) == change
    for bad in ("", "[]", "{", text[:-1], text + " ", text.replace('"hard":', '"hard": ')):
        with pytest.raises(BadInput):
            change_of(bad)
    with pytest.raises(BadInput, match="canonical"):
        change_of(text[:-1] + ',"zzz":1}')
    with pytest.raises(BadInput):
        change_of(text.replace("3.0", "null"))


@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text):
    try:
        change_of(text)
    except BadInput:
        return
    assert text.startswith("{")


def limit(measure, soft, hard, scope=BTC):
    return Limit(scope=scope, measure=measure, soft=soft, hard=hard)


POSITION, DELTA = limit(Measure.HEDGE_POSITION, 40.0, 60.0), limit(Measure.DELTA, 10.0, 30.0)


def own(**changes):
    return DeskTerms(underlyings=(replace(BTC_TERMS, **changes),))


def wider(*limits):
    return replace(own(), wider=limits)


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        (own(band=band(-31.0, 5.0)), "beyond the hard delta limit 30"),
        (own(band=band(-5.0, 30.1)), "beyond the hard delta limit 30"),
        (own(band=band(-0.0005, 5.0)), "narrower than 0.6 of one lot"),
        (own(band=band(5.0, -5.0)), "lower < centre < upper"),
        (own(band=band(nan, 5.0)), "lower < centre < upper"),
        (own(band=band(-inf, 5.0)), "lower < centre < upper"),
        (own(band=band(share=1.5)), "share: 1.5"),
        (own(numeraire=Numeraire(nan)), "hedged share nan"),
        (own(numeraire=Numeraire(1.01)), "hedged share 1.01"),
        (own(limits=(DELTA,)), "a limit of hedge position is required"),
        (own(limits=(POSITION,)), "a limit of delta is required"),
        (own(limits=(POSITION, DELTA, DELTA)), "two limits of it"),
        (own(limits=(POSITION, limit(Measure.DELTA, 31.0, 30.0))), "soft limit 31 lies above"),
        (own(limits=(POSITION, limit(Measure.DELTA, 0.0, 30.0))), "finite and positive"),
        (own(limits=(POSITION, limit(Measure.DELTA, 1.0, inf))), "finite and positive"),
        (own(limits=(POSITION, limit(Measure.DELTA, nan, 30.0))), "finite and positive"),
        (own(limits=(POSITION, DELTA, limit(Measure.VEGA, 1.0, 2.0, WHOLE_BOOK))), "does not belong to BTC"),
        (own(max_order_coin=60.1), "beyond the hard limit 60 of the hedge position"),
        (own(max_order_coin=nan), "no positive number"),
        (own(max_order_coin=0.0), "no positive number"),
        (DeskTerms(underlyings=()), "the terms are of none, the desk hedges BTC"),
        (wider(DELTA), "belongs among the limits of its underlying"),
        (
            replace(own(), wider=(limit(Measure.VEGA, 1.0, 2.0, Scope(ScopeKind.ACCOUNT, "x")),)),
            "no account x",
        ),
        (replace(own(), wider=(limit(Measure.VEGA, 1.0, 2.0, Scope(ScopeKind.VENUE, "x")),)), "no venue x"),
        (replace(own(), wider=(limit(Measure.VEGA, 1.0, 2.0, Scope(ScopeKind.BOOK, "x")),)), "no name"),
        (replace(own(), wider=(limit(Measure.VEGA, 3.0, 2.0, WHOLE_BOOK),)), "soft limit 3 lies above"),
    ],
)
def test_terms_that_cannot_be_used_are_refused_with_the_reason(terms, said):
    found = flaws(terms, PREMISES)
    assert any(said in each for each in found), found


def test_terms_at_their_bounds_can_be_used():
    assert flaws(FILE.terms, PREMISES) == ()
    edge = own(band=band(-30.0, 30.0), max_order_coin=60.0)
    assert flaws(edge, PREMISES) == ()
    assert flaws(own(band=band(-0.6, 0.6)), replace(PREMISES, lots={"BTC": 1.0})) == ()
    assert flaws(own(band=band(-0.59, 0.6)), replace(PREMISES, lots={"BTC": 1.0})) != ()


def test_a_limit_below_one_lot_or_an_unknown_lot_is_refused():
    small = flaws(FILE.terms, replace(PREMISES, lots={"BTC": 30.1}))
    assert any("less than one lot" in each for each in small)
    unknown = flaws(FILE.terms, replace(PREMISES, lots={"BTC": None}))
    assert unknown == (
        "underlyings.BTC: the delta of one lot is not known now; ask again once the hedge has a price",
    )


def test_what_changed_is_said_in_words():
    new = replace(
        BTC_TERMS,
        numeraire=Numeraire(1.0),
        band=band(-4.0, 5.0),
        limits=(POSITION, limit(Measure.DELTA, 10.0, 25.0), limit(Measure.VEGA, 1e6, 2e6)),
    )
    wider = (limit(Measure.LEVERAGE, 2.0, 3.0, WHOLE_BOOK),)
    assert differences(FILE.terms, DeskTerms(underlyings=(new,), wider=wider)) == (
        "BTC numeraire: keep my coins → keep my dollars",
        "BTC band lower: -5 → -4",
        "BTC delta (soft / hard): 10 / 30 → 10 / 25 BTC",
        "BTC vega (soft / hard): none → 1e+06 / 2e+06 USD per 1.00 of volatility",
        "whole book leverage (soft / hard): none → 2 / 3 times equity",
    )
    assert differences(FILE.terms, FILE.terms) == ()
    eth = replace(BTC_TERMS, underlying="ETH")
    assert differences(FILE.terms, DeskTerms(underlyings=(eth,))) == ("ETH is new", "BTC is gone")


def test_rules_of_other_underlyings_are_not_given_these_terms():
    with pytest.raises(WorkflowError, match="say nothing of ETH"):
        with_terms(rules(underlyings=(underlying_rules(underlying="ETH"),)), FILE.terms)
