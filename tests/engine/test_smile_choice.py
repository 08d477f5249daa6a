"""Choosing a smile rule while the engine runs: refused where there is nothing to go by, and then a gap."""

from dataclasses import replace
from datetime import timedelta

import nouns
import pytest
from chains import smile_slice

from hedging.core import events as happened
from hedging.core.inputs import InputsEncoder, decoded
from hedging.decide import assess
from hedging.engine.terms import premises_of, taken_up
from hedging.model.instrument import OptionKind
from hedging.model.rules import AccountPlace
from hedging.model.smile import MinimumVarianceFit, SmileRule
from hedging.model.terms import TermsChange, TermsState
from hedging.model.trading import CommandKind, CommandState, Role
from hedging.risk.smile_shift import Smiles
from hedging.workflow.terms import change_text, with_terms


@pytest.fixture
async def ready(fake):
    desk = fake.desk
    rules = replace(desk.rules, accounts=(AccountPlace("main", "deribit"),))
    version = taken_up(desk.recorder, rules, premises_of(rules, {"BTC": 0.0001}), fake.clock())
    desk.driver.happen(happened.TermsTaken(rules=with_terms(rules, version.terms), status=fake.state.status))
    desk.show_terms(fake.ledger.terms(states=(TermsState.PROPOSED, TermsState.IN_FORCE)))
    return fake


def fits(now):
    return tuple(
        MinimumVarianceFit(
            underlying="BTC", kind=kind, a=-0.2, b=0.0, c=0.0, gain=0.2, gain_unseen=0.1, observations=900,
            since=now - timedelta(days=7), until=now, fitted_at=now,
        )
        for kind in OptionKind
    )  # fmt: skip


def choose(found, smile, **more):
    current = found.desk.terms
    own = replace(current.terms.underlyings[0], smile=smile, **more)
    return found.asked(
        CommandKind.PROPOSE_TERMS,
        "ann",
        Role.TRADER,
        body=change_text(TermsChange(underlyings=(own,))),
        ref_version=current.number,
        ref_hash=current.content_hash,
        reason="skew",
    )


def approve(found):
    waiting = found.desk.proposals[0]
    return found.asked(
        CommandKind.APPROVE_TERMS,
        "rita",
        Role.RISK,
        ref_version=waiting.number,
        ref_hash=waiting.content_hash,
        reason="seen",
    )


async def test_minimum_variance_without_a_fit_cannot_be_chosen(ready):
    said = choose(ready, SmileRule.MINIMUM_VARIANCE)
    assert said.state is CommandState.REFUSED
    assert "underlyings.BTC.smile: the minimum-variance delta of" in said.answer
    assert "has not been fitted yet" in said.answer
    assert ready.desk.proposals == ()
    assert choose(ready, SmileRule.STICKY_MONEYNESS).state is CommandState.DONE


async def test_a_fit_that_is_lost_before_the_approval_refuses_that_too(ready):
    ready.desk.take_smiles(Smiles(fits=fits(ready.clock())))
    assert choose(ready, SmileRule.MINIMUM_VARIANCE).state is CommandState.DONE
    ready.desk.take_smiles(Smiles())
    said = approve(ready)
    assert said.state is CommandState.REFUSED
    assert "has not been fitted yet" in said.answer
    ready.desk.take_smiles(Smiles(fits=fits(ready.clock())))
    assert approve(ready).state is CommandState.DONE
    assert ready.desk.rules.underlyings[0].smile is SmileRule.MINIMUM_VARIANCE


async def test_a_rule_in_force_that_lost_its_fit_forbids_no_other_change(ready):
    ready.desk.take_smiles(Smiles(fits=fits(ready.clock())))
    choose(ready, SmileRule.MINIMUM_VARIANCE)
    approve(ready)
    ready.desk.take_smiles(Smiles())
    assert choose(ready, SmileRule.MINIMUM_VARIANCE, band=nouns.band(-4.0, 4.0)).state is CommandState.DONE
    assert ready.desk.snapshot().minimum_variance == ()


async def test_the_smile_is_among_the_recorded_inputs_and_a_replay_comes_out_equal():
    held = nouns.position(nouns.option(OptionKind.CALL, 110_000.0, 0.1), -40)
    slice_ = smile_slice(0.1, expiry=held.instrument.expiry)
    quoted = nouns.quote(held.instrument, mark=0.03)
    given = nouns.snapshot(
        [held], [nouns.quote(), quoted], smiles=(slice_,), minimum_variance=fits(nouns.NOW)
    )
    rules = nouns.rules(nouns.underlying_rules(smile=SmileRule.STICKY_MONEYNESS))
    again = decoded(InputsEncoder().encode(given, rules).body)
    assert again.snapshot.smiles == (slice_,)
    assert again.snapshot.minimum_variance == fits(nouns.NOW)
    ours, theirs = assess(given, rules), assess(again.snapshot, again.rules)
    assert theirs.exposures == ours.exposures
    assert ours.exposures["BTC"].smile_shift != 0.0
