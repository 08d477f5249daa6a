"""Tests of the terms in the ledger: append-only, one in force, two people, and proved by the chain."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from hedging.errors import LedgerError, LedgerTampered
from hedging.ledger import Ledger
from hedging.ledger.database import Database
from hedging.ledger.migration import LEDGER_MIGRATIONS, migrate
from hedging.model.limits import Band, HedgeTarget, Limit, Measure, Numeraire, Scope, ScopeKind
from hedging.model.smile import SmileRule
from hedging.model.terms import DeskTerms, Terms, TermsChange, TermsState
from hedging.workflow.terms import approve, from_file, propose, reject, supersede

BTC = Scope(ScopeKind.UNDERLYING, "BTC")
TERMS = Terms(
    underlying="BTC",
    numeraire=Numeraire(0.0),
    band=Band(lower=-5.0, centre=0.0, upper=5.0, target=HedgeTarget.EDGE),
    smile=SmileRule.STICKY_STRIKE,
    limits=(Limit(scope=BTC, measure=Measure.DELTA, soft=10.0, hard=40.0),),
    max_order_coin=5.0,
)


@pytest.fixture
def first(sample):
    return from_file(DeskTerms(underlyings=(TERMS,)), None, 1, sample.now)


@pytest.fixture
def second(sample, first):
    change = TermsChange(underlyings=(replace(TERMS, max_order_coin=4.0),))
    return propose(first, change, "ann", "smaller", sample.now + timedelta(seconds=5), 2)


def put(ledger, lease, *versions):
    with ledger.write(lease, lease.expires_at - timedelta(seconds=1)) as transaction:
        for version in versions:
            transaction.put_terms(version)


def test_versions_come_back_newest_first_and_verify(ledger, lease, sample, first, second):
    put(ledger, lease, first)
    put(ledger, lease, second)
    taken = approve(second, first, "rita", second.content_hash, sample.now)
    put(ledger, lease, supersede(first, taken, sample.now), taken)
    assert [(v.number, v.state) for v in ledger.terms("desk")] == [
        (2, TermsState.IN_FORCE),
        (1, TermsState.SUPERSEDED),
    ]
    assert ledger.terms(states=(TermsState.IN_FORCE,)) == (taken,)
    assert ledger.terms("another") == ()
    actors = [record.actor for record in ledger.records(kind="terms")]
    assert actors == ["rita", "rita", "ann", "start of the engine"]
    assert ledger.verify_chain() > 0


def test_two_are_never_in_force(ledger, lease, sample, first, second):
    put(ledger, lease, first, second)
    taken = approve(second, first, "rita", second.content_hash, sample.now)
    with pytest.raises(LedgerError):
        put(ledger, lease, taken)
    assert [v.number for v in ledger.terms(states=(TermsState.IN_FORCE,))] == [1]


@pytest.mark.parametrize("name", ["ann", "ANN", " Ann"])
def test_the_database_refuses_an_author_who_approves(ledger, lease, sample, first, second, name):
    put(ledger, lease, first, second)
    forged = replace(second, state=TermsState.IN_FORCE, approver=name, approved_at=sample.now)
    with pytest.raises(LedgerError):
        put(ledger, lease, replace(first, state=TermsState.SUPERSEDED), forged)
    assert ledger.terms(states=(TermsState.IN_FORCE,)) == (first,)


def test_the_database_refuses_terms_in_force_without_an_approver(ledger, lease, first):
    with pytest.raises(LedgerError):
        put(ledger, lease, replace(first, approver=" "))


@pytest.mark.parametrize(
    "changes",
    [{"based_on": 0}, {"author": "bob"}, {"content_hash": "0" * 64}, {"at": "later"}],
    ids=lambda changes: next(iter(changes)),
)
def test_the_content_of_a_version_never_changes(ledger, lease, sample, first, second, changes):
    put(ledger, lease, first, second)
    if "at" in changes:
        changes = {"at": sample.now + timedelta(days=1)}
    with pytest.raises(LedgerError):
        put(ledger, lease, replace(second, **changes))
    assert ledger.terms(states=(TermsState.PROPOSED,)) == (second,)


def test_what_is_over_never_comes_back(ledger, lease, sample, first, second):
    put(ledger, lease, first, second)
    put(ledger, lease, reject(second, "rita", second.content_hash, "no", sample.now))
    for again in (second, replace(second, state=TermsState.IN_FORCE, approver="rita")):
        with pytest.raises(LedgerError, match="this version is over"):
            put(ledger, lease, again)


def test_a_version_in_force_keeps_its_approver_and_is_no_proposal_again(ledger, lease, first):
    put(ledger, lease, first)
    with pytest.raises(LedgerError, match="who approved it"):
        put(ledger, lease, replace(first, approver="mallory"))
    with pytest.raises(LedgerError, match="no proposal again"):
        put(ledger, lease, replace(first, state=TermsState.PROPOSED))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE terms SET author = 'bob' WHERE number = 2",
        "UPDATE terms SET state = 'withdrawn' WHERE number = 2",
        "UPDATE terms SET body = replace(body, '4.0', '400.0') WHERE number = 2",
        "UPDATE terms SET book = 'other' WHERE number = 2",
        "DELETE FROM terms WHERE number = 2",
    ],
)
def test_the_chain_names_a_version_that_was_tampered_with(ledger, lease, place, first, second, statement):
    put(ledger, lease, first, second)
    with place.tampering() as connection:
        connection.execute(text(statement))
    with pytest.raises(LedgerTampered, match="terms"):
        ledger.verify_chain()


def test_a_command_of_before_the_terms_still_verifies(ledger, lease, sample):
    """A stored body has no field that was added later; it is proved as it was written."""
    from hedging.ledger import chain
    from hedging.ledger.codec import encode
    from hedging.ledger.rows import COMMAND

    body = encode(sample.command()).replace('"body":"",', "")
    assert "body" not in body
    row = {**COMMAND.columns(sample.command()), "body": body}
    with ledger._database.writing() as connection:
        entry = chain.Entry(at=sample.now, kind="command", actor="bob", ref="k1", body=body)
        row |= {"record": chain.append(connection, entry).sequence, "id": 1}
        connection.execute(COMMAND.table.insert().values(row))
    assert ledger.verify_chain() > 0
    assert ledger.command("k1") == sample.command()


def test_an_old_ledger_gets_the_table(tmp_path, sample, first):
    old = Database.at_path(tmp_path / "ledger.sqlite", "FULL")
    migrate(old, LEDGER_MIGRATIONS, to="0002")
    old.close()
    ledger = Ledger.open(tmp_path)
    lease = ledger.acquire_lease("desk", "engine-1", sample.now, sample.ttl)
    put(ledger, lease, first)
    assert ledger.terms() == (first,)
    ledger.close()
