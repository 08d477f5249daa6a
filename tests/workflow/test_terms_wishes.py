"""Tests of what the screen refuses of a wish about the terms, before the engine sees it."""

from dataclasses import replace

import nouns
import pytest
from nouns import NOW, perpetual, quote, rules

from hedging.model.limits import WHOLE_BOOK, Limit, Measure
from hedging.model.terms import TermsChange
from hedging.model.trading import AutoSetting, Command, CommandKind, Role, TradingState
from hedging.model.view import HedgeMarket, VenueMode, View
from hedging.workflow.terms import change_text, from_file, propose, terms_of
from hedging.workflow.terms_wishes import refusal

FILE = from_file(terms_of(rules()), None, 1, NOW)
OWN = FILE.terms.underlyings[0]


def change(**own):
    return TermsChange(underlyings=(replace(OWN, **own),))


WAITING = propose(FILE, change(band=nouns.band(-4.0, 4.0)), "ann", "calmer", NOW, 2)
VIEW = View(
    sequence=1, at=NOW, book="desk", mode=VenueMode.PAPER, engine_started_at=NOW, ready=True,
    status="running", trading_state=TradingState.ACTIVE, halted_because="", resume_asked_by="",
    auto=AutoSetting(), auto_refusals=(), feeds=(), gaps=(), underlyings=(), positions=(), limits=(),
    tickets=(), orders=(), hedges=(HedgeMarket(instrument=perpetual(), quote=quote()),),
    terms=FILE, proposals=(WAITING,),
)  # fmt: skip


def wish(kind, user="rita", **more):
    given = {"ref_version": 2, "ref_hash": WAITING.content_hash, "reason": "seen"}
    return Command(key="k", at=NOW, user=user, role=Role.RISK, kind=kind, **{**given, **more})


def proposal(what, **more):
    given = {"ref_version": 1, "ref_hash": FILE.content_hash, "body": change_text(what)}
    return wish(CommandKind.PROPOSE_TERMS, **{**given, **more})


GOOD = change(band=nouns.band(-3.0, 3.0))


def test_what_can_be_done_is_not_refused():
    assert refusal(proposal(GOOD), VIEW) == ""
    assert refusal(wish(CommandKind.APPROVE_TERMS), VIEW) == ""
    assert refusal(wish(CommandKind.REJECT_TERMS), VIEW) == ""
    assert refusal(wish(CommandKind.WITHDRAW_TERMS, "ann"), VIEW) == ""
    wider = (Limit(scope=WHOLE_BOOK, measure=Measure.LEVERAGE, soft=1.0, hard=2.0),)
    assert refusal(proposal(TermsChange(wider=wider)), VIEW) == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (proposal(GOOD, ref_version=0), "version 1 of the terms is in force"),
        (proposal(GOOD, ref_hash="0"), "version 1 of the terms is in force"),
        (proposal(GOOD, reason=" "), "its reason in words"),
        (proposal(GOOD, body="{}"), "canonical"),
        (proposal(TermsChange()), "nothing would change"),
        (proposal(change(band=nouns.band(-31.0, 3.0))), "beyond the hard delta limit"),
        (proposal(change(band=nouns.band(-0.00001, 3.0))), "ping-pong"),
        (wish(CommandKind.APPROVE_TERMS, "ann"), "a second person must approve"),
        (wish(CommandKind.APPROVE_TERMS, ref_hash="0"), "not what was on the screen"),
        (wish(CommandKind.APPROVE_TERMS, ref_version=7), "version 7 of the terms does not wait"),
        (wish(CommandKind.REJECT_TERMS, reason=""), "its reason in words"),
        (wish(CommandKind.WITHDRAW_TERMS), "alone may withdraw"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(command, said):
    assert said in refusal(command, VIEW)


def test_without_terms_or_a_price_it_says_what_is_missing():
    for view in (None, replace(VIEW, terms=None)):
        assert "which terms are in force" in refusal(proposal(GOOD), view)
    assert "the delta of one lot is not known" in refusal(proposal(GOOD), replace(VIEW, hedges=()))
